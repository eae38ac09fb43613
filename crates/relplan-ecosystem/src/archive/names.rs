//! The paths that a client has written so far, so that no member is written over or through another one.

use std::collections::BTreeMap;

/// How many bytes of paths are kept of one archive.
const KEPT: usize = 16 << 20;

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    Folder,
    File,
    Link,
}

/// The paths of one archive.
#[derive(Debug, Default)]
pub(super) struct Names {
    paths: BTreeMap<String, Taken>,
    kept: usize,
}

impl Names {
    pub(super) fn is_file(&self, path: &str) -> bool {
        self.paths.get(path) == Some(&Taken::File)
    }

    /// Takes a path, and its folders with it. A folder may be there more than once.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub(super) fn take(&mut self, path: &str, taken: Taken) -> Result<(), &'static str> {
        match (self.paths.get(path), taken) {
            (None, _) => self.keep(path, taken)?,
            (Some(Taken::Folder), Taken::Folder) => return Ok(()),
            (Some(Taken::Folder), _) | (Some(_), Taken::Folder) => {
                return Err("which is both a file and a folder");
            }
            (Some(_), _) => {
                return Err("which is there more than once, so that readers may take either");
            }
        }
        let mut below = path;
        while let Some((folder, _)) = below.rsplit_once('/') {
            match self.paths.get(folder) {
                None => self.keep(folder, Taken::Folder)?,
                // Its own folders were taken with it.
                Some(Taken::Folder) => break,
                Some(Taken::File) => return Err("whose folder is a file as well"),
                Some(Taken::Link) => return Err("which is written through a link"),
            }
            below = folder;
        }
        Ok(())
    }

    fn keep(&mut self, path: &str, taken: Taken) -> Result<(), &'static str> {
        self.kept += path.len();
        if self.kept > KEPT {
            return Err("and more paths before it than are read");
        }
        self.paths.insert(path.to_owned(), taken);
        Ok(())
    }
}
