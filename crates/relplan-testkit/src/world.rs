//! The simulated world: registries, a clock and a store driven by one seed.

pub mod contract;
