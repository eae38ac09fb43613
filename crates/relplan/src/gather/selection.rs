//! Selection: what `-p`, `--exclude` and `--target` take of the spec, and what of the rest must be looked at all the same.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{PackageId, TargetName},
    plan::Selection,
    release::{DependencyKind, Release},
};
use relplan_workspace::Package;

use crate::{arguments::Selected, exit::Exit, failure::Failure};

/// The selection as the plan records it. A target that the spec does not have is a mistake, and is told (law L13).
pub fn selection(selected: &Selected, spec: &relplan_spec::Spec) -> Result<Selection, Failure> {
    let mut targets = Vec::new();
    for name in &selected.targets {
        match spec
            .targets
            .iter()
            .find(|target| target.name.as_str() == name)
        {
            Some(target) => targets.push(target.name.clone()),
            None => {
                let known: Vec<&str> = spec
                    .targets
                    .iter()
                    .map(|target| target.name.as_str())
                    .collect();
                let failure = Failure::new(Exit::Usage, format!("the spec has no target {name:?}"));
                return Err(match nearest(name, known.iter().copied()) {
                    Some(word) => failure.hint(format!("did you mean {word:?}?")),
                    None => failure.hint(format!("its targets are {}", known.join(", "))),
                });
            }
        }
    }
    targets.sort();
    targets.dedup();
    Ok(Selection {
        packages: selected.packages.clone(),
        exclude: selected.exclude.clone(),
        targets,
    })
}

/// The patterns of `-p` and `--exclude`, each matched against names and paths.
pub struct Picked {
    only: Option<globset::GlobSet>,
    without: globset::GlobSet,
}

impl Picked {
    /// Reads the patterns. One that fits no package is a mistake, and is told (law L13).
    pub fn new(
        selected: &Selected,
        packages: &BTreeMap<PackageId, Package>,
    ) -> Result<Self, Failure> {
        let set = |patterns: &[String]| {
            let mut set = globset::GlobSetBuilder::new();
            for pattern in patterns {
                let glob = globset::GlobBuilder::new(pattern)
                    .literal_separator(true)
                    .build()
                    .map_err(|error| Failure::of(Exit::Usage, &error))?;
                let matcher = glob.compile_matcher();
                let fits = |package: &Package| {
                    matcher.is_match(package.id.name.as_str()) || matcher.is_match(&package.path)
                };
                if !packages.values().any(fits) {
                    return Err(no_such_package(pattern, packages));
                }
                set.add(glob);
            }
            set.build()
                .map_err(|error| Failure::of(Exit::Usage, &error))
        };
        let only = if selected.packages.is_empty() {
            None
        } else {
            Some(set(&selected.packages)?)
        };
        Ok(Self {
            only,
            without: set(&selected.exclude)?,
        })
    }

    /// Whether the selection takes a package.
    pub fn takes(&self, package: &Package) -> bool {
        let fits = |set: &globset::GlobSet| {
            set.is_match(package.id.name.as_str()) || set.is_match(&package.path)
        };
        self.only.as_ref().is_none_or(fits) && !fits(&self.without)
    }
}

fn no_such_package(pattern: &str, packages: &BTreeMap<PackageId, Package>) -> Failure {
    let words = packages
        .values()
        .flat_map(|package| [package.id.name.as_str(), package.path.as_str()]);
    let failure = Failure::new(Exit::Usage, format!("{pattern:?} matches no package"));
    match nearest(pattern, words) {
        Some(word) => failure.hint(format!("did you mean {word:?}?")),
        None => failure.hint("a pattern is matched against names and paths of packages"),
    }
}

/// The word that was probably meant.
pub fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    words
        .map(|word| (strsim::damerau_levenshtein(typed, word), word))
        .min()
        .filter(|(distance, _)| *distance <= typed.chars().count() / 3 + 1)
        .map(|(_, word)| word)
}

/// Keeps what is selected, and beside it the destinations of what that needs: those are only looked at, since nobody may
/// publish something whose dependencies are not there.
///
/// Each release comes with whether its package is taken; an empty list of targets takes all.
pub fn confine(releases: Vec<(Release, bool)>, targets: &[TargetName]) -> Vec<Release> {
    let takes = |target: &TargetName| targets.is_empty() || targets.contains(target);
    let by_package: BTreeMap<&PackageId, &Release> = releases
        .iter()
        .map(|(release, _)| (&release.package, release))
        .collect();
    let mut looked_at: BTreeSet<(PackageId, TargetName)> = BTreeSet::new();
    for (release, taken) in &releases {
        let selected = release.destinations.iter().map(|one| &one.target);
        for target in selected.filter(|target| *taken && takes(target)) {
            for dependency in release.dependencies.iter().filter(|one| is_hard(one.kind)) {
                let Some(on) = by_package.get(&dependency.on) else {
                    continue;
                };
                let here = on.destinations.iter().filter(|one| one.target == *target);
                let mut wanted: Vec<&TargetName> = here.map(|one| &one.target).collect();
                if wanted.is_empty() {
                    wanted.extend(on.destinations.iter().map(|one| &one.target));
                }
                let wanted = wanted.into_iter().cloned();
                looked_at.extend(wanted.map(|target| (on.package.clone(), target)));
            }
        }
    }
    let confined = releases.into_iter().filter_map(|(mut release, taken)| {
        for destination in &mut release.destinations {
            destination.selected = taken && takes(&destination.target);
        }
        let package = release.package.clone();
        release.destinations.retain(|destination| {
            destination.selected
                || looked_at.contains(&(package.clone(), destination.target.clone()))
        });
        release.yank.retain(|yank| taken && takes(&yank.target));
        release.deprecate.retain(|one| taken && takes(&one.target));
        (taken || !release.destinations.is_empty()).then_some(release)
    });
    confined.collect()
}

/// Whether users cannot do without a dependency of this kind.
fn is_hard(kind: DependencyKind) -> bool {
    match kind {
        DependencyKind::Normal | DependencyKind::Build | DependencyKind::Needs => true,
        DependencyKind::Dev | DependencyKind::Peer | DependencyKind::Optional => false,
    }
}
