//! The verdict on a plan's approvals for people: each rule with who counts and who is still needed, each record with what
//! became of it, and the answer last.

use std::fmt::Write as _;

use relplan_approval::{Accepted, RuleVerdict, Verdict};

use super::style::{Role, Style, count, harmless};
use crate::approvals::pin::Pinned;

/// Renders a verdict.
pub fn render(verdict: &Verdict, pinned: &Pinned, style: Style) -> String {
    let mut out = String::new();
    let title = format!("Approvals of plan {}", verdict.plan.short());
    let _ = writeln!(out, "{}", style.paint(Role::Heading, &title));
    let about = format!(
        "policy version {} ({}) from {}",
        pinned.pin.version,
        pinned.pin.digest.short(),
        pinned.file.display()
    );
    let _ = writeln!(
        out,
        "{}",
        style.paint(Role::Faint, &style.wrap("", "  ", &harmless(&about)))
    );
    if !verdict.rules.is_empty() {
        out.push('\n');
    }
    for rule in &verdict.rules {
        self::rule(&mut out, rule, style);
    }
    if !verdict.accepted.is_empty() || !verdict.rejected.is_empty() {
        out.push('\n');
    }
    for one in &verdict.accepted {
        accepted(&mut out, one, style);
    }
    for one in &verdict.rejected {
        let comment = comment(one.comment.as_deref());
        let text = format!("no   {}{comment}", one.person);
        let line = style.wrap("  ", "       ", &harmless(&text));
        let _ = writeln!(out, "{}", style.paint(Role::Bad, &line));
    }
    if !verdict.refused.is_empty() {
        let _ = writeln!(out, "\nRecords that do not count");
    }
    for one in &verdict.refused {
        let whose = one
            .person
            .as_ref()
            .map(|person| format!(" ({person})"))
            .unwrap_or_default();
        let text = format!("{}{whose}: {} [{}]", one.record, one.reason, one.code);
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &harmless(&text)));
    }
    out.push('\n');
    out.push_str(&answer(verdict, style));
    out
}

/// The last lines: whether the plan is approved, and what stands in the way.
pub fn answer(verdict: &Verdict, style: Style) -> String {
    if verdict.is_approved() {
        let text = if verdict.rules.iter().all(|rule| rule.threshold == 0) {
            "Nobody has to approve this plan."
        } else {
            "Approved."
        };
        return format!("{}\n", style.paint(Role::Good, text));
    }
    let mut out = format!("{}\n", style.paint(Role::Bad, "Not approved:"));
    for line in verdict.shortfalls() {
        let _ = writeln!(out, "{}", style.wrap("  - ", "    ", &harmless(&line)));
    }
    out
}

fn rule(out: &mut String, rule: &RuleVerdict, style: Style) {
    let is_met = rule.missing() == 0;
    let what = if rule.gate { "gate" } else { "rule" };
    let effects = count(
        usize::try_from(rule.effects).unwrap_or(usize::MAX),
        "step",
        "steps",
    );
    let people = if rule.counted.is_empty() {
        String::new()
    } else {
        format!(": {}", rule.counted.join(", "))
    };
    let mark = if is_met {
        style.paint(Role::Good, "met  ")
    } else {
        style.paint(Role::Bad, "short")
    };
    let text = format!(
        "{what} {}, {} of {}{people} (for {effects})",
        rule.rule,
        rule.counted.len(),
        rule.threshold
    );
    let line = style.wrap("", "          ", &harmless(&text));
    let _ = writeln!(out, "  {mark} {line}");
    if !is_met {
        let still = if rule.awaited.is_empty() {
            "nobody is left who could approve".to_owned()
        } else {
            format!(
                "needs {} more of {}",
                rule.missing(),
                rule.awaited.join(", ")
            )
        };
        let _ = writeln!(
            out,
            "{}",
            style.wrap("        ", "        ", &harmless(&still))
        );
    }
    for one in &rule.discounted {
        let text = format!("not counted: {}, {} [{}]", one.person, one.reason, one.code);
        let _ = writeln!(
            out,
            "{}",
            style.wrap("        ", "          ", &harmless(&text))
        );
    }
}

fn accepted(out: &mut String, one: &Accepted, style: Style) {
    let until = one
        .expires
        .map(|expires| format!(", until {expires}"))
        .unwrap_or_default();
    let text = format!(
        "yes  {}, {} ({}), {}{until}{}",
        one.person,
        one.grade,
        one.kind,
        one.issued,
        comment(one.comment.as_deref())
    );
    let _ = writeln!(out, "{}", style.wrap("  ", "       ", &harmless(&text)));
}

fn comment(comment: Option<&str>) -> String {
    comment
        .map(|comment| format!(": {comment}"))
        .unwrap_or_default()
}
