//! Wishes: what the spec and the workspaces' manifests together ask for, as releases.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relplan_ecosystem::{Ecosystem, same_version};
use relplan_model::{
    address::{Address, PackageId, TargetName, Version},
    bundle::Bundle,
    finding::{Finding, FindingCode, Severity},
    plan::Selection,
    release::{Dependency, DependencyKind, Deprecate, Destination, Release, Yank},
};
use relplan_spec::{Assigned, Candidate, Rule};
use relplan_workspace::{Package, Publishable, WorkspaceRef};

use super::super::project::{ReadSpec, kdl_style};
use super::selection::{Picked, confine, selection};
use crate::{arguments::Selected, exit::Exit, failure::Failure, view::style::Style};

/// What is asked for.
pub struct Wishes {
    /// The packages that go somewhere, and what is desired of them.
    pub releases: Vec<Release>,
    /// All packages of the project, as their manifests describe them.
    pub packages: BTreeMap<PackageId, Package>,
    /// Remarks.
    pub findings: Vec<Finding>,
    /// What part of the spec this is.
    pub selection: Selection,
}

/// Finds the packages and what is asked of each. The bundle tells versions that manifests leave to the build.
pub fn wishes(
    root: &Utf8Path,
    read: &ReadSpec,
    bundle: Option<&Bundle>,
    selected: &Selected,
    style: Style,
) -> Result<Wishes, Failure> {
    let spec = &read.spec;
    let workspaces: Vec<WorkspaceRef> = spec
        .workspaces
        .iter()
        .map(|workspace| WorkspaceRef {
            ecosystem: workspace.ecosystem.clone(),
            path: workspace.path.clone(),
            exclude: workspace.exclude.clone(),
        })
        .collect();
    let discovery = relplan_workspace::discover(root, &workspaces).map_err(|error| {
        Failure::of(Exit::Invalid, &error).while_doing("cannot read the workspaces")
    })?;
    let mut findings = discovery.findings;
    let packages: BTreeMap<PackageId, Package> = discovery
        .packages
        .into_iter()
        .map(|package| (package.id.clone(), package))
        .collect();
    let candidates: Vec<Candidate> = packages
        .values()
        .map(|package| Candidate {
            package: package.id.clone(),
            path: package.path.clone(),
        })
        .collect();
    let (assigned, mut problems) = relplan_spec::assign(spec, &candidates);
    let (needs, more) = relplan_spec::resolve_needs(spec, &candidates);
    problems.extend(more);
    if problems
        .iter()
        .any(|problem| problem.severity == Severity::Error)
    {
        let rendered = relplan_kdl::render(&problems, &read.file, &read.text, kdl_style(style));
        return Err(Failure::new(
            Exit::Invalid,
            "the spec does not fit the packages of the workspaces",
        )
        .details(rendered)
        .problems(relplan_kdl::located(&problems, &read.text)));
    }
    let selection = selection(selected, spec)?;
    let picked = Picked::new(selected, &packages)?;
    let mut parts: Vec<(Release, bool)> = Vec::new();
    for Assigned {
        package,
        rule: index,
    } in &assigned
    {
        let (Some(package), Some(rule)) = (packages.get(package), spec.releases.get(*index)) else {
            continue;
        };
        let taken = picked.takes(package);
        // Remarks on what the selection leaves out, or goes nowhere, concern nobody here.
        let mut remarks = Vec::new();
        if may_be_published(package, rule, &mut remarks)
            && let Some(version) = version(package, rule, bundle, &mut remarks)
        {
            remarks.extend(package.findings.iter().cloned());
            let needs = needs.get(index).map_or(&[][..], Vec::as_slice);
            parts.push((release(package, rule, version, needs), taken));
        }
        if taken {
            findings.append(&mut remarks);
        }
    }
    let releases = confine(parts, &selection.targets);
    clashes(&releases)?;
    Ok(Wishes {
        releases,
        packages,
        findings,
        selection,
    })
}

/// All that the spec and the manifest ask for, whatever is selected.
fn release(package: &Package, rule: &Rule, version: Version, needs: &[PackageId]) -> Release {
    let mut dependencies = package.dependencies.clone();
    let others = needs.iter().filter(|on| **on != package.id);
    dependencies.extend(others.map(|on| Dependency {
        on: on.clone(),
        kind: DependencyKind::Needs,
        requirement: String::new(),
    }));
    dependencies.sort();
    dependencies.dedup();
    Release {
        package: package.id.clone(),
        version,
        path: package.path.clone(),
        destinations: destinations(package, rule),
        dependencies,
        yank: rule
            .yank
            .iter()
            .map(|yank| Yank {
                target: yank.target.clone(),
                version: yank.version.clone(),
                reason: yank.reason.clone(),
            })
            .collect(),
        deprecate: rule
            .deprecate
            .iter()
            .map(|deprecate| Deprecate {
                target: deprecate.target.clone(),
                range: deprecate.range.clone(),
                message: deprecate.message.clone(),
            })
            .collect(),
    }
}

/// The packages that the selection takes and the spec sends somewhere, those of unknown version included.
pub fn picked(
    read: &ReadSpec,
    packages: &BTreeMap<PackageId, Package>,
    selected: &Selected,
) -> Result<BTreeSet<PackageId>, Failure> {
    let candidates: Vec<Candidate> = packages
        .values()
        .map(|package| Candidate {
            package: package.id.clone(),
            path: package.path.clone(),
        })
        .collect();
    let (assigned, _) = relplan_spec::assign(&read.spec, &candidates);
    let picked = Picked::new(selected, packages)?;
    let goes = |assigned: &Assigned| {
        let package = packages.get(&assigned.package)?;
        let rule = read.spec.releases.get(assigned.rule)?;
        let goes = picked.takes(package)
            && !rule.to.is_empty()
            && package.publishable != Publishable::Nowhere;
        goes.then(|| package.id.clone())
    };
    Ok(assigned.iter().filter_map(goes).collect())
}

/// A package that its manifest keeps private is skipped when a pattern swept it in, and an error when it was named.
fn may_be_published(package: &Package, rule: &Rule, findings: &mut Vec<Finding>) -> bool {
    if package.publishable != Publishable::Nowhere || rule.to.is_empty() {
        return true;
    }
    if rule.selector.is_exact() {
        let message = format!(
            "{} is private by its manifest {}, and the spec releases it by name",
            package.id, package.manifest
        );
        findings.push(
            Finding::new(FindingCode::Private, Severity::Error, None, message)
                .hint("take the mark out of the manifest, or the package out of the spec"),
        );
    }
    false
}

fn version(
    package: &Package,
    rule: &Rule,
    bundle: Option<&Bundle>,
    findings: &mut Vec<Finding>,
) -> Option<Version> {
    match (&rule.version, &package.version) {
        // The manifest's spelling is what its packer's files are recorded under.
        (Some(said), Some(own)) if same_version(&package.id.ecosystem, said, own) => {
            return Some(own.clone());
        }
        (Some(version), _) | (None, Some(version)) => return Some(version.clone()),
        (None, None) => {}
    }
    let packed: BTreeSet<&Version> = bundle
        .into_iter()
        .flat_map(|bundle| &bundle.artifacts)
        .filter(|artifact| artifact.package == package.id)
        .map(|artifact| &artifact.version)
        .collect();
    let mut packed = packed.into_iter();
    match (packed.next(), packed.next()) {
        (Some(version), None) => Some(version.clone()),
        (None, _) => {
            let message = format!(
                "{} has a version that only a build tells, so it is not in this plan",
                package.id
            );
            findings.push(
                Finding::new(
                    FindingCode::DynamicVersion,
                    Severity::Warning,
                    None,
                    message,
                )
                .hint("run `relplan pack` first; the version is then read from what was packed"),
            );
            None
        }
        (Some(_), Some(_)) => {
            let message = format!(
                "the bundle holds several versions of {}, whose manifest names none",
                package.id
            );
            findings.push(
                Finding::new(FindingCode::DynamicVersion, Severity::Error, None, message)
                    .hint("pack into an empty bundle folder"),
            );
            None
        }
    }
}

/// The rule's destinations, with what the manifest says about publishing where the spec says nothing.
fn destinations(package: &Package, rule: &Rule) -> Vec<Destination> {
    let mut destinations: Vec<Destination> = rule
        .to
        .iter()
        .map(|to| {
            let mut settings = to.settings.clone();
            if let Some(access) = package.settings.text("access")
                && settings.text("access").is_none()
                && to.words.contains("access")
            {
                settings = settings.with_text("access", access);
            }
            let declared = package
                .settings
                .text("dist-tag")
                .filter(|_| to.words.contains("dist-tag"));
            let pointer = to
                .pointer
                .clone()
                .or_else(|| declared.and_then(|tag| tag.parse().ok()));
            Destination {
                target: to.target.clone(),
                pointer,
                settings,
                selected: true,
            }
        })
        .collect();
    destinations.sort_by(|a, b| a.target.cmp(&b.target));
    destinations
}

/// Two packages of one name cannot go to one target: their rows would be the same row, or the registry takes the first
/// of them alone.
fn clashes(releases: &[Release]) -> Result<(), Failure> {
    let mut seen: BTreeMap<Address, &PackageId> = BTreeMap::new();
    let mut names: BTreeMap<(&TargetName, Ecosystem, String), &PackageId> = BTreeMap::new();
    for release in releases {
        for destination in &release.destinations {
            let address = Address::new(destination.target.clone(), release.package.name.clone());
            let package = &release.package;
            let message = if let Some(other) = seen.insert(address.clone(), package) {
                format!("{other} and {package} would both be {address}")
            } else if let Some(ecosystem) = Ecosystem::of(&package.ecosystem)
                && let key = ecosystem.registry_key(package.name.as_str())
                && let Some(other) = names.insert((&destination.target, ecosystem, key), package)
            {
                format!(
                    "{other} and {package} have one name to registries, and both go to {}",
                    destination.target
                )
            } else {
                continue;
            };
            let failure = Failure::new(Exit::Invalid, message);
            return Err(failure.hint("send them to targets of their own"));
        }
    }
    Ok(())
}
