//! Walking through a packument: what the query names is taken, everything else skipped as it goes by.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use relplan_ecosystem::Ecosystem;
use relplan_model::{address::Version, observation::Query};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};

use super::{Manifest, Range};

/// The most dist-tags of a package that are kept: a plan shows each, and no package in use has as many.
const MOST_TAGS: usize = 20_000;

/// The most versions that ranges may match in all.
const MOST_MATCHED: usize = 100_000;

/// What was kept of a document.
#[derive(Default)]
pub(super) struct Read {
    pub(super) name: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) versions: BTreeMap<Version, Manifest>,
    pub(super) matched: BTreeMap<String, Vec<Version>>,
}

/// Reads a document, keeping what the query names.
pub(super) struct Document<'a> {
    pub(super) query: &'a Query,
    pub(super) ranges: &'a [(String, Range)],
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Read;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Read, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Read;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a package's document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Read, A::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum Member {
            Name,
            DistTags,
            Versions,
            Time,
            #[serde(other)]
            Other,
        }
        let mut read = Read::default();
        for (range, _) in self.ranges {
            read.matched.insert(range.clone(), Vec::new());
        }
        let mut told = false;
        while let Some(member) = map.next_key()? {
            match member {
                Member::Name => read.name = map.next_value()?,
                Member::DistTags => {
                    told = true;
                    read.tags = map.next_value::<Option<Tags>>()?.unwrap_or_default().0;
                }
                Member::Versions => {
                    told = true;
                    let versions = Versions {
                        query: self.query,
                        ranges: self.ranges,
                        read: &mut read,
                    };
                    map.next_value_seed(versions)?;
                }
                // Of a package that was unpublished this is all that is left.
                Member::Time => {
                    told = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Member::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        // Any JSON object would do for "no versions" otherwise, that of an error or a search result included (law L5).
        if told {
            Ok(read)
        } else {
            Err(serde::de::Error::custom(
                "it has neither versions nor dist-tags, and does not say that they were unpublished",
            ))
        }
    }
}

/// The `dist-tags` object.
#[derive(Default)]
struct Tags(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Tags {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Tags;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of dist-tags")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tags, A::Error> {
                let mut tags = BTreeMap::new();
                while let Some((tag, version)) = map.next_entry()? {
                    tags.insert(tag, version);
                    if tags.len() > MOST_TAGS {
                        let text = format!("it has more than {MOST_TAGS} dist-tags");
                        return Err(serde::de::Error::custom(text));
                    }
                }
                Ok(Tags(tags))
            }
        }
        deserializer.deserialize_map(Bounded)
    }
}

/// Whether a version that is there is an asked one, or one that the registry would take it for.
fn holds(there: &str, asked: &Version) -> bool {
    let asked = asked.as_str();
    there == asked
        || ((there.contains('+') || asked.contains('+')) && Ecosystem::Npm.one_slot(there, asked))
}

/// Reads the `versions` object.
struct Versions<'a> {
    query: &'a Query,
    ranges: &'a [(String, Range)],
    read: &'a mut Read,
}

impl<'de> DeserializeSeed<'de> for Versions<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Versions<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of versions")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self {
            query,
            ranges,
            read,
        } = self;
        let mut matches = 0;
        while let Some(text) = map.next_key::<Cow<'de, str>>()? {
            let mut wanted = query.versions.iter().any(|asked| holds(&text, asked));
            if !ranges.is_empty()
                && let Ok(parsed) = text.parse::<semver::Version>()
                && let Ok(version) = Version::new(&*text)
            {
                for (name, _) in ranges.iter().filter(|(_, range)| range.admits(&parsed)) {
                    wanted = true;
                    matches += 1;
                    if matches > MOST_MATCHED {
                        let text = format!("the ranges match more than {MOST_MATCHED} versions");
                        return Err(serde::de::Error::custom(text));
                    }
                    read.matched
                        .entry(name.clone())
                        .or_default()
                        .push(version.clone());
                }
            }
            match Version::new(&*text) {
                Ok(version) if wanted => {
                    let manifest = map.next_value()?;
                    read.versions.insert(version, manifest);
                }
                Ok(_) | Err(_) => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}
