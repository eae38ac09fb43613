//! Text of manifests made fit for messages.

use super::folder::unprintable;

/// The 1-based line that a byte offset is on.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// A parser's message in one line, without control characters and cut where it is long: parsers quote what they read.
pub(crate) fn one_line(message: &str) -> String {
    let line: String = message
        .trim()
        .chars()
        .take(200)
        .map(|c| if unprintable(c) { ' ' } else { c })
        .collect();
    line.trim_end_matches('.').to_owned()
}
