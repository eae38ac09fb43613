//! A bundle's folder: the files of one release and the `bundle.json` that describes them (design §6).
//!
//! - `bundle/description.rs`: which descriptions are acceptable, and reading and writing them.
//! - `bundle/measure.rs`: sizes and digests of files, taken while they stream.
//! - `bundle/store.rs`: bringing a file into the folder, and opening one in it.
//!
//! Invariant: a file stands under its name only with the bytes that the description gives, or the description does not
//! name it. `bundle.json` is written last, and when a file is replaced its old description goes first, so that a crash
//! leaves the bundle without that artifact and never with a wrong one (law L3).

mod description;
mod measure;
mod store;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write as _},
};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{
    address::{FileName, PackageId},
    bundle::{Artifact, Bundle},
    canonical::CanonicalError,
    port::{ArtifactRead, ArtifactSource},
};

pub(crate) use measure::{Measured, measure_file};

/// The name of the description within the folder.
pub const DESCRIPTION: &str = "bundle.json";

/// Why a bundle's folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file system refused.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done, as a verb.
        doing: &'static str,
        /// With which file or folder.
        path: Utf8PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The folder holds no description.
    #[error("{folder} is not a bundle: it holds no {DESCRIPTION}; write one with `relplan pack`")]
    Missing {
        /// The folder.
        folder: Utf8PathBuf,
    },
    /// The description is not canonical JSON of the expected form.
    #[error("{path} is not a bundle's description")]
    Form {
        /// The description.
        path: Utf8PathBuf,
        /// What is wrong.
        #[source]
        source: CanonicalError,
    },
    /// The description says something that a bundle may not say.
    #[error("{path} is not acceptable: {why}")]
    Content {
        /// The description.
        path: Utf8PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A file name occurs twice with other bytes, or for another package.
    #[error(
        "the file name {file} occurs twice in {folder}: {held}, and now {offered}; \
         pack into an empty folder, or raise the version"
    )]
    Clash {
        /// The bundle's folder.
        folder: Utf8PathBuf,
        /// The name.
        file: FileName,
        /// What is in the bundle under that name.
        held: String,
        /// What was to be added under it.
        offered: String,
    },
    /// A file is not the one that its description speaks of.
    #[error("{path} is not what its description says: {why}")]
    Altered {
        /// The file.
        path: Utf8PathBuf,
        /// The difference.
        why: String,
    },
}

/// What to do with an artifact whose file name is taken by other bytes of the same package, version and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Refuse it: bundles that are merged must agree.
    Refused,
    /// Take the new bytes: a package is packed again.
    Allowed,
    /// Take the new files in the place of all that the bundle has of their packages: one that is not made any more, or
    /// that is of an earlier version, would be published with them.
    Packages,
}

/// One artifact on its way into a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Its description. Size and digests are checked against the file while it is copied.
    pub artifact: Artifact,
    /// Where its bytes are.
    pub source: Utf8PathBuf,
}

/// An opened bundle's folder.
#[derive(Debug)]
pub struct Folder {
    path: Utf8PathBuf,
    bundle: Bundle,
}

impl Folder {
    /// Opens a folder that holds a bundle. The files themselves are not read: see [`Folder::verify`].
    ///
    /// # Errors
    /// When there is no `bundle.json`, when it is not canonical JSON of the expected form, or when a name in it could
    /// reach out of the folder or occurs twice.
    pub fn open(path: &Utf8Path) -> Result<Self, BundleError> {
        let path = path.canonicalize_utf8().map_err(|source| BundleError::Io {
            doing: "open the bundle",
            path: path.to_owned(),
            source,
        })?;
        let bundle = description::read(&path)?.ok_or_else(|| BundleError::Missing {
            folder: path.clone(),
        })?;
        Ok(Self { path, bundle })
    }

    /// Opens a folder, which is made, with an empty bundle in it, where it is not there yet.
    ///
    /// # Errors
    /// As [`Folder::open`], and when the folder cannot be made or the empty description cannot be written.
    pub fn create_or_open(path: &Utf8Path) -> Result<Self, BundleError> {
        let failed = |source| BundleError::Io {
            doing: "make the bundle",
            path: path.to_owned(),
            source,
        };
        fs::create_dir_all(path).map_err(failed)?;
        let path = path.canonicalize_utf8().map_err(failed)?;
        let bundle = match description::read(&path)? {
            Some(bundle) => bundle,
            None => {
                keep_out_of_git(&path).map_err(failed)?;
                let bundle = Bundle::new(Vec::new());
                description::write(&path, &bundle)?;
                bundle
            }
        };
        Ok(Self { path, bundle })
    }

    /// Merges bundles, made on different machines perhaps, into the bundle at `path`. Nothing is written when they
    /// disagree, or when a file differs from its description.
    ///
    /// # Errors
    /// When a bundle cannot be read, a file is not what its description says, or a name occurs twice with other bytes.
    pub fn merge(path: &Utf8Path, sources: &[Utf8PathBuf]) -> Result<Self, BundleError> {
        let mut additions = Vec::new();
        for source in sources {
            let folder = Self::open(source)?;
            folder.verify()?;
            additions.extend(folder.bundle.artifacts.iter().map(|artifact| Addition {
                artifact: artifact.clone(),
                source: folder.path.join(artifact.file.as_str()),
            }));
        }
        let mut merged = Self::create_or_open(path)?;
        merged.add(additions, Replace::Refused)?;
        Ok(merged)
    }

    /// What the bundle holds.
    #[must_use]
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Where it is: absolute, without symbolic links.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Copies artifacts in. A file that is there already with the same bytes is left alone.
    ///
    /// # Errors
    /// When a name is taken by another package, version or kind, or by other bytes while `replace` is
    /// [`Replace::Refused`] (both before anything is written); when a file differs from its description.
    pub fn add(&mut self, additions: Vec<Addition>, replace: Replace) -> Result<(), BundleError> {
        let mut held: BTreeMap<FileName, Artifact> = self
            .bundle
            .artifacts
            .iter()
            .map(|artifact| (artifact.file.clone(), artifact.clone()))
            .collect();
        let mut next = held.clone();
        if replace == Replace::Packages {
            let packed: BTreeSet<&PackageId> = additions
                .iter()
                .map(|addition| &addition.artifact.package)
                .collect();
            let made: BTreeSet<&FileName> = additions
                .iter()
                .map(|addition| &addition.artifact.file)
                .collect();
            next.retain(|file, artifact| {
                !packed.contains(&artifact.package) || made.contains(file)
            });
        }
        let mut incoming = BTreeSet::new();
        for Addition { artifact, .. } in &additions {
            // What comes in together must agree, whatever may be replaced.
            let replace = match incoming.insert(&artifact.file) {
                true => replace,
                false => Replace::Refused,
            };
            description::admit(&self.path, &mut next, artifact, replace)?;
        }
        description::check_names(&self.path.join(DESCRIPTION), next.keys())?;

        let gone: Vec<FileName> = held
            .keys()
            .filter(|file| !next.contains_key(*file))
            .cloned()
            .collect();
        // Descriptions of what is about to be overwritten go first.
        let before = held.len();
        held.retain(|file, artifact| {
            next.get(file)
                .is_some_and(|new| new.digests == artifact.digests)
        });
        if held.len() < before {
            self.bundle = Bundle::new(held.into_values().collect());
            description::write(&self.path, &self.bundle)?;
        }
        for file in gone {
            store::remove(&self.path, &file)?;
        }
        for addition in &additions {
            store::bring_in(&self.path, addition)?;
        }
        self.bundle = Bundle::new(next.into_values().collect());
        description::write(&self.path, &self.bundle)
    }

    /// Reads every file again, several side by side, and compares size and digests with the description (law L3).
    ///
    /// # Errors
    /// For the first file, in order of name, that is missing, unreadable or different.
    pub fn verify(&self) -> Result<(), BundleError> {
        store::verify_all(&self.path, &self.bundle.artifacts)
    }
}

impl ArtifactSource for Folder {
    fn open(&self, artifact: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        let listed = self
            .bundle
            .artifacts
            .binary_search_by(|held| held.file.cmp(&artifact.file))
            .is_ok();
        if !listed {
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("the bundle holds no file {}", artifact.file),
            ));
        }
        Ok(Box::new(store::open_plain(
            &self.path.join(artifact.file.as_str()),
        )?))
    }
}

/// Has git, and the packers that ask git what belongs to a package, pass over a bundle in relplan's own folder.
fn keep_out_of_git(folder: &Utf8Path) -> io::Result<()> {
    if folder.parent().and_then(Utf8Path::file_name) != Some(".relplan") {
        return Ok(());
    }
    // What is there stays, a link to nothing too: no file is made through it.
    match fs::File::create_new(folder.join(".gitignore")) {
        Ok(mut file) => file.write_all(b"*\n"),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
