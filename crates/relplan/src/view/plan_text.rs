//! The plan for a terminal: changed rows only, grouped by target and ordered by wave, with what they cost.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_model::{
    address::TargetName,
    digest::Sha256,
    plan::{Action, Change, Plan, Subject},
    step::{Effect, Step, StepId},
    target::Target,
};

use super::style::{Role, Style, count, harmless, size, span};

/// Renders a plan. `verbose` adds unchanged rows, every reason, and the steps.
pub fn render(plan: &Plan, digest: Sha256, style: Style, verbose: bool) -> String {
    let mut out = String::new();
    header(&mut out, plan, digest, style);
    let steps: BTreeMap<&StepId, &Step> = plan.steps.iter().map(|step| (&step.id, step)).collect();
    for target in &plan.targets {
        group(&mut out, plan, target, &steps, style, verbose);
    }
    if verbose {
        waves(&mut out, plan, style);
    }
    costs(&mut out, plan, style);
    findings(&mut out, plan, style);
    out.push('\n');
    let _ = writeln!(out, "{}", style.wrap("", "  ", &verdict(plan)));
    out
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

fn group(
    out: &mut String,
    plan: &Plan,
    target: &Target,
    steps: &BTreeMap<&StepId, &Step>,
    style: Style,
    verbose: bool,
) {
    let rows: Vec<&Change> = plan
        .changes
        .iter()
        .filter(|change| change.address.target == target.name)
        .collect();
    let unchanged = rows.iter().filter(|row| row.action == Action::Keep).count();
    let _ = writeln!(
        out,
        "\n{}  {}, gate: {}",
        style.paint(Role::Heading, target.name.as_str()),
        target.kind,
        target.grade
    );
    for endpoint in &target.endpoints {
        let line = format!(
            "{} {} (from {})",
            endpoint.role,
            harmless(&endpoint.url),
            harmless(&endpoint.source)
        );
        let _ = writeln!(
            out,
            "{}",
            style.paint(Role::Faint, &style.wrap("    ", "      ", &line))
        );
    }
    let mut shown: Vec<Row> = rows
        .iter()
        .filter(|change| verbose || change.action != Action::Keep)
        .map(|change| Row::of(plan, change, steps, verbose))
        .collect();
    shown.sort_by(|a, b| (a.wave, &a.name).cmp(&(b.wave, &b.name)));
    let fits = |length: &usize| *length <= 36;
    let name_width = shown
        .iter()
        .map(|row| row.name.len())
        .filter(fits)
        .max()
        .unwrap_or(0);
    let version_width = shown
        .iter()
        .map(|row| row.versions.chars().count())
        .filter(fits)
        .max()
        .unwrap_or(0);
    for row in &shown {
        row.write(out, style, name_width, version_width);
    }
    if unchanged > 0 && !verbose {
        let _ = writeln!(
            out,
            "    {}",
            style.paint(Role::Faint, &format!("{unchanged} unchanged"))
        );
    }
}

struct Row {
    action: Action,
    wave: u64,
    name: String,
    versions: String,
    remarks: String,
    reasons: Vec<String>,
}

impl Row {
    fn of(plan: &Plan, change: &Change, steps: &BTreeMap<&StepId, &Step>, verbose: bool) -> Self {
        let own: Vec<&Step> = change
            .steps
            .iter()
            .filter_map(|id| steps.get(id).copied())
            .collect();
        let package = change.address.package.as_str();
        let name = match &change.subject {
            Subject::Version => package.to_owned(),
            Subject::Pointer(pointer) => format!("{package}#{pointer}"),
            Subject::Yank(version) => format!("{package}@{version}"),
            Subject::Deprecation(range) => format!("{package}@{}", harmless(range)),
        };
        let versions = match (&change.subject, &change.before, &change.after) {
            (Subject::Yank(_), _, _) => "yank".to_owned(),
            (Subject::Deprecation(_), _, _) => "deprecate".to_owned(),
            (_, Some(before), Some(after)) if before != after => {
                format!("{} → {}", harmless(before), harmless(after))
            }
            (_, _, Some(version)) | (_, Some(version), None) => harmless(version),
            (_, None, None) => String::new(),
        };
        let telling = matches!(change.action, Action::Hold | Action::Drift);
        let mut remarks: Vec<String> = Vec::new();
        remarks.extend(publish_remarks(plan, &own, steps));
        let said: Vec<String> = change
            .reasons
            .iter()
            .map(|reason| format!("{} [{}]", harmless(&reason.message), harmless(&reason.code)))
            .collect();
        let reasons = if verbose {
            said
        } else if telling || change.action == Action::Adopt {
            change
                .reasons
                .iter()
                .take(1)
                .map(|reason| harmless(&reason.message))
                .collect()
        } else {
            Vec::new()
        };
        Self {
            action: change.action,
            wave: own.iter().map(|step| step.wave).min().unwrap_or(u64::MAX),
            name,
            versions,
            remarks: remarks.join(" · "),
            reasons,
        }
    }

    fn write(&self, out: &mut String, style: Style, name_width: usize, version_width: usize) {
        let symbol = style.paint(Role::Action(self.action), &self.action.symbol().to_string());
        let pad = |text: &str, width: usize| {
            format!(
                "{text}{}",
                " ".repeat(width.saturating_sub(text.chars().count()))
            )
        };
        let head = format!(
            "{}  {}",
            pad(&self.name, name_width),
            pad(&self.versions, version_width)
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
        for reason in &self.reasons {
            let _ = writeln!(out, "{}", style.wrap(&hang, &hang, reason));
        }
    }
}

/// What is worth saying about an upload beside the versions: size, files, newness and what it waits for.
fn publish_remarks(plan: &Plan, own: &[&Step], steps: &BTreeMap<&StepId, &Step>) -> Vec<String> {
    let publishes: Vec<_> = own
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => Some((*step, publish)),
            _ => None,
        })
        .collect();
    let Some((first, publish)) = publishes.first() else {
        return Vec::new();
    };
    let mut remarks = Vec::new();
    if publish.first {
        remarks.push("new name".to_owned());
    }
    let sizes: Vec<u64> = publishes
        .iter()
        .filter_map(|(_, publish)| {
            let file = publish.artifact.as_ref()?;
            Some(
                plan.artifacts
                    .iter()
                    .find(|artifact| artifact.file == *file)?
                    .size,
            )
        })
        .collect();
    if sizes.len() == publishes.len() {
        let total = size(sizes.iter().sum());
        remarks.push(if sizes.len() == 1 {
            total
        } else {
            format!("{} files, {total}", sizes.len())
        });
    } else {
        remarks.push("bytes known after pack".to_owned());
    }
    let after: Vec<String> = first
        .needs
        .iter()
        .filter_map(|id| steps.get(id))
        .filter(|step| step.address != first.address)
        .map(|step| {
            if step.address.target == first.address.target {
                step.address.package.to_string()
            } else {
                step.address.to_string()
            }
        })
        .collect();
    match after.as_slice() {
        [] => {}
        [a] => remarks.push(format!("after {a}")),
        [a, b] => remarks.push(format!("after {a}, {b}")),
        [a, b, rest @ ..] => remarks.push(format!("after {a}, {b} and {} more", rest.len())),
    }
    remarks
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
    let costs: Vec<_> = plan.costs.iter().filter(|cost| cost.writes > 0).collect();
    if costs.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{}", style.paint(Role::Heading, "Cost"));
    for cost in costs {
        let mut parts = Vec::new();
        for (number, one, many) in [
            (cost.new_names, "new name", "new names"),
            (
                cost.new_versions,
                "new version of an existing name",
                "new versions of existing names",
            ),
            (cost.writes, "write", "writes"),
        ] {
            if number > 0 {
                parts.push(count(
                    usize::try_from(number).unwrap_or(usize::MAX),
                    one,
                    many,
                ));
            }
        }
        if cost.bytes > 0 {
            parts.push(size(cost.bytes));
        }
        if cost.seconds > 0 {
            parts.push(format!(
                "at least {} by the registry's rate limits",
                span(cost.seconds)
            ));
        }
        let _ = writeln!(
            out,
            "{}",
            style.wrap(
                "  ",
                "      ",
                &format!("{}: {}", cost.target, parts.join(", "))
            )
        );
    }
}

fn findings(out: &mut String, plan: &Plan, style: Style) {
    let mut ordered: Vec<_> = plan.findings.iter().collect();
    ordered.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    if !ordered.is_empty() {
        out.push('\n');
    }
    for finding in ordered {
        out.push_str(&finding_text(finding, style));
    }
}

/// Renders one finding: its severity and code, what happened, and what to do.
pub fn finding_text(finding: &relplan_model::finding::Finding, style: Style) -> String {
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

/// The last line: what the plan comes to.
pub fn verdict(plan: &Plan) -> String {
    let number = |action: Action| {
        plan.changes
            .iter()
            .filter(|change| change.action == action)
            .count()
    };
    let parts: Vec<String> = [
        (Action::Publish, "to publish"),
        (Action::Stage, "to stage"),
        (Action::Point, "to point"),
        (Action::Deprecate, "to deprecate"),
        (Action::Yank, "to yank"),
        (Action::Adopt, "to adopt"),
        (Action::Hold, "held"),
        (Action::Drift, "drifted"),
        (Action::Keep, "unchanged"),
    ]
    .into_iter()
    .filter(|(action, _)| number(*action) > 0)
    .map(|(action, words)| format!("{} {words}", number(action)))
    .collect();
    let rows = if parts.is_empty() {
        "no packages".to_owned()
    } else {
        parts.join(", ")
    };
    if plan.steps.is_empty() {
        let stuck = number(Action::Hold) + number(Action::Drift) > 0;
        let verdict = if stuck {
            "Nothing can be done"
        } else {
            "Nothing to do"
        };
        return format!("{verdict}: {rows}.");
    }
    let waves = plan.steps.iter().map(|step| step.wave).max().unwrap_or(0) + 1;
    let order = format!(
        "{} in {}",
        count(plan.steps.len(), "step", "steps"),
        count(
            usize::try_from(waves).unwrap_or(usize::MAX),
            "wave",
            "waves"
        )
    );
    let pending = if plan.applicable {
        ""
    } else {
        " It cannot be applied yet: pack first (relplan pack)."
    };
    format!("Plan: {rows}. {order}.{pending}")
}
