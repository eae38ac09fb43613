//! The parts of the Markdown view that give way when there is no room: tables, costs, contents, remarks, unchanged rows.

use relplan_model::{
    contents::{Basis, Contents, EntryChange, Notable},
    finding::Finding,
    plan::{Action, Plan},
};

use super::{
    Room, finding_line,
    text::{code, sentence},
};
use crate::view::{
    graph::mermaid,
    rows::{Group, Row, credential, gate},
    style::size,
    verdict::{cost_lines, least_time},
};

/// What stands at the end where something was left out.
pub(super) const CUT: &str =
    "**Not all of the plan fits here.** The whole is in the plan file: `relplan show PLAN`.";

/// How many changed paths are listed for one artifact.
const PATHS: usize = 50;

/// The changed rows of one target.
pub(super) fn table(room: &mut Room, group: &Group<'_>) -> bool {
    let target = group.target;
    let endpoints: Vec<String> = target
        .endpoints
        .iter()
        .map(|one| {
            let credential = credential(target, &one.role).map_or_else(String::new, |found| {
                format!(", credential: {}", sentence(&found))
            });
            format!(
                "{} {} (from {}){credential}",
                code(&one.role),
                code(&one.url),
                sentence(&one.source)
            )
        })
        .collect();
    let unchanged = group
        .rows
        .iter()
        .filter(|row| row.change.action == Action::Keep);
    let unchanged = match unchanged.count() {
        0 => String::new(),
        number => format!(", {number} unchanged"),
    };
    let heading = format!(
        "#### {} ({}, gate: {}{unchanged})\n\n<sub>{}</sub>\n\n",
        target.name,
        code(&target.kind),
        gate(target),
        endpoints.join(" · ")
    );
    let lines: Vec<String> = group
        .rows
        .iter()
        .filter(|row| row.is_shown())
        .map(row)
        .collect();
    if lines.is_empty() {
        return room.add(&heading);
    }
    let open = format!("{heading}| | package | version | |\n|:-:|---|---|---|\n");
    let more = |left: usize| format!("| | *and {left} more rows* | | |\n");
    room.block(&open, &lines, more, "\n")
}

fn row(row: &Row<'_>) -> String {
    let symbol = match row.change.action {
        // A plus, a minus, a tilde or an equals sign alone has a meaning at the start of a cell for some readers.
        Action::Keep => "&nbsp;".to_owned(),
        action => code(&action.symbol().to_string()),
    };
    let mut words: Vec<String> = row.remarks.iter().map(|remark| sentence(remark)).collect();
    let reasons = row.telling_reasons().iter();
    words.extend(reasons.map(|reason| sentence(&reason.message)));
    words.extend(row.contents.iter().filter_map(|contents| brief(contents)));
    format!(
        "| {symbol} | {} | {} | {} |\n",
        code(&row.name),
        sentence(&row.versions),
        words.join(" · ")
    )
}

/// How many paths differ, in a few words.
fn brief(contents: &Contents) -> Option<String> {
    match &contents.basis {
        Basis::Published { version, .. } => {
            let listed = u64::try_from(contents.entries.len()).unwrap_or(u64::MAX);
            let number = listed.saturating_add(contents.omitted);
            let noun = if number == 1 {
                "path differs"
            } else {
                "paths differ"
            };
            Some(format!(
                "{number} {noun} from {}",
                sentence(version.as_str())
            ))
        }
        Basis::Nothing | Basis::Unknown { .. } => None,
    }
}

/// What applying it costs.
pub(super) fn costs(room: &mut Room, plan: &Plan) -> bool {
    let mut lines: Vec<String> = cost_lines(plan)
        .iter()
        .map(|line| format!("- {}\n", sentence(line)))
        .collect();
    if let Some(least) = least_time(plan) {
        lines.push(format!(
            "- at least **{least}** by the registries' rate limits\n"
        ));
    }
    room.block(
        "#### Cost\n\n",
        &lines,
        |left| format!("- and {left} more\n"),
        "\n",
    )
}

/// What is inside the artifacts, folded.
pub(super) fn contents(room: &mut Room, plan: &Plan) -> bool {
    let mut whole = true;
    for contents in &plan.contents {
        let Basis::Published { version, file, .. } = &contents.basis else {
            continue;
        };
        let mut lines: Vec<String> = contents.notable.iter().map(notable).collect();
        let paths = contents.entries.iter().take(PATHS);
        lines.extend(paths.map(|entry| {
            let change = match &entry.change {
                EntryChange::Added { size: bytes } => format!("added, {}", size(*bytes)),
                EntryChange::Removed { size: bytes } => format!("removed, was {}", size(*bytes)),
                EntryChange::Changed { before, after } => {
                    format!("changed, {} → {}", size(*before), size(*after))
                }
                EntryChange::Mode { executable: true } => "became executable".to_owned(),
                EntryChange::Mode { executable: false } => "is no longer executable".to_owned(),
            };
            format!("- {} {change}\n", code(&entry.path))
        }));
        let listed = u64::try_from(contents.entries.len().saturating_sub(PATHS)).unwrap_or(0);
        let beyond = listed.saturating_add(contents.omitted);
        if beyond > 0 {
            lines.push(format!("- and {beyond} more paths\n"));
        }
        let open = format!(
            "<details><summary>What is inside <code>{}</code>, compared with {}</summary>\n\nCompared with {}; {} the same.\n\n",
            html(contents.file.as_str()),
            html(version.as_str()),
            code(file.as_str()),
            match contents.unchanged {
                1 => "1 path is".to_owned(),
                number => format!("{number} paths are"),
            }
        );
        let more = |left: usize| format!("- and {left} more lines\n");
        whole &= room.block(&open, &lines, more, "\n</details>\n\n");
    }
    whole
}

fn notable(notable: &Notable) -> String {
    let text = |text: &Option<String>| text.as_deref().map_or_else(|| "nothing".to_owned(), code);
    match notable {
        Notable::Script {
            name,
            before,
            after,
        } => format!(
            "- **script** {}: {} → {}\n",
            code(name),
            text(before),
            text(after)
        ),
        Notable::Dependency {
            name,
            section,
            before,
            after,
        } => format!(
            "- **dependency** {} ({}): {} → {}\n",
            code(name),
            sentence(section),
            text(before),
            text(after)
        ),
    }
}

/// The remarks that do not stand above.
pub(super) fn remarks(room: &mut Room, findings: &[&Finding]) -> bool {
    let lines: Vec<String> = findings
        .iter()
        .map(|finding| format!("- {}\n", finding_line(finding)))
        .collect();
    let open = "#### Remarks\n\n";
    room.block(
        open,
        &lines,
        |left| format!("- and {left} more remarks\n"),
        "\n",
    )
}

/// The steps by wave, folded, as a picture that GitHub draws.
pub(super) fn picture(room: &mut Room, plan: &Plan) -> bool {
    if !plan.has_steps() {
        return true;
    }
    // Labels hold no back-tick, so the picture cannot end its fence.
    room.add(&format!(
        "<details><summary>Order of steps</summary>\n\n```mermaid\n{}```\n\n</details>\n\n",
        mermaid::collapsed(plan)
    ))
}

/// The unchanged rows with why, folded.
pub(super) fn unchanged(room: &mut Room, groups: &[Group<'_>]) -> bool {
    let lines: Vec<String> = groups
        .iter()
        .flat_map(|group| {
            let rows = group
                .rows
                .iter()
                .filter(|row| row.change.action == Action::Keep);
            rows.map(|row| {
                let why = row.change.reasons.first();
                let why = why.map_or_else(String::new, |reason| sentence(&reason.message));
                format!(
                    "| {} | {} | {} | {why} |\n",
                    group.target.name,
                    code(&row.name),
                    sentence(&row.versions),
                )
            })
        })
        .collect();
    let open = format!(
        "<details><summary>{} unchanged</summary>\n\n| target | package | version | why |\n|---|---|---|---|\n",
        lines.len()
    );
    let more = |left: usize| format!("| | *and {left} more rows* | | |\n");
    room.block(&open, &lines, more, "\n</details>\n\n")
}

/// A name within HTML. File names and versions hold neither angle brackets nor quotes, by the model; entities they may.
fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
