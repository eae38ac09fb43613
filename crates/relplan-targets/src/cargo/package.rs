//! A `.crate` file: a gzip-compressed tar whose members all lie in `<name>-<version>/`.

use std::io::{self, SeekFrom};

use relplan_model::{
    address::{PackageName, Version},
    bundle::Artifact,
    port::{ArtifactRead, Identity},
};

use super::{
    archive::{self, ArchiveError},
    manifest::{Manifest, ManifestError},
};

/// The largest `Cargo.toml` that is read, in bytes.
const MAX_MANIFEST: u64 = 4 << 20;

/// The largest readme that is sent along, in bytes: registries bound the metadata to about a mebibyte.
const MAX_README: u64 = 4 << 20;

/// Why a `.crate` cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackageError {
    /// It could not be wound back.
    #[error("{file} could not be read")]
    Read {
        /// The artifact's file name.
        file: String,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// It is no archive that can be read.
    #[error("{file} is not a crate that can be read")]
    Archive {
        /// The artifact's file name.
        file: String,
        /// What is wrong with it.
        #[source]
        source: ArchiveError,
    },
    /// Its manifest cannot be read.
    #[error("{file} is not a crate that can be read")]
    Manifest {
        /// The artifact's file name.
        file: String,
        /// What is wrong with it.
        #[source]
        source: ManifestError,
    },
    /// It lacks a member that it must have.
    #[error("{file} is not a crate that can be read: it has no {member}")]
    Missing {
        /// The artifact's file name.
        file: String,
        /// The member.
        member: String,
    },
    /// The name or version inside is not what the artifact is said to be (law L3).
    #[error("{file} holds {found}, not {expected}")]
    OtherIdentity {
        /// The artifact's file name.
        file: String,
        /// Name and version inside.
        found: String,
        /// Name and version expected.
        expected: String,
    },
}

/// What a `.crate` says about itself.
#[derive(Debug, Clone)]
pub(crate) struct CratePackage {
    /// Its manifest.
    pub(crate) manifest: Manifest,
    /// The readme's text, where it has one.
    pub(crate) readme: Option<String>,
}

impl CratePackage {
    /// Reads manifest and readme, and checks that name and version inside are the artifact's.
    ///
    /// # Errors
    /// When the file is not a crate of that name and version.
    pub(crate) fn read(
        artifact: &Artifact,
        file: &mut dyn ArtifactRead,
    ) -> Result<Self, PackageError> {
        let manifest = read_manifest(artifact, file)?;
        let package = &manifest.package;
        let found = format!("{} {}", package.name, package.version);
        let expected = format!("{} {}", artifact.package.name, artifact.version);
        if found != expected {
            return Err(PackageError::OtherIdentity {
                file: artifact.file.to_string(),
                found,
                expected,
            });
        }
        let readme = match package.readme() {
            Some(path) => Some(read_readme(artifact, file, &manifest, path)?),
            None => None,
        };
        Ok(Self { manifest, readme })
    }
}

/// Reads the name and version inside a `.crate`.
///
/// # Errors
/// When the file is not a crate.
pub(crate) fn identity(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
) -> Result<Identity, PackageError> {
    let manifest = read_manifest(artifact, file)?;
    let shape = |detail: String| PackageError::Manifest {
        file: artifact.file.to_string(),
        source: ManifestError::Shape { detail },
    };
    Ok(Identity {
        name: PackageName::new(manifest.package.name).map_err(|error| shape(error.to_string()))?,
        version: Version::new(manifest.package.version)
            .map_err(|error| shape(error.to_string()))?,
    })
}

fn read_manifest(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
) -> Result<Manifest, PackageError> {
    let name = || artifact.file.to_string();
    let found = member(artifact, file, MAX_MANIFEST, |path| {
        matches!(path.split_once('/'), Some((_, "Cargo.toml")))
    })?;
    let (path, bytes) = found.ok_or_else(|| PackageError::Missing {
        file: name(),
        member: "Cargo.toml".to_owned(),
    })?;
    let manifest = Manifest::read(&bytes).map_err(|source| PackageError::Manifest {
        file: name(),
        source,
    })?;
    let expected = in_folder(&manifest, "Cargo.toml");
    if path != expected {
        return Err(PackageError::Missing {
            file: name(),
            member: expected,
        });
    }
    Ok(manifest)
}

fn read_readme(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
    manifest: &Manifest,
    path: &str,
) -> Result<String, PackageError> {
    let wanted = in_folder(manifest, path.strip_prefix("./").unwrap_or(path));
    let found = member(artifact, file, MAX_README, |path| path == wanted)?;
    let (_, bytes) = found.ok_or_else(|| PackageError::Missing {
        file: artifact.file.to_string(),
        member: wanted.clone(),
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn member(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
    limit: u64,
    wanted: impl FnMut(&str) -> bool,
) -> Result<Option<(String, Vec<u8>)>, PackageError> {
    file.seek(SeekFrom::Start(0))
        .map_err(|source| PackageError::Read {
            file: artifact.file.to_string(),
            source,
        })?;
    archive::member(file, limit, wanted).map_err(|source| PackageError::Archive {
        file: artifact.file.to_string(),
        source,
    })
}

fn in_folder(manifest: &Manifest, path: &str) -> String {
    let package = &manifest.package;
    format!("{}-{}/{path}", package.name, package.version)
}
