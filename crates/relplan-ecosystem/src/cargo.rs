//! `.crate` files: a gzip-compressed tar whose members all lie in `<name>-<version>/`.

pub mod manifest;
mod package;

pub use self::package::CratePackage;

/// The files that Cargo looks for by name.
pub(crate) const GUARDED: &[&str] = &["Cargo.toml", "build.rs"];
