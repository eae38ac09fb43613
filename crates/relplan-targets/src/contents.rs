//! What is inside artifacts: listed without unpacking them, compared with what is published, and the loud words.
//!
//! ```text
//! bytes ──relplan_ecosystem──▶ members ──listing──▶ Listing { files, notable } ─┐
//! bytes (published) ─────────────────────▶ Listing ───────────────────┴─compare──▶ relplan_model::contents::Contents
//! ```
//!
//! Invariant: archives are hostile. They are read within [`Bounds`], no path of theirs touches a disk, and what is
//! wrong with one is told (the law L5: what cannot be compared is unknown, never "the same").

mod compare;
mod listing;
mod notable;
mod path;
mod record;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    io::{self, Read as _},
};

pub use relplan_ecosystem::archive::{ArchiveError, Bounds};
use relplan_ecosystem::{
    Format,
    archive::{self, Member, Visit},
};
use relplan_model::{
    bundle::Artifact,
    port::{ArtifactRead, ArtifactSource},
};

pub use self::{
    compare::{change, compare, counterparts},
    listing::{Listed, Listing},
};
use crate::artifact::{self, ArtifactError};

/// Why the contents of an artifact cannot be told. Each is a fragment fit for "could not be compared: {error}".
#[derive(Debug, thiserror::Error)]
pub enum ContentsError {
    /// The file in the bundle is not the planned one.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// It is an archive that is not read to its end.
    #[error("{file} is not read: {source}")]
    Archive {
        /// The file's name.
        file: String,
        /// What is wrong with it.
        source: ArchiveError,
    },
    /// It is of a kind that is not known here.
    #[error("{file} is of the kind {kind:?}, which cannot be looked into")]
    Kind {
        /// The file's name.
        file: String,
        /// Its kind.
        kind: String,
    },
    /// What it says about itself cannot be understood.
    #[error("{file} is not read: its {member} {why}")]
    Metadata {
        /// The file's name.
        file: String,
        /// The member.
        member: String,
        /// What is wrong with it.
        why: String,
    },
    /// The work was given up.
    #[error("{file} was not read to its end")]
    Lost {
        /// The file's name.
        file: String,
    },
}

impl ContentsError {
    /// Whether somebody should look at the file: no packer makes such a thing.
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        match self {
            Self::Artifact(ArtifactError::Size { .. } | ArtifactError::Digest { .. }) => true,
            Self::Artifact(ArtifactError::Read { .. }) => false,
            Self::Archive { source, .. } => source.is_suspicious(),
            Self::Kind { .. } | Self::Metadata { .. } | Self::Lost { .. } => false,
        }
    }
}

/// Walks through an archive from its start; paths are given as they are shown.
fn walk(
    format: Format,
    file: &str,
    packed: &mut dyn ArtifactRead,
    bounds: Bounds,
    visit: &mut Visit<'_>,
) -> Result<(), ContentsError> {
    let mut packed = packed;
    let walked = archive::walk(format, &mut packed, bounds, visit);
    walked.map(drop).map_err(|source| ContentsError::Archive {
        file: file.to_owned(),
        source,
    })
}

fn format_of(kind: &str, file: &str) -> Result<Format, ContentsError> {
    Format::of_kind(kind, file).ok_or_else(|| ContentsError::Kind {
        file: file.to_owned(),
        kind: kind.to_owned(),
    })
}

/// Lists what is inside a file of this kind.
///
/// # Errors
/// When it cannot be read, exceeds the bounds, or holds what no packer writes.
pub fn list(
    kind: &str,
    file: &str,
    packed: &mut dyn ArtifactRead,
    bounds: Bounds,
) -> Result<Listing, ContentsError> {
    listing::read(format_of(kind, file)?, file, packed, bounds)
}

/// Lists what is inside an artifact, once its bytes have been held against its description (law L3).
///
/// # Errors
/// As [`list`], and when the bytes are not those that are described.
pub async fn of_artifact(
    source: &dyn ArtifactSource,
    artifact: &Artifact,
) -> Result<Listing, ContentsError> {
    let mut checked = artifact::check(source, artifact, &[]).await?;
    let (kind, file) = (artifact.kind.clone(), artifact.file.to_string());
    let name = file.clone();
    let listed = tokio::task::spawn_blocking(move || {
        list(&kind, &file, &mut checked.file(), Bounds::default())
    });
    listed
        .await
        .unwrap_or(Err(ContentsError::Lost { file: name }))
}

/// How many bytes of members are taken into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Of one member.
    pub each: u64,
    /// Of all together.
    pub all: u64,
}

/// The bytes of some members, by the paths that [`Listing::files`] has. Those that are larger than what may be taken
/// are left out.
///
/// # Errors
/// As [`list`].
pub fn members(
    kind: &str,
    file: &str,
    packed: &mut dyn ArtifactRead,
    limits: Taken,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<BTreeMap<String, Vec<u8>>, ContentsError> {
    let mut found = BTreeMap::new();
    let mut left = limits.all;
    let mut visit = |member: Member<'_>| {
        if wanted(&member.path) {
            let limit = limits.each.min(left);
            let mut bytes = Vec::new();
            io::Read::take(member.bytes, limit + 1).read_to_end(&mut bytes)?;
            if let Some(rest) = left.checked_sub(bytes.len() as u64)
                && bytes.len() as u64 <= limits.each
            {
                left = rest;
                found.insert(member.path, bytes);
            }
        }
        Ok(())
    };
    walk(
        format_of(kind, file)?,
        file,
        packed,
        Bounds::default(),
        &mut visit,
    )?;
    Ok(found)
}
