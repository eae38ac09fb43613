//! What is recorded about a finished file, and the proof that it is what the job asked for (law L3).

use camino::Utf8PathBuf;
use relplan_ecosystem::{Format, Package};
use relplan_model::{
    address::{FileName, PackageId, Version},
    bundle::Artifact,
};

use super::{
    Job, PackError,
    git::Checkouts,
    identity::{self, Inside},
};
use crate::bundle::{Addition, measure_file};

/// A file that a packer made.
#[derive(Debug, Clone)]
pub(super) struct Made {
    /// Whose it should be.
    pub(super) package: PackageId,
    /// Where it is.
    pub(super) path: Utf8PathBuf,
    /// The packer and its version.
    pub(super) packer: String,
}

/// Describes those files that were made for a job.
pub(super) fn describe(
    job: &Job,
    made: &[Made],
    checkouts: &Checkouts,
) -> Result<Vec<Addition>, PackError> {
    let additions: Vec<_> = made
        .iter()
        .filter(|made| made.package == job.package)
        .map(|made| describe_one(job, made, checkouts))
        .collect::<Result<_, _>>()?;
    if additions.is_empty() {
        return Err(PackError::Nothing {
            packer: job.packer.word().to_owned(),
            package: job.package.clone(),
            why: String::new(),
        });
    }
    Ok(additions)
}

fn describe_one(job: &Job, made: &Made, checkouts: &Checkouts) -> Result<Addition, PackError> {
    let Made {
        package,
        path,
        packer,
    } = made;
    let unread = |source| PackError::Identity {
        path: path.clone(),
        source,
    };
    let (kind, packed) = identity::read_packed(path).map_err(unread)?;
    let inside = packed.inside().map_err(|error| unread(error.into()))?;
    let version = proven_version(job, made, kind, inside)?;
    let file = path.file_name().unwrap_or_default();
    let file = FileName::new(file).map_err(|error| PackError::Manifest {
        path: path.clone(),
        why: error.to_string(),
    })?;
    let measured = measure_file(path).map_err(PackError::io("read", path))?;
    let (commit, dirty) = match packed {
        Package::Crate(packed) => checkouts.of_crate(job, packed.checkout),
        Package::Npm(_) | Package::Python(_) => checkouts.of(job),
    };
    Ok(Addition {
        artifact: Artifact {
            package: package.clone(),
            version,
            kind: kind.word().to_owned(),
            file,
            size: measured.size,
            digests: measured.digests,
            commit,
            dirty,
            packer: packer.clone(),
        },
        source: path.clone(),
    })
}

/// Compares what a file says that it is with what it should be.
fn proven_version(
    job: &Job,
    made: &Made,
    kind: Format,
    inside: Inside,
) -> Result<Version, PackError> {
    let Inside { name, version } = inside;
    let ecosystem = kind.ecosystem();
    let same_version = |expected: &Version| ecosystem.same_version(expected.as_str(), &version);
    if !identity::is_of(&job.package, kind, &name) || !job.version.as_ref().is_none_or(same_version)
    {
        let expected = match &job.version {
            Some(version) => format!("{} {version}", job.package),
            None => job.package.to_string(),
        };
        return Err(PackError::Mismatch {
            path: made.path.clone(),
            expected,
            found: format!("{name} ({}) {version}", ecosystem.word()),
            hint: "build it again from this manifest, or point at the right file".to_owned(),
        });
    }
    // The manifest's spelling is the plan's; where the manifest has none, all packers' spellings become one.
    let spelled = match (&job.version, ecosystem.read_version(&version)) {
        (Some(expected), _) => return Ok(expected.clone()),
        (None, Some(read)) => read.to_string(),
        (None, None) => version,
    };
    Version::new(spelled).map_err(|error| PackError::Manifest {
        path: made.path.clone(),
        why: error.to_string(),
    })
}
