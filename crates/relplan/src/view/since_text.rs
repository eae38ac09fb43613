//! What changed between two plans: for somebody who approved the one and is asked about the other.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use relplan_model::{
    digest::{Comparison, Sha256},
    plan::{Action, Change, Plan},
    step::{Class, Step, StepId},
};

use super::{
    rows::gate,
    style::{Role, Style, harmless},
};

/// Renders the difference; `before` is the plan that was approved last.
pub fn render(before: &Plan, digest: Sha256, now: &Plan, style: Style) -> String {
    let title = format!(
        "Since the last approved plan ({}, made {})",
        digest.short(),
        before.created
    );
    let mut out = format!("{}\n", style.paint(Role::Heading, &title));
    let lines = lines(before, now);
    if lines.is_empty() {
        let _ = writeln!(out, "  the same steps, artifacts and places");
    }
    for (mark, text) in lines {
        let line = style.wrap(&format!("  {mark} "), "      ", &harmless(&text));
        let _ = writeln!(out, "{line}");
    }
    out
}

fn lines(before: &Plan, now: &Plan) -> Vec<(char, String)> {
    let mut lines = Vec::new();
    let effects = |plan: &'_ Plan| -> BTreeSet<StepId> {
        let acts = |step: &&Step| step.effect.class() != Class::Inert;
        plan.steps
            .iter()
            .filter(acts)
            .map(|step| step.id.clone())
            .collect()
    };
    let (then, today) = (effects(before), effects(now));
    lines.extend(today.difference(&then).map(|step| ('+', step.to_string())));
    lines.extend(
        then.difference(&today)
            .map(|step| ('-', format!("{step} is not part of this one"))),
    );
    artifacts(before, now, &mut lines);
    places(before, now, &mut lines);
    held(before, now, &mut lines);
    let texts = [
        ("the commit", &before.commit, &now.commit),
        ("the repository", &before.repository, &now.repository),
        ("who asked for it", &before.requester, &now.requester),
    ];
    for (what, then, today) in texts {
        if then != today {
            let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
            lines.push(('~', format!("{what}: {} → {}", shown(then), shown(today))));
        }
    }
    if before.gates != now.gates {
        lines.push(('~', "the plan's own gates".to_owned()));
    }
    if before.policy != now.policy {
        lines.push(('~', "the policy that it was made under".to_owned()));
    }
    lines
}

/// A file of the same name with other bytes deserves a look, whatever its version says.
fn artifacts(before: &Plan, now: &Plan, lines: &mut Vec<(char, String)>) {
    let known: BTreeMap<_, _> = before
        .artifacts
        .iter()
        .map(|artifact| (&artifact.file, artifact))
        .collect();
    for artifact in &now.artifacts {
        if let Some(then) = known.get(&artifact.file)
            && then.digests.compare(&artifact.digests) != Comparison::Same
        {
            lines.push((
                '!',
                format!("{} has other bytes than it had then", artifact.file),
            ));
        }
    }
}

/// Where it goes, and with which protection.
fn places(before: &Plan, now: &Plan, lines: &mut Vec<(char, String)>) {
    let known: BTreeMap<_, _> = before
        .targets
        .iter()
        .map(|target| (&target.name, target))
        .collect();
    for target in &now.targets {
        let Some(then) = known.get(&target.name) else {
            lines.push(('!', format!("the target {} was not there", target.name)));
            continue;
        };
        if gate(then) != gate(target) {
            lines.push((
                '!',
                format!(
                    "the gate of {}: {} → {}",
                    target.name,
                    gate(then),
                    gate(target)
                ),
            ));
        }
        for endpoint in &target.endpoints {
            let same = then
                .endpoints
                .iter()
                .find(|one| one.role == endpoint.role)
                .is_some_and(|one| one.url == endpoint.url);
            if !same {
                lines.push((
                    '!',
                    format!(
                        "{} of {} is now {} (from {})",
                        endpoint.role, target.name, endpoint.url, endpoint.source
                    ),
                ));
            }
        }
    }
}

/// What is newly held back or has drifted.
fn held(before: &Plan, now: &Plan, lines: &mut Vec<(char, String)>) {
    let is_held = |change: &&Change| matches!(change.action, Action::Hold | Action::Drift);
    let known: BTreeSet<_> = before
        .changes
        .iter()
        .filter(is_held)
        .map(|change| (&change.address, &change.subject))
        .collect();
    for change in now.changes.iter().filter(is_held) {
        if !known.contains(&(&change.address, &change.subject)) {
            let why = change
                .reasons
                .first()
                .map(|reason| reason.message.clone())
                .unwrap_or_default();
            lines.push((change.action.symbol(), format!("{}: {why}", change.address)));
        }
    }
}
