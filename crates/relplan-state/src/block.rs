//! Lines that are to be appended together: rendered once, and checked to follow one another before any store sees them.

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Link},
};

/// Lines to be written at once, which follow one another and the head that they were made for.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The lines, each with its newline.
    pub(crate) bytes: Vec<u8>,
    /// The number of the first entry; `None` if there is none.
    pub(crate) first: Option<u64>,
    /// The number that the entry after the last one has; 0 if there is none.
    pub(crate) next: u64,
    /// The digest of the last line, or the head that was given if there are no lines.
    pub(crate) head: Sha256,
}

impl Block {
    /// Renders entries that follow `head`.
    ///
    /// # Errors
    /// What is wrong, if they do not follow it and one another, or one has no canonical form.
    pub(crate) fn new(head: Sha256, entries: &[Entry]) -> Result<Self, String> {
        let first = entries.first().map(|entry| entry.seq);
        let mut block = Self {
            bytes: Vec::new(),
            first,
            next: first.unwrap_or_default(),
            head,
        };
        for entry in entries {
            if entry.prev != block.head || entry.seq != block.next {
                return Err("what was to be appended does not follow it".to_owned());
            }
            let line = entry.to_line().map_err(|error| error.to_string())?;
            block.head = Sha256::of(&line);
            block.next += 1;
            block.bytes.extend_from_slice(&line);
            block.bytes.push(b'\n');
        }
        Ok(block)
    }

    /// The lines without their newlines.
    #[cfg(feature = "postgres")]
    pub(crate) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
    }
}

/// Where a journal ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct End {
    /// The digest of its last line; zero if it has none.
    pub(crate) head: Sha256,
    /// The number that the next entry has.
    pub(crate) next: u64,
}

impl End {
    /// Of an empty journal.
    pub(crate) const START: Self = Self {
        head: Sha256::ZERO,
        next: 0,
    };

    /// After a piece of a journal that stands where this end is.
    ///
    /// # Errors
    /// What is wrong, if it is not made of whole lines that continue this end.
    pub(crate) fn after(self, piece: &[u8]) -> Result<Self, String> {
        let Some(lines) = piece.strip_suffix(b"\n") else {
            return Err(format!("its piece from entry {} on is cut off", self.next));
        };
        let mut lines = lines.split(|byte| *byte == b'\n');
        let count = lines.clone().count() as u64;
        let damage = |error| format!("a line of its piece from entry {} on: {error}", self.next);
        if let Some(line) = lines.next() {
            let link = Link::of_line(line).map_err(|error| damage(error.to_string()))?;
            if link.seq != self.next || link.prev != self.head {
                return Err(damage(format!(
                    "it says that it is entry {} and does not follow",
                    link.seq
                )));
            }
        }
        let last = lines.next_back().or_else(|| piece.strip_suffix(b"\n"));
        Ok(Self {
            head: last.map_or(self.head, Sha256::of),
            next: self.next + count,
        })
    }
}

/// Splits whole lines, and appends them to others.
pub(crate) fn take_lines(piece: &[u8], into: &mut Vec<Vec<u8>>) {
    let lines = piece.strip_suffix(b"\n").unwrap_or(piece);
    into.extend(lines.split(|byte| *byte == b'\n').map(Vec::from));
}

/// A text that no other append has: two clients that append the very same entries at the same second are still told
/// apart by it, and a client whose answer was lost finds out by it whether what is there is its own.
///
/// # Errors
/// When the system gives no random bytes.
pub(crate) fn nonce() -> std::io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(relplan_model::digest::hex(&bytes))
}
