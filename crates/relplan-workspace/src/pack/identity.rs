//! Who a finished file says that it is, and whether it may be released (law L3). The formats are read by
//! `relplan-ecosystem`, as everywhere.

use std::io::{self, BufReader};

use camino::Utf8Path;
use relplan_ecosystem::{Ecosystem, Format, Package, PackageError, npm::Tarball};
use relplan_model::address::PackageId;
use relplan_system::tree::open_named;
use serde_json::{Map, Value};

pub(super) use relplan_ecosystem::Inside;

use crate::npm::demand::{self, Protocol};

/// Why a file cannot be released.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// It cannot be opened.
    #[error("it cannot be opened")]
    Open(#[source] io::Error),
    /// It does not say who it is, or clients would read it differently.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The folder that keeps bundles and state was packed too: it tells of other packages, and it makes the bytes
    /// differ from one run to the next.
    #[error(
        "it holds {entry:?}, a file of relplan's own; write a line `/.relplan/` into the .gitignore beside the spec, \
         or exclude that folder in the package's manifest"
    )]
    Own {
        /// The entry.
        entry: String,
    },
    /// A dependency that should be inside and is not.
    #[error(
        "its manifest bundles {name}, and it holds no `node_modules/{name}`; install that in the package's own folder \
         (a workspace's manager puts it at the root), or do not bundle it"
    )]
    Unbundled {
        /// The dependency.
        name: String,
    },
    /// A dependency that nobody outside of the workspace can resolve.
    #[error(
        "it asks for {name} {range:?} in `{section}`, which means nothing outside of the workspace; \
         name the version range of a published package there, or let a packer write it: `relplan check` says which can"
    )]
    Range {
        /// Which part of `package.json`.
        section: &'static str,
        /// The dependency.
        name: String,
        /// What is asked for.
        range: String,
    },
}

/// Reads who a file is.
pub(super) fn read(path: &Utf8Path) -> Result<(Format, Inside), IdentityError> {
    let (format, package) = read_packed(path)?;
    Ok((format, package.inside()?))
}

/// Reads what a file says of itself.
pub(super) fn read_packed(path: &Utf8Path) -> Result<(Format, Package), IdentityError> {
    let file = path.file_name().unwrap_or_default();
    let format = Format::of_file(file).ok_or(PackageError::Ending)?;
    let opened = open_named(path.as_std_path());
    let opened = opened.map_err(|error| IdentityError::Open(error.into_io()))?;
    let mut packed = BufReader::new(opened);
    let package = Package::read(format, file, &mut packed)?;
    package
        .files()
        .iter()
        .try_for_each(|name| refuse_own(name))?;
    if let Package::Npm(tarball) = &package {
        refuse_local(&tarball.manifest)?;
        refuse_unbundled(tarball)?;
    }
    Ok((format, package))
}

/// Whether a file of this format, with this name inside, is a package's.
pub(super) fn is_of(package: &PackageId, format: Format, name: &str) -> bool {
    let ecosystem = format.ecosystem();
    Ecosystem::of(&package.ecosystem) == Some(ecosystem)
        && ecosystem.same_name(package.name.as_str(), name)
}

/// Refuses a packed file out of relplan's own folder.
fn refuse_own(name: &str) -> Result<(), IdentityError> {
    let mut folders = name.rsplit('/').skip(1);
    if folders.any(|folder| folder == super::OWN_FOLDER) {
        let entry = name.to_owned();
        return Err(IdentityError::Own { entry });
    }
    Ok(())
}

/// Refuses a tarball without a dependency that its manifest says is in it.
fn refuse_unbundled(tarball: &Tarball) -> Result<(), IdentityError> {
    let bundled = demand::bundled_names(&tarball.manifest);
    let missing = bundled.into_iter().find(|name| {
        let manifest = format!("node_modules/{name}/package.json");
        !tarball.files.contains(&manifest)
    });
    match missing {
        Some(name) => Err(IdentityError::Unbundled {
            name: name.to_owned(),
        }),
        None => Ok(()),
    }
}

/// Refuses ranges that only the workspace's own package manager understands.
fn refuse_local(manifest: &Map<String, Value>) -> Result<(), IdentityError> {
    for section in ["dependencies", "optionalDependencies", "peerDependencies"] {
        let dependencies = manifest.get(section).and_then(Value::as_object);
        for (name, range) in dependencies.into_iter().flatten() {
            let range = range.as_str().unwrap_or_default();
            if Protocol::of(range).is_some() && !demand::is_bundled(manifest, name) {
                return Err(IdentityError::Range {
                    section,
                    name: name.clone(),
                    range: range.to_owned(),
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
