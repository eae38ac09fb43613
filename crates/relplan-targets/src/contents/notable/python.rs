//! Wheels and sdists: what `Requires-Dist` asks for, and the code that runs when an sdist is built or Python starts.
//!
//! Source: the core metadata specifications; PEP 517 (`build-backend`, `backend-path`); Python's `site` module, which
//! runs the `import` lines of every `.pth` file at each start. A wheel runs nothing when it is installed.

use std::collections::BTreeMap;

use relplan_ecosystem::python::{filename, metadata::Metadata};
use serde::Deserialize;

use super::{Listed, Noted, Unreadable, file, told};

pub(super) const PKG_INFO: &str = "PKG-INFO";
pub(super) const PYPROJECT: &str = "pyproject.toml";
const SETUP: &str = "setup.py";

pub(super) fn is_wheel_metadata(path: &str) -> bool {
    matches!(path.split_once('/'), Some((folder, "METADATA")) if folder.ends_with(".dist-info"))
}

pub(super) fn read_wheel(
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Result<(String, Noted), Unreadable> {
    let mut found = metadata.keys().filter(|path| is_wheel_metadata(path));
    let (Some(path), None) = (found.next(), found.next()) else {
        let why = "must be there once".to_owned();
        return Err(("METADATA".to_owned(), why));
    };
    let mut noted = Noted::default();
    for asked in core(metadata, path)?.all("requires-dist") {
        require(&mut noted, asked, "Requires-Dist");
    }
    // Installers put the files at the top, and those below `purelib` and `platlib`, into `site-packages` itself.
    for (path, listed) in files {
        let place = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_top = place.is_empty()
            || place.ends_with(".data/purelib")
            || place.ends_with(".data/platlib");
        if path.ends_with(".pth") && is_top {
            let what = format!("read at each start of Python, {}", file(Some(listed)));
            noted.scripts.insert(told(path), what);
        }
    }
    let folder = path.split_once('/').map_or("", |(folder, _)| folder);
    let version = folder
        .strip_suffix(".dist-info")
        .and_then(|stem| stem.rsplit_once('-'))
        .map_or("", |(_, version)| version);
    Ok((version.to_owned(), noted))
}

pub(super) fn read_sdist(
    files: &BTreeMap<String, Listed>,
    metadata: &BTreeMap<String, Vec<u8>>,
) -> Result<(String, Noted), Unreadable> {
    let about = core(metadata, PKG_INFO)?;
    let project = match metadata.get(PYPROJECT) {
        Some(bytes) => pyproject(bytes)?,
        None => PyProject::default(),
    };
    let mut noted = Noted::default();
    let mut told_any = false;
    for asked in about.all("requires-dist") {
        told_any = true;
        require(&mut noted, asked, "Requires-Dist");
    }
    // Old build backends leave them out of an sdist's metadata.
    if !told_any {
        for asked in &project.project.dependencies {
            require(&mut noted, asked, "Requires-Dist");
        }
    }
    for asked in &project.build_system.requires {
        require(&mut noted, asked, "build-system.requires");
    }
    let backend = &project.build_system;
    if let Some(places) = &backend.backend_path {
        let name = backend.build_backend.as_deref().unwrap_or("none");
        let module = name.split([':', '.']).next().unwrap_or_default();
        let code = places.iter().find_map(|place| {
            let place = place.trim_start_matches("./").trim_end_matches('/');
            let folder = match place {
                "." | "" => String::new(),
                place => format!("{place}/"),
            };
            [
                format!("{folder}{module}.py"),
                format!("{folder}{module}/__init__.py"),
            ]
            .iter()
            .find_map(|path| Some(format!("{path}: {}", file(Some(files.get(path)?)))))
        });
        let code = code.unwrap_or_else(|| "its code is not where it should be".to_owned());
        let what = format!("{} from {} ({code})", told(name), told(&places.join(", ")));
        noted.scripts.insert("build-backend".to_owned(), what);
    }
    if let Some(listed) = files.get(SETUP) {
        noted.scripts.insert(SETUP.to_owned(), file(Some(listed)));
    }
    Ok((about.version().to_owned(), noted))
}

fn core(metadata: &BTreeMap<String, Vec<u8>>, path: &str) -> Result<Metadata, Unreadable> {
    Metadata::read(super::text(metadata, path)?)
        .map_err(|error| (path.to_owned(), format!("is no core metadata: {error}")))
}

/// What is read of a `pyproject.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PyProject {
    #[serde(default)]
    build_system: BuildSystem,
    #[serde(default)]
    project: Project,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct BuildSystem {
    #[serde(default)]
    requires: Vec<String>,
    build_backend: Option<String>,
    backend_path: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
struct Project {
    #[serde(default)]
    dependencies: Vec<String>,
}

fn pyproject(bytes: &[u8]) -> Result<PyProject, Unreadable> {
    let unreadable = |why: String| (PYPROJECT.to_owned(), format!("is not read: {why}"));
    let text = std::str::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    toml_edit::de::from_str(text).map_err(|error| unreadable(error.message().to_owned()))
}

/// Notes one requirement (PEP 508): its name as indexes compare it, and all that follows the name.
fn require(noted: &mut Noted, asked: &str, section: &str) {
    let asked = asked.trim();
    let end = asked
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(asked.len());
    let (name, rest) = asked.split_at_checked(end).unwrap_or((asked, ""));
    let rest = rest.trim();
    let section = match extra(rest) {
        Some(extra) => format!("{section}, extra {}", told(extra)),
        None => section.to_owned(),
    };
    let rest = if rest.is_empty() { "any version" } else { rest };
    // One name may be asked for once per platform.
    noted
        .dependencies
        .entry((filename::normalized(name), section))
        .and_modify(|all| *all = told(&format!("{all} and {rest}")))
        .or_insert_with(|| told(rest));
}

/// The extra that a marker limits a requirement to.
fn extra(rest: &str) -> Option<&str> {
    let (_, marker) = rest.split_once(';')?;
    let (_, after) = marker.split_once("extra")?;
    let quoted = after.trim_start().strip_prefix("==")?.trim_start();
    let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    quoted.split(quote).nth(1)
}
