//! What registries answer and what artifacts say, read by pure functions: for those who feed them bytes that no client
//! of ours ever sent (`tests/fuzz`), and for nobody else.
//!
//! Invariant: nothing here decides anything. Each function hands its bytes to the reader that a driver uses.

use std::{error::Error, io::Cursor};

use relplan_ecosystem::{npm::Tarball, python::Distribution};
use relplan_model::{
    bundle::Artifact,
    observation::{Facts, Query},
};

use crate::{
    kind::{cargo, npm, pypi},
    packed,
};

/// An npm registry's document of a package.
///
/// # Errors
/// What the driver would say about it.
pub fn npm_document(bytes: &[u8], query: &Query) -> Result<Facts, String> {
    npm::packument::read(bytes, query).map_err(|error| chain(&error))
}

/// A Cargo registry's index file of a package.
///
/// # Errors
/// What the driver would say about it.
pub fn cargo_index(bytes: &[u8], query: &Query) -> Result<Facts, String> {
    let lines = cargo::index::lines(bytes).map_err(|(line, error)| format!("{line}: {error}"))?;
    cargo::observe::facts(query, &lines).map_err(|error| chain(&error))
}

/// A Python index's page of a project (by its normalized name), JSON or HTML. Returns how many files it lists.
///
/// # Errors
/// What the driver would say about it.
pub fn python_page(bytes: &[u8], project: &str) -> Result<usize, String> {
    let listed = pypi::simple::read(bytes, project).map_err(|error| chain(&error))?;
    Ok(listed.len())
}

/// An npm tarball. Returns how many files are in it.
///
/// # Errors
/// What the driver would say about it.
pub fn npm_tarball(bytes: &[u8]) -> Result<usize, String> {
    let tarball = Tarball::read(&mut Cursor::new(bytes)).map_err(|error| chain(&error))?;
    Ok(tarball.files.len())
}

/// A `.crate`. Returns the version inside.
///
/// # Errors
/// What the driver would say about it.
pub fn crate_file(bytes: &[u8], artifact: &Artifact) -> Result<String, String> {
    let package = packed::read(artifact, &["crate"], &mut Cursor::new(bytes.to_vec()));
    let package = package.map_err(|error| chain(&error))?;
    let inside = package.inside().map_err(|error| chain(&error))?;
    Ok(inside.version)
}

/// A Python distribution of this file name. Returns its file type.
///
/// # Errors
/// What the driver would say about it.
pub fn distribution(file: &str, bytes: &[u8]) -> Result<&'static str, String> {
    let read = Distribution::read(file, &mut Cursor::new(bytes));
    Ok(read.map_err(|error| chain(&error))?.filetype)
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}
