//! Survey: which workspaces there are below a folder, for a spec that is yet to be written.
//!
//! ```text
//! folders, the shallow ones first ──▶ a root manifest? ──▶ its packages ──▶ one of them may be published?
//! ```
//!
//! What looks like an example or a test's data is not released, whatever its manifest says: to leave out too much is
//! seen and mended before a release, to publish too much is not.
//!
//! Invariant: as in discovery, nothing is run, and only files below the root are read.

use std::collections::{BTreeSet, VecDeque};

use camino::Utf8Path;
use relplan_ecosystem::Ecosystem;
use relplan_model::address::Ecosystem as Word;

use crate::{
    discover::{
        DiscoverError, Folder, Package, Publishable, ReadError, Tree, WorkspaceRef, open, read,
    },
    python,
};

/// Folders whose members are examples or data of tests.
const EXAMPLES: [&str; 13] = [
    "__fixtures__",
    "__tests__",
    "demo",
    "demos",
    "example",
    "examples",
    "fixture",
    "fixtures",
    "playground",
    "playgrounds",
    "sample",
    "samples",
    "testdata",
];

/// Further folders in which no workspace is looked for: what was built or installed, and what serves the project itself.
const NEVER_ENTERED: [&str; 28] = [
    "__pycache__",
    "bench",
    "benches",
    "benchmark",
    "benchmarks",
    "build",
    "dist",
    "doc",
    "docs",
    "e2e",
    "env",
    "fuzz",
    "node_modules",
    "out",
    "sandbox",
    "site",
    "site-packages",
    "target",
    "template",
    "templates",
    "test",
    "tests",
    "third-party",
    "third_party",
    "vendor",
    "vendored",
    "venv",
    "website",
];

/// How far down root manifests are looked for, in folders below the root.
const DEPTH: usize = 4;

/// What was found below a folder.
#[derive(Debug, Default)]
pub struct Survey {
    /// Workspaces with at least one package that may be published, the shallow ones first.
    pub workspaces: Vec<Sighting>,
    /// What was seen and is no part of them, in the same order.
    pub passed_over: Vec<PassedOver>,
}

/// One workspace.
#[derive(Debug)]
pub struct Sighting {
    /// How a spec names it, with patterns of what looks like examples.
    pub workspace: WorkspaceRef,
    /// Its packages without those, private ones included.
    pub packages: Vec<Package>,
    /// Packages that its manifests would let go, and that look like examples.
    pub examples: Vec<Package>,
}

impl Sighting {
    /// The packages that may be published.
    pub fn publishable(&self) -> impl Iterator<Item = &Package> {
        let may_go = |package: &&Package| package.publishable != Publishable::Nowhere;
        self.packages.iter().filter(may_go)
    }
}

/// A manifest that no workspace comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Its ecosystem.
    pub ecosystem: Word,
    /// Its folder relative to the root, `.` for the root.
    pub path: String,
    /// Why.
    pub why: Why,
}

/// Why no workspace comes from a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// Its manifests let none of so many packages go.
    Private(usize),
    /// It lies below a workspace that does not count it among its members.
    NotAMember {
        /// That workspace's folder.
        of: String,
    },
    /// It cannot be used; in words.
    Unusable(String),
}

/// Looks for workspaces at a folder and some levels below it.
///
/// # Errors
/// When the folder cannot be read, or holds more than is looked at.
pub fn survey(root: &Utf8Path) -> Result<Survey, DiscoverError> {
    let tree = Tree::open(root)?;
    let mut surveyor = Surveyor {
        tree,
        seen: Vec::new(),
        survey: Survey::default(),
    };
    let mut queue = VecDeque::from([Folder::root()]);
    while let Some(folder) = queue.pop_front() {
        for ecosystem in Ecosystem::ALL {
            let has = |mark: &&str| surveyor.tree.has(&folder.file(mark));
            if ecosystem.marks().iter().any(has) {
                surveyor.look(ecosystem, &folder)?;
            }
        }
        if folder.depth() == DEPTH {
            continue;
        }
        for name in surveyor.tree.folders(&folder, "workspaces")? {
            let below = folder.child(&name).filter(|_| is_entered(&name));
            // A repository of its own, such as a submodule, is released by itself.
            queue.extend(below.filter(|below| !surveyor.tree.has(&below.file(".git"))));
        }
    }
    Ok(surveyor.survey)
}

/// Looks at one workspace that somebody named.
///
/// # Errors
/// When there is none.
pub fn sight(root: &Utf8Path, ecosystem: &Word, path: &str) -> Result<Sighting, DiscoverError> {
    of(&Tree::open(root)?, ecosystem, path)
}

fn is_entered(name: &str) -> bool {
    let is_hidden = name.starts_with('.');
    !is_hidden && !EXAMPLES.contains(&name) && !NEVER_ENTERED.contains(&name)
}

struct Surveyor {
    tree: Tree,
    seen: Vec<Seen>,
    survey: Survey,
}

/// A root manifest that was looked at, and the folders of its packages.
struct Seen {
    ecosystem: Word,
    folder: Folder,
    members: BTreeSet<String>,
}

impl Surveyor {
    fn look(&mut self, known: Ecosystem, folder: &Folder) -> Result<(), DiscoverError> {
        let Ok(ecosystem) = Word::new(known.word()) else {
            return Ok(());
        };
        let path = folder.to_string();
        let ours = || self.seen.iter().filter(|one| one.ecosystem == ecosystem);
        if ours().any(|seen| seen.members.contains(&path)) || !self.is_stated(known, folder) {
            return Ok(());
        }
        let is_above = |seen: &&Seen| {
            // A root that is one package alone says nothing of what lies below it.
            let has_others = seen
                .members
                .iter()
                .any(|one| *one != seen.folder.to_string());
            has_others && folder.is_within(&seen.folder)
        };
        let above = ours().find(is_above).map(|seen| seen.folder.to_string());
        let found = match of(&self.tree, &ecosystem, &path) {
            Ok(found) => found,
            Err(DiscoverError::RootManifest { source, .. }) => {
                let why = Why::Unusable(in_words(&source));
                self.pass_over(ecosystem, path, why);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let all = || found.packages.iter().chain(&found.examples);
        let may_go = found.publishable().next().is_some();
        match above {
            Some(of) if may_go => self.pass_over(ecosystem, path, Why::NotAMember { of }),
            Some(_) => {}
            None => {
                self.seen.push(Seen {
                    ecosystem: ecosystem.clone(),
                    folder: folder.clone(),
                    members: all().map(|package| package.path.clone()).collect(),
                });
                let count = all().count();
                if may_go {
                    self.survey.workspaces.push(found);
                } else if count > 0 {
                    self.pass_over(ecosystem, path, Why::Private(count));
                }
            }
        }
        Ok(())
    }

    /// Whether there is more than the configuration of some tools.
    fn is_stated(&self, ecosystem: Ecosystem, folder: &Folder) -> bool {
        match ecosystem {
            Ecosystem::Cargo | Ecosystem::Npm => true,
            Ecosystem::Python => python::is_stated(&self.tree, folder),
        }
    }

    fn pass_over(&mut self, ecosystem: Word, path: String, why: Why) {
        self.survey.passed_over.push(PassedOver {
            ecosystem,
            path,
            why,
        });
    }
}

/// The packages of one workspace, with and without what looks like examples.
fn of(tree: &Tree, ecosystem: &Word, path: &str) -> Result<Sighting, DiscoverError> {
    let plain = WorkspaceRef {
        ecosystem: ecosystem.clone(),
        path: path.to_owned(),
        exclude: Vec::new(),
    };
    let everything = read(tree, ecosystem, &mut [open(tree, &plain)?])?.packages;
    let mut workspace = WorkspaceRef {
        exclude: EXAMPLES.map(|name| format!("**/{name}")).to_vec(),
        ..plain
    };
    let mut scope = [open(tree, &workspace)?];
    let packages = read(tree, ecosystem, &mut scope)?.packages;
    let idle: BTreeSet<&str> = scope
        .iter()
        .flat_map(|scope| scope.exclude.idle())
        .collect();
    workspace
        .exclude
        .retain(|pattern| !idle.contains(pattern.as_str()));
    let kept: BTreeSet<&str> = packages.iter().map(|one| one.path.as_str()).collect();
    let examples = everything
        .into_iter()
        .filter(|package| !kept.contains(package.path.as_str()))
        .filter(|package| package.publishable != Publishable::Nowhere)
        .collect();
    Ok(Sighting {
        workspace,
        packages,
        examples,
    })
}

fn in_words(error: &ReadError) -> String {
    match error.advice() {
        _ if error.is_missing() => format!(
            "{error}; relplan reads names and versions there, from a `[project]` table, and nowhere else"
        ),
        Some(advice) => format!("{error}; {advice}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
