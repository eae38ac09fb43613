//! Which steps of a plan `apply` carries out: `--target` of a saved plan names a part, and other runs have the rest.

use std::{collections::BTreeSet, time::Duration};

use relplan_apply::Part;
use relplan_model::{address::TargetName, digest::Sha256, plan::Plan, port::Clock, state::State};

use super::Chosen;
use crate::{
    arguments::{Apply, Selected},
    clock::SystemClock,
    commands::Session,
    exit::Exit,
    failure::Failure,
    gather::selection::nearest,
    memory::note_head,
    next::Situation,
    store::{self, Opened},
};

/// The part that the command line names.
///
/// # Errors
/// When it names what the plan has not (exit 64), or the other runs could not see what this one records (exit 64).
pub(super) fn of(
    session: &Session,
    arguments: &Apply,
    chosen: &Chosen,
    opened: &Opened,
) -> Result<Part, Failure> {
    let Selected {
        packages,
        exclude,
        targets,
    } = &arguments.planning.selected;
    if !chosen.given {
        // It was planned by the selection that these are, just now or before an interruption.
        return Ok(Part::whole());
    }
    if !packages.is_empty() || !exclude.is_empty() {
        let message =
            "packages are selected when a plan is made; a plan that is there is applied as it is";
        return Err(
            Failure::new(Exit::Usage, message).situation(Situation::PlanApart {
                words: "to release less, make a plan of less:",
            }),
        );
    }
    if targets.is_empty() {
        return Ok(Part::whole());
    }
    let mut named = BTreeSet::new();
    for name in targets {
        named.insert(target(&chosen.plan, name)?);
    }
    let is_shared = chosen
        .plan
        .steps
        .iter()
        .any(|step| !named.contains(&step.address.target));
    if is_shared && store::is_lost_with_the_runner(session, opened) {
        let message = format!(
            "the state is in {} on this machine alone, so the runs of the other targets would not see what this one does",
            opened.store.location()
        );
        return Err(Failure::new(Exit::Usage, message)
            .while_doing("nothing was published")
            .hint("keep the state where all of them reach it (`state \"git\"` in the spec), and make a new plan")
            .hint("or apply the whole plan in one job, without --target"));
    }
    Ok(Part::of(named))
}

/// How long to wait for another run to begin, to tell it that this one does not.
const MANNERS: Duration = Duration::from_secs(30);

/// Tells the other runs that this one does not begin. If that cannot be told, they find out by waiting.
pub(super) async fn decline(
    session: &Session,
    (plan, reason): (Sha256, &str),
    part: &Part,
    (opened, judged): (&Opened, &State),
) {
    let text =
        "This run cannot begin. It waits up to 30 s for the other runs of the plan, to tell them.";
    session.terminal.remark(text);
    let ports = (&*opened.store, &SystemClock as &dyn Clock);
    let told = relplan_apply::decline(plan, (part, reason), ports, (judged, MANNERS)).await;
    let is_told = match told {
        Ok(Some(after)) => note_head(session, &opened.place, &after).is_ok(),
        Ok(None) | Err(_) => false,
    };
    if !is_told {
        session
            .terminal
            .remark("They could not be told, and wait for as long as --wait says.");
    }
}

fn target(plan: &Plan, name: &str) -> Result<TargetName, Failure> {
    let mut known = plan.targets.iter().map(|target| &target.name);
    if let Some(found) = known.find(|known| known.as_str() == name) {
        return Ok(found.clone());
    }
    let names: Vec<&str> = plan.targets.iter().map(|t| t.name.as_str()).collect();
    Err(unknown(name, &names))
}

/// A target that the plan does not have.
pub(super) fn unknown(name: &str, known: &[&str]) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("the plan has no target {name:?}"));
    if known.is_empty() {
        return failure.hint("it has no targets at all");
    }
    let failure = match nearest(name, known.iter().copied()) {
        Some(word) => failure.hint(format!("did you mean {word:?}?")),
        None => failure,
    };
    failure.hint(format!("its targets are {}", known.join(", ")))
}
