//! From declared dependencies to edges between the packages of the project.

use std::collections::{BTreeMap, BTreeSet};

use relplan_ecosystem::{Ecosystem, npm::is_tag};
use relplan_model::{
    address::PackageId,
    address::Version,
    finding::{Finding, FindingCode, Severity},
    release::{Dependency, DependencyKind},
};

use super::{
    Module,
    requirement::{Requirement, Workspace, published_range},
};
use crate::discover::{Folder, Publishable};

/// The packages that a dependency may resolve to.
pub(super) struct Siblings<'a> {
    by_name: BTreeMap<&'a str, &'a Module>,
    by_folder: &'a BTreeMap<Folder, Module>,
}

impl<'a> Siblings<'a> {
    /// All packages, by name and by folder. Of several with one name, one that may be published goes first.
    pub(super) fn of(modules: &'a BTreeMap<Folder, Module>) -> Self {
        let mut by_name: BTreeMap<&str, &Module> = BTreeMap::new();
        for module in modules.values() {
            let known = by_name.entry(module.id.name.as_str()).or_insert(module);
            if known.publishable == Publishable::Nowhere {
                *known = module;
            }
        }
        Self {
            by_name,
            by_folder: modules,
        }
    }

    /// The packages that stand in `devDependencies`: their output may be needed to build this one.
    pub(super) fn built_with(&self, module: &Module) -> BTreeSet<PackageId> {
        let names = module.manifest.texts("devDependencies");
        let others = names.filter_map(|(name, _)| self.by_name.get(name));
        let others = others.filter(|other| other.id != module.id);
        others.map(|other| other.id.clone()).collect()
    }
}

/// What a package depends on among the project's, each list sorted.
pub(super) struct Edges {
    pub(super) dependencies: Vec<Dependency>,
    /// Those by a requirement that leaves out the project's own version.
    pub(super) outside: Vec<Dependency>,
    /// Remarks on what will not hold once it is published.
    pub(super) findings: Vec<Finding>,
}

/// The edges of a package.
pub(super) fn of(module: &Module, siblings: &Siblings<'_>) -> Edges {
    let reader = Reader { module, siblings };
    let (mut edges, mut outside) = (BTreeSet::new(), BTreeSet::new());
    let mut findings = Vec::new();
    for declared in reader.declared() {
        let resolved = reader.resolve(&declared);
        edges.extend(resolved.edge.filter(|edge| edge.on != module.id));
        outside.extend(resolved.outside.filter(|edge| edge.on != module.id));
        findings.extend(resolved.finding);
    }
    Edges {
        dependencies: edges.into_iter().collect(),
        outside: outside.into_iter().collect(),
        findings,
    }
}

/// One entry of a table that will stand in the published manifest.
#[derive(Clone, Copy)]
struct Declared<'a> {
    name: &'a str,
    text: &'a str,
    kind: DependencyKind,
    peer: bool,
}

impl Declared<'_> {
    fn edge(&self, on: &Module, requirement: &str) -> Dependency {
        Dependency {
            on: on.id.clone(),
            kind: self.kind,
            requirement: requirement.to_owned(),
        }
    }
}

/// What a dependency comes to.
#[derive(Default)]
struct Resolved {
    edge: Option<Dependency>,
    outside: Option<Dependency>,
    finding: Option<Finding>,
}

impl Resolved {
    fn edge(edge: Dependency) -> Self {
        Self {
            edge: Some(edge),
            ..Self::default()
        }
    }

    fn finding(finding: Finding) -> Self {
        Self {
            finding: Some(finding),
            ..Self::default()
        }
    }
}

/// What packing writes in place of `workspace:`.
struct Written<'a> {
    on: &'a Module,
    text: String,
    /// Whether the member's own version is among what is written.
    fits: bool,
}

fn admits(range: &str, version: &Version) -> Option<bool> {
    Ecosystem::Npm.admits(range, version.as_str())
}

struct Reader<'a> {
    module: &'a Module,
    siblings: &'a Siblings<'a>,
}

impl<'a> Reader<'a> {
    /// What the published manifest will declare. An optional dependency overrules a normal one of the same name.
    fn declared(&self) -> Vec<Declared<'a>> {
        let manifest = &self.module.manifest;
        let table = |key: &str, kind: DependencyKind, peer: bool| -> Vec<Declared<'a>> {
            manifest
                .texts(key)
                .map(|(name, text)| Declared {
                    name,
                    text,
                    kind,
                    peer,
                })
                .collect()
        };
        let mut normal = table("dependencies", DependencyKind::Normal, false);
        let optional = table("optionalDependencies", DependencyKind::Optional, false);
        let mut peers = table("peerDependencies", DependencyKind::Peer, true);
        let overruled: BTreeSet<&str> = optional.iter().map(|declared| declared.name).collect();
        normal.retain(|declared| !overruled.contains(declared.name));
        for peer in &mut peers {
            if manifest.is_optional_peer(peer.name) {
                peer.kind = DependencyKind::Optional;
            }
        }
        [normal, optional, peers].concat()
    }

    fn resolve(&self, declared: &Declared<'_>) -> Resolved {
        let Declared { name, text, .. } = *declared;
        let stated = match Requirement::of(text) {
            Requirement::Catalog(catalog) => match self.module.home.catalogs.get(catalog, name) {
                Some(stated) => stated,
                None => return Resolved::finding(self.missing_in_catalog(name, text)),
            },
            _ => text.trim(),
        };
        let declared = &Declared {
            text: stated,
            ..*declared
        };
        match Requirement::of(stated) {
            Requirement::Workspace(_) => self.workspace(declared),
            Requirement::Alias { name, range } => self.registry(declared, name, range),
            Requirement::Registry(range) => self.registry(declared, name, range),
            Requirement::Path(path) => self.local(declared, path),
            Requirement::Catalog(_) => Resolved::finding(self.missing_in_catalog(name, text)),
            Requirement::Elsewhere => Resolved::default(),
        }
    }

    /// A range or tag that users' package managers resolve by the registry.
    fn registry(&self, declared: &Declared<'_>, name: &str, range: &str) -> Resolved {
        let on = self.siblings.by_name.get(name);
        let Some((on, version)) = on.and_then(|on| Some((on, on.version.as_ref()?))) else {
            return Resolved::default();
        };
        match admits(range, version) {
            Some(true) => Resolved::edge(declared.edge(on, declared.text)),
            Some(false) => Resolved {
                outside: Some(declared.edge(on, range)),
                finding: Some(self.excludes(declared, on)),
                edge: None,
            },
            None if is_tag(range) => Resolved::edge(declared.edge(on, declared.text)),
            None => Resolved::default(),
        }
    }

    /// `workspace:`, which packing replaces by the member's version.
    fn workspace(&self, declared: &Declared<'_>) -> Resolved {
        let Some(Written { on, text, fits }) = self.written(declared) else {
            return Resolved::finding(self.no_such_member(declared));
        };
        let finding = (!fits).then(|| self.excludes(declared, on));
        Resolved {
            edge: Some(declared.edge(on, &text)),
            outside: None,
            finding,
        }
    }

    /// What packing writes for a requirement with `workspace:` in it; `None` where that names no member with a version.
    fn written(&self, declared: &Declared<'_>) -> Option<Written<'a>> {
        // Only peer dependencies may mix it with other alternatives.
        let alternatives: Vec<&str> = if declared.peer {
            declared.text.split("||").map(str::trim).collect()
        } else {
            vec![declared.text]
        };
        let mut found = None;
        let mut fits = false;
        let mut written = Vec::new();
        for alternative in alternatives {
            let Some(rest) = alternative.strip_prefix("workspace:") else {
                written.push(alternative.to_owned());
                continue;
            };
            let (on, range) = self.member(declared.name, rest)?;
            let version = on.version.as_ref()?;
            let range = published_range(range, version.as_str(), declared.peer);
            fits |= admits(&range, version) == Some(true);
            written.push(if on.id.name.as_str() == declared.name {
                range
            } else {
                format!("npm:{}@{range}", on.id.name)
            });
            found = Some(on);
        }
        Some(Written {
            on: found?,
            text: written.join(" || "),
            fits,
        })
    }

    /// The member that `workspace:` names, and the range.
    fn member<'t>(&self, name: &str, rest: &'t str) -> Option<(&'a Module, &'t str)> {
        match Workspace::of(rest) {
            Workspace::Range { name: other, range } => {
                let on = self.siblings.by_name.get(other.unwrap_or(name))?;
                Some((on, range))
            }
            Workspace::Path(path) => {
                // pnpm starts at the package, yarn at the workspace's root.
                let from = if path.starts_with('.') {
                    self.module.folder()
                } else {
                    &self.module.home.folder
                };
                let on = self.siblings.by_folder.get(&from.join(path)?)?;
                Some((on, "*"))
            }
        }
    }

    /// A path to a member.
    fn local(&self, declared: &Declared<'_>, path: &str) -> Resolved {
        let folder = self.module.folder().join(path);
        let on = folder.and_then(|folder| self.siblings.by_folder.get(&folder));
        let edge = on.map(|on| declared.edge(on, declared.text));
        Resolved {
            edge,
            outside: None,
            finding: None,
        }
    }

    fn finding(&self, code: FindingCode, severity: Severity, what: String) -> Finding {
        let Module { manifest, id, .. } = self.module;
        Finding::new(
            code,
            severity,
            None,
            format!("{}: {} {what}", manifest.file, id.name),
        )
    }

    fn missing_in_catalog(&self, name: &str, text: &str) -> Finding {
        self.finding(
            FindingCode::CatalogEntryMissing,
            Severity::Error,
            format!("depends on {name:?} by {text:?}, and that catalog has no usable entry for it"),
        )
        .hint(format!("add {name:?} to the catalog"))
    }

    fn no_such_member(&self, declared: &Declared<'_>) -> Finding {
        let Declared { name, text, .. } = *declared;
        self.finding(
            FindingCode::WorkspaceMemberMissing,
            Severity::Error,
            format!(
                "depends on {name:?} by {text:?}, and no package of the project with a version is that"
            ),
        )
        .hint("correct the name, or add the package to the workspace's members")
    }

    fn excludes(&self, declared: &Declared<'_>, on: &Module) -> Finding {
        // Peers are often kept wide or behind on purpose.
        let severity = if declared.kind == DependencyKind::Normal {
            Severity::Warning
        } else {
            Severity::Note
        };
        let Declared { name, text, .. } = *declared;
        let version = on.version.as_ref().map_or("", |version| version.as_str());
        self.finding(
            FindingCode::RequirementExcludesMember,
            severity,
            format!("requires {name:?} {text:?}, which the project's own {version} does not meet"),
        )
    }
}
