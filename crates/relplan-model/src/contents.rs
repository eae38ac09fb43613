//! Contents: what is inside an artifact that will be uploaded, beside what is inside the one that users get today.
//!
//! Why: an approver reads what changes, not two digests. The plan carries the names and sizes, and what deserves a loud
//! word (scripts that run on users' machines, dependencies that come with it); the lines themselves are shown on demand
//! from the two files, whose digests the plan has.

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, Version},
    digest::Digests,
};

/// How many entries a plan lists for one artifact; the rest is counted.
pub const MAX_ENTRIES: usize = 500;

/// How many notable things a plan lists for one artifact; the rest is counted.
pub const MAX_NOTABLE: usize = 200;

/// What one artifact holds, compared with what is live at its target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Contents {
    /// The package at its target.
    pub address: Address,
    /// The artifact, by file name in the plan's list.
    pub file: FileName,
    /// What it is compared with.
    pub basis: Basis,
    /// The entries that differ, in order of path, at most 500 ([`MAX_ENTRIES`]).
    pub entries: Vec<Entry>,
    /// How many more entries differ.
    pub omitted: u64,
    /// How many entries are the same.
    pub unchanged: u64,
    /// What deserves a loud word, in order, at most 200 ([`MAX_NOTABLE`]).
    pub notable: Vec<Notable>,
    /// How many more notable things there are.
    pub notable_omitted: u64,
}

/// What an artifact is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Basis {
    /// Nothing: no file of this kind is published there. Every entry counts as added; of what is notable the scripts
    /// are told, and no dependencies.
    Nothing,
    /// A published file, whose bytes had the digests that the registry shows.
    #[serde(rename_all = "kebab-case")]
    Published {
        /// Its version.
        version: Version,
        /// Its file name.
        file: FileName,
        /// Its digests, as computed from the bytes that were compared: SHA-256 always.
        digests: Digests,
    },
    /// It could not be compared. No entry is told then, and of what is notable the scripts alone, as far as the artifact
    /// itself could be read.
    Unknown {
        /// Why, in a fragment fit for "could not be compared: {reason}".
        reason: String,
    },
}

/// One path inside an artifact that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Entry {
    /// The path inside, with `/`, without the folder that the whole archive is in. Text from outside.
    pub path: String,
    /// How it differs.
    pub change: EntryChange,
}

/// How a path inside differs. Sizes are in bytes, unpacked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum EntryChange {
    /// It is new.
    Added {
        /// Its size.
        size: u64,
    },
    /// It is gone.
    Removed {
        /// The size that it had.
        size: u64,
    },
    /// Its bytes differ.
    Changed {
        /// The size that it had.
        before: u64,
        /// Its size.
        after: u64,
    },
    /// Its bytes are the same, and it became or ceased to be executable.
    Mode {
        /// Whether it is executable now.
        executable: bool,
    },
}

/// Something inside that an approver must not miss. All texts are from outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Notable {
    /// Code that runs on a user's machine when the package is installed or built: npm's install scripts, a crate's
    /// build script, an sdist's build backend.
    Script {
        /// Its name, such as `postinstall` or `build.rs`.
        name: String,
        /// What it was; `None`: there was none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// What it is; `None`: it is gone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// Something that is installed along with the package.
    Dependency {
        /// Its name.
        name: String,
        /// In which way, in the ecosystem's word, such as `dependencies` or `build-dependencies`.
        section: String,
        /// What was asked of it; `None`: it was no dependency.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<String>,
        /// What is asked of it; `None`: it no longer is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
}
