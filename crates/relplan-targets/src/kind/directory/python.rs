//! The area `python/`: simple pages by PEP 503 and PEP 691, and the files that they link to.
//!
//! A project has `python/simple/<name>/index.html` and, with the same contents, `index.json`; its files lie in
//! `python/files/<name>/`. Links are relative, so pip reads the folder over HTTP and as `file://` alike.
//! `index.json` is the truth about a project and is written last: what it lists is on every page.

use std::{collections::BTreeMap, io::Read};

use relplan_ecosystem::{Ecosystem, python::filename, same_file};
use relplan_model::{
    address::{FileName, Version},
    digest::{Algorithm, Digests},
    observation::{Facts, FileFacts, Query, VersionFacts},
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    area::{Listed, Put, verify},
    folder::{Folder, FolderError, Locked},
};

/// The version of the simple API that the pages follow.
const API: &str = "1.1";

/// A project's page, by PEP 691 with the members that PEP 700 adds.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    meta: Meta,
    name: String,
    versions: Vec<String>,
    files: Vec<PageFile>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Meta {
    api_version: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct PageFile {
    filename: String,
    url: String,
    hashes: BTreeMap<String, String>,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requires_python: Option<String>,
    /// PEP 592: `false`, or the reason.
    yanked: Yanked,
    /// Which version the file is of. Members with an underscore are left to us by PEP 691.
    #[serde(rename = "_version")]
    version: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Yanked {
    Flag(bool),
    Reason(String),
}

impl Yanked {
    fn is_yanked(&self) -> bool {
        match self {
            Self::Flag(flag) => *flag,
            Self::Reason(_) => true,
        }
    }
}

/// The path of a project's `index.json`; `None`: no project has such a name.
pub(super) fn path(name: &str) -> Option<String> {
    let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_name = ends_well(name.chars().next())
        && ends_well(name.chars().last())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    is_name.then(|| format!("python/simple/{}/index.json", filename::normalized(name)))
}

/// What the page says about what is asked. Versions are compared by PEP 440: `1.0` is `1.0.0`.
///
/// # Errors
/// When it is damaged, or lists a file that is not there as it says.
pub(super) fn facts(
    folder: &Folder,
    query: &Query,
    path: &str,
    document: &[u8],
) -> Result<Facts, FolderError> {
    let page = read(path, document)?;
    let mut facts = Facts {
        current: current(&page),
        ..Facts::default()
    };
    for version in &query.versions {
        let files: Vec<&PageFile> = page
            .files
            .iter()
            .filter(|file| is_of(file, version))
            .collect();
        if files.is_empty() {
            continue;
        }
        let mut about = VersionFacts {
            yanked: files.iter().all(|file| file.yanked.is_yanked()),
            ..VersionFacts::default()
        };
        for file in files {
            let name = FileName::new(file.filename.as_str());
            let name = name.map_err(|error| damaged(path, error.to_string()))?;
            let sha256 = file.hashes.get("sha256").map(String::as_str);
            let listed = Listed {
                path: &format!("python/files/{}/{name}", page.name),
                size: Some(file.size),
                sha256,
            };
            let size = verify(folder, &listed, query.freshness)?;
            let digests = sha256.map(|sha256| Digests::default().with(Algorithm::Sha256, sha256));
            let file_facts = FileFacts {
                digests: digests.unwrap_or_default(),
                size: Some(size),
            };
            about.files.insert(name, file_facts);
        }
        facts.versions.insert(version.clone(), about);
    }
    (facts.order, facts.prerelease) =
        Ecosystem::Python.order(query.versions.iter().chain(&facts.current));
    Ok(facts)
}

fn is_of(file: &PageFile, version: &Version) -> bool {
    Ecosystem::Python.same_version(&file.version, version.as_str())
}

/// The version that pip takes when none is named: the highest release that is not yanked, else the highest prerelease.
fn current(page: &Page) -> Option<Version> {
    let (_, text) = page
        .files
        .iter()
        .filter(|file| !file.yanked.is_yanked())
        .filter_map(|file| {
            let read = Ecosystem::Python.read_version(&file.version)?;
            Some(((!read.is_prerelease(), read), &file.version))
        })
        .max_by(|(one, _), (other, _)| one.cmp(other))?;
    Version::new(text.as_str()).ok()
}

/// Puts a wheel or sdist into the registry.
///
/// # Errors
/// When a file of its name, however that is spelled, is there with other bytes.
pub(super) fn publish(
    locked: &Locked<'_>,
    requires_python: Option<String>,
    put: Put<'_, impl Read>,
) -> Result<(), FolderError> {
    let name = put.artifact.package.name.as_str();
    let path = path(name).ok_or_else(|| FolderError::Impossible {
        why: format!("{name} is not a name that a Python project may have"),
    })?;
    let name = filename::normalized(name);
    let mut page = match locked.folder().read(&path)? {
        Some(document) => read(&path, &document)?,
        None => Page {
            meta: Meta {
                api_version: API.to_owned(),
            },
            name: name.clone(),
            versions: Vec::new(),
            files: Vec::new(),
        },
    };
    let file = put.artifact.file.as_str();
    let mut files = page.files.iter();
    let there = files.find(|there| same_file(&put.artifact.package, &there.filename, file));
    let is_there = there.is_some();
    if let Some(there) = there
        && there.hashes.get("sha256").map(String::as_str) != Some(put.sha256)
    {
        let path = format!("python/files/{name}/{}", there.filename);
        return Err(FolderError::OtherBytes { path });
    }
    locked.put(
        &format!("python/files/{name}/{file}"),
        put.sha256,
        put.bytes,
    )?;
    if !is_there {
        page.files.push(PageFile {
            filename: file.to_owned(),
            url: format!("../../files/{name}/{}", encoded(file)),
            hashes: BTreeMap::from([("sha256".to_owned(), put.sha256.to_owned())]),
            size: put.artifact.size,
            requires_python,
            yanked: Yanked::Flag(false),
            version: put.artifact.version.to_string(),
        });
    }
    write(locked, &path, page)
}

/// Yanks all files of a version; `false`: it is not there.
///
/// # Errors
/// When the page is damaged or cannot be written.
pub(super) fn yank(
    locked: &Locked<'_>,
    name: &str,
    version: &Version,
    reason: &str,
) -> Result<bool, FolderError> {
    let Some(path) = path(name) else {
        return Ok(false);
    };
    let Some(document) = locked.folder().read(&path)? else {
        return Ok(false);
    };
    let mut page = read(&path, &document)?;
    let mut found = false;
    for file in page.files.iter_mut().filter(|file| is_of(file, version)) {
        file.yanked = match reason {
            "" => Yanked::Flag(true),
            reason => Yanked::Reason(reason.to_owned()),
        };
        found = true;
    }
    if found {
        write(locked, &path, page)?;
    }
    Ok(found)
}

/// Writes every page that shows the project, the truth last.
fn write(locked: &Locked<'_>, path: &str, mut page: Page) -> Result<(), FolderError> {
    page.files
        .sort_by(|one, other| one.filename.cmp(&other.filename));
    page.versions = page.files.iter().map(|file| file.version.clone()).collect();
    page.versions.sort();
    page.versions.dedup();
    locked.replace(
        &format!("python/simple/{}/index.html", page.name),
        html(&page).as_bytes(),
    )?;
    let projects = locked.folder().folders("python/simple")?;
    let root: String = projects
        .iter()
        .map(|name| format!("    <a href=\"{name}/\">{name}</a><br>\n"))
        .collect();
    locked.replace(
        "python/simple/index.html",
        document("Projects", &root).as_bytes(),
    )?;
    let listed: Vec<_> = projects
        .iter()
        .map(|name| json!({ "name": name }))
        .collect();
    let root = json!({ "meta": { "api-version": API }, "projects": listed });
    locked.replace("python/simple/index.json", root.to_string().as_bytes())?;
    let truth = serde_json::to_vec(&page).map_err(|error| damaged(path, error.to_string()))?;
    locked.replace(path, &truth)
}

fn html(page: &Page) -> String {
    let mut links = String::new();
    for file in &page.files {
        let fragment = match file.hashes.get("sha256") {
            Some(sha256) => format!("#sha256={sha256}"),
            None => String::new(),
        };
        let requires = file
            .requires_python
            .as_ref()
            .map(|requires| format!(" data-requires-python=\"{}\"", escaped(requires)));
        let yanked = match &file.yanked {
            Yanked::Flag(false) => String::new(),
            Yanked::Flag(true) => " data-yanked=\"\"".to_owned(),
            Yanked::Reason(reason) => format!(" data-yanked=\"{}\"", escaped(reason)),
        };
        links += &format!(
            "    <a href=\"{}{fragment}\"{}{yanked}>{}</a><br>\n",
            escaped(&file.url),
            requires.unwrap_or_default(),
            escaped(&file.filename),
        );
    }
    document(&format!("Links for {}", page.name), &links)
}

fn document(title: &str, body: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=\"utf-8\">\n    \
         <meta name=\"pypi:repository-version\" content=\"{API}\">\n    <title>{title}</title>\n  </head>\n  <body>\n    \
         <h1>{title}</h1>\n{body}  </body>\n</html>\n"
    )
}

/// Text as HTML wants it, in attributes too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// A file name as a URL wants it: a local version's `+` would be read as a space by some servers.
fn encoded(file: &str) -> String {
    percent_encoding::utf8_percent_encode(file, NAME).to_string()
}

const NAME: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'!');

fn read(path: &str, document: &[u8]) -> Result<Page, FolderError> {
    serde_json::from_slice(document).map_err(|error| damaged(path, error.to_string()))
}

fn damaged(path: &str, detail: String) -> FolderError {
    FolderError::Damaged {
        path: path.to_owned(),
        detail,
    }
}
