//! The rows and steps of one unit.

use std::collections::BTreeSet;

use relplan_model::{
    address::{Address, PackageName, PointerName, Version},
    bundle::Artifact,
    plan::{Action, Change, Reason, Subject},
    step::{Effect, Publish, Step, StepId},
};

use super::{Draft, bare_row, version_row};
use crate::{
    diff::{Decision, Upload, Verdict},
    index::{Index, Unit},
    pointer::Pointing,
    remark::reason,
};

/// A row about something else than a version, with one reason.
pub(crate) fn row(address: &Address, subject: Subject, action: Action, why: Reason) -> Change {
    bare_row(address, subject, action, vec![why])
}

/// A step with no edges yet.
pub(crate) fn step(address: &Address, version: &Version, effect: Effect) -> Step {
    Step {
        id: StepId::of(address, version, &effect),
        address: address.clone(),
        version: version.clone(),
        phase: effect.phase(),
        effect,
        needs: Vec::new(),
        wave: 0,
    }
}

/// Adds the rows of one unit, and the steps that carry them out.
pub(super) fn of_unit(
    index: &Index<'_>,
    unit: &Unit<'_>,
    decision: &Decision<'_>,
    waits: Option<&BTreeSet<usize>>,
    draft: &mut Draft,
) {
    let (address, version) = (&unit.address, &unit.release.version);
    let pointing = decision.pointing.as_ref();
    let mut change = version_row(decision, address, version.as_str());
    let mut steps = Vec::new();
    match &decision.verdict {
        Verdict::Publish(upload) => {
            let waits = waits
                .into_iter()
                .flatten()
                .filter_map(|on| index.units.get(*on));
            let awaits: BTreeSet<StepId> = waits
                .map(|on| StepId::of(&on.address, &on.release.version, &Effect::Await))
                .collect();
            let pointer = pointing.and_then(|pointing| pointing.with_upload.as_ref());
            steps = publishes(index, unit, upload, pointer, &awaits);
            let mut wait = step(address, version, Effect::Await);
            wait.needs = ids(&steps);
            steps.push(wait);
            if !upload.adopt.is_empty() {
                steps.push(adopt(unit, &upload.adopt, None));
            }
        }
        Verdict::Adopt(files) => {
            let named = pointing.filter(|pointing| pointing.before.as_ref() == Some(version));
            let pointer = named.map(|pointing| pointing.pointer.clone());
            steps.push(adopt(unit, files, pointer));
        }
        Verdict::Keep | Verdict::Hold | Verdict::Drift => {}
    }
    change.steps = ids(&steps);
    if let Some(pointing) = pointing {
        point(unit, pointing, &steps, draft);
    }
    draft.changes.push(change);
    draft.steps.append(&mut steps);
}

fn ids(steps: &[Step]) -> Vec<StepId> {
    let mut ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    ids.sort();
    ids
}

/// One upload per file. The first goes alone and the others after it.
///
/// Why: the first file of a version creates the version, and perhaps the name; some registries fail when two uploads
/// try that at the same time.
fn publishes(
    index: &Index<'_>,
    unit: &Unit<'_>,
    upload: &Upload<'_>,
    pointer: Option<&PointerName>,
    awaits: &BTreeSet<StepId>,
) -> Vec<Step> {
    let siblings = siblings(index, unit);
    let effect = |artifact: Option<&&Artifact>| {
        Effect::Publish(Publish {
            artifact: artifact.map(|artifact| artifact.file.clone()),
            one_of_many: upload.one_of_many,
            pointer: pointer.cloned(),
            first: upload.first,
            settings: unit.destination.settings.clone(),
            siblings: siblings.clone(),
        })
    };
    let mut files = upload.files.iter();
    let mut first = step(&unit.address, &unit.release.version, effect(files.next()));
    let others: Vec<Step> = files
        .map(|file| {
            let mut other = step(&unit.address, &unit.release.version, effect(Some(file)));
            other.needs.push(first.id.clone());
            other
        })
        .collect();
    first.needs = awaits.iter().cloned().collect();
    std::iter::once(first).chain(others).collect()
}

/// The dependencies of the same ecosystem that go to the same target, in order of name.
fn siblings(index: &Index<'_>, unit: &Unit<'_>) -> Vec<PackageName> {
    let package = &unit.release.package;
    let goes_here = |place: &usize| {
        let other = index.units.get(*place);
        other.is_some_and(|other| other.address.target == unit.address.target)
    };
    let names: BTreeSet<&PackageName> = unit
        .release
        .dependencies
        .iter()
        .map(|dependency| &dependency.on)
        .filter(|on| on.ecosystem == package.ecosystem && *on != package)
        .filter(|on| {
            index
                .places
                .get(on)
                .is_some_and(|places| places.iter().any(goes_here))
        })
        .map(|on| &on.name)
        .collect();
    names.into_iter().cloned().collect()
}

fn adopt(unit: &Unit<'_>, files: &[&Artifact], pointer: Option<PointerName>) -> Step {
    let effect = Effect::Adopt {
        files: files.iter().map(|artifact| artifact.file.clone()).collect(),
        pointer,
    };
    step(&unit.address, &unit.release.version, effect)
}

/// Adds the pointer's row, the step that moves it, and the row or step that takes a holding pointer away.
fn point(unit: &Unit<'_>, pointing: &Pointing, uploads: &[Step], draft: &mut Draft) {
    let (address, version) = (&unit.address, &unit.release.version);
    let Pointing {
        pointer,
        action,
        before,
        reasons,
        with_upload,
        moves,
        holding,
    } = pointing;
    let mut change = bare_row(
        address,
        Subject::Pointer(pointer.clone()),
        *action,
        reasons.clone(),
    );
    change.before = before.as_ref().map(ToString::to_string);
    // A pointer that is left alone names afterwards what it names now.
    change.after = match action {
        Action::Keep => change.before.clone(),
        _ => Some(version.to_string()),
    };
    let last = uploads
        .iter()
        .filter(|step| matches!(step.effect, Effect::Await));
    let mut after: Vec<StepId> = last.map(|step| step.id.clone()).collect();
    if *moves {
        let effect = Effect::Point {
            pointer: pointer.clone(),
            from: before.clone(),
            to: version.clone(),
        };
        let mut step = step(address, version, effect);
        step.needs = std::mem::replace(&mut after, vec![step.id.clone()]);
        change.steps.push(step.id.clone());
        draft.steps.push(step);
    } else if *action == Action::Point {
        let uploads = uploads
            .iter()
            .filter(|step| matches!(step.effect, Effect::Publish(_)));
        change.steps.extend(uploads.map(|step| step.id.clone()));
        change.steps.sort();
    }
    if let Some(holding) = holding {
        let effect = Effect::Unpoint {
            pointer: holding.clone(),
        };
        let mut step = step(address, version, effect);
        step.needs = after;
        if *moves && with_upload.is_some() {
            change.steps.push(step.id.clone());
        } else {
            draft
                .changes
                .push(holding_row(unit, holding, with_upload.is_some(), &step.id));
        }
        draft.steps.push(step);
    }
    draft.changes.push(change);
}

/// The row about a holding pointer that no other row's pointer stands for.
fn holding_row(unit: &Unit<'_>, holding: &PointerName, is_new: bool, step: &StepId) -> Change {
    let version = &unit.release.version;
    let why = if is_new {
        let message =
            format!("the version waits under {holding} until everything has been published");
        reason("holding", message)
    } else {
        reason(
            "left-behind",
            format!("a plan that was given up left {holding} on {version}"),
        )
    };
    let subject = Subject::Pointer(holding.clone());
    let mut change = row(&unit.address, subject, Action::Point, why);
    change.before = (!is_new).then(|| version.to_string());
    change.steps.push(step.clone());
    change
}
