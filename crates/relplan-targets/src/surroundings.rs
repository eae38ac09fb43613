//! What surrounds a driver: the user's folders and the environment, captured once by the binary.
//!
//! Invariant: no driver asks the process for its environment or home folder, so that a test or an `apply` decides
//! exactly what a driver can see (law L14).

use std::{
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
};

use relplan_model::{address::TargetName, target::Endpoint};
use relplan_system::programs::{Programs, TreeRoots};

/// What the spec is called as the source of a setting.
pub(crate) const SPEC: &str = "spec";

/// How the name of a source begins that lies in the project's own files.
const PROJECT: &str = "project ";

/// Whether a source is a file that a pull request can change: the spec, or a client's configuration in the project.
#[must_use]
pub(crate) fn is_of_the_tree(source: &str) -> bool {
    source == SPEC || source.starts_with(PROJECT)
}

/// The user's folders and environment as one value.
#[derive(Clone, Default)]
pub struct Surroundings {
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// The project's root, for observing and planning only; `None` while applying (law L14).
    pub project: Option<PathBuf>,
    /// The folder that relplan works in, while applying as well: files below it are the tree's, whatever variable or
    /// home folder leads to them, and no program there is run.
    pub tree: Option<PathBuf>,
    /// The environment.
    pub vars: BTreeMap<String, String>,
    /// The folder that may hold cached answers, never one that the tree can bring along; `None`: nothing is cached.
    pub cache: Option<PathBuf>,
    /// The endpoints of an approved plan, for applying. A driver takes from here only those that the plan found in the
    /// project's own files; all others it resolves again, so that a difference is noticed (design §5).
    pub approved: BTreeMap<TargetName, Vec<Endpoint>>,
    /// Whether no credential may be read: foreign code is about to run beside this process (law L14). A registry that
    /// wants one to be read from is then unknown.
    pub withheld: bool,
}

impl Surroundings {
    /// An environment variable that is set and not empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The home folder.
    #[must_use]
    pub fn home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// The project's root; `None` while applying.
    #[must_use]
    pub fn project(&self) -> Option<&Path> {
        self.project.as_deref()
    }

    /// Whether this is for looking and planning: then no credential goes to an endpoint that only the tree names. An
    /// applied plan shows its endpoints, and was approved with them.
    #[must_use]
    pub(crate) fn is_planning(&self) -> bool {
        self.project.is_some()
    }

    /// Whether a file or folder lies in the tree, so that a pull request can change it: a variable may lead there
    /// (`CARGO_HOME`, `npm_config_userconfig`), and so may a home folder.
    #[must_use]
    pub(crate) fn is_in_tree(&self, path: &Path) -> bool {
        let Some(tree) = self.tree.as_deref().or(self.project()) else {
            return false;
        };
        // Relative paths start where relplan works.
        path.is_relative() || TreeRoots::around(tree, self.home()).reach(path)
    }

    /// The programs that may be run: those outside the tree.
    #[must_use]
    pub fn programs(&self) -> Programs {
        match self.tree.as_deref().or(self.project()) {
            Some(tree) => Programs::around(tree, &self.vars),
            None => Programs::anywhere(&self.vars),
        }
    }

    /// The folder for cached answers, if there is one.
    #[must_use]
    pub fn cache(&self) -> Option<&Path> {
        self.cache.as_deref()
    }

    /// The endpoint that an approved plan found in the project's own files: its role is `role` and its source begins
    /// with `project`.
    #[must_use]
    pub fn approved(&self, target: &TargetName, role: &str) -> Option<&Endpoint> {
        self.approved
            .get(target)?
            .iter()
            .find(|endpoint| endpoint.role == role && endpoint.source.starts_with(PROJECT))
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            home,
            project,
            tree,
            vars,
            cache,
            approved,
            withheld,
        } = self;
        f.debug_struct("Surroundings")
            .field("home", home)
            .field("project", project)
            .field("tree", tree)
            .field("vars", &vars.keys().collect::<Vec<_>>())
            .field("cache", cache)
            .field("approved", approved)
            .field("withheld", withheld)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l14_what_lies_in_the_tree_is_the_trees_whatever_leads_there() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        std::fs::create_dir_all(root.join("work/sub")).unwrap();
        std::fs::create_dir_all(root.join("home")).unwrap();
        std::os::unix::fs::symlink(root.join("work/sub"), root.join("home/linked")).unwrap();
        let surroundings = Surroundings {
            tree: Some(root.join("work")),
            ..Surroundings::default()
        };
        for (path, expected) in [
            ("work", true),
            ("work/sub/.npmrc", true),
            ("work/none/at/all", true),
            ("home/linked/.npmrc", true),
            ("home/../work/.npmrc", true),
            ("home/.npmrc", false),
            ("workshop/.npmrc", false),
        ] {
            assert_eq!(
                surroundings.is_in_tree(&root.join(path)),
                expected,
                "{path}"
            );
        }
        assert!(
            surroundings.is_in_tree(Path::new("ci/.npmrc")),
            "it starts where relplan works"
        );
    }

    #[test]
    fn l11_debug_shows_no_value_of_the_environment() {
        let surroundings = Surroundings {
            vars: BTreeMap::from([("TOKEN".to_owned(), "canary-7f3a".to_owned())]),
            ..Surroundings::default()
        };
        let text = format!("{surroundings:?}");
        assert!(text.contains("TOKEN") && !text.contains("canary"), "{text}");
    }
}
