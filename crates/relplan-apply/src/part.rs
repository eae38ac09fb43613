//! Which steps of a plan one run carries out: all of them, or those of some targets while other runs carry out the rest.
//!
//! Why: an identity that may publish to one registry should not have to meet the secrets of another, so each target's
//! steps can be given to a job of their own.

use std::collections::BTreeSet;

use relplan_model::{address::TargetName, journal::Record, step::Step};

/// Which steps of a plan one run carries out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part(Option<BTreeSet<TargetName>>);

impl Part {
    /// All of them.
    #[must_use]
    pub fn whole() -> Self {
        Self(None)
    }

    /// Those of these targets.
    #[must_use]
    pub fn of(targets: BTreeSet<TargetName>) -> Self {
        Self(Some(targets))
    }

    /// The targets; `None`: all of the plan's.
    #[must_use]
    pub fn targets(&self) -> Option<&BTreeSet<TargetName>> {
        self.0.as_ref()
    }

    /// The same as a record of the journal has them.
    pub(crate) fn recorded(&self) -> Option<Vec<TargetName>> {
        let targets = self.0.as_ref()?;
        Some(targets.iter().cloned().collect())
    }

    /// Whether it is all of the plan.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.0.is_none()
    }

    /// Whether this step is in it.
    #[must_use]
    pub fn has(&self, step: &Step) -> bool {
        self.0
            .as_ref()
            .is_none_or(|targets| targets.contains(&step.address.target))
    }

    /// Whether a run that wrote this has taken up steps of this part, so that whoever had them before has them no more.
    pub(crate) fn is_taken_up_by(&self, record: &Record) -> bool {
        let (Record::Claim { targets, .. } | Record::Resumed { targets, .. }) = record else {
            return false;
        };
        match (&self.0, targets) {
            (Some(ours), Some(theirs)) => theirs.iter().any(|target| ours.contains(target)),
            (None, _) | (_, None) => true,
        }
    }
}
