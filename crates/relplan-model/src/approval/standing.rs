//! Where a plan stands with its approvals, as programs get to read it.

use serde::{Deserialize, Serialize};

use super::{ApprovalGrade, PinnedPolicy};
use crate::{digest::Sha256, step::StepId, time::Timestamp};

/// The format name that a standing carries.
pub const FORMAT: &str = "relplan.approvals/1";

/// Who has approved a plan, who is still needed, and which records do not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Standing {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// The plan.
    pub plan: Sha256,
    /// The policy that it was measured by.
    pub policy: PinnedPolicy,
    /// When it was measured.
    pub at: Timestamp,
    /// Whether it is approved.
    pub approved: bool,
    /// Who or what is missing, in words; empty if it is approved.
    pub missing: Vec<String>,
    /// Each rule that matches a step of the plan, and each of the plan's own gates.
    pub rules: Vec<RuleStanding>,
    /// Every yes that is in order.
    pub accepted: Vec<Yes>,
    /// Everybody who said no.
    pub rejected: Vec<No>,
    /// Every record that does not count.
    pub refused: Vec<RefusedRecord>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct RuleStanding {
    /// Its name.
    pub rule: String,
    /// Whether it is one of the plan's own gates.
    pub gate: bool,
    /// How many steps of the plan it matches.
    pub steps: u64,
    /// The first of them.
    pub first: StepId,
    /// How many people it takes.
    pub threshold: u64,
    /// Those whose yes counts.
    pub counted: Vec<String>,
    /// Those whose yes could still come.
    pub awaited: Vec<String>,
    /// Every yes that is in order and does not count here.
    pub discounted: Vec<RefusedRecord>,
}

/// A yes that is in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Yes {
    /// Who said it.
    pub person: String,
    /// Where its record stands.
    pub record: String,
    /// Where it comes from: `ssh`, `github-review`, `github-label`, `github-environment`.
    pub kind: String,
    /// How strong it is.
    pub grade: ApprovalGrade,
    /// When it was said.
    pub issued: Timestamp,
    /// When it ceases to count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What they added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct No {
    /// Who said it.
    pub person: String,
    /// Where its record stands.
    pub record: String,
    /// What they added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A record that does not count, or not under one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct RefusedRecord {
    /// Where it stands.
    pub record: String,
    /// Whose it is, where that is proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Why, for scripts. Codes are API.
    pub code: String,
    /// Why, for people.
    pub reason: String,
}
