//! The smallest things that a box can stand for: a step, or a version with its uploads and the wait for them.

use std::collections::BTreeMap;

use relplan_model::{
    address::{Address, Version},
    plan::{Action, Change, Plan, Subject},
    step::{Effect, Phase, Step, StepId},
};

use super::{Grain, Node, shorten};
use crate::view::style::{count, harmless};

/// One step, or the steps of one version that are read as one.
pub(super) struct Unit<'a> {
    pub(super) phase: Phase,
    /// The wave of its first step.
    pub(super) wave: u64,
    /// The wave of its last.
    pub(super) last_wave: u64,
    pub(super) verb: &'static str,
    pub(super) address: &'a Address,
    steps: Vec<&'a Step>,
    /// What the version's row says was there before.
    before: Option<&'a str>,
}

/// Units, and which of them needs which: from and to, as places.
pub(super) struct Units<'a> {
    pub(super) units: Vec<Unit<'a>>,
    pub(super) edges: Vec<(usize, usize)>,
}

/// Every step by itself.
pub(super) fn steps(plan: &Plan) -> Units<'_> {
    gather(plan, |step, _| Key::Step(&step.id))
}

/// Uploads of one version, and the wait for them, together; everything else by itself.
pub(super) fn versions(plan: &Plan) -> Units<'_> {
    gather(plan, |step, published| match step.effect {
        Effect::Publish(_) => Key::Version(&step.address, &step.version),
        Effect::Await if published.contains_key(&(&step.address, &step.version)) => {
            Key::Version(&step.address, &step.version)
        }
        _ => Key::Step(&step.id),
    })
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Key<'a> {
    Step(&'a StepId),
    Version(&'a Address, &'a Version),
}

/// The versions that are published, each with what its row says was there before.
type Published<'a> = BTreeMap<(&'a Address, &'a Version), Option<&'a str>>;

fn gather<'a>(plan: &'a Plan, key: impl Fn(&'a Step, &Published<'a>) -> Key<'a>) -> Units<'a> {
    let rows: BTreeMap<&Address, &Change> = plan
        .changes
        .iter()
        .filter(|change| change.subject == Subject::Version)
        .map(|change| (&change.address, change))
        .collect();
    let published: Published<'a> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.effect, Effect::Publish(_)))
        .map(|step| {
            let before = rows
                .get(&step.address)
                .and_then(|row| row.before.as_deref());
            ((&step.address, &step.version), before)
        })
        .collect();
    let mut units: Vec<Unit<'a>> = Vec::new();
    let mut known: BTreeMap<Key<'a>, usize> = BTreeMap::new();
    let mut of_step: BTreeMap<&StepId, usize> = BTreeMap::new();
    for step in &plan.steps {
        let place = *known.entry(key(step, &published)).or_insert_with(|| {
            units.push(Unit {
                phase: step.phase,
                wave: step.wave,
                last_wave: step.wave,
                verb: step.effect.verb(),
                address: &step.address,
                steps: Vec::new(),
                before: published
                    .get(&(&step.address, &step.version))
                    .copied()
                    .flatten(),
            });
            units.len() - 1
        });
        if let Some(unit) = units.get_mut(place) {
            unit.wave = unit.wave.min(step.wave);
            unit.last_wave = unit.last_wave.max(step.wave);
            unit.steps.push(step);
        }
        of_step.insert(&step.id, place);
    }
    let edges = plan.steps.iter().flat_map(|step| {
        let of_step = &of_step;
        step.needs
            .iter()
            .filter_map(move |need| Some((*of_step.get(need)?, *of_step.get(&step.id)?)))
    });
    Units {
        edges: edges.filter(|(from, to)| from != to).collect(),
        units,
    }
}

/// The box of units that have a verb in common.
pub(super) fn node(units: &[&Unit<'_>], column: usize, grain: Grain) -> Node {
    let ids = units.iter().flat_map(|unit| &unit.steps);
    let members: Vec<String> = ids.map(|step| harmless(step.id.as_str())).collect();
    let verb = units.first().map_or("", |unit| unit.verb);
    let target = units.first().map(|unit| unit.address.target.clone());
    let target = target.filter(|_| grain != Grain::Phases);
    let action = action(verb);
    if let [unit] = units
        && let Some(step) = unit.steps.first()
    {
        let (subject, note) = said(unit, step, grain);
        return Node {
            action,
            verb,
            column,
            target: Some(unit.address.target.clone()),
            subject,
            note,
            members,
            single: true,
        };
    }
    let name = units.iter().map(|unit| unit.address.package.as_str()).min();
    let note = format!(
        "{} and {} more",
        shorten(name.unwrap_or(""), 24),
        units.len().saturating_sub(1)
    );
    Node {
        action,
        verb,
        column,
        target,
        subject: plural(verb, units.len()),
        note,
        members,
        single: false,
    }
}

/// What a box for one unit says: what it is about, and a few words more.
fn said(unit: &Unit<'_>, step: &Step, grain: Grain) -> (String, String) {
    let package = &step.address.package;
    let version = &step.version;
    match &step.effect {
        Effect::Publish(publish) => {
            let mut note = match unit.before {
                Some(before) if before != version.as_str() => {
                    format!("{} \u{2192} {version}", harmless(before))
                }
                _ if publish.first => format!("{version}, new name"),
                _ => version.to_string(),
            };
            let files: Vec<_> = unit
                .steps
                .iter()
                .filter(|step| matches!(step.effect, Effect::Publish(_)))
                .collect();
            match &publish.artifact {
                Some(file) if grain == Grain::Steps && publish.one_of_many => {
                    note = format!("{version} {file}");
                }
                _ if files.len() > 1 => note.push_str(&format!(", {} files", files.len())),
                _ => {}
            }
            (package.to_string(), note)
        }
        Effect::Await | Effect::Adopt { .. } => (package.to_string(), version.to_string()),
        Effect::Point { pointer, from, to } => (
            format!("{package}#{pointer}"),
            match from {
                Some(from) => format!("{from} \u{2192} {to}"),
                None => to.to_string(),
            },
        ),
        Effect::Unpoint { pointer } => (format!("{package}#{pointer}"), version.to_string()),
        Effect::Yank { reason } => (format!("{package}@{version}"), harmless(reason)),
        Effect::Deprecate { range, message, .. } => {
            (format!("{package}@{}", harmless(range)), harmless(message))
        }
    }
}

fn plural(verb: &str, number: usize) -> String {
    match verb {
        "point" | "unpoint" => count(number, "pointer", "pointers"),
        "yank" => count(number, "version", "versions"),
        "deprecate" => count(number, "range", "ranges"),
        _ => count(number, "package", "packages"),
    }
}

fn action(verb: &str) -> Action {
    match verb {
        "publish" => Action::Publish,
        "point" | "unpoint" => Action::Point,
        "yank" => Action::Yank,
        "deprecate" => Action::Deprecate,
        "adopt" => Action::Adopt,
        _ => Action::Keep,
    }
}
