//! The spec: KDL text to plain values, or to problems that point into the text.
//!
//! ```text
//! text ── relplan-kdl (by grammar) ──▶ typed values ── read ──▶ Spec ── assign, resolve_needs ──▶ rules of packages
//!                       └──────────────────────────────┴────────────┴──▶ Problems
//! ```
//!
//! ```
//! let text = "relplan 1\nproject \"acme/widgets\"\ntarget \"npm\" kind=\"npn\"\n";
//! let words = relplan_model::settings::Vocabulary::from([("npm", Default::default())]);
//! let parsed = relplan_spec::parse("relplan.kdl", text, &words);
//! assert!(parsed.spec.is_none());
//! assert_eq!(parsed.problems[0].hint.as_deref(), Some("did you mean \"npm\"?"));
//! ```
//!
//! Invariant: no text makes this crate panic, overflow its stack, or run longer than the text's size bounds: the spec of a
//! pull request is a stranger's text. Whatever is not understood is an error with its place (law L13), and no credential
//! that someone wrote into a spec is repeated in a message (law L11).
//!
//! This crate never reads a file, knows no registry and no kind of target: the settings that a kind understands come in
//! as a [`Vocabulary`](relplan_model::settings::Vocabulary).

mod assign;
mod grammar;
mod read;
mod selector;
mod spec;

pub use assign::{Assigned, Candidate, assign, left_out, resolve_needs};
pub use read::{Parsed, parse};
pub use spec::{
    Deprecate, Gate, Project, Rule, Selector, Spec, StateChoice, Target, To, Workspace, Yank,
};
