//! The state for a terminal: what is under way, and what is recorded.

use std::{collections::BTreeMap, fmt::Write as _};

use relplan_model::{
    address::TargetName,
    state::{Progress, Recorded, State},
};

use super::{
    next_text,
    style::{Role, Style, count, harmless},
};
use crate::next::Next;

/// Renders the state, with what to do about the open plan.
pub fn render(state: &State, location: &str, next: Option<&Next>, style: Style) -> String {
    let mut out = String::new();
    if state.lineage.is_none() {
        let _ = writeln!(out, "Nothing is recorded yet in {}.", harmless(location));
        return out;
    }
    let title = format!(
        "{}  state serial {}",
        harmless(&state.project),
        state.serial
    );
    let _ = writeln!(out, "{}", style.paint(Role::Heading, &title));
    let entries = count(
        usize::try_from(state.length).unwrap_or(usize::MAX),
        "entry",
        "entries",
    );
    let _ = writeln!(
        out,
        "{}",
        style.paint(
            Role::Faint,
            &format!(
                "{} with {entries}, head {}",
                harmless(location),
                state.head.short()
            )
        )
    );
    under_way(&mut out, state, next, style);
    recorded(&mut out, state, style);
    out
}

fn under_way(out: &mut String, state: &State, next: Option<&Next>, style: Style) {
    let Some(open) = &state.open else {
        let _ = writeln!(out, "\nNo plan is open.");
        return;
    };
    let done = open
        .steps
        .values()
        .filter(|progress| matches!(progress, Progress::Done(_)))
        .count();
    let total = open
        .total
        .map_or_else(String::new, |total| format!(" of {total}"));
    let _ = writeln!(
        out,
        "\n{}",
        style.paint(
            Role::Heading,
            &format!("Plan {} is open", open.plan.short())
        )
    );
    let since = format!(
        "since {} on {}, {done}{total} steps done{}",
        open.since,
        harmless(&open.runner),
        match open.left {
            true => ", and that run has ended".to_owned(),
            false => format!(", last heard of at {}", open.heard),
        }
    );
    let _ = writeln!(out, "{}", style.wrap("  ", "  ", &since));
    for (target, part) in &open.parts {
        let why = part
            .reason
            .as_ref()
            .map(|reason| format!(": {}", harmless(reason)));
        let why = why.unwrap_or_default();
        let text = match (&part.runner, part.left) {
            (None, _) => format!("{target} is for a run that could not begin{why}"),
            (Some(runner), false) => format!("{target} is for the run on {}", harmless(runner)),
            (Some(runner), true) => format!(
                "{target} was for the run on {}, which ended before all of it was done{why}",
                harmless(runner)
            ),
        };
        let _ = writeln!(out, "{}", style.wrap("  ", "      ", &text));
    }
    for (step, progress) in &open.steps {
        let (role, text) = match progress {
            Progress::Done(_) => continue,
            Progress::Attempted { attempt, reason } => {
                let reason = reason
                    .as_ref()
                    .map_or_else(|| "interrupted".to_owned(), |reason| harmless(reason));
                (
                    Role::Bad,
                    format!("{step}: outcome of attempt {attempt} unknown ({reason})"),
                )
            }
            Progress::Stopped { outcome, detail } => (
                Role::Bad,
                format!(
                    "{step}: {} ({})",
                    format!("{outcome:?}").to_lowercase(),
                    harmless(detail)
                ),
            ),
            Progress::Paused { instructions } => (
                Role::Heading,
                format!("{step}: waits for a person: {}", harmless(instructions)),
            ),
        };
        let _ = writeln!(
            out,
            "{}",
            style.paint(role, &style.wrap("  ! ", "      ", &text))
        );
    }
    if let Some(next) = next {
        out.push_str(&next_text::render(next, style));
    }
}

fn recorded(out: &mut String, state: &State, style: Style) {
    let mut targets: BTreeMap<&TargetName, Vec<(String, String, &Recorded)>> = BTreeMap::new();
    for (address, versions) in &state.releases {
        // The latest record of each package; the journal has them all.
        if let Some((version, recorded)) = versions.iter().max_by_key(|(_, recorded)| recorded.at) {
            targets.entry(&address.target).or_default().push((
                address.package.to_string(),
                version.to_string(),
                recorded,
            ));
        }
    }
    for (target, rows) in targets {
        let _ = writeln!(out, "\n{}", style.paint(Role::Heading, target.as_str()));
        let name = rows
            .iter()
            .map(|(name, ..)| name.len())
            .max()
            .unwrap_or(0)
            .min(36);
        let version = rows
            .iter()
            .map(|(_, version, _)| version.len())
            .max()
            .unwrap_or(0)
            .min(24);
        for (package, at, recorded) in &rows {
            let mut remarks = vec![recorded.at.to_string()];
            if let Some(plan) = recorded.plan {
                remarks.push(format!("plan {}", plan.short()));
            }
            for (flag, word) in [
                (recorded.adopted, "adopted"),
                (recorded.yanked, "yanked"),
                (recorded.deprecated.is_some(), "deprecated"),
            ] {
                if flag {
                    remarks.push(word.to_owned());
                }
            }
            let pad = |text: &str, width: usize| {
                format!("{text}{}", " ".repeat(width.saturating_sub(text.len())))
            };
            let line = format!(
                "  {}  {}  {}",
                pad(package, name),
                pad(at, version),
                style.paint(Role::Faint, &remarks.join(" · "))
            );
            let _ = writeln!(out, "{line}");
        }
    }
}
