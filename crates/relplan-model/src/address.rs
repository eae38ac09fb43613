//! Names of things: targets, packages, versions, and the address that is the row key everywhere.
//!
//! Invariant: a name that exists has been checked, so no view has to fear control characters, spoofed separators or
//! right-to-left marks in it. Names are printable ASCII without white space, quotes, back-ticks or angle brackets.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that may not serve as a name, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {why}")]
pub struct InvalidName {
    /// What it should have named, as a noun.
    pub what: &'static str,
    /// The refused text.
    pub text: String,
    /// What is wrong with it.
    pub why: &'static str,
}

fn check(
    what: &'static str,
    text: &str,
    max: usize,
    allowed: fn(char) -> bool,
) -> Result<(), InvalidName> {
    let fail = |why| {
        Err(InvalidName {
            what,
            text: text.chars().take(80).collect(),
            why,
        })
    };
    if text.is_empty() {
        return fail("it is empty");
    }
    if text.len() > max {
        return fail("it is too long");
    }
    if !text.chars().all(allowed) {
        return fail("it holds a character that is not allowed there");
    }
    Ok(())
}

fn printable(c: char) -> bool {
    c.is_ascii_graphic() && !matches!(c, '"' | '`' | '<' | '>' | '|' | '\\')
}

macro_rules! name {
    ($(#[$doc:meta])* $ty:ident, $what:literal, $max:literal, $allowed:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $ty(String);

        impl $ty {
            /// Checks a text and makes it a name.
            ///
            /// # Errors
            /// When the text is empty, too long, or holds a character that such a name may not hold.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidName> {
                let text = text.into();
                check($what, &text, $max, $allowed)?;
                Ok(Self(text))
            }

            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $ty {
            type Error = InvalidName;
            fn try_from(text: String) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl From<$ty> for String {
            fn from(name: $ty) -> Self {
                name.0
            }
        }

        impl std::str::FromStr for $ty {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }

        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $ty {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name of a target in the spec, such as `npm` or `mirror`: lower-case letters, digits and hyphens, at most 64.
    TargetName,
    "the target name",
    64,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);

name!(
    /// The name of a package as its ecosystem spells it, such as `@acme/widget`; at most 214 bytes (npm's own limit).
    PackageName,
    "the package name",
    214,
    |c| printable(c) && c != ':' && c != '#'
);

name!(
    /// A version as its ecosystem spells it. Which versions are one, and in which order they come, `relplan-ecosystem` knows.
    Version,
    "the version",
    128,
    |c| printable(c) && c != ':' && c != '#' && c != '/'
);

name!(
    /// Which kind of workspace a package comes from. A word; what it stands for, `relplan-ecosystem` knows.
    Ecosystem,
    "the ecosystem",
    32,
    |c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
);

name!(
    /// The name of one artifact's file, without any folder: it may be joined to a folder safely.
    FileName,
    "the file name",
    255,
    |c| printable(c) && c != '/' && c != ':'
);

impl FileName {
    /// Whether the name is one of the two that a file system reads as a folder (`.` and `..`).
    #[must_use]
    pub fn is_folder_reference(&self) -> bool {
        matches!(self.0.as_str(), "." | "..")
    }
}

name!(
    /// A movable name for a version, such as an npm dist-tag.
    PointerName,
    "the pointer name",
    128,
    |c| printable(c) && c != ':' && c != '/' && c != '#'
);

/// A package of the project, wherever it goes: names are unique only within an ecosystem (law L17).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PackageId {
    /// The ecosystem whose manifests declare it.
    pub ecosystem: Ecosystem,
    /// Its name there.
    pub name: PackageName,
}

impl fmt::Display for PackageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.ecosystem)
    }
}

/// A package at a target, written `npm:@acme/widget`: the row key in plans, state, events and findings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    /// The target.
    pub target: TargetName,
    /// The package's name there.
    pub package: PackageName,
}

impl Address {
    /// Joins a target and a package.
    #[must_use]
    pub fn new(target: TargetName, package: PackageName) -> Self {
        Self { target, package }
    }

    /// The text that names one version here: `npm:@acme/widget@1.4.0`.
    #[must_use]
    pub fn at(&self, version: &Version) -> String {
        format!("{self}@{version}")
    }

    /// The text that names one pointer here: `npm:@acme/widget#latest`.
    #[must_use]
    pub fn pointer(&self, pointer: &PointerName) -> String {
        format!("{self}#{pointer}")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!(
            "{}:{}",
            self.target.as_str(),
            self.package.as_str()
        ))
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl std::str::FromStr for Address {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let Some((target, package)) = text.split_once(':') else {
            return Err(InvalidName {
                what: "the address",
                text: text.to_owned(),
                why: "it has no `:` after the target",
            });
        };
        Ok(Self {
            target: TargetName::new(target)?,
            package: PackageName::new(package)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back_as_they_print() {
        for text in ["npm:@acme/widget", "crates-io:serde", "pypi:zope.interface"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn names_refuse_what_could_spoof_a_row() {
        for text in ["", "a b", "a\u{202e}b", "a\nb", "a`b", "<b>", "a|b", "a:b"] {
            assert!(PackageName::new(text).is_err(), "{text:?}");
        }
        assert!(TargetName::new("NPM").is_err());
        assert!(FileName::new("../x").is_err());
        assert!("no-colon".parse::<Address>().is_err());
    }
}
