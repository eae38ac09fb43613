//! What counts as the tree: the project's folder, and the whole checkout that it is a part of.
//!
//! Why more than the project's folder: `-C sub` works in a part of a checkout, and a pull request changes all of it.
//! The user's home folder is no tree for being a checkout above the project, since some keep their settings in one and
//! all that they have installed would lie in it; nor is the root of the file system, where a container may start.

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
        let checkout = checkout_above(&project, home.as_deref());
        let is_home = home.as_ref() == Some(&project) && !is_top(&project);
        let is_tree = project.parent().is_some() && !is_home;
        let project = Some(project).filter(|_| is_tree);
        Self(project.into_iter().chain(checkout).collect())
    }

    /// The checkouts that a repository in a folder would be a part of.
    #[must_use]
    pub fn of_checkouts_above(folder: &Path, home: Option<&Path>) -> Self {
        let home = home.and_then(|home| home.canonicalize().ok());
        let parent = folder.parent();
        let checkout = parent.and_then(|parent| {
            let is_it = is_top(parent) && home.as_deref() != Some(parent);
            let above = checkout_above(parent, home.as_deref());
            above.or_else(|| is_it.then(|| parent.to_owned()))
        });
        Self(checkout.into_iter().collect())
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

/// The outermost checkout that a folder is a part of, and not the top of.
fn checkout_above(folder: &Path, home: Option<&Path>) -> Option<PathBuf> {
    folder
        .ancestors()
        .skip(1)
        .filter(|above| is_top(above))
        .filter(|above| home != Some(above) && above.parent().is_some())
        .last()
        .map(Path::to_owned)
}

fn is_top(folder: &Path) -> bool {
    std::fs::symlink_metadata(folder.join(".git")).is_ok()
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
