//! Text of manifests made fit for messages.

use relplan_model::text;

/// Where the lines of a text end, so that asking for the line of each of its parts stays cheap in a large file.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    /// Finds the ends of lines.
    pub(crate) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line that a byte offset is on, from 1.
    pub(crate) fn at(&self, offset: usize) -> usize {
        1 + self.0.partition_point(|end| *end < offset)
    }
}

/// A parser's message in one line, without control characters and cut where it is long: parsers quote what they read.
pub(crate) fn one_line(message: &str) -> String {
    let line: String = text::joined(message).chars().take(200).collect();
    line.trim_end_matches('.').to_owned()
}
