//! A registry's index, by the Cargo book's "Index Format": where the file of a crate lies, and the lines in it.

use std::{borrow::Cow, collections::BTreeMap};

use serde::{Deserialize, Serialize};

use relplan_ecosystem::cargo::manifest::{Manifest, ManifestError};

use super::frame::Registries;

/// The path of a crate's index file below the index's root.
pub(crate) fn path(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match (name.len(), name.get(..2), name.get(2..4), name.get(..1)) {
        (1, ..) => format!("1/{name}"),
        (2, ..) => format!("2/{name}"),
        (3, _, _, Some(first)) => format!("3/{first}/{name}"),
        (_, Some(first), Some(second), _) => format!("{first}/{second}/{name}"),
        // Only a name that is no crate name gets here: empty, or not ASCII.
        _ => format!("0/{name}"),
    }
}

/// Whether a text may be a crate's name: ASCII letters, digits, `-` and `_`, not starting with a digit or a sign other
/// than `_`, at most 64 (the Cargo book's "Index Format", section "Name restrictions").
pub(crate) fn is_crate_name(name: &str) -> bool {
    let first = name.bytes().next();
    name.len() <= 64
        && first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What is read of one line: everything else in it is skipped.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Line<'a> {
    /// The crate's name as it was published.
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
    /// The version.
    #[serde(borrow)]
    pub(crate) vers: Cow<'a, str>,
    /// The SHA-256 of the `.crate`, in hexadecimal digits.
    #[serde(borrow)]
    pub(crate) cksum: Cow<'a, str>,
    /// Whether it is yanked.
    #[serde(default)]
    pub(crate) yanked: bool,
}

/// Reads an index file.
///
/// # Errors
/// The number (from 1) of the first line that cannot be read: what cannot be read may be the version that is asked for,
/// so skipping it would take unknown for absent (law L5).
pub(crate) fn lines(file: &[u8]) -> Result<Vec<Line<'_>>, (usize, serde_json::Error)> {
    file.split(|byte| *byte == b'\n')
        .enumerate()
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .map(|(at, line)| serde_json::from_slice(line).map_err(|error| (at + 1, error)))
        .collect()
}

/// One line as it is written.
#[derive(Debug, Serialize)]
struct Entry<'a> {
    name: &'a str,
    vers: &'a str,
    deps: Vec<EntryDependency<'a>>,
    cksum: &'a str,
    features: BTreeMap<&'a str, &'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    features2: Option<BTreeMap<&'a str, &'a [String]>>,
    yanked: bool,
    links: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rust_version: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    v: Option<u32>,
}

#[derive(Debug, Serialize)]
struct EntryDependency<'a> {
    name: &'a str,
    req: &'a str,
    features: &'a [String],
    optional: bool,
    default_features: bool,
    target: Option<&'a str>,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    package: Option<&'a str>,
}

/// Writes the line of one version, without its newline.
///
/// Unlike a publish request, a line has a renamed dependency under its name in the manifest and its own name as
/// `package`; and features of the newer syntax (`dep:`, `?/`) go to `features2`, which readers that know no `v` skip.
///
/// # Errors
/// When the manifest holds what an index cannot tell.
pub(crate) fn line(
    manifest: &Manifest,
    cksum: &str,
    yanked: bool,
    registries: &Registries<'_>,
) -> Result<String, ManifestError> {
    let dependencies = manifest.dependencies()?;
    let deps = dependencies
        .iter()
        .map(|dependency| EntryDependency {
            name: dependency.renamed.as_ref().unwrap_or(&dependency.package),
            req: &dependency.requirement,
            features: &dependency.features,
            optional: dependency.optional,
            default_features: dependency.default_features,
            target: dependency.target.as_deref(),
            kind: dependency.kind.word(),
            registry: registries.of(dependency),
            package: dependency
                .renamed
                .as_ref()
                .map(|_| dependency.package.as_str()),
        })
        .collect();
    let (newer, older): (BTreeMap<_, _>, BTreeMap<_, _>) = manifest
        .features
        .iter()
        .map(|(name, values)| (name.as_str(), values.as_slice()))
        .partition(|(_, values)| values.iter().any(|value| is_newer_syntax(value)));
    let has_newer = !newer.is_empty();
    let entry = Entry {
        name: &manifest.package.name,
        vers: &manifest.package.version,
        deps,
        cksum,
        features: older,
        features2: has_newer.then_some(newer),
        yanked,
        links: manifest.package.links.as_deref(),
        rust_version: manifest.package.rust_version.as_deref(),
        v: has_newer.then_some(2),
    };
    serde_json::to_string(&entry).map_err(|error| ManifestError::Shape {
        detail: error.to_string(),
    })
}

fn is_newer_syntax(value: &str) -> bool {
    value.starts_with("dep:") || value.contains("?/")
}
