//! Bringing a file into a bundle's folder, opening one in it, and reading all of them again.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    panic::resume_unwind,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use camino::Utf8Path;
use relplan_model::{address::FileName, bundle::Artifact, digest::Comparison};
use relplan_system::tree::{self, ReadError, open_named};
use tempfile::NamedTempFile;

use super::{Addition, BundleError, Measured, measure::copy_measured};

/// Copies an artifact's file into the folder: under a passing name first, in its place once it is whole, on the disk
/// and proven to be what the description says.
pub(super) fn bring_in(folder: &Utf8Path, addition: &Addition) -> Result<(), BundleError> {
    let Addition { artifact, source } = addition;
    let path = folder.join(artifact.file.as_str());
    let held = open_plain(&path).and_then(|file| copy_of(artifact, file, &mut io::sink()));
    if held.is_ok_and(|difference| difference.is_none()) {
        return Ok(());
    }

    let failed = |doing, path: &Utf8Path| {
        let path = path.to_owned();
        move |source| BundleError::Io {
            doing,
            path,
            source,
        }
    };
    let from = open_named(source.as_std_path()).map_err(ReadError::into_io);
    let from = from.map_err(failed("read", source))?;
    let mut file = new_file(folder).map_err(failed("write into", folder))?;
    let difference = copy_of(artifact, from, &mut file).map_err(failed("copy", source))?;
    if let Some(why) = difference {
        return Err(BundleError::Altered {
            path: source.clone(),
            why,
        });
    }
    put_in_place(file, &path).map_err(failed("write", &path))
}

/// Takes a file away that the description no longer names.
pub(super) fn remove(folder: &Utf8Path, file: &FileName) -> Result<(), BundleError> {
    let path = folder.join(file.as_str());
    match fs::remove_file(&path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(BundleError::Io {
            doing: "remove",
            path,
            source,
        }),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Makes a file that goes away again unless it is put in its place. Files in a bundle are read by other users (a CI
/// cache, a web server), where temporary files are private by default.
pub(super) fn new_file(folder: &Utf8Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".new-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    builder.tempfile_in(folder)
}

/// Makes a new file durable and gives it its name, in one step. The name is durable after [`sync_folder`].
pub(super) fn put_in_place(file: NamedTempFile, path: &Utf8Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Opens a plain file, never by way of a symbolic link: a link could lead out of the folder.
pub(super) fn open_plain(path: &Utf8Path) -> io::Result<File> {
    let refused = || {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a symbolic link or no plain file",
        )
    };
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(refused());
    }
    let file = open_named(path.as_std_path()).map_err(ReadError::into_io)?;
    #[cfg(unix)]
    {
        // The name is looked at once more and compared with what was opened, so that a swap in between is noticed.
        use std::os::unix::fs::MetadataExt as _;
        let (named, opened) = (fs::symlink_metadata(path)?, file.metadata()?);
        if !named.is_file() || (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
            return Err(refused());
        }
    }
    Ok(file)
}

/// Makes the names in a folder durable. Where folders cannot be opened as files, the system sees to that by itself.
pub(super) fn sync_folder(folder: &Utf8Path) -> io::Result<()> {
    tree::sync_folder(folder.as_std_path())
}

/// Compares every artifact's file with its description, a few side by side.
pub(super) fn verify_all(folder: &Utf8Path, artifacts: &[Artifact]) -> Result<(), BundleError> {
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism()
        .map_or(1, usize::from)
        .min(artifacts.len());
    let work = || {
        let mut first: Option<(usize, BundleError)> = None;
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(artifact) = artifacts.get(index) else {
                return first;
            };
            if let Err(error) = verify_one(folder, artifact)
                && first.is_none()
            {
                first = Some((index, error));
            }
        }
    };
    let failures = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect::<Vec<_>>()
    });
    match failures.into_iter().min_by_key(|(index, _)| *index) {
        Some((_, error)) => Err(error),
        None => Ok(()),
    }
}

fn verify_one(folder: &Utf8Path, artifact: &Artifact) -> Result<(), BundleError> {
    let path = folder.join(artifact.file.as_str());
    let difference = open_plain(&path)
        .and_then(|file| copy_of(artifact, file, &mut io::sink()))
        .map_err(|source| BundleError::Io {
            doing: "read",
            path: path.clone(),
            source,
        })?;
    match difference {
        Some(why) => Err(BundleError::Altered { path, why }),
        None => Ok(()),
    }
}

/// Copies a file, if it is the described one; else tells the difference. A file of another size is not read, however long
/// it says it is, and no file beyond its described size.
fn copy_of(artifact: &Artifact, file: File, to: &mut impl io::Write) -> io::Result<Option<String>> {
    let said = file.metadata()?.len();
    if said != artifact.size {
        return Ok(Some(other_size(artifact, said)));
    }
    let mut bounded = file.take(artifact.size.saturating_add(1));
    Ok(difference(artifact, &copy_measured(&mut bounded, to)?))
}

fn other_size(artifact: &Artifact, found: u64) -> String {
    format!("it has {found} bytes instead of {}", artifact.size)
}

fn difference(artifact: &Artifact, measured: &Measured) -> Option<String> {
    if artifact.size != measured.size {
        return Some(other_size(artifact, measured.size));
    }
    if artifact.digests.compare(&measured.digests) != Comparison::Same {
        return Some(format!(
            "its digest is {} instead of {}",
            measured.digests, artifact.digests
        ));
    }
    None
}
