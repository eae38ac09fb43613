//! Events: what happens while a plan is made or applied. The terminal, the JSON stream and the report are readers of
//! this one stream.

use serde::{Deserialize, Serialize};

use crate::{
    address::TargetName,
    digest::Sha256,
    finding::Finding,
    journal::{How, Resolution},
    next::Next,
    step::StepId,
    time::Timestamp,
};

/// The format name that the first event carries.
pub const FORMAT: &str = "relplan.events/1";

/// One line of the JSON stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub struct Line {
    /// Its place in the stream, from 0, without gaps.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "type")]
pub enum Event {
    /// The first event of every stream.
    #[serde(rename_all = "kebab-case")]
    Version {
        /// Always [`FORMAT`].
        #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
        format: String,
        /// The relplan version.
        tool: String,
    },
    /// A remark.
    Diagnostic(Finding),
    /// A package was packed into an artifact, or is about to be (`done` tells which).
    #[serde(rename_all = "kebab-case")]
    Pack {
        /// The package, for people.
        package: String,
        /// Whether it is packed now.
        done: bool,
    },
    /// Registries are being asked.
    #[serde(rename_all = "kebab-case")]
    Observing {
        /// Answers so far.
        done: u64,
        /// Answers wanted.
        total: u64,
    },
    /// A plan is at hand.
    #[serde(rename_all = "kebab-case")]
    Planned {
        /// Its digest.
        plan: Sha256,
        /// How many steps it has.
        steps: u64,
        /// How many rows it holds back.
        held: u64,
    },
    /// The plan's approvals were verified, before anything else.
    #[serde(rename_all = "kebab-case")]
    Approval {
        /// Its digest.
        plan: Sha256,
        /// Whether it is approved.
        approved: bool,
        /// Everybody whose yes counts, in order.
        people: Vec<String>,
        /// Who or what is missing; empty if it is approved.
        missing: Vec<String>,
    },
    /// The plan was claimed, or goes on.
    #[serde(rename_all = "kebab-case")]
    Claimed {
        /// Its digest.
        plan: Sha256,
        /// Whether it had been claimed before.
        resumed: bool,
        /// Steps that had ended before.
        done: u64,
        /// Steps in all.
        total: u64,
    },
    /// Other runs share the plan, and this one waits for those of these targets.
    #[serde(rename_all = "kebab-case")]
    RunnersAwaited {
        /// The targets.
        targets: Vec<TargetName>,
        /// Whether all runs have begun, so that it waits for steps rather than for runs to come.
        begun: bool,
        /// How long they may be silent before this run gives up, in seconds.
        seconds: u64,
    },
    /// A step's effect is being attempted.
    #[serde(rename_all = "kebab-case")]
    StepStarted {
        /// The step.
        step: StepId,
        /// Which attempt, from 1.
        attempt: u64,
    },
    /// Bytes of a step's upload have been sent.
    #[serde(rename_all = "kebab-case")]
    StepProgress {
        /// The step.
        step: StepId,
        /// Bytes sent.
        sent: u64,
        /// Bytes in all.
        total: u64,
    },
    /// A step waits, for the registry or for a rate limit.
    #[serde(rename_all = "kebab-case")]
    StepWaiting {
        /// The step.
        step: StepId,
        /// For what, in words.
        reason: String,
        /// For how long at most, in seconds.
        seconds: u64,
    },
    /// An attempt ended without a trustworthy answer; the registry is being asked.
    #[serde(rename_all = "kebab-case")]
    StepUnknown {
        /// The step.
        step: StepId,
        /// Which attempt.
        attempt: u64,
        /// What was seen.
        reason: String,
    },
    /// A step ended well.
    #[serde(rename_all = "kebab-case")]
    StepDone {
        /// The step.
        step: StepId,
        /// How.
        how: How,
    },
    /// A step ended, not well.
    #[serde(rename_all = "kebab-case")]
    StepFailed {
        /// The step.
        step: StepId,
        /// What was found; `None`: the outcome is still unknown.
        outcome: Option<Resolution>,
        /// In words.
        reason: String,
    },
    /// A step was not started, since something that it needs did not end well.
    #[serde(rename_all = "kebab-case")]
    StepSkipped {
        /// The step.
        step: StepId,
        /// The step that it waited for.
        because: StepId,
    },
    /// The last event of every stream, on failure too.
    #[serde(rename_all = "kebab-case")]
    Summary {
        /// When it ended.
        at: Timestamp,
        /// The process's exit code.
        exit_code: u64,
        /// The plan's digest, where there is one.
        plan: Option<Sha256>,
        /// Steps that ended well, those of earlier runs included.
        done: u64,
        /// Steps that failed.
        failed: u64,
        /// Steps whose outcome is unknown.
        unknown: u64,
        /// Steps that were not started.
        skipped: u64,
        /// What it comes to, and what to do next.
        message: String,
        /// What to do next, for programs; `null`: nothing.
        next: Option<Next>,
    },
}
