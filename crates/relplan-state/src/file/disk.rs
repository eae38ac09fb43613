//! What the file store asks of a disk, and the disk of this machine.
//!
//! Why: whether a journal outlives a loss of power depends on the order of a few operations and on nothing that a test
//! could see on a disk that never fails. The simulated world runs the very same store on a disk that forgets what was
//! not synced, so each operation that a crash may come before or after is one call here.

use std::{
    borrow::Cow,
    fmt,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    pin::pin,
    task::{Context, Poll, Waker},
};

use relplan_model::port::StoreError;
use relplan_system::tree::{self, Checkout, PlaceError, ReadError};

use crate::blocking::blocking;

/// A disk that a journal is kept on.
pub trait Disk: fmt::Debug + Send + Sync + 'static {
    /// A file that is open. It is closed, and its lock given back, when it is dropped.
    type File: DiskFile;

    /// Does work on this disk, where such work may be done. `location` is for what cannot be done at all.
    fn carry_out<T: Send + 'static>(
        &self,
        location: String,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Creates a folder and those above it, as far as they are not there.
    fn create_folders(&self, folder: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Makes the names in a folder survive a loss of power.
    fn sync_folder(&self, folder: &Path) -> impl Future<Output = io::Result<()>> + Send;

    /// Opens a file that is there, to read it.
    fn open(&self, path: &Path) -> impl Future<Output = io::Result<Self::File>> + Send;

    /// Opens a file to write to it, and creates it if it is not there.
    fn open_or_create(&self, path: &Path) -> impl Future<Output = io::Result<Self::File>> + Send;
}

/// An open file of a [`Disk`].
pub trait DiskFile: Send + 'static {
    /// Waits until nobody else has a lock on the file, and takes one.
    fn lock(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// Waits until nobody has a lock on the file but such as share it, and takes one that is shared.
    fn lock_shared(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    /// How many bytes it has.
    fn size(&mut self) -> impl Future<Output = io::Result<u64>> + Send;

    /// Its bytes from one place up to another, or as many as there are.
    fn read_at(&mut self, start: u64, end: u64)
    -> impl Future<Output = io::Result<Vec<u8>>> + Send;

    /// Cuts it off.
    fn set_len(&mut self, length: u64) -> impl Future<Output = io::Result<()>> + Send;

    /// Writes all of these bytes from this place on.
    fn write_at(&mut self, at: u64, bytes: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// Returns when everything that was written to it, by whomever, survives a loss of power.
    fn sync_data(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

/// The disk of this machine.
#[derive(Debug, Clone, Default)]
pub struct LocalDisk {
    /// What a pull request can change on it: a path in it is followed through no link that leads out (law L14).
    checkout: Option<Checkout>,
}

impl LocalDisk {
    /// The disk as seen from a project.
    #[must_use]
    pub fn around(checkout: Checkout) -> Self {
        Self {
            checkout: Some(checkout),
        }
    }

    fn place<'p>(&self, path: &'p Path) -> io::Result<Cow<'p, Path>> {
        match &self.checkout {
            Some(checkout) => {
                let place = checkout.place(path).map_err(PlaceError::into_io)?;
                Ok(Cow::Owned(place))
            }
            None => Ok(Cow::Borrowed(path)),
        }
    }
}

impl Disk for LocalDisk {
    type File = File;

    async fn carry_out<T: Send + 'static>(
        &self,
        location: String,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        blocking(location, || at_once(work)).await
    }

    async fn create_folders(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(self.place(folder)?)
    }

    async fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        tree::sync_folder(&self.place(folder)?)
    }

    async fn open(&self, path: &Path) -> io::Result<File> {
        tree::open_named(&self.place(path)?).map_err(ReadError::into_io)
    }

    async fn open_or_create(&self, path: &Path) -> io::Result<File> {
        tree::open_to_write(&self.place(path)?)
    }
}

impl DiskFile for File {
    async fn lock(&mut self) -> io::Result<()> {
        Self::lock(self)
    }

    async fn lock_shared(&mut self) -> io::Result<()> {
        Self::lock_shared(self)
    }

    async fn size(&mut self) -> io::Result<u64> {
        self.seek(SeekFrom::End(0))
    }

    async fn read_at(&mut self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        self.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        self.take(end.saturating_sub(start))
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    async fn set_len(&mut self, length: u64) -> io::Result<()> {
        Self::set_len(self, length)
    }

    async fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(at))?;
        self.write_all(bytes)
    }

    async fn sync_data(&mut self) -> io::Result<()> {
        Self::sync_data(self)
    }
}

/// What work comes to that never waits: calls to this machine's disk block instead, so that one poll is all.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Poll::Ready(done) = work.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return done;
        }
    }
}
