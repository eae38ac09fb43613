//! The only file that prints.
//!
//! Invariant: results go to standard output, remarks about the work to standard error; with `--json` standard output
//! holds events alone.
#![expect(clippy::print_stderr, reason = "this is where printing happens")]

use std::io::IsTerminal as _;

use crate::{arguments::ColorChoice, view::style::Style};

/// What the process may do with its standard streams.
#[derive(Debug, Clone, Copy)]
pub struct Terminal {
    /// How to write results.
    pub out: Style,
    /// How to write remarks.
    pub err: Style,
    /// Whether a person can be asked.
    pub interactive: bool,
    /// Whether progress may be drawn on standard error.
    pub live: bool,
    results_to_stderr: bool,
}

impl Terminal {
    /// Looks at the streams. `vars` tells of NO_COLOR, CLICOLOR_FORCE, TERM, CI and COLUMNS.
    pub fn new(choice: ColorChoice, var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).is_some_and(|value| !value.is_empty() && value != "0");
        let dumb = var("TERM").is_some_and(|term| term == "dumb");
        let colored = |terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !set("NO_COLOR") && (set("CLICOLOR_FORCE") || (terminal && !dumb)),
        };
        let (out, err) = (
            std::io::stdout().is_terminal(),
            std::io::stderr().is_terminal(),
        );
        let columns = var("COLUMNS").and_then(|columns| columns.parse::<usize>().ok());
        let width = columns.unwrap_or_else(|| {
            if out || err {
                usize::from(console::Term::stderr().size().1)
            } else {
                80
            }
        });
        let width = width.clamp(60, 140);
        Self {
            out: Style {
                color: colored(out),
                width,
            },
            err: Style {
                color: colored(err),
                width,
            },
            interactive: std::io::stdin().is_terminal() && err,
            live: err && !dumb && !set("CI"),
            results_to_stderr: false,
        }
    }

    /// The same with results for people on standard error, since standard output is for events.
    pub fn events_on_stdout(mut self) -> Self {
        self.results_to_stderr = true;
        self.out = self.err;
        self
    }

    /// Prints a result.
    pub fn result(&self, text: &str) {
        if self.results_to_stderr {
            self.remark(text);
        } else {
            write_all(&mut std::io::stdout().lock(), text);
        }
    }

    /// Prints a remark about the work.
    pub fn remark(&self, text: &str) {
        write_all(&mut std::io::stderr().lock(), text);
    }

    /// Asks for a line of text; nothing if there is none.
    pub fn ask_text(&self, question: &str) -> String {
        eprint!("{question} ");
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(_) => answer.trim().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// Asks a yes-or-no question; anything but yes is no.
    pub fn ask(&self, question: &str) -> bool {
        eprint!("{question} [y/N] ");
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a text; nothing typed is the default. `None`: there was no answer and no default.
    pub fn ask_for(&self, question: &str, default: Option<&str>) -> Option<String> {
        match default {
            Some(default) => eprint!("{question} [{}] ", crate::view::style::harmless(default)),
            None => eprint!("{question} "),
        }
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).ok()?;
        let answer = answer.trim();
        if answer.is_empty() {
            default.map(str::to_owned)
        } else {
            Some(answer.to_owned())
        }
    }
}

/// Prints one event line; a reader that went away is no reason to stop a release half-way.
pub fn event_line(line: &str) {
    write_all(&mut std::io::stdout().lock(), &format!("{line}\n"));
}

fn write_all(stream: &mut dyn std::io::Write, text: &str) {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.write_all(newline.as_bytes()));
    let _ = stream.flush();
}
