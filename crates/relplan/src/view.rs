//! Views: pure functions from values to text. Nothing here reads a file, a clock or a registry.
//!
//! Invariant: a plan is rendered from the plan alone, so that what was reviewed and what is applied cannot differ.

pub mod adopt_text;
pub mod approvals_text;
pub mod audit_text;
pub mod contents_text;
pub mod diff_text;
pub mod explain;
pub mod graph;
pub mod html;
pub mod init_text;
pub mod journal_text;
pub mod markdown;
pub mod markup;
pub mod matrix;
pub mod next_text;
pub mod plan_text;
pub mod report_text;
pub mod rows;
pub mod since_text;
pub mod state_text;
pub mod status_text;
pub mod style;
pub mod verdict;

#[cfg(test)]
mod tests;
