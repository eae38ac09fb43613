//! Files that a person names: on the command line, by a variable, or by keeping them where a program looks for its
//! user's configuration. They may be anywhere and may be links, as dotfile managers make them; they are regular files all
//! the same, and bounded by bytes read.

use std::{
    fs::{File, OpenOptions},
    io,
    path::Path,
};

use super::{Failed, ReadError, bounded, regular};

/// Opens a file to read it.
///
/// # Errors
/// When it is missing, no regular file, or cannot be opened.
pub fn open_named(path: &Path) -> Result<File, ReadError> {
    regular(open(path).map_err(|failed| failed.about(path))?, path)
}

/// Reads a file of at most `limit` bytes. `/dev/null` is an empty one: that is how people say that there is none.
///
/// # Errors
/// As [`open_named`], and when it has more bytes.
pub fn read_named(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    if cfg!(unix) && path == Path::new("/dev/null") {
        return Ok(Vec::new());
    }
    bounded(open_named(path)?, path, limit)
}

/// Opens a file to write to it without cutting it off, and creates it if there is none.
///
/// # Errors
/// When it cannot be opened, or is not a regular file.
pub fn open_to_write(path: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // Nobody may be at the other end of a pipe.
        how.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    regular(how.open(path)?, path).map_err(ReadError::into_io)
}

/// Makes a file in the place of what is there. A person named it, and may have named a pipe or a device.
///
/// # Errors
/// When it cannot be made.
pub fn create_output(path: &Path) -> io::Result<File> {
    File::create(path)
}

/// Opens a file to write at its end, and creates it if there is none. A person named it, as with [`create_output`].
///
/// # Errors
/// When it cannot be opened.
pub fn append_output(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

/// Makes the names in a folder survive a loss of power. Where folders cannot be opened as files, the system sees to that
/// by itself.
///
/// # Errors
/// When the folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(unix)]
fn open(path: &Path) -> Result<File, Failed> {
    use rustix::{fs, io::retry_on_intr};
    let opened = retry_on_intr(|| fs::open(path, super::beneath::READ, fs::Mode::empty()));
    match opened {
        Ok(opened) => Ok(opened.into()),
        Err(rustix::io::Errno::NXIO) => Err(Failed::NotAFile),
        Err(error) => Err(Failed::Io(error.into())),
    }
}

#[cfg(not(unix))]
fn open(path: &Path) -> Result<File, Failed> {
    File::open(path).map_err(Failed::Io)
}
