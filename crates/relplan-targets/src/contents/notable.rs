//! What deserves a loud word: code that runs on users' machines when a package is installed or built, and what is
//! installed along with it.
//!
//! A script whose code is a file has that file's digest in its value, so that a changed file is a changed script.

mod crates;
mod npm;
mod python;

use std::collections::{BTreeMap, BTreeSet};

use relplan_ecosystem::Format;
use relplan_model::{contents::Notable, digest::Sha256};

use super::{Listed, record};

/// The longest text of a script that is told, in characters.
const TOLD: usize = 300;

/// The scripts and dependencies of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Noted {
    /// Name to what it does.
    pub(super) scripts: BTreeMap<String, String>,
    /// Name and section to what is asked for.
    pub(super) dependencies: BTreeMap<(String, String), String>,
    /// What the manifest points at and the archive does not hold.
    pub(super) missing: Vec<String>,
}

/// Why a member says nothing: its path, and a fragment fit for "its {path} {why}".
pub(super) type Unreadable = (String, String);

/// Whether a member of such an archive is read here.
pub(super) fn says_something(format: Format, path: &str) -> bool {
    match format {
        Format::Crate => path == crates::MANIFEST,
        Format::NpmTarball => npm::is_manifest(path),
        Format::Sdist | Format::ZipSdist => matches!(path, python::PKG_INFO | python::PYPROJECT),
        Format::Wheel => python::is_wheel_metadata(path) || record::is_record(path),
    }
}

/// Reads the version, as paths spell it, and everything notable.
pub(super) fn read(
    format: Format,
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Result<(String, Noted), Unreadable> {
    match format {
        Format::Crate => crates::read(files, metadata),
        Format::NpmTarball => npm::read(files, metadata),
        Format::Sdist | Format::ZipSdist => python::read_sdist(files, metadata),
        Format::Wheel => python::read_wheel(files, metadata),
    }
}

/// What differs, in order. With nothing to compare with, the scripts alone are told.
pub(super) fn compare(before: Option<&Noted>, after: &Noted) -> Vec<Notable> {
    let nothing = Noted::default();
    let known = before.unwrap_or(&nothing);
    let mut all = Vec::new();
    let names: BTreeSet<_> = known.scripts.keys().chain(after.scripts.keys()).collect();
    for name in names {
        let (was, is) = (known.scripts.get(name), after.scripts.get(name));
        if was != is {
            all.push(Notable::Script {
                name: name.clone(),
                before: was.cloned(),
                after: is.cloned(),
            });
        }
    }
    if before.is_some() {
        let keys: BTreeSet<_> = known
            .dependencies
            .keys()
            .chain(after.dependencies.keys())
            .collect();
        for key in keys {
            let (was, is) = (known.dependencies.get(key), after.dependencies.get(key));
            if was != is {
                all.push(Notable::Dependency {
                    name: key.0.clone(),
                    section: key.1.clone(),
                    before: was.cloned(),
                    after: is.cloned(),
                });
            }
        }
    }
    all.sort();
    all
}

/// A text, cut where it is long; the digest then tells one from another.
fn told(text: &str) -> String {
    if text.chars().count() <= TOLD {
        return text.to_owned();
    }
    let start: String = text.chars().take(TOLD).collect();
    let digest = Sha256::of(text.as_bytes()).short();
    format!("{start}… (cut; sha256:{digest})")
}

/// A file as the value of a script.
fn file(listed: Option<&Listed>) -> String {
    match listed {
        Some(listed) => format!("{} bytes, sha256:{}", listed.size, listed.sha256.short()),
        None => "a file that is not there".to_owned(),
    }
}

fn text<'a>(metadata: &'a BTreeMap<String, Vec<u8>>, path: &str) -> Result<&'a [u8], Unreadable> {
    let found = metadata.get(path).map(Vec::as_slice);
    found.ok_or_else(|| (path.to_owned(), "is not there".to_owned()))
}
