//! The description of a bundle, `bundle.json`: which ones are acceptable, and reading and writing them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read as _, Write as _},
};

use camino::Utf8Path;
use relplan_model::{
    address::FileName,
    bundle::{Artifact, Bundle, FORMAT},
    canonical,
    digest::{Algorithm, Comparison, unhex},
};

use super::{BundleError, DESCRIPTION, Replace, store};

/// The greatest description that is read, in bytes: some 100,000 artifacts.
const LIMIT: usize = 64 << 20;

/// Reads a folder's description; `None`: there is none.
pub(super) fn read(folder: &Utf8Path) -> Result<Option<Bundle>, BundleError> {
    let path = folder.join(DESCRIPTION);
    let failed = |source| BundleError::Io {
        doing: "read",
        path: path.clone(),
        source,
    };
    let file = match store::open_plain(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut bytes = Vec::new();
    file.take(LIMIT as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    let bundle: Bundle =
        canonical::document_from_bytes(&bytes, LIMIT, FORMAT).map_err(|source| {
            BundleError::Form {
                path: path.clone(),
                source,
            }
        })?;
    check(&path, &bundle)?;
    Ok(Some(bundle))
}

/// Writes a folder's description: beside it first, then in its place.
pub(super) fn write(folder: &Utf8Path, bundle: &Bundle) -> Result<(), BundleError> {
    let path = folder.join(DESCRIPTION);
    let bytes = canonical::to_bytes(bundle).map_err(|source| BundleError::Form {
        path: path.clone(),
        source,
    })?;
    // The artifacts' names are on the disk before the description that speaks of them.
    let written = store::sync_folder(folder)
        .and_then(|()| store::new_file(folder))
        .and_then(|mut file| {
            file.write_all(&bytes)?;
            store::put_in_place(file, &path)?;
            store::sync_folder(folder)
        });
    written.map_err(|source| BundleError::Io {
        doing: "write",
        path,
        source,
    })
}

/// Puts an artifact among the others under its file name, if it may stand there.
pub(super) fn admit(
    folder: &Utf8Path,
    held: &mut BTreeMap<FileName, Artifact>,
    artifact: &Artifact,
    replace: Replace,
) -> Result<(), BundleError> {
    check_artifact(&folder.join(DESCRIPTION), artifact)?;
    if let Some(other) = held.get(&artifact.file) {
        let same_place = other.package == artifact.package
            && other.version == artifact.version
            && other.kind == artifact.kind;
        let same_bytes = other.digests.compare(&artifact.digests) == Comparison::Same
            && other.size == artifact.size;
        if !same_place || (!same_bytes && replace == Replace::Refused) {
            return Err(BundleError::Clash {
                folder: folder.to_owned(),
                file: artifact.file.clone(),
                held: in_words(other),
                offered: in_words(artifact),
            });
        }
        if same_bytes && replace == Replace::Refused {
            return Ok(());
        }
    }
    held.insert(artifact.file.clone(), artifact.clone());
    Ok(())
}

/// Refuses names that some file system would take for one another.
pub(super) fn check_names<'a>(
    path: &Utf8Path,
    names: impl Iterator<Item = &'a FileName>,
) -> Result<(), BundleError> {
    let mut seen: BTreeMap<String, &FileName> = BTreeMap::new();
    for name in names {
        if let Some(other) = seen.insert(name.as_str().to_ascii_lowercase(), name) {
            return Err(BundleError::Content {
                path: path.to_owned(),
                why: format!(
                    "the names {other} and {name} are one and the same where case does not count"
                ),
            });
        }
    }
    Ok(())
}

fn check(path: &Utf8Path, bundle: &Bundle) -> Result<(), BundleError> {
    let Bundle { format, artifacts } = bundle;
    let refuse = |why: String| {
        Err(BundleError::Content {
            path: path.to_owned(),
            why,
        })
    };
    if format != FORMAT {
        return refuse(format!(
            "its format is {format:?}, and this version of relplan reads {FORMAT:?}"
        ));
    }
    if !artifacts.is_sorted_by(|a, b| a.file < b.file) {
        let mut seen = BTreeSet::new();
        return match artifacts
            .iter()
            .find(|artifact| !seen.insert(&artifact.file))
        {
            Some(twice) => refuse(format!("it names the file {} twice", twice.file)),
            None => refuse("its artifacts are not in order of file name".to_owned()),
        };
    }
    check_names(path, artifacts.iter().map(|artifact| &artifact.file))?;
    artifacts
        .iter()
        .try_for_each(|artifact| check_artifact(path, artifact))
}

fn check_artifact(path: &Utf8Path, artifact: &Artifact) -> Result<(), BundleError> {
    let file = &artifact.file;
    let refuse = |why: String| {
        Err(BundleError::Content {
            path: path.to_owned(),
            why,
        })
    };
    // A leading dot is kept for files that are being written.
    if file.is_folder_reference()
        || file.as_str().starts_with('.')
        || file.as_str().eq_ignore_ascii_case(DESCRIPTION)
    {
        return refuse(format!("{file} may not be the name of an artifact's file"));
    }
    for (algorithm, bytes) in [(Algorithm::Sha256, 32), (Algorithm::Sha512, 64)] {
        match artifact.digests.get(algorithm) {
            Some(digits) if unhex(digits).is_some_and(|digest| digest.len() == bytes) => {}
            None if algorithm == Algorithm::Sha512 => {}
            _ => return refuse(format!("{file} has no proper {algorithm:?} digest")),
        }
    }
    if artifact.size > canonical::MAX_INTEGER {
        return refuse(format!("{file} is too large"));
    }
    Ok(())
}

fn in_words(artifact: &Artifact) -> String {
    format!(
        "{} {} ({}, {})",
        artifact.package.name, artifact.version, artifact.kind, artifact.digests
    )
}
