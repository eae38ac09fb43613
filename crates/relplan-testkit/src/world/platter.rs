//! What is on a simulated disk, and what processes see of it: what they wrote and did not sync they see, and a loss of
//! power takes it, or leaves some of it.
//!
//! Why: a process that is killed leaves all that it wrote; a machine that goes dark leaves what it synced. Between the
//! two everything may be: nothing of a write, all of it, its beginning, or its beginning and zeros where the file had
//! grown already. A name is lost as well if its folder was not synced. What a sync failed to write it has forgotten:
//! the next one does not try it again, and says that all is well.

use std::{
    collections::BTreeMap,
    ops::Range,
    path::{Path, PathBuf},
    task::Waker,
};

use super::Chance;

/// A disk and the cache in front of it.
#[derive(Default)]
pub(super) struct Platter {
    /// Folders that were created, and whether their names would survive.
    folders: BTreeMap<PathBuf, bool>,
    files: BTreeMap<PathBuf, Inode>,
    /// What the next operation of a kind comes to.
    pub(super) failure: Option<Failure>,
}

/// What goes wrong with a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// Some of the next write is written, and then it fails.
    Write,
    /// The next sync fails, and forgets what it should have written.
    Sync,
}

/// A file.
#[derive(Default)]
pub(super) struct Inode {
    /// Whether its name would survive.
    is_named: bool,
    /// What processes see.
    content: Vec<u8>,
    /// What was changed since the last sync, in order.
    unsynced: Vec<Change>,
    /// What a failed sync has forgotten.
    forgotten: Vec<Range<usize>>,
    pub(super) lock: Lock,
    /// Who waits for the lock.
    pub(super) waiting: Vec<Waker>,
}

/// Who has a file's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Lock {
    #[default]
    Free,
    Shared(usize),
    Exclusive,
}

/// A change, and how to take it back.
struct Change {
    at: usize,
    /// What was there from this place up to the end of what was changed.
    before: Vec<u8>,
    /// What is there now; nothing, if the file was cut off here.
    after: Vec<u8>,
}

impl Change {
    fn redo(&self, content: &mut Vec<u8>, length: usize) {
        let (after, _) = self.after.split_at(length);
        if self.after.is_empty() {
            content.truncate(self.at);
        } else {
            overwrite(content, self.at, after);
        }
    }

    fn undo(&self, content: &mut Vec<u8>) {
        if self.at + self.after.len() >= content.len() {
            content.truncate(self.at);
        }
        overwrite(content, self.at, &self.before);
    }
}

/// Puts bytes where others are, or where there is nothing yet.
fn overwrite(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    let tail = content.split_off(content.len().min(at));
    content.resize(at, 0);
    content.extend_from_slice(bytes);
    content.extend(tail.into_iter().skip(bytes.len()));
}

impl Inode {
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }

    /// Whether all that processes see would survive.
    pub(super) fn is_synced(&self) -> bool {
        self.unsynced.is_empty() && self.forgotten.is_empty()
    }

    pub(super) fn write(&mut self, at: usize, bytes: &[u8]) {
        let end = at + bytes.len();
        let before = self.content.iter().take(end).skip(at).copied().collect();
        overwrite(&mut self.content, at, bytes);
        self.unsynced.push(Change {
            at,
            before,
            after: bytes.to_vec(),
        });
        // What is written is to be synced again; what a failed sync forgot around it is not.
        let around = |range: Range<usize>| {
            [
                range.start..range.end.min(at),
                range.start.max(end)..range.end,
            ]
        };
        let forgotten = std::mem::take(&mut self.forgotten);
        self.forgotten = forgotten
            .into_iter()
            .flat_map(around)
            .filter(|range| !range.is_empty())
            .collect();
    }

    pub(super) fn cut(&mut self, at: usize) {
        if at < self.content.len() {
            let before = self.content.split_off(at);
            self.unsynced.push(Change {
                at,
                before,
                after: Vec::new(),
            });
        }
        for range in &mut self.forgotten {
            range.end = range.end.min(at);
        }
        self.forgotten.retain(|range| range.start < range.end);
    }

    pub(super) fn sync(&mut self) {
        self.unsynced.clear();
    }

    pub(super) fn fail_to_sync(&mut self) {
        let written = self.unsynced.iter();
        let ranges = written.map(|change| change.at..change.at + change.after.len());
        self.forgotten
            .extend(ranges.filter(|range| !range.is_empty()));
    }

    fn lose_power(&mut self, chance: &mut Chance) {
        let count = self.unsynced.len() as u64;
        for change in self.unsynced.iter().rev() {
            change.undo(&mut self.content);
        }
        let kept = usize::try_from(chance.below(count + 1)).unwrap_or_default();
        let changes = std::mem::take(&mut self.unsynced);
        for change in changes.iter().take(kept) {
            change.redo(&mut self.content, change.after.len());
        }
        if let Some(change) = changes.get(kept)
            && !change.after.is_empty()
        {
            let length = change.after.len();
            let cut = usize::try_from(chance.below(length as u64)).unwrap_or_default();
            change.redo(&mut self.content, cut);
            if chance.per_mille(300) && self.content.len() == change.at + cut {
                self.content.resize(change.at + length, 0);
            }
        }
        for range in std::mem::take(&mut self.forgotten) {
            for byte in self.content.iter_mut().take(range.end).skip(range.start) {
                *byte = 0;
            }
        }
    }
}

impl Platter {
    pub(super) fn file(&mut self, path: &Path) -> Option<&mut Inode> {
        self.files.get_mut(path)
    }

    /// What processes see of a file.
    pub(super) fn content(&self, path: &Path) -> &[u8] {
        self.files.get(path).map_or(&[], Inode::content)
    }

    /// Whether a file is there, and would still be after a loss of power, with all that is in it.
    pub(super) fn is_durable(&self, path: &Path) -> bool {
        let is_named = |folder: &Path| self.folders.get(folder).is_none_or(|is_named| *is_named);
        self.files
            .get(path)
            .is_some_and(|file| file.is_named && file.is_synced())
            && path.ancestors().skip(1).all(is_named)
    }

    pub(super) fn create(&mut self, path: &Path) {
        self.files.entry(path.to_owned()).or_default();
    }

    /// Somebody puts a whole file in the place of another, for good; an empty one is taken away.
    pub(super) fn replace(&mut self, path: &Path, content: &[u8]) {
        self.files.remove(path);
        if content.is_empty() {
            return;
        }
        for folder in path.ancestors().skip(1) {
            if folder.components().count() > 2 {
                self.folders.insert(folder.to_owned(), true);
            }
        }
        let file = Inode {
            is_named: true,
            content: content.to_vec(),
            ..Inode::default()
        };
        self.files.insert(path.to_owned(), file);
    }

    /// Creates a folder and those above it. The topmost two are there since ever.
    pub(super) fn create_folders(&mut self, folder: &Path) {
        for folder in folder.ancestors() {
            if folder.components().count() > 2 {
                self.folders.entry(folder.to_owned()).or_default();
            }
        }
    }

    /// The names in a folder survive from now on.
    pub(super) fn sync_folder(&mut self, folder: &Path) {
        let is_in = |path: &Path| path.parent() == Some(folder);
        for (path, is_named) in &mut self.folders {
            *is_named |= is_in(path);
        }
        for (path, file) in &mut self.files {
            file.is_named |= is_in(path);
        }
    }

    /// The machine goes dark, and comes back.
    pub(super) fn lose_power(&mut self, chance: &mut Chance) {
        for file in self.files.values_mut() {
            file.lose_power(chance);
            file.lock = Lock::Free;
        }
        // From the top, so that what was in a folder is lost with it.
        self.folders
            .retain(|_, is_named| *is_named || chance.per_mille(500));
        let there: Vec<PathBuf> = self.folders.keys().cloned().collect();
        let is_there =
            |path: &Path| path.components().count() <= 2 || there.contains(&path.to_owned());
        let is_reachable = |path: &Path| path.ancestors().skip(1).all(is_there);
        self.folders.retain(|path, _| is_reachable(path));
        self.files
            .retain(|path, file| is_reachable(path) && (file.is_named || chance.per_mille(500)));
        self.folders
            .values_mut()
            .for_each(|is_named| *is_named = true);
        self.files
            .values_mut()
            .for_each(|file| file.is_named = true);
    }
}
