//! Simulated registries: what they hold, what they held, and what they show to whom.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, PointerName, TargetName, Version},
    bundle::Artifact,
    digest::{Algorithm, Digests},
    observation::{Facts, FileFacts, Query, Seen, VersionFacts},
    plan::Plan,
    target::Target,
};

use super::likeness;

/// What a registry holds of one package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contents {
    /// Versions with their files.
    pub versions: BTreeMap<Version, BTreeMap<FileName, Digests>>,
    /// Pointers.
    pub pointers: BTreeMap<PointerName, Version>,
    /// Yanked versions.
    pub yanked: BTreeSet<Version>,
    /// Deprecated versions with the message.
    pub deprecated: BTreeMap<Version, String>,
}

/// An upload that had an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Where.
    pub address: Address,
    /// The version.
    pub version: Version,
    /// The file, under the registry's name for it.
    pub file: FileName,
    /// Whether it was the applier's.
    pub ours: bool,
}

/// All registries of a world.
#[derive(Debug, Default)]
pub struct Registries {
    packages: BTreeMap<Address, Vec<(u64, Contents)>>,
    bytes: BTreeMap<FileName, Vec<u8>>,
    renames: BTreeSet<TargetName>,
    targets: BTreeMap<TargetName, Target>,
    uploads: Vec<Upload>,
    overwritten: Vec<Upload>,
}

impl Registries {
    /// What the plan's observations say, and the bundle that its artifacts say.
    pub(super) fn as_planned(plan: &Plan) -> Self {
        let mut registries = Self::default();
        for target in &plan.targets {
            if target.capabilities.accepts.len() == 1 {
                registries.renames.insert(target.name.clone());
            }
            let target = target.clone();
            registries.targets.insert(target.name.clone(), target);
        }
        registries.pack(&plan.artifacts);
        for observation in &plan.observations {
            if let Seen::Present(facts) = &observation.seen {
                let history = vec![(0, contents(facts))];
                registries
                    .packages
                    .insert(observation.address.clone(), history);
            }
        }
        registries
    }

    /// Puts artifacts where appliers find them.
    pub(super) fn pack(&mut self, artifacts: &[Artifact]) {
        for artifact in artifacts {
            let bytes = bytes_of(artifact.file.as_str());
            self.bytes.insert(artifact.file.clone(), bytes);
        }
    }

    /// Whether a file at this target may be replaced by another of its name, as tags of images may.
    #[must_use]
    pub fn overwrites(&self, target: &TargetName) -> bool {
        let target = self.targets.get(target);
        target.is_some_and(|target| likeness::overwrites(&target.kind))
    }

    /// Whether this target has a limit of its own.
    pub(super) fn limits(&self, target: &TargetName) -> bool {
        let target = self.targets.get(target);
        target.is_some_and(|target| target.capabilities.new_names.is_some())
    }

    /// Uploads that replaced other bytes.
    pub(super) fn overwritten(&self) -> &[Upload] {
        &self.overwritten
    }

    /// The bytes of an artifact as they are now.
    pub(super) fn bytes(&self, file: &FileName) -> Option<&[u8]> {
        self.bytes.get(file).map(Vec::as_slice)
    }

    pub(super) fn alter(&mut self, file: &FileName, bytes: &[u8]) {
        self.bytes.insert(file.clone(), bytes.to_vec());
    }

    pub(super) fn uploads(&self) -> &[Upload] {
        &self.uploads
    }

    pub(super) fn contents(&self) -> BTreeMap<String, Contents> {
        let newest = |(address, history): (&Address, &Vec<(u64, Contents)>)| {
            Some((address.to_string(), history.last()?.1.clone()))
        };
        self.packages.iter().filter_map(newest).collect()
    }

    /// The name that the registry gives to an artifact's file: some keep it, some have their own.
    #[must_use]
    pub fn name_of(&self, address: &Address, artifact: &Artifact) -> FileName {
        if self.renames.contains(&address.target) {
            let own = format!("own-{}", artifact.file);
            FileName::new(own).unwrap_or_else(|_| artifact.file.clone())
        } else {
            artifact.file.clone()
        }
    }

    /// What a package holds now.
    #[must_use]
    pub fn now(&self, address: &Address) -> Option<&Contents> {
        Some(&self.packages.get(address)?.last()?.1)
    }

    /// What it held at a moment: the newest that is not younger.
    pub(super) fn at(&self, address: &Address, moment: u64) -> Option<&Contents> {
        let history = self.packages.get(address)?;
        let found = history.iter().rev().find(|(at, _)| *at <= moment)?;
        Some(&found.1)
    }

    /// Changes a package.
    pub fn change(&mut self, address: &Address, now: u64, change: impl FnOnce(&mut Contents)) {
        let history = self.packages.entry(address.clone()).or_default();
        let mut next = history
            .last()
            .map(|(_, contents)| contents.clone())
            .unwrap_or_default();
        change(&mut next);
        history.push((now, next));
    }

    /// Uploads a file, if there is none of its name. Returns whether it had an effect.
    pub fn upload(&mut self, upload: Upload, digests: Digests, now: u64) -> bool {
        let there = self
            .now(&upload.address)
            .and_then(|contents| contents.versions.get(&upload.version))
            .and_then(|files| files.get(&upload.file));
        match there {
            Some(same) if *same == digests => return false,
            Some(_) if self.overwrites(&upload.address.target) => {
                self.overwritten.push(upload.clone());
            }
            Some(_) => return false,
            None => {}
        }
        self.change(&upload.address, now, |contents| {
            contents
                .versions
                .entry(upload.version.clone())
                .or_default()
                .insert(upload.file.clone(), digests);
        });
        self.uploads.push(upload);
        true
    }

    /// What is shown to who asks, of a moment.
    pub(super) fn seen(&self, query: &Query, moment: u64, with_digests: bool) -> Seen {
        let Some(contents) = self.at(&query.address, moment) else {
            return Seen::Absent;
        };
        let target = self.targets.get(&query.address.target);
        let shows = |algorithm: Algorithm| {
            target.is_none_or(|target| target.capabilities.digests.contains(&algorithm))
        };
        let version = |version: &Version| {
            let files = contents.versions.get(version)?;
            let file = |(name, digests): (&FileName, &Digests)| {
                let digests = if with_digests {
                    let mut shown = digests.clone();
                    shown.0.retain(|algorithm, _| shows(*algorithm));
                    shown
                } else {
                    Digests::default()
                };
                let facts = FileFacts {
                    digests,
                    size: None,
                };
                (name.clone(), facts)
            };
            let facts = VersionFacts {
                files: files.iter().map(file).collect(),
                yanked: contents.yanked.contains(version),
                deprecated: contents.deprecated.get(version).cloned(),
            };
            Some((version.clone(), facts))
        };
        let ranges: BTreeMap<String, Vec<Version>> = query
            .ranges
            .iter()
            .map(|range| (range.clone(), likeness::matching(contents, range)))
            .collect();
        let asked = query.versions.iter().chain(ranges.values().flatten());
        Seen::Present(Facts {
            versions: asked.filter_map(version).collect(),
            pointers: contents.pointers.clone(),
            order: likeness::order(contents, &query.versions),
            ranges,
            ..Facts::default()
        })
    }
}

/// The bytes of the artifact of this name, in every world.
#[must_use]
pub fn bytes_of(file: &str) -> Vec<u8> {
    format!("the bytes of {file}").into_bytes()
}

fn contents(facts: &Facts) -> Contents {
    let mut contents = Contents {
        pointers: facts.pointers.clone(),
        ..Contents::default()
    };
    for (version, facts) in &facts.versions {
        let files = facts
            .files
            .iter()
            .map(|(name, file)| (name.clone(), file.digests.clone()))
            .collect();
        contents.versions.insert(version.clone(), files);
        if facts.yanked {
            contents.yanked.insert(version.clone());
        }
        if let Some(message) = &facts.deprecated {
            contents.deprecated.insert(version.clone(), message.clone());
        }
    }
    contents
}
