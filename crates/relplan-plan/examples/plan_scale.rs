//! How long a plan takes to make, check and write as a project grows. Run it with `--release`.
//!
//! A project of N packages in layers, each depending on three of the layer below, goes to two targets; a tenth of the
//! packages is there already. The cost should grow about as N does.

use std::{
    io::{self, Write as _},
    time::{Duration, Instant},
};

use relplan_model::{
    address::{Address, PackageId},
    bundle::{Artifact, Bundle},
    digest::{Algorithm, Digests, Sha256},
    observation::{Evidence, Facts, FileFacts, Observation, Seen, VersionFacts},
    plan::Selection,
    release::{Dependency, DependencyKind, Destination, Release},
    settings::Settings,
    state::State,
    target::{Capabilities, Endpoint, GateGrade, Target},
    time::Timestamp,
};
use relplan_plan::{PlanInput, check, plan};

const TARGETS: [&str; 2] = ["one", "two"];
const LAYER: usize = 100;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut out = io::stdout();
    for count in [1_000, 2_000, 5_000, 10_000] {
        let input = project(count)?;
        let (made, planning) = timed(|| plan(&input));
        let (violations, checking) = timed(|| check(&made));
        let (bytes, writing) = timed(|| made.to_bytes());
        writeln!(
            out,
            "{count:>6} packages x {}: {:>6} steps, {:>6} edges, plan {} ms, check {} ms ({} violations), write {} ms, {} KiB",
            TARGETS.len(),
            made.steps.len(),
            made.steps
                .iter()
                .map(|step| step.needs.len())
                .sum::<usize>(),
            planning.as_millis(),
            checking.as_millis(),
            violations.len(),
            writing.as_millis(),
            bytes?.len() / 1024,
        )?;
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "this measures time")]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn project(count: usize) -> Result<PlanInput, Box<dyn std::error::Error>> {
    let mut input = PlanInput {
        tool: "0.1.0".to_owned(),
        now: Timestamp::from_unix(1_795_244_030),
        lifetime_seconds: 86_400,
        project: "acme/widgets".to_owned(),
        repository: None,
        commit: None,
        spec: Sha256::of(b"spec"),
        policy: None,
        requester: None,
        gates: Vec::new(),
        state: State::default(),
        store: None,
        targets: Vec::new(),
        releases: Vec::new(),
        bundle: None,
        observations: Vec::new(),
        contents: Vec::new(),
        selection: Selection::default(),
        correct_drift: false,
        findings: Vec::new(),
    };
    for target in TARGETS {
        input.targets.push(described(target)?);
    }
    let mut artifacts = Vec::new();
    for number in 0..count {
        artifacts.push(packed(number)?);
        input.releases.push(release(number)?);
        for target in TARGETS {
            input.observations.push(observation(number, target)?);
        }
    }
    input.bundle = Some(Bundle::new(artifacts));
    Ok(input)
}

fn described(name: &str) -> Result<Target, Box<dyn std::error::Error>> {
    Ok(Target {
        name: name.parse()?,
        kind: "simulated".to_owned(),
        settings: Settings::default(),
        endpoints: vec![Endpoint {
            role: "registry".to_owned(),
            url: format!("https://{name}.acme.example/"),
            source: "spec".to_owned(),
        }],
        credentials: Vec::new(),
        grade: GateGrade::Open,
        capabilities: Capabilities {
            accepts: vec!["tarball".to_owned()],
            digests: vec![Algorithm::Sha512],
            default_pointer: Some("latest".parse()?),
            holding_pointer: Some("relplan".parse()?),
            ..Capabilities::default()
        },
    })
}

fn package(number: usize) -> Result<PackageId, Box<dyn std::error::Error>> {
    Ok(PackageId {
        ecosystem: "npm".parse()?,
        name: format!("@acme/widget-{number:05}").parse()?,
    })
}

fn packed(number: usize) -> Result<Artifact, Box<dyn std::error::Error>> {
    Ok(Artifact {
        package: package(number)?,
        version: "1.1.0".parse()?,
        kind: "tarball".to_owned(),
        file: format!("acme-widget-{number:05}-1.1.0.tgz").parse()?,
        size: 1000,
        digests: Digests::of(&number.to_le_bytes()),
        commit: None,
        dirty: false,
        packer: "packer 1".to_owned(),
    })
}

fn release(number: usize) -> Result<Release, Box<dyn std::error::Error>> {
    let layer = number / LAYER;
    let mut dependencies = Vec::new();
    for offset in [0, 7, 31] {
        if layer > 0 {
            let on = (layer - 1) * LAYER + (number + offset) % LAYER;
            dependencies.push(Dependency {
                on: package(on)?,
                kind: DependencyKind::Normal,
                requirement: "^1".to_owned(),
            });
        }
    }
    let mut destinations = Vec::new();
    for target in TARGETS {
        destinations.push(Destination {
            selected: true,
            target: target.parse()?,
            pointer: None,
            settings: Settings::default(),
        });
    }
    Ok(Release {
        package: package(number)?,
        version: "1.1.0".parse()?,
        path: format!("packages/{number}"),
        destinations,
        dependencies,
        yank: Vec::new(),
        outside: Vec::new(),
        deprecate: Vec::new(),
    })
}

fn observation(number: usize, target: &str) -> Result<Observation, Box<dyn std::error::Error>> {
    let mut facts = Facts::default();
    let is_there = number.is_multiple_of(10);
    let current = if is_there { "1.1.0" } else { "1.0.0" };
    facts.pointers.insert("latest".parse()?, current.parse()?);
    facts.order = vec!["1.0.0".parse()?, "1.1.0".parse()?];
    if is_there {
        let mut version = VersionFacts::default();
        let file = FileFacts {
            digests: Digests::of(&number.to_le_bytes()),
            size: None,
        };
        version.files.insert("widget.tgz".parse()?, file);
        facts.versions.insert("1.1.0".parse()?, version);
    }
    let package = package(number)?.name;
    Ok(Observation {
        evidence: vec![Evidence {
            asked: format!("https://{target}.acme.example/{package}"),
            at: Timestamp::from_unix(1_795_244_030),
            answer: "200".to_owned(),
            etag: None,
        }],
        address: Address::new(target.parse()?, package),
        seen: Seen::Present(facts),
    })
}
