//! Crates: their names and versions, and `.crate` files, gzip-compressed tars whose members lie in `<name>-<version>/`.

pub mod manifest;
mod package;

pub use self::package::{CratePackage, PackedFrom};
use crate::{ecosystem::Rules, version::ParsedVersion};

/// The files that Cargo looks for by name.
pub(crate) const GUARDED: &[&str] = &["Cargo.toml", "build.rs"];

pub(crate) const RULES: Rules = Rules {
    word: "cargo",
    marks: &["Cargo.toml"],
    packers: &["cargo"],
    default_kind: "cargo",
    // Cargo takes a dependency by the very name that the index has.
    name_key: str::to_owned,
    registry_key: canonical_name,
    read_version: ParsedVersion::semver,
    admits,
    same_file: |_, one, other| one == other,
};

/// The form of a crate's name that a registry has once: `Foo-Bar` keeps `foo_bar` from being published.
fn canonical_name(name: &str) -> String {
    name.to_ascii_lowercase().replace('-', "_")
}

/// A requirement as Cargo reads it (The Cargo Book: Specifying Dependencies).
fn admits(requirement: &str, version: &str) -> Option<bool> {
    let requirement = semver::VersionReq::parse(requirement).ok()?;
    Some(requirement.matches(&semver::Version::parse(version).ok()?))
}
