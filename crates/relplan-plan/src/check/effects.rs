//! Rules about what steps do: over what, after what, and with which bytes.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, PointerName, Version},
    digest::Comparison,
    observation::{Seen, VersionFacts},
    plan::{Action, Subject},
    step::{Effect, Publish, Step, StepId},
    target::Target,
};

use super::{Found, Rule, View};

type At<'a> = (&'a Address, &'a Version);

/// What the steps do to each version.
#[derive(Default)]
struct Creates<'a> {
    publishes: BTreeMap<At<'a>, Vec<(&'a Step, &'a Publish)>>,
    awaits: BTreeMap<At<'a>, &'a Step>,
    /// The version that is published at each address.
    versions: BTreeMap<&'a Address, &'a Version>,
    unpoints: BTreeSet<(&'a Address, &'a PointerName)>,
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

fn holds_one_file(target: &Target) -> bool {
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
    let is_there = shown.is_some_and(|shown| match artifact {
        Some(file) => holds_one_file(target) || shown.files.contains_key(file),
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

/// Law L8: an upload to a known name does not touch the pointer that users follow, where that can be had.
fn carries_holding(
    view: &View<'_>,
    creates: &Creates<'_>,
    (step, publish): (&Step, &Publish),
    target: &Target,
    found: &mut Found,
) {
    let Some(holding) = &target.capabilities.holding_pointer else {
        return;
    };
    if publish.first {
        return;
    }
    let is_held = publish.pointer.as_ref() == Some(holding);
    found.unless(
        is_held,
        Rule::Pointers,
        &step.id,
        "it moves a pointer before everything has landed",
    );
    let wants_to_stay = view.plan.changes.iter().any(|change| {
        change.address == step.address
            && change.subject == Subject::Pointer(holding.clone())
            && change.after.as_deref() == Some(step.version.as_str())
    });
    let is_cleaned = creates.unpoints.contains(&(&step.address, holding));
    found.unless(
        !is_held || is_cleaned || wants_to_stay,
        Rule::Pointers,
        &step.id,
        "nobody takes its holding pointer away",
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

fn pointed(
    view: &View<'_>,
    creates: &Creates<'_>,
    step: &Step,
    (pointer, from, to): (&PointerName, Option<&Version>, &Version),
    found: &mut Found,
) {
    let now = view
        .facts(&step.address)
        .and_then(|facts| facts.pointers.get(pointer));
    let moves = from == now && Some(to) != now && *to == step.version;
    found.unless(
        moves,
        Rule::Pointers,
        &step.id,
        "it does not move the pointer from where it is",
    );
    let at = (&step.address, to);
    let is_there = view.shown(&step.address, to).is_some();
    let is_awaited = creates
        .awaits
        .get(&at)
        .is_some_and(|wait| step.needs.contains(&wait.id));
    let is_whole = is_awaited || (is_there && !creates.publishes.contains_key(&at));
    found.unless(
        is_whole,
        Rule::Pointers,
        &step.id,
        "what it points to need not be there by then",
    );
}

fn unpointed(
    view: &View<'_>,
    creates: &Creates<'_>,
    step: &Step,
    pointer: &PointerName,
    target: &Target,
    found: &mut Found,
) {
    let uploads = creates.publishes.get(&(&step.address, &step.version));
    let is_set = uploads.is_some_and(|uploads| {
        uploads
            .iter()
            .any(|(_, publish)| publish.pointer.as_ref() == Some(pointer))
    });
    let facts = view.facts(&step.address);
    let is_there = facts.is_some_and(|facts| facts.pointers.get(pointer) == Some(&step.version));
    let is_holding = target.capabilities.holding_pointer.as_ref() == Some(pointer);
    found.unless(
        is_holding && (is_set || is_there),
        Rule::Pointers,
        &step.id,
        "it takes a pointer away that is not a holding pointer of this version",
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
    let by_name = shown.files.get(file);
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

/// Law L7, as far as the plan alone can tell: whoever names a sibling that is published as well waits for it, unless
/// the plan says that a cycle was broken or that a soft dependency is held.
fn resolvable(view: &View<'_>, creates: &Creates<'_>, found: &mut Found) {
    let said = |code: &str| -> BTreeSet<&Address> {
        let findings = view
            .plan
            .findings
            .iter()
            .filter(|finding| finding.code == code);
        findings
            .filter_map(|finding| finding.address.as_ref())
            .collect()
    };
    let broken = said("cycle-broken");
    let lenient = said("dependency-held");
    let held: BTreeSet<&Address> = view
        .plan
        .changes
        .iter()
        .filter(|change| change.subject == Subject::Version)
        .filter(|change| matches!(change.action, Action::Hold | Action::Drift))
        .map(|change| &change.address)
        .collect();
    for (at, uploads) in &creates.publishes {
        let is_awaited = creates.awaits.contains_key(at);
        found.unless(
            is_awaited,
            Rule::Resolvable,
            at.0,
            "nobody waits for its upload",
        );
        let several = uploads.len() > 1;
        let takes_one = view.target(at.0).is_some_and(holds_one_file);
        found.unless(
            !(several && takes_one),
            Rule::Overwrite,
            at.0,
            "one upload would go over another",
        );
        for (step, publish) in uploads {
            let needs = with_own(step, uploads);
            for sibling in &publish.siblings {
                let sibling = Address::new(at.0.target.clone(), sibling.clone());
                let waits =
                    creates
                        .versions
                        .get_key_value(&sibling)
                        .is_none_or(|(address, version)| {
                            let wait = creates.awaits.get(&(*address, *version));
                            wait.is_some_and(|wait| needs.contains(&wait.id))
                        });
                found.unless(
                    waits || broken.contains(at.0),
                    Rule::Resolvable,
                    &step.id,
                    "it does not wait for a sibling that it depends on",
                );
                found.unless(
                    !held.contains(&sibling) || lenient.contains(at.0),
                    Rule::Resolvable,
                    &step.id,
                    "it goes though a sibling that it depends on is held",
                );
            }
        }
    }
}

/// What a step needs, and what the uploads of the same version need that it waits for.
fn with_own<'a>(step: &'a Step, uploads: &[(&'a Step, &Publish)]) -> BTreeSet<&'a StepId> {
    let own = uploads
        .iter()
        .filter(|(upload, _)| step.needs.contains(&upload.id));
    own.flat_map(|(upload, _)| &upload.needs)
        .chain(&step.needs)
        .collect()
}
