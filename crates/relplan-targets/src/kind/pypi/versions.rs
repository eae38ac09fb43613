//! From a page's files to facts about versions, which are compared as PEP 440 compares them: `1.0` is `1.0.0`.

use std::{collections::BTreeMap, str::FromStr};

use pep440_rs::Version as Pep440;
use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::{FileName, Version},
    digest::{Comparison, Digests},
    observation::{Facts, FileFacts, Query, VersionFacts},
};

use super::{filename, simple::Listed};

/// A queried version that no Python package can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{version} is not a version by PEP 440")]
pub(crate) struct NotPep440 {
    /// The version.
    version: Version,
}

/// One published version with its files.
struct Published {
    /// The spelling in the name of its first file.
    text: String,
    files: BTreeMap<FileName, FileFacts>,
    /// Whether all of its files are yanked.
    yanked: bool,
}

/// Answers a query from the files on a project's page. `project` is the normalized name.
///
/// # Errors
/// When a queried version is none by PEP 440, so that its absence would prove nothing.
pub(crate) fn facts(project: &str, listed: Vec<Listed>, query: &Query) -> Result<Facts, NotPep440> {
    let asked = query
        .versions
        .iter()
        .map(|version| match Pep440::from_str(version.as_str()) {
            Ok(read) => Ok((read, version.clone())),
            Err(_) => Err(NotPep440 {
                version: version.clone(),
            }),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let published = group(project, listed);
    // A version is reported as it was asked for, else as its first file spells it.
    let spelled = |version: &Pep440, published: &Published| {
        asked
            .iter()
            .find(|(read, _)| read == version)
            .map(|(_, text)| text.clone())
            .or_else(|| Version::new(published.text.clone()).ok())
    };
    let mut facts = Facts::default();
    for (read, text) in &asked {
        if let Some(found) = published.get(read) {
            facts.versions.insert(text.clone(), found.facts());
        }
    }
    for range in &query.ranges {
        let admits = |version: &Pep440| Ecosystem::Python.admits(range, &version.to_string());
        if admits(&Pep440::new([1])).is_none() {
            continue;
        }
        let mut matched = Vec::new();
        for (read, found) in published
            .iter()
            .filter(|(read, _)| admits(read) == Some(true))
        {
            if let Some(text) = spelled(read, found) {
                facts.versions.insert(text.clone(), found.facts());
                matched.push(text);
            }
        }
        facts.ranges.insert(range.clone(), matched);
    }
    facts.current = current(&published).and_then(|(read, found)| spelled(read, found));
    (facts.order, facts.prerelease) =
        Ecosystem::Python.order(query.versions.iter().chain(&facts.current));
    Ok(facts)
}

/// The version that an installer picks for a user who names none: the highest release that is not yanked, or the
/// highest prerelease where there is no such release (PEP 440, "Handling of pre-releases").
fn current(published: &BTreeMap<Pep440, Published>) -> Option<(&Pep440, &Published)> {
    let offered = || published.iter().rev().filter(|(_, found)| !found.yanked);
    offered()
        .find(|(read, _)| !read.any_prerelease())
        .or_else(|| offered().next())
}

fn group(project: &str, listed: Vec<Listed>) -> BTreeMap<Pep440, Published> {
    let mut published: BTreeMap<Pep440, Published> = BTreeMap::new();
    for file in listed {
        let Some(named) = filename::read(project, &file.name) else {
            continue;
        };
        let Ok(name) = FileName::new(file.name.clone()) else {
            continue;
        };
        let entry = published.entry(named.version).or_insert_with(|| Published {
            text: named.text.to_owned(),
            files: BTreeMap::new(),
            yanked: true,
        });
        entry.yanked &= file.yanked;
        let facts = FileFacts {
            digests: file.digests,
            size: file.size,
        };
        match entry.files.get_mut(&name) {
            Some(known) => known.digests = agreed(&known.digests, &facts.digests),
            None => {
                entry.files.insert(name, facts);
            }
        }
    }
    published
}

/// The digests of a file that is listed twice: none when the two contradict each other, so that nothing is proven.
fn agreed(one: &Digests, other: &Digests) -> Digests {
    match one.compare(other) {
        Comparison::Different => Digests::default(),
        Comparison::Same | Comparison::Incomparable => {
            let mut all = one.clone();
            all.0.extend(other.0.clone());
            all
        }
    }
}

impl Published {
    fn facts(&self) -> VersionFacts {
        VersionFacts {
            files: self.files.clone(),
            yanked: self.yanked,
            deprecated: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use relplan_model::{
        address::{Address, PackageName, TargetName},
        digest::Algorithm,
        observation::Freshness,
    };

    use super::*;

    fn file(name: &str) -> Listed {
        Listed {
            name: name.to_owned(),
            digests: Digests::of(name.as_bytes()),
            size: None,
            yanked: false,
            place: String::new(),
        }
    }

    fn ask(listed: Vec<Listed>, versions: &[&str], ranges: &[&str]) -> Facts {
        try_ask(listed, versions, ranges).unwrap()
    }

    fn try_ask(
        listed: Vec<Listed>,
        versions: &[&str],
        ranges: &[&str],
    ) -> Result<Facts, NotPep440> {
        let query = Query {
            address: Address::new(
                TargetName::new("pypi").unwrap(),
                PackageName::new("widget").unwrap(),
            ),
            versions: versions
                .iter()
                .map(|text| Version::new(*text).unwrap())
                .collect(),
            ranges: ranges.iter().map(|text| (*text).to_owned()).collect(),
            freshness: Freshness::Revalidated,
        };
        facts("widget", listed, &query)
    }

    fn texts(versions: &[Version]) -> Vec<&str> {
        versions.iter().map(Version::as_str).collect()
    }

    #[test]
    fn versions_are_equal_as_pep_440_has_it_and_keep_the_asked_spelling() {
        #[rustfmt::skip]
        let cases = [
            ("1.0", "widget-1.0.0.tar.gz", true),
            ("1.0.0", "widget-1-py3-none-any.whl", true),
            ("1.0rc1", "widget-1.0.RC-1.tar.gz", true),
            ("1.0.post1", "widget-1.0-1.tar.gz", true),
            ("v1.0", "widget-1.0.tar.gz", true),
            ("1.0+Local.1", "widget-1.0+local_1-py3-none-any.whl", true),
            ("1.0", "widget-1.0+local-py3-none-any.whl", false),
            ("1!1.0", "widget-1.0.tar.gz", false),
            ("1.0", "widget-1.0.1.tar.gz", false),
            ("1.0", "widget_extra-1.0.tar.gz", false),
        ];
        for (asked, name, there) in cases {
            let facts = ask(vec![file(name)], &[asked], &[]);
            let found = facts.versions.get(&Version::new(asked).unwrap());
            assert_eq!(found.is_some(), there, "{asked} {name}");
            if let Some(found) = found {
                assert!(found.files.contains_key(&FileName::new(name).unwrap()));
                assert_eq!(texts(&facts.order).last(), Some(&asked));
            }
        }
    }

    #[test]
    fn l5_a_version_that_cannot_exist_is_not_proven_absent() {
        assert!(try_ask(vec![], &["1.0-beta.2-x"], &[]).is_err());
    }

    #[test]
    fn the_current_version_is_what_an_installer_would_pick() {
        let yanked = |name| Listed {
            yanked: true,
            ..file(name)
        };
        #[rustfmt::skip]
        let cases = [
            (vec![file("widget-1.9.tar.gz"), file("widget-1.10.tar.gz"), file("widget-2.0rc1.tar.gz")], Some("1.10")),
            (vec![file("widget-1.0.tar.gz"), yanked("widget-1.1.tar.gz")], Some("1.0")),
            (vec![file("widget-1.1-py3-none-any.whl"), yanked("widget-1.1.tar.gz")], Some("1.1")),
            (vec![file("widget-1.0a1.tar.gz"), file("widget-1.0.dev2.tar.gz")], Some("1.0a1")),
            (vec![yanked("widget-1.0.tar.gz")], None),
            (vec![file("gadget-1.0.tar.gz")], None),
        ];
        for (listed, current) in cases {
            let facts = ask(listed, &[], &[]);
            assert_eq!(facts.current.as_ref().map(Version::as_str), current);
        }
        let all = ask(vec![yanked("widget-1.0.tar.gz")], &["1.0"], &[]);
        assert!(all.versions[&Version::new("1.0").unwrap()].yanked);
    }

    #[test]
    fn order_and_prereleases_cover_what_was_asked_and_the_current_version() {
        let listed = vec![file("widget-1.10.tar.gz"), file("widget-0.9.tar.gz")];
        let facts = ask(listed, &["2.0.dev1", "1.9", "1.9.0", "2.0b1"], &[]);
        assert_eq!(
            texts(&facts.order),
            ["1.9", "1.9.0", "1.10", "2.0.dev1", "2.0b1"]
        );
        assert_eq!(texts(&facts.prerelease), ["2.0.dev1", "2.0b1"]);
        assert!(facts.versions.is_empty());
    }

    #[test]
    fn ranges_are_resolved_to_published_versions() {
        let listed = vec![
            file("widget-1.0.tar.gz"),
            file("widget-1.1-py3-none-any.whl"),
            file("widget-2.0.tar.gz"),
        ];
        let facts = ask(listed, &["1.0.0"], &["<2", "not a range"]);
        assert_eq!(texts(&facts.ranges["<2"]), ["1.0.0", "1.1"]);
        assert!(!facts.ranges.contains_key("not a range"));
        assert_eq!(facts.versions.len(), 2);
    }

    #[test]
    fn l6_a_file_listed_twice_with_other_digests_proves_nothing() {
        let mut other = file("widget-1.0.tar.gz");
        other.digests = Digests::of(b"other");
        let facts = ask(vec![file("widget-1.0.tar.gz"), other], &["1.0"], &[]);
        let version = &facts.versions[&Version::new("1.0").unwrap()];
        let file = &version.files[&FileName::new("widget-1.0.tar.gz").unwrap()];
        assert_eq!(file.digests.get(Algorithm::Sha256), None);
    }
}
