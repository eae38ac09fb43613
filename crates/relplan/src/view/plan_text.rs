//! The plan for a terminal: what needs a look first, then changed rows grouped by target and ordered by wave, then what
//! they cost.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_model::{
    address::TargetName,
    digest::Sha256,
    finding::{Finding, Severity},
    plan::{Action, Plan},
};

use super::{
    contents_text,
    rows::{Group, Row, by_cause, credential, gate, groups},
    style::{Role, Style, harmless},
    verdict::{by_weight, cost_lines, least_time, sentence},
};

/// How many remarks stand above the rows; the others stand below them.
const FIRST: usize = 8;

/// Renders a plan. `verbose` adds unchanged rows, every reason, and the steps.
pub fn render(plan: &Plan, digest: Sha256, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    header(&mut out, plan, digest, style);
    let findings = by_weight(plan);
    let grave = findings.partition_point(|finding| finding.severity != Severity::Note);
    let (first, rest) = findings.split_at(grave.min(FIRST));
    attention(&mut out, first, grave, style);
    let groups = groups(plan);
    for group in &groups {
        target(&mut out, group, first, style, verbose);
    }
    if verbose {
        waves(&mut out, plan, style);
    }
    costs(&mut out, plan, style);
    if !rest.is_empty() {
        out.push('\n');
    }
    for (finding, count) in alike(rest, verbose) {
        out.push_str(&match count {
            1 => finding_text(finding, style),
            count => counted_text(finding, count, style),
        });
    }
    out.push('\n');
    let _ = writeln!(out, "{}", style.wrap("", "  ", &sentence(plan, &groups)));
    out
}

/// More notes of one code and one hint are told as one.
const ALIKE: usize = 3;

/// Findings in order, each with how many notes like it there are where those are told as one.
fn alike<'f>(findings: &[&'f Finding], verbose: bool) -> Vec<(&'f Finding, usize)> {
    let kind = |finding: &'f Finding| (finding.code.as_str(), finding.hint.as_deref());
    let mut counts: BTreeMap<_, usize> = BTreeMap::new();
    for finding in findings {
        let is_row = finding.severity == Severity::Note && finding.address.is_some();
        if is_row && !verbose {
            *counts.entry(kind(finding)).or_default() += 1;
        }
    }
    let mut told = Vec::new();
    for finding in findings {
        let is_note = finding.severity == Severity::Note && finding.address.is_some();
        match counts.get_mut(&kind(finding)).filter(|_| is_note) {
            Some(0) => {}
            Some(count) if *count > ALIKE => told.push((*finding, std::mem::take(count))),
            Some(_) | None => told.push((*finding, 1)),
        }
    }
    told
}

/// One note for many.
fn counted_text(finding: &Finding, count: usize, style: Style) -> String {
    let about = finding.address.as_ref().map(ToString::to_string);
    let message = format!(
        "{count} packages, such as {}: {}",
        about.unwrap_or_default(),
        finding.message
    );
    let one = Finding {
        address: None,
        message,
        ..finding.clone()
    };
    finding_text(&one, style)
}

/// What a reader must not miss, where the first screen shows it.
fn attention(out: &mut String, first: &[&Finding], all: usize, style: Style) {
    if first.is_empty() {
        return;
    }
    let _ = writeln!(
        out,
        "\n{}",
        style.paint(Role::Heading, "Look at this first")
    );
    for finding in first {
        out.push_str(&finding_text(finding, style));
    }
    if all > first.len() {
        let more = format!("and {} more below", all - first.len());
        let _ = writeln!(out, "{}", style.paint(Role::Faint, &more));
    }
}

fn header(out: &mut String, plan: &Plan, digest: Sha256, style: Style) {
    let title = format!("relplan plan {}", digest.short());
    let mut about = harmless(&plan.project);
    if let Some(commit) = &plan.commit {
        let short: String = commit.chars().take(12).collect();
        let _ = write!(about, " at commit {}", harmless(&short));
    }
    let _ = writeln!(out, "{}  {about}", style.paint(Role::Heading, &title));
    let times = format!(
        "made {}, may be applied until {}",
        plan.created, plan.not_after
    );
    let _ = writeln!(out, "{}", style.paint(Role::Faint, &times));
    if let Some(store) = &plan.base.store {
        let text = style.wrap("", "  ", &format!("state in {}", harmless(store)));
        let _ = writeln!(out, "{}", style.paint(Role::Faint, &text));
    }
    let selection = &plan.selection;
    for (word, patterns) in [
        ("only packages", &selection.packages),
        ("without packages", &selection.exclude),
    ] {
        if !patterns.is_empty() {
            let _ = writeln!(
                out,
                "{}",
                style.wrap(
                    "",
                    "  ",
                    &format!("{word}: {}", harmless(&patterns.join(", ")))
                )
            );
        }
    }
    if !selection.targets.is_empty() {
        let names: Vec<&str> = selection.targets.iter().map(TargetName::as_str).collect();
        let _ = writeln!(out, "only targets: {}", names.join(", "));
    }
}

fn target(out: &mut String, group: &Group<'_>, told: &[&Finding], style: Style, verbose: bool) {
    let target = group.target;
    let _ = writeln!(
        out,
        "\n{}  {}, gate: {}",
        style.paint(Role::Heading, target.name.as_str()),
        harmless(&target.kind),
        gate(target)
    );
    for endpoint in &target.endpoints {
        let line = format!(
            "{} {} (from {})",
            harmless(&endpoint.role),
            harmless(&endpoint.url),
            harmless(&endpoint.source)
        );
        let _ = writeln!(
            out,
            "{}",
            style.paint(Role::Faint, &style.wrap("    ", "      ", &line))
        );
        if let Some(credential) = credential(target, &endpoint.role) {
            let line = format!("credential: {}", harmless(&credential));
            let line = style.wrap("      ", "        ", &line);
            let _ = writeln!(out, "{}", style.paint(Role::Faint, &line));
        }
    }
    let rows = group.rows.iter().filter(|row| verbose || row.is_shown());
    let (alone, together) = match verbose {
        true => (rows.collect(), Vec::new()),
        false => by_cause(rows, |row| row.change),
    };
    let shown: Vec<Line<'_>> = alone.into_iter().map(|row| Line::of(row, told)).collect();
    let widest = |lengths: &mut dyn Iterator<Item = usize>| {
        lengths.filter(|length| *length <= 36).max().unwrap_or(0)
    };
    let names = widest(&mut shown.iter().map(|line| line.name.chars().count()));
    let versions = widest(&mut shown.iter().map(|line| line.versions.chars().count()));
    for line in &shown {
        line.write(out, style, (names, versions), verbose);
        out.push_str(&contents_text::below(&line.row.contents, style, verbose));
    }
    for waiting in &together {
        let symbol = Action::Hold.symbol().to_string();
        let names: Vec<String> = waiting.rows.iter().map(|row| harmless(&row.name)).collect();
        let names = count_of(&names);
        let text = style.wrap("", "    ", &names);
        let _ = writeln!(
            out,
            "  {} {text}",
            style.paint(Role::Action(Action::Hold), &symbol)
        );
        let why = format!("they need {}", harmless(waiting.why));
        let hang = " ".repeat(8);
        let _ = writeln!(out, "{}", style.wrap(&hang, &hang, &why));
    }
    let unchanged = group
        .rows
        .iter()
        .filter(|row| row.change.action == Action::Keep);
    let unchanged = unchanged.count();
    if unchanged > 0 && !verbose {
        let _ = writeln!(
            out,
            "    {}",
            style.paint(Role::Faint, &format!("{unchanged} unchanged"))
        );
    }
}

/// How many packages, and the first of them.
fn count_of(names: &[String]) -> String {
    const NAMED: usize = 3;
    let named = names.iter().take(NAMED).cloned().collect::<Vec<_>>();
    let more = names.len().saturating_sub(NAMED);
    let more = match more {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{} packages: {}{more}", names.len(), named.join(", "))
}

/// One row, its texts made harmless.
struct Line<'a> {
    row: &'a Row<'a>,
    name: String,
    versions: String,
    remarks: String,
    /// The code of the remark above the rows that says the same.
    told: Option<&'a str>,
}

impl<'a> Line<'a> {
    fn of(row: &'a Row<'a>, told: &[&'a Finding]) -> Self {
        let why = row.change.reasons.first();
        let same = told.iter().find(|finding| {
            finding.address.as_ref() == Some(&row.change.address)
                && why.is_some_and(|why| why.message == finding.message)
        });
        Self {
            told: same.map(|finding| finding.code.as_str()),
            row,
            name: harmless(&row.name),
            versions: harmless(&row.versions),
            remarks: harmless(&row.remarks.join(" · ")),
        }
    }

    fn write(
        &self,
        out: &mut String,
        style: Style,
        (names, versions): (usize, usize),
        verbose: bool,
    ) {
        let action = self.row.change.action;
        let symbol = style.paint(Role::Action(action), &action.symbol().to_string());
        let pad = |text: &str, width: usize| {
            format!(
                "{text}{}",
                " ".repeat(width.saturating_sub(text.chars().count()))
            )
        };
        let head = format!(
            "{}  {}",
            pad(&self.name, names),
            pad(&self.versions, versions)
        );
        let used = 4 + head.chars().count() + 2;
        let hang = " ".repeat(8);
        if self.remarks.is_empty() || used + self.remarks.chars().count() <= style.width {
            let line = format!("{head}  {}", style.paint(Role::Faint, &self.remarks));
            let _ = writeln!(out, "  {symbol} {}", line.trim_end());
        } else {
            let _ = writeln!(out, "  {symbol} {}", head.trim_end());
            let _ = writeln!(
                out,
                "{}",
                style.paint(Role::Faint, &style.wrap(&hang, &hang, &self.remarks))
            );
        }
        if verbose {
            for reason in &self.row.change.reasons {
                let text = format!("{} [{}]", harmless(&reason.message), harmless(&reason.code));
                let _ = writeln!(out, "{}", style.wrap(&hang, &hang, &text));
            }
        } else if let Some(code) = self.told {
            let text = format!("{hang}{}, see above", harmless(code));
            let _ = writeln!(out, "{}", style.paint(Role::Faint, &text));
        } else {
            for reason in self.row.telling_reasons() {
                let _ = writeln!(
                    out,
                    "{}",
                    style.wrap(&hang, &hang, &harmless(&reason.message))
                );
            }
        }
    }
}

fn waves(out: &mut String, plan: &Plan, style: Style) {
    if plan.steps.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Role::Heading, "Steps by wave"));
    for step in &plan.steps {
        let _ = writeln!(out, "  {:>3}  {}", step.wave, harmless(step.id.as_str()));
    }
}

fn costs(out: &mut String, plan: &Plan, style: Style) {
    let lines = cost_lines(plan);
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Role::Heading, "Cost"));
    for line in lines {
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &line));
    }
    if let Some(least) = least_time(plan) {
        let text = format!("It takes at least {least} by the registries' rate limits.");
        let _ = writeln!(out, "{}", style.wrap("  ", "  ", &text));
    }
}

/// Renders one finding: its severity and code, what happened, and what to do.
pub fn finding_text(finding: &Finding, style: Style) -> String {
    let label = format!("{}[{}]", finding.severity, harmless(&finding.code));
    let about = finding
        .address
        .as_ref()
        .map(|address| format!("{address}: "))
        .unwrap_or_default();
    let text = style.wrap(
        "",
        "  ",
        &format!("{label} {about}{}", harmless(&finding.message)),
    );
    let mut out = text.replacen(
        &label,
        &style.paint(Role::Severity(finding.severity), &label),
        1,
    );
    out.push('\n');
    if let Some(hint) = &finding.hint {
        let _ = writeln!(
            out,
            "{}",
            style.wrap("  hint: ", "        ", &harmless(hint))
        );
    }
    out
}

#[cfg(test)]
mod tests {
    use relplan_model::finding::FindingCode;

    use super::*;

    /// C15: many notes of one kind are one line with a count, unless all are asked for.
    #[test]
    fn notes_of_one_kind_are_told_as_one() {
        let note = |code, package: &str| {
            let row = format!("npm:{package}").parse().unwrap();
            Finding::new(code, Severity::Note, Some(&row), "latest names 2.0.0").hint("publish")
        };
        let elsewhere = ["a", "b", "c", "d"].map(|name| note(FindingCode::PointerElsewhere, name));
        let other = note(FindingCode::CycleBroken, "e");
        let mut all: Vec<&Finding> = elsewhere.iter().collect();
        all.push(&other);
        let counts = |findings: &[&Finding], verbose| {
            let told = alike(findings, verbose).into_iter();
            told.map(|(_, count)| count).collect::<Vec<_>>()
        };
        assert_eq!(counts(&all, false), [4, 1]);
        assert_eq!(counts(&all, true), [1; 5]);
        assert_eq!(counts(&all[1..], false), [1; 4]);
        let text = counted_text(
            all[0],
            99,
            Style {
                color: false,
                width: 80,
            },
        );
        let first = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            first.starts_with("note[pointer-elsewhere] 99 packages, such as npm:a: latest names"),
            "{first}"
        );
    }
}
