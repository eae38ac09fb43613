//! What counts as the tree: the project's folder, and the whole checkout that it is a part of.
//!
//! Why more than the project's folder: `-C sub` works in a part of a checkout, and a pull request changes all of it.
//! A checkout that holds the user's home folder is none: some keep their settings in one, and all they have installed
//! would lie in it.

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
        let holds_home = |folder: &Path| home.as_ref().is_some_and(|home| home.starts_with(folder));
        let checkout = project
            .ancestors()
            .filter(|folder| std::fs::symlink_metadata(folder.join(".git")).is_ok())
            .filter(|folder| !holds_home(folder))
            .last()
            .map(Path::to_owned);
        let checkout = checkout.filter(|checkout| *checkout != project);
        Self(std::iter::once(project).chain(checkout).collect())
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

/// A path with its links resolved, as far as it is there; the rest by its names.
#[must_use]
pub(super) fn resolved(path: &Path) -> PathBuf {
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
