//! Wheels and source distributions: their core metadata, read out of the archive within bounds.
//!
//! Invariant: the file's name says the same as the metadata (law L3), and so does the folder of a wheel's metadata.

use std::str::FromStr as _;

use pep440_rs::Version;

use super::{
    filename::{self, Kind},
    metadata::Metadata,
};
use crate::{
    archive::ReadSeek,
    format::Format,
    package::{self, PackageError},
};

/// The largest metadata file that is read, in bytes; indexes refuse far smaller ones.
const METADATA_LIMIT: u64 = 8 << 20;

const PKG_INFO: &str = "PKG-INFO";
const METADATA: &str = "*.dist-info/METADATA";

/// What a distribution says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The upload form's word for the kind of file.
    pub filetype: &'static str,
    /// The wheel's Python tag; `source` for a source distribution.
    pub pyversion: String,
    /// The version inside, read.
    pub version: Version,
    /// The core metadata.
    pub metadata: Metadata,
    /// The paths of the files in it.
    pub files: Vec<String>,
}

impl Distribution {
    /// Reads a distribution that has this file name.
    ///
    /// # Errors
    /// When clients would read it differently, or its name and its metadata disagree.
    pub fn read(file: &str, packed: &mut dyn ReadSeek) -> Result<Self, PackageError> {
        let (format, entry) = if file.ends_with(".whl") {
            (Format::Wheel, METADATA)
        } else if file.ends_with(".zip") {
            (Format::ZipSdist, PKG_INFO)
        } else if file.ends_with(".tar.gz") {
            (Format::Sdist, PKG_INFO)
        } else {
            return Err(PackageError::Ending);
        };
        let mut found = None;
        let mut info = None;
        let mut files = Vec::new();
        package::walk(format, packed, &mut |member| {
            let folder = member.path.split_once('/');
            let is_metadata = match (format, folder) {
                (Format::Wheel, Some((folder, "METADATA"))) => {
                    match folder.strip_suffix(".dist-info") {
                        Some(stem) => {
                            info = Some(stem.to_owned());
                            true
                        }
                        None => false,
                    }
                }
                (Format::Wheel, _) => false,
                _ => member.path == PKG_INFO,
            };
            if is_metadata && !member.link {
                found = Some(package::bounded(member.bytes, METADATA_LIMIT)?);
            }
            files.push(member.path);
            Ok(())
        })?;
        let bytes = package::found(found, entry, METADATA_LIMIT)?;
        let metadata =
            Metadata::read(&bytes).map_err(|error| PackageError::content(entry, error))?;
        let disagreement = || PackageError::Name {
            entry: entry.to_owned(),
            inside: format!("{} {}", metadata.name(), metadata.version()),
        };
        let project = filename::normalized(metadata.name());
        let named = filename::read(&project, file).ok_or_else(disagreement)?;
        let version = Version::from_str(metadata.version()).map_err(|_| disagreement())?;
        if named.version != version {
            return Err(disagreement());
        }
        let own = info
            .is_none_or(|stem| filename::version_of(&project, &stem).as_ref() == Some(&version));
        if !own {
            let why = "it is in the folder of another name or version";
            return Err(PackageError::content(entry, why));
        }
        let (filetype, pyversion) = match named.kind {
            Kind::Wheel { python, .. } => ("bdist_wheel", python.to_owned()),
            Kind::Sdist => ("sdist", "source".to_owned()),
            Kind::Egg => return Err(PackageError::Ending),
        };
        Ok(Self {
            filetype,
            pyversion,
            version,
            metadata,
            files,
        })
    }
}

#[cfg(test)]
mod tests;
