//! Rules about pointers: they move last, from where they are, to what is there by then (law L8).

use relplan_model::{
    address::{PointerName, Version},
    plan::Subject,
    step::{Publish, Step},
    target::{Capabilities, Target},
};

use super::{Found, Rule, View, effects::Creates};

/// The pointer that an upload sets is the one that a row tells of, or the holding pointer, which is taken away again.
pub(super) fn is_shown(
    view: &View<'_>,
    (step, publish): (&Step, &Publish),
    target: &Target,
    found: &mut Found,
) {
    let Capabilities {
        default_pointer,
        holding_pointer,
        ..
    } = &target.capabilities;
    found.unless(
        publish.pointer.is_some() == default_pointer.is_some(),
        Rule::Pointers,
        &step.id,
        "it leaves its pointer to the registry, or sets one where there are none",
    );
    let Some(pointer) = &publish.pointer else {
        return;
    };
    let is_held = !publish.first && holding_pointer.as_ref() == Some(pointer);
    found.unless(
        !is_held || default_pointer.as_ref() != Some(pointer),
        Rule::Pointers,
        &step.id,
        "its holding pointer is the one that users follow",
    );
    let subject = Subject::Pointer(pointer.clone());
    let row = view.rows.get(&(&step.address, &subject));
    let is_told = row.is_some_and(|row| row.after.as_deref() == Some(step.version.as_str()));
    found.unless(
        is_held || is_told,
        Rule::Pointers,
        &step.id,
        "it sets a pointer that no row tells of",
    );
}

/// Law L8: an upload to a known name does not touch the pointer that users follow, where that can be had.
pub(super) fn carries_holding(
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
    let subject = Subject::Pointer(holding.clone());
    let row = view.rows.get(&(&step.address, &subject));
    let wants_to_stay = row.is_some_and(|row| row.after.as_deref() == Some(step.version.as_str()));
    let is_cleaned = creates.unpoints.contains(&(&step.address, holding));
    found.unless(
        !is_held || is_cleaned || wants_to_stay,
        Rule::Pointers,
        &step.id,
        "nobody takes its holding pointer away",
    );
}

pub(super) fn pointed(
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

pub(super) fn unpointed(
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
    let is_spare = target.capabilities.default_pointer.as_ref() != Some(pointer);
    let is_holding = target.capabilities.holding_pointer.as_ref() == Some(pointer);
    found.unless(
        is_holding && is_spare && (is_set || is_there),
        Rule::Pointers,
        &step.id,
        "it takes a pointer away that is not a holding pointer of this version",
    );
}
