//! A temporary folder that somebody removes in any case: whoever made it, or, if that process was killed, the next one
//! that makes such a folder.
//!
//! Invariant: a folder whose maker lives is never removed by another. The maker holds a lock on a file in it as long as
//! it lives, and the system lets go of that lock however the process ends. A remover holds it while it removes, and takes
//! the locked file away last, so that what it leaves when it is killed itself is found again.

use std::{
    fs::{self, File, Metadata, TryLockError},
    io,
    path::Path,
};

use tempfile::TempDir;

/// What the folders' names begin with.
const PREFIX: &str = "relplan-git-";
/// The file that is locked.
const LOCK: &str = "lock.relplan";
/// How often a folder is made anew that somebody took for a dead one's before it was locked.
const TRIES: u32 = 100;

/// The folder; it is removed when this is dropped.
pub(super) struct Folder {
    // Before the lock, so that it is dropped first.
    folder: TempDir,
    _lock: File,
}

impl Folder {
    /// A new one among the system's temporary folders. Those that killed processes left there are removed.
    pub(super) fn new() -> io::Result<Self> {
        Self::new_in(&std::env::temp_dir())
    }

    fn new_in(parent: &Path) -> io::Result<Self> {
        let mut tries = 0;
        loop {
            let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            tries += 1;
            match locked(folder.path()) {
                Ok(lock) => {
                    sweep(parent, folder.path());
                    let _lock = lock;
                    return Ok(Self { folder, _lock });
                }
                // A sweep was faster, in the moment between the folder and its lock.
                Err(error) if tries >= TRIES => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Makes a folder's lock and takes it.
fn locked(folder: &Path) -> io::Result<File> {
    let path = folder.join(LOCK);
    let lock = File::create_new(&path)?;
    lock.try_lock()?;
    // A sweep may have come between the two, and be done by now.
    fs::symlink_metadata(&path)?;
    Ok(lock)
}

/// Removes what killed processes left. Nobody hears of a failure: whoever comes next tries again.
fn sweep(parent: &Path, own: &Path) {
    let (Ok(entries), Ok(own)) = (fs::read_dir(parent), fs::symlink_metadata(own)) else {
        return;
    };
    for entry in entries.flatten() {
        let is_one = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // Among the system's temporary folders there are other people's: links, and folders of theirs.
        let is_ours = || {
            let found = fs::symlink_metadata(entry.path());
            found.is_ok_and(|found| found.is_dir() && have_one_owner(&found, &own))
        };
        if is_one && is_ours() {
            let _ = remove_if_left(&entry.path());
        }
    }
}

#[cfg(unix)]
fn have_one_owner(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.uid() == other.uid()
}

/// Elsewhere temporary folders are each user's own.
#[cfg(not(unix))]
fn have_one_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// Removes a folder if the process that made it is gone.
fn remove_if_left(folder: &Path) -> io::Result<()> {
    let path = folder.join(LOCK);
    let lock = match File::open(&path) {
        Ok(lock) => lock,
        // Its maker was killed before it made the lock, or is about to: then it makes another folder. Whatever is in a
        // folder that has no lock was put there by somebody else, and keeps it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return fs::remove_dir(folder),
        Err(error) => return Err(error),
    };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_file(&path)?;
    fs::remove_dir(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parent: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(parent)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    /// What a process leaves that is killed: the folder, and nobody who holds its lock.
    fn leave(folder: Folder) {
        let Folder { folder, _lock } = folder;
        let _ = folder.keep();
    }

    #[test]
    fn what_killed_processes_left_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path();
        let living = Folder::new_in(parent).unwrap();
        fs::write(living.path().join("HEAD"), "x").unwrap();
        let left = Folder::new_in(parent).unwrap();
        fs::create_dir_all(left.path().join("objects/pack")).unwrap();
        fs::write(left.path().join("objects/pack/one"), "x").unwrap();
        leave(left);
        fs::create_dir(parent.join("relplan-git-empty")).unwrap();
        for foreign in ["relplan-git-foreign", "elsewhere"] {
            fs::create_dir(parent.join(foreign)).unwrap();
            fs::write(parent.join(foreign).join("kept"), "x").unwrap();
        }
        fs::write(parent.join("elsewhere").join(LOCK), "").unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(parent.join("elsewhere"), parent.join("relplan-git-link"))
            .unwrap();

        let next = Folder::new_in(parent).unwrap();
        let mut expected = vec![
            "elsewhere".to_owned(),
            "relplan-git-foreign".to_owned(),
            living.path().file_name().unwrap().display().to_string(),
            next.path().file_name().unwrap().display().to_string(),
        ];
        #[cfg(unix)]
        expected.push("relplan-git-link".to_owned());
        expected.sort();
        assert_eq!(names(parent), expected);
        assert!(living.path().join("HEAD").exists());
        assert_eq!(names(&parent.join("elsewhere")), ["kept", LOCK]);
    }

    /// Many make folders, are killed and sweep at the same time: nobody's folder is taken away from under it.
    #[test]
    fn a_folder_whose_maker_lives_is_never_removed() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(move || {
                    for round in 0..60 {
                        let folder = Folder::new_in(path).unwrap();
                        let file = folder.path().join("objects");
                        fs::write(&file, "mine").unwrap();
                        std::thread::yield_now();
                        assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
                        if round % 3 == 0 {
                            leave(folder);
                        }
                    }
                });
            }
        });
        drop(Folder::new_in(path).unwrap());
        assert_eq!(names(path), Vec::<String>::new());
    }
}
