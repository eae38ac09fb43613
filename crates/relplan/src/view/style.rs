//! How text is dressed: colours by meaning, widths, and wrapping.

use anstyle::{AnsiColor, Style as Ansi};
pub use relplan_model::text::line as harmless;
use relplan_model::{finding::Severity, plan::Action};

/// How to write for a terminal, a pipe or a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used. The text is the same without.
    pub color: bool,
    /// Columns that lines should fit into.
    pub width: usize,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A heading.
    Heading,
    /// Something of lesser weight.
    Faint,
    /// An action's row.
    Action(Action),
    /// A finding's severity.
    Severity(Severity),
    /// A success.
    Good,
    /// A failure.
    Bad,
}

impl Style {
    /// Dresses a text.
    pub fn paint(self, role: Role, text: &str) -> String {
        if !self.color || text.is_empty() {
            return text.to_owned();
        }
        let plain = Ansi::new();
        let color = |color: AnsiColor| plain.fg_color(Some(color.into()));
        let ansi = match role {
            Role::Heading => plain.bold(),
            Role::Faint => plain.dimmed(),
            Role::Good | Role::Action(Action::Publish | Action::Stage) => color(AnsiColor::Green),
            Role::Action(Action::Point | Action::Deprecate) => color(AnsiColor::Yellow),
            Role::Action(Action::Adopt) => color(AnsiColor::Cyan),
            Role::Action(Action::Drift) => color(AnsiColor::Magenta).bold(),
            Role::Action(Action::Keep) => plain.dimmed(),
            Role::Action(Action::Yank) => color(AnsiColor::Red),
            Role::Bad | Role::Action(Action::Hold) | Role::Severity(Severity::Error) => {
                color(AnsiColor::Red).bold()
            }
            Role::Severity(Severity::Warning) => color(AnsiColor::Yellow).bold(),
            Role::Severity(Severity::Note) => color(AnsiColor::Cyan),
        };
        format!("{ansi}{text}{ansi:#}")
    }

    /// Wraps a text so that it fits, with `first` before its first line and `rest` before the others. Words that do
    /// not fit on a line of their own (URLs, digests) are left whole.
    pub fn wrap(self, first: &str, rest: &str, text: &str) -> String {
        let options = textwrap::Options::new(self.width.max(40))
            .initial_indent(first)
            .subsequent_indent(rest)
            .break_words(false)
            .word_splitter(textwrap::WordSplitter::NoHyphenation);
        textwrap::fill(text, options)
    }
}

/// A size in bytes for people, in decimal units.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        1_000_000..1_000_000_000 => {
            format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000)
        }
        _ => format!(
            "{}.{} GB",
            bytes / 1_000_000_000,
            bytes % 1_000_000_000 / 100_000_000
        ),
    }
}

/// A time span for people, rounded up to whole minutes above two of them.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `1 step`, `2 steps`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {many}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_spans_read_as_people_say_them() {
        assert_eq!(
            [999, 1_000, 12_345, 7_654_321].map(size),
            ["999 B", "1.0 kB", "12.3 kB", "7.6 MB"]
        );
        assert_eq!(
            [59, 121, 57_000].map(span),
            ["59 s", "3 min", "15 h 50 min"]
        );
    }
}
