//! `relplan status`: what is recorded, and what is under way. Asks no registry.

use std::collections::BTreeSet;

use relplan_model::{
    address::FileName,
    digest::Sha256,
    plan::{Plan, PlanError},
    port::Clock as _,
    state::{Open, Printed, Progress, State},
    step::{Effect, Step},
};

use super::Session;
use crate::{
    arguments::{Format, Status},
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    next::{Bundled, Next, OpenPlan, Situation},
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
            session.terminal.json(&printed(session, state)?);
        }
        Format::Text => {
            let next = next(session, &state);
            session.terminal.result(&status_text::render(
                &state,
                &store.location(),
                next.as_ref(),
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

/// The state as JSON, with what to do next.
pub fn printed(session: &Session, state: State) -> Result<String, Failure> {
    let next = next(session, &state).map(|next| next.printed());
    serde_json::to_string(&Printed::new(state, next))
        .map_err(|error| Failure::of(Exit::Internal, &error))
}

/// What to do about the open plan, if one is open.
pub fn next(session: &Session, state: &State) -> Option<Next> {
    let situation = situation(session, state)?;
    Some(Next::of(&situation, &session.typed.of_open()))
}

/// Where the open plan stands.
pub fn situation(session: &Session, state: &State) -> Option<Situation> {
    let open = state.open.as_ref()?;
    let plan = match kept_plan(&session.project, open.plan) {
        Some(Err(error)) if error.is_of_later_relplan() => return Some(Situation::LaterFormat),
        Some(Err(_)) | None => None,
        Some(Ok(plan)) => Some(plan),
    };
    let bundle = plan
        .as_ref()
        .map_or(Bundled::There, |plan| bundled(session, plan, open));
    let open = OpenPlan {
        open,
        plan: plan.as_ref(),
        bundle,
        now: SystemClock.now(),
    };
    Some(open.situation())
}

fn bundled(session: &Session, plan: &Plan, open: &Open) -> Bundled {
    match missing_of(session, plan, open).len() {
        0 => Bundled::There,
        missing => Bundled::Missing(missing),
    }
}

/// The artifacts that a plan has still to upload and that are not in the bundle.
pub fn missing_of(session: &Session, plan: &Plan, open: &Open) -> BTreeSet<FileName> {
    // A folder that cannot be used holds nothing.
    let folder = session.project.bundle(session.typed.bundle()).ok();
    let is_there = |name: &str| {
        folder
            .as_ref()
            .is_some_and(|folder| folder.join(name).exists())
    };
    let is_described = is_there("bundle.json");
    let is_left = |step: &&Step| !matches!(open.steps.get(&step.id), Some(Progress::Done(_)));
    let uploads = plan.steps.iter().filter(is_left);
    uploads
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => publish.artifact.clone(),
            _ => None,
        })
        .filter(|file| !is_described || !is_there(file.as_str()))
        .collect()
}

/// The open plan, where it was started from here.
pub fn open_plan(project: &Project, state: &State) -> Option<Plan> {
    kept_plan(project, state.open.as_ref()?.plan)?.ok()
}

/// What was kept of a plan that was started from here.
fn kept_plan(project: &Project, digest: Sha256) -> Option<Result<Plan, PlanError>> {
    let file = started_plan(project, digest);
    let bytes = crate::files::read_found(&file, relplan_model::plan::MAX_SIZE as u64).ok()?;
    (Plan::digest(&bytes) == digest).then(|| Plan::from_bytes(&bytes))
}

/// Where a started plan is kept.
pub fn started_plan(project: &Project, digest: Sha256) -> std::path::PathBuf {
    project
        .started_plans()
        .join(format!("{}.relplan.json", digest.hex()))
        .into_std_path_buf()
}
