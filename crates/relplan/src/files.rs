//! Files that commands read and write: those that a person names, and relplan's own in the project.
//!
//! Invariant (law L14): nothing of the checkout is read or written through a link that leads out of it, unless a person
//! named that very file to be read; then nothing of what it says is repeated. `Project::enter` went to the project's
//! folder, so that relative paths start there.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
};

use relplan_system::tree::{self, Checkout, ReadError};

use crate::{exit::Exit, failure::Failure};

/// A file that a person named.
pub struct Named {
    /// What it says.
    pub bytes: Vec<u8>,
    /// Whether messages may repeat it: not if a link in the checkout led out of it.
    pub may_be_quoted: bool,
}

/// Reads a file that a person named, which may be anywhere.
///
/// # Errors
/// When it is missing, no regular file, too large, or cannot be read.
pub fn read_named(path: &Path, limit: u64) -> Result<Named, ReadError> {
    let bytes = tree::read_named(path, limit)?;
    let may_be_quoted = !leads_out(path);
    Ok(Named {
        bytes,
        may_be_quoted,
    })
}

/// Reads a file that relplan finds by itself: in the checkout it must not lead out of it.
///
/// # Errors
/// As [`read_named`], and when a link leads out of the checkout.
pub fn read_found(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    match here() {
        Ok(checkout) => checkout.read(path, limit),
        Err(source) => Err(ReadError::Io {
            file: path.to_owned(),
            source,
        }),
    }
}

/// Whether a path in the checkout leads out of it through a link.
pub fn leads_out(path: &Path) -> bool {
    here().is_ok_and(|checkout| checkout.leads_out(path))
}

/// Where a file or folder is that is to be written, with the links on the way followed.
///
/// # Errors
/// When it lies in the checkout as it is written, and a link leads out of it.
pub fn place(path: &Path) -> Result<PathBuf, Failure> {
    let checkout = here().map_err(|error| Failure::of(Exit::Internal, &error))?;
    checkout.place(path).map_err(|error| {
        let failure = Failure::of(Exit::Invalid, &error).while_doing("nothing was written");
        match error.advice() {
            Some(advice) => failure.hint(advice),
            None => failure,
        }
    })
}

/// Writes a file so that it is there whole or not at all.
///
/// # Errors
/// As [`place`], and when it cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let place = place(path)?;
    let write = || {
        let folder = place.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            // As any other program's output: plans and pages are there to be shown to others, and hold no secret.
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(&place).map_err(|error| error.error)?;
        Ok::<(), std::io::Error>(())
    };
    write().map_err(|error| {
        Failure::of(Exit::Internal, &error).while_doing(format!("cannot write {}", path.display()))
    })
}

/// Makes a file that is written bit by bit, or a pipe or device that a person named, in the place of what is there.
///
/// # Errors
/// As [`place`], and when it cannot be made.
pub fn create(path: &Path) -> Result<File, Failure> {
    tree::create_output(&place(path)?).map_err(|error| {
        Failure::of(Exit::Usage, &error)
            .while_doing(format!("cannot write into {}", path.display()))
    })
}

fn here() -> std::io::Result<Checkout> {
    Checkout::around(Path::new("."))
}
