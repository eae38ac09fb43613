//! Diffs of files for a terminal or a pipe: unified diffs, or names and sizes alone.

use std::fmt::Write as _;

use relplan_model::{
    contents::{Basis, Contents, Entry, EntryChange},
    plan::Action,
};

use super::{
    contents_text,
    style::{Role, Style, count, harmless},
};
use crate::diff::{Body, FileDiff, Hunk, LineKind};

/// The heading of one artifact's diffs.
pub fn heading(contents: &Contents, style: Style) -> String {
    let since = match &contents.basis {
        Basis::Published { version, file, .. } => format!("{file} ({version})"),
        Basis::Nothing => "nothing, as no file of its kind is published".to_owned(),
        Basis::Unknown { .. } => "nothing".to_owned(),
    };
    let text = format!("{}  {} since {since}", contents.address, contents.file);
    format!("{}\n", style.paint(Role::Heading, &text))
}

/// Names and sizes of the files that differ.
pub fn stat(diffs: &[FileDiff]) -> String {
    let mut out = String::new();
    for diff in diffs {
        let entry = Entry {
            path: diff.path.clone(),
            change: diff.change.clone(),
        };
        let _ = writeln!(
            out,
            "  {} {}  {}",
            contents_text::sign(&entry),
            harmless(&diff.path),
            contents_text::sizes(&entry)
        );
    }
    out.push_str(&total(diffs));
    out
}

fn total(diffs: &[FileDiff]) -> String {
    match diffs.len() {
        0 => "  no file differs\n".to_owned(),
        number => format!("  {}\n", count(number, "file differs", "files differ")),
    }
}

/// The diffs themselves, as long as there are lines left to print.
pub fn files(diffs: &[FileDiff], contents: &Contents, style: Style, left: &mut usize) -> String {
    let mut out = String::new();
    if diffs.is_empty() {
        out.push_str(&total(diffs));
    }
    let before = match &contents.basis {
        Basis::Published { version, .. } => version.to_string(),
        Basis::Nothing | Basis::Unknown { .. } => String::new(),
    };
    for (number, diff) in diffs.iter().enumerate() {
        if *left == 0 {
            let _ = writeln!(
                out,
                "… and {}; name an address, or use --stat",
                count(diffs.len() - number, "more file", "more files")
            );
            break;
        }
        file(&mut out, diff, &before, style, left);
    }
    out
}

fn file(out: &mut String, diff: &FileDiff, before: &str, style: Style, left: &mut usize) {
    let path = harmless(&diff.path);
    let was = diff
        .was
        .as_ref()
        .map_or_else(|| path.clone(), |was| harmless(was));
    let old = match diff.change {
        EntryChange::Added { .. } => "/dev/null".to_owned(),
        _ => format!("{before}/{was}"),
    };
    let new = match diff.change {
        EntryChange::Removed { .. } => "/dev/null".to_owned(),
        _ => format!("packed/{path}"),
    };
    let entry = Entry {
        path: diff.path.clone(),
        change: diff.change.clone(),
    };
    let sizes = contents_text::sizes(&entry);
    match &diff.body {
        Body::Text { hunks, omitted } => {
            let head = format!("--- {old}\n+++ {new}");
            let _ = writeln!(out, "{}", style.paint(Role::Heading, &head));
            for hunk in hunks {
                self::hunk(out, hunk, style, left);
            }
            if *omitted > 0 {
                let _ = writeln!(out, "… {}", count(*omitted, "more line", "more lines"));
            }
        }
        Body::Binary => {
            let _ = writeln!(out, "Binary files {old} and {new} differ: {sizes}");
        }
        Body::Large => {
            let _ = writeln!(
                out,
                "Files {old} and {new} differ, too large to show: {sizes}"
            );
        }
        Body::Same => {
            let _ = writeln!(out, "File {new} {sizes}");
        }
    }
    *left = left.saturating_sub(1);
}

fn hunk(out: &mut String, hunk: &Hunk, style: Style, left: &mut usize) {
    if *left == 0 {
        return;
    }
    let _ = writeln!(out, "{}", style.paint(Role::Faint, hunk.header.trim_end()));
    for line in &hunk.lines {
        if *left == 0 {
            out.push_str("…\n");
            return;
        }
        *left -= 1;
        let text = format!("{}{}", line.kind.sign(), harmless_line(&line.text));
        let text = match line.kind {
            LineKind::Context => text,
            LineKind::Added => style.paint(Role::Good, &text),
            LineKind::Removed => style.paint(Role::Action(Action::Yank), &text),
        };
        let _ = writeln!(out, "{text}");
        if line.unterminated {
            out.push_str("\\ No newline at end of file\n");
        }
    }
}

/// A line of a file, made harmless; its tabs stay.
fn harmless_line(text: &str) -> String {
    let cells: Vec<String> = text.split('\t').map(harmless).collect();
    cells.join("\t")
}

#[cfg(test)]
mod tests {
    use relplan_model::digest::Digests;

    use super::*;
    use crate::diff::Line;

    const PLAIN: Style = Style {
        color: false,
        width: 80,
    };

    fn contents() -> Contents {
        Contents {
            address: "npm:w".parse().unwrap(),
            file: "w-1.1.0.tgz".parse().unwrap(),
            basis: Basis::Published {
                version: "1.0.0".parse().unwrap(),
                file: "w-1.0.0.tgz".parse().unwrap(),
                digests: Digests::of(b"x"),
            },
            entries: Vec::new(),
            omitted: 0,
            unchanged: 0,
            notable: Vec::new(),
            notable_omitted: 0,
        }
    }

    fn diff(path: &str, body: Body) -> FileDiff {
        FileDiff {
            path: path.to_owned(),
            was: Some("old.bin".to_owned()),
            change: EntryChange::Changed {
                before: 1,
                after: 2,
            },
            body,
        }
    }

    #[test]
    fn lines_are_harmless_and_their_number_is_bounded() {
        let line = |kind, text: &str| Line {
            kind,
            text: text.to_owned(),
            unterminated: false,
        };
        let hunk = Hunk {
            header: "@@ -1,2 +1,2 @@".to_owned(),
            lines: vec![
                line(LineKind::Removed, "\told\r"),
                line(LineKind::Added, "\tnew\u{1b}]0;x\u{7}"),
                line(LineKind::Context, "end"),
            ],
        };
        let text = Body::Text {
            hunks: vec![hunk],
            omitted: 7,
        };
        let all = [diff("a\nb", text.clone()), diff("c", Body::Binary)];
        let mut left = 100;
        let shown = files(&all, &contents(), PLAIN, &mut left);
        assert_eq!(
            shown,
            "--- 1.0.0/old.bin\n+++ packed/a\u{fffd}b\n@@ -1,2 +1,2 @@\n-\told\u{fffd}\n\
             +\tnew\u{fffd}]0;x\u{fffd}\n end\n… 7 more lines\n\
             Binary files 1.0.0/old.bin and packed/c differ: 1 B → 2 B\n"
        );
        let mut left = 2;
        let shown = files(&all, &contents(), PLAIN, &mut left);
        assert!(shown.contains("…\n") && !shown.contains(" end"), "{shown}");
        assert!(shown.ends_with("… and 1 more file; name an address, or use --stat\n"));
    }
}
