//! Rules about rows: reasons, the steps that carry them out, and nothing decided about the unknown.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::Address,
    plan::{Action, Change, Subject},
    step::{Effect, Step, StepId},
};

use super::{Found, Rule, View};

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let mut rows_of: BTreeMap<&StepId, BTreeSet<&Address>> = BTreeMap::new();
    for change in &view.plan.changes {
        row(view, change, found);
        for id in &change.steps {
            rows_of.entry(id).or_default().insert(&change.address);
        }
    }
    for step in &view.plan.steps {
        let belongs = rows_of
            .get(&step.id)
            .is_some_and(|rows| rows.contains(&step.address));
        found.unless(
            belongs,
            Rule::Rows,
            &step.id,
            "it belongs to no row of its address",
        );
    }
}

fn row(view: &View<'_>, change: &Change, found: &mut Found) {
    let Change {
        address,
        subject,
        action,
        before: _,
        after: _,
        bump: _,
        reasons,
        steps,
    } = change;
    found.unless(
        !reasons.is_empty(),
        Rule::Rows,
        address,
        "a row has no reason",
    );
    let acts = match action {
        Action::Publish
        | Action::Stage
        | Action::Point
        | Action::Yank
        | Action::Deprecate
        | Action::Adopt => true,
        Action::Keep | Action::Hold | Action::Drift => false,
    };
    found.unless(
        acts != steps.is_empty(),
        Rule::Rows,
        address,
        "a row has steps that its action does not ask for, or none",
    );
    found.unless(
        *action == Action::Hold || view.is_known(address),
        Rule::Unknown,
        address,
        "a row decides about what is not known",
    );
    let mut does = steps.is_empty();
    for id in steps {
        match view.steps.get(id) {
            None => found.unless(
                false,
                Rule::References,
                address,
                "a row names a step that is not there",
            ),
            Some(step) => {
                found.unless(
                    step.address == *address,
                    Rule::Rows,
                    address,
                    "a row names a step of another address",
                );
                does |= carries_out(step, *action, subject);
            }
        }
    }
    found.unless(
        does,
        Rule::Rows,
        address,
        "no step of a row does what the row says",
    );
}

/// Whether a step is what a row of this action and subject is about.
fn carries_out(step: &Step, action: Action, subject: &Subject) -> bool {
    match (&step.effect, action, subject) {
        (Effect::Publish(_), Action::Publish | Action::Stage, Subject::Version)
        | (Effect::Adopt { .. }, Action::Adopt, Subject::Version) => true,
        (Effect::Publish(publish), Action::Point, Subject::Pointer(pointer)) => {
            publish.pointer.as_ref() == Some(pointer)
        }
        (
            Effect::Point { pointer, .. } | Effect::Unpoint { pointer },
            Action::Point,
            Subject::Pointer(named),
        ) => pointer == named,
        (Effect::Yank { .. }, Action::Yank, Subject::Yank(version)) => step.version == *version,
        (Effect::Deprecate { range, .. }, Action::Deprecate, Subject::Deprecation(named)) => {
            range == named
        }
        _ => false,
    }
}
