//! `relplan adopt`: takes into the records what registries have already, so that later changes to it are seen.
//!
//! Invariant: registries are only read, and the records get what was seen in one compare-and-swap on the state that it
//! was compared with (law L10).

use relplan_model::{
    finding::{Finding, Severity},
    journal::Fact,
};
use relplan_plan::{Adoption, Standing};

use super::{Session, apply, status::next};
use crate::{
    arguments::{Adopt, Planning},
    clock::SystemClock,
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    memory::note_head,
    next::Situation,
    planning::Ground,
    store,
    view::{adopt_text, plan_text::finding_text},
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Adopt) -> Result<Exit, Failure> {
    let terminal = session.terminal;
    let places = &arguments.places;
    let ground = Ground::new(
        session,
        places,
        &crate::arguments::PinnedPlace::default(),
        &session.surroundings,
        terminal.err,
    )
    .await?;
    if let Some(open) = &ground.state.open {
        let message = format!(
            "the plan {} is open since {} (by {}), and what it does is its own to record",
            open.plan.short(),
            open.since,
            open.runner
        );
        let failure = Failure::new(Exit::Open, message);
        return Err(match next(session, &ground.state) {
            Some(next) => failure.next(&next),
            None => failure,
        });
    }
    let (adoptions, findings) = look(session, arguments, &ground).await?;
    for finding in &findings {
        terminal.remark(&finding_text(finding, terminal.err));
    }
    let project = ground.read.spec.project.name.clone();
    terminal.result(&adopt_text::render(&project, &adoptions, terminal.out));
    let exit = exit(&adoptions, &findings);
    let facts: Vec<Fact> = adoptions.into_iter().flat_map(|one| one.facts).collect();
    if facts.is_empty() {
        return Ok(exit);
    }
    if !arguments.yes {
        if !terminal.interactive {
            return Err(Failure::new(
                Exit::Usage,
                "there is nobody to ask, so nothing was recorded",
            )
            .situation(Situation::again(
                "to record it without being asked:",
                &["--yes"],
            )));
        }
        if !terminal.ask("Record this?") {
            terminal.remark("Nothing was recorded.");
            return Ok(Exit::Done);
        }
    }
    let given = places.state.as_deref();
    let opened = store::open(session, given, Some(&ground.read.spec))?;
    let store = &opened.store;
    let opening = (apply::run::random_name()?, project);
    let state = relplan_apply::adopt(&**store, &SystemClock, ground.state, opening, facts)
        .await
        .map_err(|error| {
            let failure = Failure::of(apply::run::exit(error.exit()), &error);
            failure.situation(Situation::again("look at what is there now:", &[]))
        })?;
    note_head(session, &opened.place, &state)?;
    let text = adopt_text::recorded(state.serial, &store.location());
    terminal.result(&text);
    Ok(exit)
}

/// What registries have, beside what is recorded, with remarks.
async fn look(
    session: &Session,
    arguments: &Adopt,
    ground: &Ground,
) -> Result<(Vec<Adoption>, Vec<Finding>), Failure> {
    let planning = Planning {
        selected: arguments.selected.clone(),
        ..Planning::default()
    };
    let folder = ground.folder()?;
    let bundle = folder.as_ref().map(|folder| folder.bundle().clone());
    let style = session.terminal.err;
    let wishes = ground.wishes(&session.project, bundle.as_ref(), &planning, style)?;
    let mut observations = {
        let progress = Progress::new(session.terminal);
        ground.observe(&wishes, &progress).await
    };
    {
        let progress = Progress::new(session.terminal);
        ground
            .observe_further(&wishes, &mut observations, &progress)
            .await;
    }
    let mut findings: Vec<Finding> = wishes
        .findings
        .iter()
        .filter(|finding| finding.severity != Severity::Note)
        .cloned()
        .collect();
    let input = ground.input(&wishes, observations, bundle, &planning);
    let adoptions = relplan_plan::adoptions(&input, &mut findings);
    Ok((adoptions, findings))
}

/// What was not adopted is told by the exit code, whatever was.
fn exit(adoptions: &[Adoption], findings: &[Finding]) -> Exit {
    let any = |is: fn(&Standing) -> bool| adoptions.iter().any(|one| is(&one.standing));
    if any(|standing| matches!(standing, Standing::Unknown { .. })) {
        Exit::Unknown
    } else if any(|standing| matches!(standing, Standing::Refused { .. })) {
        Exit::Conflict
    } else if findings.iter().any(|one| one.severity == Severity::Error) {
        Exit::Invalid
    } else {
        Exit::Done
    }
}
