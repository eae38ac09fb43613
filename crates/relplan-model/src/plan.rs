//! The plan: everything that is needed to render it and to apply it, as one value with one spelling (design §7).

use serde::{Deserialize, Serialize};

use crate::{
    address::{Address, PointerName, TargetName, Version},
    approval::Gate,
    bundle::Artifact,
    canonical::{self, CanonicalError},
    contents::Contents,
    digest::Sha256,
    finding::{Finding, Severity},
    observation::Observation,
    step::{Step, StepId},
    target::{Rate, Target},
    time::Timestamp,
};

/// The format name that a plan carries.
pub const FORMAT: &str = "relplan.plan/1";

/// The largest plan that is read, in bytes.
pub const MAX_SIZE: usize = 64 << 20;

/// A reviewed, digestible decision about what a release changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Plan {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// The relplan version that made it.
    pub tool: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it ceases to be applicable.
    pub not_after: Timestamp,
    /// The project's name, as the spec gives it.
    pub project: String,
    /// The project's repository, as the spec gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
    /// The commit that was checked out, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// The digest of the spec's text.
    pub spec: Sha256,
    /// The digest of the policy that was pinned where the plan was made, if one was. It is never what decides whose
    /// policy counts: that is pinned where the plan is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Sha256>,
    /// Who asked for the release, in the words of whoever made the plan: a person of the policy, or an account such as
    /// `github:alice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<String>,
    /// What the spec's gates ask for, in order of name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// The state that it was made on.
    pub base: Base,
    /// The targets that it reads or writes, in order of name.
    pub targets: Vec<Target>,
    /// The artifacts that its steps upload or compare, in order of file name.
    pub artifacts: Vec<Artifact>,
    /// What was observed, in order of address.
    pub observations: Vec<Observation>,
    /// One row for each address and subject, unchanged rows included, in order.
    pub changes: Vec<Change>,
    /// What is inside the artifacts that will be uploaded, beside what is live today, in order of address and file.
    /// Empty where nobody looked.
    pub contents: Vec<Contents>,
    /// The DAG, in order of wave and id.
    pub steps: Vec<Step>,
    /// Remarks on the plan, in order.
    pub findings: Vec<Finding>,
    /// What applying it will cost, in order of target.
    pub costs: Vec<Cost>,
    /// What was selected, where the plan does not cover the whole spec.
    pub selection: Selection,
    /// Whether every artifact is known, so that the plan may be approved and applied.
    pub applicable: bool,
}

impl Plan {
    /// The plan's only spelling.
    ///
    /// # Errors
    /// When a number in it exceeds 2^53-1.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a plan; any other spelling of it, and any unknown member, is refused.
    ///
    /// # Errors
    /// When the bytes are too many, not canonical, or not a plan of this format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PlanError> {
        let plan: Self = canonical::document_from_bytes(bytes, MAX_SIZE, FORMAT)
            .map_err(PlanError::Canonical)?;
        if plan.format == FORMAT {
            Ok(plan)
        } else {
            Err(PlanError::Format { found: plan.format })
        }
    }

    /// The digest of the plan's bytes: what approvals sign and what a claim names.
    #[must_use]
    pub fn digest(bytes: &[u8]) -> Sha256 {
        Sha256::of(bytes)
    }

    /// The errors that keep the whole plan from being applied (law L13): those that no held row stands for, such as a
    /// manifest that cannot be read. What a held row says about itself stops that row and what needs it.
    #[must_use]
    pub fn blocking_findings(&self) -> Vec<&Finding> {
        let is_held = |address: &Address| {
            let mut rows = self.changes.iter().filter(|row| row.address == *address);
            rows.any(|row| matches!(row.action, Action::Hold | Action::Drift))
        };
        let is_blocking = |finding: &&Finding| {
            finding.severity == Severity::Error && !finding.address.as_ref().is_some_and(is_held)
        };
        self.findings.iter().filter(is_blocking).collect()
    }

    /// Finds a step by its id.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// Whether applying it would do anything at all.
    #[must_use]
    pub fn has_steps(&self) -> bool {
        !self.steps.is_empty()
    }
}

/// Why bytes are not a plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// They are not canonical JSON of a plan's shape.
    #[error("the plan cannot be read")]
    Canonical(#[source] CanonicalError),
    /// They are of another format.
    #[error("the plan has format {found:?}, and this relplan reads {FORMAT:?}")]
    Format {
        /// The format that was found.
        found: String,
    },
}

impl PlanError {
    /// Whether nothing is wrong with the plan, but that a later relplan made it.
    #[must_use]
    pub fn is_of_later_relplan(&self) -> bool {
        matches!(self, Self::Canonical(CanonicalError::Later { .. }))
    }
}

/// The state that a plan was made on. Apply refuses the plan when the state has moved since (exit 5).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Base {
    /// The state's lineage; `None` before its first entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<String>,
    /// Its serial; 0 before its first entry.
    pub serial: u64,
    /// The digest of its journal's last line; zero before the first.
    pub head: Sha256,
    /// Where the journal is kept, if not on the machine that the plan was made on: whoever applies the plan, wherever,
    /// claims it there. No secret is in it (law L11).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<String>,
}

/// What is done about one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Upload a version that is not there.
    Publish,
    /// Upload it where it waits for a person.
    Stage,
    /// Move a pointer.
    Point,
    /// Yank a version.
    Yank,
    /// Set a deprecation message.
    Deprecate,
    /// Record what is there already with the same bytes.
    Adopt,
    /// Nothing: it is as desired.
    Keep,
    /// Nothing, because of a conflict, an unknown or something else that a person must look at.
    Hold,
    /// Nothing: it changed without us, and nobody asked for it to be changed back.
    Drift,
}

impl Action {
    /// The one-character symbol of the views (design §7); a space where the row is not shown by default.
    #[must_use]
    pub fn symbol(self) -> char {
        match self {
            Self::Publish => '+',
            Self::Stage => '^',
            Self::Point | Self::Deprecate => '~',
            Self::Yank => '-',
            Self::Adopt => '=',
            Self::Hold => '!',
            Self::Drift => '?',
            Self::Keep => ' ',
        }
    }
}

/// What a row is about, besides its address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The desired version's existence and bytes.
    Version,
    /// A pointer.
    Pointer(PointerName),
    /// The yanking of a version.
    Yank(Version),
    /// The deprecation of a range.
    Deprecation(String),
}

/// One row: what is, what will be, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    /// The package at its target.
    pub address: Address,
    /// What about it.
    pub subject: Subject,
    /// What is done.
    pub action: Action,
    /// What is there now: a version, or for deprecations a message; `None`: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What will be there; in a row that is held or drifted, what is desired there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// What kind of step `before` to `after` is, where both are versions and differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bump: Option<Bump>,
    /// Why, most telling first; never empty.
    pub reasons: Vec<Reason>,
    /// The steps that carry it out.
    pub steps: Vec<StepId>,
}

/// What kind of step one version is from another, told from the numbers in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Bump {
    /// The first number differs.
    Major,
    /// The second number differs.
    Minor,
    /// The third number or a later one differs.
    Patch,
    /// The numbers are the same, and both are prereleases, or the newer one is.
    Prerelease,
    /// The numbers are the same, and a prerelease became a release.
    Release,
    /// The numbers are the same, and something else differs, such as build metadata or a post-release.
    Other,
    /// By the registry's own order it is a step back.
    Backward,
}

impl std::fmt::Display for Bump {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Patch => "patch",
            Self::Prerelease => "prerelease",
            Self::Release => "release",
            Self::Other => "rebuild",
            Self::Backward => "backward",
        })
    }
}

/// One reason for an action, with a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Reason {
    /// A stable word such as `absent`, `same-bytes`, `other-bytes`, `needs-held`.
    pub code: String,
    /// The same for people.
    pub message: String,
}

/// What applying a plan costs at one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cost {
    /// The target.
    pub target: TargetName,
    /// Names that the registry does not have yet.
    pub new_names: u64,
    /// New versions of names that it has.
    pub new_versions: u64,
    /// Requests that only look, at least: before, after and between the writes.
    pub reads: u64,
    /// Writes.
    pub writes: u64,
    /// Bytes to upload, as far as they are known.
    pub bytes: u64,
    /// The least time in seconds that the registry's published limits allow; 0 where it publishes none.
    pub seconds: u64,
    /// How far it goes into those limits, in order; empty where the registry publishes none.
    pub budgets: Vec<Budget>,
}

/// How far a plan goes into one published rate limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Budget {
    /// What is limited.
    pub of: Limited,
    /// How many the plan needs.
    pub needed: u64,
    /// The limit.
    pub rate: Rate,
    /// The least time in seconds that this takes, with a full allowance at the start.
    pub seconds: u64,
}

/// What a registry limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Limited {
    /// Names that it does not have yet.
    NewNames,
    /// New versions of names that it has.
    NewVersions,
}

/// What part of the spec a plan covers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Selection {
    /// Package patterns that were asked for; empty: all.
    pub packages: Vec<String>,
    /// Package patterns that were left out.
    pub exclude: Vec<String>,
    /// Targets that were asked for; empty: all.
    pub targets: Vec<TargetName>,
}
