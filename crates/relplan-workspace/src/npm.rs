//! npm, pnpm and yarn workspaces: `package.json` and the files that say which folders belong together
//! (npm documentation: package.json, workspaces; pnpm documentation: workspaces, catalogs; Yarn documentation: workspaces,
//! protocols).
//!
//! An edge is a dependency that users of the published package would resolve to another package of the project, at the
//! version that is in the tree. `devDependencies` concern nobody who installs from a registry and make no edge.

use std::{collections::BTreeMap, rc::Rc};

use relplan_model::{
    address::{Ecosystem, PackageId, PackageName, Version},
    finding::{Finding, FindingCode, Severity},
    settings::Settings,
};

use crate::discover::{DiscoverError, Folder, Found, Package, Publishable, ReadError, Scope, Tree};

mod catalog;
pub(crate) mod demand;
mod edges;
mod manifest;
mod members;
mod packing;
mod requirement;
mod yaml;

pub use packing::Packing;

use demand::Demand;
use manifest::Manifest;
use members::{Home, Member};

/// The most manifests that one remark lists.
const LISTED: usize = 5;

/// Looks at all npm, pnpm and yarn workspaces of the project.
pub(crate) fn discover(tree: &Tree, scopes: &mut [Scope]) -> Result<Found, DiscoverError> {
    let mut found = Found::default();
    let mut modules: BTreeMap<Folder, Module> = BTreeMap::new();
    for scope in scopes {
        let (mut nameless, mut versionless) = (Vec::new(), Vec::new());
        for member in members::of(tree, scope, &mut found.findings)? {
            let file = member.manifest.file.clone();
            match Module::read(&scope.ecosystem, member) {
                Read::Module(module) => {
                    modules.entry(module.folder().clone()).or_insert(*module);
                }
                Read::Nameless => nameless.push(file),
                Read::Versionless => versionless.push(file),
                Read::Nothing => {}
                Read::Wrong(finding) => found.findings.push(*finding),
            }
        }
        let remarks = [
            passed_over(FindingCode::NamelessPackage, "name", &nameless),
            passed_over(FindingCode::VersionlessPackage, "version", &versionless),
        ];
        found.findings.extend(remarks.into_iter().flatten());
    }
    let siblings = edges::Siblings::of(&modules);
    for module in modules.values() {
        found.packages.push(module.package(&siblings));
    }
    Ok(found)
}

/// One package with what its manifest says of itself.
struct Module {
    id: PackageId,
    version: Option<Version>,
    publishable: Publishable,
    manifest: Manifest,
    home: Rc<Home>,
}

enum Read {
    Module(Box<Module>),
    /// Neither named nor private: perhaps forgotten, mostly a fixture.
    Nameless,
    /// Named and not private, but without a version.
    Versionless,
    /// A private manifest without a name, such as a workspace's root.
    Nothing,
    Wrong(Box<Finding>),
}

impl Module {
    fn read(ecosystem: &Ecosystem, member: Member) -> Read {
        let Member { manifest, home } = member;
        let private = manifest.is_private();
        let Some(name) = manifest.text("name") else {
            return if private {
                Read::Nothing
            } else {
                Read::Nameless
            };
        };
        let wrong = |code, severity, message: String| {
            Read::Wrong(Box::new(Finding::new(
                code,
                severity,
                None,
                format!("{}: {message}", manifest.file),
            )))
        };
        let name = match PackageName::new(name) {
            Ok(name) => name,
            Err(_) if private => return Read::Nothing,
            Err(error) => {
                return wrong(FindingCode::InvalidName, Severity::Error, error.to_string());
            }
        };
        let stated = manifest.text("version");
        let version = match stated.map(strict) {
            Some(Ok(version)) => Some(version),
            Some(Err(_)) | None if private => None,
            Some(Err(error)) => return wrong(FindingCode::InvalidVersion, Severity::Error, error),
            None => return Read::Versionless,
        };
        Read::Module(Box::new(Self {
            id: PackageId {
                ecosystem: ecosystem.clone(),
                name,
            },
            version,
            publishable: if private {
                Publishable::Nowhere
            } else {
                Publishable::Anywhere
            },
            manifest,
            home,
        }))
    }

    fn folder(&self) -> &Folder {
        &self.manifest.folder
    }

    fn package(&self, siblings: &edges::Siblings<'_>) -> Package {
        let edges::Edges {
            dependencies,
            outside,
            mut findings,
        } = edges::of(self, siblings);
        findings.extend(self.build_metadata());
        if self.publishable == Publishable::Nowhere {
            findings.clear();
        }
        Package {
            id: self.id.clone(),
            version: self.version.clone(),
            version_from_history: false,
            path: self.folder().to_string(),
            manifest: self.manifest.file.clone(),
            publishable: self.publishable.clone(),
            dependencies,
            outside,
            settings: self.settings(),
            repository: self.manifest.repository().map(str::to_owned),
            manager: Some(self.home.manager.word().to_owned()),
            workspace_root: self.home.folder.to_string(),
            packing: Some(self.packing(siblings)),
            findings,
            refusals: Vec::new(),
        }
    }

    fn packing(&self, siblings: &edges::Siblings<'_>) -> Packing {
        let demands = match self.publishable {
            Publishable::Nowhere => Vec::new(),
            Publishable::Anywhere | Publishable::Only(_) => Demand::all_of(self.manifest.members()),
        };
        Packing {
            demands,
            keeper: self.home.by(),
            is_classic_yarn: self.home.is_classic_yarn,
            built_with: siblings.built_with(self),
        }
    }

    /// `publishConfig`, in relplan's words. A registry for the package's own scope wins over the general one, as in npm.
    fn settings(&self) -> Settings {
        let mut settings = Settings::default();
        let scope = self
            .id
            .name
            .as_str()
            .split_once('/')
            .map(|(scope, _)| scope);
        let scoped =
            scope.and_then(|scope| self.manifest.publish_config(&format!("{scope}:registry")));
        let said = [
            ("access", self.manifest.publish_config("access")),
            ("dist-tag", self.manifest.publish_config("tag")),
            (
                "registry",
                scoped.or_else(|| self.manifest.publish_config("registry")),
            ),
        ];
        for (name, text) in said {
            if let Some(text) = text {
                settings = settings.with_text(name, text);
            }
        }
        settings
    }

    fn build_metadata(&self) -> Option<Finding> {
        let version = self.version.as_ref()?;
        let (kept, _) = version.as_str().split_once('+')?;
        Some(
            Finding::new(
                FindingCode::BuildMetadata,
                Severity::Warning,
                None,
                format!(
                    "{}: the version {version} has build metadata, which npm registries drop",
                    self.manifest.file
                ),
            )
            .hint(format!("make it {kept:?}")),
        )
    }
}

/// A version by the letter of Semantic Versioning 2.0.0, which is what registries store.
fn strict(text: &str) -> Result<Version, String> {
    semver::Version::parse(text).map_err(|error| format!("{text:?} is not a version: {error}"))?;
    Version::new(text).map_err(|error| error.to_string())
}

/// One remark for all manifests that lack something: most of them are fixtures, and a workspace may have many.
fn passed_over(code: FindingCode, lack: &str, files: &[String]) -> Option<Finding> {
    let (first, others) = files.split_first()?;
    let message = if others.is_empty() {
        format!("{first:?} has no {lack} and is not private; it is passed over")
    } else {
        let listed: Vec<String> = files
            .iter()
            .take(LISTED)
            .map(|file| format!("{file:?}"))
            .collect();
        let rest = match files.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!(
            "{} manifests have no {lack} and are not private; they are passed over: {}{rest}",
            files.len(),
            listed.join(", ")
        )
    };
    let finding = Finding::new(code, Severity::Note, None, message);
    Some(finding.hint("add it, or `\"private\": true`, or leave the folder out with `exclude`"))
}

/// The error for a file that can be read but says something wrong.
fn content(file: &str, message: impl Into<String>) -> ReadError {
    ReadError::Content {
        file: file.to_owned(),
        message: message.into(),
        advice: None,
    }
}

#[cfg(test)]
mod tests;
