//! Files of the user's tree: opened without leaving it through links, regular files only, bounded by bytes read.
//!
//! - `tree/beneath.rs`: opening below a folder without following a link out of it.
//! - `tree/checkout.rs`: what a pull request can change, and where relplan may write in it.
//! - `tree/named.rs`: files that a person names, which may be anywhere.
//!
//! Invariant (law L14): what is opened through a [`Tree`] lies in the checkout that its root is in, whatever links are on
//! the way and whatever is exchanged meanwhile, and not in `.git`: CI systems keep a token there, and what is opened may be
//! packed or quoted. A pipe, socket or device is opened without waiting and never read. What is read is bounded by
//! counting bytes, since devices, pipes and files of `/proc` have no size.
//! Why: a link from the spec to a file of the user's would be printed by the first error in it.

mod beneath;
mod checkout;
mod named;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsStr,
    fs::File,
    io::{self, Read as _},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::programs::checkout_to_read;

pub use self::{
    checkout::{Checkout, PlaceError},
    named::{append_output, create_output, open_named, open_to_write, read_named, sync_folder},
};

/// Why a file is not read. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file.
    #[error("there is no {}", file.display())]
    Missing {
        /// The file, as it was asked for.
        file: PathBuf,
    },
    /// A link on the way leads out of the tree.
    #[error("{} is a link that leads out of the project", file.display())]
    Outside {
        /// The file, as it was asked for.
        file: PathBuf,
    },
    /// It lies in `.git`, by its name or through a link.
    #[error("{} lies in .git: what git keeps there is no part of the project", file.display())]
    OfGit {
        /// The file, as it was asked for.
        file: PathBuf,
    },
    /// It is a folder, pipe, socket or device.
    #[error("{} is not a regular file", file.display())]
    NotAFile {
        /// The file, as it was asked for.
        file: PathBuf,
    },
    /// It has more bytes than are read.
    #[error("{} has more than the {limit} bytes that are read of such a file", file.display())]
    TooLarge {
        /// The file, as it was asked for.
        file: PathBuf,
        /// The bound in bytes.
        limit: u64,
    },
    /// It could not be read.
    #[error("{} cannot be read", file.display())]
    Io {
        /// The file, as it was asked for.
        file: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl ReadError {
    /// Whether there simply is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// The same as an error of the standard library, for callers that know no other.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Missing { .. } => io::ErrorKind::NotFound,
            Self::Outside { .. } | Self::OfGit { .. } => io::ErrorKind::PermissionDenied,
            Self::NotAFile { .. } => io::ErrorKind::InvalidInput,
            Self::TooLarge { .. } => io::ErrorKind::FileTooLarge,
            Self::Io { source, .. } => source.kind(),
        };
        io::Error::new(kind, self)
    }
}

/// What there is of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A pipe, socket or device.
    Other,
}

/// A folder that others can shape, and everything below it. Links may lead to the rest of the checkout that it is in:
/// whoever can change the one can change the other. Clones share it.
#[derive(Debug, Clone)]
pub struct Tree {
    root: PathBuf,
    /// The outermost folder of the checkout; the root itself where it is in none.
    checkout: PathBuf,
    folder: Arc<beneath::Root>,
}

impl Tree {
    /// Opens the folder; links in its own path are followed.
    ///
    /// # Errors
    /// When there is no such folder, or it cannot be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = root.canonicalize()?;
        let checkout = checkout_to_read(&root).filter(|checkout| !is_in_git(checkout, &root));
        let checkout = checkout.unwrap_or_else(|| root.clone());
        let folder = Arc::new(beneath::Root::open(&checkout)?);
        Ok(Self {
            root,
            checkout,
            folder,
        })
    }

    /// The folder, absolute and without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that links may not lead out of, absolute and without links.
    #[must_use]
    pub(crate) fn checkout(&self) -> &Path {
        &self.checkout
    }

    /// Opens a file to read it. Its path is relative to the root and below it, or absolute and in the checkout.
    ///
    /// # Errors
    /// When it is missing, no regular file, outside, in `.git`, or cannot be opened.
    pub fn open_file(&self, file: impl AsRef<Path>) -> Result<File, ReadError> {
        let file = file.as_ref();
        let opened = self
            .below(file)
            .and_then(|path| self.folder.open_file(&path));
        let opened = opened.map_err(|failed| failed.about(file))?;
        regular(opened, file)
    }

    /// Reads a file of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Tree::open_file`], and when it has more bytes.
    pub fn read(&self, file: impl AsRef<Path>, limit: u64) -> Result<Vec<u8>, ReadError> {
        let file = file.as_ref();
        bounded(self.open_file(file)?, file, limit)
    }

    /// Looks what there is of a name, without opening it.
    ///
    /// # Errors
    /// When it is missing, outside, or cannot be looked at.
    pub fn look(&self, file: impl AsRef<Path>) -> Result<Kind, ReadError> {
        let file = file.as_ref();
        let kind = self.below(file).and_then(|path| self.folder.look(&path));
        kind.map_err(|failed| failed.about(file))
    }

    /// The path from the checkout's folder on.
    fn below(&self, file: &Path) -> Result<PathBuf, Failed> {
        if !file.is_absolute() && leads_up(file) {
            return Err(Failed::Outside);
        }
        let path = self.root.join(file);
        let below = path.strip_prefix(&self.checkout);
        below.map(Path::to_owned).map_err(|_| Failed::Outside)
    }
}

/// Whether a relative path leads out of where it starts, as it is written.
fn leads_up(path: &Path) -> bool {
    let mut depth = 0_usize;
    path.components().any(|part| match part {
        Component::ParentDir if depth == 0 => true,
        Component::ParentDir => {
            depth -= 1;
            false
        }
        Component::Normal(_) => {
            depth += 1;
            false
        }
        Component::CurDir | Component::RootDir | Component::Prefix(_) => false,
    })
}

/// Why a name below a folder leads to nothing that can be used.
#[derive(Debug)]
enum Failed {
    /// It leads out of the folder.
    Outside,
    /// It lies in `.git`.
    OfGit,
    /// It is nothing that can be opened as a file.
    NotAFile,
    /// The system said no.
    Io(io::Error),
}

impl Failed {
    fn about(self, file: &Path) -> ReadError {
        let file = file.to_owned();
        match self {
            Self::Outside => ReadError::Outside { file },
            Self::OfGit => ReadError::OfGit { file },
            Self::NotAFile => ReadError::NotAFile { file },
            Self::Io(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                ReadError::Missing { file }
            }
            Self::Io(source) => ReadError::Io { file, source },
        }
    }
}

/// Whether a name is git's own folder, as file systems have it that ignore case, what is behind a colon, dots and spaces at
/// the end, or characters without width.
fn is_of_git(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let is_ignored = |c: char| matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}');
    let name: String = name.chars().filter(|c| !is_ignored(*c)).collect();
    let name = name.split(':').next().unwrap_or_default();
    let name = name.trim_end_matches([' ', '.']);
    name.eq_ignore_ascii_case(".git") || name.eq_ignore_ascii_case("git~1")
}

/// Whether a path below a folder leads through `.git`, as it is written.
fn is_in_git(folder: &Path, path: &Path) -> bool {
    path.strip_prefix(folder)
        .unwrap_or(path)
        .iter()
        .any(is_of_git)
}

/// Lets regular files pass.
fn regular(opened: File, file: &Path) -> Result<File, ReadError> {
    match opened.metadata() {
        Ok(about) if about.is_file() => Ok(opened),
        Ok(_) => Err(Failed::NotAFile.about(file)),
        Err(error) => Err(Failed::Io(error).about(file)),
    }
}

/// Reads to the end, or one byte beyond the limit.
fn bounded(opened: File, file: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let read = opened.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    match read {
        Ok(count) if count as u64 > limit => Err(ReadError::TooLarge {
            file: file.to_owned(),
            limit,
        }),
        Ok(_) => Ok(bytes),
        Err(error) => Err(Failed::Io(error).about(file)),
    }
}
