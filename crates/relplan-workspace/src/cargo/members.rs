//! Which folders are members of a Cargo workspace (The Cargo Book: Workspaces, `members` and `exclude`).
//!
//! `default-members` is not looked at: it chooses what commands act on, not what belongs to the workspace.

use std::{
    collections::{BTreeSet, VecDeque},
    rc::Rc,
};

use relplan_model::finding::{Finding, FindingCode, Severity};

use super::{
    dependencies::{self, Origin},
    manifest::{FILE, Manifest},
};
use crate::discover::{
    DiscoverError, Folder, ReadError, Scope, Tree,
    pattern::{MAX_PATTERNS, Pattern},
    toml::texts,
    unreadable,
};

/// A package with the root of its workspace, which may be the same manifest.
pub(super) struct Member {
    /// The folder, links resolved.
    pub(super) folder: Folder,
    /// Its manifest.
    pub(super) manifest: Rc<Manifest>,
    /// The manifest that it inherits from and that Cargo commands start at.
    pub(super) home: Rc<Manifest>,
}

/// The members of one workspace of the spec.
pub(super) fn of(
    tree: &Tree,
    scope: &mut Scope,
    findings: &mut Vec<Finding>,
) -> Result<Vec<Member>, DiscoverError> {
    let root = Manifest::read(tree, &scope.folder).map_err(|error| scope.root_manifest(error))?;
    if !root.is_workspace() && root.package().is_none() {
        let error = root.toml.wrong(
            None,
            "it has neither a `[package]` nor a `[workspace]` table",
        );
        return Err(scope.root_manifest(error));
    }
    let mut walk = Walk {
        tree,
        scope,
        findings,
        root: Rc::new(root),
        seen: BTreeSet::new(),
        queue: VecDeque::new(),
        members: Vec::new(),
    };
    if walk.root.is_workspace() {
        walk.workspace()?;
    } else {
        walk.loose();
    }
    Ok(walk.members)
}

struct Walk<'a> {
    tree: &'a Tree,
    scope: &'a mut Scope,
    findings: &'a mut Vec<Finding>,
    root: Rc<Manifest>,
    seen: BTreeSet<Folder>,
    queue: VecDeque<Folder>,
    members: Vec<Member>,
}

impl Walk<'_> {
    /// A root with a `[workspace]` table: itself, what `members` names, and what these depend on by path below the root.
    fn workspace(&mut self) -> Result<(), DiscoverError> {
        let root = Rc::clone(&self.root);
        let members = texts(root.toml.item(&["workspace", "members"]));
        let excluded = Excluded::of(&root, &members);
        if root.package().is_some() {
            self.queue.push_back(root.folder.clone());
        }
        let texts = members.iter().map(String::as_str);
        let patterns = Pattern::members(&root.folder, &root.toml.file, texts, self.findings);
        for pattern in &patterns {
            self.named(pattern)?;
        }
        while let Some(folder) = self.queue.pop_front() {
            if !self.is_new(&folder) || (folder != root.folder && excluded.covers(&folder)) {
                continue;
            }
            let Some(manifest) = self.read(&folder) else {
                continue;
            };
            if folder != root.folder && manifest.is_workspace() {
                self.nested(&manifest);
                continue;
            }
            if manifest.package().is_none() {
                let error = manifest.toml.wrong(None, "it has no `[package]` table");
                self.findings.push(unreadable(&error));
                continue;
            }
            self.follow(&manifest, &root);
            self.members.push(Member {
                folder,
                manifest,
                home: Rc::clone(&root),
            });
        }
        Ok(())
    }

    /// One entry of `members`. A wildcard passes over folders that hold no package; a plain path must hold one.
    fn named(&mut self, pattern: &Pattern) -> Result<(), DiscoverError> {
        for folder in pattern.expand(self.tree)? {
            if pattern.is_literal() || self.tree.has(&folder.file(FILE)) {
                self.queue.push_back(folder);
            }
        }
        if let Some(folder) = pattern.literal()
            && self.tree.real(&folder).is_none()
            && !self.scope.exclude.covers(&folder)
        {
            let file = folder.file(FILE);
            self.findings.push(unreadable(&ReadError::Missing { file }));
        }
        Ok(())
    }

    /// A manifest without a `[workspace]` table: a member of a workspace further up, or a package of its own. In the
    /// latter case the packages below that it depends on by path are taken up too, each as a workspace of its own.
    fn loose(&mut self) {
        let root = Rc::clone(&self.root);
        if let Some(home) = self.home(&root) {
            self.members.push(Member {
                folder: root.folder.clone(),
                manifest: root,
                home,
            });
            return;
        }
        self.queue.push_back(root.folder.clone());
        while let Some(folder) = self.queue.pop_front() {
            if !self.is_new(&folder) {
                continue;
            }
            let Some(manifest) = self.read(&folder) else {
                continue;
            };
            if manifest.package().is_some() && !manifest.is_workspace() {
                self.follow(&manifest, &manifest);
                self.members.push(Member {
                    folder,
                    home: Rc::clone(&manifest),
                    manifest,
                });
            }
        }
    }

    fn is_new(&mut self, folder: &Folder) -> bool {
        self.seen.insert(folder.clone()) && !self.scope.exclude.covers(folder)
    }

    fn read(&mut self, folder: &Folder) -> Option<Rc<Manifest>> {
        if *folder == self.root.folder {
            return Some(Rc::clone(&self.root));
        }
        match Manifest::read(self.tree, folder) {
            Ok(manifest) => Some(Rc::new(manifest)),
            Err(error) => {
                self.findings.push(unreadable(&error));
                None
            }
        }
    }

    /// Queues what a package depends on by path, where that lies below the workspace's root and holds a manifest.
    fn follow(&mut self, manifest: &Manifest, home: &Manifest) {
        // A dependency that cannot be read is reported when the package itself is.
        let declared = dependencies::of(self.tree, manifest, home).unwrap_or_default();
        let folders = declared
            .into_iter()
            .filter(|declared| matches!(declared.origin, Origin::Path(_)))
            .filter_map(|declared| declared.folder)
            .filter(|folder| folder.is_within(&self.root.folder))
            .filter(|folder| self.tree.has(&folder.file(FILE)));
        self.queue.extend(folders);
    }

    fn nested(&mut self, manifest: &Manifest) {
        self.findings.push(
            Finding::new(
                FindingCode::NestedWorkspace,
                Severity::Error,
                None,
                format!(
                    "{} has a `[workspace]` table of its own but is a member of {}, which Cargo refuses",
                    manifest.toml.file, self.root.toml.file
                ),
            )
            .hint("list it in `workspace.exclude`, and as a workspace of its own in the spec"),
        );
    }

    /// The workspace further up that a package belongs to: the one that it names, else the nearest.
    fn home(&self, manifest: &Manifest) -> Option<Rc<Manifest>> {
        let named = manifest
            .package()
            .and_then(|package| package.get("workspace"))
            .and_then(toml_edit::Item::as_str);
        if let Some(path) = named {
            let folder = manifest.folder.join(path)?;
            let home = Manifest::read(self.tree, &self.tree.real(&folder)?).ok()?;
            return home.is_workspace().then(|| Rc::new(home));
        }
        let mut at = manifest.folder.parent();
        while let Some(folder) = at {
            if let Ok(home) = Manifest::read(self.tree, &folder)
                && home.is_workspace()
            {
                let members = texts(home.toml.item(&["workspace", "members"]));
                let excluded = Excluded::of(&home, &members).covers(&manifest.folder);
                return (!excluded).then(|| Rc::new(home));
            }
            at = folder.parent();
        }
        None
    }
}

/// `workspace.exclude`: plain paths, which an entry of `members` that names the folder overrules.
struct Excluded {
    excluded: BTreeSet<Folder>,
    explicit: BTreeSet<Folder>,
}

impl Excluded {
    fn of(root: &Manifest, members: &[String]) -> Self {
        let folders = |texts: &[String]| {
            texts
                .iter()
                .filter_map(|text| root.folder.join(text))
                .take(MAX_PATTERNS)
                .collect()
        };
        Self {
            excluded: folders(&texts(root.toml.item(&["workspace", "exclude"]))),
            explicit: folders(members),
        }
    }

    fn covers(&self, folder: &Folder) -> bool {
        let within = |folders: &BTreeSet<Folder>| {
            let mut above = std::iter::successors(Some(folder.clone()), Folder::parent);
            above.any(|folder| folders.contains(&folder))
        };
        within(&self.excluded) && !within(&self.explicit)
    }
}
