//! Where the open plan stands, from the journal and what of the plan is at hand.

use relplan_model::{
    journal::Resolution,
    plan::Plan,
    state::{Open, Progress},
    step::Effect,
    time::Timestamp,
};

use super::Situation;

/// The open plan, with what is known of it here.
pub struct OpenPlan<'a> {
    /// What the journal says.
    pub open: &'a Open,
    /// The plan itself, where its file is here.
    pub plan: Option<&'a Plan>,
    /// What is known of its artifacts.
    pub bundle: Bundled,
    /// What time it is.
    pub now: Timestamp,
}

/// Whether a plan's artifacts are at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundled {
    /// As far as it is known here.
    There,
    /// So many of those that are still to be uploaded are not.
    Missing(usize),
}

impl OpenPlan<'_> {
    /// Where it stands. What only another plan cures comes before what the same plan can go on from.
    pub fn situation(&self) -> Situation {
        let Open {
            steps, not_after, ..
        } = self.open;
        let stopped = |resolution: Resolution| {
            steps
                .iter()
                .find_map(move |(step, progress)| match progress {
                    Progress::Stopped { outcome, detail } if *outcome == resolution => {
                        Some((step, detail))
                    }
                    _ => None,
                })
        };
        if let Some((step, _)) = stopped(Resolution::Conflict) {
            return Situation::Conflict {
                step: step.to_string(),
                left_behind: self.left_behind(),
            };
        }
        let not_after = not_after.or(self.plan.map(|plan| plan.not_after));
        if not_after.is_some_and(|end| self.now > end) {
            return Situation::Expired {
                approvals: self.needs_approvals(),
            };
        }
        if self.plan.is_none() {
            return Situation::FileElsewhere;
        }
        if let Bundled::Missing(missing) = self.bundle {
            return Situation::BundleLost { missing };
        }
        match stopped(Resolution::Refused) {
            Some((step, detail)) => Situation::Refused {
                what: format!("{step}: {detail}"),
            },
            None => Situation::Unfinished,
        }
    }

    fn needs_approvals(&self) -> bool {
        self.plan
            .is_none_or(|plan| plan.policy.is_some() || !plan.gates.is_empty())
    }

    /// The holding pointers that uploads set and that no step will remove any more.
    fn left_behind(&self) -> Vec<String> {
        let is_done = |step: &relplan_model::step::Step| {
            matches!(self.open.steps.get(&step.id), Some(Progress::Done(_)))
        };
        let Some(plan) = self.plan else {
            return Vec::new();
        };
        let removes = |step: &&relplan_model::step::Step| {
            matches!(step.effect, Effect::Unpoint { .. }) && !is_done(step)
        };
        let mut left = Vec::new();
        for step in plan.steps.iter().filter(removes) {
            let Effect::Unpoint { pointer } = &step.effect else {
                continue;
            };
            let sets = |other: &relplan_model::step::Step| {
                other.address == step.address
                    && is_done(other)
                    && matches!(&other.effect, Effect::Publish(publish) if publish.pointer.as_ref() == Some(pointer))
            };
            if plan.steps.iter().any(sets) {
                left.push(step.address.pointer(pointer));
            }
        }
        left
    }
}
