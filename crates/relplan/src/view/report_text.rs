//! The report at the end of an apply, complete on failure too, and failures of commands.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_apply::{Report, StepEnd};
use relplan_model::{digest::Sha256, plan::Plan, step::StepId};

use super::style::{Role, Style, count, harmless, span};
use crate::failure::Failure;

/// Renders a failed command: details first, then the message with its causes, then hints; commands stand alone.
pub fn failure(failure: &Failure, style: Style) -> String {
    let mut out = String::new();
    if let Some(details) = &failure.details {
        out.push_str(details);
        if !details.ends_with('\n') {
            out.push('\n');
        }
    }
    let mut chain = failure.chain.iter();
    let message = style.wrap("error: ", "  ", &harmless(chain.next().map_or("", String::as_str)));
    let _ = writeln!(out, "{}", message.replacen("error:", &style.paint(Role::Bad, "error:"), 1));
    for cause in chain {
        // A cause may carry lines of its own, such as the end of a packer's output.
        let mut lines = cause.lines();
        let _ = writeln!(out, "{}", style.wrap("  because ", "    ", &harmless(lines.next().unwrap_or_default())));
        for line in lines {
            let _ = writeln!(out, "    {}", harmless(line));
        }
    }
    for hint in &failure.hints {
        match hint.strip_prefix("$ ") {
            Some(command) => {
                let _ = writeln!(out, "\n    {}", harmless(command));
            }
            None => {
                let _ = writeln!(out, "{}", style.wrap("hint: ", "      ", &harmless(hint)));
            }
        }
    }
    out
}

/// Renders the end of an apply: what was done, what was not and why, and what to do next.
pub fn report(plan: &Plan, digest: Sha256, report: &Report, seconds: u64, style: Style) -> String {
    let mut out = String::new();
    let total = plan.steps.len();
    let verdict = format!("{} of {} done in {}", report.done, count(total, "step", "steps"), span(seconds));
    let (role, word) = if report.done == total { (Role::Good, "Applied") } else { (Role::Bad, "Not all applied:") };
    let _ = writeln!(out, "{} plan {} of {}: {verdict}.", style.paint(role, word), digest.short(), harmless(&plan.project));
    let mut skipped: BTreeMap<&StepId, usize> = BTreeMap::new();
    for step in &report.steps {
        let (label, text) = match &step.end {
            StepEnd::Done(_) => continue,
            StepEnd::Skipped { because } => {
                *skipped.entry(because).or_default() += 1;
                continue;
            }
            StepEnd::Unknown { reason } => ("unknown", reason.as_str()),
            StepEnd::Stopped { detail, .. } => ("failed", detail.as_str()),
            StepEnd::Left => continue,
        };
        let line = style.wrap("  ", "      ", &format!("{label} {}: {}", step.id, harmless(text)));
        let _ = writeln!(out, "{}", line.replacen(label, &style.paint(Role::Bad, label), 1));
    }
    for (because, number) in skipped {
        let text = format!("{} not started, since they come after {because}", count(number, "step was", "steps were"));
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &text));
    }
    if report.done < total {
        let _ = writeln!(out, "\nWhat is done stays done. To go on with the rest of this plan:\n\n    relplan apply");
    }
    out
}
