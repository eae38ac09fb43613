//! The journal as an audit trail for people: a chapter for each plan, a line for each step with the bytes that it left.

use std::fmt::Write as _;

use relplan_model::{
    address::TargetName,
    finding::Severity,
    journal::{Fact, How, Resolution},
    state::Ended,
};
use relplan_state::{Chapter, Outcome, PlanChapter, StepChapter};

use super::style::{Role, Style, count, harmless};

/// Renders a trail.
pub fn render(chapters: &[Chapter], style: Style) -> String {
    if chapters.is_empty() {
        return "The journal is empty.\n".to_owned();
    }
    let mut out = String::new();
    for chapter in chapters {
        match chapter {
            Chapter::Begun {
                at,
                lineage,
                project,
                replaces,
            } => {
                let text = format!(
                    "journal of {}, lineage {}",
                    harmless(project),
                    harmless(lineage)
                );
                let _ = writeln!(out, "{at}  {text}");
                for one in replaces {
                    let text = format!(
                        "in the place of {}, which had come to serial {}",
                        harmless(&one.lineage),
                        one.serial
                    );
                    let _ = writeln!(out, "  {text}");
                }
            }
            Chapter::Plan(chapter) => plan(&mut out, chapter, style),
            Chapter::Adopted {
                at,
                serial,
                facts: adopted,
            } => {
                let text = format!("recorded what was there already (serial {serial})");
                let _ = writeln!(out, "\n{at}  {}", style.paint(Role::Heading, &text));
                facts(&mut out, adopted, style);
            }
            Chapter::Moved { at, to } => {
                let text = format!("moved to {}", harmless(to));
                let _ = writeln!(out, "\n{at}  {}", style.paint(Role::Heading, &text));
            }
            Chapter::Renamed { at, serial, what } => {
                let text = format!("from serial {serial} on {}", harmless(&what.to_string()));
                let _ = writeln!(out, "\n{at}  {}", style.paint(Role::Heading, &text));
            }
            Chapter::Forgotten {
                at,
                serial,
                address,
                version,
            } => {
                let version = version.as_ref().map(|version| format!("@{version}"));
                let what = format!("{address}{}", version.unwrap_or_default());
                let text = format!("forgot {} (serial {serial})", harmless(&what));
                let _ = writeln!(out, "\n{at}  {}", style.paint(Role::Heading, &text));
            }
        }
    }
    out
}

fn plan(out: &mut String, chapter: &PlanChapter, style: Style) {
    let PlanChapter {
        plan,
        claimed,
        serial,
        tool,
        runs,
        steps,
        end,
    } = chapter;
    let title = format!("plan {}", plan.short());
    let _ = writeln!(out, "\n{claimed}  {}", style.paint(Role::Heading, &title));
    let _ = writeln!(out, "  {}", style.paint(Role::Faint, &plan.to_string()));
    for (place, run) in runs.iter().enumerate() {
        let targets = run.targets.iter().flatten().map(TargetName::as_str);
        let targets: Vec<&str> = targets.collect();
        let mut runner = harmless(&run.runner);
        if !targets.is_empty() {
            runner = format!("{runner}, for {}", targets.join(", "));
        }
        if let Some(left) = run.left {
            runner = format!("{runner}; it ended at {left} with steps left undone");
            if let Some(reason) = &run.reason {
                runner = format!("{runner}: {reason}");
            }
        }
        let text = match place {
            0 => format!(
                "claimed as serial {serial} by relplan {}, on {runner}",
                harmless(tool)
            ),
            _ if run.targets.is_some() => format!("taken up on {runner}"),
            _ => format!("taken up again on {runner}"),
        };
        let _ = writeln!(
            out,
            "{}",
            style.wrap(&format!("  {}  ", run.at), "      ", &text)
        );
        for approver in &run.approved {
            let text = format!(
                "approved by {} ({}, record {})",
                harmless(&approver.person),
                approver.grade,
                approver.record.short()
            );
            let _ = writeln!(out, "{}", style.wrap("      ", "      ", &text));
        }
    }
    for told in steps {
        step(out, told, style);
    }
    let ending = match end {
        None => style.paint(Role::Severity(Severity::Warning), "it is open"),
        Some(end) => {
            let text = match (end.how, &end.reason) {
                (Ended::Closed, _) => format!("closed as serial {}", end.serial),
                (Ended::Abandoned, reason) => format!(
                    "given up as serial {}: {}",
                    end.serial,
                    harmless(reason.as_deref().unwrap_or_default())
                ),
            };
            style.wrap(&format!("{}  ", end.at), "      ", &text)
        }
    };
    let _ = writeln!(out, "  {ending}");
}

fn step(out: &mut String, told: &StepChapter, style: Style) {
    let StepChapter {
        step,
        attempts,
        at,
        outcome,
        facts: left,
    } = told;
    let (symbol, role, text) = match outcome {
        Outcome::Done(How::Done) => ("✓", Role::Good, String::new()),
        Outcome::Done(How::FoundDone) => ("✓", Role::Good, "was there already".to_owned()),
        Outcome::Done(How::FoundAfterUnknown) => (
            "✓",
            Role::Good,
            "found done after an unknown outcome".to_owned(),
        ),
        Outcome::Unknown { reason } => (
            "?",
            Role::Severity(Severity::Warning),
            format!(
                "outcome unknown: {}",
                reason.as_deref().unwrap_or("it was cut off")
            ),
        ),
        Outcome::Stopped { outcome, detail } => {
            let word = match outcome {
                Resolution::Conflict => "conflict",
                Resolution::Refused => "refused",
                Resolution::NotDone => "not done",
            };
            ("✗", Role::Bad, format!("{word}: {detail}"))
        }
        Outcome::Paused { instructions } => (
            "…",
            Role::Severity(Severity::Warning),
            format!("waits: {instructions}"),
        ),
    };
    let mut text = harmless(&text);
    if *attempts > 1 {
        let tried = count(
            usize::try_from(*attempts).unwrap_or(usize::MAX),
            "attempt",
            "attempts",
        );
        text = match text.is_empty() {
            true => tried,
            false => format!("{text} ({tried})"),
        };
    }
    let symbol = style.paint(role, symbol);
    let name = harmless(step.as_str());
    let _ = writeln!(out, "  {at}  {symbol} {name}");
    if !text.is_empty() {
        let _ = writeln!(out, "{}", style.wrap("      ", "      ", &text));
    }
    facts(out, left, style);
}

/// The bytes and pointers that are true because of a step; that it is resolvable goes without saying.
fn facts(out: &mut String, facts: &[Fact], style: Style) {
    for fact in facts {
        let text = match fact {
            Fact::File { file, digests, .. } => format!("{file}  {digests}"),
            Fact::Pointer {
                pointer, version, ..
            } => match version {
                Some(version) => format!("{pointer} names {version}"),
                None => format!("{pointer} is gone"),
            },
            Fact::Resolvable { .. } => continue,
            Fact::Yanked { address, version } => format!("{address}@{version} is yanked"),
            Fact::Deprecated {
                address,
                version,
                message,
            } => format!("{address}@{version} is deprecated: {message}"),
        };
        let _ = writeln!(out, "      {}", style.paint(Role::Faint, &harmless(&text)));
    }
}
