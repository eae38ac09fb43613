//! What goes wrong, and how often.

use std::collections::VecDeque;

use super::Chance;

/// How far back stale looks see if nothing else is said, in milliseconds: less than the settle time of answered effects.
const STALE_MILLIS: u64 = 8_000;

/// One thing that goes wrong with one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The request never arrives, and the client sees a reset.
    LostRequest,
    /// It is done, and the answer never arrives.
    LostResponse,
    /// The client gives up, and it is done later.
    LandsLate,
    /// It is done, and the answer is a 5xx.
    ErrorAfterCommit,
    /// It is not done, and the answer is a 5xx.
    ErrorBeforeCommit,
    /// It is done, and the answer is a 401, 403 or 409.
    FalseRefusal,
    /// It is not done, and the answer is a 403 that may be false.
    Forbidden,
    /// It is not done, and the answer asks for patience.
    Later,
    /// It is not done, and the answer asks for patience without saying how much.
    LaterUndated,
    /// It is not done, for good: the answer is a definite no.
    Refused,
    /// It is done, and the answer is a definite no all the same.
    FalseNo,
    /// Somebody else uploads the same bytes first.
    RivalSame,
    /// Somebody else uploads other bytes first.
    RivalOther,
    /// Somebody moves the package's pointers first.
    PointerMoved,
}

/// How many uploads a registry takes: `burst` at once, then one each `seconds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// How many at once.
    pub burst: u64,
    /// Seconds until each further one.
    pub seconds: u64,
    /// Whether a refusal says when to come back.
    pub dated: bool,
}

/// How often things go wrong, in a thousandth of the chances there are, and how many may in all.
#[derive(Debug, Clone)]
pub struct Faults {
    /// What goes wrong with the first writes, in order, whatever the chances are.
    pub script: VecDeque<Fault>,
    /// The limit of the targets that publish one, or whose name begins with `one`.
    pub limit: Option<Limit>,
    /// Writes that go wrong.
    pub writes: u64,
    /// The ways in which they do.
    pub kinds: Vec<Fault>,
    /// Look-ups that fail.
    pub blind_reads: u64,
    /// Look-ups that see the past.
    pub stale_reads: u64,
    /// How far back a stale look sees, in milliseconds, at most.
    pub stale_millis: u64,
    /// Look-ups that see no digests.
    pub digestless_reads: u64,
    /// Appends to the journal that fail; half of them after having been written.
    pub store_failures: u64,
    /// Appends that are told to have lost a race: half of them were written, and it is their own answer that was lost.
    pub store_conflicts: u64,
    /// Loads of the journal that fail.
    pub store_blind: u64,
    /// Port calls at which the clock jumps.
    pub clock_jumps: u64,
    /// How much longer ordinary clients are shown the past than those who ask for the newest, at most.
    pub client_lag_millis: u64,
    /// How long a port call takes at most.
    pub latency_millis: u64,
    /// How many faults may yet come, reads and writes together: a world must calm down for anything to converge.
    pub budget: u64,
}

impl Faults {
    /// Nothing goes wrong, and nothing takes time.
    #[must_use]
    pub fn none() -> Self {
        Self {
            script: VecDeque::new(),
            limit: None,
            writes: 0,
            kinds: Vec::new(),
            blind_reads: 0,
            stale_reads: 0,
            stale_millis: STALE_MILLIS,
            digestless_reads: 0,
            store_failures: 0,
            store_conflicts: 0,
            store_blind: 0,
            clock_jumps: 0,
            client_lag_millis: 0,
            latency_millis: 0,
            budget: 0,
        }
    }

    /// Every way in which the network and the registry alone can go wrong and be put right by asking again.
    #[must_use]
    pub fn of_network() -> Self {
        Self {
            script: VecDeque::new(),
            limit: None,
            writes: 400,
            stale_millis: STALE_MILLIS,
            store_conflicts: 0,
            store_blind: 0,
            clock_jumps: 0,
            kinds: vec![
                Fault::LostRequest,
                Fault::LostResponse,
                Fault::LandsLate,
                Fault::ErrorAfterCommit,
                Fault::ErrorBeforeCommit,
                Fault::FalseRefusal,
                Fault::Forbidden,
                Fault::Later,
                Fault::RivalSame,
            ],
            blind_reads: 100,
            stale_reads: 200,
            digestless_reads: 50,
            store_failures: 0,
            client_lag_millis: 20_000,
            latency_millis: 300,
            budget: 25,
        }
    }

    /// The first writes go wrong in these ways, in order, and nothing else does.
    #[must_use]
    pub fn script(faults: &[Fault]) -> Self {
        Self {
            script: faults.iter().copied().collect(),
            ..Self::none()
        }
    }

    /// Every write goes wrong in this way until the budget is used up, and nothing else does.
    #[must_use]
    pub fn always(fault: Fault, budget: u64) -> Self {
        Self {
            writes: 1000,
            kinds: vec![fault],
            budget,
            ..Self::none()
        }
    }

    /// Whether something that goes wrong this often goes wrong now.
    pub(super) fn strike(&mut self, chance: &mut Chance, often: u64) -> bool {
        let strikes = often > 0 && self.budget > 0 && chance.per_mille(often);
        if strikes {
            self.budget -= 1;
        }
        strikes
    }

    /// What goes wrong with a write, if anything does.
    pub(super) fn with_write(&mut self, chance: &mut Chance) -> Option<Fault> {
        if let Some(fault) = self.script.pop_front() {
            return Some(fault);
        }
        if !self.strike(chance, self.writes) {
            return None;
        }
        chance.one_of(&self.kinds).copied()
    }
}
