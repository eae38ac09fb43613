//! Fetching a published file out of the folder: its area's document lists it with the digests that prove it.

use relplan_ecosystem::{Ecosystem, Format, python::filename};
use relplan_model::{
    address::FileName,
    digest::Digests,
    observation::{Facts, Freshness, Query},
    port::{Counterpart, FetchError, Fetched},
};

use super::{
    folder::{Folder, FolderError},
    packuments, python, sparse,
};
use crate::{
    http::reason,
    kind::pypi::fetch::choose,
    published::{MAX_FILE, failed, verified},
};

/// The file that corresponds to an artifact; `None`: the version has none of its kind.
pub(super) fn fetch(folder: &Folder, wanted: &Counterpart) -> Result<Option<Fetched>, FetchError> {
    let said = |error: FolderError| failed(reason(&error));
    let name = wanted.address.package.as_str();
    let format = Format::of_kind(&wanted.kind, wanted.like.as_str());
    let no_such = || {
        failed(format!(
            "a folder has no files of the kind {:?}",
            wanted.kind
        ))
    };
    let ecosystem = format.ok_or_else(no_such)?.ecosystem();
    let (document, read): (_, Read) = match ecosystem {
        Ecosystem::Cargo => (sparse::path(name), sparse::facts),
        Ecosystem::Npm => (packuments::path(name), packuments::facts),
        Ecosystem::Python => (python::path(name), python::facts),
    };
    let at = wanted.address.at(&wanted.version);
    let absent = || failed(format!("the folder does not list {at}"));
    let document = document.ok_or_else(absent)?;
    let bytes = folder.read(&document).map_err(said)?.ok_or_else(absent)?;
    let query = Query {
        address: wanted.address.clone(),
        versions: vec![wanted.version.clone()],
        ranges: Vec::new(),
        freshness: Freshness::AsClients,
    };
    let facts = read(folder, &query, &document, &bytes).map_err(said)?;
    let files = &facts
        .versions
        .get(&wanted.version)
        .ok_or_else(absent)?
        .files;
    let (place, chosen) = match ecosystem {
        Ecosystem::Cargo => ("cargo".to_owned(), files.keys().next()),
        Ecosystem::Npm => (format!("npm-tarballs/{name}"), files.keys().next()),
        Ecosystem::Python => {
            let project = filename::normalized(name);
            let names = files.keys().map(FileName::as_str);
            let chosen = choose(&project, names, wanted)?;
            let chosen = files.keys().find(|file| Some(file.as_str()) == chosen);
            (format!("python/files/{project}"), chosen)
        }
    };
    let Some(file) = chosen else {
        return Ok(None);
    };
    let path = format!("{place}/{file}");
    if folder.size(&path).map_err(said)?.unwrap_or(0) > MAX_FILE {
        return Err(failed(format!(
            "{file} has more than the {MAX_FILE} bytes that are fetched"
        )));
    }
    let bytes = folder.read(&path).map_err(said)?.ok_or_else(absent)?;
    let shown = files.get(file).map(|about| about.digests.clone());
    verified(file.clone(), bytes, &shown.unwrap_or_else(Digests::default)).map(Some)
}

type Read = fn(&Folder, &Query, &str, &[u8]) -> Result<Facts, FolderError>;
