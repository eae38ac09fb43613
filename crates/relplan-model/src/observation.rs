//! Observations: what a registry was asked, what it said, and the evidence (laws L5 and L6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, FileName, PointerName, Version},
    digest::Digests,
    time::Timestamp,
};

/// How fresh an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// A cached answer will do if the registry confirms it (an ETag answered with 304).
    Revalidated,
    /// The registry's own read-after-write view, past caches where there is such a way. Decides outcomes.
    Authoritative,
    /// What an ordinary client would be shown right now. Decides *resolvable*.
    AsClients,
}

/// What to ask a registry about one package. A driver reads no more of the answer than this names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Query {
    /// The package at its target.
    pub address: Address,
    /// The versions to report on: the desired one, those to be yanked, those recorded as ours and still of interest.
    pub versions: Vec<Version>,
    /// Version ranges (the target's own syntax) to be resolved to the published versions that they match.
    pub ranges: Vec<String>,
    /// How fresh the answer must be.
    pub freshness: Freshness,
}

/// One look at one package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Observation {
    /// The package at its target.
    pub address: Address,
    /// What was seen.
    pub seen: Seen,
    /// The answers that it rests on.
    pub evidence: Vec<Evidence>,
}

/// The three-valued answer (law L5: `Unknown` is never treated as `Absent`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Seen {
    /// The registry has the package. A queried version that is not among the facts is proven absent.
    Present(Facts),
    /// The registry proved that it has no package of this name.
    Absent,
    /// The look-up failed.
    Unknown {
        /// What went wrong, in a fragment fit for "could not be looked up: {reason}".
        reason: String,
    },
}

/// What a registry says about a package that it has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Facts {
    /// The queried versions that exist, those that the registry has in the place of one, which differ from it in build
    /// metadata alone, and those that the queried ranges match.
    pub versions: BTreeMap<Version, VersionFacts>,
    /// The version that a user who names none gets today, where the registry has such a notion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current: Option<Version>,
    /// The pointers (dist-tags); empty where the registry has none.
    pub pointers: BTreeMap<PointerName, Version>,
    /// For each queried range, the published versions that it matches.
    pub ranges: BTreeMap<String, Vec<Version>>,
    /// The driver's own ordering, ascending, each version once: of the queried versions (absent ones included), the
    /// current one and those that pointers name. Empty: the registry's versions have no order that the driver knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub order: Vec<Version>,
    /// Those of `order` that are prereleases by the ecosystem's own rules, in the same order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prerelease: Vec<Version>,
}

/// What a registry says about one version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct VersionFacts {
    /// Its files with the digests that the registry shows (law L6).
    pub files: BTreeMap<FileName, FileFacts>,
    /// Whether it is yanked.
    pub yanked: bool,
    /// The deprecation message, if it is deprecated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deprecated: Option<String>,
}

/// What a registry says about one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FileFacts {
    /// The digests shown for it.
    pub digests: Digests,
    /// Its size in bytes, where shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// One answer of a registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Evidence {
    /// What was asked: a URL without user information and query, or a file of a folder registry.
    pub asked: String,
    /// When.
    pub at: Timestamp,
    /// What was answered: an HTTP status, or a word such as `not-found` for a folder.
    pub answer: String,
    /// The entity tag of the answer, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}
