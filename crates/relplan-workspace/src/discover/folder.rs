//! A folder of the project, as a path relative to the project's root.
//!
//! Invariant: there is no `..`, `.`, empty segment or control character in it, so it cannot name a place outside of the
//! root lexically. Symbolic links are [`super::Tree`]'s business.

use std::fmt;

use relplan_model::text::is_hidden;

/// The longest path that is looked at, in bytes.
const MAX_LENGTH: usize = 1024;

/// A folder relative to the project's root; it prints as `.` for the root itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Folder(String);

impl Folder {
    /// The project's root.
    pub(crate) fn root() -> Self {
        Self(String::new())
    }

    /// The folder that a relative path names from here; `None` where it leaves the root or is not a relative path.
    pub(crate) fn join(&self, path: &str) -> Option<Self> {
        if path.starts_with('/') || (cfg!(windows) && path.contains(['\\', ':'])) {
            return None;
        }
        path.split('/')
            .try_fold(self.clone(), |at, segment| match segment {
                "" | "." => Some(at),
                ".." => at.parent(),
                name => at.child(name),
            })
    }

    /// The folder of this name in here; `None` where the name cannot be one segment of a printable path.
    pub(crate) fn child(&self, name: &str) -> Option<Self> {
        let printable = !name.chars().any(is_hidden);
        let plain = !matches!(name, "" | "." | "..") && !name.contains('/');
        let path = self.file(name);
        (plain && printable && path.len() <= MAX_LENGTH).then_some(Self(path))
    }

    /// The folder that this one is in; `None` for the root.
    pub(crate) fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        Some(Self(
            self.0
                .rsplit_once('/')
                .map_or_else(String::new, |(parent, _)| parent.to_owned()),
        ))
    }

    /// The path of a file in here.
    pub(crate) fn file(&self, name: &str) -> String {
        if self.0.is_empty() {
            name.to_owned()
        } else {
            format!("{}/{name}", self.0)
        }
    }

    /// Whether this is `other` or somewhere below it.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        self.below(other).is_some()
    }

    /// The path from `other` down to here, without leading `/`; `None` where this is not below it.
    pub(crate) fn below<'a>(&'a self, other: &Self) -> Option<&'a str> {
        if other.0.is_empty() {
            return Some(&self.0);
        }
        let rest = self.0.strip_prefix(&other.0)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('/')
        }
    }

    /// How many segments the path has.
    pub(crate) fn depth(&self) -> usize {
        self.0
            .split('/')
            .filter(|segment| !segment.is_empty())
            .count()
    }

    /// The path relative to the root, empty for the root.
    pub(crate) fn as_path(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(if self.0.is_empty() { "." } else { &self.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_the_root() {
        let here = Folder::root().join("a/b").unwrap();
        for (path, expected) in [
            ("c", Some("a/b/c")),
            ("./c//d/", Some("a/b/c/d")),
            ("..", Some("a")),
            ("../../", Some(".")),
            ("../../..", None),
            ("../../../a", None),
            ("/etc", None),
            ("x\ny", None),
            ("x\u{202e}y", None),
        ] {
            let found = here.join(path).map(|folder| folder.to_string());
            assert_eq!(found.as_deref(), expected, "{path:?}");
        }
    }

    #[test]
    fn within_is_about_segments() {
        let folder = |path| Folder::root().join(path).unwrap();
        assert!(folder("a/b").is_within(&folder("a")));
        assert!(folder("a").is_within(&Folder::root()));
        assert!(!folder("ab").is_within(&folder("a")));
        assert_eq!(folder("a/b/c").below(&folder("a")), Some("b/c"));
    }
}
