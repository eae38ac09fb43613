//! Whether packages go where their own manifests let them go (law L16): npm's `publishConfig.registry`, Cargo's
//! `package.publish`.
//!
//! Why an error: the ecosystem's own client would publish elsewhere, or refuse, and what went to the wrong registry
//! cannot be taken back. A target with a `url` in the spec was meant: there it is a warning.

use std::collections::BTreeMap;

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{Address, PackageId, PackageName},
    finding::{Finding, FindingCode, Severity},
    release::Release,
    target::{Endpoint, Target},
};
use relplan_workspace::{Package, Publishable};
use url::Url;

/// A finding for each package that goes to another registry than its manifest names.
pub fn misplaced(
    packages: &BTreeMap<PackageId, Package>,
    releases: &[Release],
    targets: &[Target],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for release in releases {
        let Some(package) = packages.get(&release.package) else {
            continue;
        };
        for destination in release.destinations.iter().filter(|to| to.selected) {
            let Some(target) = targets.iter().find(|one| one.name == destination.target) else {
                continue;
            };
            // A target of another kind, such as a folder, is no registry that a manifest could name.
            let ecosystem = Ecosystem::of(&release.package.ecosystem)
                .filter(|ecosystem| ecosystem.default_kind() == target.kind);
            let elsewhere = ecosystem.and_then(|ecosystem| match ecosystem {
                Ecosystem::Cargo => cargo_elsewhere(package, target),
                Ecosystem::Npm => npm_elsewhere(package, target),
                Ecosystem::Python => None,
            });
            findings.extend(elsewhere.map(|elsewhere| {
                let row = Address::new(target.name.clone(), release.package.name.clone());
                elsewhere.finding(&row, package, target)
            }));
        }
    }
    findings
}

/// What a manifest names, and what the target is.
struct Elsewhere {
    /// The manifest's words.
    says: String,
    /// Where the target goes.
    goes: String,
    /// What to write into the target that it means.
    word: String,
}

impl Elsewhere {
    fn finding(self, row: &Address, package: &Package, target: &Target) -> Finding {
        let Self { says, goes, word } = self;
        let message = format!(
            "{} says {says}, and target {} goes to {goes}",
            package.manifest, target.name
        );
        let is_meant = target.settings.text("url").is_some();
        if is_meant {
            let finding = Finding::new(
                FindingCode::RegistryElsewhere,
                Severity::Warning,
                Some(row),
                message,
            );
            return finding.hint("the `url` of the target counts");
        }
        Finding::new(FindingCode::RegistryElsewhere, Severity::Error, Some(row), message).hint(format!(
            "send it to a target with {word}, or give this target a `url` if it is meant to go there"
        ))
    }
}

/// npm publishes to `publishConfig.registry`, whatever else is configured.
fn npm_elsewhere(package: &Package, target: &Target) -> Option<Elsewhere> {
    let named = package.settings.text("registry")?;
    let endpoint = endpoint_of(&target.endpoints, &package.id.name)?;
    (!is_same_registry(named, &endpoint.url)).then(|| Elsewhere {
        says: format!("`publishConfig.registry` {named}"),
        goes: format!("{} ({})", endpoint.url, endpoint.source),
        word: format!("`url={named:?}`"),
    })
}

/// `cargo publish` refuses registries that `package.publish` does not list.
fn cargo_elsewhere(package: &Package, target: &Target) -> Option<Elsewhere> {
    let Publishable::Only(registries) = &package.publishable else {
        return None;
    };
    let name = match (
        target.settings.text("registry"),
        target.settings.text("url"),
    ) {
        (Some(name), _) => Some(name),
        (None, Some(_)) => None,
        (None, None) => Some("crates-io"),
    };
    if name.is_some_and(|name| registries.iter().any(|registry| registry == name)) {
        return None;
    }
    let url = || target.endpoints.first().map(|index| index.url.clone());
    let first = registries.first().map_or("", String::as_str);
    Some(Elsewhere {
        says: format!("`publish = {registries:?}`"),
        goes: name.map(str::to_owned).or_else(url).unwrap_or_default(),
        word: format!("`registry={first:?}`"),
    })
}

/// The endpoint for a package: that of its scope, else the general one.
fn endpoint_of<'t>(endpoints: &'t [Endpoint], package: &PackageName) -> Option<&'t Endpoint> {
    let mut concerned = endpoints
        .iter()
        .filter(|endpoint| endpoint.concerns(package));
    let first = concerned.clone().next();
    concerned
        .find(|endpoint| endpoint.role.contains(' '))
        .or(first)
}

/// Whether two spellings name one registry: the slash at the end, the host's case and the default port do not matter.
fn is_same_registry(one: &str, other: &str) -> bool {
    let normal = |text: &str| {
        let url = Url::parse(text.trim()).ok()?;
        Some(url.as_str().trim_end_matches('/').to_owned())
    };
    match (normal(one), normal(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::is_same_registry;

    #[test]
    fn spellings_of_one_registry_are_one() {
        for (one, other, same) in [
            ("https://r.example", "https://r.example/", true),
            ("https://R.example:443/", "https://r.example/", true),
            ("https://r.example/npm", "https://r.example/npm/", true),
            ("http://r.example/", "https://r.example/", false),
            ("https://r.example/npm/", "https://r.example/", false),
            ("not a url", "https://r.example/", false),
        ] {
            assert_eq!(is_same_registry(one, other), same, "{one} {other}");
        }
    }
}
