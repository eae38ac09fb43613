//! The area `cargo/`: a sparse index and a local registry in one.
//!
//! `cargo/index/` is the root of a sparse index (with `config.json`) and at once the `index/` of a local registry, whose
//! `.crate` files lie in `cargo/` itself. So the folder serves over HTTP and, by `local-registry`, without any server.
//! The index file of a crate is the truth about it: what it does not list is not published.

use std::io::Read;

use relplan_ecosystem::cargo::manifest::Manifest;
use relplan_model::{
    address::PackageName,
    digest::Algorithm,
    observation::{Facts, Query},
};
use serde_json::json;

use super::{
    area::{Listed, Put, verify},
    folder::{Folder, FolderError, Locked},
};
use crate::kind::cargo::{
    frame::Registries,
    index::{self, Line},
    observe,
};

/// The path of a crate's index file; `None`: no crate has such a name.
pub(super) fn path(name: &str) -> Option<String> {
    index::is_crate_name(name).then(|| format!("cargo/index/{}", index::path(name)))
}

/// What the index file says about what is asked.
///
/// # Errors
/// When it is damaged, or lists a file that is not there as it says.
pub(super) fn facts(
    folder: &Folder,
    query: &Query,
    path: &str,
    document: &[u8],
) -> Result<Facts, FolderError> {
    let lines = lines(path, document)?;
    let facts = observe::facts(query, &lines);
    let mut facts = facts.map_err(|error| impossible(error.to_string()))?;
    for version in facts.versions.values_mut() {
        for (file, about) in &mut version.files {
            let listed = Listed {
                path: &format!("cargo/{file}"),
                size: None,
                sha256: about.digests.get(Algorithm::Sha256),
            };
            about.size = Some(verify(folder, &listed, query.freshness)?);
        }
    }
    Ok(facts)
}

/// Puts a crate into the registry.
///
/// # Errors
/// When its version is there with other bytes, or a crate whose name counts as the same.
pub(super) fn publish(
    locked: &Locked<'_>,
    base_url: &str,
    siblings: &[PackageName],
    manifest: &Manifest,
    put: Put<'_, impl Read>,
) -> Result<(), FolderError> {
    let name = put.artifact.package.name.as_str();
    let path = path(name).ok_or_else(|| impossible(format!("{name} is not a crate's name")))?;
    for twin in [name.replace('-', "_"), name.replace('_', "-")] {
        if twin != name
            && let Some(twin_path) = self::path(&twin)
            && locked.folder().read(&twin_path)?.is_some()
        {
            return Err(impossible(format!(
                "{twin} is there, which Cargo takes for the same name"
            )));
        }
    }
    let document = locked.folder().read(&path)?.unwrap_or_default();
    let before = lines(&path, &document)?;
    let version = semver::Version::parse(put.artifact.version.as_str()).map_err(|error| {
        impossible(format!(
            "{} is not a version: {error}",
            put.artifact.version
        ))
    })?;
    let same = |line: &&Line<'_>| {
        semver::Version::parse(&line.vers).is_ok_and(|there| there.cmp_precedence(&version).is_eq())
    };
    if let Some(line) = before.iter().find(|line| line.name != name) {
        return Err(impossible(format!(
            "{} is there, which Cargo takes for the same name",
            line.name
        )));
    }
    let crate_path = format!("cargo/{name}-{version}.crate");
    let listed = match before.iter().find(same) {
        Some(line) if line.cksum == put.sha256 && line.vers == put.artifact.version.as_str() => {
            true
        }
        Some(_) => return Err(FolderError::OtherBytes { path: crate_path }),
        None => false,
    };
    locked.put(&crate_path, put.sha256, put.bytes)?;
    let config = json!({ "dl": format!("{base_url}cargo/{{crate}}-{{version}}.crate") });
    locked.replace("cargo/index/config.json", config.to_string().as_bytes())?;
    if listed {
        return Ok(());
    }
    let registries = Registries {
        own_index: &format!("sparse+{base_url}cargo/index/"),
        own_is_crates_io: false,
        crates_io: tame_index::CRATES_IO_INDEX,
        siblings,
    };
    let line = index::line(manifest, put.sha256, false, &registries)
        .map_err(|error| impossible(format!("{}: {error}", put.artifact.file)))?;
    let mut document = document;
    document.extend(line.as_bytes());
    document.push(b'\n');
    locked.replace(&path, &document)
}

/// Yanks a version; `false`: it is not there.
///
/// # Errors
/// When the index file is damaged or cannot be written.
pub(super) fn yank(locked: &Locked<'_>, name: &str, version: &str) -> Result<bool, FolderError> {
    let Some(path) = path(name) else {
        return Ok(false);
    };
    let Some(document) = locked.folder().read(&path)? else {
        return Ok(false);
    };
    lines(&path, &document)?;
    let mut found = false;
    let mut after = Vec::with_capacity(document.len() + 8);
    for text in document
        .split(|byte| *byte == b'\n')
        .filter(|text| !text.trim_ascii().is_empty())
    {
        // Only the one member of the one line is written anew; the others stay as they are.
        let mut line: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(text).map_err(|error| damaged(&path, &error))?;
        let is =
            |member: &str, value: &str| line.get(member).and_then(|it| it.as_str()) == Some(value);
        if is("name", name) && is("vers", version) {
            found = true;
            line.insert("yanked".to_owned(), true.into());
            after.extend(serde_json::Value::Object(line).to_string().into_bytes());
        } else {
            after.extend(text);
        }
        after.push(b'\n');
    }
    if found {
        locked.replace(&path, &after)?;
    }
    Ok(found)
}

fn lines<'a>(path: &str, document: &'a [u8]) -> Result<Vec<Line<'a>>, FolderError> {
    index::lines(document).map_err(|(at, error)| FolderError::Damaged {
        path: path.to_owned(),
        detail: format!("line {at}: {error}"),
    })
}

fn damaged(path: &str, error: &dyn std::error::Error) -> FolderError {
    FolderError::Damaged {
        path: path.to_owned(),
        detail: error.to_string(),
    }
}

fn impossible(why: String) -> FolderError {
    FolderError::Impossible { why }
}
