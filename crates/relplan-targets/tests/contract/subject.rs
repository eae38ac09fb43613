//! A kind of target under test: a real registry behind a proxy, or a folder, and drivers for it.

use std::{
    collections::BTreeMap,
    io::{self, Cursor},
    path::PathBuf,
    time::Duration,
};

use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageId, PackageName, TargetName, Version},
    bundle::Artifact,
    digest::{Comparison, Digests},
    observation::{Facts, Freshness, Query, Seen},
    port::{ArtifactRead, ArtifactSource, EffectInput, Outcome, Publish},
    settings::Settings,
    step::{self, Effect, Step, StepId},
};
use relplan_targets::{
    http::{Limits, Net},
    surroundings::Surroundings,
};
use relplan_testkit::proxy::{Fault, Proxy, Reply, Rule};
use tempfile::TempDir;

use crate::{
    flawed::{Flaw, Flawed},
    made::Made,
};

/// Where a kind keeps its packages.
pub enum Place {
    /// A server behind a proxy.
    Served(Proxy),
    /// A folder.
    Folder(PathBuf),
}

/// Whose driver it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Applies, with the credential.
    Owner,
    /// Applies, with none.
    Nobody,
    /// Applies, with one that the registry does not know.
    Impostor,
    /// Plans, in a tree that alone names the registry.
    Planner,
}

/// One kind of target under test.
pub struct Subject {
    pub kind: &'static str,
    pub ecosystem: &'static str,
    pub artifact_kind: &'static str,
    pub place: Place,
    pub settings: Settings,
    /// The credential's variables, by the names that the settings use.
    pub credential: BTreeMap<String, String>,
    /// Method and part of the path of an upload.
    pub upload: (&'static str, &'static str),
    /// How its server says that it has no such package.
    pub absent: &'static Reply,
    pub make: fn(&str, &str, &str) -> Made,
    pub folder: TempDir,
    pub flaw: Option<Flaw>,
    /// What its packages' names end with, where several subjects share a server.
    pub suffix: String,
}

/// A source of one artifact's bytes.
#[derive(Clone)]
pub struct Bytes(pub Option<Vec<u8>>);

impl ArtifactSource for Bytes {
    fn open(&self, _artifact: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        match &self.0 {
            Some(bytes) => Ok(Box::new(Cursor::new(bytes.clone()))),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// An artifact with its bytes.
#[derive(Clone)]
pub struct Packed {
    pub artifact: Artifact,
    pub bytes: Bytes,
}

pub fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

pub fn target() -> TargetName {
    TargetName::new("shop").unwrap()
}

pub fn address(name: &str) -> Address {
    Address::new(target(), PackageName::new(name).unwrap())
}

pub fn step(name: &str, at: &str, effect: Effect) -> Step {
    let (address, version) = (address(name), version(at));
    Step {
        id: StepId::of(&address, &version, &effect),
        phase: effect.phase(),
        address,
        version,
        effect,
        needs: Vec::new(),
        wave: 0,
    }
}

/// An npm package as a step publishes it, for a driver that writes too early.
pub fn packed_as_npm(step: &Step, (file, bytes): Made) -> Packed {
    let package = PackageId {
        ecosystem: Ecosystem::new("npm").unwrap(),
        name: step.address.package.clone(),
    };
    describe(package, step.version.clone(), "npm-tarball", file, bytes)
}

fn describe(
    package: PackageId,
    version: Version,
    kind: &str,
    file: String,
    bytes: Vec<u8>,
) -> Packed {
    let artifact = Artifact {
        package,
        version,
        kind: kind.to_owned(),
        file: FileName::new(file).unwrap(),
        size: bytes.len() as u64,
        digests: Digests::of(&bytes),
        commit: None,
        dirty: false,
        packer: "a test".to_owned(),
    };
    Packed {
        artifact,
        bytes: Bytes(Some(bytes)),
    }
}

impl Subject {
    /// A package's name of this subject.
    pub fn name(&self, base: &str) -> String {
        format!("{base}{}", self.suffix)
    }

    /// A driver, through the flaw if one is tried.
    pub fn driver(&self, who: Who) -> Box<dyn Publish> {
        self.driver_with(who, limits())
    }

    /// A driver that gives up soon.
    pub fn hasty(&self, who: Who) -> Box<dyn Publish> {
        let limits = Limits {
            idle: Duration::from_millis(300),
            look: Duration::from_millis(900),
            answer: Duration::from_millis(900),
            patience: Duration::from_millis(900),
            tries: 2,
            ..limits()
        };
        self.driver_with(who, limits)
    }

    fn driver_with(&self, who: Who, limits: Limits) -> Box<dyn Publish> {
        let tree = self.tree();
        let is_folder = matches!(self.place, Place::Folder(_));
        let vars = match who {
            Who::Owner | Who::Planner => self.credential.clone(),
            Who::Nobody => BTreeMap::new(),
            Who::Impostor => {
                let names = self.credential.keys().cloned();
                names.map(|name| (name, "stranger".to_owned())).collect()
            }
        };
        let surroundings = Surroundings {
            home: Some(self.folder.path().join("home")),
            project: (is_folder || who == Who::Planner).then(|| tree.clone()),
            tree: Some(tree),
            vars,
            ..Surroundings::default()
        };
        let net = Net::with_limits(None, limits);
        let built =
            relplan_targets::build(&target(), self.kind, &self.settings, &surroundings, &net);
        let driver = built.unwrap();
        match self.flaw {
            Some(flaw) => Box::new(Flawed::new(driver, flaw, self.upload_credential())),
            None => driver,
        }
    }

    /// The tree that the drivers work in.
    pub fn tree(&self) -> PathBuf {
        let tree = self.folder.path().join("tree");
        std::fs::create_dir_all(&tree).unwrap();
        tree
    }

    /// What no text may show.
    pub fn upload_credential(&self) -> String {
        let secret = self
            .credential
            .iter()
            .find(|(name, _)| !name.ends_with("USER"));
        secret.map_or_else(|| "canary-none".to_owned(), |(_, value)| value.clone())
    }

    pub fn proxy(&self) -> Option<&Proxy> {
        match &self.place {
            Place::Served(proxy) => Some(proxy),
            Place::Folder(_) => None,
        }
    }

    /// Adds a fault to its server, if it has one.
    pub fn inject(&self, rule: Rule) {
        if let Some(proxy) = self.proxy() {
            proxy.inject(rule);
        }
    }

    /// A fault for its uploads.
    pub fn on_upload(&self, fault: Fault) -> Rule {
        Rule::always(self.upload.0, self.upload.1, fault)
    }

    /// Takes all faults away and forgets what was asked.
    pub fn heal(&self) {
        if let Some(proxy) = self.proxy() {
            proxy.heal();
            proxy.log().clear();
        }
    }

    /// How many writes its server accepted since it was healed.
    pub fn accepted_writes(&self) -> usize {
        self.proxy()
            .map_or(0, |proxy| proxy.log().accepted_writes().len())
    }

    pub fn pack(&self, name: &str, at: &str, text: &str) -> Packed {
        let (file, bytes) = (self.make)(name, at, text);
        let package = PackageId {
            ecosystem: Ecosystem::new(self.ecosystem).unwrap(),
            name: PackageName::new(name).unwrap(),
        };
        describe(package, version(at), self.artifact_kind, file, bytes)
    }

    /// The step that publishes an artifact, under a pointer of choice.
    pub fn publish_step(&self, packed: &Packed, pointer: Option<&str>) -> Step {
        let artifact = &packed.artifact;
        let effect = Effect::Publish(step::Publish {
            artifact: Some(artifact.file.clone()),
            one_of_many: false,
            pointer: pointer.map(|pointer| pointer.parse().unwrap()),
            first: true,
            settings: Settings::default(),
            siblings: Vec::new(),
        });
        step(
            artifact.package.name.as_str(),
            artifact.version.as_str(),
            effect,
        )
    }

    /// Uploads an artifact, once.
    pub async fn upload(&self, driver: &dyn Publish, packed: &Packed) -> Outcome {
        attempt(driver, &self.publish_step(packed, None), Some(packed)).await
    }

    /// Publishes a package with this text inside, and is sure that it is there.
    pub async fn publish(&self, name: &str, at: &str) -> Result<Packed, String> {
        let packed = self.pack(name, at, "first");
        let driver = self.driver(Who::Owner);
        let outcome = self.upload(&*driver, &packed).await;
        if outcome != Outcome::Accepted {
            return Err(format!("{name} {at} cannot be published: {outcome:?}"));
        }
        self.shows(&packed).await?;
        Ok(packed)
    }

    /// A fresh look at one package.
    pub async fn look(&self, driver: &dyn Publish, name: &str, versions: &[&str]) -> Seen {
        look_as(driver, name, versions, Freshness::Authoritative).await
    }

    /// What a driver of its own shows of a version that must be there with these bytes and no others.
    pub async fn shows(&self, packed: &Packed) -> Result<Facts, String> {
        let (name, at) = (
            packed.artifact.package.name.as_str(),
            packed.artifact.version.as_str(),
        );
        let seen = self.look(&*self.driver(Who::Owner), name, &[at]).await;
        let Seen::Present(facts) = seen else {
            return Err(format!("{name} {at} is not there: {seen:?}"));
        };
        let files = facts.versions.get(&packed.artifact.version);
        let files = files.map(|version| &version.files);
        let compared = files.map(|files| {
            let compare = |file: &relplan_model::observation::FileFacts| {
                file.digests.compare(&packed.artifact.digests)
            };
            files.values().map(compare).collect::<Vec<_>>()
        });
        match compared.as_deref() {
            Some([Comparison::Same]) => Ok(facts),
            other => Err(format!(
                "{name} {at} has not just the planned file: {other:?}"
            )),
        }
    }
}

/// A look with a freshness of choice.
pub async fn look_as(
    driver: &dyn Publish,
    name: &str,
    versions: &[&str],
    freshness: Freshness,
) -> Seen {
    let query = Query {
        address: address(name),
        versions: versions.iter().map(|text| version(text)).collect(),
        ranges: Vec::new(),
        freshness,
    };
    driver.observe(&query).await.seen
}

/// Attempts a step's effect once.
pub async fn attempt(driver: &dyn Publish, step: &Step, packed: Option<&Packed>) -> Outcome {
    let nothing = Bytes(None);
    let input = EffectInput {
        step,
        artifact: packed.map(|packed| &packed.artifact),
        source: packed.map_or(&nothing, |packed| &packed.bytes),
        progress: &|_, _| {},
    };
    driver.perform(input).await
}

fn limits() -> Limits {
    Limits {
        connect: Duration::from_secs(5),
        idle: Duration::from_secs(10),
        look: Duration::from_secs(20),
        answer: Duration::from_secs(20),
        tries: 2,
        backoff: Duration::from_millis(1),
        body: 1 << 20,
        ..Limits::default()
    }
}
