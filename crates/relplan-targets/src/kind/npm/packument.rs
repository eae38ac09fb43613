//! Reading a package's document ("packument"), full or abbreviated (npm documentation "package-metadata").
//!
//! Invariant: only what a query names is kept; everything else is skipped while it is read.
//! Why: the median document has 26 KB, the largest 10 MB and thousands of versions, and a plan reads a thousand of them.

mod document;

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_ecosystem::{Ecosystem, npm::Range};
use relplan_model::{
    address::{Address, FileName, PackageName, PointerName, Version},
    digest::{Algorithm, Digests, hex},
    observation::{Facts, FileFacts, Freshness, Query, VersionFacts},
};
use serde::{
    Deserialize,
    de::{DeserializeSeed as _, IgnoredAny},
};

use self::document::{Document, Read};

/// Why a document says nothing that can be relied on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackumentError {
    /// Not JSON of a packument's shape.
    #[error("the registry's document of {package} cannot be read")]
    Shape {
        /// Whose.
        package: PackageName,
        /// What is wrong.
        #[source]
        source: serde_json::Error,
    },
    /// A document of something else.
    #[error("the registry answered for {found:?} when asked for {package}")]
    Name {
        /// Who was asked for.
        package: PackageName,
        /// Whose document came.
        found: String,
    },
    /// A document that does not say whose it is: every packument does.
    #[error("the registry's document of {package} names no package")]
    Nameless {
        /// Who was asked for.
        package: PackageName,
    },
    /// A queried range that npm would not understand.
    #[error("{range:?} is not a version range")]
    Range {
        /// The range.
        range: String,
    },
}

/// What the document says about what the query names.
pub(crate) fn read(body: &[u8], query: &Query) -> Result<Facts, PackumentError> {
    let ranges = query
        .ranges
        .iter()
        .map(|text| match Range::with_prereleases(text) {
            Some(range) => Ok((text.clone(), range)),
            None => Err(PackumentError::Range {
                range: text.clone(),
            }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(facts(query, document(body, query, &ranges)?))
}

/// What of the document the query names.
fn document(
    body: &[u8],
    query: &Query,
    ranges: &[(String, Range)],
) -> Result<Read, PackumentError> {
    let package = &query.address.package;
    let seed = Document { query, ranges };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = seed
        .deserialize(&mut deserializer)
        .and_then(|read| deserializer.end().map(|()| read))
        .map_err(|source| PackumentError::Shape {
            package: package.clone(),
            source,
        })?;
    match &read.name {
        Some(found) if found == package.as_str() => Ok(read),
        Some(found) => Err(PackumentError::Name {
            package: package.clone(),
            found: found.chars().take(80).collect(),
        }),
        None => Err(PackumentError::Nameless {
            package: package.clone(),
        }),
    }
}

/// Where the tarball of one version is, with its name and digests; `None`: the document has no such version, or no
/// tarball of it.
pub(crate) fn tarball(
    body: &[u8],
    address: &Address,
    version: &Version,
) -> Result<Option<Tarball>, PackumentError> {
    let query = Query {
        address: address.clone(),
        versions: vec![version.clone()],
        ranges: Vec::new(),
        freshness: Freshness::Revalidated,
    };
    let mut read = document(body, &query, &[])?;
    let dist = read.versions.remove(version).and_then(|found| found.dist);
    Ok(dist.and_then(|dist| {
        Some(Tarball {
            file: file_name(dist.tarball.as_deref(), &address.package, version)?,
            digests: dist.digests(),
            url: dist.tarball?,
        })
    }))
}

/// A version's tarball as the document lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tarball {
    /// Its name.
    pub(crate) file: FileName,
    /// Where it is, as the document spells it.
    pub(crate) url: String,
    /// The digests shown for it.
    pub(crate) digests: Digests,
}

fn facts(query: &Query, read: Read) -> Facts {
    let pointers: BTreeMap<PointerName, Version> = read
        .tags
        .into_iter()
        .filter_map(|(tag, version)| {
            Some((PointerName::new(tag).ok()?, Version::new(version).ok()?))
        })
        .collect();
    let current = pointers
        .iter()
        .find_map(|(tag, version)| (tag.as_str() == super::LATEST).then(|| version.clone()));
    let (order, prerelease) = Ecosystem::Npm.order(query.versions.iter().chain(pointers.values()));
    let versions = read
        .versions
        .into_iter()
        .map(|(version, manifest)| {
            let facts = manifest.facts(&query.address.package, &version);
            (version, facts)
        })
        .collect();
    let ranges = read
        .matched
        .into_iter()
        .map(|(range, matched)| (range, Ecosystem::Npm.order(matched.iter()).0))
        .collect();
    Facts {
        versions,
        current,
        pointers,
        ranges,
        order,
        prerelease,
    }
}

/// One version's part of the document.
#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    dist: Option<Dist>,
    #[serde(default)]
    deprecated: Option<Deprecated>,
}

#[derive(Deserialize)]
struct Dist {
    #[serde(default)]
    integrity: Option<String>,
    #[serde(default)]
    shasum: Option<String>,
    #[serde(default)]
    tarball: Option<String>,
}

/// The message; old documents have a yes or no, and an empty text takes a deprecation back.
#[derive(Deserialize)]
#[serde(untagged)]
enum Deprecated {
    Text(String),
    Flag(bool),
    Other(IgnoredAny),
}

impl Manifest {
    fn facts(self, package: &PackageName, version: &Version) -> VersionFacts {
        let deprecated = match self.deprecated {
            Some(Deprecated::Text(text)) if !text.is_empty() => Some(text),
            Some(Deprecated::Flag(true)) => Some("deprecated".to_owned()),
            Some(Deprecated::Text(_) | Deprecated::Flag(false) | Deprecated::Other(_)) | None => {
                None
            }
        };
        let mut files = BTreeMap::new();
        if let Some(dist) = self.dist
            && let Some(name) = file_name(dist.tarball.as_deref(), package, version)
        {
            let digests = dist.digests();
            files.insert(
                name,
                FileFacts {
                    digests,
                    size: None,
                },
            );
        }
        VersionFacts {
            files,
            yanked: false,
            deprecated,
        }
    }
}

impl Dist {
    /// The digests of `integrity` (W3C Subresource Integrity: `algorithm-base64`, separated by spaces) and `shasum`.
    fn digests(&self) -> Digests {
        let mut digests = Digests::default();
        if let Some(shasum) = &self.shasum
            && shasum.len() == 40
            && shasum.chars().all(|c| c.is_ascii_hexdigit())
        {
            digests = digests.with(Algorithm::Sha1, shasum.as_str());
        }
        for hash in self
            .integrity
            .iter()
            .flat_map(|text| text.split_whitespace())
        {
            let Some((name, rest)) = hash.split_once('-') else {
                continue;
            };
            let (algorithm, length) = match name {
                "sha1" => (Algorithm::Sha1, 20),
                "sha256" => (Algorithm::Sha256, 32),
                "sha512" => (Algorithm::Sha512, 64),
                _ => continue,
            };
            let encoded = rest.split_once('?').map_or(rest, |(encoded, _)| encoded);
            match BASE64_STANDARD.decode(encoded) {
                Ok(bytes) if bytes.len() == length => {
                    digests = digests.with(algorithm, hex(&bytes));
                }
                Ok(_) | Err(_) => {}
            }
        }
        digests
    }
}

/// The last part of the tarball's URL, or the name that npm gives it.
fn file_name(tarball: Option<&str>, package: &PackageName, version: &Version) -> Option<FileName> {
    let from_url = tarball.and_then(|url| {
        let path = url.split(['?', '#']).next()?;
        let last = path.rsplit('/').next()?;
        let decoded = percent_encoding::percent_decode_str(last)
            .decode_utf8()
            .ok()?;
        FileName::new(decoded).ok()
    });
    from_url.or_else(|| {
        let bare = package.as_str().rsplit('/').next()?;
        FileName::new(format!("{bare}-{version}.tgz")).ok()
    })
}
