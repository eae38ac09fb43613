//! Tests of the cargo driver, and the makers of crates and steps that the directory driver's tests use as well.

mod client;
mod index;
mod places;
mod provider;
mod wire;

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::Command,
};

use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageId, PackageName, TargetName, Version},
    bundle::Artifact,
    digest::Digests,
    observation::{Facts, Freshness, Query, Seen},
    port::{ArtifactRead, ArtifactSource, EffectInput, Outcome},
    settings::Settings,
    step::{self, Effect, Phase, Step, StepId},
};

/// A `.tar.gz` of these members.
pub(crate) fn tar_gz(members: &[(&str, &[u8])]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (path, bytes) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// A `.crate` with a library and this text after `[package]`, name and version.
pub(crate) fn crate_file(name: &str, version: &str, rest: &str) -> Vec<u8> {
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n{rest}"
    );
    let at = |path: &str| format!("{name}-{version}/{path}");
    tar_gz(&[
        (&at("Cargo.toml"), manifest.as_bytes()),
        (
            &at("src/lib.rs"),
            format!("pub const V: &str = {version:?};\n").as_bytes(),
        ),
        (&at("README.md"), b"# Hello\n"),
    ])
}

/// The artifact of these bytes, as a plan has it.
pub(crate) fn artifact(
    kind: &str,
    file: &str,
    name: &str,
    version: &str,
    bytes: &[u8],
) -> Artifact {
    let ecosystem = match kind {
        "crate" => "cargo",
        "npm-tarball" => "npm",
        _ => "python",
    };
    Artifact {
        package: PackageId {
            ecosystem: Ecosystem::new(ecosystem).unwrap(),
            name: PackageName::new(name).unwrap(),
        },
        version: Version::new(version).unwrap(),
        kind: kind.to_owned(),
        file: FileName::new(file).unwrap(),
        size: bytes.len() as u64,
        digests: Digests::of(bytes),
        commit: None,
        dirty: false,
        packer: "test".to_owned(),
    }
}

/// Artifacts in memory.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) BTreeMap<FileName, Vec<u8>>);

impl Memory {
    pub(crate) fn of(artifact: &Artifact, bytes: &[u8]) -> Self {
        Self(BTreeMap::from([(artifact.file.clone(), bytes.to_vec())]))
    }
}

impl ArtifactSource for Memory {
    fn open(&self, artifact: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        let bytes = self.0.get(&artifact.file).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(io::Cursor::new(bytes.clone())))
    }
}

/// A step with this effect.
pub(crate) fn step(name: &str, version: &str, effect: Effect) -> Step {
    let address = Address::new(target(), PackageName::new(name).unwrap());
    let version = Version::new(version).unwrap();
    Step {
        id: StepId::of(&address, &version, &effect),
        address,
        version,
        phase: effect.phase(),
        effect,
        needs: Vec::new(),
        wave: 0,
    }
}

/// The effect of publishing, with siblings and settings.
pub(crate) fn publish(file: &str, siblings: &[&str], settings: Settings) -> Effect {
    let effect = Effect::Publish(step::Publish {
        artifact: Some(FileName::new(file).unwrap()),
        one_of_many: false,
        pointer: None,
        first: true,
        settings,
        siblings: siblings
            .iter()
            .map(|name| PackageName::new(*name).unwrap())
            .collect(),
    });
    assert_eq!(effect.phase(), Phase::Create);
    effect
}

/// The target of all tests here.
pub(crate) fn target() -> TargetName {
    TargetName::new("shop").unwrap()
}

/// A query about some versions.
pub(crate) fn query(name: &str, versions: &[&str], freshness: Freshness) -> Query {
    Query {
        address: Address::new(target(), PackageName::new(name).unwrap()),
        versions: versions
            .iter()
            .map(|version| Version::new(*version).unwrap())
            .collect(),
        ranges: Vec::new(),
        freshness,
    }
}

/// The facts in an answer that has some.
pub(crate) fn present(seen: Seen) -> Facts {
    match seen {
        Seen::Present(facts) => facts,
        other => panic!("{other:?}"),
    }
}

/// The reason in an answer that is unknown.
pub(crate) fn unknown(seen: Seen) -> String {
    match seen {
        Seen::Unknown { reason } => reason,
        other => panic!("{other:?}"),
    }
}

/// Performs a step that uploads these bytes.
pub(crate) async fn upload(
    driver: &dyn relplan_model::port::Publish,
    step: &Step,
    artifact: &Artifact,
    bytes: &[u8],
) -> Outcome {
    let source = Memory::of(artifact, bytes);
    let input = EffectInput {
        step,
        artifact: Some(artifact),
        source: &source,
        progress: &|_, _| {},
    };
    driver.perform(input).await
}

/// Performs a step without an artifact.
pub(crate) async fn perform(driver: &dyn relplan_model::port::Publish, step: &Step) -> Outcome {
    let input = EffectInput {
        step,
        artifact: None,
        source: &Memory::default(),
        progress: &|_, _| {},
    };
    driver.perform(input).await
}

/// The real cargo, which sees nothing of this machine's configuration: its home is `home`.
pub(crate) fn real_cargo(home: &Path) -> Command {
    let cargo = PathBuf::from(env!("CARGO"));
    let mut command = Command::new(&cargo);
    command
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .env("HOME", home)
        .env("CARGO_HOME", home.join(".cargo"))
        .env("CARGO_TARGET_DIR", home.join("target"))
        .env("RUSTC", cargo.with_file_name("rustc"));
    command
}

/// Runs a client to its end; its output is in the failure.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{command:?}\n{text}");
    text
}
