//! Gathers what the planner is given: wishes from spec and manifests, the bundle, and what registries say.
//!
//! Nothing of the repository runs here (law L14), and nothing is decided: what does not fit is a finding.

pub mod commit;
pub mod contents;
pub mod demands;
pub mod drivers;
pub mod places;
pub mod selection;
pub mod whole;
pub mod wishes;
pub mod world;
