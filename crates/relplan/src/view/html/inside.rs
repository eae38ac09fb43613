//! What is inside the artifacts that will be uploaded: scripts and dependencies first, then paths, then lines.

use std::collections::BTreeSet;

use relplan_model::{
    address::Address,
    contents::{Basis, Contents, EntryChange, Notable},
    plan::Plan,
};

use super::Diff;
use crate::view::{
    markup::Markup,
    style::{count, size},
};

/// Whether there is anything to tell.
pub(super) fn has_any(plan: &Plan, diffs: &[Diff]) -> bool {
    !plan.contents.is_empty() || !diffs.is_empty()
}

/// The contents of all artifacts, with the differences that are given.
pub(super) fn section(page: &mut Markup, plan: &Plan, diffs: &[Diff]) {
    if !has_any(plan, diffs) {
        return;
    }
    page.tags("<section id=\"inside\">\n<h2>Inside the artifacts</h2>\n");
    let mut told: BTreeSet<&Address> = BTreeSet::new();
    for (place, contents) in plan.contents.iter().enumerate() {
        // Lines stand with the first file of their package.
        let own = told.insert(&contents.address);
        let own: Vec<&Diff> = diffs
            .iter()
            .filter(|diff| own && diff.address == contents.address)
            .collect();
        artifact(page, place, contents, &own);
    }
    for diff in diffs.iter().filter(|diff| !told.contains(&diff.address)) {
        lines(page, diff);
    }
    page.tags("</section>\n");
}

fn artifact(page: &mut Markup, place: usize, contents: &Contents, diffs: &[&Diff]) {
    page.tags("<details class=\"inside\"")
        .attribute("id", &format!("inside-{place}"));
    let scripts = contents
        .notable
        .iter()
        .any(|notable| matches!(notable, Notable::Script { .. }));
    page.tags(if scripts { " open" } else { "" })
        .tags("><summary>");
    page.element("code", &contents.address.to_string())
        .text(" ");
    page.element("span", &basis(contents)).tags("</summary>\n");
    page.tags("<p class=\"soft\">")
        .element("code", contents.file.as_str());
    if let Basis::Published { file, .. } = &contents.basis {
        page.text(" beside ").element("code", file.as_str());
    }
    page.tags("</p>\n");
    if !contents.notable.is_empty() {
        page.tags("<ul class=\"notables\">\n");
        for one in &contents.notable {
            page.tags("<li dir=\"auto\">");
            notable(page, one);
            page.tags("</li>\n");
        }
        more(page, contents.notable_omitted, "of these");
        page.tags("</ul>\n");
    }
    if !contents.entries.is_empty() {
        page.tags("<ul class=\"paths\">\n");
        for entry in &contents.entries {
            let (class, words) = change(&entry.change);
            page.tags("<li><span class=\"")
                .tags(class)
                .tags("\">")
                .text(&words);
            page.tags("</span> ")
                .element("code", &entry.path)
                .tags("</li>\n");
        }
        more(page, contents.omitted, "paths");
        page.tags("</ul>\n");
    }
    for diff in diffs {
        lines(page, diff);
    }
    page.tags("</details>\n");
}

fn more(page: &mut Markup, number: u64, what: &'static str) {
    if number > 0 {
        page.tags("<li>")
            .text(&format!("and {number} more {what}"))
            .tags("</li>\n");
    }
}

fn basis(contents: &Contents) -> String {
    let listed = contents.entries.len();
    let number = listed.saturating_add(usize::try_from(contents.omitted).unwrap_or(usize::MAX));
    match &contents.basis {
        Basis::Nothing => format!(
            "{}, and nothing published to compare with",
            count(number, "path", "paths")
        ),
        Basis::Published { version, .. } => format!(
            "{} from {version}, {} the same",
            count(number, "path differs", "paths differ"),
            contents.unchanged
        ),
        Basis::Unknown { reason } => format!("could not be compared: {reason}"),
    }
}

fn change(change: &EntryChange) -> (&'static str, String) {
    match change {
        EntryChange::Added { size: bytes } => ("added", format!("added {}", size(*bytes))),
        EntryChange::Removed { size: bytes } => ("removed", format!("removed {}", size(*bytes))),
        EntryChange::Changed { before, after } if before == after => {
            ("changed", format!("changed {}", size(*after)))
        }
        EntryChange::Changed { before, after } => (
            "changed",
            format!("changed {} \u{2192} {}", size(*before), size(*after)),
        ),
        EntryChange::Mode { executable: true } => ("changed", "became executable".to_owned()),
        EntryChange::Mode { executable: false } => {
            ("changed", "is no longer executable".to_owned())
        }
    }
}

/// A script or a dependency: what it is, and what it was.
pub(super) fn notable(page: &mut Markup, notable: &Notable) {
    let kind = |before: &Option<String>, after: &Option<String>| match (before, after) {
        (None, Some(_)) => "new",
        (Some(_), None) => "removed",
        _ => "changed",
    };
    let (before, after) = match notable {
        Notable::Script {
            name,
            before,
            after,
        } => {
            page.element("strong", &format!("{} script", kind(before, after)));
            page.text(" ").element("code", name);
            (before, after)
        }
        Notable::Dependency {
            name,
            section,
            before,
            after,
        } => {
            page.element("strong", &format!("{} dependency", kind(before, after)));
            page.text(" ")
                .element("code", name)
                .text(&format!(" ({section})"));
            (before, after)
        }
    };
    page.text(": ");
    if let Some(before) = before {
        page.element("code", before);
    }
    if before.is_some() && after.is_some() {
        page.text(" \u{2192} ");
    }
    if let Some(after) = after {
        page.element("code", after);
    }
}

/// The lines of one path.
fn lines(page: &mut Markup, diff: &Diff) {
    page.tags("<details class=\"lines\"><summary>")
        .element("code", &diff.path);
    page.tags("</summary>\n<pre>");
    for line in diff.text.lines() {
        page.tags(match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => "<span class=\"soft\">",
            [b'+', ..] => "<span class=\"added\">",
            [b'-', ..] => "<span class=\"removed\">",
            [b'@', ..] => "<span class=\"hunk\">",
            _ => "<span>",
        });
        for (place, piece) in line.split('\t').enumerate() {
            page.tags(if place > 0 { "\t" } else { "" }).text(piece);
        }
        page.tags("</span>\n");
    }
    page.tags("</pre>\n</details>\n");
}
