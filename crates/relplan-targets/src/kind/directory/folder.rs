//! The folder of a static registry: what is in it is read freely and changed under one lock.
//!
//! Invariant: a file appears with all of its bytes or not at all, and is durable when the call returns; an artifact is
//! never replaced, not even when two processes put it at the same time.
//! Why: readers (clients, web servers, relplan itself) take no lock, and any of the writers may be killed at any point.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use relplan_model::digest::hex;
use relplan_system::tree::{self, Checkout, PlaceError, ReadError};
use sha2::Digest as _;
use tempfile::NamedTempFile;

/// The folder inside for what is nobody's business: the lock, and files that are not complete yet.
const PRIVATE: &str = ".relplan";

/// What the names of files that are not complete yet begin with.
const NEW: &str = "new-";

/// What of the folder's entries shows that it is such a registry.
const OURS: [&str; 5] = [PRIVATE, "cargo", "npm", "npm-tarballs", "python"];

/// How long another process may hold the lock.
const PATIENCE: Duration = Duration::from_secs(30);

/// The largest index, packument or page that is read, in bytes.
const MAX_DOCUMENT: u64 = 256 << 20;

/// Why the folder was not read or changed.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    /// The file system said no.
    #[error("{path} could not be {doing}")]
    Io {
        /// The file, relative to the folder.
        path: String,
        /// What was being done.
        doing: &'static str,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// Another process has been changing the folder for a long time.
    #[error("another process holds the folder's lock")]
    Locked,
    /// A file is there with other bytes (law L6).
    #[error("{path} is there already with other bytes")]
    OtherBytes {
        /// The file, relative to the folder.
        path: String,
    },
    /// The folder is not a registry.
    #[error(
        "the folder is not a registry that relplan wrote, and not empty either: {name} is in it; name an empty folder, \
         or make a folder `.relplan` in it to begin one there"
    )]
    Foreign {
        /// One of the things in it.
        name: String,
    },
    /// A document in the folder is not one that relplan wrote.
    #[error("{path} is not what relplan wrote there: {detail}")]
    Damaged {
        /// The file, relative to the folder.
        path: String,
        /// What is wrong.
        detail: String,
    },
    /// A link on the way leads out of the project (law L14).
    #[error(transparent)]
    Outside(PlaceError),
    /// What is asked for cannot be in such a registry.
    #[error("{why}")]
    Impossible {
        /// Why not.
        why: String,
    },
}

impl FolderError {
    /// What to do about it, where there is something to say.
    pub(super) fn advice(&self) -> Option<&'static str> {
        match self {
            Self::Outside(place) => place.advice(),
            Self::Io { .. }
            | Self::Locked
            | Self::OtherBytes { .. }
            | Self::Foreign { .. }
            | Self::Damaged { .. }
            | Self::Impossible { .. } => None,
        }
    }
}

/// The folder of a static registry; it need not exist yet.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    checkout: Checkout,
    path: PathBuf,
}

impl Folder {
    /// The folder at this path of a project.
    pub(super) fn new(checkout: Checkout, path: impl Into<PathBuf>) -> Self {
        Self {
            checkout,
            path: path.into(),
        }
    }

    /// Where it is when links are followed.
    ///
    /// # Errors
    /// When one of them leads out of the project.
    pub(super) fn root(&self) -> Result<PathBuf, FolderError> {
        let place = self.checkout.place(&self.path);
        place.map_err(FolderError::Outside)
    }

    /// Where something in it is when links are followed, which may be planted in the folder as well as on the way to it.
    fn at(&self, path: &str) -> Result<PathBuf, FolderError> {
        let place = self.checkout.place(&self.path.join(path));
        place.map_err(FolderError::Outside)
    }

    /// Opens a file; `None`: there is none.
    fn open(&self, path: &str) -> Result<Option<File>, FolderError> {
        let place = self.at(path)?;
        match tree::open_named(&place) {
            Ok(file) => Ok(Some(file)),
            Err(ReadError::Missing { .. }) => match fs::symlink_metadata(&place) {
                Err(error) if !is_absence(&error) => Err(io_error(path, "read", error)),
                _ => Ok(None),
            },
            Err(error) => Err(io_error(path, "read", error.into_io())),
        }
    }

    /// Reads a document; `None`: there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read, or something else has its place or that of a folder on the way to it.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FolderError> {
        let read = |source| io_error(path, "read", source);
        let Some(file) = self.open(path)? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.take(MAX_DOCUMENT + 1)
            .read_to_end(&mut bytes)
            .map_err(read)?;
        if bytes.len() as u64 > MAX_DOCUMENT {
            return Err(FolderError::Damaged {
                path: path.to_owned(),
                detail: format!("it has more than {MAX_DOCUMENT} bytes"),
            });
        }
        Ok(Some(bytes))
    }

    /// The size of an artifact in bytes; `None`: there is no such file.
    ///
    /// # Errors
    /// When the file system does not say.
    pub(super) fn size(&self, path: &str) -> Result<Option<u64>, FolderError> {
        match fs::metadata(self.at(path)?) {
            Ok(about) if about.is_file() => Ok(Some(about.len())),
            Ok(_) => Err(io_error(
                path,
                "looked at",
                io::ErrorKind::IsADirectory.into(),
            )),
            Err(error) if is_absence(&error) => Ok(None),
            Err(error) => Err(io_error(path, "looked at", error)),
        }
    }

    /// The SHA-256 of an artifact's bytes as they are now; `None`: there is no such file.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub(super) fn sha256(&self, path: &str) -> Result<Option<String>, FolderError> {
        let Some(mut file) = self.open(path)? else {
            return Ok(None);
        };
        let mut hash = sha2::Sha256::new();
        let mut block = vec![0; 64 << 10];
        loop {
            match file.read(&mut block) {
                Ok(0) => return Ok(Some(hex(&hash.finalize()))),
                Ok(count) => hash.update(block.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io_error(path, "read", error)),
            }
        }
    }

    /// The names of the folders in a folder, in order.
    ///
    /// # Errors
    /// When it is there and cannot be listed.
    pub(super) fn folders(&self, path: &str) -> Result<Vec<String>, FolderError> {
        let list = |source| io_error(path, "listed", source);
        let entries = match fs::read_dir(self.at(path)?) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(Vec::new()),
            Err(error) => return Err(list(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(list)?;
            if entry.file_type().map_err(list)?.is_dir() {
                names.extend(entry.file_name().into_string());
            }
        }
        names.sort();
        Ok(names)
    }

    /// Finds out, without writing, whether the folder is one or could be made, and is not read-only.
    ///
    /// # Errors
    /// When it cannot be written as far as can be seen.
    pub(super) fn ready(&self) -> Result<(), FolderError> {
        let io = |source| io_error(".", "used", source);
        let root = self.root()?;
        for path in root.ancestors() {
            match fs::metadata(path) {
                Ok(about) if !about.is_dir() => {
                    return Err(io(io::ErrorKind::NotADirectory.into()));
                }
                Ok(about) if about.permissions().readonly() => {
                    return Err(io(io::ErrorKind::ReadOnlyFilesystem.into()));
                }
                Ok(_) => return Ok(()),
                Err(error) if is_absence(&error) => {}
                Err(error) => return Err(io(error)),
            }
        }
        Ok(())
    }

    /// Whether what is not in the folder is not in the registry: the folder is one that relplan wrote, or nothing is in
    /// it yet, or it is not there yet. Anything else may be the wrong folder (law L5).
    ///
    /// # Errors
    /// When it holds other things alone, or cannot be listed.
    pub(super) fn check_root(&self) -> Result<(), FolderError> {
        let list = |source| io_error(".", "listed", source);
        let entries = match fs::read_dir(self.root()?) {
            Ok(entries) => entries,
            Err(error) if is_absence(&error) => return Ok(()),
            Err(error) => return Err(list(error)),
        };
        let mut other = None;
        for entry in entries {
            let name = entry.map_err(list)?.file_name();
            let name = name.to_string_lossy();
            if OURS.contains(&&*name) {
                return Ok(());
            }
            // What file systems, git and web hosts keep in an empty folder.
            if !name.starts_with('.') && name != "lost+found" {
                other = Some(name.into_owned());
            }
        }
        match other {
            None => Ok(()),
            Some(name) => Err(FolderError::Foreign { name }),
        }
    }

    /// Takes the lock that all changes need, waiting for other processes.
    ///
    /// # Errors
    /// When the folder cannot be made, or another process keeps the lock for long.
    pub(super) fn lock(&self) -> Result<Locked<'_>, FolderError> {
        let temporary = self.at(&format!("{PRIVATE}/tmp"))?;
        fs::create_dir_all(&temporary).map_err(|error| io_error(PRIVATE, "made", error))?;
        let path = format!("{PRIVATE}/lock");
        let open = tree::open_to_write(&self.at(&path)?);
        let lock = open.map_err(|error| io_error(&path, "opened", error))?;
        let since = Instant::now();
        loop {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if since.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Err(FolderError::Locked),
                Err(TryLockError::Error(error)) => return Err(io_error(&path, "locked", error)),
            }
        }
        let locked = Locked {
            folder: self,
            temporary,
            _lock: lock,
        };
        locked.sweep();
        Ok(locked)
    }
}

/// The folder while nobody else changes it.
#[derive(Debug)]
pub(super) struct Locked<'a> {
    folder: &'a Folder,
    temporary: PathBuf,
    /// Closing it releases the lock.
    _lock: File,
}

impl Locked<'_> {
    /// The folder, for reading.
    pub(super) fn folder(&self) -> &Folder {
        self.folder
    }

    /// Puts an artifact into its place unless the same bytes are there.
    ///
    /// # Errors
    /// When other bytes are there, or it cannot be written.
    pub(super) fn put(
        &self,
        path: &str,
        sha256: &str,
        mut bytes: impl Read,
    ) -> Result<(), FolderError> {
        if self.has(path, sha256)? {
            return Ok(());
        }
        let write = |source| io_error(path, "written", source);
        let mut file = self.new_file().map_err(write)?;
        io::copy(&mut bytes, &mut file).map_err(write)?;
        file.as_file().sync_all().map_err(write)?;
        let place = self.place(path)?;
        match file.persist_noclobber(&place) {
            Ok(_) => sync_parent(&place).map_err(write),
            // A writer that knows nothing of the lock was first.
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                self.has(path, sha256).map(drop)
            }
            Err(error) => Err(write(error.error)),
        }
    }

    /// Replaces a document, unless it says the same already.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn replace(&self, path: &str, bytes: &[u8]) -> Result<(), FolderError> {
        if self.folder.read(path)?.as_deref() == Some(bytes) {
            return Ok(());
        }
        let write = |source| io_error(path, "written", source);
        let mut file = self.new_file().map_err(write)?;
        file.write_all(bytes).map_err(write)?;
        file.as_file().sync_all().map_err(write)?;
        let place = self.place(path)?;
        file.persist(&place).map_err(|error| write(error.error))?;
        sync_parent(&place).map_err(write)
    }

    fn has(&self, path: &str, sha256: &str) -> Result<bool, FolderError> {
        match self.folder.sha256(path)? {
            Some(found) if found == sha256 => Ok(true),
            Some(_) => Err(FolderError::OtherBytes {
                path: path.to_owned(),
            }),
            None => Ok(false),
        }
    }

    /// A file that becomes visible to clients only by being moved; readable by the web server of another user.
    fn new_file(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        builder.prefix(NEW).tempfile_in(&self.temporary)
    }

    fn place(&self, path: &str) -> Result<PathBuf, FolderError> {
        let place = self.folder.at(path)?;
        if let Some(parent) = place.parent() {
            make_folder(parent).map_err(|error| io_error(path, "written", error))?;
        }
        Ok(place)
    }

    /// Removes what killed writers left. Under the lock nobody is writing, so whatever is there is left over.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.temporary) else {
            return;
        };
        for entry in entries.flatten() {
            // A leftover that stays does no harm, and what else is there may be another folder's, by a link.
            if entry.file_name().to_string_lossy().starts_with(NEW) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => sync_parent(path),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Makes a new name durable.
fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => tree::sync_folder(parent),
        None => Ok(()),
    }
}

/// Nothing is there. A file in the place of a folder is something else: what should be below it is not absent.
fn is_absence(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Whether a failure lasts until somebody puts something right, so that trying again would only repeat it.
pub(super) fn is_lasting(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::AlreadyExists
            | io::ErrorKind::PermissionDenied
            | io::ErrorKind::ReadOnlyFilesystem
            | io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::InvalidFilename
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::Unsupported
    )
}

fn io_error(path: &str, doing: &'static str, source: io::Error) -> FolderError {
    FolderError::Io {
        path: path.to_owned(),
        doing,
        source,
    }
}
