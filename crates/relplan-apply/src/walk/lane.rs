//! Lanes: steps of one target go side by side until it asks for patience; from then on they go one at a time.
//!
//! Why: against a limit of one new name in ten minutes, a hundred uploads at once are ninety-nine too many, each of
//! them sent whole before it is refused. New names and new versions have limits of their own, so they have lanes of
//! their own.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use relplan_model::{
    address::TargetName,
    step::{Effect, Step},
    time::Timestamp,
};
use tokio::sync::MutexGuard;

/// How many effects in a row must be accepted until a lane is wide again.
const CALM: u32 = 5;

/// The right to be the one step of a lane that is under way.
pub(crate) type Turn<'l> = MutexGuard<'l, ()>;

/// The lanes of all targets of a plan.
pub(crate) struct Lanes<'p>(BTreeMap<(&'p TargetName, bool), Lane>);

/// The way to one registry.
#[derive(Default)]
pub(crate) struct Lane {
    turn: tokio::sync::Mutex<()>,
    limit: Mutex<Option<Limit>>,
}

/// A registry asked for patience.
#[derive(Clone, Copy)]
struct Limit {
    until: Timestamp,
    accepted: u32,
}

impl<'p> Lanes<'p> {
    /// The lanes that these steps go through.
    pub(crate) fn of(steps: &'p [Step]) -> Self {
        Self(
            steps
                .iter()
                .map(|step| (key(step), Lane::default()))
                .collect(),
        )
    }

    /// The lane of one of these steps.
    pub(crate) fn lane(&self, step: &'p Step) -> Option<&Lane> {
        self.0.get(&key(step))
    }
}

fn key(step: &Step) -> (&TargetName, bool) {
    let is_first = matches!(&step.effect, Effect::Publish(publish) if publish.first);
    (&step.address.target, is_first)
}

impl Lane {
    /// Whether steps go one at a time now.
    pub(crate) fn is_narrow(&self) -> bool {
        self.limit().is_some()
    }

    /// Waits for one's turn.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        self.turn.lock().await
    }

    /// Until when the registry wants to be left alone.
    pub(crate) fn until(&self) -> Option<Timestamp> {
        self.limit().map(|limit| limit.until)
    }

    /// The registry asked to be left alone until then.
    pub(crate) fn narrow(&self, until: Timestamp) {
        let mut limit = self.lock();
        let until = limit.map_or(until, |limit| limit.until.max(until));
        *limit = Some(Limit { until, accepted: 0 });
    }

    /// The registry accepted something.
    pub(crate) fn accepted(&self) {
        let mut limit = self.lock();
        *limit = limit.and_then(|limit| {
            let accepted = limit.accepted + 1;
            (accepted < CALM).then_some(Limit { accepted, ..limit })
        });
    }

    fn limit(&self) -> Option<Limit> {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Limit>> {
        self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
