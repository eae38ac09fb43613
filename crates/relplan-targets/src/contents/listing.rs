//! A listing: every file in an archive with size, digest and mode, and what the package says about itself.

use std::{
    collections::BTreeMap,
    io::{self, Read},
};

use relplan_ecosystem::{
    Format,
    archive::{Bounds, Member},
};
use relplan_model::{digest::Sha256, port::ArtifactRead};
use sha2::Digest as _;

use super::{
    ContentsError,
    notable::{self, Noted},
    record,
};

/// The largest file of metadata that is read, in bytes.
const METADATA: u64 = 8 << 20;

/// How much metadata is read of one archive, in bytes.
const ALL_METADATA: u64 = 64 << 20;

/// What is inside one archive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files and links by path, without the folder that all of the archive is in. A wheel's `RECORD` is not among
    /// them where it lists exactly these files: it says nothing else then.
    pub files: BTreeMap<String, Listed>,
    /// The version as paths in the archive spell it; empty where none does.
    pub version: String,
    /// The scripts and dependencies.
    pub(super) noted: Noted,
}

impl Listing {
    /// What the manifest points at and the archive does not hold.
    #[must_use]
    pub fn missing(&self) -> &[String] {
        &self.noted.missing
    }
}

/// One file in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its size in bytes, unpacked.
    pub size: u64,
    /// Its SHA-256; that of the words `link to` and the target for a link.
    pub sha256: Sha256,
    /// Whether it is executable.
    pub executable: bool,
    /// Whether it is a link.
    pub link: bool,
}

pub(super) fn read(
    format: Format,
    file: &str,
    packed: &mut dyn ArtifactRead,
    bounds: Bounds,
) -> Result<Listing, ContentsError> {
    let mut files: BTreeMap<String, Listed> = BTreeMap::new();
    let mut metadata: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut left = ALL_METADATA;
    let mut too_large = None;
    let mut visit = |member: Member<'_>| -> io::Result<()> {
        let Member {
            path,
            executable,
            link,
            bytes,
        } = member;
        let wanted = !link && notable::says_something(format, &path);
        let limit = METADATA.min(left);
        let mut kept = Vec::new();
        let (size, sha256) = hashed(bytes, wanted.then_some((&mut kept, limit)))?;
        if wanted && size > limit {
            too_large.get_or_insert_with(|| path.clone());
        } else if wanted {
            left -= size;
            metadata.insert(path.clone(), kept);
        }
        let listed = Listed {
            size,
            sha256,
            executable,
            link,
        };
        files.insert(path, listed);
        Ok(())
    };
    super::walk(format, file, packed, bounds, &mut visit)?;
    if let Some(member) = too_large {
        return Err(ContentsError::Metadata {
            file: file.to_owned(),
            member,
            why: format!("is larger than the {METADATA} bytes that are read"),
        });
    }
    let (version, noted) = notable::read(format, &files, &metadata).map_err(|(member, why)| {
        ContentsError::Metadata {
            file: file.to_owned(),
            member,
            why,
        }
    })?;
    if let Some(path) = record::says_nothing_more(&files, &metadata) {
        files.remove(&path);
    }
    Ok(Listing {
        files,
        version,
        noted,
    })
}

/// Reads to the end, for size and digest; keeps the bytes while they are not more than a limit.
fn hashed(
    bytes: &mut dyn Read,
    mut keep: Option<(&mut Vec<u8>, u64)>,
) -> io::Result<(u64, Sha256)> {
    let mut hash = sha2::Sha256::new();
    let mut block = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        let count = match bytes.read(&mut block) {
            Ok(0) => return Ok((size, Sha256::from_bytes(hash.finalize().into()))),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let read = block.get(..count).unwrap_or_default();
        size += count as u64;
        hash.update(read);
        if let Some((kept, limit)) = &mut keep
            && size <= *limit
        {
            kept.extend_from_slice(read);
        }
    }
}
