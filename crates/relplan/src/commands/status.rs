//! `relplan status`: what is recorded, and what is under way. Asks no registry.

use relplan_model::{
    plan::Plan,
    state::{Printed, State},
};

use super::Session;
use crate::{
    arguments::{Format, Status},
    exit::Exit,
    failure::Failure,
    planning::load_state,
    project::Project,
    store,
    view::status_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Status) -> Result<Exit, Failure> {
    let opened = store::find(session, arguments.places.state.as_deref())?;
    let store = opened.store;
    let (state, _) = load_state(&*store).await?;
    match arguments.format {
        Format::Json => {
            let text = serde_json::to_string(&Printed::from(state))
                .map_err(|error| Failure::of(Exit::Internal, &error))?;
            session.terminal.json(&text);
        }
        Format::Text => {
            let open = open_plan(&session.project, &state);
            session.terminal.result(&status_text::render(
                &state,
                &store.location(),
                open.as_ref(),
                session.terminal.out,
            ));
        }
    }
    Ok(Exit::Done)
}

/// The open plan, where it was started from here.
pub fn open_plan(project: &Project, state: &State) -> Option<Plan> {
    let open = state.open.as_ref()?;
    let file = started_plan(project, open.plan);
    let bytes = crate::files::read_found(&file, relplan_model::plan::MAX_SIZE as u64).ok()?;
    Plan::from_bytes(&bytes)
        .ok()
        .filter(|_| Plan::digest(&bytes) == open.plan)
}

/// Where a started plan is kept.
pub fn started_plan(
    project: &Project,
    digest: relplan_model::digest::Sha256,
) -> std::path::PathBuf {
    project
        .started_plans()
        .join(format!("{}.relplan.json", digest.hex()))
        .into_std_path_buf()
}
