//! What an npm tarball says about itself: its `package.json`, its readme and which files stand beside them.
//!
//! Invariant: reads are bounded, whatever the archive claims, and nothing is unpacked. npm drops the first folder of each
//! path, so two entries that become `package.json` are refused: readers could differ about which one counts.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use relplan_model::port::ArtifactRead;
use serde_json::{Map, Value};

/// The most that is inflated, in bytes.
const INFLATED: u64 = 2 << 30;
/// The largest `package.json`, in bytes.
const MANIFEST: u64 = 4 << 20;
/// The largest readme that is sent along, in bytes.
const README: u64 = 1 << 20;
/// The most entries that are looked at.
const ENTRIES: usize = 200_000;

/// Why a tarball cannot be published.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TarballError {
    /// Not a readable gzip-compressed tar archive.
    #[error("the tarball cannot be read")]
    Read(#[source] io::Error),
    /// No `package.json` in it.
    #[error("the tarball holds no package.json")]
    NoManifest,
    /// More than one.
    #[error("the tarball holds more than one package.json")]
    TwoManifests,
    /// One that is no JSON object.
    #[error("the package.json in the tarball is not a JSON object")]
    Manifest(#[source] serde_json::Error),
    /// Larger than what is read.
    #[error("the tarball holds more than is read: {what}")]
    Bound {
        /// What there is too much of.
        what: &'static str,
    },
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The `package.json`.
    pub(crate) manifest: Map<String, Value>,
    /// The readme's file name and text.
    pub(crate) readme: Option<(String, String)>,
    /// The paths of the files, first folder dropped.
    pub(crate) files: Vec<String>,
}

impl Contents {
    /// A member of the `package.json` that is a text.
    pub(crate) fn text(&self, member: &str) -> Option<&str> {
        self.manifest.get(member)?.as_str()
    }
}

/// Reads a tarball from its start.
pub(crate) fn read(source: &mut dyn ArtifactRead) -> Result<Contents, TarballError> {
    source.rewind().map_err(TarballError::Read)?;
    let inflated = MultiGzDecoder::new(io::BufReader::new(source)).take(INFLATED);
    let mut archive = tar::Archive::new(inflated);
    let mut manifest = None;
    let mut readme: Option<(String, String)> = None;
    let mut files = Vec::new();
    for entry in archive.entries().map_err(TarballError::Read)? {
        let mut entry = entry.map_err(TarballError::Read)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        if files.len() == ENTRIES {
            return Err(TarballError::Bound {
                what: "its number of files",
            });
        }
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some((_, path)) = path.split_once('/') else {
            continue;
        };
        if path == "package.json" {
            if manifest.is_some() {
                return Err(TarballError::TwoManifests);
            }
            let bytes = bounded(&mut entry, MANIFEST)?.ok_or(TarballError::Bound {
                what: "the size of its package.json",
            })?;
            let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            manifest = Some(serde_json::from_slice(bytes).map_err(TarballError::Manifest)?);
        } else if is_better_readme(path, readme.as_ref().map(|(name, _)| name.as_str()))
            && let Some(bytes) = bounded(&mut entry, README)?
        {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            readme = Some((path.to_owned(), text));
        }
        files.push(path.to_owned());
    }
    if archive.into_inner().limit() == 0 {
        return Err(TarballError::Bound {
            what: "its inflated size",
        });
    }
    Ok(Contents {
        manifest: manifest.ok_or(TarballError::NoManifest)?,
        readme,
        files,
    })
}

/// The bytes of an entry; `None` when there are more than the bound.
fn bounded(entry: &mut dyn Read, bound: u64) -> Result<Option<Vec<u8>>, TarballError> {
    let mut bytes = Vec::new();
    entry
        .take(bound + 1)
        .read_to_end(&mut bytes)
        .map_err(TarballError::Read)?;
    Ok((bytes.len() as u64 <= bound).then_some(bytes))
}

/// Whether a file is a readme, and a better one than what was found: Markdown before all others.
fn is_better_readme(path: &str, found: Option<&str>) -> bool {
    let markdown = |name: &str| name.to_ascii_lowercase().ends_with(".md");
    let name = path.to_ascii_lowercase();
    let is_readme = name == "readme" || (name.starts_with("readme.") && !name.contains('/'));
    is_readme && found.is_none_or(|found| markdown(path) && !markdown(found))
}
