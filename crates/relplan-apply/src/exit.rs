//! How an apply ends, as a class that the binary turns into an exit code (design §10).

/// How an apply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExitClass {
    /// Done, or nothing to do.
    Done,
    /// A conflict: other bytes, or another value, are there.
    Conflict,
    /// An approval is missing or invalid.
    Approval,
    /// The plan is stale or has expired.
    Stale,
    /// Another apply is open, or took over.
    Busy,
    /// Partly done; the same plan goes on.
    Partial,
    /// The outcome of a step is unknown.
    Unknown,
    /// The journal could not be kept.
    Store,
    /// The plan, or an artifact, is not what it should be.
    Invalid,
    /// A credential is missing or was refused.
    Credential,
    /// Stopped gracefully.
    Interrupted,
}

impl ExitClass {
    /// The exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Conflict => 3,
            Self::Approval => 4,
            Self::Stale => 5,
            Self::Busy => 6,
            Self::Partial => 7,
            Self::Unknown => 8,
            Self::Store => 10,
            Self::Invalid => 65,
            Self::Credential => 77,
            Self::Interrupted => 130,
        }
    }

    /// Of two things that went wrong in one walk, the one that the exit code tells.
    ///
    /// First what stops everybody (the journal, another applier), then what no repetition cures (a conflict, a missing
    /// approval, a credential), then what was asked for (an interruption), then what a repetition finds out or cures (an unknown
    /// outcome, an expired plan, a failed step).
    #[must_use]
    pub fn graver(self, other: Self) -> Self {
        if self.gravity() >= other.gravity() {
            self
        } else {
            other
        }
    }

    fn gravity(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partial => 1,
            Self::Stale => 2,
            Self::Unknown => 3,
            Self::Interrupted => 4,
            Self::Credential => 5,
            Self::Approval => 6,
            Self::Conflict => 7,
            Self::Invalid => 8,
            Self::Busy => 9,
            Self::Store => 10,
        }
    }
}
