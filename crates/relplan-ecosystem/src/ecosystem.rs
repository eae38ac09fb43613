//! An ecosystem: which names and versions are one to it, what its ranges mean, and the words that stand for it.
//!
//! Invariant (law L17): a package is (ecosystem, name), compared here and nowhere else; so are versions and files.
//! Why a record of functions: whoever adds an ecosystem fills in every field, or it does not compile.

use std::collections::BTreeMap;

use relplan_model::address::{Ecosystem as Word, FileName, PackageId, Version};

use crate::{cargo, npm, python, version::ParsedVersion};

/// An ecosystem whose packages relplan can release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Crates.
    Cargo,
    /// npm packages.
    Npm,
    /// Python distributions.
    Python,
}

/// What one ecosystem says; its folder has it.
pub(crate) struct Rules {
    /// As specs, plans and bundles write it.
    pub(crate) word: &'static str,
    /// The files that mark the folder of a root manifest.
    pub(crate) marks: &'static [&'static str],
    /// What can pack its packages; the first where nobody chooses.
    pub(crate) packers: &'static [&'static str],
    /// The kind of target that its packages go to where nobody says otherwise.
    pub(crate) default_kind: &'static str,
    /// The form of a name that two spellings of one package have in common.
    pub(crate) name_key: fn(&str) -> String,
    /// The form of a name of which a registry takes one spelling.
    pub(crate) registry_key: fn(&str) -> String,
    /// Reads a version.
    pub(crate) read_version: fn(&str) -> Option<ParsedVersion>,
    /// Whether a requirement, as manifests have it, takes in a version; `None`: one of them cannot be read.
    pub(crate) admits: fn(&str, &str) -> Option<bool>,
    /// Whether two file names of a package stand for one file of a release.
    pub(crate) same_file: fn(&str, &str, &str) -> bool,
}

impl Ecosystem {
    /// All of them, in order of their words.
    pub const ALL: [Self; 3] = [Self::Cargo, Self::Npm, Self::Python];

    fn rules(self) -> &'static Rules {
        match self {
            Self::Cargo => &cargo::RULES,
            Self::Npm => &npm::RULES,
            Self::Python => &python::RULES,
        }
    }

    /// The ecosystem that a word in a spec, plan or bundle stands for.
    #[must_use]
    pub fn of(word: &Word) -> Option<Self> {
        Self::named(word.as_str())
    }

    /// As [`Ecosystem::of`], for a word that nobody has read yet.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    /// As specs, plans and bundles write it.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.rules().word
    }

    /// All words, for a message.
    #[must_use]
    pub fn listed(joint: &str) -> String {
        let words = Self::ALL.map(Self::word);
        match words.split_last() {
            Some((end, others)) => format!("{} {joint} {end}", others.join(", ")),
            None => String::new(),
        }
    }

    /// The files that mark the folder of a root manifest.
    #[must_use]
    pub fn marks(self) -> &'static [&'static str] {
        self.rules().marks
    }

    /// What can pack its packages; the first where nobody chooses.
    #[must_use]
    pub fn packers(self) -> &'static [&'static str] {
        self.rules().packers
    }

    /// The kind of target that its packages go to where nobody says otherwise.
    #[must_use]
    pub fn default_kind(self) -> &'static str {
        self.rules().default_kind
    }

    /// Whether whoever asks for a package by one name gets that of the other.
    #[must_use]
    pub fn same_name(self, one: &str, other: &str) -> bool {
        let key = self.rules().name_key;
        one == other || key(one) == key(other)
    }

    /// The form of a name that a registry has once: of two packages with one such form it takes the first alone.
    #[must_use]
    pub fn registry_key(self, name: &str) -> String {
        (self.rules().registry_key)(name)
    }

    /// Reads a version; `None` where it is none.
    #[must_use]
    pub fn read_version(self, text: &str) -> Option<ParsedVersion> {
        (self.rules().read_version)(text)
    }

    /// Whether two spellings are one version.
    #[must_use]
    pub fn same_version(self, one: &str, other: &str) -> bool {
        one == other
            || self
                .both(one, other)
                .is_some_and(|(one, other)| one == other)
    }

    /// Whether a registry that has one of two versions takes the other for it.
    #[must_use]
    pub fn one_slot(self, one: &str, other: &str) -> bool {
        let same = |(one, other): (ParsedVersion, ParsedVersion)| one.slot() == other.slot();
        one == other || self.both(one, other).is_some_and(same)
    }

    fn both(self, one: &str, other: &str) -> Option<(ParsedVersion, ParsedVersion)> {
        Some((self.read_version(one)?, self.read_version(other)?))
    }

    /// Versions in the ecosystem's order, each spelling once, and those of them that are prereleases. What is no version
    /// is left out.
    pub fn order<'a>(
        self,
        versions: impl Iterator<Item = &'a Version>,
    ) -> (Vec<Version>, Vec<Version>) {
        let mut known: Vec<(ParsedVersion, &Version)> = versions
            .filter_map(|version| Some((self.read_version(version.as_str())?, version)))
            .collect();
        known.sort();
        known.dedup();
        let prereleases = known.iter().filter(|(read, _)| read.is_prerelease());
        let prereleases = prereleases.map(|(_, version)| (*version).clone()).collect();
        let order = known.into_iter().map(|(_, version)| version.clone());
        (order.collect(), prereleases)
    }

    /// Whether a requirement, as manifests have it, takes in a version; `None`: one of them cannot be read.
    #[must_use]
    pub fn admits(self, requirement: &str, version: &str) -> Option<bool> {
        (self.rules().admits)(requirement, version)
    }
}

/// Whether two spellings are one version. Of an ecosystem that is not known here, versions are texts.
#[must_use]
pub fn same_version(ecosystem: &Word, one: &Version, other: &Version) -> bool {
    let known = || Ecosystem::of(ecosystem);
    one == other || known().is_some_and(|known| known.same_version(one.as_str(), other.as_str()))
}

/// Whether a registry that has `there` takes it for `wanted`, and it is another version all the same.
#[must_use]
pub fn takes_slot(ecosystem: &Word, there: &Version, wanted: &Version) -> bool {
    let (there, wanted) = (there.as_str(), wanted.as_str());
    Ecosystem::of(ecosystem)
        .is_some_and(|known| known.one_slot(there, wanted) && !known.same_version(there, wanted))
}

/// Whether two names stand for one file of a package's release, however each is spelled.
#[must_use]
pub fn same_file(package: &PackageId, one: &str, other: &str) -> bool {
    one == other
        || Ecosystem::of(&package.ecosystem)
            .is_some_and(|known| (known.rules().same_file)(package.name.as_str(), one, other))
}

/// The entry of a package's file among files by name, however each is spelled.
#[must_use]
pub fn file_entry<'m, V>(
    package: &PackageId,
    files: &'m BTreeMap<FileName, V>,
    file: &FileName,
) -> Option<(&'m FileName, &'m V)> {
    files.get_key_value(file).or_else(|| {
        let is_it = |name: &FileName| same_file(package, name.as_str(), file.as_str());
        files.iter().find(|(name, _)| is_it(name))
    })
}

#[cfg(test)]
mod tests;
