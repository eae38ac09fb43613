//! One header block of a tar (POSIX.1-2001 ustar; the GNU tar manual, "Basic Tar Format").
//!
//! Invariant: a field is read only where all clients read the same in it.

use super::{super::ArchiveError, BLOCK};

/// What a header says.
#[derive(Debug)]
pub(super) struct Header {
    /// The path, with a ustar prefix.
    pub(super) name: Vec<u8>,
    /// The target of a link.
    pub(super) link: Vec<u8>,
    /// How many bytes follow.
    pub(super) size: u64,
    /// Whether any execute bit is set.
    pub(super) executable: bool,
    /// The type flag.
    pub(super) kind: u8,
}

impl Header {
    pub(super) fn read(block: &[u8; BLOCK]) -> Result<Self, ArchiveError> {
        let field = |at: usize, length: usize| block.get(at..at + length).unwrap_or_default();
        let lossy = String::from_utf8_lossy(field(0, 100)).into_owned();
        let shown = lossy.trim_end_matches('\0');
        let refuse = |why: &str| Err(ArchiveError::member(shown, why));
        let sum: u64 = block
            .iter()
            .enumerate()
            .map(|(at, byte)| {
                if (148..156).contains(&at) {
                    b' '
                } else {
                    *byte
                }
            })
            .map(u64::from)
            .sum();
        if number(field(148, 8)) != Some(sum) {
            return Err(ArchiveError::damaged(
                "the checksum of a tar header is wrong",
            ));
        }
        let is_posix = field(257, 8) == b"ustar\x0000";
        let is_gnu = field(257, 8) == b"ustar  \0";
        let kind = block.get(156).copied().unwrap_or_default();
        let Some(size) = number(field(124, 12)) else {
            return refuse("whose size is no number to some clients");
        };
        // Where no prefix reaches so far, some tools keep times behind it.
        let prefix = if block.get(475) == Some(&0) {
            field(345, 131)
        } else {
            field(345, 155)
        };
        let (Some(name), Some(prefix), Some(link)) =
            (text(field(0, 100)), text(prefix), text(field(157, 100)))
        else {
            return refuse("whose name goes on behind its end");
        };
        if !is_posix && field(345, 155).iter().any(|byte| *byte != 0) {
            return refuse("whose name has a second part to some clients and none to others");
        }
        let name = if prefix.is_empty() {
            name.to_vec()
        } else {
            [prefix, b"/", name].concat()
        };
        let header = Self {
            name,
            link: link.to_vec(),
            size,
            executable: number(field(100, 8)).is_some_and(|mode| mode & 0o111 != 0),
            kind,
        };
        if header.is_record() && !is_posix && !is_gnu {
            return refuse("which announces another file to some clients and is one to others");
        }
        Ok(header)
    }

    /// Whether it is no entry, but says something about the next one or all that follow.
    pub(super) fn is_record(&self) -> bool {
        matches!(self.kind, b'x' | b'g' | b'L' | b'K')
    }

    /// The path, for messages.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// A text up to its first NUL, behind which nothing else may be.
fn text(field: &[u8]) -> Option<&[u8]> {
    let end = field.iter().position(|byte| *byte == 0);
    let (text, rest) = field.split_at_checked(end.unwrap_or(field.len()))?;
    rest.iter().all(|byte| *byte == 0).then_some(text)
}

/// A number in octal digits, or in base 256 as GNU tar writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        return rest.iter().try_fold(0_u64, |all, byte| {
            all.checked_mul(256)?.checked_add(u64::from(*byte))
        });
    }
    let text = std::str::from_utf8(field).ok()?;
    let digits = text.trim_matches([' ', '\0']);
    if digits.is_empty() {
        return Some(0);
    }
    let is_octal = digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    is_octal
        .then(|| u64::from_str_radix(digits, 8).ok())
        .flatten()
}
