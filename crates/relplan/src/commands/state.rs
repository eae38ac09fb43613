//! `relplan state`: look at the journal, verify it, move it, begin it anew, add to it, give an open plan up.

mod check;
mod forget;
mod migrate;
mod rebuild;
mod rename;

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::Clock as _,
    state::State as Folded,
};
use relplan_state::Loaded;

use super::{
    Session,
    status::{next, printed},
};
use crate::{
    arguments::State,
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    memory::note_head,
    next::{Next, Situation},
    planning::torn,
    store::{self, Opened},
    view::{audit_text, journal_text, next_text, plan_text::finding_text, report_text, state_text},
};

/// Runs it.
pub async fn run(session: &Session, arguments: &State) -> Result<Exit, Failure> {
    let spec = store::spec_beside(session, arguments.place())?;
    let opened = store::open(session, arguments.place(), spec.as_ref())?;
    let named = spec.as_ref().map(|spec| spec.project.name.as_str());
    match arguments {
        State::Show(_) => {
            let (loaded, exit) = seen(session, &opened, named).await?;
            session.terminal.json(&printed(session, loaded.state)?);
            Ok(exit)
        }
        State::List(_) => {
            let (loaded, exit) = seen(session, &opened, named).await?;
            let text = state_text::list(&loaded.state, session.terminal.out);
            session.terminal.result(&text);
            Ok(exit)
        }
        State::Log {
            approvals: true, ..
        } => approvals(session, &opened, named).await,
        State::Log { json, entries, .. } => log(session, &opened, named, (*json, *entries)).await,
        State::Check { plans, accept, .. } => {
            check::run(session, &opened, plans, (*accept, named)).await
        }
        State::Push { from, .. } => migrate::push(session, &opened, from, named).await,
        State::Pull { into, .. } => migrate::pull(session, &opened, into, named).await,
        State::Rebuild(rebuild) => rebuild::run(session, &opened, rebuild).await,
        State::Adopt(adopt) => super::adopt::run(session, adopt).await,
        State::Forget { what, .. } => forget::run(session, &opened, what, named).await,
        State::Mv(mv) => rename::run(session, &opened, mv).await,
        State::Unlock(_) => {
            let state = folded(session, &opened, named).await?;
            let next = next(session, &state);
            let text = state_text::unlock(&state, next.as_ref(), session.terminal.out);
            session.terminal.result(&text);
            Ok(Exit::Done)
        }
        State::Abandon { reason, .. } => abandon(session, &opened, named, reason).await,
    }
}

async fn folded(
    session: &Session,
    opened: &Opened,
    project: Option<&str>,
) -> Result<Folded, Failure> {
    let asked = Asked {
        project,
        plan: None,
    };
    let loaded = journal::read(session, opened, asked).await?;
    tell_torn(session, &loaded);
    Ok(loaded.state)
}

/// The journal with its fold, for those who only look, and how that ends: what speaks against it is told beside it.
async fn seen(
    session: &Session,
    opened: &Opened,
    project: Option<&str>,
) -> Result<(Loaded, Exit), Failure> {
    let asked = Asked {
        project,
        plan: None,
    };
    let (loaded, objection) = journal::look(session, opened, asked).await?;
    tell_torn(session, &loaded);
    let exit = match objection {
        Some(objection) => {
            let objection = objection.look_up(&session.typed);
            let text = report_text::failure(&objection, session.terminal.err);
            session.terminal.remark(&text);
            objection.exit
        }
        None => Exit::Done,
    };
    Ok((loaded, exit))
}

fn tell_torn(session: &Session, loaded: &Loaded) {
    if let Some(finding) = torn(loaded) {
        let text = finding_text(&finding, session.terminal.err);
        session.terminal.remark(&text);
    }
}

async fn log(
    session: &Session,
    opened: &Opened,
    project: Option<&str>,
    (json, entries): (bool, bool),
) -> Result<Exit, Failure> {
    let (Loaded { lines, .. }, exit) = seen(session, opened, project).await?;
    let failed = |error: &dyn std::error::Error| Failure::of(Exit::Store, error);
    if entries {
        let mut text = String::new();
        for line in lines {
            let entry = Entry::from_line(&line).map_err(|error| failed(&error))?;
            text.push_str(&journal_text::line(&entry));
            text.push('\n');
        }
        session.terminal.result(&text);
        return Ok(exit);
    }
    if json {
        // The journal is for programs as it is: each line is an entry with all that it says.
        let lines: Vec<_> = lines
            .iter()
            .map(|line| String::from_utf8_lossy(line))
            .collect();
        session.terminal.json(&lines.join("\n"));
        return Ok(exit);
    }
    let chapters = relplan_state::audit(&lines).map_err(|error| failed(&error))?;
    let text = audit_text::render(&chapters, session.terminal.out);
    session.terminal.result(&text);
    Ok(exit)
}

/// Who allowed what: each claim with its approvals.
async fn approvals(
    session: &Session,
    opened: &Opened,
    project: Option<&str>,
) -> Result<Exit, Failure> {
    let (Loaded { lines, .. }, exit) = seen(session, opened, project).await?;
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
    Ok(exit)
}

async fn abandon(
    session: &Session,
    opened: &Opened,
    project: Option<&str>,
    reason: &str,
) -> Result<Exit, Failure> {
    let state = folded(session, opened, project).await?;
    let Some(open) = &state.open else {
        session.terminal.result("No plan is open.");
        return Ok(Exit::Done);
    };
    let given_up = (open.plan, reason.to_owned());
    let after = relplan_apply::abandon(&*opened.store, &SystemClock, state.clone(), given_up)
        .await
        .map_err(|error| Failure::of(Exit::Store, &error))?;
    note_head(session, &opened.place, &after)?;
    let text = format!(
        "Plan {} is given up. What it published stays published.",
        open.plan.short()
    );
    let next = Next::of(&Situation::GivenUp, &session.typed);
    let next = next_text::render(&next, session.terminal.out);
    session.terminal.result(&format!("{text}\n{next}"));
    Ok(Exit::Done)
}

/// Appends records to a journal that was just read, and has this machine remember how far it has come.
async fn record_all(
    session: &Session,
    opened: &Opened,
    state: &Folded,
    records: Vec<Record>,
) -> Result<(), Failure> {
    let (at, mut entries, mut prev) = (SystemClock.now(), Vec::new(), state.head);
    for (record, seq) in records.into_iter().zip(state.length..) {
        let entry = Entry {
            seq,
            prev,
            at,
            record,
        };
        let line = entry
            .to_line()
            .map_err(|error| Failure::of(Exit::Internal, &error))?;
        prev = Sha256::of(&line);
        entries.push(entry);
    }
    let appended = opened.store.append(state.head, &entries).await;
    appended.map_err(|error| Failure::of(Exit::Store, &error))?;
    let after = journal::load(opened).await?.state;
    note_head(session, &opened.place, &after)
}

/// Refuses what would move the state's serial under a plan that is being applied (exit 6).
fn nothing_is_open(session: &Session, state: &Folded) -> Result<(), Failure> {
    let Some(open) = &state.open else {
        return Ok(());
    };
    let message = format!(
        "the plan {} is open since {} (by {}), and what is recorded must not change under it",
        open.plan.short(),
        open.since,
        open.runner
    );
    let failure = Failure::new(Exit::Open, message);
    Err(match next(session, state) {
        Some(next) => failure.next(&next),
        None => failure,
    })
}
