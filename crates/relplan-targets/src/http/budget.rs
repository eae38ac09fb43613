//! The time that one look-up may take in all, whatever keeps it busy: redirects, tries, or one byte now and then.
//!
//! Invariant: it ends after [`Limits::look`] and the time that what arrived takes at [`Limits::rate`]. Waiting that is
//! not the registry's doing, or that it asked for openly, does not count.
//! Why: bounds on silence alone never end a transfer of one byte every few seconds.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::Limits;

/// The rest of one look-up's time.
pub(super) struct Budget {
    /// When it ends if nothing more arrives and nothing is credited.
    begun: Instant,
    look: Duration,
    rate: u64,
    received: AtomicU64,
    credit_millis: AtomicU64,
}

impl Budget {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            begun: Instant::now(),
            look: limits.look,
            rate: limits.rate.max(1),
            received: AtomicU64::new(0),
            credit_millis: AtomicU64::new(0),
        }
    }

    /// Notes bytes that arrived.
    pub(super) fn received(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Notes time that does not count.
    pub(super) fn credit(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.credit_millis.fetch_add(millis, Ordering::Relaxed);
    }

    /// What the look-up may take, as far as it has come.
    pub(super) fn total(&self) -> Duration {
        let received = self.received.load(Ordering::Relaxed);
        let earned = Duration::from_millis(received.saturating_mul(1000) / self.rate);
        self.look + earned
    }

    fn end(&self) -> Instant {
        let credit = Duration::from_millis(self.credit_millis.load(Ordering::Relaxed));
        self.begun + self.total() + credit
    }

    /// Whether there is none left.
    pub(super) fn is_spent(&self) -> bool {
        Instant::now() >= self.end()
    }

    /// Comes back when there is none left.
    pub(super) async fn spent(&self) {
        loop {
            let end = self.end();
            sleep_until(end).await;
            if self.end() <= end {
                return;
            }
        }
    }
}
