//! `relplan state push` and `pull`: a journal from one place to another, line by line as it is.

use relplan_state::{Place, TransferError, transfer};

use crate::{
    commands::Session,
    exit::Exit,
    failure::Failure,
    store::{self, Opened},
    view::style::count,
};

/// Moves a journal from a place into the store.
pub(super) async fn push(session: &Session, opened: &Opened, from: &str) -> Result<Exit, Failure> {
    let from = other(session, opened, from, "--from")?;
    let (text, moved) = carry(&from, opened).await?;
    session.terminal.result(&text);
    if let (Place::File { path }, true) = (&from.place, moved) {
        session.terminal.remark(&format!(
            "{} is now the journal. The copy in {path} is no longer written to: remove it when you like.\n",
            opened.store.location()
        ));
    }
    Ok(Exit::Done)
}

/// Copies the store's journal to a place.
pub(super) async fn pull(session: &Session, opened: &Opened, into: &str) -> Result<Exit, Failure> {
    let into = other(session, opened, into, "--into")?;
    let (text, _) = carry(opened, &into).await?;
    session.terminal.result(&text);
    Ok(Exit::Done)
}

fn other(session: &Session, opened: &Opened, text: &str, option: &str) -> Result<Opened, Failure> {
    let place = Place::parse(text).map_err(|error| {
        Failure::of(Exit::Usage, &error).while_doing(format!("cannot use the place of {option}"))
    })?;
    if place == opened.place {
        return Err(Failure::new(
            Exit::Usage,
            format!("the state is kept in {place}, which is where {option} points as well"),
        )
        .hint("write into the spec where the state is to be kept, such as `state \"git\"`, or name it with --state"));
    }
    store::at(session, place)
}

/// What is to be told, and whether anything was carried.
async fn carry(from: &Opened, to: &Opened) -> Result<(String, bool), Failure> {
    let done = transfer(&*from.store, &*to.store).await.map_err(|error| {
        let exit = match error {
            TransferError::Nothing { .. } => Exit::Usage,
            _ => Exit::Store,
        };
        let failure = Failure::of(exit, &error);
        match error {
            TransferError::Lineage { .. } | TransferError::Diverged { .. } => {
                failure.hint("nothing was written; keep one of the two, and put the other aside")
            }
            TransferError::Store(_) => failure.hint("run it again: it goes on where it ended"),
            _ => failure,
        }
    })?;
    let (here, there) = (from.store.location(), to.store.location());
    if done.ahead > 0 {
        let more = count(done.ahead, "entry", "entries");
        let text = format!("Nothing to do: {there} has all of {here}, and {more} more.");
        return Ok((text, false));
    }
    if done.entries == 0 {
        return Ok((format!("Nothing to do: {there} has all of {here}."), false));
    }
    let mut text = format!(
        "{} of the journal {} went from {here} to {there}, now at serial {}.",
        count(done.entries, "entry", "entries"),
        done.state.lineage.as_deref().unwrap_or_default(),
        done.state.serial
    );
    if let Some(open) = &done.state.open {
        text.push_str(&format!(
            "\nThe plan {} is open in it; whoever applies it must from now on find it there.",
            open.plan.short()
        ));
    }
    Ok((text, true))
}
