//! Lines: one text beside another, as the hunks of a unified diff.

use std::time::Duration;

use similar::{ChangeTag, TextDiff};

/// How long one file's diff may be thought about; after that it is correct and longer than need be.
const PATIENCE: Duration = Duration::from_millis(500);

/// A run of changes with the lines around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// Where it is: `@@ -1,4 +1,5 @@`.
    pub header: String,
    /// Its lines in order.
    pub lines: Vec<Line>,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whether it stays, comes or goes.
    pub kind: LineKind,
    /// The text without its newline.
    pub text: String,
    /// Whether the file ends here without a newline.
    pub unterminated: bool,
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// It stays.
    Context,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
}

impl LineKind {
    /// The sign of a unified diff.
    pub fn sign(self) -> char {
        match self {
            Self::Context => ' ',
            Self::Added => '+',
            Self::Removed => '-',
        }
    }
}

/// The hunks, with `context` lines around each change, up to `most` lines; and how many lines more there are.
pub(super) fn hunks(before: &str, after: &str, context: usize, most: usize) -> (Vec<Hunk>, usize) {
    let diff = TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(before, after);
    let mut unified = diff.unified_diff();
    let (mut left, mut omitted) = (most, 0);
    let mut hunks = Vec::new();
    for hunk in unified.context_radius(context).iter_hunks() {
        let mut lines = Vec::new();
        for change in hunk.iter_changes() {
            if left == 0 {
                omitted += 1;
                continue;
            }
            left -= 1;
            lines.push(Line {
                kind: match change.tag() {
                    ChangeTag::Equal => LineKind::Context,
                    ChangeTag::Insert => LineKind::Added,
                    ChangeTag::Delete => LineKind::Removed,
                },
                text: change.value().trim_end_matches('\n').to_owned(),
                unterminated: change.missing_newline(),
            });
        }
        if !lines.is_empty() {
            hunks.push(Hunk {
                header: hunk.header().to_string(),
                lines,
            });
        }
    }
    (hunks, omitted)
}
