//! Which step may start next: needs first, phases in order, one step of an address at a time.
//!
//! Invariant: each step is started at most once, and ends up in exactly one of: started, skipped, left waiting. Steps of
//! other runs are never started; that they ended is told from outside, and they are waited for as ours are. The cost of the whole walk grows with steps and edges, never with their product.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use relplan_model::{
    address::Address,
    step::{Phase, Step},
};

use crate::index::Index;

const PHASES: [Phase; 3] = [Phase::Create, Phase::Flip, Phase::Clean];

/// A step that will not be started, and the one whose end is to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Skipped {
    /// The step that is skipped.
    pub(crate) step: usize,
    /// The step that did not end well.
    pub(crate) because: usize,
}

/// The order of a walk, as it goes on. Steps are named by their place in the plan.
pub(crate) struct Schedule<'p> {
    steps: &'p [Step],
    unmet: Vec<usize>,
    dependents: Vec<Vec<usize>>,
    ended: Vec<bool>,
    ours: Vec<bool>,
    /// Our steps that were neither started nor ended, and how many they are.
    uncounted: Vec<bool>,
    unstarted: usize,
    phases: BTreeMap<Phase, Queue>,
    busy: BTreeSet<&'p Address>,
    parked: BTreeMap<&'p Address, VecDeque<usize>>,
}

#[derive(Default)]
struct Queue {
    ready: VecDeque<usize>,
    left: usize,
}

impl<'p> Schedule<'p> {
    /// The order of a plan's steps, of which some ended well before, and some are not ours.
    pub(crate) fn new(
        index: &Index<'p>,
        is_done: impl Fn(&Step) -> bool,
        is_ours: impl Fn(&Step) -> bool,
    ) -> Self {
        let steps = index.steps;
        let mut schedule = Self {
            steps,
            unmet: vec![0; steps.len()],
            dependents: vec![Vec::new(); steps.len()],
            ended: steps.iter().map(is_done).collect(),
            ours: steps.iter().map(is_ours).collect(),
            uncounted: vec![false; steps.len()],
            unstarted: 0,
            phases: PHASES.into_iter().map(|p| (p, Queue::default())).collect(),
            busy: BTreeSet::new(),
            parked: BTreeMap::new(),
        };
        for (place, step) in steps.iter().enumerate() {
            if schedule.has_ended(place) {
                continue;
            }
            let needs: Vec<usize> = step
                .needs
                .iter()
                .filter_map(|need| index.place(need))
                .filter(|need| !schedule.has_ended(*need))
                .collect();
            if let Some(unmet) = schedule.unmet.get_mut(place) {
                *unmet = needs.len();
            }
            for need in &needs {
                if let Some(dependents) = schedule.dependents.get_mut(*need) {
                    dependents.push(place);
                }
            }
            let is_ours = schedule.is_ours(place);
            if let Some(uncounted) = schedule.uncounted.get_mut(place) {
                *uncounted = is_ours;
                schedule.unstarted += usize::from(is_ours);
            }
            if let Some(queue) = schedule.phases.get_mut(&step.phase) {
                queue.left += 1;
                if needs.is_empty() && is_ours {
                    queue.ready.push_back(place);
                }
            }
        }
        schedule
    }

    /// Whether [`Schedule::start`] would give a step.
    pub(crate) fn can_start(&mut self) -> bool {
        self.park_busy();
        self.current().is_some_and(|queue| !queue.ready.is_empty())
    }

    /// The next step to start, which holds its address until it ends.
    pub(crate) fn start(&mut self) -> Option<usize> {
        self.park_busy();
        let place = self.current()?.ready.pop_front()?;
        if let Some(step) = self.steps.get(place) {
            self.busy.insert(&step.address);
        }
        self.started_or_ended(place);
        Some(place)
    }

    /// Whether any of our steps was neither started nor skipped. If none can be started and none is under way, it waits
    /// for other runs.
    pub(crate) fn has_unstarted(&self) -> bool {
        self.unstarted > 0
    }

    /// The steps of other runs that ours wait for at this moment: what those of this phase need, or all of this phase.
    pub(crate) fn awaited(&self) -> BTreeSet<usize> {
        let left: Vec<usize> = self.left().collect();
        let phase = |place: &usize| self.steps.get(*place).map(|step| step.phase);
        let Some(current) = left.iter().filter_map(phase).min() else {
            return BTreeSet::new();
        };
        let is_now = |place: &usize| phase(place) == Some(current);
        let (ours, others): (Vec<usize>, Vec<usize>) = left
            .into_iter()
            .filter(is_now)
            .partition(|place| self.is_ours(*place));
        let is_needed = |other: &usize| {
            let dependents = self.dependents.get(*other);
            dependents.is_some_and(|of| of.iter().any(|place| self.is_ours(*place)))
        };
        let needed: BTreeSet<usize> = others.iter().copied().filter(is_needed).collect();
        if ours.is_empty() || needed.is_empty() {
            others.into_iter().collect()
        } else {
            needed
        }
    }

    /// A started step ended well, or one that is not ours.
    pub(crate) fn ended_well(&mut self, place: usize) {
        self.release(place);
        self.end(place);
        let dependents = self
            .dependents
            .get_mut(place)
            .map(std::mem::take)
            .unwrap_or_default();
        for dependent in dependents {
            let Some(unmet) = self.unmet.get_mut(dependent) else {
                continue;
            };
            *unmet -= 1;
            if *unmet == 0
                && !self.has_ended(dependent)
                && self.is_ours(dependent)
                && let Some(queue) = self.queue_of(dependent)
            {
                queue.ready.push_back(dependent);
            }
        }
    }

    /// A started step ended, not well, or one that is not ours will not be done. The steps that need it will not be started, nor will those of later phases.
    pub(crate) fn ended_badly(&mut self, place: usize) -> Vec<Skipped> {
        self.release(place);
        self.end(place);
        let mut skipped = self.skip_dependents(place);
        skipped.extend(self.skip_later_phases(place));
        skipped
    }

    /// The steps that neither ended nor were skipped.
    pub(crate) fn left(&self) -> impl Iterator<Item = usize> + '_ {
        let waiting = |(place, ended): (usize, &bool)| (!ended).then_some(place);
        self.ended.iter().enumerate().filter_map(waiting)
    }

    /// The queue of the first phase that has not ended (law L8).
    fn current(&mut self) -> Option<&mut Queue> {
        self.phases.values_mut().find(|queue| queue.left > 0)
    }

    /// Takes steps whose address is busy from the front of the queue; they come back when it is free.
    fn park_busy(&mut self) {
        let Some(queue) = self.phases.values_mut().find(|queue| queue.left > 0) else {
            return;
        };
        while let Some(place) = queue.ready.front().copied()
            && let Some(step) = self.steps.get(place)
            && self.busy.contains(&step.address)
        {
            queue.ready.pop_front();
            self.parked
                .entry(&step.address)
                .or_default()
                .push_back(place);
        }
    }

    fn release(&mut self, place: usize) {
        let Some(step) = self.steps.get(place) else {
            return;
        };
        self.busy.remove(&step.address);
        let next = self
            .parked
            .get_mut(&step.address)
            .and_then(VecDeque::pop_front);
        if let Some(next) = next
            && let Some(queue) = self.queue_of(next)
        {
            queue.ready.push_front(next);
        }
    }

    fn end(&mut self, place: usize) {
        if let Some(ended) = self.ended.get_mut(place)
            && !*ended
        {
            *ended = true;
            self.started_or_ended(place);
            if let Some(queue) = self.queue_of(place) {
                queue.left -= 1;
            }
        }
    }

    fn skip_dependents(&mut self, failed: usize) -> Vec<Skipped> {
        let mut skipped = Vec::new();
        let mut because = vec![failed];
        while let Some(place) = because.pop() {
            let dependents = self
                .dependents
                .get_mut(place)
                .map(std::mem::take)
                .unwrap_or_default();
            for step in dependents {
                if !self.has_ended(step) {
                    self.end(step);
                    skipped.push(Skipped {
                        step,
                        because: place,
                    });
                    because.push(step);
                }
            }
        }
        skipped
    }

    /// Why: the steps of a later phase are worth something only after all of the earlier ones (law L8), and they are
    /// told to be skipped as soon as that is certain.
    fn skip_later_phases(&mut self, failed: usize) -> Vec<Skipped> {
        let Some(phase) = self.steps.get(failed).map(|step| step.phase) else {
            return Vec::new();
        };
        if self
            .phases
            .iter()
            .all(|(p, queue)| *p <= phase || queue.left == 0)
        {
            return Vec::new();
        }
        let later: Vec<usize> = self
            .left()
            .filter(|place| self.steps.get(*place).is_some_and(|s| s.phase > phase))
            .collect();
        for (_, queue) in self.phases.iter_mut().filter(|(p, _)| **p > phase) {
            queue.ready.clear();
        }
        later
            .into_iter()
            .map(|step| {
                self.end(step);
                Skipped {
                    step,
                    because: failed,
                }
            })
            .collect()
    }

    fn has_ended(&self, place: usize) -> bool {
        self.ended.get(place).copied().unwrap_or(true)
    }

    fn is_ours(&self, place: usize) -> bool {
        self.ours.get(place).copied().unwrap_or(false)
    }

    /// Counts a step of ours off, once.
    fn started_or_ended(&mut self, place: usize) {
        if let Some(uncounted) = self.uncounted.get_mut(place)
            && std::mem::take(uncounted)
        {
            self.unstarted -= 1;
        }
    }

    fn queue_of(&mut self, place: usize) -> Option<&mut Queue> {
        let phase = self.steps.get(place)?.phase;
        self.phases.get_mut(&phase)
    }
}

#[cfg(test)]
mod tests;
