//! Walks through a `.tar.gz` (POSIX pax and ustar, and GNU's long names).
//!
//! Why ours: the library reads extended names into memory whole, however large they are, and takes what others take
//! differently, such as entries of unknown types (as files) and a global header (as nothing).

mod extended;
mod header;

use std::io::{self, Read};

use self::{extended::Extended, header::Header};
use super::{ArchiveError, Bounds, Each, Entry, Kind, gzip::Stream, read_error};

/// The unit of a tar, in bytes.
const BLOCK: usize = 512;

/// Reads all entries, and to the end of the file.
pub(super) fn read(
    packed: &mut dyn super::ReadSeek,
    bounds: Bounds,
    each: &mut Each<'_>,
) -> Result<(), ArchiveError> {
    let failed = |error| read_error(error, bounds);
    let mut packed = packed;
    let mut stream = Stream::new(&mut packed, bounds);
    let mut extended = Extended::default();
    let mut members = 0;
    while let Some(block) = next_block(&mut stream).map_err(failed)? {
        // Python ends at one block of zeros, npm at two: what follows must be nothing.
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        members += 1;
        if members > bounds.members {
            return Err(ArchiveError::Members {
                limit: bounds.members,
            });
        }
        let header = Header::read(&block)?;
        let mut body = (&mut stream).take(header.size);
        if header.is_record() {
            extended
                .take(&header, &mut body)
                .map_err(|error| match error {
                    extended::Failed::Read(error) => failed(error),
                    extended::Failed::Refused(why) => ArchiveError::member(&header.text(), why),
                })?;
        } else {
            let (name, kind) = entry(&header, std::mem::take(&mut extended))?;
            each(Entry {
                name: &name,
                kind,
                bytes: &mut body,
            })?;
        }
        skip(&mut body).map_err(failed)?;
        let padding = header.size.next_multiple_of(BLOCK as u64) - header.size;
        skip(&mut (&mut stream).take(padding)).map_err(failed)?;
    }
    if !extended.is_empty() {
        let what = "ends behind the long name of a file that does not follow";
        return Err(ArchiveError::ambiguous(what));
    }
    stream.finish(bounds)
}

/// The name and kind of an entry, by its header and the records before it.
fn entry(header: &Header, extended: Extended) -> Result<(Vec<u8>, Kind), ArchiveError> {
    let name = extended.name.unwrap_or_else(|| header.name.clone());
    let refuse = |why: &str| Err(ArchiveError::member(&String::from_utf8_lossy(&name), why));
    // Another size would have readers differ about where the next entry starts.
    if extended.size.is_some_and(|size| size != header.size) {
        return refuse("whose two sizes differ, so that readers take different bytes for it");
    }
    let target = || extended.link.clone().unwrap_or_else(|| header.link.clone());
    let kind = match header.kind {
        b'0' | 0 if name.ends_with(b"/") => Kind::Folder,
        b'0' | 0 => Kind::File {
            executable: header.executable,
        },
        b'1' => Kind::HardLink { target: target() },
        b'2' => Kind::Symlink { target: target() },
        b'5' => Kind::Folder,
        b'7' => {
            return refuse("which is a contiguous file: some clients unpack it and some do not");
        }
        b'S' => return refuse("which is a file with holes: clients read it differently"),
        _ => return refuse("which is neither a file nor a folder nor a link"),
    };
    if header.size != 0 && !matches!(kind, Kind::File { .. }) {
        return refuse("which has bytes although it is no file");
    }
    Ok((name, kind))
}

/// The next block; `None` at the end of the stream.
fn next_block(stream: &mut Stream<'_>) -> io::Result<Option<[u8; BLOCK]>> {
    let mut block = [0; BLOCK];
    let mut filled = 0;
    while filled < BLOCK {
        let rest = block.get_mut(filled..).unwrap_or_default();
        match stream.read(rest) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(block))
}

/// Reads the rest of a part, all of which must be there.
fn skip<R: Read>(part: &mut io::Take<R>) -> io::Result<()> {
    io::copy(part, &mut io::sink())?;
    if part.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(())
}
