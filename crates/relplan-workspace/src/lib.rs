//! The user's tree: which packages are in it, and the files that are packed from them.
//!
//! ```text
//! folder ──────survey────▶ workspaces (for a spec that is yet to be written)
//! workspaces ──discover──▶ packages, edges, findings
//! packages ────pack──────▶ bundle: files plus bundle.json
//! ```
//!
//! Discovery reads manifests and runs nothing (law L14); packing runs the ecosystems' own packers, which is why it is
//! kept apart and given no credential.
//!
//! This crate never knows registries, credentials or the order of a plan.

pub mod bundle;
mod cargo;
pub mod discover;
mod npm;
pub mod pack;
mod python;
mod survey;

pub use discover::{DiscoverError, Discovery, Package, Publishable, WorkspaceRef, discover};
pub use npm::Packing;
pub use survey::{PassedOver, Sighting, Survey, Why, sight, survey};
