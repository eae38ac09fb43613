//! Reads a few members out of a gzip-compressed tar file, within bounds.
//!
//! Invariant: nothing is unpacked to disk, and no archive, however it was made, costs more memory than the members that
//! were asked for or more time than [`MAX_UNPACKED`] bytes take to inflate.

use std::io::{self, Read};

use crate::bounded::{Bounded, Exhausted};

use flate2::read::MultiGzDecoder;

/// How many bytes are inflated at most while members are looked for.
pub(crate) const MAX_UNPACKED: u64 = 1 << 30;

/// How many members are looked at, at most.
const MAX_MEMBERS: usize = 200_000;

/// Why a member could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The bytes are no gzip-compressed tar, or end too soon.
    #[error("it is not a readable .tar.gz")]
    Unreadable(#[source] io::Error),
    /// The member is larger than its bound.
    #[error("its {path} has {size} bytes, more than the {limit} that are read")]
    MemberTooLarge {
        /// The member's path.
        path: String,
        /// Its size in bytes.
        size: u64,
        /// The bound in bytes.
        limit: u64,
    },
    /// Two members have the path, so that readers may differ in which one they take.
    #[error("it holds {path} twice")]
    Twice {
        /// The path.
        path: String,
    },
    /// There are more members or more bytes in it than are read.
    #[error("it holds more than {MAX_MEMBERS} files or unpacks to more than {MAX_UNPACKED} bytes")]
    TooLarge,
}

/// Reads the one member whose path `wanted` accepts; `None`: there is no such member.
///
/// The path is handed over as the archive spells it, without a leading `./`.
pub(crate) fn member(
    packed: impl Read,
    limit: u64,
    mut wanted: impl FnMut(&str) -> bool,
) -> Result<Option<(String, Vec<u8>)>, ArchiveError> {
    let unpacked = Bounded {
        inner: MultiGzDecoder::new(packed),
        left: MAX_UNPACKED,
    };
    let mut archive = tar::Archive::new(unpacked);
    let entries = archive.entries().map_err(read_error)?;
    let mut found = None;
    for (count, entry) in entries.enumerate() {
        if count >= MAX_MEMBERS {
            return Err(ArchiveError::TooLarge);
        }
        let mut entry = entry.map_err(read_error)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.strip_prefix("./").unwrap_or(&path).to_owned();
        if !wanted(&path) {
            continue;
        }
        let size = entry.size();
        if size > limit {
            return Err(ArchiveError::MemberTooLarge { path, size, limit });
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).map_err(read_error)?;
        if found.is_some() {
            return Err(ArchiveError::Twice { path });
        }
        found = Some((path, bytes));
    }
    Ok(found)
}

fn read_error(error: io::Error) -> ArchiveError {
    let exhausted =
        |error: &io::Error| error.get_ref().is_some_and(|inner| inner.is::<Exhausted>());
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if current.downcast_ref::<io::Error>().is_some_and(exhausted) || current.is::<Exhausted>() {
            return ArchiveError::TooLarge;
        }
        cause = current.source();
    }
    ArchiveError::Unreadable(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(members: &[(&str, &[u8])]) -> Vec<u8> {
        let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut tar = tar::Builder::new(gzip);
        for (path, bytes) in members {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(0o644);
            tar.append_data(&mut header, path, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    #[test]
    fn a_member_is_found_and_kept_within_its_bound() {
        let bytes = packed(&[("a/x", b"no"), ("a/y", b"yes")]);
        let found = member(&*bytes, 3, |path| path == "a/y").unwrap();
        assert_eq!(found, Some(("a/y".to_owned(), b"yes".to_vec())));
        assert!(matches!(
            member(&*bytes, 2, |path| path == "a/y"),
            Err(ArchiveError::MemberTooLarge {
                size: 3,
                limit: 2,
                ..
            })
        ));
        assert!(member(&*bytes, 3, |_| false).unwrap().is_none());
    }

    #[test]
    fn what_is_cut_short_or_no_archive_is_an_error_and_never_an_absence() {
        let bytes = packed(&[("a/x", &[7; 4000]), ("a/y", b"yes")]);
        let half = bytes.get(..bytes.len() / 2).unwrap();
        for bad in [half, b"no gzip at all"] {
            assert!(matches!(
                member(bad, 10, |path| path == "a/y"),
                Err(ArchiveError::Unreadable(_))
            ));
        }
    }

    #[test]
    fn l3_a_member_that_is_there_twice_is_refused() {
        let bytes = packed(&[("a/x", b"one"), ("a/x", b"two")]);
        assert!(matches!(
            member(&*bytes, 10, |path| path == "a/x"),
            Err(ArchiveError::Twice { .. })
        ));
    }

    #[test]
    fn a_bomb_ends_at_the_bound() {
        let unpacked = Bounded {
            inner: io::repeat(0),
            left: 1000,
        };
        let error = io::copy(&mut { unpacked }, &mut io::sink()).unwrap_err();
        assert!(matches!(read_error(error), ArchiveError::TooLarge));
    }
}
