//! The directory at a zip's end, its zip64 form included.
//!
//! Invariant: it ends the file, it is found in one way, and it lists what clients unpack alike.

use std::io::{BufReader, Read, SeekFrom};

use super::super::{ArchiveError, Bounds, ReadSeek, read_error};

/// The record that ends a directory, without its comment, in bytes.
const END: usize = 22;

/// The longest comment, in bytes.
const COMMENT: usize = 0xffff;

/// How many bytes a directory may have.
const LARGEST: u64 = 64 << 20;

/// Flags that say that bytes are encrypted or patched.
const UNREADABLE: u16 = 1 | 1 << 5 | 1 << 6 | 1 << 13;

/// The flag of an entry whose sizes stand behind its bytes.
const STREAMED: u16 = 1 << 3;

/// The flag of a name in UTF-8.
const UTF8: u16 = 1 << 11;

/// A directory.
pub(super) struct Directory {
    /// The entries in the order of their bytes.
    pub(super) entries: Vec<Listed>,
    /// Where it starts.
    pub(super) start: u64,
}

/// An entry by the directory.
pub(super) struct Listed {
    pub(super) name: Vec<u8>,
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u64,
    pub(super) unpacked: u64,
    pub(super) offset: u64,
    pub(super) mode: Option<u32>,
}

impl Listed {
    pub(super) fn is_deflated(&self) -> bool {
        self.method == 8
    }

    /// The name, for messages.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.name).into_owned()
    }
}

/// Little-endian fields, read one after the other.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn signature(&mut self, wanted: [u8; 4]) -> Option<()> {
        (self.take()? == wanted).then_some(())
    }

    /// The header in front of an entry's bytes.
    pub(super) fn local(&mut self) -> Option<Local> {
        self.signature(*b"PK\x03\x04")?;
        let _needed = self.u16()?;
        let flags = self.u16()?;
        let method = self.u16()?;
        let _time = self.u32()?;
        Some(Local {
            flags,
            method,
            crc: self.u32()?,
            packed: self.u32()?,
            unpacked: self.u32()?,
            name: self.u16()?.into(),
            extra: self.u16()?.into(),
        })
    }
}

/// An entry by its own header.
pub(super) struct Local {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed: u32,
    pub(super) unpacked: u32,
    /// The length of the name.
    pub(super) name: usize,
    /// The length of the extra fields.
    pub(super) extra: usize,
}

/// Where a directory is, by the record at its end.
struct Place {
    count: u64,
    size: u64,
    start: u64,
}

pub(super) fn read(packed: &mut dyn ReadSeek, bounds: Bounds) -> Result<Directory, ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let place = find(packed, bounds)?;
    if place.count > bounds.members as u64 {
        return Err(ArchiveError::Members {
            limit: bounds.members,
        });
    }
    if place.size > LARGEST {
        return Err(ArchiveError::ambiguous(
            "has a larger directory than is read",
        ));
    }
    packed.seek(SeekFrom::Start(place.start)).map_err(failed)?;
    let mut source = BufReader::new(packed.take(place.size));
    let mut entries = Vec::new();
    for _ in 0..place.count {
        entries.push(listed(&mut source, bounds)?);
    }
    if source.read(&mut [0]).map_err(failed)? != 0 {
        let what = "has a directory with more in it than its end says";
        return Err(ArchiveError::ambiguous(what));
    }
    entries.sort_by_key(|entry: &Listed| entry.offset);
    Ok(Directory {
        entries,
        start: place.start,
    })
}

/// Finds the end of the directory, as all clients do: the last record of that kind, whose comment ends the file.
fn find(packed: &mut dyn ReadSeek, bounds: Bounds) -> Result<Place, ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let none = || ArchiveError::damaged("there is no directory at its end");
    let size = packed.seek(SeekFrom::End(0)).map_err(failed)?;
    let length = size.min((END + COMMENT) as u64);
    packed
        .seek(SeekFrom::Start(size - length))
        .map_err(failed)?;
    let mut tail = Vec::new();
    packed.take(length).read_to_end(&mut tail).map_err(failed)?;
    let found = tail.windows(4).rposition(|window| window == b"PK\x05\x06");
    let at = found.ok_or_else(none)?;
    let (before, end) = tail.split_at_checked(at).ok_or_else(none)?;
    let mut fields = Fields(end);
    let end_at = size - length + at as u64;
    let mut place = fields.end().ok_or_else(none)?;
    let mut directory_ends = end_at;
    let locator = before.len().checked_sub(20).and_then(|at| before.get(at..));
    if let Some(locator) = locator
        && let Some(offset) = Fields(locator).locator()
    {
        let wrong = || ArchiveError::ambiguous("has a zip64 end that some clients do not find");
        if offset.checked_add(56 + 20) != Some(end_at) {
            return Err(wrong());
        }
        packed.seek(SeekFrom::Start(offset)).map_err(failed)?;
        let mut record = [0; 56];
        packed.read_exact(&mut record).map_err(failed)?;
        let wide = Fields(&record).wide_end().ok_or_else(wrong)?;
        let agrees = |narrow: u64, most: u64, wide: u64| narrow == most || narrow == wide;
        if !agrees(place.count, 0xffff, wide.count)
            || !agrees(place.size, 0xffff_ffff, wide.size)
            || !agrees(place.start, 0xffff_ffff, wide.start)
        {
            return Err(wrong());
        }
        (place, directory_ends) = (wide, offset);
    }
    if place.start.checked_add(place.size) != Some(directory_ends) {
        let what = "has a directory that does not end where the file ends, so that clients read different ones";
        return Err(ArchiveError::ambiguous(what));
    }
    Ok(place)
}

impl Fields<'_> {
    fn end(&mut self) -> Option<Place> {
        self.signature(*b"PK\x05\x06")?;
        let disks = self.u32()?;
        let here = self.u16()?;
        let count = self.u16()?;
        let size = self.u32()?;
        let start = self.u32()?;
        let comment = self.u16()?;
        let whole = disks == 0 && here == count && self.0.len() == usize::from(comment);
        whole.then_some(Place {
            count: count.into(),
            size: size.into(),
            start: start.into(),
        })
    }

    /// The offset of the zip64 end.
    fn locator(&mut self) -> Option<u64> {
        self.signature(*b"PK\x06\x07")?;
        let _disk = self.u32()?;
        self.u64()
    }

    fn wide_end(&mut self) -> Option<Place> {
        self.signature(*b"PK\x06\x06")?;
        let size = self.u64()?;
        let _versions = self.u32()?;
        let disks = self.u64()?;
        let here = self.u64()?;
        let count = self.u64()?;
        let place = Place {
            count,
            size: self.u64()?,
            start: self.u64()?,
        };
        (size == 44 && disks == 0 && here == count).then_some(place)
    }

    fn listed(&mut self) -> Option<(Listed, [u32; 3], [usize; 3])> {
        self.signature(*b"PK\x01\x02")?;
        let made_by = self.u16()?;
        let _needed = self.u16()?;
        let flags = self.u16()?;
        let method = self.u16()?;
        let _time = self.u32()?;
        let crc = self.u32()?;
        let (packed, unpacked) = (self.u32()?, self.u32()?);
        let lengths = [self.u16()?.into(), self.u16()?.into(), self.u16()?.into()];
        let disk = self.u16()?;
        let _internal = self.u16()?;
        let external = self.u32()?;
        let offset = self.u32()?;
        let listed = Listed {
            name: Vec::new(),
            flags,
            method,
            crc,
            packed: 0,
            unpacked: 0,
            offset: 0,
            mode: (made_by >> 8 == 3).then_some(external >> 16),
        };
        (disk == 0).then_some((listed, [unpacked, packed, offset], lengths))
    }
}

/// Reads one entry of the directory.
fn listed(source: &mut dyn Read, bounds: Bounds) -> Result<Listed, ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let mut head = [0; 46];
    source.read_exact(&mut head).map_err(failed)?;
    let entry = Fields(&head).listed();
    let (mut entry, narrow, [name, extra, comment]) =
        entry.ok_or_else(|| ArchiveError::damaged("its directory is damaged"))?;
    entry.name = vec![0; name];
    source.read_exact(&mut entry.name).map_err(failed)?;
    let mut fields = vec![0; extra];
    source.read_exact(&mut fields).map_err(failed)?;
    let text = entry.text();
    let refuse = |why: &'static str| ArchiveError::member(&text, why);
    if comment != 0 {
        return Err(refuse("which has a comment, as no packer writes"));
    }
    if entry.flags & UNREADABLE != 0 {
        return Err(refuse("which is encrypted"));
    }
    if entry.flags & STREAMED != 0 {
        return Err(refuse(
            "whose sizes stand behind its bytes: clients that read from the start may take other bytes for it, and indexes refuse it",
        ));
    }
    if !matches!(entry.method, 0 | 8) {
        return Err(refuse(
            "which is compressed in a way that not all clients know",
        ));
    }
    if entry.flags & UTF8 == 0 && !entry.name.is_ascii() {
        return Err(refuse(
            "whose name is not marked as UTF-8, so that clients read different ones",
        ));
    }
    let wide = sizes(&fields, &entry.name, narrow).map_err(refuse)?;
    [entry.unpacked, entry.packed, entry.offset] = wide;
    if entry.method == 0 && entry.packed != entry.unpacked {
        return Err(refuse("which has two sizes"));
    }
    Ok(entry)
}

/// The sizes of an entry: those of the zip64 field where the narrow ones are full.
///
/// # Errors
/// When the extra fields can be read in two ways, or give another name.
pub(super) fn sizes<const N: usize>(
    extra: &[u8],
    name: &[u8],
    narrow: [u32; N],
) -> Result<[u64; N], &'static str> {
    let mut wide: Option<&[u8]> = None;
    let mut unicode = false;
    let mut fields = Fields(extra);
    while !fields.0.is_empty() {
        const MALFORMED: &str = "whose extra fields are malformed";
        let (Some(id), Some(length)) = (fields.u16(), fields.u16()) else {
            return Err(MALFORMED);
        };
        let (field, rest) = fields.0.split_at_checked(length.into()).ok_or(MALFORMED)?;
        fields.0 = rest;
        let again = match id {
            0x0001 => wide.replace(field).is_some(),
            0x7075 => {
                if field.get(5..) != Some(name) {
                    return Err("which has two names");
                }
                std::mem::replace(&mut unicode, true)
            }
            _ => false,
        };
        if again {
            return Err("which has an extra field twice");
        }
    }
    let mut fields = Fields(wide.unwrap_or_default());
    let mut all = [0; N];
    for (size, narrow) in all.iter_mut().zip(narrow) {
        *size = match narrow {
            u32::MAX => fields.u64().ok_or("whose size is missing")?,
            narrow => narrow.into(),
        };
    }
    Ok(all)
}
