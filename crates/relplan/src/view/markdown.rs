//! The plan in GitHub-flavoured Markdown, for comments on pull requests and for job summaries.
//!
//! Invariant: it fits the budget, whatever the plan; tables end at a row's end, blocks are closed, and text from outside
//! has no meaning in it (`text.rs`). The verdict and what needs a look come first and are never left out.

mod sections;
pub mod text;

use std::fmt::Write as _;

use relplan_model::{
    digest::Sha256,
    finding::{Finding, Severity},
    plan::Plan,
};

use self::text::{code, sentence};
use super::{
    rows::groups,
    verdict::{self, by_weight},
};

/// The longest comment that is written, in bytes: GitHub takes 65,536 characters, and the marker and its history need
/// some of them.
pub const BUDGET: usize = 60_000;

/// How many remarks stand above the rows.
const FIRST: usize = 8;

/// Renders a plan in at most `budget` bytes (and never less than its first lines need, some 6,000 bytes).
pub fn render(plan: &Plan, digest: Sha256, budget: usize) -> String {
    let groups = groups(plan);
    let findings = by_weight(plan);
    let grave = findings.partition_point(|finding| finding.severity != Severity::Note);
    let (first, rest) = findings.split_at(grave.min(FIRST));

    let mut head = String::new();
    let _ = writeln!(head, "### relplan plan {}", code(&digest.short()));
    let _ = writeln!(head);
    let _ = writeln!(head, "**{}**", sentence(&verdict::sentence(plan, &groups)));
    for part in scope(plan) {
        let _ = writeln!(head, "{part}");
    }
    let _ = writeln!(head);
    attention(&mut head, first, grave);
    let foot = foot(plan, digest);

    let mut room = Room {
        text: head,
        left: budget.saturating_sub(foot.len() + sections::CUT.len() + 2),
    };
    room.left = room.left.saturating_sub(room.text.len());
    let mut whole = true;
    for group in &groups {
        whole &= sections::table(&mut room, group);
    }
    whole &= sections::costs(&mut room, plan);
    whole &= sections::contents(&mut room, plan);
    whole &= sections::remarks(&mut room, rest);
    whole &= sections::picture(&mut room, plan);
    whole &= sections::unchanged(&mut room, &groups);
    let mut out = room.text;
    if !whole {
        let _ = writeln!(out, "{}\n", sections::CUT);
    }
    out.push_str(&foot);
    out
}

/// Text with what is left of the budget.
struct Room {
    text: String,
    left: usize,
}

impl Room {
    /// Adds a piece whole, or not at all.
    fn add(&mut self, piece: &str) -> bool {
        if piece.len() > self.left {
            return false;
        }
        self.left -= piece.len();
        self.text.push_str(piece);
        true
    }

    /// Adds `open`, as many lines as there is room for, and `close`; lines that were left out are counted by `more`.
    /// Nothing is added where not even one line fits. Tells whether all lines are there.
    fn block(
        &mut self,
        open: &str,
        lines: &[String],
        more: impl Fn(usize) -> String,
        close: &str,
    ) -> bool {
        if lines.is_empty() {
            return true;
        }
        let around = open.len() + close.len() + more(lines.len()).len();
        let mut fits = 0;
        let mut used = around;
        for line in lines {
            used += line.len();
            if used > self.left {
                break;
            }
            fits += 1;
        }
        if fits == 0 {
            return false;
        }
        let mut piece = open.to_owned();
        piece.extend(lines.iter().take(fits).map(String::as_str));
        if fits < lines.len() {
            piece.push_str(&more(lines.len() - fits));
        }
        piece.push_str(close);
        self.add(&piece) && fits == lines.len()
    }
}

/// What part of the spec it covers, where that is not all of it.
fn scope(plan: &Plan) -> Vec<String> {
    let selection = &plan.selection;
    let listed = |patterns: &[String]| {
        let shown: Vec<String> = patterns.iter().take(10).map(|one| code(one)).collect();
        let more = patterns.len().saturating_sub(10);
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        shown.join(", ") + &more
    };
    let targets: Vec<String> = selection.targets.iter().map(ToString::to_string).collect();
    [
        ("Only packages", selection.packages.as_slice()),
        ("Without packages", &selection.exclude),
        ("Only targets", &targets),
    ]
    .into_iter()
    .filter(|(_, patterns)| !patterns.is_empty())
    .map(|(words, patterns)| format!("<br>{words}: {}", listed(patterns)))
    .collect()
}

fn attention(out: &mut String, first: &[&Finding], all: usize) {
    let Some(gravest) = first.first() else {
        return;
    };
    // GitHub's alerts are block quotes with a word of their own.
    let alert = match gravest.severity {
        Severity::Error => "CAUTION",
        Severity::Warning | Severity::Note => "WARNING",
    };
    let _ = writeln!(out, "> [!{alert}]");
    for finding in first {
        let _ = writeln!(out, "> - {}", finding_line(finding));
    }
    if all > first.len() {
        let _ = writeln!(out, "> - and {} more below", all - first.len());
    }
    let _ = writeln!(out);
}

/// A finding in one line.
fn finding_line(finding: &Finding) -> String {
    let mut line = format!("**{}** {}: ", finding.severity, code(&finding.code));
    if let Some(address) = &finding.address {
        let _ = write!(line, "{}: ", code(&address.to_string()));
    }
    line.push_str(&sentence(&finding.message));
    if let Some(hint) = &finding.hint {
        let _ = write!(line, "<br>*{}*", hint_text(hint));
    }
    line
}

/// A hint, whose commands stand between back-ticks already.
fn hint_text(hint: &str) -> String {
    let pieces = hint.split('`').enumerate();
    let pieces = pieces.map(|(place, piece)| {
        if place % 2 == 1 {
            return code(piece);
        }
        let start = if piece.starts_with(' ') { " " } else { "" };
        let end = if piece.ends_with(' ') && piece.len() > 1 {
            " "
        } else {
            ""
        };
        format!("{start}{}{end}", sentence(piece))
    });
    pieces.collect()
}

fn foot(plan: &Plan, digest: Sha256) -> String {
    let mut out = String::new();
    let mut about = code(&plan.project);
    if let Some(commit) = &plan.commit {
        let short: String = commit.chars().take(12).collect();
        let _ = write!(about, " at {}", code(&short));
    }
    let _ = writeln!(
        out,
        "<sub>{about} · made {}, may be applied until {} · {}</sub>",
        plan.created,
        plan.not_after,
        code(&digest.to_string())
    );
    out
}
