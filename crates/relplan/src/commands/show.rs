//! `relplan show`: a saved plan, rendered from itself alone.

use relplan_model::plan::Plan;

use super::{Session, read_plan};
use crate::{
    arguments::{Format, Show},
    exit::Exit,
    failure::Failure,
    view::plan_text,
};

/// Runs it.
pub fn run(session: &Session, show: &Show) -> Result<Exit, Failure> {
    let (bytes, plan) = read_plan(&show.plan)?;
    let text = match show.format {
        Format::Json => String::from_utf8_lossy(&bytes).into_owned(),
        Format::Text => plan_text::render(
            &plan,
            Plan::digest(&bytes),
            session.terminal.out,
            show.verbose,
        ),
    };
    session.terminal.result(&text);
    Ok(Exit::Done)
}
