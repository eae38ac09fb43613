//! Parts that break their contract: what the simulation must notice, or its checks are worth nothing.

/// A broken part of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The store answers before what it wrote is durable: a kill loses the last append.
    Unsynced,
    /// The store appends wherever the journal ends, and compares nothing.
    Unswapped,
    /// Drivers call absent what they could not look up.
    BlindIsAbsent,
}
