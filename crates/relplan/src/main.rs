//! The binary: captures what the process was given, runs one command, and ends with one of the documented exit codes.

#![expect(
    unreachable_pub,
    reason = "nothing outside of a binary can reach anything; `pub` says what its room offers"
)]

mod approvals;
mod arguments;
mod cache;
mod clock;
mod commands;
mod diff;
mod events;
mod exit;
mod failure;
mod files;
mod forge;
mod gather;
mod home;
mod init;
mod interrupt;
mod journal;
mod memory;
mod next;
mod packing;
mod planning;
mod project;
mod runs;
mod store;
mod terminal;
mod view;

use std::{collections::BTreeMap, process::ExitCode};

use clap::Parser as _;

use crate::{exit::Exit, terminal::Terminal};

fn main() -> ExitCode {
    seal();
    // The one place that reads the environment. What is not UTF-8 is none of ours.
    let vars: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let arguments = match arguments::Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A usage error is 64 here: clap's own 2 would read as "the plan has changes".
            let help = !error.use_stderr();
            let terminal =
                Terminal::new(arguments::ColorChoice::Auto, |name| vars.get(name).cloned());
            let style = if help { terminal.out } else { terminal.err };
            let text = error.render();
            let text = if style.color {
                text.ansi().to_string()
            } else {
                text.to_string()
            };
            if help {
                terminal.result(&text);
            } else {
                terminal.remark(&text);
            }
            return ExitCode::from(if help { Exit::Done } else { Exit::Usage }.code());
        }
    };
    let terminal = Terminal::new(arguments.color, |name| vars.get(name).cloned());
    let said = std::env::args_os().skip(1);
    let said = said
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return finish(&terminal, Err(failure::Failure::of(Exit::Internal, &error))),
    };
    let ended = runtime.block_on(commands::run((arguments, said), terminal, vars));
    // Reads that are still under way (a slow registry after an interrupt) must not hold the process.
    runtime.shutdown_background();
    finish(&terminal, ended)
}

fn finish(terminal: &Terminal, ended: Result<Exit, failure::Failure>) -> ExitCode {
    let exit = ended.unwrap_or_else(|failure| {
        terminal.remark(&view::report_text::failure(&failure, terminal.err));
        failure.exit
    });
    ExitCode::from(exit.code())
}

/// Keeps other processes of the same user from reading this one's memory and environment, where the system allows:
/// packers are foreign code, and run as children of this process (law L14).
fn seal() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // Where this is not allowed the packers' own scrubbed environment still holds.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
