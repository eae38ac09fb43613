//! Dependency specifiers: the name, what follows it, and which versions that takes in (Python Packaging User Guide:
//! Dependency specifiers; Version specifiers).

use pep440_rs::VersionSpecifiers;

/// A dependency specifier taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct Requirement<'a> {
    /// The name as it is written.
    pub name: &'a str,
    /// Extras, versions and marker as they are written; empty where there are none.
    pub rest: &'a str,
    /// Whether it is a direct reference, `name @ url`.
    pub is_direct: bool,
}

impl<'a> Requirement<'a> {
    /// Takes a specifier apart; `None` where no name stands at its head.
    #[must_use]
    pub fn of(text: &'a str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'))
            .unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        if !ends(name.chars().next()) || !ends(name.chars().last()) {
            return None;
        }
        let rest = rest.trim();
        Some(Self {
            name,
            rest,
            is_direct: after_extras(rest).starts_with('@'),
        })
    }
}

/// The versions that what follows a name takes in; `None`: it names a place, or cannot be read.
pub(super) fn versions(rest: &str) -> Option<VersionSpecifiers> {
    let rest = after_extras(rest.trim());
    if rest.starts_with('@') {
        return None;
    }
    let versions = rest.split(';').next().unwrap_or_default().trim();
    let bare = versions
        .strip_prefix('(')
        .and_then(|versions| versions.strip_suffix(')'))
        .unwrap_or(versions);
    bare.parse().ok()
}

fn after_extras(rest: &str) -> &str {
    let after = match rest.strip_prefix('[') {
        Some(extras) => extras.split_once(']').map_or("", |(_, after)| after),
        None => rest,
    };
    after.trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_specifier_is_its_name() {
        for (text, name, rest, is_direct) in [
            ("acme", "acme", "", false),
            ("Acme.Core_x >= 1.0, <2", "Acme.Core_x", ">= 1.0, <2", false),
            (
                "acme[http]>=1; python_version < '3.9'",
                "acme",
                "[http]>=1; python_version < '3.9'",
                false,
            ),
            ("acme~=1.2", "acme", "~=1.2", false),
            ("acme ;extra=='x'", "acme", ";extra=='x'", false),
            ("acme (>=1.0)", "acme", "(>=1.0)", false),
            ("acme @ file:///x", "acme", "@ file:///x", true),
            (
                "acme[a,b]@https://x.example/y.whl",
                "acme",
                "[a,b]@https://x.example/y.whl",
                true,
            ),
        ] {
            let expected = Requirement {
                name,
                rest,
                is_direct,
            };
            assert_eq!(Requirement::of(text), Some(expected), "{text}");
        }
        for text in ["", ">=1", "-acme", "acme_>=1"] {
            assert_eq!(Requirement::of(text), None, "{text}");
        }
    }

    #[test]
    fn l17_versions_are_those_of_pep_440() {
        for (rest, version, expected) in [
            ("", "1.0", Some(true)),
            ("==0.1.0", "0.2.0", Some(false)),
            ("==1.0", "1.0.0", Some(true)),
            ("[http] >=1, <2 ; python_version < '3.9'", "1.5", Some(true)),
            ("(>=1.0)", "0.9", Some(false)),
            ("~=1.2", "2.0", Some(false)),
            (";extra=='x'", "9", Some(true)),
            ("@ file:///x", "1.0", None),
            ("[a]@https://x.example/y.whl", "1.0", None),
            ("^1.0", "1.0", None),
        ] {
            let version = version.parse().unwrap();
            let found = versions(rest).map(|all| all.contains(&version));
            assert_eq!(found, expected, "{rest:?} {version}");
        }
    }
}
