//! Wishes: what the spec and the workspaces' manifests together ask for, as releases.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use relplan_ecosystem::{Ecosystem, npm::Range, same_version};
use relplan_model::{
    address::{Address, PackageId, TargetName, Version},
    bundle::{Artifact, Bundle},
    finding::{Finding, FindingCode, Severity},
    plan::Selection,
    release::{Dependency, DependencyKind, Deprecate, Destination, Release, Yank},
};
use relplan_spec::{Assigned, Candidate, Rule};
use relplan_workspace::{Package, Publishable, WorkspaceRef};

use super::super::project::{ReadSpec, kdl_style};
use super::{
    demands::refusals,
    selection::{Picked, confine, selection},
};
use crate::{
    arguments::Selected, exit::Exit, failure::Failure, packing::packer, view::style::Style,
};

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

/// A bundle, which tells versions that manifests leave to the build.
#[derive(Clone, Copy)]
pub struct Packed<'a> {
    /// The bundle.
    pub bundle: &'a Bundle,
    /// The commit that is checked out now.
    pub commit: Option<&'a str>,
}

/// Finds the packages and what is asked of each.
pub fn wishes(
    root: &Utf8Path,
    read: &ReadSpec,
    packed: Option<Packed<'_>>,
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
    let candidates = candidates(&packages);
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
    let going = going(spec, &assigned, &packages);
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
            && let Some(version) = version(package, rule, packed, &mut remarks)
        {
            remarks.extend(package.findings.iter().cloned());
            if !rule.to.is_empty() {
                remarks.extend(package.packing_findings(&packer(spec, package)?));
            }
            remarks.extend(unusable_tags(package, rule));
            let needs = needs.get(index).map_or(&[][..], Vec::as_slice);
            let mut release = release(package, rule, version, needs);
            let at_home = |one: &&Dependency| !going.contains(&one.on);
            release.outside = package.outside.clone();
            let kept = package.dependencies.iter().filter(at_home).cloned();
            release.outside.extend(kept);
            remarks.extend(refusals(package, &release, &selection.targets, spec));
            parts.push((release, taken));
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

/// The packages that the spec sends somewhere, and that may go.
fn going<'a>(
    spec: &relplan_spec::Spec,
    assigned: &'a [Assigned],
    packages: &BTreeMap<PackageId, Package>,
) -> BTreeSet<&'a PackageId> {
    let goes = |one: &&Assigned| {
        let rule = spec.releases.get(one.rule);
        let package = packages.get(&one.package);
        rule.is_some_and(|rule| !rule.to.is_empty())
            && package.is_some_and(|package| package.publishable != Publishable::Nowhere)
    };
    assigned
        .iter()
        .filter(goes)
        .map(|one| &one.package)
        .collect()
}

/// The packages as selectors see them.
fn candidates(packages: &BTreeMap<PackageId, Package>) -> Vec<Candidate> {
    let candidates = packages.values().map(|package| Candidate {
        package: package.id.clone(),
        path: package.path.clone(),
        releasable: package.publishable != Publishable::Nowhere,
    });
    candidates.collect()
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
        outside: Vec::new(),
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
    let candidates = candidates(packages);
    let (assigned, _) = relplan_spec::assign(&read.spec, &candidates);
    let picked = Picked::new(selected, packages)?;
    let targets = selection(selected, &read.spec)?.targets;
    let goes = |assigned: &Assigned| {
        let package = packages.get(&assigned.package)?;
        let rule = read.spec.releases.get(assigned.rule)?;
        let mut to = rule.to.iter();
        let goes = picked.takes(package)
            && to.any(|to| targets.is_empty() || targets.contains(&to.target))
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
    packed: Option<Packed<'_>>,
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
    let (mut now, mut earlier) = (BTreeSet::new(), false);
    if let Some(Packed { bundle, commit }) = packed {
        let of_package = |artifact: &&Artifact| artifact.package == package.id;
        for artifact in bundle.artifacts.iter().filter(of_package) {
            // Another commit has another version.
            match (&artifact.commit, commit) {
                (Some(then), Some(commit)) if then != commit => earlier = true,
                (Some(_) | None, Some(_) | None) => {
                    now.insert(&artifact.version);
                }
            }
        }
    }
    let mut now = now.into_iter();
    let (severity, message, hint) = match (now.next(), now.next()) {
        (Some(version), None) => return Some(version.clone()),
        (None, _) if earlier => (
            Severity::Warning,
            format!(
                "{} has a version that only a build tells, and what is packed of it is of another commit, so it is not in this plan",
                package.id
            ),
            "run `relplan pack --missing`, and plan again",
        ),
        (None, _) => (
            Severity::Warning,
            format!(
                "{} has a version that only a build tells, so it is not in this plan",
                package.id
            ),
            "run `relplan pack --missing` first; the version is then read from what was packed",
        ),
        (Some(_), Some(_)) => (
            Severity::Error,
            format!(
                "the bundle holds several versions of {}, whose manifest names none",
                package.id
            ),
            "pack into an empty bundle folder",
        ),
    };
    findings.push(Finding::new(FindingCode::DynamicVersion, severity, None, message).hint(hint));
    None
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

/// Dist-tags that npm takes for a version range, wherever they stand: nobody could ever install by them.
fn unusable_tags(package: &Package, rule: &Rule) -> Vec<Finding> {
    if Ecosystem::of(&package.id.ecosystem) != Some(Ecosystem::Npm) {
        return Vec::new();
    }
    let unusable = |destination: Destination| {
        let tag = destination.pointer?;
        Range::parse(tag.as_str())?;
        let row = Address::new(destination.target, package.id.name.clone());
        let message = format!("the dist-tag {tag} is a version range, and npm takes no such tag");
        let finding = Finding::new(
            FindingCode::DistTagIsRange,
            Severity::Error,
            Some(&row),
            message,
        );
        Some(finding.hint(format!(
            "name a tag that is no version, such as \"release-{tag}\""
        )))
    };
    destinations(package, rule)
        .into_iter()
        .filter_map(unusable)
        .collect()
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
