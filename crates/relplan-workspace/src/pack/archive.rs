//! Archives that come out the same wherever and whenever they are made: fixed times, owners, modes and order.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
};

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, GzBuilder, write::GzEncoder};
use relplan_system::tree::{ReadError, Tree};

/// Where an entry's bytes come from.
#[derive(Debug, Clone)]
pub(super) enum Bytes {
    /// A file of the project, which is streamed.
    File(Tree, Utf8PathBuf),
    /// Text that was made for the archive.
    Made(Vec<u8>),
}

/// One file in an archive.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its name in the archive, with `/`.
    pub(super) name: String,
    /// Whether it may be run.
    pub(super) executable: bool,
    /// Its bytes.
    pub(super) bytes: Bytes,
}

impl Entry {
    pub(super) fn file(
        name: impl Into<String>,
        tree: &Tree,
        path: Utf8PathBuf,
    ) -> io::Result<Self> {
        let executable = is_executable(&path)?;
        Ok(Self {
            name: name.into(),
            executable,
            bytes: Bytes::File(tree.clone(), path),
        })
    }

    pub(super) fn made(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            name: name.into(),
            executable: false,
            bytes: Bytes::Made(bytes.into()),
        }
    }

    /// Opens the bytes, and tells how many there are.
    pub(super) fn open(&self) -> io::Result<(u64, Box<dyn Read + '_>)> {
        match &self.bytes {
            Bytes::File(tree, path) => {
                let file = tree.open_file(path).map_err(ReadError::into_io)?;
                let size = file.metadata()?.len();
                Ok((size, Box::new(file)))
            }
            Bytes::Made(bytes) => Ok((bytes.len() as u64, Box::new(bytes.as_slice()))),
        }
    }

    /// Its permission bits: readable by all, writable by the owner, runnable by all or none.
    pub(super) fn mode(&self) -> u32 {
        if self.executable { 0o755 } else { 0o644 }
    }
}

/// Writes a `.tar.gz` of these entries, in the order given; `mtime` in seconds since 1970.
pub(super) fn write_tar_gz(path: &Utf8Path, entries: &[Entry], mtime: u64) -> io::Result<()> {
    let file = io::BufWriter::new(File::create_new(path)?);
    // 255 is "unknown system" (RFC 1952, section 2.3.1): the same wherever it is made.
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(file, Compression::best());
    let mut archive: tar::Builder<GzEncoder<_>> = tar::Builder::new(gzip);
    for entry in entries {
        let (size, bytes) = entry.open()?;
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(size);
        header.set_mode(entry.mode());
        header.set_mtime(mtime);
        header.set_uid(0);
        header.set_gid(0);
        // A file that grows meanwhile must not shift what follows; one that shrinks is an error further down.
        let mut bytes = Counted {
            from: bytes.take(size),
            count: 0,
        };
        archive.append_data(&mut header, &entry.name, &mut bytes)?;
        if bytes.count != size {
            return Err(io::Error::other(format!(
                "{} changed while it was packed",
                entry.name
            )));
        }
    }
    archive.into_inner()?.finish()?.flush()
}

struct Counted<R> {
    from: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

#[cfg(unix)]
fn is_executable(path: &Utf8Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::metadata(path)?.permissions().mode() & 0o100 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Utf8Path) -> io::Result<bool> {
    fs::metadata(path).map(|_| false)
}
