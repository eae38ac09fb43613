//! The selection of an `apply` that finds a plan open: it holds, or the command is refused.
//!
//! Invariant: whatever `-p`, `--exclude` and `--target` say, no step outside of them is begun.
//!
//! Why refused rather than cut down: a part of a plan waits for the runs of the other parts, and somebody who typed a
//! selection asked for a release of less, not for a share of the plan that another command began.

use std::collections::BTreeSet;

use relplan_model::{
    plan::{Plan, Selection},
    state::{Progress, State},
    step::Step,
};

use super::{Chosen, part};
use crate::{
    arguments::Selected,
    commands::{Session, status},
    exit::Exit,
    failure::Failure,
    gather::{
        selection::Picked,
        wishes::{Wishes, wishes},
    },
    view::style::count,
};

/// Refuses to go on with an open plan that has steps left outside of the selection.
///
/// # Errors
/// When the selection names what is not there, or takes less than the plan has left to do (exit 64).
pub(super) fn hold(
    session: &Session,
    selected: &Selected,
    chosen: &Chosen,
    state: &State,
) -> Result<(), Failure> {
    let Selected {
        packages,
        exclude,
        targets,
    } = selected;
    if packages.is_empty() && exclude.is_empty() && targets.is_empty() {
        return Ok(());
    }
    let known = known(session, selected, &chosen.plan)?;
    let picked = match &known {
        Some(known) => Some((Picked::new(selected, &known.packages)?, known)),
        None => None,
    };
    let takes = |step: &Step| {
        let (picked, known) = picked.as_ref()?;
        let mut named = known
            .packages
            .values()
            .filter(|package| package.id.name == step.address.package)
            .peekable();
        named.peek()?;
        Some(named.all(|package| picked.takes(package)))
    };
    let left = left(&chosen.plan, state);
    let outside: Vec<&Step> = left
        .iter()
        .copied()
        .filter(|step| !is_inside(selected, &chosen.plan.selection, step, takes(step)))
        .collect();
    let Some(first) = outside.first() else {
        return Ok(());
    };
    let message = format!(
        "the plan {} is open, and the selection leaves out {} of the {} that it has left, such as `{}`",
        Plan::digest(&chosen.bytes).short(),
        outside.len(),
        count(left.len(), "step", "steps"),
        first.id
    );
    let failure = Failure::new(Exit::Usage, message)
        .while_doing("nothing was published")
        .hint("release what is selected once the open plan has ended, with all of its steps");
    Err(match status::next(session, state) {
        Some(next) => failure.next(&next),
        None => failure,
    })
}

/// What spec and workspaces know; `None`: there is no spec here, and the plan alone tells what there is.
fn known(session: &Session, selected: &Selected, plan: &Plan) -> Result<Option<Wishes>, Failure> {
    let project = &session.project;
    if project.root.as_std_path().join(&project.spec_path).exists() {
        let style = session.terminal.err;
        let read = project.spec(&relplan_targets::vocabulary(), style)?;
        return wishes(&project.root, &read, None, selected, style).map(Some);
    }
    let targets: Vec<&str> = plan.targets.iter().map(|one| one.name.as_str()).collect();
    match selected
        .targets
        .iter()
        .find(|name| !targets.contains(&name.as_str()))
    {
        Some(name) => Err(part::unknown(name, &targets)),
        None => Ok(None),
    }
}

/// The steps that have not ended well.
fn left<'p>(plan: &'p Plan, state: &State) -> Vec<&'p Step> {
    let progress = state.open.as_ref().map(|open| &open.steps);
    let is_done = |step: &&Step| {
        let progress = progress.and_then(|steps| steps.get(&step.id));
        matches!(progress, Some(Progress::Done(_)))
    };
    plan.steps.iter().filter(|step| !is_done(step)).collect()
}

/// Whether a step is inside of a selection. `planned` is the selection that the plan was made by, and `takes` what the
/// patterns say of the step's package, where that is known.
fn is_inside(selected: &Selected, planned: &Selection, step: &Step, takes: Option<bool>) -> bool {
    let mut targets = selected.targets.iter();
    let is_target =
        selected.targets.is_empty() || targets.any(|name| name == step.address.target.as_str());
    is_target && (takes == Some(true) || is_as_planned(selected, planned))
}

/// Whether patterns take all that those of the plan took.
fn is_as_planned(selected: &Selected, planned: &Selection) -> bool {
    let set = |patterns: &[String]| patterns.iter().cloned().collect::<BTreeSet<String>>();
    let (only, planned_only) = (set(&selected.packages), set(&planned.packages));
    let takes_all = only.is_empty() || (!planned_only.is_empty() && planned_only.is_subset(&only));
    takes_all && set(&selected.exclude).is_subset(&set(&planned.exclude))
}

#[cfg(test)]
mod tests;
