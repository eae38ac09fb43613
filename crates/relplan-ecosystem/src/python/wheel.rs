//! Where installers put the files of a wheel (PyPA specification "Binary distribution format").
//!
//! Invariant: a wheel installs one distribution. Its `.data` folder cannot bring the metadata of another one, nor other
//! files in the place of those that are listed at the top.

use std::collections::BTreeSet;

use crate::{
    archive::{ArchiveError, portable, without_odd_parts},
    layout::{Layout, Links, Place},
};

/// The endings of folders in which installed Python looks for distributions.
const IDENTITIES: [&str; 2] = [".dist-info", ".egg-info"];

/// The files of a `.dist-info` folder that installers look for by name.
const NAMED: [&str; 4] = ["METADATA", "WHEEL", "RECORD", "entry_points.txt"];

const INFO: &str = ".dist-info";
const DATA: &str = ".data";

/// The folders at the top of one wheel.
#[derive(Default)]
pub(crate) struct Installed {
    infos: BTreeSet<String>,
    data: BTreeSet<String>,
}

impl Layout for Installed {
    fn place(&mut self, spelled: &str, is_folder: bool) -> Result<Option<Place>, ArchiveError> {
        let (path, plain) = without_odd_parts(spelled);
        if path.is_empty() && is_folder {
            return Ok(None);
        }
        let (top, rest) = path.split_once('/').unwrap_or((&path, ""));
        let folded = portable(top);
        if IDENTITIES.iter().any(|end| folded.ends_with(end)) {
            let respelled = |name: &&str| portable(name) == portable(rest) && **name != *rest;
            if !plain || !top.ends_with(INFO) || NAMED.iter().any(respelled) {
                let why = "which some clients read as the metadata of a distribution";
                return Err(ArchiveError::member(spelled, why));
            }
            self.infos.insert(top.to_owned());
        }
        let written = if folded.ends_with(DATA) {
            self.data.insert(top.to_owned());
            installed_data(rest)
        } else {
            path.clone()
        };
        // Only what is in `.data` has got a new place, where metadata is a second identity.
        let first = written.split('/').next().unwrap_or_default();
        let is_moved = written != path && !written.starts_with('\u{1}');
        if is_moved && IDENTITIES.iter().any(|end| portable(first).ends_with(end)) {
            let why = "which installs the metadata of another distribution, or other metadata of this one";
            return Err(ArchiveError::member(spelled, why));
        }
        Ok((!written.is_empty()).then_some(Place {
            shown: path,
            written,
            plain,
        }))
    }

    fn guarded(&self) -> &'static [&'static str] {
        &[]
    }

    fn links(&self) -> Links {
        Links::Text
    }

    fn finish(&self) -> Result<(), ArchiveError> {
        let names = |folders: &BTreeSet<String>| Vec::from_iter(folders.iter().cloned()).join(", ");
        if self.infos.len() > 1 {
            let what = format!("holds several .dist-info folders: {}", names(&self.infos));
            return Err(ArchiveError::ambiguous(what));
        }
        let stem = self.infos.first().and_then(|info| info.strip_suffix(INFO));
        let own = stem.map(|stem| format!("{stem}{DATA}"));
        if self.data.iter().any(|data| Some(data) != own.as_ref()) {
            let what = format!(
                "holds {}, which some installers take for its .data folder and some do not",
                names(&self.data)
            );
            return Err(ArchiveError::ambiguous(what));
        }
        Ok(())
    }
}

/// Where a file below `.data` is written: what goes into `site-packages`, as if it stood at the top; all else to a place
/// of its own. The control character keeps such places apart, as no path has one.
fn installed_data(rest: &str) -> String {
    let (scheme, below) = rest.split_once('/').unwrap_or((rest, ""));
    if matches!(scheme, "purelib" | "platlib") {
        return below.to_owned();
    }
    let parts: Vec<_> = below.split('/').collect();
    let site = parts
        .iter()
        .position(|part| matches!(portable(part).as_str(), "site-packages" | "dist-packages"));
    match (scheme, site) {
        ("data", Some(at)) => parts.get(at + 1..).unwrap_or_default().join("/"),
        _ => format!("\u{1}{rest}"),
    }
}
