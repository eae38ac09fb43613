//! Dev-only: a simulated world (registries, clock, faults), real registry servers on loopback, a hermetic environment
//! for the binary, and the programs that read what it draws.
//!
//! Invariant: nothing here is linked into what users run.

#[cfg(feature = "servers")]
pub mod browser;
#[cfg(feature = "schemas")]
pub mod documents;
pub mod environment;
#[cfg(feature = "servers")]
pub mod mermaid;
pub mod mutation;
#[cfg(feature = "servers")]
pub mod proxy;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "signing")]
pub mod signing;
#[cfg(feature = "servers")]
pub mod standin;
pub mod world;
