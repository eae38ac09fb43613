//! What is inside an artifact, read for the driver that sends it: its name and version are the plan's, or nothing is
//! sent (law L3).

use relplan_ecosystem::{Format, Package, PackageError};
use relplan_model::{
    address::{PackageName, Version},
    bundle::Artifact,
    finding::{Finding, FindingCode, Severity},
    port::{ArtifactRead, ArtifactSource, EffectInput, Identity},
};
use tokio::task::spawn_blocking;

use crate::{
    artifact::{self, Checked},
    http::reason,
};

/// Why an artifact is not sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackedError {
    /// The target takes no such kind.
    #[error("{file} is of the kind {kind:?}, which this target does not take")]
    Kind {
        /// The artifact's file name.
        file: String,
        /// Its kind.
        kind: String,
    },
    /// Clients would not read it alike, or it does not say who it is.
    #[error("{file} cannot be published")]
    Package {
        /// The artifact's file name.
        file: String,
        /// What is wrong with it.
        #[source]
        source: PackageError,
    },
    /// The name or version inside is not what the plan says.
    #[error("{file} holds {found}, and the plan says {expected}")]
    OtherIdentity {
        /// The artifact's file name.
        file: String,
        /// Name and version inside.
        found: String,
        /// Name and version expected.
        expected: String,
    },
}

impl PackedError {
    pub(crate) fn kind(artifact: &Artifact) -> Self {
        Self::Kind {
            file: artifact.file.to_string(),
            kind: artifact.kind.clone(),
        }
    }
}

/// The artifact of a step; the text says why there is none.
///
/// # Errors
/// When the plan has none for it, or that of another package or version.
pub(crate) fn of_step<'a>(input: &EffectInput<'a>) -> Result<&'a Artifact, String> {
    let artifact = input
        .artifact
        .ok_or("the plan has no artifact for this step")?;
    let step = input.step;
    if (&artifact.package.name, &artifact.version) != (&step.address.package, &step.version) {
        return Err(format!(
            "{} is not the artifact of this step",
            artifact.file
        ));
    }
    Ok(artifact)
}

/// Reads an artifact of one of the kinds that a target takes.
///
/// # Errors
/// When it is of another kind, or is refused by the one reader of archives.
pub(crate) fn read(
    artifact: &Artifact,
    kinds: &[&str],
    file: &mut dyn ArtifactRead,
) -> Result<Package, PackedError> {
    let format = kinds
        .contains(&artifact.kind.as_str())
        .then(|| Format::of_kind(&artifact.kind, artifact.file.as_str()))
        .flatten();
    let format = format.ok_or_else(|| PackedError::kind(artifact))?;
    let mut file = file;
    Package::read(format, artifact.file.as_str(), &mut file)
        .map_err(|error| failed(artifact, error))
}

/// As [`read`], and the name and version inside are the artifact's own.
///
/// # Errors
/// As [`read`], and when they are not.
pub(crate) fn read_own(
    artifact: &Artifact,
    kinds: &[&str],
    file: &mut dyn ArtifactRead,
) -> Result<Package, PackedError> {
    let package = read(artifact, kinds, file)?;
    let found = identity(artifact, &package)?;
    if (&found.name, &found.version) == (&artifact.package.name, &artifact.version) {
        return Ok(package);
    }
    let inside = package.inside().map_err(|error| failed(artifact, error))?;
    Err(PackedError::OtherIdentity {
        file: artifact.file.to_string(),
        found: format!("{} {}", inside.name, inside.version),
        expected: format!("{} {}", artifact.package.name, artifact.version),
    })
}

/// Who an artifact says that it is. Spellings that its ecosystem takes for one are given as the artifact's own, which
/// the plan uses.
fn identity(artifact: &Artifact, package: &Package) -> Result<Identity, PackedError> {
    let format = Format::of_kind(&artifact.kind, artifact.file.as_str());
    let inside = package.inside().map_err(|error| failed(artifact, error))?;
    let (name, version) = (artifact.package.name.as_str(), artifact.version.as_str());
    let unfit = |_| PackedError::OtherIdentity {
        file: artifact.file.to_string(),
        found: format!("{:?} {:?}", inside.name, inside.version),
        expected: format!("{name} {version}"),
    };
    let ecosystem = format.map(Format::ecosystem);
    let same_name = ecosystem.is_some_and(|one| one.same_name(&inside.name, name));
    let same_version = ecosystem.is_some_and(|one| one.same_version(&inside.version, version));
    Ok(Identity {
        name: match same_name {
            true => artifact.package.name.clone(),
            false => PackageName::new(&inside.name).map_err(unfit)?,
        },
        version: match same_version {
            true => artifact.version.clone(),
            false => Version::new(&inside.version).map_err(unfit)?,
        },
    })
}

fn failed(artifact: &Artifact, source: PackageError) -> PackedError {
    PackedError::Package {
        file: artifact.file.to_string(),
        source,
    }
}

/// Reads the name and version inside an artifact whose bytes are the planned ones.
///
/// # Errors
/// A finding when the bytes are others, or it is refused.
pub(crate) async fn inspect(
    artifact: &Artifact,
    kinds: &'static [&'static str],
    source: &dyn ArtifactSource,
) -> Result<Identity, Finding> {
    let finding = |why: &dyn std::error::Error| {
        Finding::new(FindingCode::Artifact, Severity::Error, None, reason(why))
    };
    let mut checked = artifact::check(source, artifact, &[])
        .await
        .map_err(|error| finding(&error))?;
    let about = artifact.clone();
    let read = spawn_blocking(move || {
        let package = read(&about, kinds, checked.file())?;
        identity(&about, &package)
    });
    read.await
        .map_err(|error| finding(&error))?
        .map_err(|error: PackedError| finding(&error))
}

/// Reads an artifact whose bytes are the planned ones, on a thread that may block; the text says why it is not sent.
///
/// # Errors
/// As [`read_own`].
pub(crate) async fn open(
    artifact: &Artifact,
    kinds: &'static [&'static str],
    mut checked: Checked,
) -> Result<(Package, Checked), String> {
    let about = artifact.clone();
    let read = spawn_blocking(move || {
        read_own(&about, kinds, checked.file()).map(|package| (package, checked))
    });
    read.await
        .map_err(|error| reason(&error))?
        .map_err(|error| reason(&error))
}
