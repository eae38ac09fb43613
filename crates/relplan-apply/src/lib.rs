//! Apply: admit a plan, claim it, walk it, recover it.
//!
//! ```text
//! bytes ──admit──▶ Admitted ──claim──▶ Claimed ──walk──▶ Report
//!         checks             genesis            each step: look, intent, effect, read back, receipt
//!         everything,        claim or
//!         writes nothing     resume
//! ```
//!
//! Nothing here decides what a release changes: the plan did (law L2). What is decided here is only what became of an
//! effect, by asking the registry and comparing digests (law L4). After any interruption the same calls with the same
//! plan go on where it was left.
//!
//! This crate knows ports only. It never names a registry, opens a file, or prints.

mod admit;
mod adopt;
mod claim;
mod contest;
mod decline;
mod digesting;
mod exit;
mod index;
mod journal;
mod part;
mod report;
mod stop;
mod walk;

pub use admit::{Admission, Admitted, Denied, Standing, admit};
pub use adopt::{AdoptError, adopt, begin, facts_of};
pub use claim::{AbandonError, ClaimError, Claimed, Opening, abandon, claim};
pub use decline::decline;
pub use exit::ExitClass;
pub use part::Part;
pub use report::{Absence, Report, StepEnd, StepReport};
pub use stop::Stop;
pub use walk::{Options, Ports, walk};
