//! State and journal: the stores that keep a journal, and the reading back of state from it.
//!
//! A store appends lines with compare-and-swap on the journal's head (law L10) and knows nothing of what they mean;
//! [`load_state`] folds them. State is never written: it is the fold of the journal (law L9).
//!
//! ```text
//!                                     ┌ file      a folder
//! apply ──Entry──▶ StateStore::append ┤ git       a ref of a repository      ──load──▶ State::replay ──▶ State
//!                                     ├ s3        objects of a bucket
//!                                     └ postgres  a table
//! ```
//!
//! This crate never asks a registry, makes a plan or prints.

mod audit;
mod block;
mod blocking;
mod check;
mod file;
mod git;
mod load;
mod lost;
mod open;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "s3")]
mod s3;
mod transfer;
mod witness;

pub use audit::{Approver, Chapter, End, Outcome, PlanChapter, Run, StepChapter, audit};
pub use check::{Checked, Disagreement, Witness, check, is_replaced};
pub use file::{Disk, DiskFile, FileStore, LocalDisk};
pub use git::{GitStore, Remote, RemoteError};
pub use load::{Loaded, load_state, unreadable};
pub use lost::Lost;
pub use open::{OpenError, open};
pub use place::{DEFAULT_REF, DEFAULT_TABLE, Place, PlaceError};
#[cfg(feature = "postgres")]
pub use postgres::{ConnectError, PostgresStore};
#[cfg(feature = "s3")]
pub use s3::S3Store;
pub use transfer::{TransferError, Transferred, announce_move, transfer};
pub use witness::{
    HeadWitness, Here, KnownJournal, KnownJournals, Objection, moved_elsewhere, note_carried,
    objection, of_another_project, witnesses_of,
};
