//! Diffs of the files inside artifacts: what `relplan diff` prints and what other views embed.
//!
//! ```text
//! plan.contents[n] ──open──▶ Pair { before, after }  bytes with the plan's digests
//!                              └──file_diffs──▶ [FileDiff { path, change, body: hunks of lines }]
//! ```
//!
//! Use: [`open`] once for each [`relplan_model::contents::Contents`], then [`file_diffs`]; both are bounded by
//! [`Limits`], and everything in a [`FileDiff`] is text from outside that its view has to make harmless.
//!
//! Invariant: nothing but bytes that the plan names by digest is shown (law L3).

mod files;
mod lines;
mod sides;

pub use self::{
    files::{Body, FileDiff, Limits, file_diffs},
    lines::{Hunk, LineKind},
    sides::{DiffError, Sources, open},
};

#[cfg(test)]
pub use self::lines::Line;

#[cfg(test)]
mod tests;
