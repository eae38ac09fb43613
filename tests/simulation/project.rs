//! A scenario's project as the planner is given it: releases, bundle and input.

use relplan_model::{
    address::{
        Address, Ecosystem, FileName, InvalidName, PackageId, PackageName, TargetName, Version,
    },
    bundle::{Artifact, Bundle},
    digest::{Digests, Sha256},
    observation::Observation,
    plan::Selection,
    release::{Dependency, DependencyKind, Deprecate, Destination, Release, Yank},
    settings::Settings,
    state::State,
    target::Target,
    time::Timestamp,
};
use relplan_plan::PlanInput;
use relplan_testkit::world::{bytes_of, likeness};

use super::scenario::{Package, Scenario, TARGETS};

/// The project's name.
pub(crate) const PROJECT: &str = "acme/simulated";

/// The targets of every project.
pub(crate) fn targets() -> Result<Vec<Target>, InvalidName> {
    let targets = TARGETS.iter();
    targets
        .map(|(name, kind)| likeness::target(name, kind))
        .collect()
}

/// Where a package is at one of its targets.
pub(crate) fn address(package: &Package, target: &str) -> Result<Address, InvalidName> {
    let target = TargetName::new(target)?;
    Ok(Address::new(target, PackageName::new(&package.name)?))
}

fn id(package: &Package) -> Result<PackageId, InvalidName> {
    Ok(PackageId {
        ecosystem: Ecosystem::new(package.kind.trim_end_matches("-like"))?,
        name: PackageName::new(&package.name)?,
    })
}

/// The artifacts of the version that a release wants of a package.
pub(crate) fn artifacts(package: &Package, round: usize) -> Result<Vec<Artifact>, InvalidName> {
    let version = Version::new(package.version(round))?;
    let kinds = likeness::accepts(package.kind);
    let artifact = |number: u64| {
        let place = usize::try_from(number)
            .unwrap_or_default()
            .min(kinds.len() - 1);
        let kind = kinds[place];
        let file = FileName::new(format!("{}-{version}.{number}.{kind}", package.name))?;
        let bytes = bytes_of(file.as_str());
        Ok(Artifact {
            package: id(package)?,
            version: version.clone(),
            kind: kind.to_owned(),
            size: bytes.len() as u64,
            digests: Digests::of(&bytes),
            file,
            commit: None,
            dirty: false,
            packer: "simulated 1".to_owned(),
        })
    };
    (0..package.files).map(artifact).collect()
}

/// What a release of the project wants.
pub(crate) fn releases(scenario: &Scenario, round: usize) -> Result<Vec<Release>, InvalidName> {
    let release = |package: &Package| {
        let destination = |target: &&str| {
            Ok(Destination {
                target: TargetName::new(*target)?,
                pointer: None,
                settings: Settings::default(),
                selected: true,
            })
        };
        let dependency = |need: &usize| {
            Ok(Dependency {
                on: id(&scenario.packages[*need])?,
                kind: DependencyKind::Normal,
                requirement: "1".to_owned(),
            })
        };
        let retires = package.retires_from.is_some_and(|from| from <= round);
        let (mut yank, mut deprecate) = (Vec::new(), Vec::new());
        let target = TargetName::new(package.targets[0])?;
        if retires && package.kind == likeness::CARGO && package.version(round) != "1.0.0" {
            yank.push(Yank {
                target,
                version: Version::new("1.0.0")?,
                reason: "simulated".to_owned(),
            });
        } else if retires && package.kind == likeness::NPM {
            deprecate.push(Deprecate {
                target,
                range: "<1.1.0".to_owned(),
                message: "use a later one".to_owned(),
            });
        }
        Ok(Release {
            package: id(package)?,
            version: Version::new(package.version(round))?,
            path: format!("packages/{}", package.name),
            destinations: package
                .targets
                .iter()
                .map(destination)
                .collect::<Result<_, InvalidName>>()?,
            dependencies: package
                .needs
                .iter()
                .map(dependency)
                .collect::<Result<_, InvalidName>>()?,
            outside: Vec::new(),
            yank,
            deprecate,
        })
    };
    scenario.packages.iter().map(release).collect()
}

/// The planner's input for a release.
pub(crate) fn input(
    scenario: &Scenario,
    round: usize,
    now: Timestamp,
    state: State,
    observations: Vec<Observation>,
) -> Result<PlanInput, InvalidName> {
    let mut packed = Vec::new();
    for package in &scenario.packages {
        packed.extend(artifacts(package, round)?);
    }
    Ok(PlanInput {
        tool: "0.0.0".to_owned(),
        now,
        lifetime_seconds: 86_400,
        project: PROJECT.to_owned(),
        repository: None,
        commit: None,
        spec: Sha256::of(b"simulated"),
        policy: None,
        requester: None,
        gates: Vec::new(),
        state,
        store: None,
        targets: targets()?,
        releases: releases(scenario, round)?,
        bundle: Some(Bundle::new(packed)),
        observations,
        contents: Vec::new(),
        selection: Selection::default(),
        correct_drift: scenario.corrects_drift,
        findings: Vec::new(),
    })
}
