//! `relplan state`: look at the journal, verify it, give an open plan up.

use relplan_model::{journal::Entry, port::StateStore as _, state::Printed};
use relplan_state::FileStore;

use super::Session;
use crate::{
    arguments::{State, StatePlace},
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    planning::load_state,
    view::journal_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &State) -> Result<Exit, Failure> {
    let (State::Show(place)
    | State::Log { place, .. }
    | State::Check(place)
    | State::Abandon { place, .. }) = arguments;
    let store = store(session, place);
    let (state, findings) = load_state(&store).await?;
    for finding in &findings {
        session
            .terminal
            .remark(&crate::view::plan_text::finding_text(
                finding,
                session.terminal.err,
            ));
    }
    match arguments {
        State::Show(_) => {
            let text = serde_json::to_string(&Printed::from(state))
                .map_err(|error| Failure::of(Exit::Internal, &error))?;
            session.terminal.result(&text);
        }
        State::Log { approvals, .. } => {
            let lines = store
                .load()
                .await
                .map_err(|error| Failure::of(Exit::Store, &error))?;
            let mut text = String::new();
            for line in lines {
                let entry =
                    Entry::from_line(&line).map_err(|error| Failure::of(Exit::Store, &error))?;
                if *approvals {
                    text.push_str(&journal_text::approvals(&entry));
                } else {
                    text.push_str(&journal_text::line(&entry));
                    text.push('\n');
                }
            }
            if text.is_empty() {
                text.push_str(if *approvals {
                    "No plan was approved."
                } else {
                    "The journal is empty."
                });
            }
            session.terminal.result(&text);
        }
        State::Check(_) => {
            let text = format!(
                "The journal is sound: {} entries, serial {}, head {}.",
                state.length, state.serial, state.head
            );
            session.terminal.result(&text);
        }
        State::Abandon { reason, .. } => {
            let Some(open) = &state.open else {
                session.terminal.result("No plan is open.");
                return Ok(Exit::Done);
            };
            relplan_apply::abandon(&store, &SystemClock, open.plan, reason.clone())
                .await
                .map_err(|error| Failure::of(Exit::Store, &error))?;
            let text = format!(
                "Plan {} is given up. What it published stays published; the next plan starts from what the registries say.",
                open.plan.short()
            );
            session.terminal.result(&text);
        }
    }
    Ok(Exit::Done)
}

pub fn store(session: &Session, place: &StatePlace) -> FileStore {
    let spec = session
        .project
        .spec(&relplan_targets::vocabulary(), session.terminal.err)
        .ok();
    FileStore::new(
        session
            .project
            .state(place.state.as_deref(), spec.as_ref().map(|read| &read.spec)),
    )
}
