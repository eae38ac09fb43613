//! A simulated disk as the file store sees it: its operations take time, fail, and are what a kill comes before, after
//! or in the middle of.

use std::{
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
    task::{Poll, Waker},
};

use relplan_model::port::StoreError;
use relplan_state::{Disk, DiskFile};

use super::{
    Flaw, Inner, Shared, call, latency,
    platter::{Failure, Inode, Lock},
};

/// A world's disk.
#[derive(Clone)]
pub(super) struct SimDisk(pub(super) Arc<Shared>);

impl fmt::Debug for SimDisk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a simulated disk")
    }
}

/// An open file of it.
pub(super) struct SimFile {
    shared: Arc<Shared>,
    path: PathBuf,
    held: Lock,
    /// Whether its last sync failed. What is done about that is done at once: whoever is killed at that very moment, and
    /// loses power afterwards, no store could help.
    is_mended: bool,
}

impl Disk for SimDisk {
    type File = SimFile;

    async fn carry_out<T: Send + 'static>(
        &self,
        _location: String,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        // No thread is asked for: which of two comes first would not be the seed's to say.
        work.await
    }

    async fn create_folders(&self, folder: &Path) -> io::Result<()> {
        self.0.lock().platter.create_folders(folder);
        Ok(())
    }

    async fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        call(&self.0).await;
        let mut inner = self.0.lock();
        inner.platter.sync_folder(folder);
        inner.journal_synced();
        Ok(())
    }

    async fn open(&self, path: &Path) -> io::Result<SimFile> {
        let is_there = self.0.lock().platter.file(path).is_some();
        is_there
            .then(|| self.opened(path))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    async fn open_or_create(&self, path: &Path) -> io::Result<SimFile> {
        self.0.lock().platter.create(path);
        Ok(self.opened(path))
    }
}

impl SimDisk {
    fn opened(&self, path: &Path) -> SimFile {
        SimFile {
            shared: Arc::clone(&self.0),
            path: path.to_owned(),
            held: Lock::Free,
            is_mended: false,
        }
    }
}

impl SimFile {
    async fn take(&mut self, wanted: Lock) -> io::Result<()> {
        std::future::poll_fn(|context| {
            let mut inner = self.shared.lock();
            let Some(file) = inner.platter.file(&self.path) else {
                return Poll::Ready(Err(gone()));
            };
            file.lock = match (file.lock, wanted) {
                (Lock::Free, wanted) => wanted,
                (Lock::Shared(others), Lock::Shared(one)) => Lock::Shared(others + one),
                _ => {
                    file.waiting.push(context.waker().clone());
                    return Poll::Pending;
                }
            };
            Poll::Ready(Ok(()))
        })
        .await?;
        self.held = wanted;
        Ok(())
    }

    /// Does something to the file as it is on the disk.
    fn with<T>(&self, work: impl FnOnce(&mut Inode) -> T) -> io::Result<T> {
        let mut inner = self.shared.lock();
        inner.platter.file(&self.path).map(work).ok_or_else(gone)
    }

    fn write(&self, inner: &mut Inner, at: usize, bytes: &[u8]) -> io::Result<()> {
        let file = inner.platter.file(&self.path).ok_or_else(gone)?;
        let is_new = file.content().get(at..at + bytes.len()) != Some(bytes);
        file.write(at, bytes);
        if is_new {
            inner.journal_changed(&self.path, at);
        }
        Ok(())
    }
}

impl DiskFile for SimFile {
    async fn lock(&mut self) -> io::Result<()> {
        self.take(Lock::Exclusive).await
    }

    async fn lock_shared(&mut self) -> io::Result<()> {
        self.take(Lock::Shared(1)).await
    }

    async fn size(&mut self) -> io::Result<u64> {
        self.with(|file| file.content().len() as u64)
    }

    async fn read_at(&mut self, start: u64, end: u64) -> io::Result<Vec<u8>> {
        let (start, end) = (place(start), place(end));
        self.with(|file| {
            let content = file.content();
            let end = end.min(content.len());
            content.get(start..end).unwrap_or_default().to_vec()
        })
    }

    async fn set_len(&mut self, length: u64) -> io::Result<()> {
        let mut inner = self.shared.lock();
        let file = inner.platter.file(&self.path).ok_or_else(gone)?;
        file.cut(place(length));
        inner.journal_changed(&self.path, place(length));
        Ok(())
    }

    async fn write_at(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        if self.is_mended {
            return self.write(&mut self.shared.lock(), place(at), bytes);
        }
        latency(&self.shared).await;
        {
            let mut inner = self.shared.lock();
            let inner = &mut *inner;
            let fails = inner.fails(Failure::Write);
            let is_cut_short = fails || inner.is_killed_at_next();
            if is_cut_short {
                let length = inner.chance.below(bytes.len() as u64 + 1);
                let (written, _) = bytes.split_at(place(length));
                self.write(inner, place(at), written)?;
            }
            if fails {
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        call(&self.shared).await;
        self.write(&mut self.shared.lock(), place(at), bytes)
    }

    async fn sync_data(&mut self) -> io::Result<()> {
        latency(&self.shared).await;
        call(&self.shared).await;
        let mut inner = self.shared.lock();
        let fails = inner.fails(Failure::Sync);
        let does_nothing = inner.flaw == Some(Flaw::Unsynced);
        let file = inner.platter.file(&self.path).ok_or_else(gone)?;
        if fails {
            file.fail_to_sync();
            self.is_mended = true;
            return Err(io::Error::other("the disk did not take it"));
        }
        if !does_nothing {
            file.sync();
            inner.journal_synced();
        }
        Ok(())
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        if self.held == Lock::Free {
            return;
        }
        let waiting = self.with(|file| {
            file.lock = match (file.lock, self.held) {
                (Lock::Shared(all), Lock::Shared(own)) if all > own => Lock::Shared(all - own),
                _ => Lock::Free,
            };
            std::mem::take(&mut file.waiting)
        });
        waiting
            .unwrap_or_default()
            .into_iter()
            .for_each(Waker::wake);
    }
}

impl Inner {
    /// Whether this goes wrong now, as it was to at the next chance.
    fn fails(&mut self, failure: Failure) -> bool {
        let fails = self.platter.failure == Some(failure);
        if fails {
            self.platter.failure = None;
            self.tell(|| format!("the disk fails: {failure:?}"));
        }
        fails
    }

    fn is_killed_at_next(&self) -> bool {
        self.kill_at == Some(self.calls + 1)
    }
}

fn place(at: u64) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

fn gone() -> io::Error {
    io::Error::other("the disk is gone")
}
