//! A journal in a folder: `journal.jsonl`, and `lock`, which is empty and only ever locked.
//!
//! Invariant: bytes before the journal's last newline are never changed. An append holds the lock, compares the last
//! line's digest with the head that it was told, writes all of its lines at once and syncs them before it answers.
//!
//! Why: the cost of recording a step must not grow with the steps recorded, so an append reads the file's tail alone.
//! A write that a crash cut short leaves a piece without a newline; nobody was told that it had been written, so it is
//! left out when loading and cut off by the next append.

mod tail;

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};

use self::tail::Tail;
use crate::{block::Block, blocking::blocking};

/// Keeps a journal in a folder on this machine.
#[derive(Debug, Clone)]
pub struct FileStore {
    folder: Arc<Folder>,
}

impl FileStore {
    /// The store in this folder, which need not exist before the first append.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: Arc::new(Folder(folder.into())),
        }
    }

    /// The journal's own file.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.journal()
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Folder) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let folder = Arc::clone(&self.folder);
        blocking(self.folder.location(), move || work(&folder)).await
    }
}

impl StateStore for FileStore {
    fn location(&self) -> String {
        self.folder.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(self.blocking(Folder::load))
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            let block = Block::new(head, entries).map_err(|why| self.folder.damage(why))?;
            self.blocking(move |folder| folder.append(head, &block))
                .await
        })
    }

    fn torn(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.blocking(Folder::torn))
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn location(&self) -> String {
        self.0.display().to_string()
    }

    fn journal(&self) -> PathBuf {
        self.0.join("journal.jsonl")
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

    fn load(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let bytes = match self.read()? {
            Some(bytes) => bytes,
            None => return Ok(Vec::new()),
        };
        let mut lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(Vec::from).collect();
        // What follows the last newline is nothing, or a piece that a crash left.
        lines.pop();
        Ok(lines)
    }

    fn torn(&self) -> Result<bool, StoreError> {
        let _lock = self.lock_shared();
        let Some(mut file) = self.open()? else {
            return Ok(false);
        };
        tail::ends_torn(&mut file).map_err(self.failed("reading the journal's end"))
    }

    fn read(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let _lock = self.lock_shared();
        match fs::read(self.journal()) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("reading the journal")(error)),
        }
    }

    fn open(&self) -> Result<Option<File>, StoreError> {
        match File::open(self.journal()) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("opening the journal")(error)),
        }
    }

    fn append(&self, expected: Sha256, block: &Block) -> Result<Sha256, StoreError> {
        fs::create_dir_all(&self.0).map_err(self.failed("creating its folder"))?;
        let _lock = self.lock()?;
        let path = self.journal();
        let is_new = !path.exists();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(self.failed("opening the journal"))?;
        let tail = Tail::read(&mut file).map_err(|error| match error {
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
        self.write(&mut file, &tail, &block.bytes)?;
        if is_new {
            sync_folder(&self.0).map_err(self.failed("syncing its folder"))?;
        }
        Ok(block.head)
    }

    /// Writes behind the last whole line. If that fails, the lines that were there before are all that is left.
    fn write(&self, file: &mut File, tail: &Tail, bytes: &[u8]) -> Result<(), StoreError> {
        if tail.torn {
            file.set_len(tail.length)
                .map_err(self.failed("cutting off a torn line"))?;
        }
        let written = file
            .seek(SeekFrom::Start(tail.length))
            .and_then(|_| file.write_all(bytes))
            .and_then(|()| file.sync_data());
        if written.is_err() {
            // If this fails too, a piece without newline is left at worst, or lines that no effect rests on.
            let _ = file.set_len(tail.length);
        }
        written.map_err(self.failed("writing the journal"))
    }

    /// The one writer: the compare and the swap happen under this lock.
    fn lock(&self) -> Result<File, StoreError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.0.join("lock"))
            .map_err(self.failed("opening its lock"))?;
        file.lock().map_err(self.failed("locking"))?;
        Ok(file)
    }

    /// Keeps a reader from seeing half of a write. Where it cannot be had (a read-only folder), the reader may see a
    /// torn end, and nothing worse.
    fn lock_shared(&self) -> Option<File> {
        let file = File::open(self.0.join("lock")).ok()?;
        file.lock_shared().ok()?;
        Some(file)
    }
}

/// Makes a new file's name survive a loss of power, and its folder's own name too.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
        if let Some(parent) = folder.parent()
            && !parent.as_os_str().is_empty()
        {
            File::open(parent)?.sync_all()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
