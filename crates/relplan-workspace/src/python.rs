//! Python projects and uv workspaces: `pyproject.toml` (Python Packaging User Guide: pyproject.toml specification,
//! Names and normalization, Dependency specifiers; uv documentation: Workspaces; Poetry documentation: pyproject.toml).
//!
//! Only what is written down statically is read: what a build backend computes is known after packing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use relplan_ecosystem::{Ecosystem, python::filename::normalized};
use relplan_model::{
    address::{Ecosystem as Word, PackageId, PackageName, Version},
    finding::{Finding, FindingCode, Severity},
    release::{Dependency, DependencyKind},
    settings::Settings,
};

use crate::discover::{
    DiscoverError, Folder, Found, Package, Publishable, ReadError, Scope, Tree, forest::Forest,
    pattern::Pattern, unreadable,
};

mod dynamic;
mod hatch;
mod project;
mod refused;

use project::{Declared, FILE, Project, Stated};

/// Looks at all Python projects and uv workspaces of the project.
pub(crate) fn discover(tree: &Tree, scopes: &mut [Scope]) -> Result<Found, DiscoverError> {
    let mut found = Found::default();
    let mut distributions: BTreeMap<Folder, Distribution> = BTreeMap::new();
    for scope in scopes {
        let root =
            Project::read(tree, &scope.folder).map_err(|error| scope.root_manifest(error))?;
        let members = members(tree, scope, root, &mut found.findings)?;
        for (project, in_workspace) in members {
            let home = if in_workspace {
                scope.folder.clone()
            } else {
                project.folder.clone()
            };
            match Distribution::read(&scope.ecosystem, tree, &project, home, in_workspace) {
                Ok(distribution) => {
                    distributions
                        .entry(project.folder.clone())
                        .or_insert(distribution);
                }
                Err(error) => found.findings.push(unreadable(&error)),
            }
        }
    }
    let versions: Siblings = distributions
        .values()
        .map(|one| (one.id.clone(), one.package.version.clone()))
        .collect();
    for distribution in distributions.into_values() {
        found.packages.push(distribution.package(&versions));
    }
    Ok(found)
}

/// Whether a folder holds more than the configuration of some tools: a `setup.py` or `setup.cfg`, or a `pyproject.toml`
/// that says who the project is or holds a workspace together.
pub(crate) fn is_stated(tree: &Tree, folder: &Folder) -> bool {
    let has = |name: &str| tree.has(&folder.file(name));
    has("setup.py")
        || has("setup.cfg")
        || Project::read(tree, folder).map_or(true, |project| {
            project.stated() != Stated::Nothing || project.workspace().is_some()
        })
}

/// The projects of one workspace of the spec, and whether uv's rules for members hold for them.
fn members(
    tree: &Tree,
    scope: &mut Scope,
    root: Project,
    findings: &mut Vec<Finding>,
) -> Result<Vec<(Project, bool)>, DiscoverError> {
    let Some(workspace) = root.workspace() else {
        if root.stated() == Stated::Nothing {
            let error = root.nothing_stated();
            return Err(scope.root_manifest(error));
        }
        return Ok(vec![(root, false)]);
    };
    let mut patterns = |texts: &[String]| {
        let texts = texts.iter().map(String::as_str);
        Pattern::members(&scope.folder, root.file(), texts, findings)
    };
    let wanted = patterns(&workspace.members);
    let excluded = patterns(&workspace.exclude);
    let excluded = Forest::of(excluded.iter().enumerate());
    let mut queue = VecDeque::new();
    for pattern in &wanted {
        for folder in pattern.expand(tree)? {
            if pattern.is_literal() || tree.has(&folder.file(FILE)) {
                queue.push_back(folder);
            }
        }
        if let Some(folder) = pattern.literal()
            && tree.real(&folder).is_none()
            && !scope.exclude.covers(&folder)
        {
            let file = folder.file(FILE);
            findings.push(unreadable(&ReadError::Missing { file }));
        }
    }
    let mut seen = BTreeSet::from([scope.folder.clone()]);
    let mut members = Vec::new();
    // A root without a project of its own only holds the workspace together.
    if root.stated() != Stated::Nothing && !scope.exclude.covers(&scope.folder) {
        members.push((root, true));
    }
    while let Some(folder) = queue.pop_front() {
        if excluded.matches(&folder)
            || !seen.insert(folder.clone())
            || scope.exclude.covers(&folder)
        {
            continue;
        }
        match Project::read(tree, &folder) {
            Ok(project) if project.stated() == Stated::Nothing => {
                findings.push(unreadable(&project.nothing_stated()));
            }
            Ok(project) => members.push((project, true)),
            Err(error) => findings.push(unreadable(&error)),
        }
    }
    Ok(members)
}

/// The project's distributions with their versions, where a manifest has one.
type Siblings = BTreeMap<PackageId, Option<Version>>;

/// One distribution with what its project says of itself.
struct Distribution {
    package: Package,
    id: PackageId,
    declared: Vec<Declared>,
    computes_dependencies: bool,
}

impl Distribution {
    fn read(
        ecosystem: &Word,
        tree: &Tree,
        project: &Project,
        home: Folder,
        in_workspace: bool,
    ) -> Result<Self, ReadError> {
        let wrong = |message: String| project.toml.wrong(None, message);
        let name = normalized(project.name()?.trim());
        let id = PackageId {
            ecosystem: ecosystem.clone(),
            name: PackageName::new(name).map_err(|error| wrong(error.to_string()))?,
        };
        let version = project
            .version()?
            .or_else(|| hatch::version(tree, project))
            .map(|text| normal_version(&text).map_err(wrong))
            .transpose()?;
        let publishable = if project.is_private() || !project.is_built(in_workspace) {
            Publishable::Nowhere
        } else {
            Publishable::Anywhere
        };
        let mut declared = project.declared();
        let computes_dependencies = match dynamic::declared(tree, project) {
            Some(more) => {
                declared.extend(more);
                false
            }
            None => true,
        };
        Ok(Self {
            package: Package {
                id: id.clone(),
                version,
                version_from_history: project.version_from_history(),
                path: project.folder.to_string(),
                manifest: project.file().to_owned(),
                publishable,
                dependencies: Vec::new(),
                outside: Vec::new(),
                settings: Settings::default(),
                repository: project.repository(),
                manager: None,
                packing: None,
                workspace_root: home.to_string(),
                findings: Vec::new(),
                refusals: refused::of(project),
            },
            id,
            declared,
            computes_dependencies,
        })
    }

    fn package(mut self, siblings: &Siblings) -> Package {
        let mut edges: BTreeSet<Dependency> = BTreeSet::new();
        let mut outside: BTreeSet<Dependency> = BTreeSet::new();
        let mut excluded = Vec::new();
        for declared in &self.declared {
            let Ok(name) = PackageName::new(normalized(&declared.name)) else {
                continue;
            };
            let on = PackageId {
                ecosystem: self.id.ecosystem.clone(),
                name,
            };
            let Some(version) = siblings.get(&on).filter(|_| on != self.id) else {
                continue;
            };
            let asked = &declared.requirement;
            let edge = Dependency {
                on,
                kind: declared.kind,
                requirement: asked.clone(),
            };
            match version {
                // Users get another version than the project's own, which need not be there first.
                Some(version)
                    if Ecosystem::Python.admits(asked, version.as_str()) == Some(false) =>
                {
                    excluded.push(self.excludes(declared, version));
                    outside.insert(edge);
                }
                Some(_) | None => {
                    edges.insert(edge);
                }
            }
        }
        if self.package.publishable != Publishable::Nowhere {
            let mut findings: Vec<Finding> = self.direct_references().collect();
            findings.extend(self.unknown_dependencies(siblings));
            findings.extend(excluded);
            self.package.findings = findings;
        }
        self.package.dependencies = edges.into_iter().collect();
        self.package.outside = outside.into_iter().collect();
        self.package
    }

    fn excludes(&self, declared: &Declared, version: &Version) -> Finding {
        let Declared {
            place,
            name,
            requirement,
            ..
        } = declared;
        let severity = match declared.kind {
            DependencyKind::Normal => Severity::Warning,
            DependencyKind::Build
            | DependencyKind::Dev
            | DependencyKind::Needs
            | DependencyKind::Optional
            | DependencyKind::Peer => Severity::Note,
        };
        let message = format!(
            "{place}: {} requires {name:?} {requirement:?}, which the project's own {version} does not meet",
            self.id.name
        );
        Finding::new(
            FindingCode::RequirementExcludesMember,
            severity,
            None,
            message,
        )
    }

    /// A dependency by URL or path; the public index refuses metadata that has one.
    fn direct_references(&self) -> impl Iterator<Item = Finding> {
        self.declared
            .iter()
            .filter(|declared| declared.is_direct)
            .map(|declared| {
                Finding::new(
                    FindingCode::DirectReference,
                    Severity::Warning,
                    None,
                    format!(
                        "{}: {} depends on {:?} by a URL or path, which PyPI refuses in what it is given",
                        declared.place, self.id.name, declared.name
                    ),
                )
                .hint("name a version instead")
            })
    }

    /// Dependencies that the build computes may be on packages of the project, and nothing here can tell.
    fn unknown_dependencies(&self, siblings: &Siblings) -> Option<Finding> {
        (self.computes_dependencies && siblings.len() > 1).then(|| {
            Finding::new(
                FindingCode::DynamicDependencies,
                Severity::Warning,
                None,
                format!(
                    "{}: the dependencies of {} are computed when it is built, so its place in the order is not known",
                    self.package.manifest, self.id.name
                ),
            )
            .hint("where it depends on packages of the project, say so with `needs` in the spec")
        })
    }
}

/// A version in the normal form that build backends write into metadata (PEP 440, Normalization).
fn normal_version(text: &str) -> Result<Version, String> {
    let version: pep440_rs::Version =
        text.parse()
            .map_err(|error: pep440_rs::VersionParseError| {
                format!("{text:?} is not a version: {error}")
            })?;
    Version::new(version.to_string()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests;
