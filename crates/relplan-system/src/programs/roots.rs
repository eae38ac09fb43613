//! What counts as the tree: the project's folder, and the whole checkout that it is a part of.
//!
//! Why more than the project's folder: `-C sub` works in a part of a checkout, and a pull request changes all of it.
//!
//! The user's home folder is often a checkout too: some keep their settings in one. It is then no tree for a project that
//! lies in a checkout of its own below it. It is the tree for a project that has none: then the home's checkout is the
//! project's, and a pull request changes what would be taken for the user's own files. The root of the file system,
//! where a container may start, is no tree.

use std::path::{Path, PathBuf};

/// Folders whose content a pull request can shape, links resolved.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TreeRoots(Vec<PathBuf>);

impl TreeRoots {
    /// The tree of a project.
    #[must_use]
    pub fn around(project: &Path, home: Option<&Path>) -> Self {
        let project = resolved(project);
        let home = home.and_then(|home| home.canonicalize().ok());
        let checkout = checkout_of(&project, home.as_deref());
        let project = Some(project).filter(|project| project.parent().is_some());
        Self(project.into_iter().chain(checkout).collect())
    }

    /// The checkouts that a repository in a folder would be a part of.
    #[must_use]
    pub fn of_checkouts_above(folder: &Path, home: Option<&Path>) -> Self {
        let home = home.and_then(|home| home.canonicalize().ok());
        let above = folder.parent().into_iter().flat_map(Path::ancestors);
        let checkout = above.filter(|above| is_top(above) && home.as_deref() != Some(above));
        Self(checkout.last().map(Path::to_owned).into_iter().collect())
    }

    /// Whether a path, whose links are resolved, lies in the tree.
    #[must_use]
    pub fn hold(&self, path: &Path) -> bool {
        self.holding(path).is_some()
    }

    /// The folder of the tree that holds a path whose links are resolved.
    #[must_use]
    pub fn holding(&self, path: &Path) -> Option<&Path> {
        self.0
            .iter()
            .find(|root| path.starts_with(root))
            .map(PathBuf::as_path)
    }

    /// Whether a path leads into the tree, through links as well. What is not there yet counts by where it would be.
    #[must_use]
    pub fn reach(&self, path: &Path) -> bool {
        self.hold(&resolved(path))
    }

    /// Whether a text names something in the tree: for values that are more than a path.
    pub(super) fn are_named_in(&self, text: &str) -> bool {
        self.0
            .iter()
            .filter_map(|root| root.to_str())
            .any(|root| root != "/" && text.contains(root))
    }
}

/// The checkout whose files are as good as a project's own: links of the project may lead to them. Never one that holds the
/// home folder: whoever keeps their settings in a checkout keeps their secrets beside them.
pub(crate) fn checkout_to_read(project: &Path) -> Option<PathBuf> {
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let checkout = checkout_of(project, home.as_deref())?;
    let holds_home = home.is_some_and(|home| home.starts_with(&checkout));
    (!holds_home).then_some(checkout)
}

/// The outermost checkout that a project is a part of; the home folder's only if there is none of the project's own.
fn checkout_of(project: &Path, home: Option<&Path>) -> Option<PathBuf> {
    let tops = || project.ancestors().filter(|above| is_top(above));
    let is_apart = |home: &Path| {
        let mut below = tops().filter(|top| *top != home && top.starts_with(home));
        below.any(|top| has_its_own_repository(top, &home.join(".git")))
    };
    tops()
        .filter(|top| home != Some(top) || !is_apart(top))
        .last()
        .map(Path::to_owned)
}

/// Whether a folder is the top of a checkout, and not the root of the file system.
fn is_top(folder: &Path) -> bool {
    folder.parent().is_some() && std::fs::symlink_metadata(folder.join(".git")).is_ok()
}

/// Whether a checkout is of a repository of its own: not a submodule or worktree of the one around it, whose commits
/// say what is in it.
fn has_its_own_repository(top: &Path, around: &Path) -> bool {
    let own = top.join(".git");
    let is_repository = |folder: &Path| folder.join("HEAD").is_file();
    if own.is_dir() {
        let folder = resolved(&own);
        return is_repository(&folder) && !folder.starts_with(resolved(around));
    }
    let Some(folder) = super::git::folder_named_by(&own) else {
        return false;
    };
    let folder = resolved(&top.join(folder));
    is_repository(&folder) && !folder.starts_with(resolved(around))
}

/// A path with its links resolved, as far as it is there; the rest by its names.
#[must_use]
pub fn resolved(path: &Path) -> PathBuf {
    if let Ok(found) = path.canonicalize() {
        return found;
    }
    match (path.parent(), path.components().next_back()) {
        (Some(parent), Some(std::path::Component::ParentDir)) => {
            let mut parent = resolved(parent);
            parent.pop();
            parent
        }
        (Some(parent), Some(last)) => resolved(parent).join(last),
        _ => path.to_owned(),
    }
}
