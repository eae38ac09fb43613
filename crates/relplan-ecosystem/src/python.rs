//! Wheels and source distributions.

pub mod distribution;
pub mod filename;
pub mod metadata;
pub(crate) mod wheel;

pub use self::distribution::Distribution;

/// The files that installers look for by name at the top of a source distribution.
pub(crate) const GUARDED: &[&str] = &["PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg"];
