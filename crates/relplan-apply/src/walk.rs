//! The walk: every step of a claimed plan, in order, side by side where that is allowed, each with its own recovery.
//!
//! Invariant: a step's effect is attempted only while its durable intent is the journal's last word on it (law L9),
//! and a second time only after its absence was proven (law L4). Branches that do not need each other go on when one
//! fails, and the report is complete whatever happens.
//!
//! Why one task: all of a walk's futures live and die together, so that dropping it is the same as a crash, and a
//! simulated world can crash it anywhere.

mod attempt;
mod inert;
mod lane;
mod look;
mod pace;
mod schedule;
mod verdict;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::join, stream::FuturesUnordered};
use relplan_model::{
    digest::Sha256,
    event::Event,
    journal::{How, Record, Resolution},
    plan::Plan,
    port::{Approvals, ArtifactSource, Clock, Drivers, EventSink, StateStore, StoreError},
    state::{Progress, State},
    step::{Effect, Step, StepId},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::{lane::Lanes, schedule::Schedule};
use crate::{
    claim::{Claimed, replay},
    index::Index,
    journal::{self, Halted, Journal},
    report::{Report, StepEnd, StepReport, Surroundings},
    stop::Stop,
};

/// The outside world of a walk.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The targets' drivers.
    pub drivers: &'a dyn Drivers,
    /// Where the artifacts' bytes are.
    pub source: &'a dyn ArtifactSource,
    /// Where the journal is kept.
    pub store: &'a dyn StateStore,
    /// The clock.
    pub clock: &'a dyn Clock,
    /// Who is told what happens.
    pub events: &'a dyn EventSink,
    /// Who says whether the plan is approved.
    pub approvals: &'a dyn Approvals,
}

/// How patient and how busy a walk is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How many steps may be active at once; those that only wait do not count.
    pub parallelism: usize,
    /// How often a step's effect is attempted in one walk before its outcome is left unknown.
    pub attempts: u64,
    /// How often a failed look-up is repeated before a step is given up without having been attempted.
    pub looks: u64,
    /// How long an effect may take to show after an untrusted answer came.
    pub settle_answered: Duration,
    /// How long an effect may take to show after no answer came: the request may still be on its way.
    pub settle_lost: Duration,
    /// How long ordinary clients may take to be shown a version.
    pub resolvable: Duration,
    /// How long a requested stop waits for the outcome of effects that were attempted.
    pub grace: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            parallelism: 32,
            attempts: 3,
            looks: 5,
            settle_answered: Duration::from_secs(10),
            settle_lost: Duration::from_secs(60),
            resolvable: Duration::from_secs(600),
            grace: Duration::from_secs(5),
        }
    }
}

/// Walks a claimed plan until its steps have ended, nothing more can be started, or a stop is requested.
pub async fn walk(claimed: Claimed, ports: &Ports<'_>, options: &Options, stop: &Stop) -> Report {
    let Claimed {
        plan,
        digest,
        state,
        finished,
    } = claimed;
    let prior = prior(&state);
    // A plan that was claimed was admitted, so that its steps fit together.
    let index = match Index::new(&plan) {
        Ok(index) if !finished => index,
        _ => return nothing_to_do(&plan, digest),
    };
    let (journal, writer) = journal::open(ports.store, ports.clock, state);
    let walk = Walk {
        plan: &plan,
        lanes: Lanes::of(&plan.steps),
        slots: Arc::new(Semaphore::new(options.parallelism.max(1))),
        index,
        prior,
        journal,
        ports,
        options,
        stop,
        halt: Stop::new(),
    };
    let steps = async {
        let (ends, interrupted) = walk.steps().await;
        let closed = walk.close(&ends, digest).await;
        drop(walk);
        (ends, interrupted, closed)
    };
    let ((ends, interrupted, closed), failure) = join(steps, writer.run()).await;
    let overtaken = match &failure {
        Some(StoreError::Conflict { .. }) => replay(ports.store).await.is_ok(),
        _ => false,
    };
    let surroundings = Surroundings {
        interrupted,
        closed,
        failure,
        overtaken,
    };
    Report::new(digest, reports(&plan, ends), surroundings)
}

/// How far the steps had come before this walk.
fn prior(state: &State) -> BTreeMap<StepId, Progress> {
    state
        .open
        .as_ref()
        .map(|open| open.steps.clone())
        .unwrap_or_default()
}

fn nothing_to_do(plan: &Plan, digest: Sha256) -> Report {
    let done = |step: &Step| StepReport {
        step: step.id.clone(),
        end: StepEnd::Done(How::Done),
    };
    let surroundings = Surroundings {
        closed: true,
        ..Surroundings::default()
    };
    Report::new(digest, plan.steps.iter().map(done).collect(), surroundings)
}

fn reports(plan: &Plan, mut ends: BTreeMap<usize, StepEnd>) -> Vec<StepReport> {
    let report = |(place, step): (usize, &Step)| StepReport {
        step: step.id.clone(),
        end: ends
            .remove(&place)
            .unwrap_or(StepEnd::NotStarted { because: None }),
    };
    plan.steps.iter().enumerate().map(report).collect()
}

/// The right to be active; given back while a step only waits.
type Slot = OwnedSemaphorePermit;

/// Everything that the steps of a walk share.
struct Walk<'p, 'a> {
    plan: &'p Plan,
    index: Index<'p>,
    lanes: Lanes<'p>,
    slots: Arc<Semaphore>,
    prior: BTreeMap<StepId, Progress>,
    journal: Journal,
    ports: &'a Ports<'a>,
    options: &'a Options,
    stop: &'a Stop,
    halt: Stop,
}

impl<'p> Walk<'p, '_> {
    /// Runs the steps. Returns how they ended, and whether a stop was requested while some were left.
    async fn steps(&self) -> (BTreeMap<usize, StepEnd>, bool) {
        let mut ends = self.ended_before();
        let mut schedule = Schedule::new(&self.index, |step| self.how_done(step).is_some());
        let mut running = FuturesUnordered::new();
        loop {
            while !self.is_stopping()
                && schedule.can_start()
                && let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned()
                && let Some(place) = schedule.start()
            {
                running.push(self.step(place, slot));
            }
            if running.is_empty() {
                break;
            }
            let wants_slot = !self.is_stopping() && schedule.can_start();
            tokio::select! {
                biased;
                Some((place, end)) = running.next() => {
                    self.ended(&mut schedule, &mut ends, place, end);
                }
                // Dropped at once, and taken again above if it is still wanted.
                _ = self.slots.acquire(), if wants_slot => {}
            }
        }
        let is_unknown = |end: &StepEnd| matches!(end, StepEnd::Unknown { .. });
        let is_left = schedule.left().next().is_some() || ends.values().any(is_unknown);
        (ends, self.stop.is_requested() && is_left)
    }

    fn ended_before(&self) -> BTreeMap<usize, StepEnd> {
        let done = |(place, step)| Some((place, StepEnd::Done(self.how_done(step)?)));
        self.plan
            .steps
            .iter()
            .enumerate()
            .filter_map(done)
            .collect()
    }

    /// How a step ended well in an earlier run.
    fn how_done(&self, step: &Step) -> Option<How> {
        match self.prior.get(&step.id)? {
            Progress::Done(how) => Some(*how),
            Progress::Attempted { .. } | Progress::Stopped { .. } | Progress::Paused { .. } => None,
        }
    }

    async fn step(&self, place: usize, slot: Slot) -> (usize, StepEnd) {
        let Some(step) = self.plan.steps.get(place) else {
            return (place, StepEnd::NotStarted { because: None });
        };
        let end = match step.effect {
            Effect::Await => self.wait_until_shown(step, slot).await,
            Effect::Adopt { .. } => self.adopt(step).await,
            Effect::Publish(_)
            | Effect::Point { .. }
            | Effect::Unpoint { .. }
            | Effect::Yank { .. }
            | Effect::Deprecate { .. } => self.attempt(step, slot).await,
        };
        let end = end.unwrap_or_else(|Halted| {
            self.halt.request();
            StepEnd::Unknown {
                detail: "the journal could not be written".to_owned(),
            }
        });
        (place, end)
    }

    /// Takes note of a step's end, and of the steps that are skipped because of it.
    fn ended(
        &self,
        schedule: &mut Schedule<'p>,
        ends: &mut BTreeMap<usize, StepEnd>,
        place: usize,
        end: StepEnd,
    ) {
        let Some(step) = self.plan.steps.get(place) else {
            return;
        };
        self.tell(step, &end);
        let is_done = matches!(end, StepEnd::Done(_));
        let was_stopped = matches!(end, StepEnd::NotStarted { .. });
        ends.insert(place, end);
        if is_done {
            schedule.ended_well(place);
            return;
        }
        if was_stopped {
            return;
        }
        for skipped in schedule.ended_badly(place) {
            let (Some(step), Some(because)) = (
                self.plan.steps.get(skipped.step),
                self.plan.steps.get(skipped.because),
            ) else {
                continue;
            };
            self.ports.events.emit(Event::StepSkipped {
                step: step.id.clone(),
                because: because.id.clone(),
            });
            let because = Some(because.id.clone());
            ends.insert(skipped.step, StepEnd::NotStarted { because });
        }
    }

    fn tell(&self, step: &Step, end: &StepEnd) {
        let failed = |outcome: Option<Resolution>, reason: &str| Event::StepFailed {
            step: step.id.clone(),
            outcome,
            reason: reason.to_owned(),
        };
        self.ports.events.emit(match end {
            StepEnd::Done(how) => Event::StepDone {
                step: step.id.clone(),
                how: *how,
            },
            StepEnd::Failed {
                outcome, detail, ..
            } => failed(Some(*outcome), detail),
            StepEnd::Unknown { detail } => failed(None, detail),
            StepEnd::Expired { detail } | StepEnd::Withheld { detail } => {
                failed(Some(Resolution::NotDone), detail)
            }
            StepEnd::NotStarted { .. } => return,
        });
    }

    /// Writes down that the plan has ended, if all of its steps ended well.
    async fn close(&self, ends: &BTreeMap<usize, StepEnd>, plan: Sha256) -> bool {
        let all_done = ends.len() == self.plan.steps.len()
            && ends.values().all(|end| matches!(end, StepEnd::Done(_)));
        if !all_done {
            return false;
        }
        let serial = self.plan.base.serial + 2;
        self.journal
            .write(Record::Closed { plan, serial })
            .await
            .is_ok()
    }

    fn is_stopping(&self) -> bool {
        self.stop.is_requested() || self.halt.is_requested()
    }

    /// Sleeps, unless a stop is requested meanwhile. If one was requested before, sleeps all the same: whoever may
    /// still wait then bounds it.
    async fn pause(&self, duration: Duration) {
        if self.halt.is_requested() {
            return;
        }
        let sleep = self.ports.clock.sleep(duration);
        if self.stop.is_requested() {
            tokio::select! {
                biased;
                () = self.halt.requested() => {}
                () = sleep => {}
            }
        } else {
            tokio::select! {
                biased;
                () = self.halt.requested() => {}
                () = self.stop.requested() => {}
                () = sleep => {}
            }
        }
    }

    /// The same, and the slot serves another step meanwhile.
    async fn pause_idle(&self, slot: &mut Option<Slot>, duration: Duration) {
        drop(slot.take());
        self.pause(duration).await;
        *slot = self.slot().await;
    }

    /// A slot, once one is free.
    async fn slot(&self) -> Option<Slot> {
        // The semaphore is never closed.
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }
}
