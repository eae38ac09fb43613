//! What is inside an artifact, whichever kind it is of: its name and version (law L3), and what its area lists of it.

use std::io::{Read as _, SeekFrom};

use pep440_rs::Version as Pep440;
use relplan_model::{
    address::{PackageName, Version},
    bundle::Artifact,
    port::{ArtifactRead, Identity},
};
use serde_json::{Map, Value};

use crate::cargo::{
    archive::{self, ArchiveError},
    package::{self, CratePackage, PackageError},
};

/// The artifact kinds that the folder takes.
pub(super) const KINDS: [&str; 4] = ["crate", "npm-tarball", "sdist", "wheel"];

/// The largest metadata document that is read out of an artifact, in bytes.
const MAX_METADATA: u64 = 16 << 20;

/// The most that is looked at in a wheel's directory, in files.
const MAX_FILES: usize = 200_000;

/// Why an artifact cannot be put into the folder.
#[derive(Debug, thiserror::Error)]
pub(super) enum ContentsError {
    /// It is no crate.
    #[error(transparent)]
    Crate(#[from] PackageError),
    /// It is no archive that can be read.
    #[error("{file} cannot be read as a {kind}")]
    Archive {
        /// The artifact's file name.
        file: String,
        /// Its kind.
        kind: String,
        /// The cause.
        #[source]
        source: ArchiveError,
    },
    /// It is no wheel that can be read.
    #[error("{file} cannot be read as a wheel")]
    Wheel {
        /// The artifact's file name.
        file: String,
        /// The cause.
        #[source]
        source: zip::result::ZipError,
    },
    /// It says nothing usable about itself.
    #[error("{file} cannot be read as a {kind}: {detail}")]
    Metadata {
        /// The artifact's file name.
        file: String,
        /// Its kind.
        kind: String,
        /// What is wrong.
        detail: String,
    },
    /// The folder has no area for its kind.
    #[error("{file} is of the kind {kind:?}, which a folder does not take")]
    Kind {
        /// The artifact's file name.
        file: String,
        /// Its kind.
        kind: String,
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

/// What is inside.
#[derive(Debug)]
pub(super) enum Contents {
    /// A `.crate`.
    Crate(Box<CratePackage>),
    /// An npm tarball: its `package.json`.
    Npm(Map<String, Value>),
    /// A wheel or sdist: what its core metadata says of the Python that it needs.
    Python {
        /// `Requires-Python`.
        requires_python: Option<String>,
    },
}

/// Reads what is inside an artifact, and checks that its name and version are the artifact's own.
///
/// # Errors
/// When it cannot be read, or holds another package or version.
pub(super) fn read(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
) -> Result<Contents, ContentsError> {
    match artifact.kind.as_str() {
        "crate" => Ok(Contents::Crate(Box::new(CratePackage::read(
            artifact, file,
        )?))),
        "npm-tarball" => {
            let bytes = member(artifact, file, "package.json")?;
            let manifest: Map<String, Value> = serde_json::from_slice(&bytes)
                .map_err(|error| metadata_error(artifact, error.to_string()))?;
            let text = |member| {
                manifest
                    .get(member)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
            };
            let (name, version) = (text("name"), text("version"));
            if name != artifact.package.name.as_str() || version != artifact.version.as_str() {
                return Err(other(artifact, name, version));
            }
            Ok(Contents::Npm(manifest))
        }
        "sdist" => python(artifact, &member(artifact, file, "PKG-INFO")?),
        "wheel" => python(artifact, &wheel_metadata(artifact, file)?),
        kind => Err(ContentsError::Kind {
            file: artifact.file.to_string(),
            kind: kind.to_owned(),
        }),
    }
}

/// Who an artifact says that it is. Where a name has several spellings that an ecosystem takes for one, the artifact's
/// own spelling is given if it is among them.
///
/// # Errors
/// When it cannot be read, or names no possible package.
pub(super) fn identity(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
) -> Result<Identity, ContentsError> {
    if artifact.kind == "crate" {
        return Ok(package::identity(artifact, file)?);
    }
    match read(artifact, file) {
        Ok(_) => Ok(Identity {
            name: artifact.package.name.clone(),
            version: artifact.version.clone(),
        }),
        // Whoever asks for the identity compares it, and has the better words for a difference.
        Err(ContentsError::OtherIdentity {
            found,
            expected,
            file,
        }) => {
            let pair = found.split_once(' ').and_then(|(name, version)| {
                Some((PackageName::new(name).ok()?, Version::new(version).ok()?))
            });
            pair.map(|(name, version)| Identity { name, version })
                .ok_or(ContentsError::OtherIdentity {
                    file,
                    found,
                    expected,
                })
        }
        Err(error) => Err(error),
    }
}

/// Reads the one member of that name which lies directly in the archive's top folder.
fn member(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
    name: &str,
) -> Result<Vec<u8>, ContentsError> {
    wind_back(artifact, file)?;
    let found = archive::member(file, MAX_METADATA, |path| {
        path.split_once('/').is_some_and(|(_, rest)| rest == name)
    });
    let found = found.map_err(|source| ContentsError::Archive {
        file: artifact.file.to_string(),
        kind: artifact.kind.clone(),
        source,
    })?;
    match found {
        Some((_, bytes)) => Ok(bytes),
        None => Err(metadata_error(artifact, format!("it has no {name}"))),
    }
}

/// Reads the one `METADATA` of a wheel (PEP 427).
fn wheel_metadata(
    artifact: &Artifact,
    file: &mut dyn ArtifactRead,
) -> Result<Vec<u8>, ContentsError> {
    let wheel = |source| ContentsError::Wheel {
        file: artifact.file.to_string(),
        source,
    };
    wind_back(artifact, file)?;
    let mut archive = zip::ZipArchive::new(file).map_err(wheel)?;
    if archive.len() > MAX_FILES {
        return Err(metadata_error(
            artifact,
            format!("it has more than {MAX_FILES} files"),
        ));
    }
    let is_metadata = |path: &str| {
        let parts = path.split_once('/');
        parts.is_some_and(|(folder, rest)| folder.ends_with(".dist-info") && rest == "METADATA")
    };
    let mut found = None;
    for path in archive.file_names() {
        let path = path.map_err(wheel)?;
        if is_metadata(&path) && found.replace(path.into_owned()).is_some() {
            return Err(metadata_error(artifact, "it has METADATA twice".to_owned()));
        }
    }
    let path = found.ok_or_else(|| metadata_error(artifact, "it has no METADATA".to_owned()))?;
    let member = archive.by_name(&path).map_err(wheel)?;
    let mut bytes = Vec::new();
    let read = member.take(MAX_METADATA + 1).read_to_end(&mut bytes);
    read.map_err(|error| metadata_error(artifact, error.to_string()))?;
    if bytes.len() as u64 > MAX_METADATA {
        return Err(metadata_error(
            artifact,
            format!("its METADATA has more than {MAX_METADATA} bytes"),
        ));
    }
    Ok(bytes)
}

/// Reads core metadata: header fields, ended by an empty line.
fn python(artifact: &Artifact, bytes: &[u8]) -> Result<Contents, ContentsError> {
    let text = String::from_utf8_lossy(bytes);
    let field = |name: &str| {
        let fields = text.lines().take_while(|line| !line.is_empty());
        let mut values = fields.filter_map(|line| {
            let (field, value) = line.split_once(':')?;
            field
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        });
        values.next()
    };
    let (name, version) = (
        field("Name").unwrap_or_default(),
        field("Version").unwrap_or_default(),
    );
    let same_version = match (
        version.parse::<Pep440>(),
        artifact.version.as_str().parse::<Pep440>(),
    ) {
        (Ok(found), Ok(expected)) => found == expected,
        _ => false,
    };
    if normalized(&name) != normalized(artifact.package.name.as_str()) || !same_version {
        return Err(other(artifact, &name, &version));
    }
    Ok(Contents::Python {
        requires_python: field("Requires-Python").filter(|value| !value.is_empty()),
    })
}

/// A project's name as an index compares it (PEP 503).
pub(super) fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn wind_back(artifact: &Artifact, file: &mut dyn ArtifactRead) -> Result<(), ContentsError> {
    let wound = file.seek(SeekFrom::Start(0));
    wound
        .map(drop)
        .map_err(|error| metadata_error(artifact, error.to_string()))
}

fn metadata_error(artifact: &Artifact, detail: String) -> ContentsError {
    ContentsError::Metadata {
        file: artifact.file.to_string(),
        kind: artifact.kind.clone(),
        detail,
    }
}

fn other(artifact: &Artifact, name: &str, version: &str) -> ContentsError {
    ContentsError::OtherIdentity {
        file: artifact.file.to_string(),
        found: format!("{name} {version}"),
        expected: format!("{} {}", artifact.package.name, artifact.version),
    }
}
