//! A small world in text, from which a planner's input is made.
//!
//! ```text
//! want npm:widget#next 1.4.0              a package, its version and a destination (and a pointer)
//! nowhere npm/gadget 1.0.0                a package that goes nowhere
//! dep npm/widget normal npm/gadget        a dependency
//! outside npm/widget normal npm/gadget ^1 one that must be at the target already
//! yank crates:widget 1.3.0 reason         deprecate npm:widget <1.2 message
//! packed npm/widget 1.4.0 aa [dirty] [kind=wheel] [file=name] [commit=c0ffee]
//! no-bundle
//! seen npm:widget absent | unknown [reason] | empty
//! seen npm:widget 1.4.0 aa [yanked] [deprecated=message] [file=name]      `weak:aa` shows SHA-1 alone, `-` no file
//! seen npm:widget @latest=1.3.0           a pointer
//! seen npm:widget current=1.3.0           what users get
//! seen npm:widget order 1.2.0 1.3.0 2.0.0-rc*                             `*` marks prereleases
//! seen npm:widget range <1.2 1.0.0 1.1.0
//! recorded npm:widget 1.4.0 aa [adopted] [yanked] [unshown] [file=name]   recorded npm:widget @latest=1.4.0
//! correct-drift
//! left-out crates:core                    the selection leaves this destination out       selection -p widget-*
//! by-hand crates a sentence about the first version of a name
//! gated                                   the plan names a policy
//! contents npm:widget widget-1.4.0.tgz 1.3.0 | nothing | unknown          what an artifact was compared with
//!     [added=path] [removed=path] [changed=path] [mode=path] [same=3]     (on the same line)
//!     [script=name:before:after] [dependency=name:section:before:after]   `-` is none, `_` a space
//! ```
//!
//! Targets are given: `npm` (one file, `latest`, a holding pointer), `mirror` (as npm, without a holding pointer),
//! `crates` (one file, yanks, rate limits), `pypi` (several files, 14 days), `weak` (shows SHA-1 alone).

use std::collections::BTreeMap;

use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageId, PackageName, PointerName, Version},
    bundle::{Artifact, Bundle},
    contents::{Basis, Contents, Entry, EntryChange, Notable},
    digest::{Algorithm, Digests, Sha256},
    finding::{Finding, FindingCode, Severity},
    observation::{Evidence, Facts, FileFacts, Observation, Seen, VersionFacts},
    plan::Selection,
    release::{Dependency, DependencyKind, Deprecate, Destination, Release, Yank},
    settings::Settings,
    state::{Recorded, State},
    target::{Capabilities, Endpoint, GateGrade, Rate, Target},
    time::Timestamp,
};
use relplan_plan::PlanInput;

/// When everything happens.
pub(crate) const NOW: i64 = 1_795_244_030;

/// The input that a text describes.
pub(crate) fn world(text: &str) -> PlanInput {
    let mut input = empty();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        say(&mut input, line);
    }
    input
}

/// A project with the given targets, and nothing in it.
pub(crate) fn empty() -> PlanInput {
    PlanInput {
        tool: "0.1.0".to_owned(),
        now: Timestamp::from_unix(NOW),
        lifetime_seconds: 86_400,
        project: "acme/widgets".to_owned(),
        repository: None,
        commit: Some("c0ffee".to_owned()),
        spec: Sha256::of(b"spec"),
        policy: None,
        requester: None,
        gates: Vec::new(),
        state: State {
            lineage: Some("lineage".to_owned()),
            serial: 3,
            head: Sha256::of(b"head"),
            ..State::default()
        },
        store: None,
        targets: targets(),
        releases: Vec::new(),
        bundle: Some(Bundle::new(Vec::new())),
        observations: Vec::new(),
        contents: Vec::new(),
        selection: Selection::default(),
        correct_drift: false,
        findings: Vec::new(),
    }
}

fn targets() -> Vec<Target> {
    let tags = Capabilities {
        accepts: vec!["npm-tarball".to_owned()],
        digests: vec![Algorithm::Sha1, Algorithm::Sha512],
        deprecate: true,
        default_pointer: Some(pointer("latest")),
        ..Capabilities::default()
    };
    let crates = Capabilities {
        accepts: vec!["crate".to_owned()],
        digests: vec![Algorithm::Sha256],
        yank: true,
        new_names: Some(Rate {
            burst: 5,
            seconds: 600,
        }),
        new_versions: Some(Rate {
            burst: 30,
            seconds: 60,
        }),
        ..Capabilities::default()
    };
    let pypi = Capabilities {
        accepts: vec!["wheel".to_owned(), "sdist".to_owned()],
        digests: vec![Algorithm::Sha256, Algorithm::Blake2b256],
        completion_days: Some(14),
        ..Capabilities::default()
    };
    let npm = Capabilities {
        holding_pointer: Some(pointer("relplan")),
        ..tags.clone()
    };
    let weak = Capabilities {
        digests: vec![Algorithm::Sha1],
        ..tags.clone()
    };
    let target = |name: &str, capabilities| Target {
        name: name.parse().unwrap(),
        kind: name.to_owned(),
        settings: Settings::default(),
        endpoints: vec![Endpoint {
            role: "registry".to_owned(),
            url: format!("https://{name}.acme.example/"),
            source: "spec".to_owned(),
        }],
        credentials: Vec::new(),
        grade: GateGrade::Open,
        capabilities,
    };
    vec![
        target("npm", npm),
        target("mirror", tags),
        target("crates", crates),
        target("pypi", pypi),
        target("weak", weak),
    ]
}

fn say(input: &mut PlanInput, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["want", place, version] => want(input, place, version),
        ["nowhere", id, version] => {
            release(input, &package(id)).version = version.parse().unwrap();
        }
        ["dep", from, kind, on] => {
            let dependency = Dependency {
                on: package(on),
                kind: kind_of(kind),
                requirement: "^1".to_owned(),
            };
            release(input, &package(from)).dependencies.push(dependency);
        }
        ["outside", from, kind, on, range @ ..] => {
            let dependency = Dependency {
                on: package(on),
                kind: kind_of(kind),
                requirement: range.join(" "),
            };
            release(input, &package(from)).outside.push(dependency);
        }
        ["yank", place, version, reason @ ..] => {
            let address = address(place);
            release(input, &owner(&address)).yank.push(Yank {
                target: address.target,
                version: version.parse().unwrap(),
                reason: reason.join(" "),
            });
        }
        ["deprecate", place, range, message @ ..] => {
            let address = address(place);
            release(input, &owner(&address)).deprecate.push(Deprecate {
                target: address.target,
                range: (*range).to_owned(),
                message: message.join(" "),
            });
        }
        ["packed", id, version, bytes, rest @ ..] => {
            let artifact = artifact(&package(id), version, bytes, rest);
            input.bundle.as_mut().unwrap().artifacts.push(artifact);
        }
        ["no-bundle"] => input.bundle = None,
        ["no-target", name] => input.targets.retain(|target| target.name.as_str() != *name),
        ["seen", place, rest @ ..] => seen(input, &address(place), rest),
        ["recorded", place, rest @ ..] => recorded(input, &address(place), rest),
        ["correct-drift"] => input.correct_drift = true,
        ["left-out", place] => {
            let address = address(place);
            let release = release(input, &owner(&address));
            let mut destinations = release.destinations.iter_mut();
            let here = destinations.find(|one| one.target == address.target);
            here.unwrap().selected = false;
        }
        ["selection", "-p", patterns @ ..] => {
            input.selection.packages = patterns.iter().map(|one| (*one).to_owned()).collect();
        }
        ["by-hand", name, sentence @ ..] => {
            let mut targets = input.targets.iter_mut();
            let target = targets
                .find(|target| target.name.as_str() == *name)
                .unwrap();
            target.capabilities.first_by_hand.push(sentence.join(" "));
        }
        ["gated"] => {
            input.policy = Some(Sha256::of(b"policy"));
            input.findings.push(Finding::new(
                FindingCode::Approval,
                Severity::Warning,
                None,
                "this plan needs approval by the gate ship",
            ));
        }
        ["contents", place, file, basis, rest @ ..] => {
            let contents = contents(&address(place), file, basis, rest);
            input.contents.push(contents);
        }
        _ => panic!("the world does not understand {line:?}"),
    }
}

fn want(input: &mut PlanInput, place: &str, version: &str) {
    let (place, pointer_name) = place
        .split_once('#')
        .map_or((place, None), |(a, b)| (a, Some(b)));
    let address = address(place);
    let release = release(input, &owner(&address));
    release.version = version.parse().unwrap();
    release.destinations.push(Destination {
        selected: true,
        target: address.target,
        pointer: pointer_name.map(pointer),
        settings: Settings::default().with_text("access", "public"),
    });
}

fn contents(address: &Address, file: &str, basis: &str, rest: &[&str]) -> Contents {
    let basis = match basis {
        "nothing" => Basis::Nothing,
        "unknown" => Basis::Unknown {
            reason: "the connection timed out".to_owned(),
        },
        version => Basis::Published {
            version: version.parse().unwrap(),
            file: FileName::new(format!("published-{version}")).unwrap(),
            digests: digests(version),
        },
    };
    let mut contents = Contents {
        address: address.clone(),
        file: FileName::new(file).unwrap(),
        basis,
        entries: Vec::new(),
        omitted: 0,
        unchanged: 0,
        notable: Vec::new(),
        notable_omitted: 0,
    };
    for word in rest {
        let (name, value) = word.split_once('=').unwrap();
        let parts: Vec<Option<String>> = value
            .split(':')
            .map(|part| (part != "-").then(|| part.replace('_', " ")))
            .collect();
        let change = match (name, parts.as_slice()) {
            ("added", _) => EntryChange::Added { size: 10 },
            ("removed", _) => EntryChange::Removed { size: 10 },
            ("changed", _) => EntryChange::Changed {
                before: 10,
                after: 11,
            },
            ("mode", _) => EntryChange::Mode { executable: true },
            ("same", _) => {
                contents.unchanged = value.parse().unwrap();
                continue;
            }
            ("script", [Some(name), before, after]) => {
                contents.notable.push(Notable::Script {
                    name: name.clone(),
                    before: before.clone(),
                    after: after.clone(),
                });
                continue;
            }
            ("dependency", [Some(name), Some(section), before, after]) => {
                contents.notable.push(Notable::Dependency {
                    name: name.clone(),
                    section: section.clone(),
                    before: before.clone(),
                    after: after.clone(),
                });
                continue;
            }
            _ => panic!("contents do not have {word:?}"),
        };
        contents.entries.push(Entry {
            path: value.to_owned(),
            change,
        });
    }
    contents.entries.sort();
    contents.notable.sort();
    contents
}

fn kind_of(word: &str) -> DependencyKind {
    match word {
        "normal" => DependencyKind::Normal,
        "build" => DependencyKind::Build,
        "dev" => DependencyKind::Dev,
        "peer" => DependencyKind::Peer,
        "optional" => DependencyKind::Optional,
        "needs" => DependencyKind::Needs,
        _ => panic!("no kind of dependency is called {word:?}"),
    }
}

pub(crate) fn pointer(text: &str) -> PointerName {
    text.parse().unwrap()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// `npm/widget`
pub(crate) fn package(text: &str) -> PackageId {
    let (ecosystem, name) = text.split_once('/').unwrap();
    PackageId {
        ecosystem: Ecosystem::new(ecosystem).unwrap(),
        name: PackageName::new(name).unwrap(),
    }
}

/// The package that a destination belongs to, by the target's usual ecosystem.
pub(crate) fn owner(address: &Address) -> PackageId {
    let ecosystem = match address.target.as_str() {
        "crates" => "cargo",
        "pypi" => "python",
        _ => "npm",
    };
    PackageId {
        ecosystem: Ecosystem::new(ecosystem).unwrap(),
        name: address.package.clone(),
    }
}

fn release<'a>(input: &'a mut PlanInput, package: &PackageId) -> &'a mut Release {
    let releases = &mut input.releases;
    let place = releases
        .iter()
        .position(|release| release.package == *package);
    let place = place.unwrap_or_else(|| {
        releases.push(Release {
            package: package.clone(),
            version: "0.0.0".parse().unwrap(),
            path: package.name.to_string(),
            destinations: Vec::new(),
            dependencies: Vec::new(),
            outside: Vec::new(),
            yank: Vec::new(),
            deprecate: Vec::new(),
        });
        releases.len() - 1
    });
    &mut releases[place]
}

fn option<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words
        .iter()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// The kind and the name that a file gets unless something else is said.
fn named(package: &PackageId, version: &str, rest: &[&str]) -> (String, FileName) {
    let usual = match package.ecosystem.as_str() {
        "cargo" => "crate",
        "python" => "wheel",
        _ => "npm-tarball",
    };
    let kind = option(rest, "kind").unwrap_or(usual);
    let end = match kind {
        "crate" => "crate",
        "wheel" => "whl",
        "sdist" => "tar.gz",
        _ => "tgz",
    };
    let plain = format!(
        "{}-{version}.{end}",
        package.name.as_str().replace(['@', '/'], "")
    );
    let file = option(rest, "file").unwrap_or(&plain);
    (kind.to_owned(), FileName::new(file).unwrap())
}

fn artifact(package: &PackageId, version: &str, bytes: &str, rest: &[&str]) -> Artifact {
    let (kind, file) = named(package, version, rest);
    Artifact {
        package: package.clone(),
        version: version.parse().unwrap(),
        kind,
        file,
        size: 1000,
        digests: Digests::of(bytes.as_bytes()),
        commit: Some(option(rest, "commit").unwrap_or("c0ffee").to_owned()),
        dirty: rest.contains(&"dirty"),
        packer: "packer 1".to_owned(),
    }
}

/// The digests that a registry shows of bytes: both strong ones, or a weak one alone.
pub(crate) fn digests(bytes: &str) -> Digests {
    match bytes.strip_prefix("weak:") {
        Some(weak) => Digests::default().with(Algorithm::Sha1, format!("{weak}00")),
        None => Digests::of(bytes.as_bytes()),
    }
}

fn seen(input: &mut PlanInput, address: &Address, rest: &[&str]) {
    let looks = &mut input.observations;
    let place = looks.iter().position(|look| look.address == *address);
    let look = match place {
        Some(place) => &mut looks[place],
        None => {
            looks.push(Observation {
                address: address.clone(),
                seen: Seen::Present(Facts::default()),
                evidence: vec![Evidence {
                    asked: format!(
                        "https://{}.acme.example/{}",
                        address.target, address.package
                    ),
                    at: Timestamp::from_unix(NOW),
                    answer: "200".to_owned(),
                    etag: None,
                }],
            });
            looks.last_mut().unwrap()
        }
    };
    match rest {
        ["absent"] => look.seen = Seen::Absent,
        ["unknown"] => {
            look.seen = Seen::Unknown {
                reason: "the connection timed out".to_owned(),
            }
        }
        ["unknown", reason @ ..] => {
            look.seen = Seen::Unknown {
                reason: reason.join(" "),
            }
        }
        _ => {
            let Seen::Present(facts) = &mut look.seen else {
                panic!("{address} is not present");
            };
            seen_present(facts, address, rest);
        }
    }
}

fn seen_present(facts: &mut Facts, address: &Address, rest: &[&str]) {
    let version = |text: &str| text.parse::<Version>().unwrap();
    match rest {
        ["empty"] => {}
        ["order", versions @ ..] => {
            for text in versions {
                let one = version(text.trim_end_matches('*'));
                if text.ends_with('*') {
                    facts.prerelease.push(one.clone());
                }
                facts.order.push(one);
            }
        }
        ["range", range, versions @ ..] => {
            let versions = versions.iter().map(|text| version(text)).collect();
            facts.ranges.insert((*range).to_owned(), versions);
        }
        [word] if word.starts_with('@') => {
            let (name, to) = word[1..].split_once('=').unwrap();
            facts.pointers.insert(pointer(name), version(to));
        }
        [word] if word.starts_with("current=") => {
            facts.current = option(rest, "current").map(version);
        }
        [text, bytes, more @ ..] => {
            let shown: &mut VersionFacts = facts.versions.entry(version(text)).or_default();
            shown.yanked |= more.contains(&"yanked");
            shown.deprecated = option(more, "deprecated").map(str::to_owned);
            if *bytes != "-" {
                let (_, file) = named(&owner(address), text, more);
                let digests = digests(bytes);
                shown.files.insert(
                    file,
                    FileFacts {
                        digests,
                        size: None,
                    },
                );
            }
        }
        _ => panic!("nothing is seen in {rest:?}"),
    }
}

fn recorded(input: &mut PlanInput, address: &Address, rest: &[&str]) {
    let state = &mut input.state;
    match rest {
        [word] if word.starts_with('@') => {
            let (name, to) = word[1..].split_once('=').unwrap();
            let pointers = state.pointers.entry(address.clone()).or_default();
            pointers.insert(pointer(name), to.parse().unwrap());
        }
        [text, bytes, more @ ..] => {
            let of_address = state.releases.entry(address.clone()).or_default();
            let recorded = of_address
                .entry(text.parse().unwrap())
                .or_insert_with(|| Recorded {
                    files: BTreeMap::new(),
                    plan: Some(Sha256::of(b"earlier")),
                    at: Timestamp::from_unix(NOW - 1000),
                    adopted: more.contains(&"adopted"),
                    resolvable: !more.contains(&"unshown"),
                    yanked: more.contains(&"yanked"),
                    deprecated: None,
                });
            if *bytes != "-" {
                let (_, file) = named(&owner(address), text, more);
                recorded.files.insert(file, digests(bytes));
            }
        }
        _ => panic!("nothing is recorded in {rest:?}"),
    }
}
