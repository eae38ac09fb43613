//! Places in a text: byte spans, and the lines and columns that people count in.

/// A range of bytes of a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte's offset.
    pub offset: usize,
    /// How many bytes.
    pub len: usize,
}

impl Span {
    /// The bytes from `start` up to and without `end`.
    #[must_use]
    pub fn between(start: usize, end: usize) -> Self {
        Self {
            offset: start,
            len: end.saturating_sub(start),
        }
    }

    /// The offset behind the last byte.
    #[must_use]
    pub fn end(self) -> usize {
        self.offset.saturating_add(self.len)
    }

    /// From this span's start to the other's end.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self::between(self.offset, other.end().max(self.end()))
    }

    /// The same cut to the text's length and to whole characters, so that a wrong span can never be out of bounds.
    pub(crate) fn within(self, text: &str) -> Self {
        let start = floor(text, self.offset.min(text.len()));
        let end = floor(text, self.end().min(text.len()));
        Self::between(start, end.max(start))
    }
}

/// The last boundary between characters at or before an offset.
pub(crate) fn floor(text: &str, mut offset: usize) -> usize {
    while !text.is_char_boundary(offset) {
        offset = offset.saturating_sub(1);
    }
    offset
}

/// A place as people count it: both numbers start at 1, columns are characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Where the lines of a text begin, so that a place is found without reading the text from its start.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    /// Lines end at LF, CRLF and CR.
    pub(crate) fn of(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(at, byte)| match byte {
            b'\n' => true,
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0)
            .chain(ends.map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The line that an offset is in, counted from 0.
    pub(crate) fn index(&self, offset: usize) -> usize {
        self.starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1)
    }

    /// The bytes of a line, without what ends it.
    pub(crate) fn line(&self, index: usize) -> Span {
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let next = self
            .starts
            .get(index + 1)
            .copied()
            .unwrap_or(self.text.len());
        let line = self.text.get(start..next).unwrap_or_default();
        Span::between(start, start + line.trim_end_matches(['\n', '\r']).len())
    }

    /// An offset as people count it. A byte order mark takes no column.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let index = self.index(offset);
        let start = self.starts.get(index).copied().unwrap_or_default();
        let before = self
            .text
            .get(start..floor(self.text, offset.min(self.text.len())));
        let columns = before
            .unwrap_or_default()
            .chars()
            .filter(|c| *c != '\u{feff}')
            .count();
        Position {
            line: index + 1,
            column: columns + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_lines_and_characters() {
        let text = "\u{feff}ab\r\nü€x\rlast\n";
        let lines = Lines::of(text);
        let at = |needle: &str| {
            let position = lines.position(text.find(needle).unwrap());
            (position.line, position.column)
        };
        assert_eq!(at("ab"), (1, 1));
        assert_eq!(at("x"), (2, 3));
        assert_eq!(at("last"), (3, 1));
        assert_eq!(lines.position(text.len()), Position { line: 4, column: 1 });
        assert_eq!(lines.line(0), Span { offset: 0, len: 5 });
    }

    #[test]
    fn a_wrong_span_is_cut_to_whole_characters() {
        assert_eq!(
            Span { offset: 1, len: 90 }.within("ü€"),
            Span { offset: 0, len: 5 }
        );
        assert_eq!(
            Span { offset: 90, len: 2 }.within("ü€"),
            Span { offset: 5, len: 0 }
        );
    }
}
