//! The whole planning problem as one value that can be saved, sent and replayed.

use serde::{Deserialize, Serialize};

use relplan_model::{
    approval::Gate, bundle::Bundle, contents::Contents, digest::Sha256, finding::Finding,
    observation::Observation, plan::Selection, release::Release, state::State, target::Target,
    time::Timestamp,
};

/// Everything that a plan follows from. The order within its lists has no meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PlanInput {
    /// The relplan version.
    pub tool: String,
    /// What time it is.
    pub now: Timestamp,
    /// For how many seconds from `now` the plan may be applied.
    pub lifetime_seconds: u64,
    /// The project's name, as the spec gives it.
    pub project: String,
    /// The project's repository, as the spec gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit that is checked out, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The digest of the spec's text.
    pub spec: Sha256,
    /// The digest of the policy that is pinned where the plan is made, if one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Sha256>,
    /// Who asked for the release, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// What the spec's gates ask for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// What is recorded.
    pub state: State,
    /// Where it is recorded, if not on this machine alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
    /// The targets, as their drivers describe them. One that is missing holds everything that goes there.
    pub targets: Vec<Target>,
    /// What is desired.
    pub releases: Vec<Release>,
    /// What was packed; `None`: nothing was, and the plan cannot be applied if it publishes anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<Bundle>,
    /// What was observed, in answer to [`queries`](crate::queries). A missing answer is an unknown (law L5).
    ///
    /// Registries may have moved on since: nothing that follows from here excuses apply from looking again.
    pub observations: Vec<Observation>,
    /// What is inside the packed artifacts, beside what is live. Those of artifacts that are not uploaded are left out
    /// of the plan; a missing one is nothing to stop at.
    pub contents: Vec<Contents>,
    /// What part of the spec the releases are.
    pub selection: Selection,
    /// Whether a pointer that someone else moved is to be moved back.
    pub correct_drift: bool,
    /// Findings of those who gathered the rest, carried over into the plan.
    pub findings: Vec<Finding>,
}
