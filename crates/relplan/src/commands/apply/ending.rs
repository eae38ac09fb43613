//! How an apply ends, as a row of the table of what to do next.

use relplan_apply::{ClaimError, Denied, ExitClass, Report};
use relplan_model::{
    address::TargetName, digest::Sha256, plan::Plan, port::StateStore, state::State,
};

use super::{Tally, run::exit};
use crate::{
    commands::{Session, status},
    exit::Exit,
    failure::Failure,
    next::{Next, Situation},
    view::next_text,
};

/// What to do after a walk; `None`: nothing.
pub(super) async fn next(
    session: &Session,
    plan: &Plan,
    (report, exit): (&Report, Exit),
    store: &dyn StateStore,
) -> Option<Next> {
    let situation = match report.exit {
        ExitClass::Done => held_back(exit)?,
        ExitClass::Store => Situation::JournalLost,
        ExitClass::Busy => Situation::TakenOver,
        ExitClass::Approval => Situation::Unapproved,
        ExitClass::Credential => Situation::Credential { open: true },
        ExitClass::Stale => Situation::Expired {
            approvals: needs_approvals(plan),
        },
        ExitClass::Partial if !report.gave_up_on.is_empty() => Situation::WaitedInVain {
            targets: report
                .gave_up_on
                .keys()
                .map(TargetName::to_string)
                .collect(),
        },
        ExitClass::Conflict
        | ExitClass::Partial
        | ExitClass::Unknown
        | ExitClass::Interrupted
        | ExitClass::Invalid => {
            // As `status` will say it, from the same journal.
            let state = relplan_state::load_state(store)
                .await
                .ok()
                .map(|loaded| loaded.state);
            state
                .and_then(|state| status::situation(session, &state))
                .unwrap_or(Situation::Unfinished)
        }
    };
    Some(Next::of(&situation, &session.typed))
}

/// What to do about the rows that a plan held back, by the exit code that they make.
pub fn held_back(exit: Exit) -> Option<Situation> {
    match exit {
        Exit::Unknown => Some(Situation::HeldBack { unknown: true }),
        Exit::Conflict | Exit::Invalid => Some(Situation::HeldBack { unknown: false }),
        _ => None,
    }
}

/// Says what to do about held rows where there is nothing else to do.
pub(super) fn leave(session: &Session, exit: Exit, tally: &mut Tally) {
    let Some(situation) = held_back(exit) else {
        return;
    };
    let next = Next::of(&situation, &session.typed);
    let text = next_text::render(&next, session.terminal.out);
    session.terminal.result(&text);
    tally.next = Some(next.printed());
}

fn needs_approvals(plan: &Plan) -> bool {
    plan.policy.is_some() || !plan.gates.is_empty()
}

fn is_open(state: &State, plan: Sha256) -> bool {
    state.open.as_ref().is_some_and(|open| open.plan == plan)
}

/// What to do about a plan that was not admitted.
pub(super) fn denied(
    session: &Session,
    denied: &Denied,
    state: &State,
    failure: Failure,
) -> Failure {
    let mine = status::situation(session, state);
    let is_open = mine.is_some();
    let situation = match denied {
        Denied::OtherOpen { .. } => {
            return match status::next(session, state) {
                Some(next) => failure.next(&next),
                None => failure,
            };
        }
        // The plan is the open one where it has expired with steps left.
        Denied::Expired { .. } => match mine {
            Some(expired @ Situation::Expired { .. }) => expired,
            _ => Situation::PlanAgain { pack: false },
        },
        Denied::Stale { .. } | Denied::Abandoned | Denied::Grades { .. } => {
            Situation::PlanAgain { pack: false }
        }
        Denied::Plan(_) | Denied::Inconsistent(_) => Situation::PlanAgain { pack: false },
        Denied::NotApplicable => Situation::PlanAgain { pack: true },
        Denied::Errors { .. } => Situation::PlanAgain { pack: false },
        Denied::Artifacts { findings } if is_open => Situation::BundleLost {
            missing: findings.len(),
        },
        Denied::Artifacts { .. } => Situation::PlanAgain { pack: true },
        Denied::Credentials { .. } => Situation::Credential { open: is_open },
        Denied::Targets { .. } | Denied::Undescribed { .. } | Denied::Unusable { .. } => {
            Situation::PutRight
        }
    };
    failure.situation(situation)
}

/// What to do about a plan whose bundle cannot be opened.
pub(super) fn without_bundle(plan: &Plan, digest: Sha256, state: &State) -> Situation {
    if is_open(state, digest) {
        Situation::BundleLost {
            missing: plan.artifacts.len(),
        }
    } else {
        Situation::PlanAgain { pack: true }
    }
}

/// What to do about a plan that could not be claimed.
pub(super) fn not_claimed(session: &Session, error: &ClaimError, state: &State) -> Failure {
    let failure = Failure::of(exit(error.exit()), error).while_doing("nothing was published");
    match error {
        ClaimError::Denied(why) => denied(session, why, state, failure),
        ClaimError::Taken { .. } => failure.situation(Situation::TakenOver),
        ClaimError::Withheld(_) => failure.situation(Situation::Unapproved),
        ClaimError::Moved { .. } | ClaimError::Store(_) => failure,
    }
}
