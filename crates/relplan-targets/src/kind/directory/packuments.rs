//! The areas `npm/` and `npm-tarballs/`: a packument per package, and the tarballs that they point to.
//!
//! The packument of `@acme/widget` is the plain file `npm/@acme/widget`, so that any static web server finds it for the
//! `GET /npm/@acme%2fwidget` of npm: servers decode the `%2f`. Tarballs have a folder of their own per package, since
//! `@acme/widget` and `acme-widget` pack into files of the same name.
//! The packument is the truth about a package: what it does not list is not published.
//!
//! `latest` names the highest release that was published without a dist-tag of its own, or the first version of all.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_ecosystem::{
    Ecosystem,
    npm::{self, Range},
};
use relplan_model::{
    address::{FileName, PointerName, Version},
    digest::{Algorithm, Digests, hex},
    observation::{Facts, FileFacts, Query, VersionFacts},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    area::{Listed, Put, verify},
    folder::{Folder, FolderError, Locked},
};

/// The dist-tag that npm takes when none is named.
const LATEST: &str = "latest";

/// A packument as this area writes it.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Packument {
    #[serde(rename = "_id")]
    id: String,
    name: String,
    #[serde(rename = "dist-tags")]
    dist_tags: BTreeMap<String, String>,
    versions: BTreeMap<String, Map<String, Value>>,
}

/// What is read of one version's `dist`.
#[derive(Debug, Deserialize)]
struct Dist {
    integrity: String,
    shasum: Option<String>,
    tarball: String,
    size: Option<u64>,
    sha256: Option<String>,
}

/// The path of a packument; `None`: no npm package has such a name.
pub(super) fn path(name: &str) -> Option<String> {
    is_npm_name(name).then(|| format!("npm/{name}"))
}

/// Whether a text may be a name, by npm's rules for new packages, which keep it a safe path as well.
fn is_npm_name(name: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '_', '-'])
            && part.bytes().all(|byte| {
                byte.is_ascii_lowercase()
                    || byte.is_ascii_digit()
                    || matches!(byte, b'-' | b'_' | b'.' | b'~')
            })
    };
    match name.strip_prefix('@') {
        Some(scoped) => scoped
            .split_once('/')
            .is_some_and(|(scope, name)| is_part(scope) && is_part(name)),
        None => is_part(name),
    }
}

/// Whether a text may be a dist-tag: a name, and no range, which npm would take it for.
pub(super) fn is_tag(text: &str) -> bool {
    PointerName::new(text).is_ok() && npm::is_tag(text)
}

/// What the packument says about what is asked.
///
/// # Errors
/// When it is damaged, or lists a file that is not there as it says.
pub(super) fn facts(
    folder: &Folder,
    query: &Query,
    path: &str,
    document: &[u8],
) -> Result<Facts, FolderError> {
    let packument = read(path, document)?;
    let mut facts = Facts::default();
    for (tag, version) in &packument.dist_tags {
        let pair = PointerName::new(tag.as_str())
            .ok()
            .zip(Version::new(version.as_str()).ok());
        facts.pointers.extend(pair);
    }
    facts.current = packument
        .dist_tags
        .get(LATEST)
        .and_then(|version| Version::new(version.as_str()).ok());
    let mut wanted: BTreeSet<Version> = query.versions.iter().cloned().collect();
    for range in &query.ranges {
        let matches = matching(&packument, range);
        wanted.extend(matches.iter().cloned());
        facts.ranges.insert(range.clone(), matches);
    }
    for version in wanted {
        if let Some((there, manifest)) = packument.in_place_of(version.as_str())
            && let Ok(version) = Version::new(there)
        {
            let about = version_facts(folder, query, path, &packument.name, manifest)?;
            facts.versions.insert(version, about);
        }
    }
    let named = query
        .versions
        .iter()
        .chain(&facts.current)
        .chain(facts.pointers.values());
    (facts.order, facts.prerelease) = Ecosystem::Npm.order(named);
    Ok(facts)
}

fn version_facts(
    folder: &Folder,
    query: &Query,
    path: &str,
    name: &str,
    manifest: &Map<String, Value>,
) -> Result<VersionFacts, FolderError> {
    let dist = dist(path, manifest)?;
    let file = dist.tarball.rsplit('/').next().unwrap_or_default();
    let file = FileName::new(file).map_err(|error| damaged(path, error.to_string()))?;
    let listed = Listed {
        path: &format!("npm-tarballs/{name}/{file}"),
        size: dist.size,
        sha256: dist.sha256.as_deref(),
    };
    let size = verify(folder, &listed, query.freshness)?;
    let mut digests = Digests::default();
    if let Some(sha512) = sha512(&dist.integrity) {
        digests = digests.with(Algorithm::Sha512, sha512);
    }
    if let Some(sha1) = dist.shasum {
        digests = digests.with(Algorithm::Sha1, sha1);
    }
    if let Some(sha256) = dist.sha256 {
        digests = digests.with(Algorithm::Sha256, sha256);
    }
    let deprecated = manifest.get("deprecated").and_then(Value::as_str);
    Ok(VersionFacts {
        files: BTreeMap::from([(
            file,
            FileFacts {
                digests,
                size: Some(size),
            },
        )]),
        yanked: false,
        deprecated: deprecated
            .filter(|message| !message.is_empty())
            .map(str::to_owned),
    })
}

fn matching(packument: &Packument, range: &str) -> Vec<Version> {
    let Some(range) = Range::with_prereleases(range) else {
        return Vec::new();
    };
    let is_in = |text: &&String| {
        let version = semver::Version::parse(text);
        version.is_ok_and(|version| range.admits(&version))
    };
    let matches: Vec<Version> = packument
        .versions
        .keys()
        .filter(is_in)
        .filter_map(|text| Version::new(text.as_str()).ok())
        .collect();
    Ecosystem::Npm.order(matches.iter()).0
}

/// Puts a tarball into the registry. `manifest` is the `package.json` inside it.
///
/// # Errors
/// When its version is there with other bytes.
pub(super) fn publish(
    locked: &Locked<'_>,
    base_url: &str,
    tag: Option<&str>,
    manifest: Map<String, Value>,
    digests: &Digests,
    put: Put<'_, impl Read>,
) -> Result<(), FolderError> {
    let (name, version) = (
        put.artifact.package.name.as_str(),
        put.artifact.version.as_str(),
    );
    let path = path(name).ok_or_else(|| FolderError::Impossible {
        why: format!("{name} is not a name that npm takes"),
    })?;
    let mut packument = match locked.folder().read(&path)? {
        Some(document) => read(&path, &document)?,
        None => Packument {
            id: name.to_owned(),
            name: name.to_owned(),
            ..Packument::default()
        },
    };
    let tarball = format!("npm-tarballs/{name}/{}", put.artifact.file);
    if let Some((there, manifest)) = packument.in_place_of(version)
        && (there != version || dist(&path, manifest)?.sha256.as_deref() != Some(put.sha256))
    {
        return Err(FolderError::OtherBytes { path: tarball });
    }
    let size = put.artifact.size;
    locked.put(&tarball, put.sha256, put.bytes)?;
    if !packument.versions.contains_key(version) {
        let dist = json!({
            "integrity": integrity(digests),
            "shasum": digests.get(Algorithm::Sha1),
            "sha256": put.sha256,
            "size": size,
            "tarball": "",
            "file": put.artifact.file.as_str(),
        });
        packument.point(version, tag);
        packument
            .versions
            .insert(version.to_owned(), listed(name, version, manifest, dist));
    }
    packument.place(base_url);
    write(locked, &path, &packument)
}

/// Moves a dist-tag, or removes it; `false`: there is no such package or version.
///
/// # Errors
/// When the packument is damaged or cannot be written.
pub(super) fn point(
    locked: &Locked<'_>,
    name: &str,
    tag: &str,
    to: Option<&str>,
) -> Result<bool, FolderError> {
    change(locked, name, |packument| match to {
        Some(version) if packument.versions.contains_key(version) => {
            packument
                .dist_tags
                .insert(tag.to_owned(), version.to_owned());
            true
        }
        Some(_) => false,
        None => {
            packument.dist_tags.remove(tag);
            true
        }
    })
}

/// Sets the deprecation message of versions; `false`: one of them is not there.
///
/// # Errors
/// When the packument is damaged or cannot be written.
pub(super) fn deprecate(
    locked: &Locked<'_>,
    name: &str,
    versions: &[Version],
    message: &str,
) -> Result<bool, FolderError> {
    change(locked, name, |packument| {
        versions.iter().all(|version| {
            let manifest = packument.versions.get_mut(version.as_str());
            let told =
                manifest.map(|manifest| manifest.insert("deprecated".to_owned(), message.into()));
            told.is_some()
        })
    })
}

fn change(
    locked: &Locked<'_>,
    name: &str,
    change: impl FnOnce(&mut Packument) -> bool,
) -> Result<bool, FolderError> {
    let Some(path) = path(name) else {
        return Ok(false);
    };
    let Some(document) = locked.folder().read(&path)? else {
        return Ok(false);
    };
    let mut packument = read(&path, &document)?;
    let changed = change(&mut packument);
    if changed {
        write(locked, &path, &packument)?;
    }
    Ok(changed)
}

impl Packument {
    /// A version, or the one that npm would take it for.
    fn in_place_of(&self, version: &str) -> Option<(&str, &Map<String, Value>)> {
        let taken = |there: &&String| Ecosystem::Npm.one_slot(there, version);
        let found = self.versions.get_key_value(version);
        let mut others = self.versions.iter();
        found
            .or_else(|| others.find(|(there, _)| taken(there)))
            .map(|(there, manifest)| (there.as_str(), manifest))
    }

    /// Sets the dist-tags that a new version gets.
    fn point(&mut self, version: &str, tag: Option<&str>) {
        if let Some(tag) = tag {
            self.dist_tags.insert(tag.to_owned(), version.to_owned());
        }
        let rank = |text: &str| {
            let version = semver::Version::parse(text).ok()?;
            Some((version.pre.is_empty(), version))
        };
        let moves = match self.dist_tags.get(LATEST) {
            None => true,
            Some(_) if tag.is_some() => false,
            Some(latest) => {
                rank(version).is_some_and(|(release, _)| release) && rank(version) > rank(latest)
            }
        };
        if moves {
            self.dist_tags.insert(LATEST.to_owned(), version.to_owned());
        }
    }

    /// Writes each tarball's URL: npm takes absolute ones only, and the base may have changed.
    fn place(&mut self, base_url: &str) {
        let name = self.name.clone();
        for manifest in self.versions.values_mut() {
            let Some(Value::Object(dist)) = manifest.get_mut("dist") else {
                continue;
            };
            if let Some(file) = dist.get("file").and_then(Value::as_str) {
                let url = format!("{base_url}npm-tarballs/{name}/{file}");
                dist.insert("tarball".to_owned(), url.into());
            }
        }
    }
}

/// A version's manifest as registries show it: what is in its `package.json`, with what npm's own publish adds.
fn listed(
    name: &str,
    version: &str,
    mut manifest: Map<String, Value>,
    dist: Value,
) -> Map<String, Value> {
    if let Some(Value::String(script)) = manifest.get("bin") {
        let command = name.rsplit('/').next().unwrap_or(name);
        let bin = json!({ command: script });
        manifest.insert("bin".to_owned(), bin);
    }
    let scripts = manifest.get("scripts").and_then(Value::as_object);
    let installs = scripts.is_some_and(|scripts| {
        ["preinstall", "install", "postinstall"]
            .iter()
            .any(|script| scripts.contains_key(*script))
    });
    if installs {
        manifest.insert("hasInstallScript".to_owned(), true.into());
    }
    manifest.insert("_id".to_owned(), format!("{name}@{version}").into());
    manifest.insert("dist".to_owned(), dist);
    manifest
}

fn dist(path: &str, manifest: &Map<String, Value>) -> Result<Dist, FolderError> {
    let dist = manifest.get("dist").cloned().unwrap_or_default();
    serde_json::from_value(dist).map_err(|error| damaged(path, error.to_string()))
}

fn read(path: &str, document: &[u8]) -> Result<Packument, FolderError> {
    serde_json::from_slice(document).map_err(|error| damaged(path, error.to_string()))
}

fn write(locked: &Locked<'_>, path: &str, packument: &Packument) -> Result<(), FolderError> {
    let document =
        serde_json::to_vec(packument).map_err(|error| damaged(path, error.to_string()))?;
    locked.replace(path, &document)
}

fn damaged(path: &str, detail: String) -> FolderError {
    FolderError::Damaged {
        path: path.to_owned(),
        detail,
    }
}

/// The `integrity` of npm: the digest's bytes in base64 (the W3C's "Subresource Integrity").
fn integrity(digests: &Digests) -> Option<String> {
    let bytes = relplan_model::digest::unhex(digests.get(Algorithm::Sha512)?)?;
    Some(format!("sha512-{}", BASE64_STANDARD.encode(bytes)))
}

fn sha512(integrity: &str) -> Option<String> {
    let bytes = BASE64_STANDARD
        .decode(integrity.strip_prefix("sha512-")?)
        .ok()?;
    (bytes.len() == 64).then(|| hex(&bytes))
}
