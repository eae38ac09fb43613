//! The simulated clock: time passes only while everything waits.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use relplan_model::{
    port::{BoxFuture, Clock},
    time::Timestamp,
};

use super::Shared;

/// A world's clock.
#[derive(Clone)]
pub struct SimClock(pub(super) Arc<Shared>);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.lock().timestamp()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let until = self.0.lock().now.saturating_add(millis);
        Box::pin(Sleep {
            shared: Arc::clone(&self.0),
            until,
            timer: None,
        })
    }
}

struct Sleep {
    shared: Arc<Shared>,
    until: u64,
    /// Its place among those that wait for the same moment, once it waits.
    timer: Option<u64>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        if inner.now >= self.until {
            return Poll::Ready(());
        }
        let timer = *self.timer.get_or_insert_with(|| inner.timers.place());
        inner
            .timers
            .waiting
            .insert((self.until, timer), context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(timer) = self.timer {
            let waker = self
                .shared
                .lock()
                .timers
                .waiting
                .remove(&(self.until, timer));
            drop(waker);
        }
    }
}

/// Who waits until when, in order; those that wait for the same moment in the order in which they came.
#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<(u64, u64), Waker>,
    places: u64,
}

impl Timers {
    fn place(&mut self) -> u64 {
        self.places += 1;
        self.places
    }

    pub(super) fn pop(&mut self) -> Option<(u64, Waker)> {
        let ((at, _), waker) = self.waiting.pop_first()?;
        Some((at, waker))
    }
}
