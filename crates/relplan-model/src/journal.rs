//! The journal: one canonical JSON object per line, chained by the digest of the line before (design §8).
//!
//! Invariant: an entry is never changed or removed; state is nothing but the fold of the entries.

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, PointerName, TargetName, Version},
    approval::{Approved, PinnedPolicy},
    canonical::{self, CanonicalError},
    digest::{Digests, Sha256},
    step::StepId,
    time::Timestamp,
};

/// The format of journal lines, by which schemas are named. The genesis carries its version.
pub const FORMAT: &str = "relplan.journal/1";

/// The version of the format, as the genesis carries it.
///
/// Kinds of records that a later version adds carry a member `needs` with the version of relplan that reads them, so that
/// an earlier one can say what it takes ([`later`]).
pub const VERSION: u64 = 1;

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

/// Where a line stands, whatever it says: a line that a later relplan wrote is linked like any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct Link {
    /// Its place, from 0.
    pub seq: u64,
    /// The digest of the line before.
    pub prev: Sha256,
}

impl Link {
    /// Reads where a line stands.
    ///
    /// # Errors
    /// When the line names neither.
    pub fn of_line(line: &[u8]) -> Result<Self, CanonicalError> {
        if line.len() > MAX_LINE {
            return Err(CanonicalError::TooLarge {
                size: line.len(),
                limit: MAX_LINE,
            });
        }
        serde_json::from_slice(line).map_err(CanonicalError::Shape)
    }
}

/// What a line needs that this relplan cannot read, if it was written by a later one: it is whole, it stands where it
/// belongs, and whoever wrote the next line took it for an entry. Anything else is damage.
///
/// The answer is what such a line says of its needs, which may be nothing.
#[must_use]
pub fn later(line: &[u8], at: Link, next: Option<&[u8]>) -> Option<Option<String>> {
    let value: serde_json::Value = canonical::from_bytes(line, MAX_LINE).ok()?;
    let members = value.as_object()?;
    let are_known = ["at", "prev", "record", "seq"]
        .iter()
        .all(|name| members.contains_key(*name));
    let record = members.get("record")?.as_object()?;
    let is_whole = are_known && record.len() == 1 && Link::of_line(line).ok()? == at;
    let is_followed =
        next.is_none_or(|next| Link::of_line(next).is_ok_and(|link| link.prev == Sha256::of(line)));
    let needs = record.values().next()?.get("needs");
    let needs = needs.and_then(serde_json::Value::as_str);
    (is_whole && is_followed).then(|| needs.map(str::to_owned))
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
        /// The version of the journal's format; journals of earlier relplans have none, which means 1.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        format: Option<u64>,
        /// The journals that it takes the place of, which were lost or damaged.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        replaces: Vec<Replaced>,
        /// The policy that releases need from the beginning.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<PinnedPolicy>,
    },
    /// The journal is kept somewhere else from here on. Where it was, this is its last line.
    #[serde(rename_all = "kebab-case")]
    Moved {
        /// The place.
        to: String,
    },
    /// Something has another name from here on; registries are not touched.
    #[serde(rename_all = "kebab-case")]
    Renamed {
        /// What.
        what: Renaming,
        /// The state's new serial.
        serial: u64,
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
        /// How many steps the plan has, for who has the journal alone; journals of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        steps: Option<u64>,
        /// Until when its steps may be begun; journals of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_after: Option<Timestamp>,
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
    /// A runner has ended, and not all steps of its targets ended well; or it was not admitted, and did not begin. Nobody
    /// need wait for it, and whoever goes on takes nothing away from it.
    #[serde(rename_all = "kebab-case")]
    Left {
        /// The plan's digest.
        plan: Sha256,
        /// Its targets.
        targets: Vec<TargetName>,
        /// The random name of the run, where it had begun.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        run: Option<String>,
        /// Why, in words; journals of earlier versions do not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
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

impl Record {
    /// The first line of a journal that takes the place of no other.
    #[must_use]
    pub fn genesis(lineage: String, project: String) -> Self {
        Self::Genesis {
            lineage,
            project,
            format: Some(VERSION),
            replaces: Vec::new(),
            policy: None,
        }
    }
}

/// A journal that another one takes the place of, as far as it was known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replaced {
    /// Its name.
    pub lineage: String,
    /// The last serial that is known of it.
    pub serial: u64,
    /// The last head that is known of it.
    pub head: Sha256,
}

/// What was renamed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Renaming {
    /// The project.
    #[serde(rename_all = "kebab-case")]
    Project {
        /// What it is called now.
        to: String,
    },
    /// A target: all packages at it.
    #[serde(rename_all = "kebab-case")]
    Target {
        /// What it was called.
        from: TargetName,
        /// What it is called now.
        to: TargetName,
    },
    /// One package at one target.
    #[serde(rename_all = "kebab-case")]
    Package {
        /// Its address before.
        from: Address,
        /// Its address now.
        to: Address,
    },
}

impl std::fmt::Display for Renaming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Project { to } => write!(f, "the project is called {to}"),
            Self::Target { from, to } => write!(f, "the target {from} is called {to}"),
            Self::Package { from, to } => write!(f, "{from} is called {to}"),
        }
    }
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
