//! `relplan apply`: carries out a saved plan; without one it packs what is missing, plans, shows, asks and applies.
//!
//! ```text
//! apply PLAN   ───────────────────────────────────────────────▶ run
//! apply        ── a plan is open ── its saved file ───────────▶ run
//!              ── else: observe ─▶ pack ─▶ plan ─▶ show, ask ─▶ run
//! ```

pub(super) mod ending;
mod fresh;
mod gate;
mod part;
pub(super) mod run;
mod selection;

use std::{path::PathBuf, sync::Arc};

use relplan_model::{
    digest::Sha256,
    event::{self, Event},
    next::Next,
    plan::Plan,
    port::{Clock as _, EventSink as _},
};

use super::{
    Session, read_plan,
    status::{self, started_plan},
};
use crate::{
    arguments::Apply,
    clock::SystemClock,
    events::{Fanout, json::JsonLines},
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    store,
};

/// A plan that is about to be carried out.
pub(super) struct Chosen {
    bytes: Vec<u8>,
    plan: Plan,
    /// Whether the command line names it, so that the targets that it names are a part of it.
    given: bool,
    /// Its file, beside which its approvals are.
    file: Option<PathBuf>,
}

/// What is told at the end, on failure too.
#[derive(Default)]
pub(super) struct Tally {
    plan: Option<Sha256>,
    done: u64,
    failed: u64,
    unknown: u64,
    skipped: u64,
    message: String,
    next: Option<Next>,
}

/// Runs it.
pub async fn run(mut session: Session, arguments: Apply) -> Result<Exit, Failure> {
    if arguments.json {
        session.terminal = session.terminal.events_on_stdout();
    }
    let events = Arc::new(Fanout::default());
    if arguments.json {
        events.add(Box::new(JsonLines::stdout()));
    }
    if let Some(path) = &arguments.json_into {
        let file = crate::files::create(path)?;
        events.add(Box::new(JsonLines::file(file)));
    }
    events.emit(Event::Version {
        format: event::FORMAT.to_owned(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
    });
    let mut tally = Tally::default();
    let ended = carry_out(&session, &arguments, &events, &mut tally)
        .await
        .map_err(|failure| failure.look_up(&session.typed));
    let exit = match &ended {
        Ok(exit) => *exit,
        Err(failure) => {
            tally.message = failure.message();
            tally.next.clone_from(&failure.next);
            failure.exit
        }
    };
    let Tally {
        plan,
        done,
        failed,
        unknown,
        skipped,
        message,
        next,
    } = tally;
    let exit_code = u64::from(exit.code());
    events.emit(Event::Summary {
        at: SystemClock.now(),
        exit_code,
        plan,
        done,
        failed,
        unknown,
        skipped,
        message,
        next,
    });
    ended
}

async fn carry_out(
    session: &Session,
    arguments: &Apply,
    events: &Arc<Fanout>,
    tally: &mut Tally,
) -> Result<Exit, Failure> {
    let chosen = match &arguments.plan {
        Some(path) => {
            let (bytes, plan) = read_plan(path)?;
            Some(Chosen {
                bytes,
                plan,
                given: true,
                file: Some(path.clone()),
            })
        }
        None => match resumable(session, arguments).await? {
            Some(open) => {
                let text = format!(
                    "Plan {} is open; it goes on where it was left.",
                    Plan::digest(&open.bytes).short()
                );
                session.terminal.remark(&text);
                Some(open)
            }
            None => None,
        },
    };
    let chosen = match chosen {
        Some(chosen) => chosen,
        None => match fresh::choose(session, arguments, events, tally).await? {
            fresh::Choice::Apply(chosen) => *chosen,
            fresh::Choice::Leave(exit) => return Ok(exit),
        },
    };
    run::run(session, arguments, chosen, events, tally).await
}

/// The open plan, from where it was saved when it was started.
async fn resumable(session: &Session, arguments: &Apply) -> Result<Option<Chosen>, Failure> {
    let spec = store::spec_if_any(session)?;
    let opened = store::open(session, arguments.places.state.as_deref(), spec.as_ref())?;
    let asked = Asked {
        project: spec.as_ref().map(|spec| spec.project.name.as_str()),
        plan: None,
    };
    let state = journal::read(session, &opened, asked).await?.state;
    let Some(open) = &state.open else {
        return Ok(None);
    };
    let path = started_plan(&session.project, open.plan);
    if !path.exists() {
        let message = format!(
            "the plan {} is open since {} (by {})",
            open.plan.short(),
            open.since,
            open.runner
        );
        let failure = Failure::new(Exit::Open, message);
        return Err(match status::next(session, &state) {
            Some(next) => failure.next(&next),
            None => failure,
        });
    }
    let (bytes, plan) = read_plan(&path)?;
    let open = Chosen {
        bytes,
        plan,
        given: false,
        file: Some(path),
    };
    selection::hold(session, &arguments.planning.selected, &open, &state)?;
    Ok(Some(open))
}
