//! The only file that prints.
//!
//! Invariant: results go to standard output, remarks about the work to standard error; with `--json` standard output
//! holds events alone. Whatever goes out is cleaned here once more ([`fit`]): of control sequences the colours of our own
//! style get through and no others, and in a CI log no line is a command to the runner. A view still cleans each word from
//! outside by itself, since only there is known which line ends are ours.
#![expect(clippy::print_stderr, reason = "this is where printing happens")]

use std::io::IsTerminal as _;

use relplan_model::text::{self, REPLACEMENT, is_hidden};

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
    /// Whether standard output is a terminal, and no program reads it.
    watched: bool,
    /// Whether lines go into a log whose reader takes some of them for commands.
    commanded: bool,
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
            watched: out,
            commanded: ["CI", "GITHUB_ACTIONS", "TF_BUILD"].into_iter().any(set),
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
            write_all(&mut std::io::stdout().lock(), &self.fit(text, self.out));
        }
    }

    /// Prints JSON, byte for byte where a program reads it: its digest may be what it is for. In a CI log a command to the
    /// runner is written otherwise, as the same value: a program that reads it by a pipe there is not told from the log.
    pub fn json(&self, text: &str) {
        let shown = match self.commanded {
            true => uncommanded_json(text),
            false => text.to_owned(),
        };
        match (self.results_to_stderr, self.watched) {
            (true, _) => self.remark(&text::json(&shown)),
            (false, true) => write_all(&mut std::io::stdout().lock(), &text::json(&shown)),
            (false, false) => write_all(&mut std::io::stdout().lock(), &shown),
        }
    }

    /// Prints a remark about the work.
    pub fn remark(&self, text: &str) {
        write_all(&mut std::io::stderr().lock(), &self.fit_err(text));
    }

    /// Text as it may be written to standard error, for those who draw there.
    pub fn fit_err(&self, text: &str) -> String {
        self.fit(text, self.err)
    }

    fn fit(&self, text: &str, style: Style) -> String {
        let text = fit(text, style.color);
        if self.commanded {
            uncommanded(&text)
        } else {
            text
        }
    }

    /// Asks for a line of text; nothing if there is none.
    pub fn ask_text(&self, question: &str) -> String {
        eprint!("{} ", text::line(question));
        let mut answer = String::new();
        match std::io::stdin().read_line(&mut answer) {
            Ok(_) => answer.trim().to_owned(),
            Err(_) => String::new(),
        }
    }

    /// Asks a yes-or-no question; anything but yes is no.
    pub fn ask(&self, question: &str) -> bool {
        eprint!("{} [y/N] ", text::line(question));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer).is_ok()
            && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a text; nothing typed is the default. `None`: there was no answer and no default.
    pub fn ask_for(&self, question: &str, default: Option<&str>) -> Option<String> {
        match default {
            Some(default) => eprint!("{} [{}] ", text::line(question), text::line(default)),
            None => eprint!("{} ", text::line(question)),
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
    write_all(
        &mut std::io::stdout().lock(),
        &format!("{}\n", uncommanded_json(&text::json(line))),
    );
}

/// Text as it may be written: line ends, tabs and, where colours are used, the sequences that set them.
fn fit(text: &str, color: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(is_hidden) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let sequence = if color { ours(from) } else { None };
        let mut chars = from.chars();
        rest = match (sequence, chars.next()) {
            (Some(sequence), _) => {
                out.push_str(sequence);
                from.get(sequence.len()..).unwrap_or_default()
            }
            (None, Some(c @ ('\n' | '\t'))) => {
                out.push(c);
                chars.as_str()
            }
            (None, _) => {
                out.push(REPLACEMENT);
                chars.as_str()
            }
        };
    }
    out.push_str(rest);
    out
}

/// The sequence at the start of a text, if it is one that [`Style::paint`] or clap writes: bold, faint, underlined, a
/// colour of the first eight, or the end of these.
fn ours(text: &str) -> Option<&str> {
    let parameter = text.strip_prefix("\u{1b}[")?;
    let end = parameter.find('m')?;
    let number = parameter.get(..end)?;
    let known = matches!(
        number,
        "0" | "1" | "2" | "4" | "31" | "32" | "33" | "34" | "35" | "36"
    );
    text.get(.."\u{1b}[".len() + end + 1).filter(|_| known)
}

/// Text in which no line is a command to GitHub's or Azure's runners: these read `::word::` at the start of a line, and
/// `##[word]` or `##vso[word]` anywhere (actions/runner, `ActionCommand`), from whoever's words stand there.
fn uncommanded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut begin = line;
        loop {
            begin = begin.trim_start();
            match ours(begin) {
                Some(sequence) => begin = begin.get(sequence.len()..).unwrap_or_default(),
                None => break,
            }
        }
        let at = line.len() - begin.len();
        let (indent, begin) = line.split_at(at);
        out.push_str(indent);
        if begin.starts_with("::") {
            out.push(REPLACEMENT);
        }
        out.push_str(&without_marks(begin, "##\u{fffd}"));
    }
    out
}

/// JSON in which no line is such a command, of the same value. Its texts never begin a line, so that `::` is none there.
fn uncommanded_json(text: &str) -> String {
    without_marks(text, "#\\u0023")
}

/// Text with something else in the place of each `##` that begins a command.
fn without_marks(text: &str, instead: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("##") {
        out.push_str(before);
        let is_vso = after
            .get(..3)
            .is_some_and(|word| word.eq_ignore_ascii_case("vso"));
        if after.starts_with('[') || is_vso {
            out.push_str(instead);
            rest = after;
        } else {
            // The second one may be the first of the next two.
            out.push('#');
            rest = rest.get(before.len() + 1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

fn write_all(stream: &mut dyn std::io::Write, text: &str) {
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let _ = stream
        .write_all(text.as_bytes())
        .and_then(|()| stream.write_all(newline.as_bytes()));
    let _ = stream.flush();
}

#[cfg(test)]
mod tests {
    use relplan_model::{finding::Severity, plan::Action};

    use super::*;
    use crate::view::style::Role;

    #[test]
    fn nothing_but_our_own_colours_gets_through() {
        let style = Style {
            color: true,
            width: 80,
        };
        let roles = [
            Role::Heading,
            Role::Faint,
            Role::Good,
            Role::Bad,
            Role::Severity(Severity::Warning),
            Role::Severity(Severity::Note),
            Role::Action(Action::Adopt),
            Role::Action(Action::Drift),
            Role::Action(Action::Yank),
        ];
        for role in roles {
            let painted = style.paint(role, "x\ty\n");
            assert_eq!(fit(&painted, true), painted, "{role:?}");
            assert!(fit(&painted, false).starts_with(REPLACEMENT));
        }
        for hostile in [
            "\u{1b}]0;title\u{7}",
            "\u{1b}[2J",
            "\u{1b}[8m",
            "\u{1b}[38;5;1m",
            "\u{1b}[",
            "\u{1b}",
            "\u{9b}31m",
            "\r",
            "\u{202e}",
        ] {
            let shown = fit(&format!("a{hostile}b"), true);
            assert!(!shown.chars().any(is_hidden), "{hostile:?}: {shown:?}");
        }
    }

    #[test]
    fn a_line_of_a_log_is_no_command_to_a_runner() {
        for (text, shown) in [
            ("::error::x\n", "\u{fffd}::error::x\n"),
            (
                "a\n  ::add-mask::b\nnpm::c",
                "a\n  \u{fffd}::add-mask::b\nnpm::c",
            ),
            (
                "\u{1b}[31m ::stop-commands::x",
                "\u{1b}[31m \u{fffd}::stop-commands::x",
            ),
            ("a ##[add-mask]b", "a ##\u{fffd}[add-mask]b"),
            (
                "##vso[task.setvariable]b",
                "##\u{fffd}vso[task.setvariable]b",
            ),
            ("###VSO[x]", "###\u{fffd}VSO[x]"),
            ("## a ###", "## a ###"),
        ] {
            assert_eq!(uncommanded(text), shown);
        }
        for value in ["##vso[task.setvariable]b", "a ##[add-mask]", "###[x] ## y"] {
            let json = serde_json::json!({ "text": value }).to_string();
            let shown = uncommanded_json(&json);
            assert_eq!(uncommanded(&shown), shown, "{value}");
            assert!(
                !shown.contains("##[") && !shown.contains("##vso"),
                "{shown}"
            );
            let same: serde_json::Value = serde_json::from_str(&shown).unwrap();
            assert_eq!(same["text"], value);
        }
    }
}
