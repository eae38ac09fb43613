//! Kinds of simulated registries, after the ones that there are: what each takes, shows, limits and lets be changed.
//!
//! The names say what a kind is like and that it is none of them: nothing here speaks a wire format.

use relplan_model::{
    address::{InvalidName, PointerName, TargetName, Version},
    digest::Algorithm,
    settings::Settings,
    target::{Capabilities, GateGrade, Rate, Target},
};

use super::Contents;

/// One tarball a version under the registry's own name for it, SHA-512 on read, pointers, deprecations.
pub const NPM: &str = "npm-like";
/// One file a version, SHA-256 on read, no pointers, yanks, a published rate limit.
pub const CARGO: &str = "cargo-like";
/// Several files a version, SHA-256 on read, no pointers.
pub const PYPI: &str = "pypi-like";
/// One image a version, SHA-256 on read, pointers, and any tag may be overwritten.
pub const OCI: &str = "oci-like";

/// All kinds.
pub const ALL: [&str; 4] = [NPM, CARGO, PYPI, OCI];

/// A target of this kind.
///
/// # Errors
/// When the name is not one.
pub fn target(name: &str, kind: &str) -> Result<Target, InvalidName> {
    let pointers = matches!(kind, NPM | OCI);
    let pointer = |name: &str| pointers.then(|| PointerName::new(name)).transpose();
    let capabilities = Capabilities {
        accepts: accepts(kind)
            .iter()
            .map(|kind| (*kind).to_owned())
            .collect(),
        digests: match kind {
            NPM => vec![Algorithm::Sha1, Algorithm::Sha512],
            _ => vec![Algorithm::Sha256],
        },
        yank: kind == CARGO,
        deprecate: kind == NPM,
        default_pointer: pointer("latest")?,
        holding_pointer: pointer("holding")?,
        new_names: (kind == CARGO).then_some(Rate {
            burst: 5,
            seconds: 600,
        }),
        completion_days: (kind == PYPI).then_some(14),
        ..Capabilities::default()
    };
    Ok(Target {
        name: TargetName::new(name)?,
        kind: kind.to_owned(),
        settings: Settings::default(),
        endpoints: Vec::new(),
        credentials: Vec::new(),
        grade: GateGrade::Open,
        capabilities,
    })
}

/// The kinds of artifacts that such a registry takes.
#[must_use]
pub fn accepts(kind: &str) -> &'static [&'static str] {
    match kind {
        NPM => &["tarball"],
        CARGO => &["crate"],
        PYPI => &["sdist", "wheel"],
        _ => &["image"],
    }
}

/// Whether a version's file may be replaced by another.
#[must_use]
pub fn overwrites(kind: &str) -> bool {
    kind == OCI
}

/// The versions that a range matches; `<1.2.0` is the only way to write one here.
pub(super) fn matching(contents: &Contents, range: &str) -> Vec<Version> {
    let bound = place(range.trim_start_matches('<'));
    let is_below = |version: &&Version| place(version.as_str()) < bound;
    contents.versions.keys().filter(is_below).cloned().collect()
}

/// The queried versions and those that pointers name, ascending.
pub(super) fn order(contents: &Contents, queried: &[Version]) -> Vec<Version> {
    let all = queried.iter().chain(contents.pointers.values());
    let mut order: Vec<Version> = all.cloned().collect();
    order.sort_by_key(|version| place(version.as_str()));
    order.dedup();
    order
}

fn place(version: &str) -> Vec<u64> {
    let number = |part: &str| part.parse().unwrap_or_default();
    version.split(['.', '-']).map(number).collect()
}
