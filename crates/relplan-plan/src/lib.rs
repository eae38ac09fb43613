//! The planner: what is desired, what was observed and what is recorded become a plan, by a pure and total function.
//!
//! ```text
//! PlanInput ─▶ index ─▶ diff (bytes, pointers, retire) ─▶ order (needs, cycles) ─▶ build (rows, steps, waves) ─▶ Plan
//!                                                                                                  check ◀──────┘
//! ```
//!
//! [`plan`] never fails: what is impossible or forbidden becomes a row that is held, and a finding that says why.
//! [`check`](check::check) looks at a finished plan knowing nothing of how it was made.
//!
//! Invariant: this crate never reads a file, a clock, an environment or a network, never knows a registry by name, and
//! never lets the order of its input reach its output (law L1).

mod build;
mod bump;
pub mod check;
mod cost;
mod diff;
mod index;
mod input;
mod order;
mod pointer;
mod query;
mod remark;
mod retire;

pub use build::plan;
pub use check::{Rule, Violation, check};
pub use diff::adoption::{Adoption, Standing, adoption_queries, adoptions};
pub use input::PlanInput;
pub use query::queries;
