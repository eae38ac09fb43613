//! Fetched files, kept by digest in the user's cache: `sha256-<digits>`, and the same file as `sha512-<digits>`.
//!
//! Invariant: a name appears with all of its bytes or not at all, and what is read is hashed again, so that several
//! runs may use one folder, a killed one leaves nothing wrong, and an altered file is as good as none.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use relplan_model::digest::{Algorithm, Comparison, Digests};
use relplan_system::tree;

use super::MAX_FILE;
use crate::http::cache::make;

/// The algorithms that files are kept by.
const KEPT: [(Algorithm, &str); 2] = [(Algorithm::Sha256, "sha256"), (Algorithm::Sha512, "sha512")];

/// A folder of fetched files.
#[derive(Debug, Clone)]
pub struct Store {
    folder: Option<PathBuf>,
}

impl Store {
    pub(crate) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    /// The bytes that have these digests; `None` when they are not there, or what is there has others.
    pub async fn load(&self, digests: &Digests) -> Option<Vec<u8>> {
        let (folder, digests) = (self.folder.clone()?, digests.clone());
        let read = move || names(&digests).find_map(|name| read(&folder.join(name), &digests));
        tokio::task::spawn_blocking(read).await.ok()?
    }

    /// Keeps bytes. A cache that cannot be written only costs time, so failures are not told.
    pub(crate) async fn keep(&self, bytes: &[u8], digests: &Digests) {
        let Some(folder) = self.folder.clone() else {
            return;
        };
        let (bytes, digests) = (bytes.to_vec(), digests.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &bytes, &digests)).await;
        drop(written);
    }
}

/// The names of the file with these digests. Digits are hexadecimal by the digests' own invariant; anything else is
/// no name here.
fn names(digests: &Digests) -> impl Iterator<Item = String> {
    KEPT.into_iter().filter_map(|(algorithm, word)| {
        let digits = digests.get(algorithm)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| format!("{word}-{digits}"))
    })
}

fn read(file: &Path, wanted: &Digests) -> Option<Vec<u8>> {
    let bytes = tree::read_named(file, MAX_FILE).ok()?;
    (wanted.compare(&Digests::of(&bytes)) == Comparison::Same).then_some(bytes)
}

fn write(folder: &Path, bytes: &[u8], digests: &Digests) -> io::Result<()> {
    make(folder)?;
    // Temporary files are made with mode 0600: what a private registry holds is nobody else's business.
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(bytes)?;
    let mut names = names(digests);
    let Some(first) = names.next().map(|name| folder.join(name)) else {
        return Ok(());
    };
    temporary.persist(&first)?;
    for name in names {
        let other = folder.join(name);
        // One file under two names; where the file system has no such thing, the first name has to do.
        let _ = fs::remove_file(&other);
        fs::hard_link(&first, &other)?;
    }
    Ok(())
}
