//! `relplan state`: look at the journal, verify it, move it, begin it anew, add to it, give an open plan up.

mod check;
mod forget;
mod migrate;
mod rebuild;

use relplan_model::{
    journal::Entry,
    state::{Printed, State as Folded},
};
use relplan_state::Loaded;

use super::{Session, status::open_plan};
use crate::{
    arguments::State,
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    planning::{load, torn},
    store::{self, Opened},
    view::{audit_text, journal_text, plan_text::finding_text, state_text},
};

/// Runs it.
pub async fn run(session: &Session, arguments: &State) -> Result<Exit, Failure> {
    let opened = store::find(session, arguments.place())?;
    match arguments {
        State::Show(_) => {
            let state = folded(session, &opened).await?;
            let text = serde_json::to_string(&Printed::from(state))
                .map_err(|error| Failure::of(Exit::Internal, &error))?;
            session.terminal.json(&text);
            Ok(Exit::Done)
        }
        State::List(_) => {
            let state = folded(session, &opened).await?;
            let text = state_text::list(&state, session.terminal.out);
            session.terminal.result(&text);
            Ok(Exit::Done)
        }
        State::Log {
            approvals: true, ..
        } => approvals(session, &opened).await,
        State::Log { json, entries, .. } => log(session, &opened, *json, *entries).await,
        State::Check { plans, .. } => check::run(session, &opened, plans).await,
        State::Push { from, .. } => migrate::push(session, &opened, from).await,
        State::Pull { into, .. } => migrate::pull(session, &opened, into).await,
        State::Rebuild { place } => rebuild::run(session, &opened, place).await,
        State::Adopt(adopt) => super::adopt::run(session, adopt).await,
        State::Forget { what, .. } => forget::run(session, &opened, what).await,
        State::Unlock(_) => {
            let state = folded(session, &opened).await?;
            let kept = open_plan(&session.project, &state).is_some();
            let text = state_text::unlock(&state, kept, session.terminal.out);
            session.terminal.result(&text);
            Ok(Exit::Done)
        }
        State::Abandon { reason, .. } => abandon(session, &opened, reason).await,
    }
}

async fn folded(session: &Session, opened: &Opened) -> Result<Folded, Failure> {
    Ok(journal(session, opened).await?.state)
}

/// The journal with its fold: what does not fold is no trail, and `check` says what is wrong with it.
async fn journal(session: &Session, opened: &Opened) -> Result<Loaded, Failure> {
    let loaded = load(&*opened.store).await?;
    if let Some(finding) = torn(&loaded) {
        let text = finding_text(&finding, session.terminal.err);
        session.terminal.remark(&text);
    }
    Ok(loaded)
}

async fn log(
    session: &Session,
    opened: &Opened,
    json: bool,
    entries: bool,
) -> Result<Exit, Failure> {
    let lines = journal(session, opened).await?.lines;
    let failed = |error: &dyn std::error::Error| Failure::of(Exit::Store, error);
    if entries {
        let mut text = String::new();
        for line in lines {
            let entry = Entry::from_line(&line).map_err(|error| failed(&error))?;
            text.push_str(&journal_text::line(&entry));
            text.push('\n');
        }
        session.terminal.result(&text);
        return Ok(Exit::Done);
    }
    if json {
        // The journal is for programs as it is: each line is an entry with all that it says.
        let lines: Vec<_> = lines
            .iter()
            .map(|line| String::from_utf8_lossy(line))
            .collect();
        session.terminal.json(&lines.join("\n"));
        return Ok(Exit::Done);
    }
    let chapters = relplan_state::audit(&lines).map_err(|error| failed(&error))?;
    let text = audit_text::render(&chapters, session.terminal.out);
    session.terminal.result(&text);
    Ok(Exit::Done)
}

/// Who allowed what: each claim with its approvals.
async fn approvals(session: &Session, opened: &Opened) -> Result<Exit, Failure> {
    let lines = journal(session, opened).await?.lines;
    let failed = |error: &dyn std::error::Error| Failure::of(Exit::Store, error);
    let mut text = String::new();
    for line in lines {
        let entry = Entry::from_line(&line).map_err(|error| failed(&error))?;
        text.push_str(&journal_text::approvals(&entry));
    }
    if text.is_empty() {
        text.push_str("No plan was approved.");
    }
    session.terminal.result(&text);
    Ok(Exit::Done)
}

async fn abandon(session: &Session, opened: &Opened, reason: &str) -> Result<Exit, Failure> {
    let state = folded(session, opened).await?;
    let Some(open) = &state.open else {
        session.terminal.result("No plan is open.");
        return Ok(Exit::Done);
    };
    relplan_apply::abandon(&*opened.store, &SystemClock, open.plan, reason.to_owned())
        .await
        .map_err(|error| Failure::of(Exit::Store, &error))?;
    let text = format!(
        "Plan {} is given up. What it published stays published; the next plan starts from what the registries say.",
        open.plan.short()
    );
    session.terminal.result(&text);
    Ok(Exit::Done)
}

/// Refuses what would move the state's serial under a plan that is being applied (exit 6).
fn nothing_is_open(state: &Folded) -> Result<(), Failure> {
    let Some(open) = &state.open else {
        return Ok(());
    };
    let message = format!(
        "the plan {} is open since {} (by {}), and what is recorded must not change under it",
        open.plan.short(),
        open.since,
        open.runner
    );
    Err(Failure::new(Exit::Open, message)
        .hint("finish it first:")
        .hint("$ relplan apply")
        .hint("or give it up (what it published stays published):")
        .hint("$ relplan state abandon --reason WHY"))
}
