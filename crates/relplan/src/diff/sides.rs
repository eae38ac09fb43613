//! The two sides of a comparison: the bundle's file and the published one, both held against the plan's digests.

use std::io::Cursor;

use relplan_model::{
    address::FileName,
    bundle::Artifact,
    contents::{Basis, Contents},
    digest::Comparison,
    plan::Plan,
    port::{ArtifactRead, ArtifactSource, Counterpart, Drivers, FetchError},
};
use relplan_targets::{
    artifact::{self, ArtifactError, Checked},
    contents::ContentsError,
    published::Store,
};

/// Where bytes come from.
pub struct Sources<'a> {
    /// The bundle.
    pub bundle: &'a dyn ArtifactSource,
    /// The registries.
    pub drivers: &'a dyn Drivers,
    /// The published files that were fetched before.
    pub cache: &'a Store,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// The plan itself could not compare it.
    #[error("{file} could not be compared when the plan was made: {reason}")]
    NotCompared {
        /// The artifact.
        file: FileName,
        /// Why.
        reason: String,
    },
    /// The plan names no such artifact.
    #[error("the plan has no artifact {file}")]
    NoArtifact {
        /// The artifact.
        file: FileName,
    },
    /// The bundle's file is not the planned one, or not there.
    #[error("the bundle does not have what was planned")]
    Bundle(#[from] ArtifactError),
    /// The published file cannot be had.
    #[error("{file} cannot be fetched")]
    Fetch {
        /// The published file.
        file: FileName,
        /// Why.
        #[source]
        source: FetchError,
    },
    /// What is published is not what the plan was made with.
    #[error("{file} is not the file that the plan was made with; make the plan anew")]
    Moved {
        /// The published file.
        file: FileName,
    },
    /// An archive cannot be read.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// The work was given up.
    #[error("the comparison was given up")]
    Lost,
}

/// Both sides of one comparison.
pub struct Pair {
    pub(super) kind: String,
    pub(super) before: Option<Side>,
    pub(super) after: Side,
}

/// One archive.
pub(super) struct Side {
    pub(super) file: String,
    pub(super) bytes: Opened,
}

/// Where an archive's bytes are.
pub(super) enum Opened {
    /// In the bundle.
    Bundle(Checked),
    /// In memory.
    Memory(Cursor<Vec<u8>>),
}

impl Opened {
    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut dyn ArtifactRead) -> T) -> T {
        match self {
            // A reader of a reader: the trait object itself is not sized.
            Self::Bundle(checked) => work(&mut checked.file()),
            Self::Memory(bytes) => work(bytes),
        }
    }
}

/// Opens both sides. The published file comes from the cache, else from its registry.
///
/// # Errors
/// When a side cannot be had with the digests that the plan names.
pub async fn open(
    plan: &Plan,
    contents: &Contents,
    sources: &Sources<'_>,
) -> Result<Pair, DiffError> {
    let artifact = plan
        .artifacts
        .iter()
        .find(|artifact| artifact.file == contents.file)
        .ok_or_else(|| DiffError::NoArtifact {
            file: contents.file.clone(),
        })?;
    let before = match &contents.basis {
        Basis::Nothing => None,
        Basis::Unknown { reason } => {
            return Err(DiffError::NotCompared {
                file: contents.file.clone(),
                reason: reason.clone(),
            });
        }
        Basis::Published { .. } => Some(published(contents, artifact, sources).await?),
    };
    let checked = artifact::check(sources.bundle, artifact, &[]).await?;
    Ok(Pair {
        kind: artifact.kind.clone(),
        before,
        after: Side {
            file: artifact.file.to_string(),
            bytes: Opened::Bundle(checked),
        },
    })
}

async fn published(
    contents: &Contents,
    artifact: &Artifact,
    sources: &Sources<'_>,
) -> Result<Side, DiffError> {
    let Basis::Published {
        version,
        file,
        digests,
    } = &contents.basis
    else {
        return Err(DiffError::Lost);
    };
    let side = |bytes| Side {
        file: file.to_string(),
        bytes: Opened::Memory(Cursor::new(bytes)),
    };
    if let Some(bytes) = sources.cache.load(digests).await {
        return Ok(side(bytes));
    }
    let failed = |reason: &str| DiffError::Fetch {
        file: file.clone(),
        source: FetchError::Failed {
            reason: reason.to_owned(),
        },
    };
    let driver = sources.drivers.driver(&contents.address.target);
    let driver = driver.ok_or_else(|| failed("the plan has no such target"))?;
    let wanted = Counterpart {
        address: contents.address.clone(),
        version: version.clone(),
        kind: artifact.kind.clone(),
        like: file.clone(),
    };
    let fetched = driver.fetch(&wanted).await;
    let fetched = fetched.map_err(|source| DiffError::Fetch {
        file: file.clone(),
        source,
    })?;
    let fetched = fetched.ok_or_else(|| failed("it is not published any more"))?;
    match digests.compare(&fetched.digests) {
        Comparison::Same => Ok(side(fetched.bytes)),
        Comparison::Different | Comparison::Incomparable => {
            Err(DiffError::Moved { file: file.clone() })
        }
    }
}
