//! Adoption outside of a plan: what registries have of the desired packages, and the records do not.
//!
//! Adopted are the desired version where it is there, and the versions that users get today by a pointer or by default:
//! with these recorded, a plan made afterwards has nothing to say until something changes.
//!
//! Invariant: nothing is adopted on an unknown (law L5), and nothing of a package whose packed or recorded bytes are
//! others than those that the registry shows (law L6).

use std::collections::BTreeSet;

use relplan_ecosystem::file_entry;
use relplan_model::{
    address::{Address, Version},
    digest::Digests,
    finding::Finding,
    journal::Fact,
    observation::{Facts, Freshness, Observation, Query, Seen, VersionFacts},
    target::Target,
};

use super::{
    accepted,
    bytes::{Comparison, holds_one_file},
    in_its_slot, refuse, slot_taken,
};
use crate::{
    index::{Index, Unit},
    input::PlanInput,
    pointer, query,
    remark::some_of,
};

/// What there is to be adopted at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adoption {
    /// The package at its target.
    pub address: Address,
    /// The desired version.
    pub desired: Version,
    /// How it stands with the package.
    pub standing: Standing,
    /// What is true of the registry and not recorded, version by version, pointers last; none unless it was seen.
    pub facts: Vec<Fact>,
}

/// How it stands with a package that might be adopted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// The desired version is there.
    There,
    /// The registry does not have the desired version; it may have others, which are adopted.
    NotThere,
    /// It could not be looked up.
    Unknown {
        /// What went wrong.
        reason: String,
    },
    /// It must not be adopted as it is.
    Refused {
        /// Why, each reason a sentence without a full stop.
        reasons: Vec<String>,
    },
}

/// What must be asked beside what a plan is made from: the versions that pointers or defaults were seen to name.
#[must_use]
pub fn adoption_queries(queries: &[Query], observations: &[Observation]) -> Vec<Query> {
    let of = |query: &Query| {
        let mut looks = observations
            .iter()
            .filter(|look| look.address == query.address);
        let Some(Seen::Present(facts)) = looks.next().map(|look| &look.seen) else {
            return None;
        };
        let mut versions: BTreeSet<&Version> = query.versions.iter().collect();
        let known = versions.len();
        versions.extend(facts.pointers.values().chain(&facts.current));
        (versions.len() > known).then(|| Query {
            address: query.address.clone(),
            versions: versions.into_iter().cloned().collect(),
            ranges: query.ranges.clone(),
            freshness: Freshness::Revalidated,
        })
    };
    queries.iter().filter_map(of).collect()
}

/// What there is to be adopted, in order of address, of everything that is selected. `findings` gets what a person must
/// look at.
#[must_use]
pub fn adoptions(input: &PlanInput, findings: &mut Vec<Finding>) -> Vec<Adoption> {
    let index = Index::new(input);
    let selected = index.units.iter().filter(|unit| unit.destination.selected);
    selected
        .map(|unit| of_unit(&index, unit, findings))
        .collect()
}

fn of_unit(index: &Index<'_>, unit: &Unit<'_>, findings: &mut Vec<Finding>) -> Adoption {
    let (standing, facts) = judge(index, unit, findings);
    Adoption {
        address: unit.address.clone(),
        desired: unit.release.version.clone(),
        standing,
        facts,
    }
}

fn judge(index: &Index<'_>, unit: &Unit<'_>, findings: &mut Vec<Finding>) -> (Standing, Vec<Fact>) {
    let refused = |reasons: Vec<String>| (Standing::Refused { reasons }, Vec::new());
    let Some(target) = index.target(&unit.address.target) else {
        return refused(vec!["its target could not be described".to_owned()]);
    };
    if let Some(decision) = refuse(index, unit, target, findings) {
        let reasons = decision.reasons.into_iter().map(|why| why.message);
        return refused(reasons.collect());
    }
    let seen = index.seen(&unit.address);
    let facts = match seen.as_ref() {
        Seen::Unknown { reason } => {
            let reason = reason.clone();
            return (Standing::Unknown { reason }, Vec::new());
        }
        Seen::Absent => None,
        Seen::Present(facts) => Some(facts),
    };
    let gone = gone(index, unit, facts);
    if !gone.is_empty() {
        return refused(vec![format!(
            "recorded as published, and no longer there: {}",
            some_of(&gone)
        )]);
    }
    let Some(facts) = facts else {
        return (Standing::NotThere, Vec::new());
    };
    if let Some(there) = in_its_slot(unit, facts) {
        let decision = slot_taken(unit, there, findings);
        let reasons = decision.reasons.into_iter().map(|why| why.message);
        return refused(reasons.collect());
    }
    let (mut known, mut reasons) = (Vec::new(), Vec::new());
    for version in wanted(unit, target, facts) {
        if let Some(shown) = facts.versions.get(version) {
            match of_version(index, unit, target, (version, shown), findings) {
                Ok(facts) => known.extend(facts),
                Err(why) => reasons.extend(why),
            }
        }
    }
    if !reasons.is_empty() {
        return refused(reasons);
    }
    known.extend(pointers(index, unit, target, facts));
    let standing = if facts.versions.contains_key(&unit.release.version) {
        Standing::There
    } else {
        Standing::NotThere
    };
    (standing, known)
}

/// Recorded versions that were asked about and are proven to be gone.
fn gone(index: &Index<'_>, unit: &Unit<'_>, facts: Option<&Facts>) -> Vec<Version> {
    let pointed = query::pointed_at(&index.input.state, &unit.address);
    let asked: BTreeSet<&Version> = pointed.chain([&unit.release.version]).collect();
    let is_gone = |version: &&Version| {
        let recorded = index.recorded(&unit.address, version);
        let is_there = facts.is_some_and(|facts| facts.versions.contains_key(*version));
        recorded.is_some_and(|recorded| recorded.resolvable) && !is_there
    };
    asked.into_iter().filter(is_gone).cloned().collect()
}

/// The versions that are adopted: the desired one, and what users get today.
fn wanted<'a>(unit: &Unit<'a>, target: &Target, facts: &'a Facts) -> BTreeSet<&'a Version> {
    let holding = target.capabilities.holding_pointer.as_ref();
    let named = facts
        .pointers
        .iter()
        .filter(|(name, _)| Some(*name) != holding);
    let named = named.map(|(_, version)| version);
    named
        .chain(&facts.current)
        .chain([&unit.release.version])
        .collect()
}

/// What is not recorded of one version, or why it must not be.
fn of_version(
    index: &Index<'_>,
    unit: &Unit<'_>,
    target: &Target,
    (version, shown): (&Version, &VersionFacts),
    findings: &mut Vec<Finding>,
) -> Result<Vec<Fact>, Vec<String>> {
    let address = &unit.address;
    let packed = if *version == unit.release.version {
        accepted(index, unit, target)
    } else {
        Vec::new()
    };
    let recorded = index.recorded(address, version);
    let comparison = Comparison::new(target, &unit.release.package, &packed, shown, recorded);
    if let Some(reasons) = comparison.conflict(unit, findings) {
        return Err(reasons.into_iter().map(|why| why.message).collect());
    }
    if !comparison.vanished.is_empty() {
        let files = some_of(&comparison.vanished);
        return Err(vec![format!("recorded, and no longer there: {files}")]);
    }
    if let Some(artifact) = comparison.incomparable.first() {
        let file = &artifact.file;
        return Err(vec![format!(
            "the registry shows no digest of {file} that proves which bytes it has"
        )]);
    }
    let one = holds_one_file(target);
    let is_recorded = |file: &_| {
        recorded.is_some_and(|known| {
            file_entry(&unit.release.package, &known.files, file).is_some()
                || (one && !known.files.is_empty())
        })
    };
    let mut facts = Vec::new();
    for (file, seen) in &shown.files {
        if !is_recorded(file) && seen.digests != Digests::default() {
            facts.push(Fact::File {
                address: address.clone(),
                version: version.clone(),
                file: file.clone(),
                digests: seen.digests.clone(),
            });
        }
    }
    if recorded.is_none_or(|recorded| !recorded.resolvable) {
        facts.push(Fact::Resolvable {
            address: address.clone(),
            version: version.clone(),
        });
    }
    if shown.yanked && recorded.is_none_or(|recorded| !recorded.yanked) {
        facts.push(Fact::Yanked {
            address: address.clone(),
            version: version.clone(),
        });
    }
    Ok(facts)
}

/// The pointers that plans look after, where they name something else than is recorded.
fn pointers(index: &Index<'_>, unit: &Unit<'_>, target: &Target, facts: &Facts) -> Vec<Fact> {
    let wanted = pointer::wanted(unit, target).map(|wanted| wanted.name);
    let default = target.capabilities.default_pointer.as_ref();
    let names: BTreeSet<_> = wanted.into_iter().chain(default).collect();
    let of = |name: &relplan_model::address::PointerName| {
        let version = facts.pointers.get(name)?;
        let recorded = index.input.state.pointer(&unit.address, name);
        (recorded != Some(version)).then(|| Fact::Pointer {
            address: unit.address.clone(),
            pointer: name.clone(),
            version: Some(version.clone()),
        })
    };
    names.into_iter().filter_map(of).collect()
}
