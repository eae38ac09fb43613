//! The gate of `apply`: nothing is sent anywhere before the plan's approvals are in order.

use relplan_approval::Subject;
use relplan_model::{
    event::Event,
    port::{Clock as _, EventSink},
    state::{Ended, State},
};

use super::Chosen;
use crate::{
    approvals::{
        collect,
        keeper::{Duty, Keeper},
        pin::{Places, Remembered},
    },
    arguments::Apply,
    clock::SystemClock,
    commands::Session,
    exit::Exit,
    failure::Failure,
    next::Situation,
    planning::Made,
    view::{approvals_text, style::harmless},
};

/// The keeper of a plan's gate, which has let it pass just now. `lines` is the journal that `state` is the fold of.
pub(super) fn keeper(
    session: &Session,
    arguments: &Apply,
    chosen: &Chosen,
    (state, lines): (&State, &[Vec<u8>]),
    events: &dyn EventSink,
) -> Result<Keeper, Failure> {
    let subject =
        Subject::read(&chosen.bytes).map_err(|error| Failure::of(Exit::Invalid, &error))?;
    let digest = subject.digest();
    let remembered = Remembered::of(session, &chosen.plan.project, state)?;
    let keeper = Keeper::new(Duty {
        places: places(session, arguments),
        beside: chosen.file.as_deref().map(collect::beside),
        folders: arguments.records.approvals.clone(),
        kept: collect::in_journal(lines, digest),
        remembered,
        started: state.open.as_ref().is_some_and(|open| open.plan == digest),
        subject,
    });
    // What has ended needs nobody's approval to stay ended, and what has no effect needs none at all.
    let is_over = state.ended.get(&digest) == Some(&Ended::Closed);
    if !is_over && chosen.plan.has_steps() {
        let is_open = state.open.as_ref().is_some_and(|open| open.plan == digest);
        demand(session, chosen, (&keeper, is_open), events)?;
    }
    Ok(keeper)
}

fn places(session: &Session, arguments: &Apply) -> Places {
    Places::new(
        &session.project,
        &session.surroundings,
        &arguments.pinned,
        session.terminal.err,
    )
    .on_journal(arguments.places.state.as_deref())
}

fn demand(
    session: &Session,
    chosen: &Chosen,
    (keeper, is_open): (&Keeper, bool),
    events: &dyn EventSink,
) -> Result<(), Failure> {
    let nothing = |failure: Failure| failure.while_doing("nothing was published");
    let Some(answer) = keeper.answer().map_err(nothing)? else {
        // What the plan says of this was true where it was made.
        let text = format!(
            "no policy is in force here for {}, so nobody had to approve this plan",
            harmless(&chosen.plan.project)
        );
        let err = session.terminal.err;
        session.terminal.remark(&err.wrap("note: ", "  ", &text));
        return Ok(());
    };
    let verdict = &answer.verdict;
    let counted = verdict.approved(answer.pinned.pin).approvals.into_iter();
    // In order of person, and one person may have said it twice.
    let mut people: Vec<String> = counted.map(|one| one.person).collect();
    people.dedup();
    events.emit(Event::Approval {
        plan: verdict.plan,
        approved: verdict.is_approved(),
        people,
        missing: verdict.shortfalls(),
    });
    if verdict.is_approved() {
        return Ok(());
    }
    let (exit, situation) = match (SystemClock.now() > chosen.plan.not_after, is_open) {
        (true, true) => (Exit::Stale, Situation::Expired { approvals: true }),
        (true, false) => (Exit::Stale, Situation::PlanAgain { pack: false }),
        (false, _) => (Exit::Approval, Situation::Unapproved),
    };
    let details = approvals_text::render(verdict, &answer.pinned, session.terminal.err);
    let failure = Failure::new(exit, "nothing was published");
    let failure = Failure {
        chain: failure
            .chain
            .into_iter()
            .chain(["the plan is not approved".to_owned()])
            .chain(verdict.shortfalls())
            .collect(),
        ..failure
    };
    Err(failure.details(details).situation(situation))
}

/// A plan that was made just now has nobody's approval: where it needs one it must be saved first.
///
/// `remembered` is the policy that is remembered.
pub(super) fn needs_nobody(
    session: &Session,
    arguments: &Apply,
    made: &Made,
    remembered: Option<Remembered>,
) -> Result<(), Failure> {
    let subject =
        Subject::read(&made.bytes).map_err(|error| Failure::of(Exit::Internal, &error))?;
    let keeper = Keeper::new(Duty {
        places: places(session, arguments),
        beside: None,
        folders: Vec::new(),
        kept: Vec::new(),
        remembered,
        started: false,
        subject,
    });
    let is_free = match keeper.answer() {
        Ok(None) => true,
        Ok(Some(answer)) => answer.verdict.is_approved(),
        Err(failure) => return Err(failure),
    };
    if is_free {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Approval,
        "nothing was published: releases of this project need approvals, so the plan must be saved for people to sign it",
    )
    .situation(Situation::SaveAndApprove))
}
