//! State: the fold of the journal. Registries are the truth; state is memory of who, why and which plan, and of
//! outcomes that are still unknown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, PointerName, Version},
    approval::{Approved, PinnedPolicy},
    canonical::CanonicalError,
    digest::{Digests, Sha256},
    journal::{Entry, Fact, How, Record, Resolution},
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
    /// What is known.
    #[serde(flatten)]
    pub state: State,
}

impl From<State> for Printed {
    fn from(state: State) -> Self {
        Self {
            format: FORMAT.to_owned(),
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
    /// A line can be read and does not fit.
    #[error(transparent)]
    Fold(#[from] FoldError),
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
    /// Where it runs or ran last.
    pub runner: String,
    /// The steps that were touched.
    pub steps: BTreeMap<StepId, Progress>,
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
        let mut state = Self::default();
        for line in lines {
            let line = line.as_ref();
            let entry = Entry::from_line(line).map_err(|source| ReplayError::Line {
                seq: state.length,
                source,
            })?;
            state.fold(&entry, Sha256::of(line))?;
        }
        Ok(state)
    }

    /// Folds one entry in. `line` is the digest of the entry's line.
    ///
    /// # Errors
    /// When the entry does not follow, or says something impossible. The state is then as it was.
    pub fn fold(&mut self, entry: &Entry, line: Sha256) -> Result<(), FoldError> {
        let seq = self.length;
        if entry.seq != seq {
            return Err(FoldError::Chain {
                seq,
                why: "its number is not the next one",
            });
        }
        if entry.prev != self.head {
            return Err(FoldError::Chain {
                seq,
                why: "it does not name the digest of the line before",
            });
        }
        self.take(&entry.record, entry.at)
            .map_err(|why| FoldError::Impossible { seq, why })?;
        self.length += 1;
        self.head = line;
        Ok(())
    }

    fn take(&mut self, record: &Record, at: Timestamp) -> Result<(), &'static str> {
        if self.lineage.is_none() != matches!(record, Record::Genesis { .. }) {
            return Err("a journal has one genesis, and it comes first");
        }
        match record {
            Record::Genesis { lineage, project } => {
                self.lineage = Some(lineage.clone());
                self.project.clone_from(project);
            }
            Record::Claim {
                plan,
                serial,
                runner,
                tool: _,
                approved,
            } => {
                if self.open.is_some() {
                    return Err("a plan is open already");
                }
                if self.ended.contains_key(plan) {
                    return Err("the plan has ended before");
                }
                self.measured_by(approved.as_ref())?;
                self.advance(*serial)?;
                self.open = Some(Open {
                    plan: *plan,
                    since: at,
                    runner: runner.clone(),
                    steps: BTreeMap::new(),
                });
            }
            Record::Resumed {
                plan,
                runner,
                approved,
            } => {
                self.open(Some(plan))?;
                self.measured_by(approved.as_ref())?;
                self.open(Some(plan))?.runner.clone_from(runner);
            }
            Record::Intent { step, attempt } => {
                self.set(
                    step,
                    Progress::Attempted {
                        attempt: *attempt,
                        reason: None,
                    },
                )?;
            }
            Record::Unknown {
                step,
                attempt,
                reason,
            } => {
                self.set(
                    step,
                    Progress::Attempted {
                        attempt: *attempt,
                        reason: Some(reason.clone()),
                    },
                )?;
            }
            Record::Resolved {
                step,
                outcome,
                detail,
            } => {
                self.set(
                    step,
                    Progress::Stopped {
                        outcome: *outcome,
                        detail: detail.clone(),
                    },
                )?;
            }
            Record::Paused { step, instructions } => {
                self.set(
                    step,
                    Progress::Paused {
                        instructions: instructions.clone(),
                    },
                )?;
            }
            Record::Receipt { step, how, facts } => {
                let plan = self.open(None)?.plan;
                self.set(step, Progress::Done(*how))?;
                for fact in facts {
                    self.learn(fact, Some(plan), at, step.as_str().starts_with("adopt "));
                }
            }
            Record::Closed { plan, serial } => self.end(plan, *serial, Ended::Closed)?,
            Record::Abandoned {
                plan,
                serial,
                reason: _,
            } => self.end(plan, *serial, Ended::Abandoned)?,
            Record::Adopted { facts, serial } => {
                self.advance(*serial)?;
                for fact in facts {
                    self.learn(fact, None, at, true);
                }
            }
            Record::Forgotten {
                address,
                version,
                serial,
            } => {
                self.advance(*serial)?;
                self.forget(address, version.as_ref());
            }
        }
        Ok(())
    }

    /// The policy never goes away again, and never back to an older version.
    fn measured_by(&mut self, approved: Option<&Approved>) -> Result<(), &'static str> {
        match (self.policy, approved) {
            (Some(_), None) => Err("a policy was pinned before, and is not here"),
            (Some(known), Some(now)) if now.policy.version < known.version => {
                Err("the policy is older than the one before")
            }
            (_, Some(now)) => {
                self.policy = Some(now.policy);
                Ok(())
            }
            (None, None) => Ok(()),
        }
    }

    fn forget(&mut self, address: &Address, version: Option<&Version>) {
        let Some(version) = version else {
            self.releases.remove(address);
            self.pointers.remove(address);
            return;
        };
        if let Some(versions) = self.releases.get_mut(address) {
            versions.remove(version);
            if versions.is_empty() {
                self.releases.remove(address);
            }
        }
        if let Some(pointers) = self.pointers.get_mut(address) {
            pointers.retain(|_, named| named != version);
            if pointers.is_empty() {
                self.pointers.remove(address);
            }
        }
    }

    fn advance(&mut self, serial: u64) -> Result<(), &'static str> {
        if serial != self.serial + 1 {
            return Err("the serial is not the next one");
        }
        self.serial = serial;
        Ok(())
    }

    fn open(&mut self, plan: Option<&Sha256>) -> Result<&mut Open, &'static str> {
        match &mut self.open {
            Some(open) if plan.is_none_or(|plan| *plan == open.plan) => Ok(open),
            Some(_) => Err("another plan is open"),
            None => Err("no plan is open"),
        }
    }

    fn end(&mut self, plan: &Sha256, serial: u64, how: Ended) -> Result<(), &'static str> {
        self.open(Some(plan))?;
        self.advance(serial)?;
        self.open = None;
        self.ended.insert(*plan, how);
        Ok(())
    }

    fn set(&mut self, step: &StepId, progress: Progress) -> Result<(), &'static str> {
        let steps = &mut self.open(None)?.steps;
        if matches!(steps.get(step), Some(Progress::Done(_))) {
            return Err("the step has ended well before");
        }
        steps.insert(step.clone(), progress);
        Ok(())
    }

    fn learn(&mut self, fact: &Fact, plan: Option<Sha256>, at: Timestamp, adopted: bool) {
        match fact {
            Fact::File {
                address,
                version,
                file,
                digests,
            } => {
                let recorded = self.record(address, version, plan, at, adopted);
                recorded.files.insert(file.clone(), digests.clone());
            }
            Fact::Resolvable { address, version } => {
                self.record(address, version, plan, at, adopted).resolvable = true;
            }
            Fact::Yanked { address, version } => {
                self.record(address, version, plan, at, true).yanked = true
            }
            Fact::Deprecated {
                address,
                version,
                message,
            } => {
                self.record(address, version, plan, at, true).deprecated = Some(message.clone());
            }
            Fact::Pointer {
                address,
                pointer,
                version,
            } => {
                let pointers = self.pointers.entry(address.clone()).or_default();
                match version {
                    Some(version) => pointers.insert(pointer.clone(), version.clone()),
                    None => pointers.remove(pointer),
                };
            }
        }
    }

    fn record(
        &mut self,
        address: &Address,
        version: &Version,
        plan: Option<Sha256>,
        at: Timestamp,
        adopted: bool,
    ) -> &mut Recorded {
        self.releases
            .entry(address.clone())
            .or_default()
            .entry(version.clone())
            .or_insert_with(|| Recorded {
                files: BTreeMap::new(),
                plan,
                at,
                adopted,
                resolvable: false,
                yanked: false,
                deprecated: None,
            })
    }
}
