//! How long to wait between one look at a registry, or at the journal, and the next.

use std::time::Duration;

/// Waits that grow from quick to patient.
pub(crate) struct Pace {
    waits: &'static [u64],
    next: usize,
}

/// Milliseconds; the last one repeats.
const AFTER_EFFECT: &[u64] = &[200, 500, 1_000, 2_000, 4_000, 5_000];
const CONTESTED: &[u64] = &[10, 20, 50, 100, 200, 500];
const OF_OTHERS: &[u64] = &[1_000, 2_000, 4_000, 10_000];
const UNTIL_SHOWN: &[u64] = &[100, 200, 400, 800, 1_600, 3_200, 5_000];

impl Pace {
    /// For finding out what became of an effect.
    pub(crate) fn after_effect() -> Self {
        Self {
            waits: AFTER_EFFECT,
            next: 0,
        }
    }

    /// For another try after somebody else was quicker at the journal's end.
    pub(crate) fn contested() -> Self {
        Self {
            waits: CONTESTED,
            next: 0,
        }
    }

    /// For asking the store what other runs of the plan have done.
    pub(crate) fn of_others() -> Self {
        Self {
            waits: OF_OTHERS,
            next: 0,
        }
    }

    /// For waiting until ordinary clients are shown a version.
    pub(crate) fn until_shown() -> Self {
        Self {
            waits: UNTIL_SHOWN,
            next: 0,
        }
    }
}

impl Iterator for Pace {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        let wait = self.waits.get(self.next).or(self.waits.last())?;
        self.next += 1;
        Some(Duration::from_millis(*wait))
    }
}
