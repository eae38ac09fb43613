//! Dev-only: a simulated world (registries, clock, faults), real registry servers on loopback, and a hermetic
//! environment for the binary.
//!
//! Invariant: nothing here is linked into what users run.

#[cfg(feature = "schemas")]
pub mod documents;
pub mod environment;
#[cfg(feature = "servers")]
pub mod proxy;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "servers")]
pub mod standin;
pub mod world;
