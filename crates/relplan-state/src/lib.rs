//! State and journal: the stores that keep a journal, and the reading back of state from it.
//!
//! A store appends lines with compare-and-swap on the journal's head (law L10) and knows nothing of what they mean;
//! [`load_state`] folds them. State is never written: it is the fold of the journal (law L9).
//!
//! ```text
//! apply ──Entry──▶ StateStore::append ──▶ journal.jsonl ──load──▶ State::replay ──▶ State
//! ```
//!
//! This crate never asks a registry, makes a plan or prints.

mod file;
mod load;

pub use file::FileStore;
pub use load::{Loaded, load_state};
