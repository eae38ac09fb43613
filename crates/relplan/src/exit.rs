//! Exit codes. They are API: documented in `docs/reference/exit-codes.md`, and no code changes its meaning.

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// Done, or nothing to do.
    Done = 0,
    /// A fault of relplan's own, or of the machine.
    Internal = 1,
    /// `plan --detailed-exitcode`: the plan has changes.
    Changes = 2,
    /// A conflict (same version, other bytes) or drift.
    Conflict = 3,
    /// An approval is missing or invalid.
    Approval = 4,
    /// The plan is stale or has expired.
    Stale = 5,
    /// Another apply is open.
    Open = 6,
    /// Partly done; `apply` again resumes.
    Partial = 7,
    /// The outcome of a step is still unknown.
    Unknown = 8,
    /// Waits for a person.
    #[expect(
        dead_code,
        reason = "a documented code; targets that stage are the first to end so"
    )]
    Paused = 9,
    /// The state store or the journal is damaged or out of reach.
    Store = 10,
    /// Wrong usage; clap's own code for this is 2, which means something else here.
    Usage = 64,
    /// The spec, the plan or the bundle is invalid.
    Invalid = 65,
    /// A credential is missing or was refused.
    Credential = 77,
    /// Interrupted, gracefully.
    Interrupted = 130,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        self as u8
    }
}
