//! Parts of `relplan init`: from what a survey of the folder found to the text of a spec.
//!
//! ```text
//! survey ──draft──▶ workspaces, targets, rules ──document──▶ relplan.kdl
//! git, manifests ──origin──▶ project, repository ─────┘
//! ```
//!
//! Nothing is run and nothing is asked here; `commands/init.rs` does that.

pub mod document;
pub mod draft;
pub mod ignored;
pub mod kinds;
pub mod origin;
mod selectors;
