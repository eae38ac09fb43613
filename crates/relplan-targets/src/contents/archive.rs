//! Walks through an archive, `.tar.gz` or zip, member by member and within bounds. Nothing is unpacked to disk.
//!
//! Invariant: whatever the archive claims, no more is inflated than [`Bounds::unpacked`], and no more is held in memory
//! than one block and, for a member whose name is extended, [`EXTENSION`] bytes. A path that leads out of the folder
//! that it is unpacked in, or that two readers could take differently, ends the walk.
//! Why tar's extensions are read here: the tar library reads them into memory whole, however large they are.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::read::MultiGzDecoder;
use tar::EntryType;
use zip::{ZipArchive, result::ZipError};

use super::path;
use crate::bounded::{Bounded, Exhausted};

/// The largest record with an extended name, in bytes.
const EXTENSION: u64 = 1 << 20;

/// The longest target of a link, in bytes.
const LINK: u64 = 4096;

/// How much of an archive is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Members.
    pub members: usize,
    /// Bytes, unpacked, all members together.
    pub unpacked: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            members: 100_000,
            unpacked: 512 << 20,
        }
    }
}

/// Why an archive is not read to its end. Each is a fragment fit for "could not be compared: {error}".
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no such archive, or ends too soon.
    #[error("it cannot be read as an archive")]
    Unreadable(#[source] io::Error),
    /// It has too many members.
    #[error("it holds more than {limit} files")]
    Members {
        /// The bound.
        limit: usize,
    },
    /// It unpacks to too much.
    #[error("it unpacks to more than {limit} bytes")]
    Unpacked {
        /// The bound in bytes.
        limit: u64,
    },
    /// A path that no packer writes.
    #[error("it holds the path {path:?}, {why}")]
    Path {
        /// The path, cut.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// Two members have one name.
    #[error("two of its files have one name, so that readers may take either")]
    Twice,
    /// A member that is neither file, folder nor link, or is told in a way that readers take differently.
    #[error("it holds {path:?}, which is {what}")]
    Member {
        /// The path, cut.
        path: String,
        /// What it is.
        what: &'static str,
    },
}

impl ArchiveError {
    pub(super) fn path(path: &str, why: &'static str) -> Self {
        Self::Path {
            path: path.chars().take(100).collect(),
            why,
        }
    }

    fn member(path: &str, what: &'static str) -> Self {
        Self::Member {
            path: path.chars().take(100).collect(),
            what,
        }
    }

    /// Whether somebody should look at the archive: ordinary packers make no such thing.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        match self {
            Self::Unreadable(_) => false,
            Self::Members { .. }
            | Self::Unpacked { .. }
            | Self::Path { .. }
            | Self::Twice
            | Self::Member { .. } => true,
        }
    }
}

/// One member that is a file or a link.
pub(super) struct Member<'a> {
    /// Its path as the archive spells it: relative, checked, in UTF-8.
    pub(super) path: String,
    /// Whether it is executable.
    pub(super) executable: bool,
    /// Whether it is a link; its bytes are then the words `link to` and the target.
    pub(super) link: bool,
    /// Its bytes.
    pub(super) bytes: &'a mut dyn Read,
}

/// What is told of each member. An error of reading the bytes ends the walk.
pub(super) type Visit<'a> = dyn FnMut(Member<'_>) -> io::Result<()> + 'a;

/// Walks through a `.tar.gz`.
pub(super) fn tar_gz(
    packed: &mut dyn Read,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    let inflated = Bounded {
        inner: MultiGzDecoder::new(io::BufReader::new(packed)),
        left: bounds.unpacked,
    };
    let failed = |error| read_error(error, bounds);
    let mut archive = tar::Archive::new(inflated);
    let mut extended = Extended::default();
    let mut members = 0;
    for entry in archive.entries().map_err(failed)?.raw(true) {
        let mut entry = entry.map_err(failed)?;
        members += 1;
        if members > bounds.members {
            return Err(ArchiveError::Members {
                limit: bounds.members,
            });
        }
        let kind = entry.header().entry_type();
        match kind {
            EntryType::XGlobalHeader => continue,
            EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader => {
                extended.take(kind, &mut entry).map_err(failed)?;
                continue;
            }
            _ => {}
        }
        let Extended {
            name,
            link,
            size,
            holes,
        } = std::mem::take(&mut extended);
        let own = entry.path_bytes().into_owned();
        let path = path::text(&name.unwrap_or(own))?;
        // npm repeats the size; another one would have readers differ about where the next member starts.
        if holes || size.is_some_and(|size| size != entry.size()) {
            return Err(ArchiveError::member(
                &path,
                "told in a way that readers take differently",
            ));
        }
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
        match kind {
            EntryType::Directory => {
                path::checked(path.trim_end_matches('/'))?;
            }
            EntryType::Regular | EntryType::Continuous => visit(Member {
                path: path::checked(&path)?,
                executable,
                link: false,
                bytes: &mut entry,
            })
            .map_err(failed)?,
            EntryType::Symlink | EntryType::Link => {
                let target = link.or_else(|| entry.link_name_bytes().map(Vec::from));
                let text = [b"link to ", target.unwrap_or_default().as_slice()].concat();
                visit(Member {
                    path: path::checked(&path)?,
                    executable: false,
                    link: true,
                    bytes: &mut text.as_slice(),
                })
                .map_err(failed)?;
            }
            _ => {
                return Err(ArchiveError::member(
                    &path,
                    "neither a file nor a folder nor a link",
                ));
            }
        }
    }
    Ok(())
}

/// What records before a member say about it.
#[derive(Default)]
struct Extended {
    name: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    /// The size in bytes.
    size: Option<u64>,
    /// Whether it is told as a file with holes, or with a size that is none.
    holes: bool,
}

impl Extended {
    fn take(&mut self, kind: EntryType, record: &mut dyn Read) -> io::Result<()> {
        let mut bytes = Vec::new();
        record.take(EXTENSION + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > EXTENSION {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "an extended name has more than a mebibyte",
            ));
        }
        match kind {
            EntryType::GNULongName => self.name = Some(up_to_nul(bytes)),
            EntryType::GNULongLink => self.link = Some(up_to_nul(bytes)),
            _ => {
                for extension in tar::PaxExtensions::new(&bytes) {
                    let extension = extension?;
                    let value = extension.value_bytes().to_vec();
                    match extension.key_bytes() {
                        b"path" => self.name = Some(value),
                        b"linkpath" => self.link = Some(value),
                        b"size" => {
                            let text = std::str::from_utf8(&value).unwrap_or_default();
                            self.size = text.parse().ok();
                            self.holes |= self.size.is_none();
                        }
                        key if key.starts_with(b"GNU.sparse.") => self.holes = true,
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}

fn up_to_nul(bytes: Vec<u8>) -> Vec<u8> {
    let name = bytes.split(|byte| *byte == 0).next();
    name.unwrap_or_default().to_vec()
}

/// A reader that can be wound.
pub(super) trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// Walks through a zip.
pub(super) fn zip(
    packed: &mut dyn ReadSeek,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<(), ArchiveError> {
    packed
        .seek(SeekFrom::Start(0))
        .map_err(ArchiveError::Unreadable)?;
    let mut archive = ZipArchive::new(packed).map_err(|error| unreadable(error, bounds))?;
    if archive.len() > bounds.members {
        return Err(ArchiveError::Members {
            limit: bounds.members,
        });
    }
    if archive.has_duplicate_names() {
        return Err(ArchiveError::Twice);
    }
    let mut left = bounds.unpacked;
    for number in 0..archive.len() {
        let member = archive
            .by_index(number)
            .map_err(|error| unreadable(error, bounds))?;
        let path = path::text(member.name_raw())?;
        if member.is_dir() {
            path::checked(path.trim_end_matches('/'))?;
            continue;
        }
        let path = path::checked(&path)?;
        let executable = member.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let link = member.is_symlink();
        let mut bytes = Bounded {
            inner: member,
            left,
        };
        let told = if link {
            let mut text = b"link to ".to_vec();
            let read = (&mut bytes).take(LINK).read_to_end(&mut text);
            read.and_then(|_| {
                visit(Member {
                    path,
                    executable: false,
                    link,
                    bytes: &mut text.as_slice(),
                })
            })
        } else {
            visit(Member {
                path,
                executable,
                link,
                bytes: &mut bytes,
            })
        };
        told.map_err(|error| read_error(error, bounds))?;
        left = bytes.left;
    }
    Ok(())
}

fn unreadable(error: ZipError, bounds: Bounds) -> ArchiveError {
    match error {
        ZipError::Io(error) => read_error(error, bounds),
        other => ArchiveError::Unreadable(io::Error::new(io::ErrorKind::InvalidData, other)),
    }
}

fn read_error(error: io::Error, bounds: Bounds) -> ArchiveError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        let inner = current
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        if current.is::<Exhausted>() || inner.is_some_and(|inner| inner.is::<Exhausted>()) {
            return ArchiveError::Unpacked {
                limit: bounds.unpacked,
            };
        }
        cause = current.source();
    }
    ArchiveError::Unreadable(error)
}
