//! Approvals as plan, journal and apply see them: what a plan asks for itself, and what a claim records of those who
//! said yes. What an approval is worth is `relplan-approval`'s to say.

pub mod record;
pub mod standing;

use serde::{Deserialize, Serialize};

use crate::{address::TargetName, digest::Sha256};

/// Who must say yes, as the plan itself asks. It can only add to what the pinned policy asks, never take from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// The targets that it guards, in order; all of them, if empty.
    pub targets: Vec<TargetName>,
    /// How many different people must say yes.
    pub threshold: u64,
    /// The people whose yes counts, in order.
    pub from: Vec<String>,
    /// Whether each must have touched a security key to say it.
    pub touch: bool,
    /// How old a yes may be, in seconds; as old as the plan, if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_seconds: Option<u64>,
}

/// Under which policy, and by whose word, a plan was started or taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Approved {
    /// The policy that was pinned there.
    pub policy: PinnedPolicy,
    /// Everybody whose yes counted, in order of name. Empty where the policy asks for nobody.
    pub approvals: Vec<CountedApproval>,
}

/// A policy by version and digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PinnedPolicy {
    /// Its version.
    pub version: u64,
    /// The digest of its canonical form.
    pub digest: Sha256,
}

/// One person's yes, with the record of it whole, so that it can be verified again years later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CountedApproval {
    /// The person, as the policy names them.
    pub person: String,
    /// How strong it is.
    pub grade: ApprovalGrade,
    /// The digest of the record's bytes.
    pub digest: Sha256,
    /// The record's text.
    pub record: String,
}

/// How strong an approval is, from the weakest to the strongest (law L15: never claim more).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalGrade {
    /// A forge says that somebody clicked. It names a commit or an issue, and whoever administers the forge can
    /// forge it.
    Vouched,
    /// A key signed the plan's bytes. Whatever runs as the person may have used the key.
    Signed,
    /// A security key signed the plan's bytes, and somebody touched it.
    Touched,
    /// The same, and the key asked for its PIN or a fingerprint.
    Verified,
}

impl std::fmt::Display for ApprovalGrade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Vouched => "vouched",
            Self::Signed => "signed",
            Self::Touched => "touched",
            Self::Verified => "verified",
        })
    }
}
