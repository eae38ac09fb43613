//! The nouns of relplan as plain values with their invariants and bytes, and the port traits behind which effects live.
//!
//! Everything points at this crate and it points at nothing of ours, so a type that two rooms share stands here once.
//!
//! Invariant: no file, clock, async runtime, registry name, KDL or colour is known here, and no function chooses
//! between alternatives: choosing is the planner's work.

pub mod address;
pub mod approval;
pub mod bundle;
pub mod canonical;
pub mod contents;
pub mod digest;
pub mod event;
pub mod finding;
pub mod journal;
pub mod next;
pub mod observation;
pub mod plan;
pub mod port;
pub mod problem;
pub mod release;
#[cfg(feature = "schema")]
pub mod schema;
pub mod settings;
pub mod state;
pub mod step;
pub mod target;
pub mod text;
pub mod time;
