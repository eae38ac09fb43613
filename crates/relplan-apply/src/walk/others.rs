//! The other runs of a shared plan: what they did is read from the journal, and what ours needs of it is waited for.
//!
//! Invariant: nothing is waited for without end. Whoever ends without having done its part says so, and who says nothing
//! any more is waited for as long as the options allow.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use relplan_model::{
    address::TargetName, event::Event, journal::Record, state::State, step::Step, time::Timestamp,
};

use super::{Walk, pace::Pace, schedule::Schedule, verdict::shortened};
use crate::{
    journal::{Halted, News},
    report::{Absence, StepEnd},
};

/// What is known of the other runs.
pub(super) struct Others {
    /// The targets with something left to do that no run has taken up yet.
    absent: BTreeSet<TargetName>,
    /// Those whose run says that it will not begin, or that it ended undone; with why.
    gone: BTreeMap<TargetName, Absence>,
    /// The targets that some run has taken up.
    here: BTreeSet<TargetName>,
    /// When the last sign of life came from them, or this run began to wait.
    heard: Timestamp,
    pace: Pace,
    /// For whom it was told that this run waits, and whether they had all begun then.
    was_told: BTreeSet<(bool, TargetName)>,
}

impl<'p> Walk<'p, '_> {
    /// What is known of the other runs at the beginning.
    pub(super) fn others(&self, state: &State) -> Others {
        let parts = state.open.as_ref().map(|open| &open.parts);
        // Whoever has left must come again; whoever was killed cannot be told from one that goes on.
        let is_here = |target: &TargetName| parts?.get(target).map(|part| !part.left);
        let is_absent = |target: &&TargetName| is_here(target) != Some(true);
        let left = self
            .plan
            .steps
            .iter()
            .filter(|step| !self.part.has(step) && self.how_done(step).is_none())
            .map(|step| &step.address.target);
        let here = left.clone().filter(|target| is_here(target) == Some(true));
        let here = here.cloned().collect();
        let absent = if self.options.together {
            left.filter(is_absent).cloned().collect()
        } else {
            BTreeSet::new()
        };
        Others {
            absent,
            gone: BTreeMap::new(),
            here,
            heard: self.ports.clock.now(),
            pace: Pace::of_others(),
            was_told: BTreeSet::new(),
        }
    }

    /// Takes in what another run did.
    pub(super) fn hear(
        &self,
        news: News,
        others: &mut Others,
        schedule: &mut Schedule<'p>,
        ends: &mut BTreeMap<usize, StepEnd>,
    ) {
        others.heard = self.ports.clock.now();
        // Attempts and waits of others bring nothing nearer: the store is asked no sooner for them.
        if news != News::Stirred {
            others.pace = Pace::of_others();
        }
        match news {
            News::Joined(targets) => {
                others.absent.retain(|target| !targets.contains(target));
                others.gone.retain(|target, _| !targets.contains(target));
                others.here.extend(targets);
            }
            News::Done(step, how) => {
                if let Some(place) = self.index.place(&step) {
                    ends.insert(place, StepEnd::Done(how));
                    schedule.ended_well(place);
                }
            }
            News::Left(targets, reason) => {
                for target in &targets {
                    let absence = match others.absent.contains(target) {
                        true => Absence::Declined(reason.clone()),
                        false => Absence::Left(reason.clone()),
                    };
                    others.gone.insert(target.clone(), absence);
                }
                let is_left = |step: &Step| targets.contains(&step.address.target);
                let places: Vec<usize> = schedule.left().collect();
                for place in places {
                    if self.plan.steps.get(place).is_some_and(is_left) {
                        self.not_done(schedule, ends, place);
                    }
                }
            }
            News::Stirred => {}
        }
    }

    /// Whether our steps may begin: not before a run of each target is there, so that whatever one of them lacks is found
    /// out before anything is published.
    pub(super) fn have_gathered(&self, others: &Others) -> bool {
        others.absent.is_empty()
    }

    /// The targets whose runs ours waits for in vain: some say that they do not begin, or all have been silent for too
    /// long.
    pub(super) fn vain(
        &self,
        others: &Others,
        awaited: &BTreeSet<TargetName>,
    ) -> Option<BTreeMap<TargetName, Absence>> {
        if others
            .gone
            .keys()
            .any(|target| others.absent.contains(target))
        {
            return Some(others.gone());
        }
        let silent = |target: &TargetName| {
            let absence = match others.here.contains(target) {
                true => Absence::Silent,
                false => Absence::NeverBegan,
            };
            (target.clone(), absence)
        };
        (self.since(others.heard) >= self.options.patience)
            .then(|| awaited.iter().map(silent).collect())
    }

    /// Waits a little, then asks the store what the other runs have done.
    pub(super) async fn listen(&self, wait: Duration) {
        self.pause(wait).await;
        if !self.is_stopping() {
            self.journal.look().await;
        }
    }

    /// The targets whose runs ours waits for.
    pub(super) fn awaited(&self, others: &Others, schedule: &Schedule<'p>) -> BTreeSet<TargetName> {
        if !others.absent.is_empty() {
            return others.absent.clone();
        }
        let target = |place: usize| Some(self.plan.steps.get(place)?.address.target.clone());
        schedule.awaited().into_iter().filter_map(target).collect()
    }

    /// Says for whom this run waits, once for each of them.
    pub(super) fn tell_awaited(&self, others: &mut Others, awaited: &BTreeSet<TargetName>) {
        // Without a run that has begun there is nobody to wait for: the order of jobs may be wrong.
        let begun = awaited.is_subset(&others.here);
        let mut is_news = false;
        for target in awaited {
            is_news |= others.was_told.insert((begun, target.clone()));
        }
        if !is_news {
            return;
        }
        self.ports.events.emit(Event::RunnersAwaited {
            targets: awaited.iter().cloned().collect(),
            begun,
            seconds: self.options.patience.as_secs(),
        });
    }

    /// Writes down that this run has ended and left steps undone, so that no other run waits for them, and whoever takes
    /// them up knows that nobody is at work.
    pub(super) async fn leave(&self, ends: &BTreeMap<usize, StepEnd>) -> Result<(), Halted> {
        let is_undone = |(place, step): (usize, &'p Step)| {
            (self.part.has(step) && !matches!(ends.get(&place), Some(StepEnd::Done(_))))
                .then_some(&step.address.target)
        };
        let undone: BTreeSet<&TargetName> = self
            .plan
            .steps
            .iter()
            .enumerate()
            .filter_map(is_undone)
            .collect();
        let targets: Vec<TargetName> = undone.into_iter().cloned().collect();
        if targets.is_empty() {
            return Ok(());
        }
        let reason = ends.values().find_map(StepEnd::blame);
        let left = Record::Left {
            plan: self.digest,
            targets,
            run: Some(self.run.clone()),
            reason: reason.map(|reason| shortened(reason.to_owned())),
        };
        self.journal.write(left).await
    }
}

impl Others {
    /// The targets whose runs say that they do not begin; if there are none, those whose runs ended undone. Whoever waits
    /// for a run that does not begin ends undone too, and is not to blame.
    pub(super) fn gone(&self) -> BTreeMap<TargetName, Absence> {
        let mut culprits = self.gone.clone();
        culprits.retain(|_, absence| matches!(absence, Absence::Declined(_)));
        if culprits.is_empty() {
            self.gone.clone()
        } else {
            culprits
        }
    }

    /// They are waited for from now on: before, this run was busy itself, and they may have waited for it.
    pub(super) fn wait_from(&mut self, now: Timestamp) {
        self.heard = now;
    }

    /// How long to wait before the store is asked again.
    pub(super) fn wait(&mut self) -> Duration {
        self.pace.next().unwrap_or_default()
    }
}
