//! What a walk came to: complete, on failure too.

use std::collections::BTreeSet;

use relplan_model::{
    address::TargetName,
    digest::Sha256,
    event::Event,
    journal::{How, Resolution},
    port::StoreError,
    step::StepId,
    time::Timestamp,
};

use crate::exit::ExitClass;

/// What a walk came to.
#[derive(Debug)]
pub struct Report {
    /// The plan's digest.
    pub plan: Sha256,
    /// Steps that ended well, those of earlier runs included.
    pub done: u64,
    /// Steps that failed.
    pub failed: u64,
    /// Steps whose outcome is unknown.
    pub unknown: u64,
    /// Steps that were not started, or were stopped before they had an effect.
    pub skipped: u64,
    /// Steps of other runs that were not done when this one ended.
    pub elsewhere: u64,
    /// Each step of the plan, in its order.
    pub steps: Vec<StepReport>,
    /// Whether the plan has ended: all of its steps ended well, and that is written down.
    pub closed: bool,
    /// The targets whose runs were waited for in vain.
    pub gave_up_on: BTreeSet<TargetName>,
    /// Why the journal could not be written any more, if it could not.
    pub failure: Option<StoreError>,
    /// Who has taken over from this run, or that the plan was given up, in words.
    pub overtaken: Option<String>,
    /// How the process ends.
    pub exit: ExitClass,
}

/// What became of one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepReport {
    /// The step.
    pub step: StepId,
    /// Whether it was this run's to carry out.
    pub ours: bool,
    /// What became of it.
    pub end: StepEnd,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepEnd {
    /// It ended well, now or in an earlier run.
    Done(How),
    /// It failed, and nothing of ours is under way.
    Failed {
        /// What was found.
        outcome: Resolution,
        /// In words.
        detail: String,
        /// Whether a credential is to blame.
        credential: bool,
    },
    /// What became of its effect is not known, or the registry could not be asked whether it may start.
    Unknown {
        /// In words.
        detail: String,
    },
    /// The plan expires, or expired, before it could start.
    Expired {
        /// In words.
        detail: String,
    },
    /// The plan is approved no more, and this effect had not begun.
    Withheld {
        /// Who or what is missing.
        detail: String,
    },
    /// It was not started: a step that it waits for did not end well, or a stop was requested (`None`).
    NotStarted {
        /// The step that is to blame.
        because: Option<StepId>,
    },
    /// It is another run's, and was not done when this one ended.
    Elsewhere,
}

impl StepEnd {
    fn class(&self) -> ExitClass {
        match self {
            Self::Done(_) | Self::Elsewhere => ExitClass::Done,
            Self::Failed {
                credential: true, ..
            } => ExitClass::Credential,
            Self::Failed {
                outcome: Resolution::Conflict,
                ..
            } => ExitClass::Conflict,
            Self::Failed { .. } | Self::NotStarted { .. } => ExitClass::Partial,
            Self::Unknown { .. } => ExitClass::Unknown,
            Self::Expired { .. } => ExitClass::Stale,
            Self::Withheld { .. } => ExitClass::Approval,
        }
    }
}

/// What besides its steps decides what a walk came to.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// Whether a stop was requested while steps were left.
    pub(crate) interrupted: bool,
    /// Whether the plan was closed.
    pub(crate) closed: bool,
    /// The targets whose runs were waited for in vain.
    pub(crate) gave_up_on: BTreeSet<TargetName>,
    /// Why writing failed.
    pub(crate) failure: Option<StoreError>,
    /// Who has taken over, if it failed because of that.
    pub(crate) overtaken: Option<String>,
}

impl Report {
    pub(crate) fn new(plan: Sha256, steps: Vec<StepReport>, surroundings: Surroundings) -> Self {
        let Surroundings {
            interrupted,
            closed,
            gave_up_on,
            failure,
            overtaken,
        } = surroundings;
        let count = |is: fn(&StepEnd) -> bool| steps.iter().filter(|s| is(&s.end)).count() as u64;
        let mut exit = steps
            .iter()
            .fold(ExitClass::Done, |exit, step| exit.graver(step.end.class()));
        if interrupted {
            exit = exit.graver(ExitClass::Interrupted);
        }
        if failure.is_some() {
            exit = exit.graver(if overtaken.is_some() {
                ExitClass::Busy
            } else {
                ExitClass::Store
            });
        }
        Self {
            plan,
            done: count(|end| matches!(end, StepEnd::Done(_))),
            failed: count(|end| {
                matches!(
                    end,
                    StepEnd::Failed { .. } | StepEnd::Expired { .. } | StepEnd::Withheld { .. }
                )
            }),
            unknown: count(|end| matches!(end, StepEnd::Unknown { .. })),
            skipped: count(|end| matches!(end, StepEnd::NotStarted { .. })),
            elsewhere: count(|end| matches!(end, StepEnd::Elsewhere)),
            steps,
            closed,
            gave_up_on,
            failure,
            overtaken,
            exit,
        }
    }

    /// What it comes to, and what to do next.
    #[must_use]
    pub fn message(&self) -> String {
        let (done, total) = (self.done, self.steps.len());
        let mut progress = format!("{done} of {total} steps are done");
        if self.elsewhere > 0 {
            progress = format!("{progress}, {} more are for other runs", self.elsewhere);
        }
        if let Some(absent) = self.absent() {
            progress = format!("{progress}; {absent}");
        }
        match self.exit {
            ExitClass::Done if total == 0 => "nothing to do".to_owned(),
            ExitClass::Done => progress,
            ExitClass::Conflict => format!(
                "{progress}; what conflicts must be looked at by a person, then abandon this plan and make a new one"
            ),
            ExitClass::Stale => format!(
                "{progress}; the plan has expired: abandon it and make a new one for the rest"
            ),
            ExitClass::Approval => format!(
                "{progress}; the plan is not approved any more, so the rest was not begun: have it approved again and apply the same plan, or abandon it"
            ),
            ExitClass::Busy => format!("{progress}; somebody else has taken over"),
            ExitClass::Store => format!(
                "{progress}; the journal could not be written, so what this run knew last is not in it: apply the same plan again, and the registries are asked"
            ),
            ExitClass::Credential => {
                format!("{progress}; mend the credential and apply the same plan again")
            }
            ExitClass::Unknown => format!(
                "{progress}, and the outcome of {} is unknown; apply the same plan again to find out",
                self.unknown
            ),
            ExitClass::Partial | ExitClass::Interrupted | ExitClass::Invalid => {
                format!("{progress}; apply the same plan again to go on")
            }
        }
    }

    /// Who did not come, or did not get on.
    fn absent(&self) -> Option<String> {
        let names: Vec<&str> = self.gave_up_on.iter().map(TargetName::as_str).collect();
        (!names.is_empty()).then(|| {
            format!(
                "what waits for the run of {} was not begun: that run did not begin, or fell silent",
                names.join(", ")
            )
        })
    }

    /// The last event of the stream.
    #[must_use]
    pub fn summary(&self, at: Timestamp) -> Event {
        Event::Summary {
            at,
            exit_code: u64::from(self.exit.code()),
            plan: Some(self.plan),
            done: self.done,
            failed: self.failed,
            unknown: self.unknown,
            skipped: self.skipped,
            message: self.message(),
        }
    }
}
