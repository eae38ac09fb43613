//! Cargo workspaces, read as Cargo reads them (The Cargo Book: Workspaces, The Manifest Format, Specifying Dependencies).
//!
//! An edge is a dependency that resolves *by path* to another package of the project: those are what `cargo publish`
//! turns into registry dependencies, and what has to be in the registry first.

use std::collections::BTreeMap;

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{Ecosystem as Word, PackageId, PackageName, Version},
    finding::{Finding, FindingCode, Severity},
    release::Dependency,
    settings::Settings,
};

use crate::discover::{
    DiscoverError, Folder, Found, Package, Publishable, ReadError, Scope, Tree, unreadable,
};

mod cycles;
mod dependencies;
mod manifest;
mod members;
mod refused;

use dependencies::{Declared, Origin};
use members::Member;

/// Looks at all Cargo workspaces of the project.
pub(crate) fn discover(tree: &Tree, scopes: &mut [Scope]) -> Result<Found, DiscoverError> {
    let mut members: BTreeMap<Folder, Member> = BTreeMap::new();
    let mut findings = Vec::new();
    let mut ecosystem = None;
    for scope in scopes {
        ecosystem = Some(scope.ecosystem.clone());
        for member in members::of(tree, scope, &mut findings)? {
            members.entry(member.folder.clone()).or_insert(member);
        }
    }
    let Some(ecosystem) = ecosystem else {
        return Ok(Found::default());
    };
    let mut crates: BTreeMap<Folder, Crate> = BTreeMap::new();
    for (folder, member) in &members {
        match Crate::read(&ecosystem, tree, member) {
            Ok(read) => {
                crates.insert(folder.clone(), read);
            }
            Err(error) => findings.push(unreadable(&error)),
        }
    }
    let mut in_cycles = cycles::remarks(&crates);
    let packages = crates.values().map(|one| {
        let mut package = one.package(&crates);
        if package.publishable != Publishable::Nowhere {
            package
                .findings
                .extend(in_cycles.remove(&one.id).unwrap_or_default());
        }
        package
    });
    let packages = packages.collect();
    Ok(Found { packages, findings })
}

/// One member with what its manifest says of itself.
struct Crate {
    id: PackageId,
    version: Version,
    publishable: Publishable,
    repository: Option<String>,
    folder: Folder,
    home: Folder,
    file: String,
    declared: Vec<Declared>,
    refusals: Vec<Finding>,
}

impl Crate {
    fn read(ecosystem: &Word, tree: &Tree, member: &Member) -> Result<Self, ReadError> {
        let manifest = &member.manifest;
        let wrong = |message: String| manifest.toml.wrong(None, message);
        let name = PackageName::new(manifest.name()?).map_err(|error| wrong(error.to_string()))?;
        let stated = manifest.version(&member.home)?;
        let text = stated.as_deref().unwrap_or("0.0.0");
        semver::Version::parse(text)
            .map_err(|error| wrong(format!("{text:?} is not a version: {error}")))?;
        Ok(Self {
            id: PackageId {
                ecosystem: ecosystem.clone(),
                name,
            },
            version: Version::new(text).map_err(|error| wrong(error.to_string()))?,
            publishable: manifest.publishable(&member.home, stated.is_some())?,
            repository: manifest.repository(&member.home),
            folder: member.folder.clone(),
            home: member.home.folder.clone(),
            file: manifest.toml.file.clone(),
            declared: dependencies::of(tree, manifest, &member.home)?,
            refusals: refused::of(manifest, &member.home)?,
        })
    }

    fn package(&self, crates: &BTreeMap<Folder, Self>) -> Package {
        let mut dependencies: Vec<Dependency> = self
            .declared
            .iter()
            .filter_map(|declared| self.edge(declared, crates))
            .collect();
        dependencies.sort();
        dependencies.dedup();
        let remarks = self
            .declared
            .iter()
            .filter(|_| self.publishable != Publishable::Nowhere)
            .filter_map(|declared| self.remark(declared, crates));
        Package {
            id: self.id.clone(),
            version: Some(self.version.clone()),
            version_from_history: false,
            path: self.folder.to_string(),
            manifest: self.file.clone(),
            publishable: self.publishable.clone(),
            dependencies,
            // Cargo refuses a path whose version does not fit.
            outside: Vec::new(),
            settings: Settings::default(),
            repository: self.repository.clone(),
            manager: None,
            packing: None,
            workspace_root: self.home.to_string(),
            findings: remarks.collect(),
            refusals: self.refusals.clone(),
        }
    }

    fn edge(&self, declared: &Declared, crates: &BTreeMap<Folder, Self>) -> Option<Dependency> {
        let on = crates.get(declared.folder.as_ref()?)?;
        // A patch that does not fit is passed over by Cargo, while a path that does not fit is an error of its own.
        if on.id == self.id || (declared.origin == Origin::Patched && !on.fits(declared)) {
            return None;
        }
        Some(Dependency {
            on: on.id.clone(),
            kind: declared.published_as()?,
            requirement: declared.requirement.clone().unwrap_or_default(),
        })
    }

    /// Whether this package's version is one that the dependency takes.
    fn fits(&self, declared: &Declared) -> bool {
        let requirement = declared.requirement.as_deref();
        requirement.is_none_or(|requirement| {
            Ecosystem::Cargo.admits(requirement, self.version.as_str()) == Some(true)
        })
    }

    /// What keeps `cargo publish` from taking a dependency as it stands.
    fn remark(&self, declared: &Declared, crates: &BTreeMap<Folder, Self>) -> Option<Finding> {
        declared.published_as()?;
        let Declared { place, name, .. } = declared;
        let folder = declared.folder.as_ref();
        let member = folder.and_then(|folder| crates.get(folder));
        let error = |code, message| Finding::new(code, Severity::Error, None, message);
        let source = match &declared.origin {
            Origin::Path(path) => format!("path {path:?}"),
            Origin::Git => "git".to_owned(),
            Origin::Registry | Origin::OtherRegistry | Origin::Patched => return None,
        };
        let Some(requirement) = &declared.requirement else {
            let version = member.map_or("1.2.3", |member| member.version.as_str());
            return Some(
                error(
                    FindingCode::PathWithoutVersion,
                    format!(
                        "{place}: {} depends on {name:?} by {source} without a version, and Cargo does not publish that",
                        self.id.name
                    ),
                )
                .hint(format!("add `version = {version:?}` to the dependency")),
            );
        };
        let member = member.filter(|member| !member.fits(declared))?;
        Some(
            error(
                FindingCode::RequirementExcludesMember,
                format!(
                    "{place}: {} requires {name:?} {requirement:?}, and the package at that path has version {}",
                    self.id.name, member.version
                ),
            )
            .hint(format!("set the requirement to \"{}\"", member.version)),
        )
    }
}

#[cfg(test)]
mod tests;
