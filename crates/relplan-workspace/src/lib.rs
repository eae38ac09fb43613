//! placeholder

pub mod bundle;
