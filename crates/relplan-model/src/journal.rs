//! The journal: one canonical JSON object per line, chained by the digest of the line before (design §8).
//!
//! Invariant: an entry is never changed or removed; state is nothing but the fold of the entries.

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, PointerName, TargetName, Version},
    approval::Approved,
    canonical::{self, CanonicalError},
    digest::{Digests, Sha256},
    step::StepId,
    time::Timestamp,
};

/// The format of journal lines. They do not carry it: the genesis names the journal, and schemas are named by this.
pub const FORMAT: &str = "relplan.journal/1";

/// The longest journal line that is read, in bytes.
pub const MAX_LINE: usize = 1 << 20;

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// Its place, from 0.
    pub seq: u64,
    /// The digest of the line before without its newline; zero for the first.
    pub prev: Sha256,
    /// When it was written, by the writer's clock.
    pub at: Timestamp,
    /// What it says.
    pub record: Record,
}

impl Entry {
    /// The line's bytes without the newline.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn to_line(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a line without its newline.
    ///
    /// # Errors
    /// When the line is not the canonical form of an entry.
    pub fn from_line(line: &[u8]) -> Result<Self, CanonicalError> {
        canonical::from_bytes(line, MAX_LINE)
    }
}

/// What a journal line says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Record {
    /// The first line of every journal.
    #[serde(rename_all = "kebab-case")]
    Genesis {
        /// Names this journal apart from all others, for ever.
        lineage: String,
        /// The project's name.
        project: String,
    },
    /// A plan was started: the one swap that consumes its approvals.
    #[serde(rename_all = "kebab-case")]
    Claim {
        /// The plan's digest.
        plan: Sha256,
        /// The state's new serial.
        serial: u64,
        /// The relplan version.
        tool: String,
        /// Where it runs, for people (user and host, or the CI job's URL); never a secret.
        runner: String,
        /// A random name of this run, so that it never takes another's entry for its own; journals of earlier versions
        /// have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        /// The targets whose steps this runner carries out; `None`: all of the plan's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        targets: Option<Vec<TargetName>>,
        /// Who allowed it, where a policy is pinned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved: Option<Approved>,
    },
    /// A step's effect is about to be attempted (law L9).
    #[serde(rename_all = "kebab-case")]
    Intent {
        /// The step.
        step: StepId,
        /// Which attempt, from 1.
        attempt: u64,
    },
    /// A step ended well.
    #[serde(rename_all = "kebab-case")]
    Receipt {
        /// The step.
        step: StepId,
        /// How it ended.
        how: How,
        /// What is now true because of it.
        facts: Vec<Fact>,
    },
    /// An attempt ended without an answer that could be trusted.
    #[serde(rename_all = "kebab-case")]
    Unknown {
        /// The step.
        step: StepId,
        /// Which attempt.
        attempt: u64,
        /// What was seen instead of an answer.
        reason: String,
    },
    /// An unknown outcome was found out by asking the registry, and the step did not end well.
    #[serde(rename_all = "kebab-case")]
    Resolved {
        /// The step.
        step: StepId,
        /// What was found.
        outcome: Resolution,
        /// In words.
        detail: String,
    },
    /// A step waits for a person.
    #[serde(rename_all = "kebab-case")]
    Paused {
        /// The step.
        step: StepId,
        /// What the person is to do.
        instructions: String,
    },
    /// The plan goes on, perhaps on another machine. From here on, whoever carried out steps of these targets before
    /// carries out none of them any more.
    #[serde(rename_all = "kebab-case")]
    Resumed {
        /// The plan's digest.
        plan: Sha256,
        /// Where it runs now.
        runner: String,
        /// A random name of this run, so that it never takes another's entry for its own; journals of earlier versions
        /// have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        /// The targets whose steps this runner carries out; `None`: all of the plan's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        targets: Option<Vec<TargetName>>,
        /// Who allows it now, where a policy is pinned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        approved: Option<Approved>,
    },
    /// One of several runners has ended, and not all steps of its targets ended well; or it was not admitted, and did not
    /// begin. Nobody need wait for it.
    #[serde(rename_all = "kebab-case")]
    Left {
        /// The plan's digest.
        plan: Sha256,
        /// Its targets.
        targets: Vec<TargetName>,
    },
    /// Every step of the plan has ended.
    #[serde(rename_all = "kebab-case")]
    Closed {
        /// The plan's digest.
        plan: Sha256,
        /// The state's new serial.
        serial: u64,
    },
    /// A person gave up the open plan.
    #[serde(rename_all = "kebab-case")]
    Abandoned {
        /// The plan's digest.
        plan: Sha256,
        /// The state's new serial.
        serial: u64,
        /// Why.
        reason: String,
    },
    /// What was published otherwise is recorded as known, outside of a plan.
    #[serde(rename_all = "kebab-case")]
    Adopted {
        /// What is true of it.
        facts: Vec<Fact>,
        /// The state's new serial.
        serial: u64,
    },
    /// A package is no longer looked after; the registry is not touched.
    #[serde(rename_all = "kebab-case")]
    Forgotten {
        /// The package at its target.
        address: Address,
        /// One version of it; `None`: all of them, and its pointers.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
        /// The state's new serial.
        serial: u64,
    },
}

/// How a step ended well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// The registry accepted it and shows it.
    Done,
    /// It was there already when the step began, as desired.
    FoundDone,
    /// The answer was lost or false, and the registry shows it as desired.
    FoundAfterUnknown,
}

/// What was found out about an unknown outcome that did not end well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// Other bytes, or another value, are there.
    Conflict,
    /// It was refused for good.
    Refused,
    /// Nothing is there after the settle time; it may be tried again.
    NotDone,
}

/// Something that is true of a registry as far as we know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Fact {
    /// A file exists with these bytes.
    #[serde(rename_all = "kebab-case")]
    File {
        /// The package at its target.
        address: Address,
        /// The version.
        version: Version,
        /// The file.
        file: FileName,
        /// Its digests.
        digests: Digests,
    },
    /// Ordinary clients are shown the version.
    #[serde(rename_all = "kebab-case")]
    Resolvable {
        /// The package at its target.
        address: Address,
        /// The version.
        version: Version,
    },
    /// A pointer names a version, or is gone.
    #[serde(rename_all = "kebab-case")]
    Pointer {
        /// The package at its target.
        address: Address,
        /// The pointer.
        pointer: PointerName,
        /// What it names; `None`: it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<Version>,
    },
    /// A version is yanked.
    #[serde(rename_all = "kebab-case")]
    Yanked {
        /// The package at its target.
        address: Address,
        /// The version.
        version: Version,
    },
    /// A version is deprecated.
    #[serde(rename_all = "kebab-case")]
    Deprecated {
        /// The package at its target.
        address: Address,
        /// The version.
        version: Version,
        /// The message.
        message: String,
    },
}
