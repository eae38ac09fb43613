//! The one reader of packed artifacts: `.tar.gz` and zip, member by member, placed as the ecosystem's client writes them.
//!
//! ```text
//! bytes ──tar_gz or zip──▶ entries as spelled ──Layout::place──▶ path on disk ──Names──▶ Member
//! ```
//!
//! Invariant: what two clients would read differently is refused, and so is what one client would write twice. Nothing is
//! unpacked to disk. Whatever an archive claims, no more is inflated than [`Bounds::unpacked`], and no more is held in
//! memory than one block, one extended name, the paths and, of a zip, its directory.

mod bounded;
mod gzip;
mod names;
mod path;
mod tar;
#[cfg(test)]
mod tests;
mod zip;

use std::io::{self, Read, Seek, SeekFrom};

pub(crate) use self::path::{portable, spelled, without_odd_parts};
use self::{
    bounded::Exhausted,
    names::{Names, Taken},
};
use crate::{
    format::{Container, Format},
    layout::{self, Links, Place},
};

/// A reader that can be wound back.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek + ?Sized> ReadSeek for T {}

/// How much of an archive is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Members.
    pub members: usize,
    /// Bytes, unpacked, all members together.
    pub unpacked: u64,
}

impl Default for Bounds {
    /// The bounds of a listing, which reads every byte.
    fn default() -> Self {
        Self {
            members: 100_000,
            unpacked: 512 << 20,
        }
    }
}

impl Bounds {
    /// The bounds for a file that is to be published. What unpacks to more is refused by Cargo itself (20 times its size,
    /// at least 512 MiB), and by indexes of Python packages (50 times).
    #[must_use]
    pub fn of_upload(format: Format, packed: u64) -> Self {
        let (least, times) = match format {
            Format::Crate => (512 << 20, 20),
            Format::NpmTarball | Format::Wheel | Format::Sdist | Format::ZipSdist => (1 << 30, 50),
        };
        Self {
            members: 200_000,
            unpacked: packed.saturating_mul(times).max(least),
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
    /// A member that no packer writes, or that clients read differently.
    #[error("it holds {path:?}, {why}")]
    Member {
        /// The path, cut.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The archive as a whole can be read in more than one way.
    #[error("it {what}")]
    Ambiguous {
        /// What it does.
        what: String,
    },
}

impl ArchiveError {
    pub(crate) fn member(path: &str, why: impl Into<String>) -> Self {
        Self::Member {
            path: path.chars().take(100).collect(),
            why: why.into(),
        }
    }

    pub(crate) fn ambiguous(what: impl Into<String>) -> Self {
        Self::Ambiguous { what: what.into() }
    }

    fn damaged(what: &'static str) -> Self {
        Self::Unreadable(io::Error::new(io::ErrorKind::InvalidData, what))
    }

    /// Whether clients read it differently, so that it can be neither published nor shown for what it is.
    #[must_use]
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Member { .. } | Self::Ambiguous { .. })
    }

    /// Whether somebody should look at the archive: ordinary packers make no such thing.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        match self {
            Self::Unreadable(_) => false,
            Self::Members { .. }
            | Self::Unpacked { .. }
            | Self::Member { .. }
            | Self::Ambiguous { .. } => true,
        }
    }
}

/// One file or link.
pub struct Member<'a> {
    /// Its path below the folder that its client unpacks it to; of a wheel, its path in the archive.
    pub path: String,
    /// Whether it is executable.
    pub executable: bool,
    /// Whether it is a link; its bytes are then the words `link to` and the target.
    pub link: bool,
    /// Its bytes.
    pub bytes: &'a mut dyn Read,
}

/// Called with each member. An error of reading the bytes ends the walk.
pub type Visit<'a> = dyn FnMut(Member<'_>) -> io::Result<()> + 'a;

/// What is known at the end of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walked {
    /// The one folder that all of a crate or sdist is in.
    pub top: Option<String>,
}

/// An entry as an archive spells it.
struct Entry<'a> {
    name: &'a [u8],
    kind: Kind,
    bytes: &'a mut dyn Read,
}

/// What an entry is.
enum Kind {
    Folder,
    File { executable: bool },
    Symlink { target: Vec<u8> },
    HardLink { target: Vec<u8> },
}

/// Called with each entry.
type Each<'a> = dyn FnMut(Entry<'_>) -> Result<(), ArchiveError> + 'a;

/// Walks through an artifact from its start.
///
/// # Errors
/// When it cannot be read, exceeds the bounds, or holds what clients would read in different ways.
pub fn walk(
    format: Format,
    packed: &mut dyn ReadSeek,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<Walked, ArchiveError> {
    packed
        .seek(SeekFrom::Start(0))
        .map_err(ArchiveError::Unreadable)?;
    let mut layout = layout::of(format);
    let mut names = Names::default();
    let mut each = |entry: Entry<'_>| {
        let Entry { name, kind, bytes } = entry;
        let spelled = spelled(name)?;
        let is_folder = matches!(kind, Kind::Folder);
        let Some(place) = layout.place(spelled, is_folder)? else {
            return Ok(());
        };
        guard(layout.guarded(), spelled, &place, &kind)?;
        let taken = match &kind {
            Kind::Folder => Taken::Folder,
            Kind::File { .. } => Taken::File,
            Kind::Symlink { .. } | Kind::HardLink { .. } => match layout.links() {
                Links::Refused => {
                    let why = "which is a link: clients drop links or follow them, and registries refuse them";
                    return Err(ArchiveError::member(spelled, why));
                }
                Links::Text => Taken::File,
                Links::Inside => Taken::Link,
            },
        };
        if taken == Taken::Link {
            let leads = match &kind {
                Kind::HardLink { target } => match layout.place(path::spelled(target)?, false)? {
                    Some(place) if names.is_file(&place.written) => Ok(()),
                    _ => Err("which links to what is no file before it"),
                },
                Kind::Symlink { target } => path::stays_inside(&place.written, target),
                Kind::Folder | Kind::File { .. } => Ok(()),
            };
            leads.map_err(|why| ArchiveError::member(spelled, why))?;
        }
        names
            .take(&place.written, taken)
            .map_err(|why| ArchiveError::member(spelled, why))?;
        let path = place.shown;
        let visited = match kind {
            Kind::Folder => return Ok(()),
            Kind::File { executable } => visit(Member {
                path,
                executable,
                link: false,
                bytes,
            }),
            Kind::Symlink { target } | Kind::HardLink { target } => visit(Member {
                path,
                executable: false,
                link: true,
                bytes: &mut [b"link to ", target.as_slice()].concat().as_slice(),
            }),
        };
        visited.map_err(|error| read_error(error, bounds))
    };
    match format.container() {
        Container::TarGz => tar::read(packed, bounds, &mut each)?,
        Container::Zip => zip::read(packed, bounds, &mut each)?,
    }
    layout.finish()?;
    Ok(Walked { top: layout.top() })
}

/// Refuses another spelling of a file that clients look for by its name: on file systems that fold case, and to clients
/// that clean paths up, it is that file.
fn guard(guarded: &[&str], spelled: &str, place: &Place, kind: &Kind) -> Result<(), ArchiveError> {
    let key = portable(&place.written);
    let Some(name) = guarded.iter().find(|name| portable(name) == key) else {
        return Ok(());
    };
    let is_file = matches!(kind, Kind::File { .. });
    if is_file && place.plain && place.written == *name {
        return Ok(());
    }
    let why = if is_file {
        format!("which some clients read as {name}")
    } else {
        format!("where {name} has to be an ordinary file")
    };
    Err(ArchiveError::member(spelled, why))
}

fn read_error(error: io::Error, bounds: Bounds) -> ArchiveError {
    let exhausted =
        |error: &io::Error| error.get_ref().is_some_and(|inner| inner.is::<Exhausted>());
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(current) = cause {
        if current.is::<Exhausted>() || current.downcast_ref::<io::Error>().is_some_and(exhausted) {
            return ArchiveError::Unpacked {
                limit: bounds.unpacked,
            };
        }
        cause = current.source();
    }
    ArchiveError::Unreadable(error)
}
