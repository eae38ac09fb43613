//! `relplan graph`: the steps of a saved plan as a picture.

use super::{Session, read_plan};
use crate::{
    arguments::{Graph as Arguments, GraphFormat},
    exit::Exit,
    failure::Failure,
    view::graph::{Grain, Graph, READABLE, dot, mermaid, svg},
};

/// Runs it.
pub fn run(session: &Session, arguments: &Arguments) -> Result<Exit, Failure> {
    let (_, plan) = read_plan(&arguments.plan)?;
    let graph = if arguments.full {
        Graph::of(&plan, Grain::Steps)
    } else {
        Graph::fitting(&plan, READABLE)
    };
    let picture = match arguments.format {
        GraphFormat::Mermaid => mermaid::render(&graph),
        GraphFormat::Dot => dot::render(&graph),
        GraphFormat::Svg => svg::render(&graph),
    };
    match &arguments.out {
        Some(out) => {
            crate::files::write_whole(out, picture.as_bytes())?;
            session
                .terminal
                .remark(&format!("drawn to {}\n", out.display()));
        }
        None => session.terminal.result(&picture),
    }
    Ok(Exit::Done)
}
