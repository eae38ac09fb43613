//! Simulated registries: what they hold, what they held, and what they show to whom.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, PointerName, TargetName, Version},
    bundle::Artifact,
    digest::Digests,
    observation::{Facts, FileFacts, Query, Seen, VersionFacts},
    plan::Plan,
};

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
    uploads: Vec<Upload>,
}

impl Registries {
    /// What the plan's observations say, and the bundle that its artifacts say.
    pub(super) fn as_planned(plan: &Plan) -> Self {
        let mut registries = Self::default();
        for target in &plan.targets {
            if target.capabilities.accepts.len() == 1 {
                registries.renames.insert(target.name.clone());
            }
        }
        for artifact in &plan.artifacts {
            let bytes = bytes_of(artifact.file.as_str());
            registries.bytes.insert(artifact.file.clone(), bytes);
        }
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
    pub(super) fn name_of(&self, address: &Address, artifact: &Artifact) -> FileName {
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
        let is_there = self
            .now(&upload.address)
            .and_then(|contents| contents.versions.get(&upload.version))
            .is_some_and(|files| files.contains_key(&upload.file));
        if is_there {
            return false;
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
        let version = |version: &Version| {
            let files = contents.versions.get(version)?;
            let file = |(name, digests): (&FileName, &Digests)| {
                let digests = if with_digests {
                    digests.clone()
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
        Seen::Present(Facts {
            versions: query.versions.iter().filter_map(version).collect(),
            pointers: contents.pointers.clone(),
            ..Facts::default()
        })
    }
}

/// The bytes of the artifact of this name, in every world.
pub(super) fn bytes_of(file: &str) -> Vec<u8> {
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
