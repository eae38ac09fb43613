//! The input, sorted and looked up by name.
//!
//! Invariant: everything that comes out of here comes in an order that follows from its content, and what the input
//! says twice in two ways counts as not said at all (laws L1 and L13).

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use relplan_model::{
    address::{Address, FileName, PackageId, TargetName, Version},
    bundle::Artifact,
    observation::{Observation, Seen},
    release::{Deprecate, Destination, Release, Yank},
    state::Recorded,
    target::Target,
};

use crate::input::PlanInput;

/// One package at one of its destinations.
pub(crate) struct Unit<'a> {
    pub(crate) address: Address,
    pub(crate) release: &'a Release,
    pub(crate) destination: &'a Destination,
    /// Whether the spec says more than once what goes to this address.
    pub(crate) contested: bool,
}

/// The input by name.
pub(crate) struct Index<'a> {
    pub(crate) input: &'a PlanInput,
    /// In order of package.
    pub(crate) releases: Vec<&'a Release>,
    /// In order of address, each address once.
    pub(crate) units: Vec<Unit<'a>>,
    /// Where in `units` each package is; empty for one that goes nowhere.
    pub(crate) places: BTreeMap<&'a PackageId, Vec<usize>>,
    targets: BTreeMap<&'a TargetName, Option<&'a Target>>,
    observations: BTreeMap<&'a Address, Cow<'a, Observation>>,
    artifacts: BTreeMap<(&'a PackageId, &'a Version), Vec<&'a Artifact>>,
    twice_packed: BTreeSet<&'a FileName>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(input: &'a PlanInput) -> Self {
        let mut releases: Vec<&Release> = input.releases.iter().collect();
        releases.sort_by(|a, b| {
            (&a.package, &a.version)
                .cmp(&(&b.package, &b.version))
                .then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
        });
        let units = units(&releases);
        let mut places: BTreeMap<&PackageId, Vec<usize>> = BTreeMap::new();
        for release in &releases {
            places.entry(&release.package).or_default();
        }
        for (place, unit) in units.iter().enumerate() {
            places.entry(&unit.release.package).or_default().push(place);
        }
        let (artifacts, twice_packed) = artifacts(input);
        Self {
            input,
            releases,
            units,
            places,
            targets: targets(input),
            observations: observations(input),
            artifacts,
            twice_packed,
        }
    }

    /// The target, unless it is not described or described in two ways.
    pub(crate) fn target(&self, name: &TargetName) -> Option<&'a Target> {
        self.targets.get(name).copied().flatten()
    }

    /// What was observed, if anything was asked.
    pub(crate) fn observation(&self, address: &Address) -> Option<&Observation> {
        self.observations.get(address).map(AsRef::as_ref)
    }

    /// What was seen; a question that was not asked is an unknown (law L5).
    pub(crate) fn seen(&self, address: &Address) -> Cow<'_, Seen> {
        self.observation(address).map_or_else(
            || {
                Cow::Owned(Seen::Unknown {
                    reason: "nobody asked".to_owned(),
                })
            },
            |observation| Cow::Borrowed(&observation.seen),
        )
    }

    /// What is recorded of a version.
    pub(crate) fn recorded(&self, address: &Address, version: &Version) -> Option<&'a Recorded> {
        self.input.state.recorded(address, version)
    }

    /// The artifacts packed for a release, in order of file name, whatever their kind.
    pub(crate) fn packed(&self, release: &'a Release) -> &[&'a Artifact] {
        self.artifacts
            .get(&(&release.package, &release.version))
            .map_or(&[], Vec::as_slice)
    }

    /// Whether the bundle has this file name twice.
    pub(crate) fn is_packed_twice(&self, file: &FileName) -> bool {
        self.twice_packed.contains(file)
    }

    /// The yanks that are wanted, in order of address and version, each once.
    pub(crate) fn yanks(&self) -> BTreeMap<(Address, &'a Version), (&'a Release, &'a Yank)> {
        let mut yanks = BTreeMap::new();
        for release in &self.releases {
            for yank in &release.yank {
                let key = (at(release, &yank.target), &yank.version);
                let kept = yanks.entry(key).or_insert((*release, yank));
                if yank.reason < kept.1.reason {
                    *kept = (*release, yank);
                }
            }
        }
        yanks
    }

    /// The deprecations that are wanted, by address, each range with all the messages that the spec gives it.
    pub(crate) fn deprecations(&self) -> BTreeMap<Address, BTreeMap<&'a str, BTreeSet<&'a str>>> {
        let mut wanted: BTreeMap<_, BTreeMap<_, BTreeSet<_>>> = BTreeMap::new();
        for release in &self.releases {
            for Deprecate {
                target,
                range,
                message,
            } in &release.deprecate
            {
                let ranges = wanted.entry(at(release, target)).or_default();
                ranges
                    .entry(range.as_str())
                    .or_default()
                    .insert(message.as_str());
            }
        }
        wanted
    }
}

/// The address of a release at a target.
fn at(release: &Release, target: &TargetName) -> Address {
    Address::new(target.clone(), release.package.name.clone())
}

fn units<'a>(releases: &[&'a Release]) -> Vec<Unit<'a>> {
    let mut by_address: BTreeMap<Address, Unit<'a>> = BTreeMap::new();
    for release in releases {
        let mut destinations: Vec<&Destination> = release.destinations.iter().collect();
        destinations.sort_by(|a, b| {
            a.target
                .cmp(&b.target)
                .then_with(|| format!("{a:?}").cmp(&format!("{b:?}")))
        });
        for destination in destinations {
            let address = at(release, &destination.target);
            by_address
                .entry(address)
                .and_modify(|unit| unit.contested = true)
                .or_insert_with_key(|address| Unit {
                    address: address.clone(),
                    release,
                    destination,
                    contested: false,
                });
        }
    }
    by_address.into_values().collect()
}

fn targets(input: &PlanInput) -> BTreeMap<&TargetName, Option<&Target>> {
    let mut targets = BTreeMap::new();
    for target in &input.targets {
        let known = targets.entry(&target.name).or_insert(Some(target));
        if *known != Some(target) {
            *known = None;
        }
    }
    targets
}

fn observations(input: &PlanInput) -> BTreeMap<&Address, Cow<'_, Observation>> {
    let mut looks: BTreeMap<&Address, Vec<&Observation>> = BTreeMap::new();
    for observation in &input.observations {
        let of_address = looks.entry(&observation.address).or_default();
        if !of_address.contains(&observation) {
            of_address.push(observation);
        }
    }
    looks
        .into_iter()
        .map(|(address, looks)| match looks.as_slice() {
            [one] => (address, Cow::Borrowed(*one)),
            several => (address, Cow::Owned(contradiction(address, several))),
        })
        .collect()
}

/// Two answers that differ prove nothing, so together they are an unknown.
fn contradiction(address: &Address, looks: &[&Observation]) -> Observation {
    let mut evidence: Vec<_> = looks
        .iter()
        .flat_map(|look| look.evidence.iter().cloned())
        .collect();
    evidence.sort_by(|a, b| {
        (a.at, &a.asked, &a.answer, &a.etag).cmp(&(b.at, &b.asked, &b.answer, &b.etag))
    });
    Observation {
        address: address.clone(),
        seen: Seen::Unknown {
            reason: "it was looked up more than once, and the answers differ".to_owned(),
        },
        evidence,
    }
}

type ByRelease<'a> = BTreeMap<(&'a PackageId, &'a Version), Vec<&'a Artifact>>;

fn artifacts(input: &PlanInput) -> (ByRelease<'_>, BTreeSet<&FileName>) {
    let mut by_file: BTreeMap<&FileName, &Artifact> = BTreeMap::new();
    let mut twice = BTreeSet::new();
    let mut by_release = ByRelease::new();
    for artifact in input.bundle.iter().flat_map(|bundle| &bundle.artifacts) {
        match by_file.insert(&artifact.file, artifact) {
            Some(other) if other == artifact => continue,
            Some(_) => {
                twice.insert(&artifact.file);
            }
            None => {}
        }
        by_release
            .entry((&artifact.package, &artifact.version))
            .or_default()
            .push(artifact);
    }
    for files in by_release.values_mut() {
        files.sort_by(|a, b| a.file.cmp(&b.file));
        files.dedup_by(|a, b| a.file == b.file);
    }
    (by_release, twice)
}
