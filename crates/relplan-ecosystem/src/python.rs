//! Python distributions: their names and versions, what their requirements mean, wheels and source distributions.

pub mod distribution;
pub mod filename;
pub mod metadata;
mod requirement;
pub(crate) mod wheel;

pub use self::{distribution::Distribution, requirement::Requirement};
use crate::{ecosystem::Rules, version::ParsedVersion};

/// The files that installers look for by name at the top of a source distribution.
pub(crate) const GUARDED: &[&str] = &["PKG-INFO", "pyproject.toml", "setup.py", "setup.cfg"];

pub(crate) const RULES: Rules = Rules {
    word: "python",
    marks: &["pyproject.toml", "setup.py", "setup.cfg"],
    packers: &["pep517", "builtin"],
    default_kind: "pypi",
    name_key: filename::normalized,
    registry_key: filename::normalized,
    read_version: ParsedVersion::pep440,
    admits,
    same_file: filename::same_file,
};

/// `requirement` is what follows the name in a dependency specifier: extras, versions and marker.
fn admits(requirement: &str, version: &str) -> Option<bool> {
    Some(requirement::versions(requirement)?.contains(&version.parse().ok()?))
}
