//! The report at the end of an apply, complete on failure too, and failures of commands.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_apply::{ExitClass, Report, StepEnd, StepReport};
use relplan_model::{address::TargetName, journal::Resolution, plan::Plan, step::StepId};

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
    let message = style.wrap(
        "error: ",
        "  ",
        &harmless(chain.next().map_or("", String::as_str)),
    );
    let _ = writeln!(
        out,
        "{}",
        message.replacen("error:", &style.paint(Role::Bad, "error:"), 1)
    );
    for cause in chain {
        // A cause may carry lines of its own, such as the end of a packer's output.
        let mut lines = cause.lines();
        let _ = writeln!(
            out,
            "{}",
            style.wrap(
                "  because ",
                "    ",
                &harmless(lines.next().unwrap_or_default())
            )
        );
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
pub fn report(plan: &Plan, report: &Report, seconds: u64, style: Style) -> String {
    let mut out = String::new();
    let total = plan.steps.len();
    let ours = report.steps.iter().filter(|step| step.ours).count();
    let is_done = |step: &&StepReport| matches!(step.end, StepEnd::Done(_));
    let done = report
        .steps
        .iter()
        .filter(|step| step.ours)
        .filter(is_done)
        .count();
    let all = done == ours;
    let (role, word) = match (all, ours == total) {
        (true, true) => (Role::Good, "Applied"),
        (true, false) => (Role::Good, "Applied its part of"),
        (false, _) => (Role::Bad, "Not all applied:"),
    };
    let verdict = format!(
        "{done} of {} done in {}",
        count(ours, "step", "steps"),
        span(seconds)
    );
    let project = harmless(&plan.project);
    let head = format!(
        "{word} plan {} of {project}: {verdict}.",
        report.plan.short()
    );
    let head = style.wrap("", "  ", &head);
    let _ = writeln!(out, "{}", head.replacen(word, &style.paint(role, word), 1));
    if ours < total {
        let done = total - ours - usize::try_from(report.elsewhere).unwrap_or(0);
        let others = count(total - ours, "step", "steps");
        let _ = writeln!(out, "  other runs: {done} of {others} done");
    }
    let mut waiting: BTreeMap<Option<&StepId>, usize> = BTreeMap::new();
    for step in &report.steps {
        let (label, text) = match &step.end {
            StepEnd::Done(_) | StepEnd::Elsewhere => continue,
            StepEnd::NotStarted { because } => {
                *waiting.entry(because.as_ref()).or_default() += 1;
                continue;
            }
            StepEnd::Unknown { detail } => ("unknown", detail),
            StepEnd::Failed { detail, .. } => ("failed", detail),
            StepEnd::Expired { detail } => ("expired", detail),
            StepEnd::Withheld { detail } => ("not approved", detail),
        };
        let line = style.wrap(
            "  ",
            "      ",
            &format!("{label} {}: {}", step.step, harmless(text)),
        );
        let _ = writeln!(
            out,
            "{}",
            line.replacen(label, &style.paint(Role::Bad, label), 1)
        );
    }
    for (because, number) in waiting {
        let because = match because {
            Some(step) if number == 1 => format!("as it comes after {step}"),
            Some(step) => format!("as they come after {step}"),
            None if !report.gave_up_on.is_empty() => {
                let names: Vec<&str> = report.gave_up_on.iter().map(TargetName::as_str).collect();
                format!(
                    "as the run of {} did not begin, or fell silent",
                    names.join(", ")
                )
            }
            None => "as a stop was asked for".to_owned(),
        };
        let text = format!(
            "{} not started, {because}",
            count(number, "step was", "steps were")
        );
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &text));
    }
    for hint in refusals(&report.steps) {
        let _ = writeln!(out, "{}", style.wrap("  hint: ", "      ", hint));
    }
    let failure = report.failure.as_ref().map(ToString::to_string);
    // Who has taken over says more than the digests that it was noticed by.
    if let Some(text) = report.overtaken.clone().or(failure) {
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &harmless(&text)));
    }
    if !all {
        let _ = writeln!(
            out,
            "\n{}",
            style.wrap(
                "",
                "",
                &format!("What is done stays done: {}.", report.message())
            )
        );
        let _ = writeln!(out, "{}", next(report.exit, ours < total));
    }
    out
}

/// What to do about what registries refused: the same attempt would be refused again.
fn refusals(steps: &[StepReport]) -> impl Iterator<Item = &'static str> {
    let any = |wanted: bool| {
        steps.iter().any(|step| {
            matches!(
                &step.end,
                StepEnd::Failed { outcome: Resolution::Refused, credential, .. } if *credential == wanted
            )
        })
    };
    let credential = any(true).then_some(
        "use a credential that may do what was refused, then apply again; or abandon the plan and leave the package out \
         of the next one with --exclude",
    );
    let other = any(false).then_some(
        "put right what was refused, then apply again; or abandon the plan and leave the package out of the next one with \
         --exclude",
    );
    credential.into_iter().chain(other)
}

/// The command that goes on from here.
fn next(exit: ExitClass, is_part: bool) -> &'static str {
    match exit {
        ExitClass::Conflict | ExitClass::Stale => "\n    relplan state abandon --reason WHY",
        ExitClass::Approval => "\n    relplan approve PLAN --key KEY",
        _ if is_part => "\n    relplan apply PLAN --target NAME",
        _ => "\n    relplan apply",
    }
}
