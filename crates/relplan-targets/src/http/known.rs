//! What documents said about what was asked of them, kept beside their tags: used only when the registry confirms the tag
//! with 304.
//!
//! Invariant: an entry counts only for the URL, the media type and the question that it was made for, and only if it is
//! exactly what was written. There is one file for each origin. It is replaced in one step, so it is whole or the one
//! before.
//! Why: a plan asks a thousand documents of 26 KB about a few facts each. Keeping the facts costs one small file instead
//! of a thousand, and a confirmed document needs no reading. Losing the file costs time, nothing else.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use relplan_model::{digest::Sha256, observation::Facts};
use relplan_system::tree;
use serde::{Deserialize, Serialize};

use super::cache::{make, origin};

/// The first line. A new version of relplan may read documents with other eyes, so it starts anew; the number rises
/// whenever that happens without a new version.
const HEAD: &str = concat!("relplan.known/2 ", env!("CARGO_PKG_VERSION"));

/// The largest file that is read and kept, in bytes.
const MAX_FILE: usize = 64 << 20;

/// Hexadecimal digits of the name and of the digest at the start of each line.
const DIGITS: usize = 64;

/// One entry, after its name and its digest.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    url: String,
    accept: String,
    question: String,
    etag: Option<String>,
    last_modified: Option<String>,
    facts: Facts,
}

/// What is known of a document as it was under a tag.
pub(super) struct Recalled {
    /// The entity tag to ask with.
    pub(super) etag: Option<String>,
    /// The date to ask with, where there is no tag.
    pub(super) last_modified: Option<String>,
    /// The answer to the question.
    pub(super) facts: Facts,
}

/// Leave to keep what a document says: given with an answer that may be kept.
#[derive(Debug, Clone)]
pub struct Leave {
    pub(super) url: String,
    pub(super) accept: String,
    pub(super) question: String,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// The files, and what came up since they were read, by origin.
#[derive(Debug)]
pub(super) struct Known {
    folder: Option<PathBuf>,
    stored: Mutex<BTreeMap<String, Arc<Stored>>>,
    fresh: Mutex<BTreeMap<String, Lines>>,
}

/// Lines by their names.
type Lines = BTreeMap<String, String>;

/// The file's text, and where each name's line is.
#[derive(Debug, Default)]
struct Stored {
    text: String,
    lines: BTreeMap<String, Range<usize>>,
}

impl Known {
    /// The facts below a folder; nothing is read before it is asked for.
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            stored: Mutex::default(),
            fresh: Mutex::default(),
        }
    }

    fn file(folder: &Path, origin: &str) -> PathBuf {
        folder.join(origin).join("known")
    }

    /// What is stored of an origin, read once.
    fn stored(&self, folder: &Path, origin: &str) -> Arc<Stored> {
        let mut stored = self.stored.lock().unwrap_or_else(PoisonError::into_inner);
        let of_origin = stored.entry(origin.to_owned());
        let read = || Arc::new(Stored::read(&Self::file(folder, origin)));
        Arc::clone(of_origin.or_insert_with(read))
    }

    /// What is known; `None` when nothing is, or nothing that can be trusted.
    pub(super) fn recall(&self, url: &str, accept: &str, question: &str) -> Option<Recalled> {
        let stored = self.stored(self.folder.as_deref()?, &origin(url));
        let name = name(url, accept);
        let line = stored.text.get(stored.lines.get(&name)?.clone())?;
        let (digest, json) = line.get(DIGITS + 1..)?.split_once(' ')?;
        if digest != seal(&name, json) {
            return None;
        }
        let entry: Entry = serde_json::from_str(json).ok()?;
        let fits = entry.url == url && entry.accept == accept && entry.question == question;
        fits.then_some(Recalled {
            etag: entry.etag,
            last_modified: entry.last_modified,
            facts: entry.facts,
        })
    }

    /// Keeps what a document says. It is written when the last client is done.
    pub(super) fn keep(&self, leave: Leave, facts: &Facts) {
        if self.folder.is_none() {
            return;
        }
        let (name, origin) = (name(&leave.url, &leave.accept), origin(&leave.url));
        let entry = Entry {
            url: leave.url,
            accept: leave.accept,
            question: leave.question,
            etag: leave.etag,
            last_modified: leave.last_modified,
            facts: facts.clone(),
        };
        let Ok(json) = serde_json::to_string(&entry) else {
            return;
        };
        let line = format!("{name} {} {json}\n", seal(&name, &json));
        let mut fresh = self.fresh.lock().unwrap_or_else(PoisonError::into_inner);
        fresh.entry(origin).or_default().insert(name, line);
    }

    fn write(&self, folder: &Path, origin: &str, fresh: &Lines) -> io::Result<()> {
        let stored = self.stored(folder, origin);
        let file = Self::file(folder, origin);
        let folder = folder.join(origin);
        make(&folder)?;
        let mut text = format!("{HEAD}\n");
        text.extend(fresh.values().map(String::as_str));
        for (name, line) in &stored.lines {
            let line = stored.text.get(line.clone()).unwrap_or_default();
            if !fresh.contains_key(name) && text.len() + line.len() <= MAX_FILE {
                text.push_str(line);
            }
        }
        // Temporary files are made with mode 0600, and the name changes in one step.
        let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.persist(file)?;
        Ok(())
    }
}

/// After all answers were used, so that nobody waits for it.
impl Drop for Known {
    fn drop(&mut self) {
        let fresh = std::mem::take(&mut self.fresh).into_inner();
        let fresh = fresh.unwrap_or_else(PoisonError::into_inner);
        let Some(folder) = self.folder.clone() else {
            return;
        };
        for (origin, fresh) in fresh {
            // What cannot be written only costs time.
            let _ = self.write(&folder, &origin, &fresh);
        }
    }
}

impl Stored {
    fn read(file: &Path) -> Self {
        Self::try_read(file).unwrap_or_default()
    }

    fn try_read(file: &Path) -> Option<Self> {
        let bytes = tree::read_named(file, u64::try_from(MAX_FILE).ok()?).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut lines = BTreeMap::new();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let whole = at..at + line.len();
            at = whole.end;
            if whole.start == 0 {
                if line.trim_end() != HEAD {
                    return None;
                }
            } else if let Some(name) = line.get(..DIGITS)
                && line.ends_with('\n')
            {
                lines.insert(name.to_owned(), whole);
            }
        }
        Some(Self { text, lines })
    }
}

fn name(url: &str, accept: &str) -> String {
    Sha256::of(format!("{url}\n{accept}").as_bytes()).hex()
}

/// The digest of a line, which holds its name too.
fn seal(name: &str, json: &str) -> String {
    Sha256::of(format!("{name} {}", json.trim_end()).as_bytes()).hex()
}
