//! What packages of each ecosystem look like: one bounded reader of their archives, and who a package says that it is.
//!
//! ```text
//! bytes ──archive::walk──▶ members, placed as the client would write them ──▶ Package { name, version, … }
//! ```
//!
//! This crate opens no file, asks no registry and starts no program: a reader comes in, values go out. Workspace and
//! targets read the same formats, and must come to the same result about the same bytes (law L3).

pub mod archive;
pub mod cargo;
mod ecosystem;
mod format;
mod layout;
pub mod npm;
mod package;
pub mod python;
mod stage;
mod version;

pub use self::{
    ecosystem::{Ecosystem, file_entry, same_file, same_version, takes_slot},
    format::Format,
    package::{Inside, Package, PackageError},
    stage::Stage,
    version::ParsedVersion,
};
