//! Reads a crate's index file and tells what the registry has, version by version.

use std::collections::BTreeMap;

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{FileName, Version},
    digest::{Algorithm, Digests},
    observation::{Facts, FileFacts, Query, VersionFacts},
};

use super::index::Line;

/// Why lines of an index say nothing about a package.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FactsError {
    /// They are about a crate whose name differs in case only.
    #[error("the registry has {found}, which it takes for the same name as {asked}")]
    Twin {
        /// The name that the registry has.
        found: String,
        /// The name that was asked for.
        asked: String,
    },
    /// A version in them is none.
    #[error("the index holds the version {version:?}, which is not a version")]
    Version {
        /// The text in the index.
        version: String,
    },
}

/// What the lines say about what is asked.
///
/// Where the index has a version that differs from an asked one in build metadata alone, that one is told: registries take
/// both for one, and it is in the way.
///
/// # Errors
/// When the lines are about another crate, or one cannot be read.
pub(crate) fn facts(query: &Query, lines: &[Line<'_>]) -> Result<Facts, FactsError> {
    let asked = query.address.package.as_str();
    if let Some(line) = lines.iter().find(|line| line.name != asked) {
        return Err(FactsError::Twin {
            found: line.name.clone().into_owned(),
            asked: asked.to_owned(),
        });
    }
    let published: Vec<(semver::Version, &Line<'_>)> = lines
        .iter()
        .map(|line| {
            let version = semver::Version::parse(&line.vers);
            version
                .map(|version| (version, line))
                .map_err(|_| FactsError::Version {
                    version: line.vers.clone().into_owned(),
                })
        })
        .collect::<Result<_, _>>()?;
    let mut facts = Facts {
        current: current(&published),
        ..Facts::default()
    };
    for version in &query.versions {
        if let Some((there, line)) = find(&published, version) {
            facts.versions.insert(there, version_facts(line));
        }
    }
    for range in &query.ranges {
        let matches = matching(&published, range);
        for (version, line) in &matches {
            facts
                .versions
                .entry(version.clone())
                .or_insert_with(|| version_facts(line));
        }
        let versions = matches.into_iter().map(|(version, _)| version).collect();
        facts.ranges.insert(range.clone(), versions);
    }
    (facts.order, facts.prerelease) =
        Ecosystem::Cargo.order(query.versions.iter().chain(&facts.current));
    Ok(facts)
}

/// An asked version, or the one that is there in its place.
fn find<'a>(
    published: &[(semver::Version, &'a Line<'a>)],
    version: &Version,
) -> Option<(Version, &'a Line<'a>)> {
    let wanted = semver::Version::parse(version.as_str()).ok()?;
    let exact = published.iter().find(|(there, _)| *there == wanted);
    let (_, line) = exact.or_else(|| {
        published
            .iter()
            .find(|(there, _)| there.cmp_precedence(&wanted).is_eq())
    })?;
    Some((Version::new(line.vers.as_ref()).ok()?, *line))
}

fn version_facts(line: &Line<'_>) -> VersionFacts {
    let is_sha256 =
        line.cksum.len() == 64 && line.cksum.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digests = match is_sha256 {
        true => Digests::default().with(Algorithm::Sha256, line.cksum.as_ref()),
        false => Digests::default(),
    };
    let file = FileName::new(format!("{}-{}.crate", line.name, line.vers));
    VersionFacts {
        files: file
            .map(|file| {
                BTreeMap::from([(
                    file,
                    FileFacts {
                        digests,
                        size: None,
                    },
                )])
            })
            .unwrap_or_default(),
        yanked: line.yanked,
        deprecated: None,
    }
}

/// The version that Cargo takes when none is named: the highest release that is not yanked, else the highest prerelease.
fn current(published: &[(semver::Version, &Line<'_>)]) -> Option<Version> {
    let (_, line) = published
        .iter()
        .filter(|(_, line)| !line.yanked)
        .max_by_key(|(version, _)| (version.pre.is_empty(), version))?;
    Version::new(line.vers.as_ref()).ok()
}

fn matching<'a>(
    published: &[(semver::Version, &'a Line<'a>)],
    range: &str,
) -> Vec<(Version, &'a Line<'a>)> {
    let Ok(range) = semver::VersionReq::parse(range) else {
        return Vec::new();
    };
    let mut matches: Vec<_> = published
        .iter()
        .filter(|(version, _)| range.matches(version))
        .collect();
    matches.sort_by_key(|(version, _)| version);
    matches
        .into_iter()
        .filter_map(|(_, line)| Some((Version::new(line.vers.as_ref()).ok()?, *line)))
        .collect()
}
