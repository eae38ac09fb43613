//! Walks through a zip (PKWARE's APPNOTE), by its directory and by its entries at once.
//!
//! Invariant: the entries lie one behind the other from the first byte to the directory, each is named once by each of
//! the two, and both say the same. A reader that goes by either reads the same files.
//! Why: installers that stream a wheel go by the entries, all others by the directory; indexes refuse what differs.

mod directory;

use std::io::{self, BufReader, Read, SeekFrom};

use flate2::{Crc, bufread::DeflateDecoder};

use self::directory::{Fields, Listed};
use super::{ArchiveError, Bounds, Each, Entry, Kind, ReadSeek, read_error};

/// The longest target of a link, in bytes.
const LINK: u64 = 4096;

/// What the mode of a Unix file says that it is.
const MODE_KIND: u32 = 0o170_000;

/// Reads all entries.
pub(super) fn read(
    packed: &mut dyn ReadSeek,
    bounds: Bounds,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let directory = directory::read(packed, bounds)?;
    let mut unpacked = 0_u64;
    let mut expected = 0;
    for listed in &directory.entries {
        unpacked = unpacked.saturating_add(listed.unpacked);
        if unpacked > bounds.unpacked {
            return Err(ArchiveError::Unpacked {
                limit: bounds.unpacked,
            });
        }
        if listed.offset != expected {
            let what = "holds bytes between its files that its directory does not name, where some clients read files";
            return Err(ArchiveError::ambiguous(what));
        }
        let start = check_local(packed, listed, bounds)?;
        let end = start.checked_add(listed.packed);
        expected = end.ok_or_else(|| ArchiveError::damaged("a size is too large"))?;
        entry(packed, listed, bounds, each)?;
        packed.seek(SeekFrom::Start(expected)).map_err(failed)?;
    }
    if expected != directory.start {
        let what = "holds bytes behind its files that its directory does not name, where some clients read files";
        return Err(ArchiveError::ambiguous(what));
    }
    Ok(())
}

/// Compares the header in front of an entry's bytes with the directory, and gives the place of the bytes.
fn check_local(
    packed: &mut dyn ReadSeek,
    listed: &Listed,
    bounds: Bounds,
) -> Result<u64, ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let differs = || {
        let why = "of which the directory and the file's own header say different things";
        ArchiveError::member(&listed.text(), why)
    };
    packed
        .seek(SeekFrom::Start(listed.offset))
        .map_err(failed)?;
    let mut head = [0; 30];
    packed.read_exact(&mut head).map_err(failed)?;
    let mut fields = Fields(&head);
    let header = fields.local().ok_or_else(differs)?;
    let mut more = vec![0; header.name + header.extra];
    packed.read_exact(&mut more).map_err(failed)?;
    let (name, extra) = more.split_at_checked(header.name).ok_or_else(differs)?;
    let sizes = directory::sizes(extra, name, [header.unpacked, header.packed])
        .map_err(|why| ArchiveError::member(&listed.text(), why))?;
    let same = name == listed.name
        && header.method == listed.method
        && header.flags == listed.flags
        && header.crc == listed.crc
        && sizes.as_slice() == [listed.unpacked, listed.packed];
    if !same {
        return Err(differs());
    }
    Ok(listed.offset + 30 + more.len() as u64)
}

fn entry(
    packed: &mut dyn ReadSeek,
    listed: &Listed,
    bounds: Bounds,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    let refuse = |why: &str| Err(ArchiveError::member(&listed.text(), why));
    let mode = listed.mode.unwrap_or_default();
    let is_folder = listed.name.ends_with(b"/");
    if is_folder && listed.unpacked != 0 {
        return refuse("which has bytes although it is no file");
    }
    let mut bytes = Unpacked::new(packed, listed);
    let kind = match mode & MODE_KIND {
        _ if is_folder => Kind::Folder,
        0o120_000 => {
            let mut target = Vec::new();
            let read = (&mut bytes).take(LINK).read_to_end(&mut target);
            read.map_err(|error| read_error(error, bounds))?;
            Kind::Symlink { target }
        }
        0 | 0o100_000 => Kind::File {
            executable: mode & 0o111 != 0,
        },
        _ => return refuse("which is neither a file nor a folder nor a link"),
    };
    each(Entry {
        name: &listed.name,
        kind,
        bytes: &mut bytes,
    })
}

/// The bytes of an entry, held against its size and checksum when they end.
struct Unpacked<'a> {
    inner: Inner<'a>,
    left: u64,
    packed: u64,
    crc: u32,
    sum: Crc,
}

enum Inner<'a> {
    Stored(io::Take<&'a mut dyn ReadSeek>),
    Deflated(Box<DeflateDecoder<BufReader<io::Take<&'a mut dyn ReadSeek>>>>),
}

impl<'a> Unpacked<'a> {
    fn new(packed: &'a mut dyn ReadSeek, listed: &Listed) -> Self {
        let taken = packed.take(listed.packed);
        Self {
            inner: if listed.is_deflated() {
                Inner::Deflated(Box::new(DeflateDecoder::new(BufReader::new(taken))))
            } else {
                Inner::Stored(taken)
            },
            left: listed.unpacked,
            packed: listed.packed,
            crc: listed.crc,
            sum: Crc::new(),
        }
    }
}

impl Read for Unpacked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wrong = |what| Err(io::Error::new(io::ErrorKind::InvalidData, what));
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = match &mut self.inner {
            Inner::Stored(inner) => inner.read(buffer)?,
            Inner::Deflated(inner) => inner.read(buffer)?,
        };
        let Some(left) = self.left.checked_sub(count as u64) else {
            return wrong("a file in it has more bytes than the directory says");
        };
        self.left = left;
        self.sum.update(buffer.get(..count).unwrap_or_default());
        if count == 0 {
            let used = match &self.inner {
                Inner::Stored(_) => self.packed,
                Inner::Deflated(inner) => inner.total_in(),
            };
            if self.left != 0 || used != self.packed || self.sum.sum() != self.crc {
                return wrong("a file in it has other bytes than the directory says");
            }
        }
        Ok(count)
    }
}
