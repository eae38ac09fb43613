//! Rules about what steps do: over what, after what, and with which bytes.

use std::collections::{BTreeMap, BTreeSet};

use relplan_ecosystem::takes_slot;
use relplan_model::{
    address::{Address, FileName, PointerName, Version},
    digest::Comparison,
    observation::{Seen, VersionFacts},
    step::{Effect, Publish, Step},
    target::Target,
};

use super::{
    Found, Rule, View,
    pointers::{carries_holding, is_shown, pointed, unpointed},
    resolvable::resolvable,
};

/// One version at one address.
pub(super) type At<'a> = (&'a Address, &'a Version);

/// What the steps do to each version.
#[derive(Default)]
pub(super) struct Creates<'a> {
    pub(super) publishes: BTreeMap<At<'a>, Vec<(&'a Step, &'a Publish)>>,
    pub(super) awaits: BTreeMap<At<'a>, &'a Step>,
    /// The version that is published at each address.
    pub(super) versions: BTreeMap<&'a Address, &'a Version>,
    pub(super) unpoints: BTreeSet<(&'a Address, &'a PointerName)>,
}

impl<'a> Creates<'a> {
    fn of(view: &View<'a>) -> Self {
        let mut creates = Self::default();
        for step in &view.plan.steps {
            let at = (&step.address, &step.version);
            match &step.effect {
                Effect::Publish(publish) => {
                    creates
                        .publishes
                        .entry(at)
                        .or_default()
                        .push((step, publish));
                    creates.versions.insert(&step.address, &step.version);
                }
                Effect::Await => {
                    creates.awaits.insert(at, step);
                }
                Effect::Unpoint { pointer } => {
                    creates.unpoints.insert((&step.address, pointer));
                }
                _ => {}
            }
        }
        creates
    }
}

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let creates = Creates::of(view);
    let mut all_known = true;
    for step in &view.plan.steps {
        let Some(target) = view.target(&step.address) else {
            found.unless(
                false,
                Rule::References,
                &step.id,
                "its target is not in the plan",
            );
            continue;
        };
        let is_known = view.is_known(&step.address);
        found.unless(
            is_known,
            Rule::Unknown,
            &step.id,
            "what is there is not known",
        );
        match &step.effect {
            Effect::Publish(publish) => {
                all_known &= publish.artifact.is_some();
                published(view, step, publish, target, found);
                is_shown(view, (step, publish), target, found);
                carries_holding(view, &creates, (step, publish), target, found);
            }
            Effect::Await => awaited(&creates, step, found),
            Effect::Point { pointer, from, to } => {
                pointed(view, &creates, step, (pointer, from.as_ref(), to), found);
            }
            Effect::Unpoint { pointer } => unpointed(view, &creates, step, pointer, target, found),
            Effect::Yank { .. } | Effect::Deprecate { .. } => withdrawn(view, step, target, found),
            Effect::Adopt { files, pointer } => {
                adopted(view, step, files, pointer.as_ref(), target, found)
            }
        }
    }
    found.unless(
        view.plan.applicable == all_known,
        Rule::Applicable,
        "applicable",
        "it does not tell whether all bytes are known",
    );
    resolvable(view, &creates, found);
}

pub(super) fn holds_one_file(target: &Target) -> bool {
    target.capabilities.accepts.len() == 1
}

fn published(view: &View<'_>, step: &Step, publish: &Publish, target: &Target, found: &mut Found) {
    let Publish {
        artifact,
        one_of_many: _,
        pointer: _,
        first,
        settings: _,
        siblings,
    } = publish;
    let is_absent = matches!(view.seen(&step.address), Some(Seen::Absent));
    found.unless(
        *first == is_absent,
        Rule::Overwrite,
        &step.id,
        "it should be the first of its name exactly if the registry has no such name",
    );
    let shown = view.shown(&step.address, &step.version);
    let takes = |there: &Version| {
        let artifact = artifact.as_ref().and_then(|file| view.artifacts.get(file));
        artifact
            .is_some_and(|artifact| takes_slot(&artifact.package.ecosystem, there, &step.version))
    };
    let mut others = view
        .facts(&step.address)
        .into_iter()
        .flat_map(|facts| facts.versions.keys());
    found.unless(
        !others.any(takes),
        Rule::Overwrite,
        &step.id,
        "the registry has a version that it would take it for",
    );
    let is_there = shown.is_some_and(|shown| match artifact {
        Some(file) => holds_one_file(target) || view.shown_file(shown, file).is_some(),
        None => true,
    });
    found.unless(!is_there, Rule::Overwrite, &step.id, "it is there already");
    let rises = siblings.is_sorted_by(|a, b| a < b);
    found.unless(
        rises,
        Rule::Order,
        &step.id,
        "its siblings are not in order, or twice there",
    );
    if let Some(file) = artifact {
        belongs(view, step, file, target, found);
    }
}

/// Whether the artifact is of the step's package and version and of a kind that the target takes.
fn belongs(view: &View<'_>, step: &Step, file: &FileName, target: &Target, found: &mut Found) {
    let fits = view.artifacts.get(file).is_some_and(|artifact| {
        artifact.package.name == step.address.package
            && artifact.version == step.version
            && target.capabilities.accepts.contains(&artifact.kind)
    });
    found.unless(
        fits,
        Rule::Artifact,
        &step.id,
        "its artifact is missing, or of something else",
    );
}

fn awaited(creates: &Creates<'_>, step: &Step, found: &mut Found) {
    let uploads = creates.publishes.get(&(&step.address, &step.version));
    let waits = uploads.is_some_and(|uploads| {
        uploads
            .iter()
            .all(|(upload, _)| step.needs.binary_search(&upload.id).is_ok())
    });
    found.unless(
        waits,
        Rule::Resolvable,
        &step.id,
        "it does not wait for every upload of its version",
    );
}

fn withdrawn(view: &View<'_>, step: &Step, target: &Target, found: &mut Found) {
    let facts = view.facts(&step.address);
    let can = match &step.effect {
        Effect::Yank { .. } => {
            let shown = view.shown(&step.address, &step.version);
            target.capabilities.yank && shown.is_some_and(|shown| !shown.yanked)
        }
        Effect::Deprecate {
            range, versions, ..
        } => {
            let matched = facts.and_then(|facts| facts.ranges.get(range));
            target.capabilities.deprecate
                && !versions.is_empty()
                && matched.is_some_and(|matched| versions.iter().all(|one| matched.contains(one)))
        }
        _ => true,
    };
    found.unless(
        can,
        Rule::Withdrawal,
        &step.id,
        "it is not there, is so already, or cannot be withdrawn",
    );
}

fn adopted(
    view: &View<'_>,
    step: &Step,
    files: &[FileName],
    pointer: Option<&PointerName>,
    target: &Target,
    found: &mut Found,
) {
    found.unless(
        !files.is_empty(),
        Rule::Artifact,
        &step.id,
        "it adopts nothing",
    );
    let shown = view.shown(&step.address, &step.version);
    for file in files {
        belongs(view, step, file, target, found);
        let is_same = shown.is_some_and(|shown| is_same(view, file, shown, target));
        found.unless(
            is_same,
            Rule::Artifact,
            &step.id,
            "the registry does not show the same bytes",
        );
    }
    let facts = view.facts(&step.address);
    let is_so = pointer.is_none_or(|pointer| {
        facts.is_some_and(|facts| facts.pointers.get(pointer) == Some(&step.version))
    });
    found.unless(
        is_so,
        Rule::Pointers,
        &step.id,
        "it adopts a pointer that names something else",
    );
}

fn is_same(view: &View<'_>, file: &FileName, shown: &VersionFacts, target: &Target) -> bool {
    let by_name = view.shown_file(shown, file);
    let only = || {
        shown
            .files
            .values()
            .next()
            .filter(|_| holds_one_file(target) && shown.files.len() == 1)
    };
    let (Some(artifact), Some(theirs)) = (view.artifacts.get(file), by_name.or_else(only)) else {
        return false;
    };
    artifact.digests.compare(&theirs.digests) == Comparison::Same
}
