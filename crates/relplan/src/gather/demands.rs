//! What registries refuse whoever asks: told from manifests and versions, before anything is packed or sent (law L16).
//!
//! Why an error where a package goes to its ecosystem's public registry: the upload would fail there for certain, in the
//! middle of a release. What other registries demand is theirs to say.

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{Address, TargetName},
    finding::{Finding, FindingCode, Severity},
    release::{Destination, Release},
};
use relplan_spec::{Spec, Target};
use relplan_workspace::Package;

/// The findings on a package's rows, for those of its targets that are selected.
pub fn refusals(
    package: &Package,
    release: &Release,
    selected: &[TargetName],
    spec: &Spec,
) -> Vec<Finding> {
    let is_selected = |to: &&Destination| selected.is_empty() || selected.contains(&to.target);
    let targets = release
        .destinations
        .iter()
        .filter(is_selected)
        .filter_map(|to| spec.targets.iter().find(|target| target.name == to.target));
    targets
        .flat_map(|target| at(package, release, target))
        .collect()
}

fn at(package: &Package, release: &Release, target: &Target) -> Vec<Finding> {
    let row = Address::new(target.name.clone(), release.package.name.clone());
    let Some(ecosystem) = Ecosystem::of(&release.package.ecosystem) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    if is_public(ecosystem, target) {
        findings.extend(package.refusals.iter().cloned().map(|mut finding| {
            finding.address = Some(row.clone());
            finding
        }));
    }
    findings.extend(local_version(ecosystem, release, target, &row));
    findings
}

/// Whether files go to the public registry of the ecosystem: the target is of its kind, its `url` is not given, and no
/// other registry is named. A folder demands nothing.
fn is_public(ecosystem: Ecosystem, target: &Target) -> bool {
    let text = |word: &str| target.settings.text(word);
    let (word, own): (_, &[&str]) = match ecosystem {
        Ecosystem::Cargo => ("registry", &["crates-io"]),
        Ecosystem::Npm => return false,
        Ecosystem::Python => ("repository", &["pypi", "testpypi"]),
    };
    target.kind == ecosystem.default_kind()
        && text("url").is_none()
        && text(word).is_none_or(|named| own.contains(&named))
}

/// A version such as `1.0.dev1+g12ab34c`: it is for one's own builds, and PyPI refuses it.
fn local_version(
    ecosystem: Ecosystem,
    release: &Release,
    target: &Target,
    row: &Address,
) -> Option<Finding> {
    let read = ecosystem.read_version(release.version.as_str())?;
    if !read.is_local() || target.kind != ecosystem.default_kind() {
        return None;
    }
    let message = format!(
        "{} is a local version (PEP 440: what follows the `+`), which PyPI refuses",
        release.version
    );
    let (severity, hint) = match is_public(ecosystem, target) {
        true => (
            Severity::Error,
            "release a commit with a tag of its own, or have the build leave the local part out; an index that takes such versions is named by the target's `url`",
        ),
        false => (
            Severity::Warning,
            "make sure that this index takes such versions",
        ),
    };
    Some(Finding::new(FindingCode::LocalVersion, severity, Some(row), message).hint(hint))
}
