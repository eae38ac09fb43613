//! Admission: everything that can be found out before the first write is found out before the first write (law L8).
//!
//! Invariant: nothing is written, neither to a registry nor to the journal, and nothing is sent that could change one.
//!
//! What approvals say is asked elsewhere: by the binary before it admits, by [`claim`](crate::claim()) when it claims, and by
//! the walk right before each effect.

mod artifacts;
mod surroundings;

use relplan_model::{
    digest::Sha256,
    finding::Finding,
    plan::{Base, Plan, PlanError},
    port::{ArtifactSource, Drivers},
    state::{Ended, Progress, State},
    step::Step,
    time::Timestamp,
};

use crate::{
    exit::ExitClass,
    index::{Index, Misfit},
    part::Part,
};

/// What admission is asked about.
pub struct Admission<'a> {
    /// The plan's bytes: those that were approved.
    pub bytes: &'a [u8],
    /// What time it is.
    pub now: Timestamp,
    /// Which of its steps this run carries out.
    pub part: Part,
    /// The state as it was loaded just now.
    pub state: State,
    /// The drivers, configured as they will be used.
    pub drivers: &'a dyn Drivers,
    /// Where the artifacts' bytes are.
    pub source: &'a dyn ArtifactSource,
}

/// A plan that may be claimed.
#[derive(Debug, Clone)]
pub struct Admitted {
    /// The plan.
    pub plan: Plan,
    /// The digest of its bytes.
    pub digest: Sha256,
    /// Which of its steps this run carries out.
    pub part: Part,
    /// The state that it was admitted on.
    pub state: State,
    /// Where the plan stands in that state.
    pub standing: Standing,
}

/// Where a plan stands in its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was not claimed before.
    Fresh,
    /// It is the open one, and goes on.
    Open,
    /// There is nothing to do: it has no steps, or all of them ended well in an earlier run.
    Finished,
}

/// Why a plan is not applied. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The bytes are not a plan.
    #[error("the plan is not valid")]
    Plan(#[source] PlanError),
    /// Its steps do not fit together.
    #[error("the plan is not consistent")]
    Inconsistent(#[source] Misfit),
    /// Not every artifact was known when it was made.
    #[error("the plan was made without all of its artifacts: pack them, then plan again")]
    NotApplicable,
    /// It was made although something is wrong with the spec or a manifest.
    #[error("{}", first(findings, "the plan has errors"))]
    Errors {
        /// The errors.
        findings: Vec<Finding>,
    },
    /// It was to be applied before.
    #[error("the plan expired at {not_after}, and it is {now}: make a new one")]
    Expired {
        /// When it expired.
        not_after: Timestamp,
        /// What time it is.
        now: Timestamp,
    },
    /// The state moved since it was made.
    #[error(
        "the plan is stale: it was made on serial {} of {}, and the state is at serial {} of {}: make a new one",
        planned.serial, lineage(planned), found.serial, lineage(found)
    )]
    Stale {
        /// What it was made on.
        planned: Box<Base>,
        /// What there is.
        found: Box<Base>,
    },
    /// Somebody gave it up.
    #[error("the plan was abandoned: make a new one")]
    Abandoned,
    /// Another plan is being applied.
    #[error(
        "the plan {} is open since {since} (by {runner}): apply that one again to finish it, or abandon it",
        open.short()
    )]
    OtherOpen {
        /// The open plan.
        open: Sha256,
        /// Since when.
        since: Timestamp,
        /// Where it runs or ran.
        runner: String,
    },
    /// Targets are not what they were when the plan was made.
    #[error("{}", first(findings, "targets are not as planned"))]
    Targets {
        /// One for each.
        findings: Vec<Finding>,
    },
    /// The plan claims better gates than there are (law L15).
    #[error(
        "{}",
        first(findings, "the plan claims better gates than there are here")
    )]
    Grades {
        /// One for each target.
        findings: Vec<Finding>,
    },
    /// What a target is could not be found out.
    #[error("{}", first(findings, "targets could not be described"))]
    Undescribed {
        /// One for each.
        findings: Vec<Finding>,
    },
    /// Artifacts are not what they were when the plan was made.
    #[error("{}", first(findings, "artifacts are not as planned"))]
    Artifacts {
        /// One for each.
        findings: Vec<Finding>,
    },
    /// Targets cannot be written from here.
    #[error("{}", first(findings, "targets cannot be written"))]
    Unusable {
        /// One for each target.
        findings: Vec<Finding>,
    },
    /// Credentials are missing or refused.
    #[error("{}", first(findings, "credentials are missing or refused"))]
    Credentials {
        /// One for each target.
        findings: Vec<Finding>,
    },
}

impl Denied {
    /// How the process ends because of it.
    #[must_use]
    pub fn exit(&self) -> ExitClass {
        match self {
            Self::Plan(_)
            | Self::Inconsistent(_)
            | Self::NotApplicable
            | Self::Errors { .. }
            | Self::Grades { .. }
            | Self::Artifacts { .. } => ExitClass::Invalid,
            Self::Expired { .. } | Self::Stale { .. } | Self::Abandoned | Self::Targets { .. } => {
                ExitClass::Stale
            }
            Self::OtherOpen { .. } => ExitClass::Busy,
            Self::Undescribed { .. } => ExitClass::Unknown,
            Self::Unusable { .. } => ExitClass::Partial,
            Self::Credentials { .. } => ExitClass::Credential,
        }
    }

    /// The remarks that it consists of, where there are several.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::Errors { findings }
            | Self::Targets { findings }
            | Self::Grades { findings }
            | Self::Undescribed { findings }
            | Self::Artifacts { findings }
            | Self::Unusable { findings }
            | Self::Credentials { findings } => findings,
            Self::Plan(_)
            | Self::Inconsistent(_)
            | Self::NotApplicable
            | Self::Expired { .. }
            | Self::Stale { .. }
            | Self::Abandoned
            | Self::OtherOpen { .. } => &[],
        }
    }
}

/// Finds out whether a plan may be applied here and now.
///
/// # Errors
/// Why it may not.
pub async fn admit(admission: Admission<'_>) -> Result<Admitted, Denied> {
    let Admission {
        bytes,
        now,
        part,
        state,
        drivers,
        source,
    } = admission;
    let plan = Plan::from_bytes(bytes).map_err(Denied::Plan)?;
    let digest = Plan::digest(bytes);
    if !plan.applicable {
        return Err(Denied::NotApplicable);
    }
    let index = Index::new(&plan).map_err(Denied::Inconsistent)?;
    let standing = standing(&plan, digest, &state)?;
    // A plan that was begun goes on: what it needs was judged when it was claimed.
    if standing == Standing::Fresh {
        let findings: Vec<Finding> = plan.blocking_findings().into_iter().cloned().collect();
        if !findings.is_empty() {
            return Err(Denied::Errors { findings });
        }
    }
    if standing != Standing::Finished {
        if now > plan.not_after {
            return Err(Denied::Expired {
                not_after: plan.not_after,
                now,
            });
        }
        let remaining = remaining(&plan, &part, &state);
        surroundings::check_targets(&index, &remaining, drivers).await?;
        let is_all_needed = standing == Standing::Fresh && part.is_whole();
        artifacts::check(&index, &remaining, is_all_needed, &plan, drivers, source).await?;
        surroundings::check_credentials(&remaining, drivers).await?;
    }
    Ok(Admitted {
        plan,
        digest,
        part,
        state,
        standing,
    })
}

/// Where a plan stands in a state, or why it has no place in it.
pub(crate) fn standing(plan: &Plan, digest: Sha256, state: &State) -> Result<Standing, Denied> {
    match state.ended.get(&digest) {
        Some(Ended::Closed) => return Ok(Standing::Finished),
        Some(Ended::Abandoned) => return Err(Denied::Abandoned),
        None => {}
    }
    if let Some(open) = &state.open {
        if open.plan == digest {
            return Ok(Standing::Open);
        }
        return Err(Denied::OtherOpen {
            open: open.plan,
            since: open.since,
            runner: open.runner.clone(),
        });
    }
    if !is_base(&plan.base, state) {
        return Err(Denied::Stale {
            planned: Box::new(plan.base.clone()),
            found: Box::new(state.base()),
        });
    }
    if plan.has_steps() {
        Ok(Standing::Fresh)
    } else {
        Ok(Standing::Finished)
    }
}

/// Whether a plan that rests on `base` may start in this state.
///
/// A journal of nothing but a genesis is as good as none: a crash in the middle of the first write can leave it.
fn is_base(base: &Base, state: &State) -> bool {
    let untouched = State::default().is_based_on(base);
    state.is_based_on(base) || (untouched && state.length <= 1)
}

/// The steps of a part that have not ended well. What the rest needs is found out by those who carry it out.
fn remaining<'p>(plan: &'p Plan, part: &Part, state: &State) -> Vec<&'p Step> {
    let steps = state.open.as_ref().map(|open| &open.steps);
    let is_done = |step: &&Step| {
        let progress = steps.and_then(|steps| steps.get(&step.id));
        !matches!(progress, Some(Progress::Done(_)))
    };
    plan.steps
        .iter()
        .filter(|step| part.has(step))
        .filter(is_done)
        .collect()
}

fn lineage(base: &Base) -> &str {
    base.lineage.as_deref().unwrap_or("an empty journal")
}

fn first(findings: &[Finding], otherwise: &str) -> String {
    match findings {
        [] => otherwise.to_owned(),
        [only] => only.message.clone(),
        [first, rest @ ..] => format!("{} (and {} more)", first.message, rest.len()),
    }
}
