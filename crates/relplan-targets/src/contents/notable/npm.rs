//! An npm tarball: the scripts that npm runs when somebody installs the package, and what is installed with it.
//!
//! Source: npm documentation "scripts", "package.json". `prepare` is not among them: npm runs it for the package's own
//! checkout and for dependencies from git, not for a tarball of a registry. A `binding.gyp` stands for
//! `install: node-gyp rebuild` unless `install` or `preinstall` says otherwise. Bundled packages bring scripts of
//! their own.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Listed, Noted, Unreadable, file, told};

/// The scripts that run on the machines of those who install.
const INSTALL: [&str; 3] = ["preinstall", "install", "postinstall"];

/// What is installed along with the package. `devDependencies` are not.
const SECTIONS: [&str; 3] = ["dependencies", "optionalDependencies", "peerDependencies"];

/// How many files that a script names are followed.
const NAMED: usize = 8;

/// Whether a path is a manifest: the package's own, or that of a bundled one.
pub(super) fn is_manifest(path: &str) -> bool {
    path == "package.json" || bundled(path).is_some()
}

/// The folder of the bundled package that a path is the manifest of.
fn bundled(path: &str) -> Option<&str> {
    let folder = path.strip_suffix("/package.json")?;
    let (before, name) = folder.rsplit_once("node_modules/")?;
    let is_whole = before.is_empty() || before.ends_with('/');
    let is_name = match name.strip_prefix('@') {
        Some(scoped) => scoped.split('/').count() == 2,
        None => !name.contains('/'),
    };
    (is_whole && is_name).then_some(folder)
}

pub(super) fn read(
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Result<(String, Noted), Unreadable> {
    let mut noted = Noted::default();
    let own = object(metadata, "package.json")?;
    scripts(&mut noted, &own, "", files);
    dependencies(&mut noted, &own);
    let paths = files.keys().map(String::as_str).collect();
    noted.missing = relplan_ecosystem::npm::missing_entries(&own, &paths);
    for path in metadata.keys() {
        let Some(folder) = bundled(path) else {
            continue;
        };
        // A test's broken manifest is nobody's concern; npm does not read it either.
        if let Ok(manifest) = object(metadata, path) {
            scripts(&mut noted, &manifest, &format!("{folder}/"), files);
        }
    }
    let version = own.get("version").and_then(Value::as_str);
    Ok((version.unwrap_or_default().to_owned(), noted))
}

fn object(
    metadata: &BTreeMap<String, Vec<u8>>,
    path: &str,
) -> Result<Map<String, Value>, Unreadable> {
    let bytes = super::text(metadata, path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes)
        .map_err(|error| (path.to_owned(), format!("is not a JSON object: {error}")))
}

fn scripts(
    noted: &mut Noted,
    manifest: &Map<String, Value>,
    folder: &str,
    files: &BTreeMap<String, Listed>,
) {
    let named = |script: &str| match folder.strip_suffix('/') {
        Some(folder) => format!("{script} of {folder}"),
        None => script.to_owned(),
    };
    let said = |name: &str| manifest.get("scripts")?.get(name)?.as_str();
    for name in INSTALL {
        if let Some(script) = said(name).filter(|script| !script.trim().is_empty()) {
            let value = with_files(script, folder, files);
            noted.scripts.insert(named(name), value);
        }
    }
    let gyp = format!("{folder}binding.gyp");
    let implied = said("install").is_none()
        && said("preinstall").is_none()
        && manifest.get("gypfile") != Some(&Value::Bool(false));
    if implied && let Some(listed) = files.get(&gyp) {
        let value = format!("node-gyp rebuild (binding.gyp: {})", file(Some(listed)));
        noted.scripts.insert(named("install"), value);
    }
}

/// A script with the digests of the package's own files that it names.
fn with_files(script: &str, folder: &str, files: &BTreeMap<String, Listed>) -> String {
    let words = script.split(|c: char| c.is_whitespace() || "\"'`;&|()<>=,".contains(c));
    let found = words.filter_map(|word| {
        let plain = word.trim_start_matches("./");
        ["", ".js", ".cjs", ".mjs", "/index.js"]
            .iter()
            .map(|end| format!("{plain}{end}"))
            .find_map(|path| Some((path.clone(), files.get(&format!("{folder}{path}"))?)))
    });
    let named: Vec<String> = found
        .filter(|(path, _)| !path.is_empty())
        .take(NAMED)
        .map(|(path, listed)| format!("{path}: {}", file(Some(listed))))
        .collect();
    if named.is_empty() {
        told(script)
    } else {
        format!("{} ({})", told(script), named.join("; "))
    }
}

fn dependencies(noted: &mut Noted, manifest: &Map<String, Value>) {
    let object = |name: &str| manifest.get(name).and_then(Value::as_object);
    for section in SECTIONS {
        for (name, asked) in object(section).into_iter().flatten() {
            // npm takes one that is in both for optional.
            let is_optional =
                object("optionalDependencies").is_some_and(|all| all.contains_key(name));
            if section == "dependencies" && is_optional {
                continue;
            }
            let mut asked = match asked {
                Value::String(text) => told(text),
                other => told(&other.to_string()),
            };
            let meta = object("peerDependenciesMeta").and_then(|all| all.get(name));
            let may_lack = meta.and_then(|meta| meta.get("optional")) == Some(&Value::Bool(true));
            if section == "peerDependencies" && may_lack {
                asked.push_str(", optional");
            }
            let key = (told(name), section.to_owned());
            noted.dependencies.insert(key, asked);
        }
    }
    let all = || {
        object("dependencies")
            .into_iter()
            .flat_map(Map::keys)
            .cloned()
    };
    let bundled: Vec<String> = ["bundleDependencies", "bundledDependencies"]
        .iter()
        .filter_map(|name| manifest.get(*name))
        .flat_map(|value| match value {
            Value::Bool(true) => all().collect(),
            Value::Array(names) => names
                .iter()
                .filter_map(|name| Some(name.as_str()?.to_owned()))
                .collect(),
            Value::Object(names) => names.keys().cloned().collect(),
            _ => Vec::new(),
        })
        .collect();
    for name in bundled {
        let key = (told(&name), "bundleDependencies".to_owned());
        noted
            .dependencies
            .insert(key, "inside the tarball".to_owned());
    }
}
