//! Approvals: what one is, the policy that says which count, and the one pure function that verifies.
//!
//! ```text
//! policy text ── policy::parse ──▶ Policy ── to_bytes, pin ──▶ its only spelling, and its digest
//! plan bytes ─── Subject::read ──▶ Subject ┐
//! record files ─ Offered ──────────────────┼─ verify ──▶ Verdict: approved, or who and what is missing
//! GitHub ─────── Evidence ─────────────────┘
//! old and new policy, signatures ── rotation::verify ──▶ may the new one be pinned?
//! ```
//!
//! Invariant: deny is the default. Whatever cannot be read, is not known, or is not said counts for nothing (law L13),
//! and the policy that counts is an argument: it never comes out of a plan or a record.
//!
//! Everything here is pure: the time is an argument, and no file, network or process is known. Private keys never come
//! near: people sign with stock `ssh-keygen -Y sign`.

pub mod evidence;
mod key;
mod pattern;
pub mod policy;
pub mod record;
pub mod rotation;
mod signature;
pub mod statement;
mod verify;

pub use key::{Key, KeyError, KeyKind};
pub use pattern::Pattern;
pub use signature::{Presence, SignatureError};
pub use verify::{
    Accepted, Denial, Discounted, MOST_RECORDS, Offered, Question, Refusal, Refused, Rejected,
    RuleVerdict, SKEW, Subject, Verdict, verify,
};
