//! What a pull request can change, as one value: the project's folder, and the checkout that it is in.
//!
//! Invariant: a path that lies in the checkout as it is written lies there when all links on it are followed, or it is
//! refused. A path that lies elsewhere as it is written belongs to the person who wrote it, and may lead anywhere.
//! Why: a path that leads outside is seen by whoever reviews it; a committed link is not.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use super::{ReadError, Tree, is_in_git, named};
use crate::programs::resolved;

/// Why nothing is written at a place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// A link on the way leads out of the checkout.
    #[error("{} leads out of the project through a link", path.display())]
    Outside {
        /// The place, as it was named.
        path: PathBuf,
    },
    /// It lies in `.git`, by its name or through a link.
    #[error("{} lies in .git, where git keeps what it runs and trusts", path.display())]
    OfGit {
        /// The place, as it was named.
        path: PathBuf,
    },
    /// The system does not say where it is.
    #[error("{} cannot be found", path.display())]
    Io {
        /// The place, as it was named.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl PlaceError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Outside { .. } => {
                Some("remove the link, or name the folder that it leads to by its own path")
            }
            Self::OfGit { .. } => Some("name a place outside of .git"),
            Self::Io { .. } => None,
        }
    }

    /// The same as an error of the standard library, for callers that know no other.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Outside { .. } | Self::OfGit { .. } => io::ErrorKind::PermissionDenied,
            Self::Io { source, .. } => source.kind(),
        };
        io::Error::new(kind, self)
    }
}

/// A project's folder with the checkout around it.
#[derive(Debug, Clone)]
pub struct Checkout {
    project: Tree,
}

impl Checkout {
    /// The checkout that this folder is the project of.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn around(project: &Path) -> io::Result<Self> {
        let project = Tree::open(project)?;
        Ok(Self { project })
    }

    /// The project's folder.
    #[must_use]
    pub fn project(&self) -> &Tree {
        &self.project
    }

    /// The checkout's folder, if a path lies in it as it is written. Relative ones start at the project's folder.
    #[must_use]
    pub fn part(&self, path: &Path) -> Option<&Path> {
        let folder = self.project.checkout();
        self.absolute(path).starts_with(folder).then_some(folder)
    }

    /// Whether a path lies in the checkout, as it is written or when links are followed.
    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let real = self
            .absolute(path)
            .ancestors()
            .find_map(|there| there.canonicalize().ok());
        self.part(path).is_some() || real.is_some_and(|real| self.part(&real).is_some())
    }

    /// Reads a file: one of the checkout without leaving it, one elsewhere as a person's own.
    ///
    /// # Errors
    /// When it is missing, outside, no regular file, too large, or cannot be read.
    pub fn read(&self, path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
        let absolute = self.absolute(path);
        let read = match self.part(path) {
            Some(_) => self.project.read(&absolute, limit),
            None => named::read_named(&absolute, limit),
        };
        read.map_err(|error| error.renamed(path))
    }

    /// Whether a path lies in the checkout as it is written, and leads out of it through a link. What such a file says
    /// may be a secret of the person's, and the path was shaped by somebody else: it is not repeated in messages.
    #[must_use]
    pub fn leads_out(&self, path: &Path) -> bool {
        self.part(path).is_some() && self.place(path).is_err()
    }

    /// Where a place is when all links that are there are followed: what relplan writes to. It need not exist.
    ///
    /// # Errors
    /// When it lies in the checkout as it is written and leads out of it, or is a link to nothing; when it lies in `.git`.
    pub fn place(&self, path: &Path) -> Result<PathBuf, PlaceError> {
        let place = self.place_of(path)?;
        let folder = self.project.checkout();
        // What git keeps is as good as code: hooks, settings, programs.
        let written = self.absolute(path);
        match [&written, &resolved(&place)]
            .iter()
            .any(|path| is_in_git(folder, path))
        {
            true => Err(PlaceError::OfGit {
                path: path.to_owned(),
            }),
            false => Ok(place),
        }
    }

    fn place_of(&self, path: &Path) -> Result<PathBuf, PlaceError> {
        let absolute = self.absolute(path);
        let Some(part) = self.part(path) else {
            return Ok(absolute);
        };
        let failed = |source| PlaceError::Io {
            path: path.to_owned(),
            source,
        };
        for there in absolute.ancestors() {
            match fs::symlink_metadata(there) {
                Ok(_) => {}
                Err(error) if is_absence(&error) && there != part => continue,
                Err(error) => return Err(failed(error)),
            }
            let outside = || PlaceError::Outside {
                path: path.to_owned(),
            };
            let real = match there.canonicalize() {
                Ok(real) => real,
                // What is there is a link, and it leads to nothing; what is written there would be made elsewhere.
                Err(error) if is_absence(&error) => return Err(outside()),
                Err(error) => return Err(failed(error)),
            };
            if !real.starts_with(part) {
                return Err(outside());
            }
            let rest = absolute.strip_prefix(there).unwrap_or(Path::new(""));
            return Ok(match rest.as_os_str().is_empty() {
                true => real,
                false => real.join(rest),
            });
        }
        Err(failed(io::ErrorKind::NotFound.into()))
    }

    /// The path from the file system's root on, without `.` and `..`.
    fn absolute(&self, path: &Path) -> PathBuf {
        let mut plain = PathBuf::new();
        for part in self.project.root().join(path).components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => {
                    plain.pop();
                }
                Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                    plain.push(part);
                }
            }
        }
        plain
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

impl ReadError {
    /// The same about a file under another name: as a person wrote it.
    fn renamed(self, name: &Path) -> Self {
        let file = name.to_owned();
        match self {
            Self::Missing { .. } => Self::Missing { file },
            Self::Outside { .. } => Self::Outside { file },
            Self::OfGit { .. } => Self::OfGit { file },
            Self::NotAFile { .. } => Self::NotAFile { file },
            Self::TooLarge { limit, .. } => Self::TooLarge { file, limit },
            Self::Io { source, .. } => Self::Io { file, source },
        }
    }
}
