//! `relplan man`: the manual pages, made from the same definitions as `--help`.

use std::path::Path;

use clap::CommandFactory as _;

use crate::{
    arguments::{Arguments, Man},
    exit::Exit,
    failure::Failure,
    terminal::Terminal,
};

/// Runs it.
pub fn run(terminal: Terminal, base: &Path, arguments: &Man) -> Result<Exit, Failure> {
    // The pages are about commands; a page about asking for help would be one too many.
    let command = Arguments::command().disable_help_subcommand(true);
    let Some(folder) = &arguments.folder else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|error| Failure::of(Exit::Internal, &error))?;
        terminal.result(&String::from_utf8_lossy(&page));
        return Ok(Exit::Done);
    };
    let folder = base.join(folder);
    let write = || {
        std::fs::create_dir_all(&folder)?;
        clap_mangen::generate_to(command, &folder)
    };
    write().map_err(|error| {
        let doing = format!("cannot write manual pages into {}", folder.display());
        Failure::of(Exit::Internal, &error).while_doing(doing)
    })?;
    terminal.remark(&format!("wrote manual pages into {}", folder.display()));
    Ok(Exit::Done)
}
