//! Names: of projects as an index compares them (PEP 503), and of the files of a release (PEP 427, PEP 625).
//!
//! Why: an index lists files, not versions; which version a file belongs to stands in its name alone, and older names
//! hold hyphens and spellings that no present tool writes any more.

use std::{collections::BTreeSet, str::FromStr};

use pep440_rs::Version;

/// Endings of source distributions that indexes have ever taken.
const SDIST: [&str; 8] = [
    ".tar.gz", ".zip", ".tar.bz2", ".tar.xz", ".tar.zst", ".tgz", ".tar.Z", ".tar",
];

/// Endings of other files that indexes have ever taken as part of a release.
const OTHER: [&str; 7] = [".whl", ".egg", ".exe", ".msi", ".rpm", ".deb", ".dmg"];

/// Whether a file's name has the ending of a file that a release may consist of.
#[must_use]
pub fn is_distribution(file: &str) -> bool {
    SDIST
        .iter()
        .chain(&OTHER)
        .any(|ending| file.ends_with(ending))
}

/// A project's name as an index compares it: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
#[must_use]
pub fn normalized(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '-' | '_' | '.') {
            if !out.ends_with('-') {
                out.push('-');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

/// What kind of file a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind<'a> {
    /// A wheel, with its Python tag such as `py3`.
    Wheel {
        /// The Python tag.
        python: &'a str,
        /// The build tag; empty where there is none.
        build: &'a str,
    },
    /// A source distribution.
    Sdist,
    /// An egg, which nothing makes any more.
    Egg,
}

/// What a file's name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The kind of file.
    pub kind: Kind<'a>,
    /// The version as the name spells it.
    pub text: &'a str,
    /// The same, read.
    pub version: Version,
}

/// Reads a file's name as one of a release of `project`, whose name is given normalized; `None` when it is none.
#[must_use]
pub fn read<'a>(project: &str, file: &'a str) -> Option<Named<'a>> {
    if let Some(stem) = file.strip_suffix(".whl") {
        return wheel(project, stem);
    }
    if let Some(stem) = file.strip_suffix(".egg") {
        return egg(project, stem);
    }
    let stem = SDIST.iter().find_map(|ending| file.strip_suffix(ending))?;
    sdist(project, stem)
}

/// `{distribution}-{version}(-{build tag})?-{python tag}-{abi tag}-{platform tag}` (PEP 427).
fn wheel<'a>(project: &str, stem: &'a str) -> Option<Named<'a>> {
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, text, build, python) = match parts.as_slice() {
        [name, version, python, _abi, _platform] => (name, version, "", python),
        [name, version, build, python, _abi, _platform]
            if build.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            (name, version, *build, python)
        }
        _ => return None,
    };
    if normalized(name) != project {
        return None;
    }
    Some(Named {
        kind: Kind::Wheel { python, build },
        text,
        version: version(text)?,
    })
}

/// `{distribution}-{version}(-py{version}(-{platform})?)?`.
fn egg<'a>(project: &str, stem: &'a str) -> Option<Named<'a>> {
    let mut parts = stem.split('-');
    if normalized(parts.next()?) != project {
        return None;
    }
    let text = parts.next()?;
    Some(Named {
        kind: Kind::Egg,
        text,
        version: version(text)?,
    })
}

/// `{name}-{version}`, where either may hold hyphens: the split is where the name before it is the project's.
fn sdist<'a>(project: &str, stem: &'a str) -> Option<Named<'a>> {
    stem.match_indices('-').find_map(|(at, _)| {
        let (name, rest) = stem.split_at_checked(at)?;
        let text = rest.strip_prefix('-')?;
        (normalized(name) == project)
            .then(|| version(text))
            .flatten()
            .map(|version| Named {
                kind: Kind::Sdist,
                text,
                version,
            })
    })
}

/// The Python, ABI and platform tags of a wheel, each a set (PEP 425, "Compressed Tag Sets").
#[must_use]
pub fn tags(file: &str) -> Option<[BTreeSet<&str>; 3]> {
    let stem = file.strip_suffix(".whl")?;
    let mut parts = stem.rsplit('-');
    let mut next = || Some(parts.next()?.split('.').collect());
    let (platform, abi, python) = (next()?, next()?, next()?);
    Some([python, abi, platform])
}

/// Whether two file names of a project stand for one file of one version, which an index takes once: a wheel by version,
/// build and tags, the source distribution by version.
pub(crate) fn same_file(project: &str, one: &str, other: &str) -> bool {
    let project = normalized(project);
    let (Some(first), Some(second)) = (read(&project, one), read(&project, other)) else {
        return false;
    };
    first.version == second.version
        && match (first.kind, second.kind) {
            (
                Kind::Wheel { build, .. },
                Kind::Wheel {
                    build: other_build, ..
                },
            ) => build == other_build && tags(one) == tags(other),
            (Kind::Sdist, Kind::Sdist) => true,
            (Kind::Egg, _) | (_, Kind::Egg) | (Kind::Wheel { .. }, _) | (Kind::Sdist, _) => false,
        }
}

/// The version in a stem `{name}-{version}` of this project.
pub(crate) fn version_of(project: &str, stem: &str) -> Option<Version> {
    sdist(project, stem).map(|named| named.version)
}

/// A version as a file name spells it: old tools wrote `_` for each character that they thought unfit, which `+` was.
fn version(text: &str) -> Option<Version> {
    Version::from_str(text)
        .or_else(|_| Version::from_str(&text.replacen('_', "+", 1)))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_apart_by_their_names() {
        #[rustfmt::skip]
        let cases = [
            // project, file, kind, version
            ("widget", "widget-1.0.tar.gz", "sdist", "1.0"),
            ("widget", "widget-1.0-py3-none-any.whl", "wheel py3", "1.0"),
            ("widget", "Widget-1.0-2build-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl", "wheel cp311", "1.0"),
            ("widget", "widget-1.0-py2.py3-none-any.whl", "wheel py2.py3", "1.0"),
            ("zope-interface", "zope.interface-5.4.0.tar.gz", "sdist", "5.4.0"),
            ("zope-interface", "zope_interface-5.4.0-cp39-cp39-win32.whl", "wheel cp39", "5.4.0"),
            ("foo-2", "foo-2-1.0.tar.gz", "sdist", "1.0"),
            ("foo", "foo-1.0-1.tar.gz", "sdist", "1.0.post1"),
            ("foo-bar-baz", "Foo.Bar_baz-0.1.dev3.zip", "sdist", "0.1.dev3"),
            ("foo", "foo-2!1.0rc1+local.7.tar.bz2", "sdist", "2!1.0rc1+local.7"),
            ("foo", "foo-1.0_local-py3-none-any.whl", "wheel py3", "1.0+local"),
            ("foo", "foo-1.0.post1-cp27-none-any.whl", "wheel cp27", "1.0.post1"),
            ("foo", "foo-0.5-py2.7.egg", "egg", "0.5"),
            ("foo", "foo-1.0.tgz", "sdist", "1.0"),
            ("a", "a--1.0.tar.gz", "none", ""),
            ("foo", "foo-bar-1.0.tar.gz", "none", ""),
            ("foo", "foo-1.0.tar.gz.asc", "none", ""),
            ("foo", "foo-1.0-py3-none-any.whl.metadata", "none", ""),
            ("foo", "foo-1.0-none-any.whl", "none", ""),
            ("foo", "foo-1.0-x1-py3-none-any.whl", "none", ""),
            ("foo", "foo-1.0.win32.exe", "none", ""),
            ("foo", "foo.tar.gz", "none", ""),
            ("foo", "-1.0.tar.gz", "none", ""),
            ("foo", "", "none", ""),
            ("foo", "foo-ünïcode.tar.gz", "none", ""),
        ];
        for (project, file, kind, version) in cases {
            let shown = match read(project, file) {
                None => ("none".to_owned(), String::new()),
                Some(Named { kind, version, .. }) => (
                    match kind {
                        Kind::Wheel { python, .. } => format!("wheel {python}"),
                        Kind::Sdist => "sdist".to_owned(),
                        Kind::Egg => "egg".to_owned(),
                    },
                    version.to_string(),
                ),
            };
            assert_eq!(shown, (kind.to_owned(), version.to_owned()), "{file}");
        }
    }

    /// B8: an index takes a file once, however its name is spelled.
    #[test]
    fn l17_one_file_has_many_spellings() {
        for (one, other, same) in [
            (
                "Spell_Tax-0.6.0-py3-none-any.whl",
                "spell_tax-0.6.0-py3-none-any.whl",
                true,
            ),
            (
                "spell_tax-1.0-py3-none-any.whl",
                "spell_tax-1.0.0-py3-none-any.whl",
                true,
            ),
            (
                "spell.tax-1.0-py2.py3-none-any.whl",
                "spell_tax-1.0-py3.py2-none-any.whl",
                true,
            ),
            (
                "spell_tax-1.0-1-py3-none-any.whl",
                "spell_tax-1.0-py3-none-any.whl",
                false,
            ),
            (
                "spell_tax-1.0-1-py3-none-any.whl",
                "spell_tax-1.0-2-py3-none-any.whl",
                false,
            ),
            (
                "spell_tax-1.0-py3-none-any.whl",
                "spell_tax-1.0-cp312-none-any.whl",
                false,
            ),
            (
                "spell_tax-1.0-py3-none-any.whl",
                "spell_tax-1.0.1-py3-none-any.whl",
                false,
            ),
            ("spell-tax-1.0.tar.gz", "spell_tax-1.0.0.tar.gz", true),
            ("spell-tax-1.0.zip", "spell_tax-1.0.tar.gz", true),
            (
                "spell_tax-1.0.tar.gz",
                "spell_tax-1.0-py3-none-any.whl",
                false,
            ),
            ("spell_tax-1.0.tar.gz", "other-1.0.tar.gz", false),
            ("spell_tax-1.0-py2.7.egg", "Spell_Tax-1.0-py2.7.egg", false),
        ] {
            assert_eq!(same_file("Spell.Tax", one, other), same, "{one} {other}");
            assert_eq!(same_file("Spell.Tax", other, one), same, "{other} {one}");
        }
    }

    #[test]
    fn names_are_compared_as_an_index_compares_them() {
        for (name, wanted) in [
            ("Zope.Interface", "zope-interface"),
            ("foo__bar--baz..q", "foo-bar-baz-q"),
            ("a.-_b", "a-b"),
            ("plain", "plain"),
        ] {
            assert_eq!(normalized(name), wanted);
        }
    }
}
