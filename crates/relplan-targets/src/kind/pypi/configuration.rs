//! The Python clients' own configuration files: `.pypirc`, `pip.conf`, `uv.toml` and `.netrc`, the user's and the
//! machine's only.
//!
//! Invariant: no file of the project is read here (law L14), and no error repeats a line of a file: it may hold a
//! password (law L11).

mod ini;
mod netrc;

use std::path::{Path, PathBuf};

use relplan_model::finding::{Finding, Severity};
use relplan_system::tree::{self, ReadError};

pub(super) use self::{
    ini::Ini,
    netrc::{Entry, Netrc},
};
use super::endpoint::CODE;
use crate::surroundings::Surroundings;

/// The largest configuration file that is read, in bytes.
const LIMIT: u64 = 1 << 20;

/// A file's path as people and plans are shown it: the home folder as `~`, so that it says the same on any machine.
pub(super) fn shown(path: &Path, surroundings: &Surroundings) -> String {
    match surroundings
        .home()
        .and_then(|home| path.strip_prefix(home).ok())
    {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

/// Reads a file that need not be there.
///
/// One that lies in the tree is refused, whatever variable or home folder leads to it: passing over it, files would go
/// elsewhere than its writer meant.
fn text(path: &Path, surroundings: &Surroundings) -> Result<Option<String>, Finding> {
    let unreadable = |why: &dyn std::fmt::Display| {
        Finding::new(
            CODE,
            Severity::Error,
            None,
            format!("{} cannot be read: {why}", shown(path, surroundings)),
        )
    };
    if surroundings.is_in_tree(path) && path.exists() {
        return Err(
            unreadable(&"it lies in the project, where a pull request can change it")
                .hint("put it into your home folder, or anywhere outside of the project"),
        );
    }
    let bytes = match tree::read_named(path, LIMIT) {
        Ok(bytes) => bytes,
        // A device stands for an empty file in these clients.
        Err(ReadError::Missing { .. } | ReadError::NotAFile { .. }) => return Ok(None),
        Err(ReadError::TooLarge { .. }) => return Err(unreadable(&"it is too large")),
        Err(error) => return Err(unreadable(&crate::http::reason(&error))),
    };
    String::from_utf8(bytes)
        .map(Some)
        .map_err(|_| unreadable(&"it is not UTF-8"))
}

fn ini(path: &Path, surroundings: &Surroundings) -> Result<Option<Ini>, Finding> {
    let Some(text) = text(path, surroundings)? else {
        return Ok(None);
    };
    Ini::read(&text).map(Some).map_err(|error| {
        let place = shown(path, surroundings);
        Finding::new(CODE, Severity::Error, None, format!("{place}: {error}"))
    })
}

/// Reads `~/.pypirc`; without one it is as if empty.
///
/// # Errors
/// A finding when it is there and cannot be understood.
pub(super) fn pypirc(surroundings: &Surroundings) -> Result<Ini, Finding> {
    match surroundings.home() {
        Some(home) => Ok(ini(&home.join(".pypirc"), surroundings)?.unwrap_or_default()),
        None => Ok(Ini::default()),
    }
}

/// The `index-url` of pip's configuration with where it stands, as `pip install` would take it: the section `install`
/// before `global`, and of several files the later one (pip documentation, "Configuration", location and precedence).
///
/// # Errors
/// A finding when a file is there and cannot be understood.
pub(super) fn pip_index(surroundings: &Surroundings) -> Result<Option<(String, String)>, Finding> {
    let mut found = [None, None];
    for path in pip_files(surroundings) {
        let Some(ini) = ini(&path, surroundings)? else {
            continue;
        };
        for (section, slot) in ["install", "global"].into_iter().zip(&mut found) {
            // pip takes either spelling of an option's name.
            let value = ini
                .get(section, "index-url")
                .or_else(|| ini.get(section, "index_url"));
            if let Some(url) = value.filter(|url| !url.is_empty()) {
                *slot = Some((url.to_owned(), shown(&path, surroundings)));
            }
        }
    }
    Ok(found.into_iter().flatten().next())
}

/// pip's configuration files, the ones that count least first.
fn pip_files(surroundings: &Surroundings) -> Vec<PathBuf> {
    let named = surroundings.var("PIP_CONFIG_FILE").map(PathBuf::from);
    if named.as_deref() == Some(Path::new("/dev/null")) {
        return Vec::new();
    }
    let mut files = Vec::new();
    if cfg!(unix) {
        let machine = surroundings.var("XDG_CONFIG_DIRS").unwrap_or("/etc/xdg");
        files.extend(
            machine
                .split(':')
                .filter(|dir| !dir.is_empty())
                .map(|dir| Path::new(dir).join("pip/pip.conf")),
        );
        files.push(PathBuf::from("/etc/pip.conf"));
    }
    if let Some(home) = surroundings.home() {
        files.push(home.join(".pip/pip.conf"));
        files.push(home.join("Library/Application Support/pip/pip.conf"));
    }
    files.extend(user_configuration(surroundings).map(|dir| dir.join("pip/pip.conf")));
    files.extend(
        surroundings
            .var("APPDATA")
            .map(|dir| Path::new(dir).join("pip/pip.ini")),
    );
    files.extend(named);
    files
}

/// What `uv.toml` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Uv {
    /// The default index.
    pub(super) index: Option<String>,
    /// Where `uv publish` uploads to.
    pub(super) publish: Option<String>,
    /// The file.
    pub(super) file: String,
}

/// Reads the user's `uv.toml` (uv documentation, "Configuration files").
///
/// # Errors
/// A finding when it is there and cannot be understood.
pub(super) fn uv(surroundings: &Surroundings) -> Result<Uv, Finding> {
    let Some(path) = user_configuration(surroundings).map(|dir| dir.join("uv/uv.toml")) else {
        return Ok(Uv::default());
    };
    let Some(text) = text(&path, surroundings)? else {
        return Ok(Uv::default());
    };
    let file = shown(&path, surroundings);
    let Ok(document) = text.parse::<toml_edit::DocumentMut>() else {
        return Err(Finding::new(
            CODE,
            Severity::Error,
            None,
            format!("{file} is not TOML"),
        ));
    };
    let string = |name: &str| document.get(name)?.as_str().map(str::to_owned);
    let default = document
        .get("index")
        .and_then(toml_edit::Item::as_array_of_tables)
        .into_iter()
        .flatten()
        .find(|index| index.get("default").and_then(toml_edit::Item::as_bool) == Some(true))
        .and_then(|index| index.get("url")?.as_str())
        .map(str::to_owned);
    Ok(Uv {
        index: default.or_else(|| string("index-url")),
        publish: string("publish-url"),
        file,
    })
}

/// Reads `.netrc`; without one it is as if empty.
///
/// # Errors
/// A finding when it is there and cannot be read.
pub(super) fn netrc(surroundings: &Surroundings) -> Result<Netrc, Finding> {
    let named = surroundings.var("NETRC").map(PathBuf::from);
    let path = named.or_else(|| Some(surroundings.home()?.join(".netrc")));
    let text = match path {
        Some(path) => text(&path, surroundings)?,
        None => None,
    };
    Ok(text.map(|text| Netrc::read(&text)).unwrap_or_default())
}

fn user_configuration(surroundings: &Surroundings) -> Option<PathBuf> {
    match surroundings.var("XDG_CONFIG_HOME") {
        Some(dir) => Some(PathBuf::from(dir)),
        None => Some(surroundings.home()?.join(".config")),
    }
}
