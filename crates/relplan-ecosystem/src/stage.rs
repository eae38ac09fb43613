//! Whether a version is a prerelease, as each ecosystem reads versions, where nobody can be trusted to say which one it is.

use crate::ecosystem::Ecosystem;

/// What a version may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Some ecosystem reads it as a prerelease.
    pub prerelease: bool,
    /// Some ecosystem reads it as a release.
    pub release: bool,
}

impl Stage {
    /// Reads a version in every way. `1.0.0-1` is both: a prerelease to Cargo and npm, a release after 1.0.0 to Python. What
    /// nobody can read may be anything.
    #[must_use]
    pub fn of(version: &str) -> Self {
        let read = Ecosystem::ALL.map(|one| Some(one.read_version(version)?.is_prerelease()));
        let is_unread = read.iter().all(Option::is_none);
        Self {
            prerelease: is_unread || read.contains(&Some(true)),
            release: is_unread || read.contains(&Some(false)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B11: build metadata makes no prerelease, and Python's versions have none of its marks.
    #[test]
    fn l17_a_prerelease_is_what_its_ecosystem_reads_as_one() {
        for (version, prerelease, release) in [
            ("1.0.0", false, true),
            ("1.0.0+a-b", false, true),
            ("1.0.0-rc.1", true, false),
            ("1.0.0-rc.1+a-b", true, false),
            ("1.0rc1", true, false),
            ("1.0.dev3", true, false),
            ("1.0.post1", false, true),
            ("1.0+local-1", false, true),
            ("1.0.0-1", true, true),
            ("1.0.0-x-y-z", true, false),
            ("no version", true, true),
        ] {
            let expected = Stage {
                prerelease,
                release,
            };
            assert_eq!(Stage::of(version), expected, "{version}");
        }
    }
}
