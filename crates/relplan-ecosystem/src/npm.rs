//! npm packages: their names and versions, what their ranges mean, and their tarballs.

mod entries;
pub(crate) mod layout;
mod range;
mod tarball;

pub use self::{entries::missing_entries, range::Range, tarball::Tarball};
use crate::{ecosystem::Rules, version::ParsedVersion};

pub(crate) const RULES: Rules = Rules {
    word: "npm",
    marks: &["package.json", "pnpm-workspace.yaml"],
    packers: &["npm", "pnpm", "yarn", "builtin"],
    default_kind: "npm",
    name_key: str::to_owned,
    registry_key: str::to_owned,
    read_version: ParsedVersion::semver,
    admits,
    same_file: |_, one, other| one == other,
};

fn admits(requirement: &str, version: &str) -> Option<bool> {
    let version = semver::Version::parse(version).ok()?;
    Some(Range::parse(requirement)?.admits(&version))
}

/// Whether a text may be a dist-tag: npm takes what is no range and needs no escaping in a URL.
#[must_use]
pub fn is_tag(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '~');
    !text.is_empty() && text.chars().all(is_plain) && Range::parse(text).is_none()
}
