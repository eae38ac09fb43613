//! State: the fold of the journal. Registries are the truth; state is memory of who, why and which plan, and of
//! outcomes that are still unknown.

mod fold;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, PointerName, TargetName, Version},
    approval::PinnedPolicy,
    canonical::CanonicalError,
    digest::{Digests, Sha256},
    journal::{self, Entry, How, Link, Record, Replaced, Resolution},
    next::Next,
    plan::Base,
    step::StepId,
    time::Timestamp,
};

/// The format name that a printed state carries.
pub const FORMAT: &str = "relplan.state/1";

/// The state as programs get to read it. It is never read back: the journal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Printed {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// What to do about the open plan; `null`: none is open.
    pub next: Option<Next>,
    /// What is known.
    #[serde(flatten)]
    pub state: State,
}

impl Printed {
    /// The state with what to do next.
    #[must_use]
    pub fn new(state: State, next: Option<Next>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            next,
            state,
        }
    }
}

/// Why a journal cannot be folded (exit 10).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FoldError {
    /// A line does not follow the one before it.
    #[error("journal entry {seq} does not follow the one before it: {why}")]
    Chain {
        /// The entry's number as it should be.
        seq: u64,
        /// What does not fit.
        why: &'static str,
    },
    /// An entry says something that cannot be, given those before it.
    #[error("journal entry {seq} cannot be: {why}")]
    Impossible {
        /// The entry's number.
        seq: u64,
        /// What cannot be.
        why: &'static str,
    },
}

/// Why the lines of a journal cannot be read back (exit 10).
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A line is not the canonical form of an entry.
    #[error("journal entry {seq} cannot be read")]
    Line {
        /// The entry's number, from 0.
        seq: u64,
        /// What is wrong with it.
        #[source]
        source: CanonicalError,
    },
    /// A line is whole, and of a kind that this relplan does not know.
    #[error("journal entry {seq} was written by a later relplan{}", needed(needs.as_deref()))]
    Later {
        /// The entry's number, from 0.
        seq: u64,
        /// The version of relplan that reads it, where it says so.
        needs: Option<String>,
    },
    /// A line can be read and does not fit.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

fn needed(version: Option<&str>) -> String {
    version.map_or_else(String::new, |version| {
        format!(" (it needs {version} or later)")
    })
}

/// What is known, folded from the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct State {
    /// The journal's name; `None` before its first entry.
    pub lineage: Option<String>,
    /// The project's name; empty before the first entry.
    pub project: String,
    /// Moves at claim, close, abandonment, adoption and forgetting, never at a step.
    pub serial: u64,
    /// How many entries were folded.
    pub length: u64,
    /// The digest of the last line.
    pub head: Sha256,
    /// The plan that is being applied.
    pub open: Option<Open>,
    /// The policy that approvals were last measured by. Once there is one, nothing is applied without.
    pub policy: Option<PinnedPolicy>,
    /// What we published or adopted.
    pub releases: BTreeMap<Address, BTreeMap<Version, Recorded>>,
    /// Where we pointed pointers.
    pub pointers: BTreeMap<Address, BTreeMap<PointerName, Version>>,
    /// Plans that ended, with how.
    pub ended: BTreeMap<Sha256, Ended>,
    /// Where the journal was moved to last, if it ever was.
    pub moved: Option<Moved>,
    /// The journals that it takes the place of.
    pub replaces: Vec<Replaced>,
}

/// A move of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Moved {
    /// The place that it was moved to.
    pub to: String,
    /// When.
    pub at: Timestamp,
    /// The entry that says so.
    pub entry: u64,
    /// The head before: what rested on it rests on the journal still, as long as nothing else was recorded.
    pub before: Sha256,
}

impl Default for State {
    fn default() -> Self {
        Self {
            lineage: None,
            project: String::new(),
            serial: 0,
            length: 0,
            head: Sha256::ZERO,
            open: None,
            policy: None,
            releases: BTreeMap::new(),
            pointers: BTreeMap::new(),
            ended: BTreeMap::new(),
            moved: None,
            replaces: Vec::new(),
        }
    }
}

/// How a plan ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// All of its steps ended well.
    Closed,
    /// Somebody gave it up.
    Abandoned,
}

/// The plan that is being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Open {
    /// The plan's digest.
    pub plan: Sha256,
    /// When it was claimed.
    pub since: Timestamp,
    /// How many steps it has; `None`: the journal is of an earlier version and does not say.
    pub total: Option<u64>,
    /// Until when its steps may be begun; `None`: the journal does not say.
    pub not_after: Option<Timestamp>,
    /// Where it runs or ran last.
    pub runner: String,
    /// The steps that were touched.
    pub steps: BTreeMap<StepId, Progress>,
    /// The random name of the run that has taken it up last.
    pub run: Option<String>,
    /// When anything was last recorded of it.
    pub heard: Timestamp,
    /// Whether the run that has all of its steps said that it has ended without having done them.
    pub left: bool,
    /// Where several runners share the plan: who has the steps of which target. Empty: one has them all.
    pub parts: BTreeMap<TargetName, Part>,
}

/// One of several runners that share a plan, as seen from one of its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Part {
    /// Where it runs or ran last; `None`: it was not admitted, and said so.
    pub runner: Option<String>,
    /// The random name of that run.
    pub run: Option<String>,
    /// When it was last heard of.
    pub heard: Timestamp,
    /// Whether it said that it has ended without having done all of it.
    pub left: bool,
    /// Why, if it said so.
    pub reason: Option<String>,
}

/// How far a step of the open plan has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Attempted; the outcome is not known. After a crash this means: ask the registry.
    #[serde(rename_all = "kebab-case")]
    Attempted {
        /// The last attempt, from 1.
        attempt: u64,
        /// What was seen instead of an answer, if the attempt's end was seen.
        reason: Option<String>,
    },
    /// Ended well.
    Done(How),
    /// Ended, not well, and nothing of ours is under way: a later run of the plan looks at the registry again before
    /// it does anything.
    #[serde(rename_all = "kebab-case")]
    Stopped {
        /// What was found.
        outcome: Resolution,
        /// In words.
        detail: String,
    },
    /// Waits for a person.
    #[serde(rename_all = "kebab-case")]
    Paused {
        /// What the person is to do.
        instructions: String,
    },
}

/// What we know of a version that we published or adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Recorded {
    /// Its files.
    pub files: BTreeMap<FileName, Digests>,
    /// The plan under which it was first recorded; `None`: adopted outside of a plan.
    pub plan: Option<Sha256>,
    /// When it was first recorded.
    pub at: Timestamp,
    /// Whether it was there before us.
    pub adopted: bool,
    /// Whether ordinary clients were seen to be shown it.
    pub resolvable: bool,
    /// Whether we yanked it.
    pub yanked: bool,
    /// The deprecation message that we set.
    pub deprecated: Option<String>,
}

impl State {
    /// Whether a plan that rests on `base` may start now: nothing was recorded since, but that the journal was moved.
    #[must_use]
    pub fn is_based_on(&self, base: &Base) -> bool {
        let moved = self.moved.as_ref();
        let before = moved.filter(|moved| moved.entry + 1 == self.length);
        let is_head = |head: Sha256| {
            let here = Base {
                head,
                store: base.store.clone(),
                ..self.base()
            };
            here == *base
        };
        is_head(self.head) || before.is_some_and(|moved| is_head(moved.before))
    }

    /// The base that a plan made now rests on.
    #[must_use]
    pub fn base(&self) -> Base {
        Base {
            lineage: self.lineage.clone(),
            serial: self.serial,
            head: self.head,
            store: None,
        }
    }

    /// What we know of a version, if anything.
    #[must_use]
    pub fn recorded(&self, address: &Address, version: &Version) -> Option<&Recorded> {
        self.releases.get(address)?.get(version)
    }

    /// What we last made a pointer name.
    #[must_use]
    pub fn pointer(&self, address: &Address, pointer: &PointerName) -> Option<&Version> {
        self.pointers.get(address)?.get(pointer)
    }

    /// Folds a whole journal: each line's bytes without newline, in order.
    ///
    /// # Errors
    /// When a line is not an entry, does not follow the one before it, or says something impossible.
    pub fn replay<L: AsRef<[u8]>>(lines: &[L]) -> Result<Self, ReplayError> {
        Self::replay_each(lines, |_, _, _| {})
    }

    /// The same, and each entry is shown with the plan that was open before it and the state after it.
    ///
    /// # Errors
    /// As [`Self::replay`].
    pub fn replay_each<L: AsRef<[u8]>>(
        lines: &[L],
        mut shown: impl FnMut(&Entry, Option<Sha256>, &Self),
    ) -> Result<Self, ReplayError> {
        let mut state = Self::default();
        for (place, line) in lines.iter().enumerate() {
            let line = line.as_ref();
            let entry = state.next_entry(line, lines.get(place + 1).map(AsRef::as_ref))?;
            let open = state.open.as_ref().map(|open| open.plan);
            state.fold(&entry, Sha256::of(line))?;
            shown(&entry, open, &state);
        }
        Ok(state)
    }
    /// Reads the line that stands behind those that were folded; `next` is the one behind it.
    ///
    /// # Errors
    /// When it is not an entry, or a later relplan wrote it.
    pub fn next_entry(&self, line: &[u8], next: Option<&[u8]>) -> Result<Entry, ReplayError> {
        let seq = self.length;
        let entry = Entry::from_line(line).map_err(|source| {
            let at = Link {
                seq,
                prev: self.head,
            };
            match journal::later(line, at, next) {
                Some(needs) => ReplayError::Later { seq, needs },
                None => ReplayError::Line { seq, source },
            }
        })?;
        match &entry.record {
            Record::Genesis {
                format: Some(format),
                ..
            } if *format > journal::VERSION => Err(ReplayError::Later { seq, needs: None }),
            _ => Ok(entry),
        }
    }
}
