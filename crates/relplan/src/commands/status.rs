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
    journal::{self, Asked},
    project::Project,
    store,
    view::status_text,
};

/// Runs it.
pub async fn run(session: &Session, arguments: &Status) -> Result<Exit, Failure> {
    let given = arguments.places.state.as_deref();
    let spec = store::spec_beside(session, given)?;
    let opened = store::open(session, given, spec.as_ref())?;
    let asked = Asked {
        project: spec.as_ref().map(|spec| spec.project.name.as_str()),
        plan: None,
    };
    let state = journal::read(session, &opened, asked).await?.state;
    if spec.is_none() && state.lineage.is_none() {
        nothing_here(session);
    }
    let store = opened.store;
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

/// Says that this is no project's folder, and which one may be meant.
fn nothing_here(session: &Session) {
    let root = session.project.root.as_std_path();
    let spec = &session.project.spec_path;
    let mut above = root.ancestors().skip(1);
    let text = match above.find(|folder| folder.join(spec).is_file()) {
        Some(folder) => format!(
            "note: there is no spec in this folder; there is one in {0}: relplan -C {0} status\n",
            folder.display()
        ),
        None => "note: there is no spec in this folder either\n".to_owned(),
    };
    session.terminal.remark(&text);
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
