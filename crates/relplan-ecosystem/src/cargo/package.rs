//! A `.crate`: its manifest, its readme and the files in it.

use serde::Deserialize;

use super::manifest::Manifest;
use crate::{
    archive::ReadSeek,
    format::Format,
    package::{self, PackageError},
};

const MANIFEST: &str = "Cargo.toml";

/// What Cargo writes down of the checkout that it packed from.
const CHECKOUT: &str = ".cargo_vcs_info.json";

/// The largest [`CHECKOUT`] that is read, in bytes.
const CHECKOUT_LIMIT: u64 = 64 << 10;

/// The largest `Cargo.toml` that is read, in bytes.
const MANIFEST_LIMIT: u64 = 4 << 20;

/// The largest readme that is sent along, in bytes: registries bound the metadata to about a mebibyte.
const README_LIMIT: u64 = 4 << 20;

/// What a `.crate` says about itself.
#[derive(Debug, Clone)]
pub struct CratePackage {
    /// Its manifest.
    pub manifest: Manifest,
    /// The paths of the files, without the folder around them.
    pub files: Vec<String>,
    /// The checkout that it was packed from; `None` where Cargo saw none.
    pub checkout: Option<PackedFrom>,
}

/// The checkout that a crate was packed from, as Cargo saw it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PackedFrom {
    /// The commit.
    #[serde(rename = "sha1")]
    pub commit: String,
    /// Whether what went into the crate differs from it; what the crate inherits from its workspace counts.
    #[serde(default)]
    pub dirty: bool,
}

#[derive(Deserialize)]
struct Checkout {
    git: Option<PackedFrom>,
}

impl CratePackage {
    /// Reads a crate from its start.
    ///
    /// # Errors
    /// When clients would read it differently, or it is in another folder than Cargo would look for it.
    pub fn read(packed: &mut dyn ReadSeek) -> Result<Self, PackageError> {
        let (mut manifest, mut checkout) = (None, None);
        let mut files = Vec::new();
        let walked = package::walk(Format::Crate, packed, &mut |member| {
            if member.path == MANIFEST {
                manifest = Some(package::bounded(member.bytes, MANIFEST_LIMIT)?);
            } else if member.path == CHECKOUT {
                checkout = package::bounded(member.bytes, CHECKOUT_LIMIT)?;
            }
            files.push(member.path);
            Ok(())
        })?;
        let bytes = package::found(manifest, MANIFEST, MANIFEST_LIMIT)?;
        let manifest =
            Manifest::read(&bytes).map_err(|error| PackageError::content(MANIFEST, error))?;
        let package = &manifest.package;
        let expected = format!("{}-{}", package.name, package.version);
        if walked.top.as_ref() != Some(&expected) {
            return Err(PackageError::Missing {
                entry: format!("{expected}/{MANIFEST}"),
            });
        }
        let checkout = checkout.and_then(|bytes| serde_json::from_slice::<Checkout>(&bytes).ok());
        Ok(Self {
            manifest,
            files,
            checkout: checkout.and_then(|checkout| checkout.git),
        })
    }

    /// The readme's text, where the crate has one.
    ///
    /// # Errors
    /// When the manifest names one that is not there.
    pub fn readme(&self, packed: &mut dyn ReadSeek) -> Result<Option<String>, PackageError> {
        let Some(path) = self.manifest.package.readme() else {
            return Ok(None);
        };
        let path = path.strip_prefix("./").unwrap_or(path);
        let mut found = None;
        package::walk(Format::Crate, packed, &mut |member| {
            if member.path == path && !member.link {
                found = Some(package::bounded(member.bytes, README_LIMIT)?);
            }
            Ok(())
        })?;
        let bytes = package::found(found, path, README_LIMIT)?;
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }
}
