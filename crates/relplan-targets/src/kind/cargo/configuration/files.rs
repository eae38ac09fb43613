//! Reading Cargo's configuration files, with what they include (the Cargo book's "Configuration", section "Including
//! extra configuration files").
//!
//! Invariant: a file of the tree is read without leaving the tree, and so is all that it includes. What the user's files
//! are or include lies outside of the tree (law L14).

use std::path::{Path, PathBuf};

use relplan_system::tree::{self, ReadError, Tree};
use serde::Deserialize;

use super::{ConfigurationError, File};
use crate::surroundings::Surroundings;

/// The largest configuration file that is read, in bytes.
const MAX_FILE: u64 = 4 << 20;

/// How many files are read for one: each may include many.
const MAX_FILES: usize = 64;

/// One entry of `include`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Include {
    /// A file that has to be there.
    Path(PathBuf),
    /// A file that may be missing if it is called optional.
    Table {
        /// The file, from the folder of the one that includes it on.
        path: PathBuf,
        /// Whether it may be missing.
        #[serde(default)]
        optional: bool,
    },
}

impl Include {
    fn path(&self) -> &Path {
        match self {
            Self::Path(path) | Self::Table { path, .. } => path,
        }
    }

    fn is_optional(&self) -> bool {
        match self {
            Self::Path(_) => false,
            Self::Table { optional, .. } => *optional,
        }
    }
}

/// Who can shape a file.
enum Whose {
    /// Whoever changes the repository: nothing is read through a link that leads out of this folder of it.
    Tree(PathBuf),
    /// The user, or whoever set up the machine.
    User,
}

impl Whose {
    /// Whose a folder is; if it is the tree's, it comes with the outermost part of the tree that it is in.
    fn of(folder: &Path, surroundings: &Surroundings) -> Self {
        let within = folder
            .ancestors()
            .filter(|above| !above.as_os_str().is_empty() && surroundings.is_in_tree(above));
        match within.last() {
            Some(outermost) => Self::Tree(outermost.to_owned()),
            None => Self::User,
        }
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>, ReadError> {
        match self {
            Self::User => tree::read_named(path, MAX_FILE),
            Self::Tree(root) => {
                let below = path.strip_prefix(root).unwrap_or(path);
                let tree = Tree::open(root).map_err(|source| ReadError::Io {
                    file: root.to_owned(),
                    source,
                })?;
                tree.read(below, MAX_FILE)
            }
        }
    }
}

/// Reads `name` or `name.toml`; where both are there, Cargo takes the former.
pub(super) fn either(
    folder: &Path,
    name: &str,
    surroundings: &Surroundings,
) -> Result<Option<File>, ConfigurationError> {
    let mut reading = Reading {
        whose: Whose::of(folder, surroundings),
        is_secret: name == "credentials",
        surroundings,
        seen: Vec::new(),
    };
    for path in [folder.join(name), folder.join(format!("{name}.toml"))] {
        if let Some(file) = reading.with_included(&path)? {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Reading one file and all that it includes.
struct Reading<'a> {
    whose: Whose,
    /// Whether nothing of these files is repeated in messages.
    is_secret: bool,
    surroundings: &'a Surroundings,
    seen: Vec<PathBuf>,
}

impl Reading<'_> {
    /// A file over those that it includes, of which the last counts most.
    fn with_included(&mut self, path: &Path) -> Result<Option<File>, ConfigurationError> {
        let Some(mut file) = self.alone(path)? else {
            return Ok(None);
        };
        let mut included = File::default();
        for include in std::mem::take(&mut file.include) {
            let refused = |why: &str| {
                let what = match self.is_secret {
                    true => "a file".to_owned(),
                    false => format!("{:?}", include.path().display().to_string()),
                };
                invalid(path, &format!("it includes {what}, which {why}"))
            };
            if include.path().extension().is_none_or(|end| end != "toml") {
                return Err(refused("does not end with .toml"));
            }
            let place = path.parent().unwrap_or(path).join(include.path());
            if self.seen.contains(&place) {
                return Err(refused("is included already"));
            }
            if self.seen.len() >= MAX_FILES {
                return Err(refused(&format!("makes more than {MAX_FILES} files")));
            }
            let missing = refused("is not there");
            let outside = refused("leads out of the project");
            match self.with_included(&place) {
                Ok(Some(found)) => included = found.over(included),
                Ok(None) if include.is_optional() => {}
                Ok(None) => return Err(missing),
                Err(ConfigurationError::Read {
                    source: ReadError::Outside { .. },
                }) => return Err(outside),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(file.over(included)))
    }

    /// A file as it is written.
    fn alone(&mut self, path: &Path) -> Result<Option<File>, ConfigurationError> {
        self.seen.push(path.to_owned());
        if matches!(self.whose, Whose::User) && self.surroundings.is_in_tree(path) {
            return Err(invalid(
                path,
                "it leads into the project, where others can change it; keep your own Cargo configuration outside",
            ));
        }
        let bytes = match self.whose.read(path) {
            Ok(bytes) => bytes,
            Err(ReadError::Missing { .. }) => return Ok(None),
            Err(ReadError::NotAFile { .. }) if path.is_dir() => return Ok(None),
            Err(source) => return Err(ConfigurationError::Read { source }),
        };
        let text = String::from_utf8(bytes).map_err(|_| invalid(path, "it is not UTF-8"))?;
        let parsed = toml_edit::de::from_str(&text).map_err(|error| match self.is_secret {
            true => invalid(path, "it is not the TOML that Cargo expects there"),
            false => invalid(path, error.message()),
        });
        parsed.map(Some)
    }
}

fn invalid(path: &Path, detail: &str) -> ConfigurationError {
    ConfigurationError::Invalid {
        path: path.to_owned(),
        detail: detail.to_owned(),
    }
}
