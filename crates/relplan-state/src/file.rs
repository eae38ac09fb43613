//! A journal in a folder: `journal.jsonl`, and `lock`, which is empty and only ever locked.
//!
//! Invariant: bytes before the journal's last newline are never changed. An append holds the lock, compares the last
//! line's digest with the head that it was told, writes all of its lines at once and syncs them before it answers.
//!
//! Why: the cost of recording a step must not grow with the steps recorded, so an append reads the file's tail alone.
//! A write that a crash cut short leaves a piece without a newline; nobody was told that it had been written, so it is
//! left out when loading and cut off by the next append.
//!
//! Before a journal has its first line, its name and those of the folders above it are made to survive a loss of power.
//! After that line it would be too late: whoever comes next cannot tell whether the first one lived to do it.

mod disk;
mod tail;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};

pub use self::disk::{Disk, DiskFile, LocalDisk};
use self::tail::Tail;
use crate::block::Block;

/// The longest journal that is kept, in bytes: a million entries and more. It is read as a whole.
const MAX_JOURNAL: u64 = 512 << 20;

/// Keeps a journal in a folder on a disk: on this machine's, unless a test has one of its own.
#[derive(Debug, Clone)]
pub struct FileStore<D = LocalDisk> {
    folder: Arc<Folder<D>>,
}

impl FileStore {
    /// The store in this folder, which need not exist before the first append.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self::on(LocalDisk::default(), folder)
    }
}

impl<D: Disk> FileStore<D> {
    /// The store in this folder of a disk.
    #[must_use]
    pub fn on(disk: D, folder: impl Into<PathBuf>) -> Self {
        let path = folder.into();
        Self {
            folder: Arc::new(Folder { disk, path }),
        }
    }

    /// The journal's own file.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.journal()
    }

    async fn carry_out<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let location = self.folder.location();
        self.folder.disk.carry_out(location, work).await
    }
}

impl<D: Disk> StateStore for FileStore<D> {
    fn location(&self) -> String {
        self.folder.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(self.carry_out(async move { folder.load().await }))
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            let block = Block::new(head, entries).map_err(|why| self.folder.damage(why))?;
            let folder = Arc::clone(&self.folder);
            self.carry_out(async move { folder.append(head, &block).await })
                .await
        })
    }

    fn torn(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(self.carry_out(async move { folder.torn().await }))
    }
}

#[derive(Debug)]
struct Folder<D> {
    disk: D,
    path: PathBuf,
}

impl<D: Disk> Folder<D> {
    fn location(&self) -> String {
        self.path.display().to_string()
    }

    fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    fn damage(&self, detail: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            location: self.location(),
            detail: detail.into(),
        }
    }

    /// Makes an I/O error one of the store.
    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StoreError {
        let location = self.location();
        move |source| StoreError::Io {
            location,
            doing,
            source,
        }
    }

    async fn load(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let _lock = self.lock_shared().await;
        let Some(mut file) = self.open().await? else {
            return Ok(Vec::new());
        };
        let size = file.size().await;
        let size = size.map_err(self.failed("reading the journal"))?;
        self.bounded(size)?;
        let bytes = file.read_at(0, size).await;
        let bytes = bytes.map_err(self.failed("reading the journal"))?;
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(Vec::from).collect();
        // What follows the last newline is nothing, or a piece that a crash left.
        lines.pop();
        Ok(lines)
    }

    async fn torn(&self) -> Result<bool, StoreError> {
        let _lock = self.lock_shared().await;
        let Some(mut file) = self.open().await? else {
            return Ok(false);
        };
        let torn = tail::ends_torn(&mut file).await;
        torn.map_err(self.failed("reading the journal's end"))
    }

    fn bounded(&self, size: u64) -> Result<(), StoreError> {
        match size > MAX_JOURNAL {
            true => Err(self.damage(format!("a journal has at most {MAX_JOURNAL} bytes"))),
            false => Ok(()),
        }
    }

    async fn open(&self) -> Result<Option<D::File>, StoreError> {
        match self.disk.open(&self.journal()).await {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("opening the journal")(error)),
        }
    }

    async fn append(&self, expected: Sha256, block: &Block) -> Result<Sha256, StoreError> {
        let created = self.disk.create_folders(&self.path).await;
        created.map_err(self.failed("creating its folder"))?;
        let _lock = self.lock().await?;
        let opened = self.disk.open_or_create(&self.journal()).await;
        let mut file = opened.map_err(self.failed("opening the journal"))?;
        let tail = Tail::read(&mut file).await.map_err(|error| match error {
            tail::TailError::Io(error) => self.failed("reading the journal's end")(error),
            tail::TailError::Damaged(detail) => self.damage(detail),
        })?;
        if tail.head != expected {
            return Err(StoreError::Conflict {
                expected,
                found: tail.head,
            });
        }
        let Some(first) = block.first else {
            return Ok(tail.head);
        };
        if first != tail.next {
            return Err(self.damage(format!(
                "entry {first} was to be appended where entry {} belongs",
                tail.next
            )));
        }
        self.bounded(tail.length.saturating_add(block.bytes.len() as u64))?;
        if tail.length == 0 {
            self.sync_names().await?;
        }
        self.write(&mut file, &tail, &block.bytes).await?;
        Ok(block.head)
    }

    /// Writes behind the last whole line. If that fails, the lines that were there before are all that is left.
    async fn write(&self, file: &mut D::File, tail: &Tail, bytes: &[u8]) -> Result<(), StoreError> {
        if tail.torn {
            let cut = file.set_len(tail.length).await;
            cut.map_err(self.failed("cutting off a torn line"))?;
        }
        let mut written = file.write_at(tail.length, bytes).await;
        if written.is_ok() {
            written = file.sync_data().await;
            if written.is_err() {
                let _ = write_again(file, tail.length).await;
            }
        }
        if written.is_err() {
            // If this fails too, a piece without newline is left at worst, or lines that no effect rests on.
            let _ = file.set_len(tail.length).await;
        }
        written.map_err(self.failed("writing the journal"))
    }

    /// Makes the journal's name survive a loss of power, and the names of the folders above it: any of them may have
    /// been created just now, or by a process that was killed before it came to this.
    async fn sync_names(&self) -> Result<(), StoreError> {
        for (height, folder) in self.path.ancestors().enumerate() {
            let is_here = folder.as_os_str().is_empty();
            let folder = if is_here { Path::new(".") } else { folder };
            match self.disk.sync_folder(folder).await {
                // Further up are folders of other people, which may not be read, and kinds of disks that sync none.
                Err(error) if height > 1 && is_of_others(error.kind()) => {}
                synced => synced.map_err(self.failed("syncing its folder"))?,
            }
        }
        Ok(())
    }

    /// The one writer: the compare and the swap happen under this lock.
    async fn lock(&self) -> Result<D::File, StoreError> {
        let opened = self.disk.open_or_create(&self.path.join("lock")).await;
        let mut file = opened.map_err(self.failed("opening its lock"))?;
        file.lock().await.map_err(self.failed("locking"))?;
        Ok(file)
    }

    /// Keeps a reader from seeing half of a write. Where it cannot be had (a read-only folder), the reader may see a
    /// torn end, and nothing worse.
    async fn lock_shared(&self) -> Option<D::File> {
        let mut file = self.disk.open(&self.path.join("lock")).await.ok()?;
        file.lock_shared().await.ok()?;
        Some(file)
    }
}

/// After a failed sync the system holds for written what it could not write, and the next sync would not try it again.
/// That may be lines that a process left which was killed between its write and its sync: they are there for whoever
/// reads the journal, and would be missing in its middle after a loss of power. So all of it is made to be written anew.
async fn write_again(file: &mut impl DiskFile, length: u64) -> io::Result<()> {
    let lines = file.read_at(0, length).await?;
    file.write_at(0, &lines).await
}

fn is_of_others(error: io::ErrorKind) -> bool {
    matches!(
        error,
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
    )
}

#[cfg(test)]
mod tests;
