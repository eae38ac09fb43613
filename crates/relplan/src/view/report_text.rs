//! The report at the end of an apply, complete on failure too, and failures of commands.

use std::fmt::Write as _;

use relplan_apply::{ExitClass, Report, StepEnd, StepReport};
use relplan_model::plan::{Action, Change, Plan};

use super::{
    next_text,
    rows::by_cause,
    style::{Role, Style, count, harmless, span},
};
use crate::{failure::Failure, next::Next};

/// How many of the rows that a plan held back are named.
const NAMED: usize = 10;

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

/// Renders the end of an apply: what was done, what was not and why, and what to do next. The last lines say what the
/// exit code says.
pub fn report(
    plan: &Plan,
    report: &Report,
    (seconds, next): (u64, Option<&Next>),
    style: Style,
) -> String {
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
    let held = held(plan);
    let (role, word) = match (all && held.is_empty(), ours == total) {
        (true, true) => (Role::Good, "Applied"),
        (true, false) => (Role::Good, "Applied its part of"),
        (false, _) => (Role::Bad, "Not all applied:"),
    };
    let mut verdict = format!(
        "{done} of {} done in {}",
        count(ours, "step", "steps"),
        span(seconds)
    );
    if !held.is_empty() {
        let _ = write!(verdict, ", {} held back", count(held.len(), "row", "rows"));
    }
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
    ended_badly(&mut out, report, style);
    not_started(&mut out, report, style);
    held_back(&mut out, &held, style);
    let failure = report.failure.as_ref().map(ToString::to_string);
    // Who has taken over says more than the digests that it was noticed by.
    if let Some(text) = report.overtaken.clone().or(failure) {
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &harmless(&text)));
    }
    if !all || !held.is_empty() {
        let text = format!("What is done stays done: {}.", self::verdict(plan, report));
        let _ = writeln!(out, "\n{}", style.wrap("", "", &harmless(&text)));
    }
    if let Some(next) = next {
        out.push_str(&next_text::render(next, style));
    }
    out
}

/// What an apply came to, in one line.
pub fn verdict(plan: &Plan, report: &Report) -> String {
    let held = held(plan).len();
    if held == 0 {
        return report.message();
    }
    format!(
        "{}; {} of the plan {} held back",
        report.message(),
        count(held, "row", "rows"),
        if held == 1 { "was" } else { "were" }
    )
}

/// The rows that the plan held back: they are no steps, and not done all the same.
fn held(plan: &Plan) -> Vec<&Change> {
    let is_held = |change: &&Change| matches!(change.action, Action::Hold | Action::Drift);
    plan.changes.iter().filter(is_held).collect()
}

fn ended_badly(out: &mut String, report: &Report, style: Style) {
    for step in &report.steps {
        let (label, text) = match &step.end {
            StepEnd::Done(_) | StepEnd::Elsewhere | StepEnd::NotStarted { .. } => continue,
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
}

/// Each cause once, with the number of steps that wait for it, over however many others.
fn not_started(out: &mut String, report: &Report, style: Style) {
    for (root, number) in report.roots() {
        let because = match root {
            Some(step) if number == 1 => format!("as it comes after {step}"),
            Some(step) => format!("as they come after {step}"),
            None if !report.gave_up_on.is_empty() => {
                let why = report.gave_up_on.iter();
                let why: Vec<String> = why.map(|(target, absence)| absence.of(target)).collect();
                format!("as {}", why.join(", and "))
            }
            None if report.exit == ExitClass::Busy => "as another run has taken over".to_owned(),
            None if report.failure.is_some() => "as the journal could not be written".to_owned(),
            None => "as a stop was requested".to_owned(),
        };
        let text = format!(
            "{} not started, {because}",
            count(number, "step was", "steps were")
        );
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &harmless(&text)));
    }
}

fn held_back(out: &mut String, held: &[&Change], style: Style) {
    let (alone, together) = by_cause(held.iter().copied(), |change| *change);
    for change in alone.iter().take(NAMED) {
        let reason = change.reasons.first();
        let reason = reason.map_or("", |reason| reason.message.as_str());
        let text = format!("held {}: {reason}", change.address);
        let line = style.wrap("  ", "      ", &harmless(&text));
        let _ = writeln!(
            out,
            "{}",
            line.replacen("held", &style.paint(Role::Bad, "held"), 1)
        );
    }
    for waiting in &together {
        let rows = count(waiting.rows.len(), "row", "rows");
        let text = format!("held {rows} that need {}", waiting.why);
        let line = style.wrap("  ", "      ", &harmless(&text));
        let _ = writeln!(
            out,
            "{}",
            line.replacen("held", &style.paint(Role::Bad, "held"), 1)
        );
    }
    if alone.len() > NAMED {
        let _ = writeln!(out, "  and {} more were held back", alone.len() - NAMED);
    }
}
