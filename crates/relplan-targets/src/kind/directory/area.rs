//! What the areas of the folder have in common: each ecosystem has its own below one root, in the layout that its own
//! client reads.

use relplan_model::{
    bundle::Artifact,
    observation::{Evidence, Facts, Freshness, Query, Seen},
};

use super::{
    folder::{Folder, FolderError},
    packuments, python, sparse,
};
use crate::http::now;

/// One file that an area lists, and what it lists of it.
pub(super) struct Listed<'a> {
    /// The artifact's path in the folder.
    pub(super) path: &'a str,
    /// Its size in bytes, where the area's documents tell.
    pub(super) size: Option<u64>,
    /// Its SHA-256, where the area's documents tell.
    pub(super) sha256: Option<&'a str>,
}

/// Checks that a listed file is what the documents say; an authoritative look reads all of its bytes.
///
/// # Errors
/// When the file is gone or another one: the folder was damaged or tampered with, and what a client would get is not
/// what its documents promise.
pub(super) fn verify(
    folder: &Folder,
    listed: &Listed<'_>,
    freshness: Freshness,
) -> Result<u64, FolderError> {
    let damaged = |detail: &str| FolderError::Damaged {
        path: listed.path.to_owned(),
        detail: detail.to_owned(),
    };
    let Some(size) = folder.size(listed.path)? else {
        return Err(damaged("it is listed and not there"));
    };
    if listed.size.is_some_and(|told| told != size) {
        return Err(damaged("it has another size than is listed"));
    }
    if freshness == Freshness::Authoritative
        && let Some(told) = listed.sha256
        && folder.sha256(listed.path)?.as_deref() != Some(told)
    {
        return Err(damaged("it has other bytes than is listed"));
    }
    Ok(size)
}

/// Looks for a package in all areas and tells of the one that has it. Where several do, their facts are joined.
///
/// Why: an address has no ecosystem in it; two packages of one name at one target are refused by the planner.
///
/// # Errors
/// When something is there and cannot be understood (law L5).
pub(super) fn look(
    folder: &Folder,
    query: &Query,
    evidence: &mut Vec<Evidence>,
) -> Result<Seen, FolderError> {
    let name = query.address.package.as_str();
    let mut found: Option<Facts> = None;
    let mut asked = false;
    for (path, read) in [
        (sparse::path(name), sparse::facts as Read),
        (packuments::path(name), packuments::facts),
        (python::path(name), python::facts),
    ] {
        let Some(path) = path else {
            continue;
        };
        asked = true;
        let document = folder.read(&path)?;
        evidence.push(Evidence {
            asked: path.clone(),
            at: now(),
            answer: if document.is_some() {
                "found"
            } else {
                "not-found"
            }
            .to_owned(),
            etag: None,
        });
        if let Some(document) = document {
            let facts = read(folder, query, &path, &document)?;
            found = Some(match found {
                Some(before) => join(before, facts),
                None => facts,
            });
        }
    }
    match found {
        Some(facts) => Ok(Seen::Present(facts)),
        None if asked => {
            folder.check_root()?;
            Ok(Seen::Absent)
        }
        None => Err(FolderError::Impossible {
            why: format!("{name} is not a name that any of the folder's registries takes"),
        }),
    }
}

/// Reads an area's document about one package.
type Read = fn(&Folder, &Query, &str, &[u8]) -> Result<Facts, FolderError>;

fn join(mut one: Facts, other: Facts) -> Facts {
    let Facts {
        versions,
        current,
        pointers,
        ranges,
        order,
        prerelease,
    } = other;
    for (version, facts) in versions {
        let known = one.versions.entry(version).or_default();
        known.files.extend(facts.files);
        known.yanked |= facts.yanked;
        known.deprecated = known.deprecated.take().or(facts.deprecated);
    }
    one.current = one.current.or(current);
    one.pointers.extend(pointers);
    one.ranges.extend(ranges);
    // Two ecosystems' orders do not mix; the first that knows one is kept.
    if one.order.is_empty() {
        (one.order, one.prerelease) = (order, prerelease);
    }
    one
}

/// What is put into an area: an artifact whose digests have been checked.
pub(super) struct Put<'a, R> {
    /// The artifact.
    pub(super) artifact: &'a Artifact,
    /// Its SHA-256 in hexadecimal digits.
    pub(super) sha256: &'a str,
    /// Its bytes; they fail to end when they are not the checked ones.
    pub(super) bytes: R,
}
