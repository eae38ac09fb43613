//! `relplan show`: a saved plan, rendered from itself alone.

use relplan_model::{
    plan::{Base, Plan},
    state::State,
};

use super::{Session, page, read_plan};
use crate::{
    arguments::{PlanFormat, Show, Shown},
    exit::Exit,
    failure::Failure,
    forge::Reporting,
    journal::{self, Asked},
    planning::Made,
    store,
    view::{explain, markdown, matrix, plan_text},
};

/// Runs it.
pub async fn run(session: &Session, show: &Show) -> Result<Exit, Failure> {
    let reporting = Reporting::prepare(session, &show.report)?;
    let (bytes, plan) = read_plan(&show.plan)?;
    let made = Made {
        digest: Plan::digest(&bytes),
        plan,
        bytes,
    };
    let state = if show.shown.explain.is_empty() {
        None
    } else {
        state_of(session, show, &made.plan).await
    };
    present(session, &made, &show.shown, state.as_ref())?;
    if let Some(file) = &show.shown.html {
        page::write(session, &made, None, file).await?;
    }
    reporting
        .tell(session, &made, made.exit(), Some(&show.plan))
        .await?;
    Ok(Exit::Done)
}

/// Shows a plan as asked for. `state` is the state that it was made on, where that is at hand: only explanations tell
/// of it.
pub fn present(
    session: &Session,
    made: &Made,
    shown: &Shown,
    state: Option<&State>,
) -> Result<(), Failure> {
    let style = session.terminal.out;
    if !shown.explain.is_empty() {
        let mut addresses = Vec::new();
        for text in &shown.explain {
            addresses.extend(explain::find(&made.plan, text).map_err(|near| {
                let failure = Failure::new(Exit::Usage, format!("the plan has no row of {text:?}"));
                match near.as_slice() {
                    [] => failure.hint("the plan has no rows at all"),
                    near => failure.hint(format!("near to it are {}", near.join(", "))),
                }
            })?);
        }
        let text = explain::render(&made.plan, &addresses, state, style);
        session.terminal.result(&text);
        return Ok(());
    }
    let terminal = &session.terminal;
    let Made {
        plan,
        digest,
        bytes,
    } = made;
    match shown.format {
        PlanFormat::Json => terminal.json(&String::from_utf8_lossy(bytes)),
        PlanFormat::Markdown => {
            terminal.result(&markdown::render(plan, *digest, markdown::BUDGET));
        }
        PlanFormat::GithubMatrix => terminal.json(&matrix::render(plan)),
        PlanFormat::Text => {
            terminal.result(&plan_text::render(plan, *digest, style, shown.verbose));
        }
    }
    Ok(())
}

/// The state here, if it is the very one that the plan was made on.
async fn state_of(session: &Session, show: &Show, plan: &Plan) -> Option<State> {
    let opened = store::of_plan(session, show.state.as_deref(), plan).ok()?;
    let asked = Asked {
        project: Some(&plan.project),
        plan: Some(plan),
    };
    let state = journal::read(session, &opened, asked).await.ok()?.state;
    let base = Base {
        store: plan.base.store.clone(),
        ..state.base()
    };
    (base == plan.base).then_some(state)
}
