//! Wheels and source distributions: their core metadata, read out of the archive within bounds.
//!
//! Invariant: nothing is unpacked to disk, one file of metadata is read and no second one of the same standing exists
//! in the archive, and the file's name says the same as the metadata (law L3).

use std::{
    io::{self, Read, Seek},
    str::FromStr,
};

use flate2::read::MultiGzDecoder;
use pep440_rs::Version;
use zip::{ZipArchive, result::ZipError};

use super::{
    filename::{self, Kind},
    metadata::{Metadata, MetadataError},
};

/// The largest metadata file that is read, in bytes; indexes refuse far smaller ones.
const MAX_METADATA: u64 = 8 << 20;

/// How many bytes of an archive are unpacked at most while metadata is looked for.
const MAX_UNPACKED: u64 = 2 << 30;

/// Why a file is no distribution that can be uploaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DistributionError {
    /// Its name does not say what it is.
    #[error("it is neither a wheel nor a source distribution in .tar.gz or .zip")]
    Kind,
    /// It cannot be read as an archive.
    #[error("it cannot be read as an archive")]
    Archive(#[source] io::Error),
    /// It has no metadata, or more than one file of it.
    #[error("it has {count} files {place}, and must have one")]
    Count {
        /// How many there are.
        count: usize,
        /// Where it should be.
        place: &'static str,
    },
    /// Two of its members have one name, so that readers may take either.
    #[error("two of its members have one name")]
    Twice,
    /// It unpacks to more than is read.
    #[error("it or its metadata is too large")]
    TooLarge,
    /// Its metadata cannot be understood.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// Its name says something else than its metadata.
    #[error("its name does not agree with its metadata, which says {name} {version}")]
    Name {
        /// The name inside.
        name: String,
        /// The version inside.
        version: String,
    },
}

/// What an upload must tell about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Distribution {
    /// The form's word for the kind of file.
    pub(crate) filetype: &'static str,
    /// The wheel's Python tag; `source` for a source distribution.
    pub(crate) pyversion: String,
    /// The version inside, read.
    pub(crate) version: Version,
    /// The core metadata.
    pub(crate) metadata: Metadata,
}

impl Distribution {
    /// Reads a distribution that has this file name.
    ///
    /// # Errors
    /// When it is none, or its name and its metadata disagree.
    pub(crate) fn read(file: &str, reader: impl Read + Seek) -> Result<Self, DistributionError> {
        let bytes = if file.ends_with(".whl") {
            from_zip(reader, is_wheel_metadata, WHEEL_PLACE)?
        } else if file.ends_with(".zip") {
            from_zip(reader, is_sdist_metadata, SDIST_PLACE)?
        } else if file.ends_with(".tar.gz") {
            from_tar_gz(reader)?
        } else {
            return Err(DistributionError::Kind);
        };
        let metadata = Metadata::read(&bytes)?;
        let disagreement = || DistributionError::Name {
            name: metadata.name().to_owned(),
            version: metadata.version().to_owned(),
        };
        let project = filename::normalized(metadata.name());
        let named = filename::read(&project, file).ok_or_else(disagreement)?;
        let version = Version::from_str(metadata.version()).map_err(|_| disagreement())?;
        if named.version != version {
            return Err(disagreement());
        }
        let (filetype, pyversion) = match named.kind {
            Kind::Wheel { python } => ("bdist_wheel", python.to_owned()),
            Kind::Sdist => ("sdist", "source".to_owned()),
            Kind::Egg => return Err(DistributionError::Kind),
        };
        Ok(Self {
            filetype,
            pyversion,
            version,
            metadata,
        })
    }
}

const WHEEL_PLACE: &str = "<name>-<version>.dist-info/METADATA";
const SDIST_PLACE: &str = "<name>-<version>/PKG-INFO";

/// PEP 427: the metadata lies in the one `.dist-info` folder at the top.
fn is_wheel_metadata(path: &str) -> bool {
    matches!(path.split_once('/'), Some((folder, "METADATA")) if folder.ends_with(".dist-info"))
}

/// PEP 625, core metadata specification: `PKG-INFO` lies in the one folder at the top.
fn is_sdist_metadata(path: &str) -> bool {
    let path = path.strip_prefix("./").unwrap_or(path);
    matches!(path.split_once('/'), Some((_, "PKG-INFO")))
}

fn from_zip(
    reader: impl Read + Seek,
    is_metadata: fn(&str) -> bool,
    place: &'static str,
) -> Result<Vec<u8>, DistributionError> {
    let mut archive = ZipArchive::new(reader).map_err(unreadable)?;
    if archive.has_duplicate_names() {
        return Err(DistributionError::Twice);
    }
    let mut found = Vec::new();
    for name in archive.file_names() {
        let name = name.map_err(unreadable)?;
        if is_metadata(&name) {
            found.push(name.into_owned());
        }
    }
    let [name] = found.as_slice() else {
        return Err(DistributionError::Count {
            count: found.len(),
            place,
        });
    };
    let member = archive.by_name(name).map_err(unreadable)?;
    bounded(member)
}

fn unreadable(error: ZipError) -> DistributionError {
    DistributionError::Archive(match error {
        ZipError::Io(error) => error,
        other => io::Error::new(io::ErrorKind::InvalidData, other),
    })
}

fn from_tar_gz(reader: impl Read) -> Result<Vec<u8>, DistributionError> {
    let mut archive = tar::Archive::new(MultiGzDecoder::new(reader).take(MAX_UNPACKED));
    let mut found = Vec::new();
    // All of it is looked at: which of two files a reader takes must not depend on the reader.
    for entry in archive.entries().map_err(DistributionError::Archive)? {
        let entry = entry.map_err(DistributionError::Archive)?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if is_sdist_metadata(&path) {
            found.push(bounded(entry)?);
        }
    }
    if archive.into_inner().limit() == 0 {
        return Err(DistributionError::TooLarge);
    }
    let count = found.len();
    match found.pop() {
        Some(bytes) if count == 1 => Ok(bytes),
        _ => Err(DistributionError::Count {
            count,
            place: SDIST_PLACE,
        }),
    }
}

fn bounded(member: impl Read) -> Result<Vec<u8>, DistributionError> {
    let mut bytes = Vec::new();
    member
        .take(MAX_METADATA + 1)
        .read_to_end(&mut bytes)
        .map_err(DistributionError::Archive)?;
    if bytes.len() as u64 > MAX_METADATA {
        return Err(DistributionError::TooLarge);
    }
    Ok(bytes)
}

#[cfg(test)]
pub(super) mod tests;
