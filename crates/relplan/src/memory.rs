//! What this machine remembers of projects: under which policy it released them, and how far their journals had come.
//!
//! It lies in the user's own state folder (`$XDG_STATE_HOME/relplan`, else `~/.local/state/relplan`), never in the tree: what
//! a checkout brings along must neither add to it nor take from it.
//!
//! Why: a policy is remembered by the journal, and whoever names another journal (another `--state`, a plan made on one, an
//! empty folder) would be rid of it. A machine that has once released a project under a policy asks for it in each of them.
//!
//! Invariant: memory only demands. It is written by what this machine did itself, and only a person's own command
//! (`relplan policy forget`) takes a policy out of it.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use relplan_model::{
    approval::PinnedPolicy, canonical, digest::Sha256, plan::Base, port::Clock as _, state::State,
    time::Timestamp,
};
use relplan_state::{Here, KnownJournal, KnownJournals, Place};
use relplan_system::tree;
use relplan_targets::surroundings::Surroundings;
use serde::{Deserialize, Serialize};

use crate::{
    clock::SystemClock, commands::Session, exit::Exit, failure::Failure, files::write_whole,
    next::Situation, store,
};

/// The version of what such a file says. It is nobody's to read but relplan's own.
const VERSION: u64 = 1;

/// The longest file that is read, in bytes.
const MAX_SIZE: u64 = 1 << 20;

/// What is known of one project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Known {
    version: u64,
    /// The project's name.
    pub project: String,
    /// The policy that its releases need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<KnownPolicy>,
    /// Its journals, by lineage.
    #[serde(default, skip_serializing_if = "KnownJournals::is_empty")]
    pub journals: KnownJournals,
}

/// A policy that was in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct KnownPolicy {
    /// Its version and digest.
    pub pin: PinnedPolicy,
    /// The journal that had it.
    pub lineage: String,
    /// Where that journal was.
    pub place: String,
    /// When that was seen last.
    pub at: Timestamp,
}

/// The user's folder of such files.
#[derive(Debug, Clone)]
pub struct Memory(Option<PathBuf>);

impl Memory {
    /// The folder of this user; a process without a home remembers nothing, nor does one whose folder lies in the tree.
    pub fn of(surroundings: &Surroundings) -> Self {
        let programs = surroundings.programs();
        let is_outside = |folder: &PathBuf| !programs.roots().reach(folder);
        Self(Self::named_by(surroundings).filter(is_outside))
    }

    /// The folder that the environment leads to, wherever that is.
    pub fn named_by(surroundings: &Surroundings) -> Option<PathBuf> {
        let set = surroundings.var("XDG_STATE_HOME").map(PathBuf::from);
        // As the specification of these folders has it: a relative one is no such folder.
        let set = set.filter(|folder| folder.is_absolute());
        let home = || Some(surroundings.home()?.join(".local/state"));
        set.or_else(home).map(|folder| folder.join("relplan"))
    }

    /// A folder below it.
    pub fn folder(&self, name: &str) -> Option<PathBuf> {
        Some(self.0.as_ref()?.join(name))
    }

    fn file(&self, project: &str) -> Option<PathBuf> {
        let name = Sha256::of(project.as_bytes()).hex();
        let name = name.get(..32).unwrap_or(&name);
        Some(self.folder("projects")?.join(format!("{name}.json")))
    }

    /// What is known of a project.
    ///
    /// # Errors
    /// When its file cannot be read: what it demands is not known then.
    pub fn known(&self, project: &str) -> Result<Option<Known>, Failure> {
        match self.file(project) {
            Some(file) => read(&file),
            None => Ok(None),
        }
    }

    /// All projects of which something is known.
    pub fn all(&self) -> Vec<Known> {
        let entries = self.folder("projects").map(std::fs::read_dir);
        let Some(Ok(entries)) = entries else {
            return Vec::new();
        };
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
        let mut all: Vec<Known> = files.filter_map(|file| read(&file).ok()?).collect();
        all.sort_by(|a, b| a.project.cmp(&b.project));
        all
    }

    /// Changes what is known of a project, one process after another.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn update(&self, project: &str, change: impl FnOnce(&mut Known)) -> Result<(), Failure> {
        let Some(file) = self.file(project) else {
            return Ok(());
        };
        let folder = file.parent().unwrap_or(Path::new("/"));
        let locked = || {
            std::fs::create_dir_all(folder)?;
            let lock = tree::open_to_write(&folder.join("lock"))?;
            lock.lock()?;
            Ok::<File, std::io::Error>(lock)
        };
        let _lock = locked().map_err(|error| {
            Failure::of(Exit::Internal, &error).while_doing(format!(
                "cannot write down in {} what this machine has seen of {project}",
                folder.display()
            ))
        })?;
        let before = read(&file)?;
        let mut known = before.clone().unwrap_or_else(|| Known {
            version: VERSION,
            project: project.to_owned(),
            policy: None,
            journals: KnownJournals::new(),
        });
        change(&mut known);
        if before.as_ref() == Some(&known) {
            return Ok(());
        }
        let bytes =
            canonical::to_bytes(&known).map_err(|error| Failure::of(Exit::Internal, &error))?;
        write_whole(&file, &bytes)
    }
}

/// Has this machine remember how far a journal has come that a command just wrote to: whoever goes back to a copy of it
/// from before is refused, as after an apply.
///
/// # Errors
/// When it cannot be written down.
pub fn note_head(session: &Session, place: &Place, state: &State) -> Result<(), Failure> {
    let here = store::here(session, place);
    let memory = Memory::of(&session.surroundings);
    memory.update(&state.project, |known| {
        known.reached(state.base(), here, SystemClock.now());
    })
}

impl Known {
    /// Takes note of the policy that is in force in a journal.
    pub fn under(&mut self, pin: PinnedPolicy, lineage: &str, place: &str, at: Timestamp) {
        self.policy = Some(KnownPolicy {
            pin,
            lineage: lineage.to_owned(),
            place: place.to_owned(),
            at,
        });
    }

    /// Takes note of how far a journal has come.
    pub fn reached(&mut self, base: Base, here: Here<'_>, at: Timestamp) {
        self.journals.extend(KnownJournal::of(base, here, at));
    }
}

fn read(file: &Path) -> Result<Option<Known>, Failure> {
    let cannot = |error: &dyn std::error::Error| {
        Failure::of(Exit::Store, error)
            .while_doing(format!(
                "cannot read what this machine has seen of the project, in {}",
                file.display()
            ))
            .hint("it says which policy releases of the project need; restore it, or delete it if you know that they need none")
    };
    let bytes = match tree::read_named(file, MAX_SIZE) {
        Ok(bytes) => bytes,
        Err(error) if error.is_missing() => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    let limit = usize::try_from(MAX_SIZE).unwrap_or(usize::MAX);
    let known = canonical::from_bytes(&bytes, limit);
    if is_later(&bytes) {
        let message = format!("it was written by a later relplan: {}", file.display());
        return Err(Failure::new(Exit::Store, message)
            .while_doing("cannot read what this machine has seen of the project")
            .situation(Situation::LaterFormat));
    }
    known.map(Some).map_err(|error| cannot(&error))
}

/// Whether a later relplan wrote such a file, whatever else it says.
fn is_later(bytes: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Versioned {
        version: u64,
    }
    serde_json::from_slice(bytes).is_ok_and(|Versioned { version }| version > VERSION)
}
