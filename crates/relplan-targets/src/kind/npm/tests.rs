//! What the npm driver promises: where it goes and with what, what it reads, and what it sends.

mod configured;
mod fetching;
mod known;
mod reading;
mod sending;

use std::{collections::BTreeMap, io::Cursor};

use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageId, PackageName},
    bundle::Artifact,
    digest::Digests,
    observation::Freshness,
    port::{ArtifactRead, ArtifactSource, EffectInput, Publish},
};

use super::*;
use crate::http::Limits;

/// The artifact kind that npm registries take.
const TARBALL: &str = "npm-tarball";

/// The driver as everybody gets it: with what holds for all kinds around it.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Publish>, Finding> {
    crate::build(name, "npm", settings, surroundings, net)
}

fn name() -> TargetName {
    TargetName::new("npm").unwrap()
}

fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

fn address(package: &str) -> Address {
    Address::new(name(), PackageName::new(package).unwrap())
}

fn query(package: &str, versions: &[&str], ranges: &[&str], freshness: Freshness) -> Query {
    Query {
        address: address(package),
        versions: versions.iter().map(|text| version(text)).collect(),
        ranges: ranges.iter().map(|text| (*text).to_owned()).collect(),
        freshness,
    }
}

/// A client that gives up soon, with a folder for its cache.
fn net(folder: &tempfile::TempDir) -> Net {
    let limits = Limits {
        tries: 1,
        ..Limits::default()
    };
    Net::with_limits(folder.path(), limits)
}

/// Surroundings whose only content is these variables.
fn vars(vars: &[(&str, &str)]) -> Surroundings {
    Surroundings {
        vars: vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        ..Surroundings::default()
    }
}

/// Settings with the registry's URL.
fn at(url: &url::Url) -> Settings {
    Settings::default().with_text("url", url.as_str())
}

/// A gzip-compressed tar archive of these files.
fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut archive = tar::Builder::new(gzip);
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive
            .append_data(&mut header, path, text.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}

/// An artifact in memory.
struct Memory(Vec<u8>);

impl ArtifactSource for Memory {
    fn open(&self, _: &Artifact) -> std::io::Result<Box<dyn ArtifactRead>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}

fn artifact(package: &str, version_: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        package: PackageId {
            ecosystem: Ecosystem::new("npm").unwrap(),
            name: PackageName::new(package).unwrap(),
        },
        version: version(version_),
        kind: TARBALL.to_owned(),
        file: FileName::new("acme-widget-1.4.0.tgz").unwrap(),
        size: bytes.len() as u64,
        digests: Digests::of(bytes),
        commit: None,
        dirty: false,
        packer: "npm 11.19.1".to_owned(),
    }
}
