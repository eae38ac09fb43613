//! Who a packed file says that it is: the name and version *inside* of it (law L3).
//!
//! Where the formats say it: a `.crate` holds `<name>-<version>/Cargo.toml` as Cargo wrote it; an npm tarball holds
//! `package.json` one folder deep; a wheel holds `<name>-<version>.dist-info/METADATA` and an sdist `PKG-INFO` one folder
//! deep (Python packaging specifications: binary distribution format, source distribution format, core metadata).

use std::io::{self, Read, SeekFrom};

use crate::{
    archive::{self, ArchiveError, Bounds, ReadSeek, Visit, Walked},
    cargo::CratePackage,
    format::Format,
    npm::Tarball,
    python::Distribution,
};

/// Why a file does not say who it is. Each is a fragment fit for "{file} cannot be published: {error}".
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It is no archive that all clients read alike.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The file that should tell is missing.
    #[error("it holds no {entry}")]
    Missing {
        /// The file.
        entry: String,
    },
    /// The file that should tell does not.
    #[error("its {entry} is not acceptable: {why}")]
    Content {
        /// The file.
        entry: String,
        /// What is wrong with it.
        why: String,
    },
    /// The file's own name says something else.
    #[error("{entry} says {inside}, and the file's own name does not")]
    Name {
        /// The file that tells.
        entry: String,
        /// Name and version inside.
        inside: String,
    },
    /// The name's ending is none that is known.
    #[error("its name ends with none of .crate, .tgz, .whl and .tar.gz")]
    Ending,
}

impl PackageError {
    pub(crate) fn content(entry: impl Into<String>, why: impl ToString) -> Self {
        Self::Content {
            entry: entry.into(),
            why: why.to_string(),
        }
    }
}

/// What a packed file says about itself.
#[derive(Debug, Clone)]
pub enum Package {
    /// A `.crate`.
    Crate(Box<CratePackage>),
    /// An npm tarball.
    Npm(Tarball),
    /// A wheel or a source distribution.
    Python(Box<Distribution>),
}

/// A name and a version, as they stand inside of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
}

impl Package {
    /// Reads a file of this format and name from its start.
    ///
    /// # Errors
    /// When clients would read it differently, or it does not say who it is.
    pub fn read(
        format: Format,
        file: &str,
        packed: &mut dyn ReadSeek,
    ) -> Result<Self, PackageError> {
        Ok(match format {
            Format::Crate => Self::Crate(Box::new(CratePackage::read(packed)?)),
            Format::NpmTarball => Self::Npm(Tarball::read(packed)?),
            Format::Wheel | Format::Sdist | Format::ZipSdist => {
                Self::Python(Box::new(Distribution::read(file, packed)?))
            }
        })
    }

    /// The name and version inside.
    ///
    /// # Errors
    /// When a `package.json` has none.
    pub fn inside(&self) -> Result<Inside, PackageError> {
        Ok(match self {
            Self::Crate(package) => Inside {
                name: package.manifest.package.name.clone(),
                version: package.manifest.package.version.clone(),
            },
            Self::Npm(tarball) => Inside {
                name: tarball.required("name")?,
                version: tarball.required("version")?,
            },
            Self::Python(distribution) => Inside {
                name: distribution.metadata.name().to_owned(),
                version: distribution.metadata.version().to_owned(),
            },
        })
    }

    /// The paths of the files in it.
    #[must_use]
    pub fn files(&self) -> &[String] {
        match self {
            Self::Crate(package) => &package.files,
            Self::Npm(tarball) => &tarball.files,
            Self::Python(distribution) => &distribution.files,
        }
    }
}

/// Walks through a file that is to be published.
pub(crate) fn walk(
    format: Format,
    packed: &mut dyn ReadSeek,
    visit: &mut Visit<'_>,
) -> Result<Walked, ArchiveError> {
    let size = packed
        .seek(SeekFrom::End(0))
        .map_err(ArchiveError::Unreadable)?;
    archive::walk(format, packed, Bounds::of_upload(format, size), visit)
}

/// The bytes of a member; `None` when there are more than the bound.
pub(crate) fn bounded(from: &mut dyn Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

/// The bytes of the file that tells who a package is.
pub(crate) fn found(
    bytes: Option<Option<Vec<u8>>>,
    entry: &str,
    limit: u64,
) -> Result<Vec<u8>, PackageError> {
    let missing = || PackageError::Missing {
        entry: entry.to_owned(),
    };
    let long = || PackageError::content(entry, format!("it has more than {limit} bytes"));
    bytes.ok_or_else(missing)?.ok_or_else(long)
}
