//! Rules about rows: reasons, the steps that carry them out, and nothing decided about the unknown.

use std::collections::BTreeMap;

use relplan_model::{
    plan::{Action, Change, Subject},
    step::{Effect, Step, StepId},
};

use super::{Found, Rule, View, told};

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let mut rows_of: BTreeMap<&StepId, Vec<&Change>> = BTreeMap::new();
    for change in &view.plan.changes {
        row(view, change, found);
        told::check(view, change, found);
        for id in &change.steps {
            rows_of.entry(id).or_default().push(change);
        }
    }
    for step in &view.plan.steps {
        let rows = rows_of.get(&step.id).map_or(&[][..], Vec::as_slice);
        let belongs = rows
            .iter()
            .any(|row| row.address == step.address && tells_of(&row.subject, step));
        found.unless(
            belongs,
            Rule::Rows,
            &step.id,
            "no row of its address tells of it",
        );
    }
}

/// Whether a row of this subject tells people of what the step does.
fn tells_of(subject: &Subject, step: &Step) -> bool {
    match (&step.effect, subject) {
        (Effect::Publish(_) | Effect::Await | Effect::Adopt { .. }, Subject::Version) => true,
        (Effect::Point { pointer, .. }, Subject::Pointer(named)) => pointer == named,
        // A holding pointer goes with the pointer that takes its place.
        (Effect::Unpoint { .. }, Subject::Pointer(_)) => true,
        (Effect::Yank { .. }, Subject::Yank(version)) => step.version == *version,
        (Effect::Deprecate { range, .. }, Subject::Deprecation(named)) => range == named,
        _ => false,
    }
}

fn row(view: &View<'_>, change: &Change, found: &mut Found) {
    let Change {
        address,
        subject,
        action,
        reasons,
        steps,
        ..
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
                let is_main = carries_out(step, *action, subject);
                found.unless(
                    is_main || accompanies(step, *action, subject),
                    Rule::Rows,
                    address,
                    "a row names a step that does something else",
                );
                does |= is_main;
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

/// Whether a step belongs to a row of this action and subject beside those that carry it out.
fn accompanies(step: &Step, action: Action, subject: &Subject) -> bool {
    matches!(
        (&step.effect, action, subject),
        (
            Effect::Await | Effect::Adopt { .. },
            Action::Publish | Action::Stage,
            Subject::Version,
        ) | (Effect::Unpoint { .. }, Action::Point, Subject::Pointer(_))
    )
}
