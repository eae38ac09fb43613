//! Discovery: which packages the workspaces of a project hold, as their manifests say.
//!
//! Invariant: only files below the project's root are read, none of them is large, and nothing of the repository is run.
//! Why: `plan` runs on pull requests, so every manifest is hostile input (design §5, law L14).
//!
//! What makes a whole workspace unreadable is a [`DiscoverError`]. What concerns one package is a finding, so that one
//! report names everything that has to be mended.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{Ecosystem as Word, PackageId, Version},
    finding::{Finding, FindingCode, Severity},
    release::{Dependency, DependencyKind},
    settings::Settings,
};

use crate::{cargo, npm, npm::Packing, python};

mod exclude;
pub(crate) mod folder;
pub(crate) mod forest;
pub(crate) mod pattern;
pub(crate) mod text;
pub(crate) mod toml;
pub(crate) mod tree;
mod wildcard;

pub(crate) use exclude::Exclude;
pub(crate) use folder::Folder;
pub use tree::ReadError;
pub(crate) use tree::Tree;

/// A workspace as the spec names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceRef {
    /// The word for its ecosystem.
    pub ecosystem: Word,
    /// The folder of its root manifest, relative to the project's root, with `/`.
    pub path: String,
    /// Patterns of folders, relative to `path`, that are not looked at even where the manifests name them.
    pub exclude: Vec<String>,
}

/// Who may publish a package, as its manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Publishable {
    /// The manifest says nothing against any place.
    Anywhere,
    /// The manifest forbids it.
    Nowhere,
    /// Only these registries, by the names that the ecosystem's configuration gives them (Cargo's `publish = [..]`).
    Only(Vec<String>),
}

/// One package of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its ecosystem and its name there; Python names are normalised (PEP 503).
    pub id: PackageId,
    /// The manifest's version; `None`: it is computed when the package is built, or a private package has none.
    pub version: Option<Version>,
    /// Whether the build finds the version in the tags of the repository.
    pub version_from_history: bool,
    /// Its folder relative to the project's root, with `/`; `.` for the root.
    pub path: String,
    /// Its manifest relative to the project's root.
    pub manifest: String,
    /// Where the manifest lets it go.
    pub publishable: Publishable,
    /// What it depends on among the project's packages of the same ecosystem, sorted, each once.
    pub dependencies: Vec<Dependency>,
    /// What it depends on by a requirement that leaves out the project's own version: users get another.
    pub outside: Vec<Dependency>,
    /// What the manifest says about publishing: npm's `publishConfig` as `access`, `dist-tag` and `registry`.
    pub settings: Settings,
    /// Where the manifest says that the source is kept, as it is written there: mostly a URL, and never checked.
    pub repository: Option<String>,
    /// For npm: the tool that keeps the workspace, `npm`, `pnpm` or `yarn`.
    pub manager: Option<String>,
    /// The folder of the workspace's root manifest, relative to the project's root.
    pub workspace_root: String,
    /// For npm: what packing it comes to.
    pub packing: Option<Packing>,
    /// Remarks that matter where this package is released, in order; none where it may not be published.
    pub findings: Vec<Finding>,
    /// What the ecosystem's public registry would refuse of it: errors where it goes there.
    pub refusals: Vec<Finding>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// The packages, in order of ecosystem and name, each name once per ecosystem.
    pub packages: Vec<Package>,
    /// Remarks that concern no single package, or one that could not be read, in order. What concerns a package that was
    /// read stands with it: most of it does not matter unless that package is released.
    pub findings: Vec<Finding>,
}

/// Why a workspace cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum DiscoverError {
    /// The project's root is not a readable folder.
    #[error("the project's root {root} cannot be opened")]
    Root {
        /// The root.
        root: Utf8PathBuf,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// The spec names an ecosystem that relplan does not read.
    #[error(
        "{ecosystem:?} is not an ecosystem; there are {}",
        Ecosystem::listed("and")
    )]
    UnknownEcosystem {
        /// The word in the spec.
        ecosystem: String,
    },
    /// The spec names a folder that is not there, or is not below the project's root.
    #[error("the {ecosystem} workspace {path:?} is not a folder below the project's root")]
    NoSuchFolder {
        /// The ecosystem.
        ecosystem: Word,
        /// The path in the spec.
        path: String,
    },
    /// The spec's `exclude` has a pattern that cannot be read.
    #[error(
        "the {ecosystem} workspace {path:?} excludes {pattern:?}, which is not a pattern: {why}"
    )]
    BadExclude {
        /// The ecosystem.
        ecosystem: Word,
        /// The workspace's path in the spec.
        path: String,
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A workspace's root manifest cannot be used.
    #[error("the {ecosystem} workspace {path:?} has no usable root manifest")]
    RootManifest {
        /// The ecosystem.
        ecosystem: Word,
        /// The workspace's path in the spec.
        path: String,
        /// The cause; it names the file.
        #[source]
        source: ReadError,
    },
    /// The tree has more entries than are looked at.
    #[error("more than {limit} folder entries would have to be looked at for {pattern:?}")]
    TooLarge {
        /// The bound.
        limit: usize,
        /// The pattern that was being followed.
        pattern: String,
    },
}

/// One workspace, opened.
pub(crate) struct Scope {
    /// The word for its ecosystem.
    pub(crate) ecosystem: Word,
    /// Its path in the spec, for messages.
    pub(crate) path: String,
    /// Its folder.
    pub(crate) folder: Folder,
    /// What is not looked at.
    pub(crate) exclude: Exclude,
}

impl Scope {
    /// The error for a root manifest that cannot be used.
    pub(crate) fn root_manifest(&self, source: ReadError) -> DiscoverError {
        DiscoverError::RootManifest {
            ecosystem: self.ecosystem.clone(),
            path: self.path.clone(),
            source,
        }
    }
}

/// What the reader of one ecosystem hands back.
#[derive(Default)]
pub(crate) struct Found {
    /// Packages in any order, perhaps with names that occur twice.
    pub(crate) packages: Vec<Package>,
    /// Remarks in any order.
    pub(crate) findings: Vec<Finding>,
}

/// Looks at the workspaces of the project below `root`. Reads manifests alone: no child process, no network, no write.
///
/// # Errors
/// When the root or a workspace's folder or root manifest cannot be used, an `exclude` is not a pattern, or the tree is
/// larger than the bounds. What is wrong with one package is a finding with severity error instead.
pub fn discover(root: &Utf8Path, workspaces: &[WorkspaceRef]) -> Result<Discovery, DiscoverError> {
    let tree = Tree::open(root)?;
    let mut scopes: BTreeMap<Word, Vec<Scope>> = BTreeMap::new();
    for workspace in workspaces {
        let scope = open(&tree, workspace)?;
        scopes
            .entry(workspace.ecosystem.clone())
            .or_default()
            .push(scope);
    }
    let mut discovery = Discovery {
        packages: Vec::new(),
        findings: Vec::new(),
    };
    for (ecosystem, mut scopes) in scopes {
        let found = read(&tree, &ecosystem, &mut scopes)?;
        let (mut packages, duplicates) = one_of_each_name(found.packages);
        mark_dead_ends(&mut packages);
        discovery.packages.extend(packages);
        discovery.findings.extend(found.findings);
        discovery.findings.extend(duplicates);
        discovery
            .findings
            .extend(scopes.iter().flat_map(idle_excludes));
    }
    for package in &mut discovery.packages {
        package.findings.sort();
        package.findings.dedup();
    }
    discovery.findings.sort();
    discovery.findings.dedup();
    Ok(discovery)
}

/// Reads all workspaces of one ecosystem.
pub(crate) fn read(
    tree: &Tree,
    ecosystem: &Word,
    scopes: &mut [Scope],
) -> Result<Found, DiscoverError> {
    match known(ecosystem)? {
        Ecosystem::Cargo => cargo::discover(tree, scopes),
        Ecosystem::Npm => npm::discover(tree, scopes),
        Ecosystem::Python => python::discover(tree, scopes),
    }
}

fn known(ecosystem: &Word) -> Result<Ecosystem, DiscoverError> {
    Ecosystem::of(ecosystem).ok_or_else(|| DiscoverError::UnknownEcosystem {
        ecosystem: ecosystem.to_string(),
    })
}

/// Opens one workspace, whose folder must be there.
pub(crate) fn open(tree: &Tree, workspace: &WorkspaceRef) -> Result<Scope, DiscoverError> {
    let WorkspaceRef {
        ecosystem,
        path,
        exclude,
    } = workspace;
    known(ecosystem)?;
    let folder = Folder::root()
        .join(path)
        .and_then(|folder| tree.real(&folder))
        .ok_or_else(|| DiscoverError::NoSuchFolder {
            ecosystem: ecosystem.clone(),
            path: path.clone(),
        })?;
    let exclude = Exclude::parse(&folder, exclude).map_err(|error| DiscoverError::BadExclude {
        ecosystem: ecosystem.clone(),
        path: path.clone(),
        pattern: error.text,
        why: error.why,
    })?;
    Ok(Scope {
        ecosystem: ecosystem.clone(),
        path: path.clone(),
        folder,
        exclude,
    })
}

/// An `exclude` that leaves nothing out is often a typo, and what it should have left out may then be released.
fn idle_excludes(scope: &Scope) -> Vec<Finding> {
    scope
        .exclude
        .idle()
        .map(|pattern| {
            Finding::new(
                FindingCode::ExcludeWithoutEffect,
                Severity::Warning,
                None,
                format!(
                    "the {} workspace {:?} excludes {pattern:?}, which matches no package",
                    scope.ecosystem, scope.path
                ),
            )
            .hint("correct the pattern, or remove it from the spec")
        })
        .collect()
}

/// Sorts packages and keeps one of each name: the first by path, yet one that may be published before one that may not.
fn one_of_each_name(packages: Vec<Package>) -> (Vec<Package>, Vec<Finding>) {
    let mut by_name: BTreeMap<PackageId, Vec<Package>> = BTreeMap::new();
    for package in packages {
        by_name.entry(package.id.clone()).or_default().push(package);
    }
    let mut kept = Vec::new();
    let mut findings = Vec::new();
    for mut same in by_name.into_values() {
        same.sort_by(|a, b| {
            let key = |package: &Package| {
                (
                    package.publishable == Publishable::Nowhere,
                    package.path.clone(),
                )
            };
            key(a).cmp(&key(b))
        });
        findings.extend(duplicate(&same));
        kept.extend(same.into_iter().next());
    }
    (kept, findings)
}

fn duplicate(same: &[Package]) -> Option<Finding> {
    let (first, others) = same.split_first()?;
    let second = others.first()?;
    let open = same
        .iter()
        .filter(|package| package.publishable != Publishable::Nowhere)
        .count();
    let (severity, meaning) = match open {
        0 => (Severity::Note, "and none of them may be published"),
        1 => (Severity::Warning, "and one of them may be published"),
        _ => (
            Severity::Error,
            "and more than one of them may be published",
        ),
    };
    let paths: Vec<String> = same
        .iter()
        .map(|package| format!("{:?}", package.manifest))
        .take(4)
        .collect();
    Some(
        Finding::new(
            FindingCode::DuplicateName,
            severity,
            None,
            format!(
                "{} is declared {} times, {meaning}: {}",
                first.id,
                same.len(),
                paths.join(", ")
            ),
        )
        .hint(format!(
            "rename one, or leave it out with `exclude` in the spec, such as {:?}",
            second.path
        )),
    )
}

/// Remarks on what may be published but needs what may not be: whoever installs it will not find that.
fn mark_dead_ends(packages: &mut [Package]) {
    let closed: BTreeSet<PackageId> = packages
        .iter()
        .filter(|package| package.publishable == Publishable::Nowhere)
        .map(|package| package.id.clone())
        .collect();
    for package in packages {
        let dead: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Dev)
            .filter(|dependency| closed.contains(&dependency.on))
            .map(|dependency| dependency.on.name.as_str())
            .collect();
        if dead.is_empty() || package.publishable == Publishable::Nowhere {
            continue;
        }
        let dead: Vec<&str> = dead.into_iter().collect();
        let finding = Finding::new(
            FindingCode::DependsOnUnpublishable,
            Severity::Warning,
            None,
            format!(
                "{}: {} depends on {}, which by manifest may not be published",
                package.manifest,
                package.id.name,
                dead.join(", ")
            ),
        )
        .hint("let both be published, or neither");
        package.findings.push(finding);
    }
}

/// The finding for a member's manifest that cannot be used.
pub(crate) fn unreadable(error: &ReadError) -> Finding {
    let finding = Finding::new(
        FindingCode::ManifestUnreadable,
        Severity::Error,
        None,
        error.to_string(),
    );
    match error.advice() {
        Some(advice) => finding.hint(advice),
        None => finding,
    }
}

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
