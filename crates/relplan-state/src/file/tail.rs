//! The end of a journal: its last whole line, read without the lines before it.

use std::io;

use relplan_model::{
    digest::Sha256,
    journal::{Link, MAX_LINE},
};

use super::DiskFile;

/// What the end of a journal says about where the next line goes.
#[derive(Debug)]
pub(super) struct Tail {
    /// The digest of the last whole line; zero if there is none.
    pub(super) head: Sha256,
    /// The number that the next entry has.
    pub(super) next: u64,
    /// How many bytes the whole lines take.
    pub(super) length: u64,
    /// Whether a piece without newline follows them.
    pub(super) torn: bool,
}

/// Why the end of a journal could not be read.
#[derive(Debug)]
pub(super) enum TailError {
    /// The file could not be read.
    Io(io::Error),
    /// The last whole line is not an entry.
    Damaged(String),
}

impl From<io::Error> for TailError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Bytes that are read at first: most lines are far shorter, and intents are followed by their receipts.
const FIRST_READ: u64 = 4 << 10;

/// A torn piece, a line and the newline before it fit into this many bytes, if the lines are ours.
const MOST: u64 = 2 * (MAX_LINE as u64 + 1) + 1;

impl Tail {
    pub(super) async fn read(file: &mut impl DiskFile) -> Result<Self, TailError> {
        let size = file.size().await?;
        let mut want = FIRST_READ;
        loop {
            let start = size.saturating_sub(want);
            let bytes = file.read_at(start, size).await?;
            if let Some(tail) = Self::find(&bytes, start, size)? {
                return Ok(tail);
            }
            if want >= MOST {
                return Err(TailError::Damaged(format!(
                    "its last line is longer than the {MAX_LINE} bytes that a line may have"
                )));
            }
            want = (want * 8).min(MOST);
        }
    }

    /// Finds the last whole line in the bytes from `start` to the end; `None` if more must be read.
    fn find(bytes: &[u8], start: u64, size: u64) -> Result<Option<Self>, TailError> {
        let Some(newline) = last_newline(bytes) else {
            // Without any newline in the whole file, all of it is torn.
            return Ok((start == 0).then_some(Self {
                head: Sha256::ZERO,
                next: 0,
                length: 0,
                torn: size > 0,
            }));
        };
        let (lines, _) = bytes.split_at(newline);
        let line = match last_newline(lines) {
            Some(before) => lines.split_at(before + 1).1,
            None if start == 0 => lines,
            None => return Ok(None),
        };
        let link = Link::of_line(line).map_err(|error| {
            TailError::Damaged(format!("its last line is not an entry: {error}"))
        })?;
        let length = start + newline as u64 + 1;
        Ok(Some(Self {
            head: Sha256::of(line),
            next: link.seq + 1,
            length,
            torn: length < size,
        }))
    }
}

/// Whether bytes follow the last newline.
pub(super) async fn ends_torn(file: &mut impl DiskFile) -> io::Result<bool> {
    let size = file.size().await?;
    let bytes = file.read_at(size.saturating_sub(1), size).await?;
    Ok(bytes.last().is_some_and(|byte| *byte != b'\n'))
}

fn last_newline(bytes: &[u8]) -> Option<usize> {
    bytes.iter().rposition(|byte| *byte == b'\n')
}
