//! A project's page in the simple repository API, as JSON (PEP 691, PEP 700) or as HTML (PEP 503, PEP 592).
//!
//! Invariant: what is not recognisably the page of this very project is an error and never a page without files: from
//! a page without files follows that a version is absent (law L5).

mod html;

use std::{borrow::Cow, collections::BTreeMap};

pub(crate) use self::html::resolve;
use relplan_model::digest::{Algorithm, Digests, unhex};
use serde::{Deserialize, Deserializer, de::IgnoredAny};

use super::filename;

/// The media types asked for, JSON first.
pub(crate) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
     application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/// One file as a page lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) name: String,
    /// The digests that are shown; empty when none is, or none that makes sense.
    pub(crate) digests: Digests,
    /// Its size in bytes, where shown.
    pub(crate) size: Option<u64>,
    /// Whether it is yanked (PEP 592).
    pub(crate) yanked: bool,
    /// Where it is, as the page spells it: relative to the page, perhaps.
    pub(crate) place: String,
}

/// Why an answer is not a project's page.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PageError {
    /// It begins like JSON, and is not JSON of the expected shape.
    #[error("its JSON is not that of a project's page")]
    Json(#[source] serde_json::Error),
    /// It is in a version of the API that relplan does not read.
    #[error("it speaks version {version} of the simple API, and relplan reads version 1")]
    Version {
        /// The version that it names.
        version: String,
    },
    /// It is the page of another project.
    #[error("it is the page of {found:?}")]
    Other {
        /// The project that it names.
        found: String,
    },
    /// It is no page of links to files.
    #[error("it is not a project's page: {why}")]
    NotSimple {
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Reads the page of a project, whose normalized name is given. The form is told from the first character, since proxies
/// and static hosts get the media type wrong.
///
/// # Errors
/// When the body is not this project's page of version 1 of the API.
pub(crate) fn read(body: &[u8], project: &str) -> Result<Vec<Listed>, PageError> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match body.trim_ascii_start().first() {
        Some(b'{') => json(body, project),
        Some(b'<') => html::read(&String::from_utf8_lossy(body), project),
        Some(_) => Err(PageError::NotSimple {
            why: "it is neither JSON nor HTML",
        }),
        None => Err(PageError::NotSimple { why: "it is empty" }),
    }
}

/// Refuses pages of another major version than 1 (PEP 629, PEP 691).
fn check_version(version: &str) -> Result<(), PageError> {
    match version.split('.').next() {
        Some("1") => Ok(()),
        _ => Err(PageError::Version {
            version: version.chars().take(20).collect(),
        }),
    }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    meta: Meta<'a>,
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    files: Vec<File<'a>>,
}

#[derive(Deserialize)]
struct Meta<'a> {
    #[serde(borrow, rename = "api-version")]
    version: Cow<'a, str>,
}

#[derive(Deserialize)]
struct File<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow, default)]
    hashes: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(default, deserialize_with = "yanked")]
    yanked: bool,
    #[serde(default)]
    size: Option<u64>,
    #[serde(borrow, default)]
    url: Cow<'a, str>,
}

/// `true`, or the reason as a text, which may be empty: both mean yanked (PEP 691).
fn yanked<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Yanked {
        Flag(bool),
        Reason(#[expect(dead_code, reason = "only that it is a text counts")] String),
        Nothing(Option<IgnoredAny>),
    }
    Ok(match Yanked::deserialize(deserializer)? {
        Yanked::Flag(flag) => flag,
        Yanked::Reason(_) => true,
        Yanked::Nothing(nothing) => nothing.is_some(),
    })
}

fn json(body: &[u8], project: &str) -> Result<Vec<Listed>, PageError> {
    let page: Page<'_> = serde_json::from_slice(body).map_err(PageError::Json)?;
    check_version(&page.meta.version)?;
    if filename::normalized(&page.name) != project {
        return Err(PageError::Other {
            found: page.name.chars().take(80).collect(),
        });
    }
    let listed = page.files.into_iter().map(|file| Listed {
        digests: digests(
            file.hashes
                .iter()
                .map(|(name, digits)| (&**name, &**digits)),
        ),
        name: file.filename.into_owned(),
        size: file.size,
        yanked: file.yanked,
        place: file.url.into_owned(),
    });
    Ok(listed.collect())
}

/// The digests among named ones that relplan knows and that are well-formed, in the names that Python's hashlib and
/// the indexes use.
fn digests<'a>(named: impl Iterator<Item = (&'a str, &'a str)>) -> Digests {
    named.fold(Digests::default(), |digests, (name, digits)| {
        let algorithm = match name.to_ascii_lowercase().as_str() {
            "sha256" => Algorithm::Sha256,
            "sha512" => Algorithm::Sha512,
            "sha1" => Algorithm::Sha1,
            "md5" => Algorithm::Md5,
            "blake2b" | "blake2b_256" | "blake2_256" => Algorithm::Blake2b256,
            _ => return digests,
        };
        // hashlib's plain blake2b has 64 bytes; only the one of 32 bytes is known here.
        let bytes = match algorithm {
            Algorithm::Md5 => 16,
            Algorithm::Sha1 => 20,
            Algorithm::Sha256 | Algorithm::Blake2b256 => 32,
            Algorithm::Sha512 => 64,
        };
        match unhex(&digits.to_ascii_lowercase()) {
            Some(read) if read.len() == bytes => digests.with(algorithm, digits),
            Some(_) | None => digests,
        }
    })
}

#[cfg(test)]
mod tests;
