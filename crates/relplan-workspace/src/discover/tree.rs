//! The project's manifests, read with bounds, and the folders that patterns go through.
//!
//! Invariant: whatever is read or listed lies below the root after all symbolic links are resolved, is a regular file or
//! a folder, and is no larger than the bounds. What is read is read by [`relplan_system::tree`].

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fs, io,
};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_system::tree;

use super::{DiscoverError, Folder, text::Lines};

/// The largest manifest that is read, in bytes.
pub(crate) const MAX_MANIFEST: u64 = 4 << 20;

/// The most folder entries that one discovery looks at.
const MAX_ENTRIES: usize = 1_000_000;

/// Why a manifest cannot be used. Each message names the file.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// There is no such file below the root.
    #[error("there is no {file}")]
    Missing {
        /// The file, relative to the root.
        file: String,
    },
    /// It is a link to somewhere outside of the project's root.
    #[error("{file} is a link that leads out of the project")]
    Outside {
        /// The file, relative to the root.
        file: String,
    },
    /// It lies in `.git`.
    #[error("{file} lies in .git: what git keeps there is no part of the project")]
    OfGit {
        /// The file, relative to the root.
        file: String,
    },
    /// It is a folder, pipe or device.
    #[error("{file} is not a regular file")]
    NotAFile {
        /// The file, relative to the root.
        file: String,
    },
    /// It is larger than what is read.
    #[error("{file} has more than the {limit} bytes that are read of a manifest")]
    TooLarge {
        /// The file, relative to the root.
        file: String,
        /// The bound in bytes.
        limit: u64,
    },
    /// It could not be read.
    #[error("{file} cannot be read")]
    Io {
        /// The file, relative to the root.
        file: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// It is not UTF-8, or not of the manifest's syntax.
    #[error("{file}:{line}: {message}")]
    Syntax {
        /// The file, relative to the root.
        file: String,
        /// The line, from 1.
        line: usize,
        /// What is wrong, on one line.
        message: String,
    },
    /// It can be read, but says something that its ecosystem does not allow.
    #[error("{file}: {message}")]
    Content {
        /// The file, relative to the root.
        file: String,
        /// What is wrong.
        message: String,
        /// What to do.
        advice: Option<String>,
    },
}

impl ReadError {
    /// What to do about it, where there is something to say.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => {
                Some("correct the path, or remove it from the workspace's members".to_owned())
            }
            Self::Content { advice, .. } => advice.clone(),
            Self::Outside { .. }
            | Self::OfGit { .. }
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Io { .. }
            | Self::Syntax { .. } => None,
        }
    }

    /// Whether there simply is no such file.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }
}

impl From<tree::ReadError> for ReadError {
    fn from(error: tree::ReadError) -> Self {
        let name = |file: std::path::PathBuf| file.display().to_string();
        match error {
            tree::ReadError::Missing { file } => Self::Missing { file: name(file) },
            tree::ReadError::Outside { file } => Self::Outside { file: name(file) },
            tree::ReadError::OfGit { file } => Self::OfGit { file: name(file) },
            tree::ReadError::NotAFile { file } => Self::NotAFile { file: name(file) },
            tree::ReadError::TooLarge { file, limit } => Self::TooLarge {
                file: name(file),
                limit,
            },
            tree::ReadError::Io { file, source } => Self::Io {
                file: name(file),
                source,
            },
        }
    }
}

/// The files below the project's root.
pub(crate) struct Tree {
    files: tree::Tree,
    root: Utf8PathBuf,
    looked_at: Cell<usize>,
    /// Folders whose links were resolved already: a workspace's members are neighbours.
    resolved: RefCell<BTreeMap<Utf8PathBuf, Utf8PathBuf>>,
}

impl Tree {
    /// Opens the project's root.
    pub(crate) fn open(root: &Utf8Path) -> Result<Self, DiscoverError> {
        let failed = |source| DiscoverError::Root {
            root: root.to_owned(),
            source,
        };
        let real = root.canonicalize_utf8().map_err(failed)?;
        Ok(Self {
            files: tree::Tree::open(real.as_std_path()).map_err(failed)?,
            root: real,
            looked_at: Cell::new(0),
            resolved: RefCell::default(),
        })
    }

    /// The folder with links resolved; `None` where it is not a folder below the root.
    pub(crate) fn real(&self, folder: &Folder) -> Option<Folder> {
        let real = self
            .resolve_folder(&self.root.join(folder.as_path()))
            .ok()?;
        let below = real.strip_prefix(&self.root).ok()?;
        below
            .components()
            .try_fold(Folder::root(), |at, segment| at.child(segment.as_str()))
    }

    /// Whether there is something of this path, be it that it cannot be read: passing over it would hide what is wrong.
    pub(crate) fn has(&self, file: &str) -> bool {
        !self.files.look(file).is_err_and(|error| error.is_missing())
    }

    /// The same tree for another thread, with a memory of its own.
    pub(crate) fn beside(&self) -> Self {
        Self {
            files: self.files.clone(),
            root: self.root.clone(),
            looked_at: Cell::new(0),
            resolved: RefCell::new(self.resolved.borrow().clone()),
        }
    }

    /// Reads a text file, without its byte order mark.
    pub(crate) fn read(&self, file: &str) -> Result<String, ReadError> {
        let bytes = self.files.read(file, MAX_MANIFEST)?;
        match String::from_utf8(bytes) {
            Ok(text) => Ok(match text.strip_prefix('\u{feff}') {
                Some(rest) => rest.to_owned(),
                None => text,
            }),
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(error.as_bytes());
                Err(ReadError::Syntax {
                    file: file.to_owned(),
                    line: Lines::of(&text).at(valid),
                    message: "this is not UTF-8".to_owned(),
                })
            }
        }
    }

    /// The names of the real folders in a folder, sorted. Links, and names that cannot be printed, are left out.
    pub(crate) fn folders(&self, folder: &Folder, why: &str) -> Result<Vec<String>, DiscoverError> {
        let Ok(entries) = self.root.join(folder.as_path()).read_dir_utf8() else {
            return Ok(Vec::new());
        };
        let mut names = Vec::new();
        for entry in entries {
            let looked_at = self.looked_at.get() + 1;
            self.looked_at.set(looked_at);
            if looked_at > MAX_ENTRIES {
                return Err(DiscoverError::TooLarge {
                    limit: MAX_ENTRIES,
                    pattern: why.to_owned(),
                });
            }
            let Ok(entry) = entry else { continue };
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                names.push(entry.file_name().to_owned());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// The path with links resolved, and what is there.
    fn resolve(&self, path: &Utf8Path) -> io::Result<(Utf8PathBuf, fs::Metadata)> {
        let by_system = || {
            let real = path.canonicalize_utf8()?;
            let facts = fs::metadata(&real)?;
            Ok((real, facts))
        };
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return by_system();
        };
        if path == self.root {
            return by_system();
        }
        let plain = self.resolve_folder(parent)?.join(name);
        let facts = fs::symlink_metadata(&plain)?;
        if facts.is_symlink() {
            return by_system();
        }
        Ok((plain, facts))
    }

    /// A folder with links resolved.
    fn resolve_folder(&self, path: &Utf8Path) -> io::Result<Utf8PathBuf> {
        if let Some(real) = self.resolved.borrow().get(path) {
            return Ok(real.clone());
        }
        let (real, facts) = self.resolve(path)?;
        if !facts.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let mut resolved = self.resolved.borrow_mut();
        resolved.insert(path.to_owned(), real.clone());
        Ok(real)
    }
}
