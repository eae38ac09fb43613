//! Child programs: found outside the tree, run with a named list of variables, bounded in output and time.
//!
//! - `programs/roots.rs`: what counts as the tree.
//! - `programs/variables.rs`: which variables a child gets, by name.
//! - `programs/call.rs`: a program about to run, and the ways to run it.
//! - `programs/dialogue.rs`: one that answers line by line.
//! - `programs/git.rs`: what is asked of the project's own repository.
//! - `programs/survivors.rs`: ending what foreign code leaves behind.
//!
//! Invariant (law L14): a program is an absolute path outside the tree, links resolved, and so is every entry of the
//! `PATH` that it gets. Nothing here starts anything in another way.

mod call;
mod dialogue;
pub mod git;
mod roots;
mod survivors;
#[cfg(test)]
mod tests;
pub mod variables;

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    fmt, io,
    path::{Path, PathBuf},
};

pub(crate) use self::roots::checkout_to_read;
pub use self::{
    call::{Answer, Bounds, Call},
    dialogue::{Dialogue, Unanswered},
    roots::{TreeRoots, resolved},
    survivors::{ForeignCode, SurvivorError},
    variables::Variables,
};

/// Where programs are looked for, and the environment that their variables are taken from.
#[derive(Clone, Default)]
pub struct Programs {
    roots: TreeRoots,
    vars: Variables,
    /// The entries of `PATH` that count.
    folders: Vec<PathBuf>,
    /// The entries that are passed over, relative ones and those in the tree, and how many that count stand before each.
    passed_over: Vec<(usize, PathBuf)>,
}

/// Why a program is not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// It is nowhere on the path.
    #[error("{program} is not installed, or not on the path")]
    Missing {
        /// The program.
        program: String,
    },
    /// It is there, but only where the project's own files decide what it is.
    #[error(
        "{program} is on the path only as {}, and relplan runs no program of the project's and none by a relative \
         entry of PATH; put a folder outside the project that holds {program} on the path",
        found.display()
    )]
    OfTheTree {
        /// The program.
        program: String,
        /// Where it is.
        found: PathBuf,
    },
}

impl From<ProgramError> for io::Error {
    fn from(error: ProgramError) -> Self {
        Self::new(io::ErrorKind::NotFound, error.to_string())
    }
}

impl Programs {
    /// Programs for work on a project; `vars` is the environment that relplan itself was given.
    #[must_use]
    pub fn around(project: &Path, vars: &BTreeMap<String, String>) -> Self {
        let home = vars.get("HOME").or_else(|| vars.get("USERPROFILE"));
        let roots = TreeRoots::around(project, home.map(Path::new));
        Self::outside(roots, own(vars))
    }

    /// Programs for work that concerns no tree.
    #[must_use]
    pub fn anywhere(vars: &BTreeMap<String, String>) -> Self {
        Self::outside(TreeRoots::default(), own(vars))
    }

    /// Programs outside these folders.
    #[must_use]
    pub fn outside(roots: TreeRoots, vars: Variables) -> Self {
        let path = vars
            .iter()
            .find(|(name, _)| is_path(name))
            .map(|(_, value)| value.clone())
            .unwrap_or_default();
        let (mut folders, mut passed_over) = (Vec::new(), Vec::new());
        for folder in std::env::split_paths(&path).filter(|folder| !folder.as_os_str().is_empty()) {
            let counts = folder.is_absolute()
                && folder
                    .canonicalize()
                    .is_ok_and(|folder| !roots.hold(&folder));
            match counts {
                true => folders.push(folder),
                false => passed_over.push((folders.len(), folder)),
            }
        }
        Self {
            roots,
            vars,
            folders,
            passed_over,
        }
    }

    /// What counts as the tree.
    #[must_use]
    pub fn roots(&self) -> &TreeRoots {
        &self.roots
    }

    /// A variable of relplan's own environment.
    #[must_use]
    pub fn own_variable(&self, name: &str) -> Option<&OsStr> {
        let mut vars = self.vars.iter();
        vars.find(|(held, _)| held == name)
            .map(|(_, value)| value.as_os_str())
    }

    /// Looks a program up in the folders of `PATH` that count.
    ///
    /// # Errors
    /// When it is in none of them.
    pub fn find(&self, program: &str) -> Result<PathBuf, ProgramError> {
        let mut of_the_tree = None;
        for candidate in self
            .folders
            .iter()
            .flat_map(|folder| candidates(folder, program))
        {
            match self.is_outside(&candidate) {
                true => return Ok(candidate),
                // A link that leads into the tree.
                false => of_the_tree = of_the_tree.or(Some(candidate)),
            }
        }
        let mut others = self.passed_over.iter();
        let found = of_the_tree
            .or_else(|| others.find_map(|(_, folder)| candidates(folder, program).next()));
        let program = program.to_owned();
        Err(match found {
            Some(found) => ProgramError::OfTheTree { program, found },
            None => ProgramError::Missing { program },
        })
    }

    /// The program that a shell would run of this name, if it is one that is passed over here.
    #[must_use]
    pub fn passed_over(&self, program: &str) -> Option<PathBuf> {
        let has_it = |folder: &PathBuf| candidates(folder, program).any(|it| self.is_outside(&it));
        let first = self.folders.iter().position(has_it);
        let mut others = self.passed_over.iter();
        others
            .find_map(|(before, folder)| Some((before, candidates(folder, program).next()?)))
            .filter(|(before, _)| first.is_none_or(|first| **before <= first))
            .map(|(_, found)| found)
    }

    /// A program that somebody names by its path.
    ///
    /// # Errors
    /// When the path is relative, leads into the tree, or names no program.
    pub fn at(&self, path: &Path) -> Result<PathBuf, ProgramError> {
        let program = path
            .file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned();
        if !is_executable(path) {
            return Err(ProgramError::Missing { program });
        }
        match path.is_absolute() && self.is_outside(path) {
            true => Ok(path.to_owned()),
            false => Err(ProgramError::OfTheTree {
                program,
                found: path.to_owned(),
            }),
        }
    }

    /// A call of a program that is looked up on the path.
    ///
    /// # Errors
    /// When it is not found.
    pub fn call(&self, program: &str, variables: Variables) -> Result<Call, ProgramError> {
        Ok(self.prepare(&self.find(program)?, variables))
    }

    /// A call of a program that somebody names by its path.
    ///
    /// # Errors
    /// As [`Self::at`].
    pub fn call_at(&self, path: &Path, variables: Variables) -> Result<Call, ProgramError> {
        Ok(self.prepare(&self.at(path)?, variables))
    }

    fn prepare(&self, program: &Path, variables: Variables) -> Call {
        let variables = variables.into_iter().filter(|(name, _)| !is_path(name));
        let path = std::env::join_paths(&self.folders).unwrap_or_default();
        Call::new(program, variables.chain([("PATH".into(), path)]))
    }

    fn is_outside(&self, program: &Path) -> bool {
        program
            .canonicalize()
            .is_ok_and(|program| !self.roots.hold(&program))
    }
}

impl fmt::Debug for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            roots,
            vars: _,
            folders,
            passed_over,
        } = self;
        f.debug_struct("Programs")
            .field("roots", roots)
            .field("folders", folders)
            .field("passed_over", passed_over)
            .finish_non_exhaustive()
    }
}

/// The environment as the operating system has it.
fn own(vars: &BTreeMap<String, String>) -> Variables {
    vars.iter()
        .map(|(name, value)| (OsString::from(name), OsString::from(value)))
        .collect()
}

fn is_path(name: &OsStr) -> bool {
    match cfg!(windows) {
        true => name.eq_ignore_ascii_case("PATH"),
        false => name == "PATH",
    }
}

/// The programs of this name in a folder.
fn candidates(folder: &Path, program: &str) -> impl Iterator<Item = PathBuf> {
    let endings: &[&str] = if cfg!(windows) {
        &[".exe", ".cmd", ".bat"]
    } else {
        &[""]
    };
    let folder = folder.to_owned();
    endings
        .iter()
        .map(move |ending| folder.join(format!("{program}{ending}")))
        .filter(|candidate| is_executable(candidate))
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}
