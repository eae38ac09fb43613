//! What a walk came to: complete, on failure too.

use std::collections::BTreeMap;

use relplan_model::{
    address::TargetName,
    digest::Sha256,
    journal::{How, Resolution},
    plan::Base,
    port::StoreError,
    step::StepId,
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
    pub gave_up_on: BTreeMap<TargetName, Absence>,
    /// Why the journal could not be written any more, if it could not.
    pub failure: Option<StoreError>,
    /// Who has taken over from this run, or that the plan was given up, in words.
    pub overtaken: Option<String>,
    /// How far the journal had come, as far as this run saw it.
    pub base: Base,
    /// How the process ends.
    pub exit: ExitClass,
}

/// Why another run's steps are not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absence {
    /// No run of the target began.
    NeverBegan,
    /// It began, and nothing more was heard of it.
    Silent,
    /// It was not admitted, and said so; with why.
    Declined(Option<String>),
    /// It ended, and not all of its steps ended well; with why.
    Left(Option<String>),
}

impl Absence {
    /// What is to be said of the run of a target.
    #[must_use]
    pub fn of(&self, target: &TargetName) -> String {
        let because = |reason: &Option<String>| {
            let reason = reason.as_ref().map(|reason| format!(": {reason}"));
            reason.unwrap_or_default()
        };
        match self {
            Self::NeverBegan => format!("no run of {target} has begun"),
            Self::Silent => format!("the run of {target} fell silent"),
            Self::Declined(reason) => {
                format!("the run of {target} cannot begin{}", because(reason))
            }
            Self::Left(reason) => format!(
                "the run of {target} ended before all of it was done{}",
                because(reason)
            ),
        }
    }
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
    /// Why it did not end well, where that is its own doing.
    pub(crate) fn blame(&self) -> Option<&str> {
        match self {
            Self::Failed { detail, .. }
            | Self::Unknown { detail }
            | Self::Expired { detail }
            | Self::Withheld { detail } => Some(detail),
            Self::Done(_) | Self::NotStarted { .. } | Self::Elsewhere => None,
        }
    }

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
#[derive(Debug)]
pub(crate) struct Surroundings {
    /// Whether a stop was requested while steps were left.
    pub(crate) interrupted: bool,
    /// Whether the plan was closed.
    pub(crate) closed: bool,
    /// The targets whose runs were waited for in vain.
    pub(crate) gave_up_on: BTreeMap<TargetName, Absence>,
    /// Why writing failed.
    pub(crate) failure: Option<StoreError>,
    /// Who has taken over, if it failed because of that.
    pub(crate) overtaken: Option<String>,
    /// How far the journal had come.
    pub(crate) base: Base,
}

impl Report {
    pub(crate) fn new(plan: Sha256, steps: Vec<StepReport>, surroundings: Surroundings) -> Self {
        let Surroundings {
            interrupted,
            closed,
            gave_up_on,
            failure,
            overtaken,
            base,
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
            base,
            exit,
        }
    }

    /// What it comes to. What to do next depends on where the command was run, and is said elsewhere.
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
        let why = match self.exit {
            ExitClass::Done if total == 0 => return "nothing to do".to_owned(),
            ExitClass::Done | ExitClass::Partial | ExitClass::Invalid => return progress,
            ExitClass::Conflict => "something else is there than was planned".to_owned(),
            ExitClass::Stale => "the plan has expired".to_owned(),
            ExitClass::Approval => {
                "the plan is not approved any more, so the rest was not begun".to_owned()
            }
            ExitClass::Busy => "another run has taken over".to_owned(),
            ExitClass::Store => {
                "the journal could not be written, so what this run knew last is not in it"
                    .to_owned()
            }
            ExitClass::Credential => "a credential was refused".to_owned(),
            ExitClass::Unknown if self.unknown == 1 => {
                "the outcome of 1 step is unknown".to_owned()
            }
            ExitClass::Unknown => format!("the outcome of {} steps is unknown", self.unknown),
            ExitClass::Interrupted => "a stop was requested".to_owned(),
        };
        format!("{progress}; {why}")
    }

    /// Who did not come, or did not get on.
    fn absent(&self) -> Option<String> {
        let names: Vec<&str> = self.gave_up_on.keys().map(TargetName::as_str).collect();
        let why: Vec<String> = self
            .gave_up_on
            .iter()
            .map(|(target, absence)| absence.of(target))
            .collect();
        (!names.is_empty()).then(|| {
            format!(
                "what waits for the run of {} was not begun: {}",
                names.join(", "),
                why.join("; ")
            )
        })
    }

    /// The step that is to blame for each step that was not started: the one at the beginning of the chain.
    #[must_use]
    pub fn roots(&self) -> BTreeMap<Option<&StepId>, usize> {
        let because: BTreeMap<&StepId, Option<&StepId>> = self
            .steps
            .iter()
            .filter_map(|report| match &report.end {
                StepEnd::NotStarted { because } => Some((&report.step, because.as_ref())),
                _ => None,
            })
            .collect();
        let mut roots = BTreeMap::new();
        for first in because.values() {
            let mut root = *first;
            while let Some(Some(Some(next))) = root.map(|step| because.get(step)) {
                root = Some(next);
            }
            *roots.entry(root).or_default() += 1;
        }
        roots
    }
}
