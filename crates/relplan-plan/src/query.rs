//! What must be observed before a plan can be made: one question per address, and no more in it than the rules read.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, Version},
    observation::{Freshness, Query},
    release::Release,
    state::State,
};

use crate::order::{self, outside};

/// The questions that [`plan`](crate::plan) wants answered about these releases, in order of address.
///
/// Asked about are the desired version, what must be at the target already, those to be yanked, and those that we last made a pointer name (so that what
/// users get today is compared with what we recorded), as well as the ranges to be deprecated.
#[must_use]
pub fn queries(releases: &[Release], state: &State, freshness: Freshness) -> Vec<Query> {
    #[derive(Default)]
    struct Wanted {
        versions: BTreeSet<Version>,
        ranges: BTreeSet<String>,
    }
    let mut wanted: BTreeMap<Address, Wanted> = BTreeMap::new();
    for release in releases {
        let at = |target: &relplan_model::address::TargetName| {
            Address::new(target.clone(), release.package.name.clone())
        };
        for destination in &release.destinations {
            let asked = wanted.entry(at(&destination.target)).or_default();
            asked.versions.insert(release.version.clone());
            for outside in release
                .outside
                .iter()
                .filter(|one| order::is_hard(one.kind))
            {
                let address = Address::new(destination.target.clone(), outside.on.name.clone());
                let asked = wanted.entry(address).or_default();
                asked
                    .ranges
                    .extend(outside::range(outside).map(str::to_owned));
            }
        }
        for yank in &release.yank {
            let versions = &mut wanted.entry(at(&yank.target)).or_default().versions;
            versions.insert(yank.version.clone());
        }
        for deprecate in &release.deprecate {
            let ranges = &mut wanted.entry(at(&deprecate.target)).or_default().ranges;
            ranges.insert(deprecate.range.clone());
        }
    }
    wanted
        .into_iter()
        .map(
            |(
                address,
                Wanted {
                    mut versions,
                    ranges,
                },
            )| {
                versions.extend(pointed_at(state, &address).cloned());
                Query {
                    address,
                    versions: versions.into_iter().collect(),
                    ranges: ranges.into_iter().collect(),
                    freshness,
                }
            },
        )
        .collect()
}

/// The versions that we last made pointers of this address name.
pub(crate) fn pointed_at<'a>(
    state: &'a State,
    address: &Address,
) -> impl Iterator<Item = &'a Version> {
    state
        .pointers
        .get(address)
        .into_iter()
        .flat_map(BTreeMap::values)
}
