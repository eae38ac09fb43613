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
mod others;
pub(crate) mod pace;
mod schedule;
mod verdict;

pub(crate) use verdict::shortened;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::join, stream::FuturesUnordered};
use relplan_model::{
    address::TargetName,
    digest::Sha256,
    event::Event,
    journal::{How, Record, Resolution},
    plan::Plan,
    port::{Approvals, ArtifactSource, Clock, Drivers, EventSink, StateStore},
    state::{Progress, State},
    step::{Effect, Step, StepId},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc::UnboundedReceiver};

use self::{lane::Lanes, schedule::Schedule};
use crate::{
    claim::Claimed,
    index::Index,
    journal::{self, Halted, Journal, News},
    part::Part,
    report::{Absence, Report, StepEnd, StepReport, Surroundings},
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
    /// Where other runs have a part of the plan: how long they may be silent while this one waits for them.
    pub patience: Duration,
    /// Where other runs have a part of the plan: whether nothing begins before a run of each target is there.
    pub together: bool,
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
            patience: Duration::from_secs(1_800),
            together: true,
        }
    }
}

/// Walks a claimed plan until its steps have ended, nothing more can be started, or a stop is requested.
pub async fn walk(claimed: Claimed, ports: &Ports<'_>, options: &Options, stop: &Stop) -> Report {
    let Claimed {
        plan,
        digest,
        part,
        state,
        run,
        finished,
    } = claimed;
    let prior = prior(&state);
    // A plan that was claimed was admitted, so that its steps fit together.
    let index = match Index::new(&plan) {
        Ok(index) if !finished => index,
        _ => return nothing_to_do(&plan, digest, &state),
    };
    let known = state.clone();
    let (journal, writer, news) = journal::open(ports.store, ports.clock, (digest, &part), state);
    let walk = Walk {
        plan: &plan,
        digest,
        run,
        part: &part,
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
        let walked = walk.steps(&known, news).await;
        let closed = walk.close(&walked.ends).await;
        drop(walk);
        (walked, closed)
    };
    let ((walked, closed), (base, failure)) = join(steps, writer.run()).await;
    let Walked {
        ends,
        interrupted,
        gave_up_on,
    } = walked;
    let (failure, overtaken) = match failure {
        Some(failure) => (Some(failure.error), failure.overtaken),
        None => (None, None),
    };
    let surroundings = Surroundings {
        interrupted,
        closed,
        gave_up_on,
        failure,
        overtaken,
        base,
    };
    Report::new(digest, reports(&plan, &part, ends), surroundings)
}

/// How far the steps had come before this walk.
fn prior(state: &State) -> BTreeMap<StepId, Progress> {
    state
        .open
        .as_ref()
        .map(|open| open.steps.clone())
        .unwrap_or_default()
}

fn nothing_to_do(plan: &Plan, digest: Sha256, state: &State) -> Report {
    let done = |step: &Step| StepReport {
        step: step.id.clone(),
        ours: true,
        end: StepEnd::Done(How::Done),
    };
    let surroundings = Surroundings {
        interrupted: false,
        closed: true,
        gave_up_on: BTreeMap::new(),
        failure: None,
        overtaken: None,
        base: state.base(),
    };
    Report::new(digest, plan.steps.iter().map(done).collect(), surroundings)
}

fn reports(plan: &Plan, part: &Part, mut ends: BTreeMap<usize, StepEnd>) -> Vec<StepReport> {
    let report = |(place, step): (usize, &Step)| StepReport {
        step: step.id.clone(),
        ours: part.has(step),
        end: ends.remove(&place).unwrap_or_else(|| {
            if part.has(step) {
                StepEnd::NotStarted { because: None }
            } else {
                StepEnd::Elsewhere
            }
        }),
    };
    plan.steps.iter().enumerate().map(report).collect()
}

/// What the steps of a walk came to.
struct Walked {
    ends: BTreeMap<usize, StepEnd>,
    /// Whether a stop was requested while some were left.
    interrupted: bool,
    /// The targets whose runs were waited for in vain.
    gave_up_on: BTreeMap<TargetName, Absence>,
}

/// The right to be active; given back while a step only waits.
type Slot = OwnedSemaphorePermit;

/// Everything that the steps of a walk share.
struct Walk<'p, 'a> {
    plan: &'p Plan,
    digest: Sha256,
    run: String,
    part: &'p Part,
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
    /// Runs the steps.
    async fn steps(&self, known: &State, mut news: UnboundedReceiver<News>) -> Walked {
        let mut ends = self.ended_before();
        let mut others = self.others(known);
        let mut schedule = Schedule::new(
            &self.index,
            |step| self.how_done(step).is_some(),
            |step| self.part.has(step),
        );
        let mut running = FuturesUnordered::new();
        let mut listening = Box::pin(self.listen(others.wait()));
        let mut gave_up_on = BTreeMap::new();
        loop {
            while let Ok(one) = news.try_recv() {
                self.hear(one, &mut others, &mut schedule, &mut ends);
            }
            let may_start = !self.is_stopping() && self.have_gathered(&others);
            while may_start
                && schedule.can_start()
                && let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned()
                && let Some(place) = schedule.start()
            {
                running.push(self.step(place, slot));
            }
            let wants_slot = may_start && schedule.can_start();
            let waits = !self.part.is_whole()
                && !self.is_stopping()
                && !wants_slot
                && schedule.has_unstarted();
            if running.is_empty() && !wants_slot {
                if !waits {
                    break;
                }
                let awaited = self.awaited(&others, &schedule);
                if let Some(vain) = self.vain(&others, &awaited) {
                    gave_up_on = vain;
                    break;
                }
                self.tell_awaited(&mut others, &awaited);
            }
            tokio::select! {
                biased;
                Some((place, end)) = running.next() => {
                    self.ended(&mut schedule, &mut ends, place, end);
                    others.wait_from(self.ports.clock.now());
                }
                one = news.recv(), if !self.halt.is_requested() => match one {
                    Some(one) => self.hear(one, &mut others, &mut schedule, &mut ends),
                    // The writer has given up, and says why itself.
                    None => self.halt.request(),
                },
                () = &mut listening, if waits => {
                    listening = Box::pin(self.listen(others.wait()));
                }
                // Dropped at once, and taken again above if it is still wanted.
                _ = self.slots.acquire(), if wants_slot => {}
            }
        }
        let not_started = |end: &StepEnd| matches!(end, StepEnd::NotStarted { .. });
        if schedule.has_unstarted() || ends.values().any(not_started) {
            gave_up_on.extend(others.gone());
        }
        let is_unknown = |end: &StepEnd| matches!(end, StepEnd::Unknown { .. });
        let is_left = schedule.has_unstarted() || ends.values().any(is_unknown);
        Walked {
            ends,
            interrupted: self.stop.is_requested() && is_left,
            gave_up_on,
        }
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
        self.not_done(schedule, ends, place);
    }

    /// Takes note that a step did not end well, ours or not, and of those of ours that are skipped because of it.
    fn not_done(
        &self,
        schedule: &mut Schedule<'p>,
        ends: &mut BTreeMap<usize, StepEnd>,
        place: usize,
    ) {
        for skipped in schedule.ended_badly(place) {
            let (Some(step), Some(because)) = (
                self.plan.steps.get(skipped.step),
                self.plan.steps.get(skipped.because),
            ) else {
                continue;
            };
            if !self.part.has(step) {
                continue;
            }
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
            StepEnd::NotStarted { .. } | StepEnd::Elsewhere => return,
        });
    }

    /// Writes down that the plan has ended, if all of its steps ended well. If not, writes down that this run has nothing
    /// more to give.
    ///
    /// Why nothing is asked once more before: whoever writes the last receipt has read all that stands before it, so of
    /// runs that end at the same time, one knows that everything is done.
    async fn close(&self, ends: &BTreeMap<usize, StepEnd>) -> bool {
        let all_done = ends.len() == self.plan.steps.len()
            && ends.values().all(|end| matches!(end, StepEnd::Done(_)));
        if !all_done {
            // A journal that cannot be written is told of elsewhere.
            let _ = self.leave(ends).await;
            return false;
        }
        let (plan, serial) = (self.digest, self.plan.base.serial + 2);
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
