//! `relplan state push` and `pull`: a journal from one place to another, line by line as it is.

use relplan_model::port::Clock as _;
use relplan_state::{
    Place, TransferError, Transferred, announce_move, moved_elsewhere, note_carried, transfer,
};

use crate::{
    clock::SystemClock,
    commands::Session,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    memory::Memory,
    store::{self, Opened},
    view::style::count,
};

/// Moves a journal from a place into the store. Where it was, it says where it is now, so that nobody claims there.
pub(super) async fn push(
    session: &Session,
    opened: &Opened,
    from: &str,
    project: Option<&str>,
) -> Result<Exit, Failure> {
    let from = other(session, opened, from, "--from")?;
    let asked = Asked {
        project,
        plan: None,
    };
    let (loaded, objection) = journal::look(session, &from, asked).await?;
    let state = &loaded.state;
    let moved = moved_elsewhere(state, store::here(session, &from.place));
    let is_the_same_move = moved
        .is_some_and(|moved| Place::parse(&moved.to).is_ok_and(|to| to.is_same_as(&opened.place)));
    match objection {
        // Where nothing is, nothing is moved, which is said below.
        Some(objection) if !is_the_same_move && state.lineage.is_some() => {
            return Err(objection);
        }
        Some(_) | None => journal::is_of(&from, state, project)?,
    }
    let place = opened.place.to_string();
    let now = SystemClock.now();
    let (source, goal) = (&*from.store, &*opened.store);
    let announced = announce_move(source, goal, &place, now).await;
    let announced = announced.map_err(refused)?;
    // Before the first line is carried, so that a journal that was carried by halves is not taken for the whole.
    Memory::of(&session.surroundings).update(&state.project, |known| {
        let here = store::here(session, &opened.place);
        let carried = (&loaded, announced.base());
        note_carried(&mut known.journals, carried, here, now);
    })?;
    let done = transfer(source, goal).await;
    let (text, moved) = told(done.map_err(refused)?, &from, opened);
    session.terminal.result(&text);
    if moved {
        let text = format!(
            "{} is now the journal. What is left in {} says so, and takes no more claims: remove it when you like.",
            opened.store.location(),
            from.store.location()
        );
        let err = session.terminal.err;
        session.terminal.remark(&(err.wrap("", "  ", &text) + "\n"));
    }
    Ok(Exit::Done)
}

/// Copies the store's journal to a place.
pub(super) async fn pull(
    session: &Session,
    opened: &Opened,
    into: &str,
    project: Option<&str>,
) -> Result<Exit, Failure> {
    let into = other(session, opened, into, "--into")?;
    let asked = Asked {
        project,
        plan: None,
    };
    journal::read(session, opened, asked).await?;
    let done = transfer(&*opened.store, &*into.store).await;
    let (text, _) = told(done.map_err(refused)?, opened, &into);
    session.terminal.result(&text);
    session.terminal.remark(&format!(
        "This is a copy, for keeping. The journal that counts is the one in {}; to move it, push it.\n",
        opened.store.location()
    ));
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

fn refused(error: TransferError) -> Failure {
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
        TransferError::Nothing { .. } | TransferError::Unreadable { .. } => failure,
    }
}

/// What is to be told, and whether anything was carried.
fn told(done: Transferred, from: &Opened, to: &Opened) -> (String, bool) {
    let (here, there) = (from.store.location(), to.store.location());
    if done.ahead > 0 {
        let more = count(done.ahead, "entry", "entries");
        let text = format!("Nothing to do: {there} has all of {here}, and {more} more.");
        return (text, false);
    }
    if done.entries == 0 {
        return (format!("Nothing to do: {there} has all of {here}."), false);
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
    (text, true)
}
