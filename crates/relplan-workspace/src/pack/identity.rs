//! Who a finished file says that it is: the name and version *inside* of it (law L3).
//!
//! Where the formats say it: `.crate` holds `<name>-<version>/Cargo.toml` as cargo wrote it; an npm tarball holds
//! `package.json` one folder deep; a wheel holds `<name>-<version>.dist-info/METADATA` and an sdist `PKG-INFO` one folder
//! deep (Python packaging specifications: binary distribution format, source distribution format, core metadata).
//!
//! Invariant: a file that could say two things (the entry twice, the header twice) says nothing.

use std::io::{self, Read};

use camino::Utf8Path;
use flate2::read::MultiGzDecoder;
use relplan_system::tree::open_named;
use serde_json::Value;

/// A metadata entry that is longer than this is not read, in bytes.
const ENTRY_LIMIT: u64 = 8 << 20;
/// No more than this is unpacked of one file, in bytes: a small file can unpack to any size.
const UNPACKED_LIMIT: u64 = 16 << 30;

/// Why a file does not say who it is.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Not a readable archive.
    #[error("it cannot be read as the archive that its name promises")]
    Archive(#[source] io::Error),
    /// The name's ending is none that is known.
    #[error("its name ends with none of .crate, .tgz, .whl and .tar.gz")]
    Ending,
    /// The entry that should tell is missing.
    #[error("it holds no {entry}")]
    Missing {
        /// The entry.
        entry: &'static str,
    },
    /// The entry that should tell is there more than once.
    #[error("it holds {entry} more than once")]
    Ambiguous {
        /// The entry.
        entry: &'static str,
    },
    /// The entry that should tell does not.
    #[error("its {entry} is not acceptable: {why}")]
    Content {
        /// The entry.
        entry: &'static str,
        /// What is wrong with it.
        why: String,
    },
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
    /// A dependency that nobody outside of the workspace can resolve.
    #[error(
        "it asks for {name} {range:?} in `{section}`, which means nothing outside of the workspace; \
         packer=\"pnpm\", packer=\"yarn\" and packer=\"builtin\" put the real version there"
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

/// What kind of artifact a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Crate,
    NpmTarball,
    Wheel,
    Sdist,
}

impl Kind {
    /// The kind that a file name's ending stands for.
    pub(super) fn of(file: &str) -> Option<Self> {
        let endings = [
            (".crate", Self::Crate),
            (".tgz", Self::NpmTarball),
            (".whl", Self::Wheel),
            (".tar.gz", Self::Sdist),
        ];
        endings
            .into_iter()
            .find_map(|(end, kind)| file.ends_with(end).then_some(kind))
    }

    /// As `bundle.json` writes it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Crate => "crate",
            Self::NpmTarball => "npm-tarball",
            Self::Wheel => "wheel",
            Self::Sdist => "sdist",
        }
    }

    /// The ecosystem whose packages it holds.
    pub(super) fn ecosystem(self) -> &'static str {
        match self {
            Self::Crate => "cargo",
            Self::NpmTarball => "npm",
            Self::Wheel | Self::Sdist => "python",
        }
    }
}

/// A name and a version, as they stand inside of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Inside {
    pub(super) name: String,
    pub(super) version: String,
}

/// Reads who a file is.
pub(super) fn read(path: &Utf8Path) -> Result<(Kind, Inside), IdentityError> {
    let file = path.file_name().unwrap_or_default();
    let kind = Kind::of(file).ok_or(IdentityError::Ending)?;
    let inside = match kind {
        Kind::Crate => crate_manifest(&from_tar(path, "Cargo.toml")?)?,
        Kind::NpmTarball => npm_manifest(&from_tar(path, "package.json")?)?,
        Kind::Sdist => {
            let inside = metadata(&from_tar(path, "PKG-INFO")?, "PKG-INFO")?;
            agrees_with_sdist_name(file, inside)?
        }
        Kind::Wheel => {
            let inside = metadata(&from_wheel(path)?, METADATA)?;
            agrees_with_wheel_name(file, inside)?
        }
    };
    Ok((kind, inside))
}

/// A Python project's name in its one comparable form (name normalisation, PEP 503).
pub(super) fn normalised(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' if text.ends_with('-') => {}
            '-' | '_' | '.' => text.push('-'),
            other => text.push(other.to_ascii_lowercase()),
        }
    }
    text
}

const METADATA: &str = "*.dist-info/METADATA";

/// Reads the one entry of this name that stands one folder deep.
fn from_tar(path: &Utf8Path, entry: &'static str) -> Result<Vec<u8>, IdentityError> {
    let file =
        open_named(path.as_std_path()).map_err(|error| IdentityError::Archive(error.into_io()))?;
    let unpacked = MultiGzDecoder::new(io::BufReader::new(file)).take(UNPACKED_LIMIT);
    let mut archive = tar::Archive::new(unpacked);
    let mut found = None;
    for part in archive.entries().map_err(IdentityError::Archive)? {
        let part = part.map_err(IdentityError::Archive)?;
        let here = {
            let name = part.path_bytes();
            refuse_own(&String::from_utf8_lossy(&name))?;
            let name = name.strip_prefix(b"./").unwrap_or(&name);
            let mut pieces = name.split(|byte| *byte == b'/');
            pieces.next().is_some()
                && pieces.next() == Some(entry.as_bytes())
                && pieces.next().is_none()
        };
        if !here || !part.header().entry_type().is_file() {
            continue;
        }
        if found.is_some() {
            return Err(IdentityError::Ambiguous { entry });
        }
        found = Some(bounded(part, entry)?);
    }
    found.ok_or(IdentityError::Missing { entry })
}

fn from_wheel(path: &Utf8Path) -> Result<Vec<u8>, IdentityError> {
    let broken = |error: zip::result::ZipError| IdentityError::Archive(io::Error::other(error));
    let file =
        open_named(path.as_std_path()).map_err(|error| IdentityError::Archive(error.into_io()))?;
    let mut archive = zip::ZipArchive::new(file).map_err(broken)?;
    for name in archive.file_names() {
        refuse_own(&name.map_err(broken)?)?;
    }
    let is_metadata = |name: &str| {
        name.split_once('/')
            .is_some_and(|(folder, file)| folder.ends_with(".dist-info") && file == "METADATA")
    };
    let names: Vec<String> = archive
        .file_names()
        .filter_map(Result::ok)
        .filter(|name| is_metadata(name))
        .map(|name| name.into_owned())
        .collect();
    match names.as_slice() {
        [] => Err(IdentityError::Missing { entry: METADATA }),
        [name] => bounded(archive.by_name(name).map_err(broken)?, METADATA),
        _ => Err(IdentityError::Ambiguous { entry: METADATA }),
    }
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

fn bounded(from: impl Read, entry: &'static str) -> Result<Vec<u8>, IdentityError> {
    let mut bytes = Vec::new();
    from.take(ENTRY_LIMIT + 1)
        .read_to_end(&mut bytes)
        .map_err(IdentityError::Archive)?;
    if bytes.len() as u64 > ENTRY_LIMIT {
        return Err(content(entry, "it is too long"));
    }
    Ok(bytes)
}

fn content(entry: &'static str, why: impl ToString) -> IdentityError {
    IdentityError::Content {
        entry,
        why: why.to_string(),
    }
}

fn crate_manifest(bytes: &[u8]) -> Result<Inside, IdentityError> {
    let entry = "Cargo.toml";
    let text = std::str::from_utf8(bytes).map_err(|error| content(entry, error))?;
    let manifest: toml_edit::Document<&str> =
        toml_edit::Document::parse(text).map_err(|error| content(entry, error))?;
    let of = |key| {
        manifest
            .get("package")
            .and_then(|package| package.get(key))
            .and_then(toml_edit::Item::as_str)
            .map(ToOwned::to_owned)
            .ok_or_else(|| content(entry, format!("it has no package.{key}")))
    };
    Ok(Inside {
        name: of("name")?,
        version: of("version")?,
    })
}

fn npm_manifest(bytes: &[u8]) -> Result<Inside, IdentityError> {
    let entry = "package.json";
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let manifest: Value = serde_json::from_slice(bytes).map_err(|error| content(entry, error))?;
    for section in ["dependencies", "optionalDependencies", "peerDependencies"] {
        let dependencies = manifest.get(section).and_then(Value::as_object);
        for (name, range) in dependencies.into_iter().flatten() {
            let range = range.as_str().unwrap_or_default();
            let is_local = ["workspace:", "catalog:", "link:", "portal:"]
                .iter()
                .any(|protocol| range.starts_with(protocol));
            if is_local {
                return Err(IdentityError::Range {
                    section,
                    name: name.clone(),
                    range: range.to_owned(),
                });
            }
        }
    }
    let of = |key| {
        manifest
            .get(key)
            .and_then(Value::as_str)
            .map(ToOwned::to_owned)
            .ok_or_else(|| content(entry, format!("it has no {key}")))
    };
    Ok(Inside {
        name: of("name")?,
        version: of("version")?,
    })
}

/// Reads the headers of core metadata, up to the first empty line.
fn metadata(bytes: &[u8], entry: &'static str) -> Result<Inside, IdentityError> {
    let text = String::from_utf8_lossy(bytes);
    let (mut name, mut version) = (None, None);
    for line in text.lines().take_while(|line| !line.is_empty()) {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let place = match key.to_ascii_lowercase().as_str() {
            "name" => &mut name,
            "version" => &mut version,
            _ => continue,
        };
        if place.replace(value.trim().to_owned()).is_some() {
            return Err(content(entry, format!("it has the header {key} twice")));
        }
    }
    match (name, version) {
        (Some(name), Some(version)) => Ok(Inside { name, version }),
        (None, _) => Err(content(entry, "it has no Name")),
        (_, None) => Err(content(entry, "it has no Version")),
    }
}

fn agrees_with_wheel_name(file: &str, inside: Inside) -> Result<Inside, IdentityError> {
    let parts: Vec<_> = file.trim_end_matches(".whl").split('-').collect();
    match parts.as_slice() {
        [name, version, _, _, _] | [name, version, _, _, _, _] => {
            agrees(name, version, inside, METADATA)
        }
        _ => Err(content(
            METADATA,
            "the file's own name is not that of a wheel",
        )),
    }
}

fn agrees_with_sdist_name(file: &str, inside: Inside) -> Result<Inside, IdentityError> {
    match file.trim_end_matches(".tar.gz").rsplit_once('-') {
        Some((name, version)) => agrees(name, version, inside, "PKG-INFO"),
        None => Err(content(
            "PKG-INFO",
            "the file's own name is not that of an sdist",
        )),
    }
}

fn agrees(
    name: &str,
    version: &str,
    inside: Inside,
    entry: &'static str,
) -> Result<Inside, IdentityError> {
    if normalised(name) != normalised(&inside.name) || version != inside.version {
        let Inside {
            name: n,
            version: v,
        } = inside;
        return Err(content(
            entry,
            format!("it says {n} {v}, where the file's own name says {name} {version}"),
        ));
    }
    Ok(inside)
}

#[cfg(test)]
mod tests;
