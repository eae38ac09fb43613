//! Tests of the directory driver: the laws in the folder, and real clients that install from it.

mod clients;
mod fetching;
mod laws;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use relplan_model::{
    bundle::Artifact,
    observation::{Freshness, Seen},
    port::{Outcome, Publish},
    settings::Settings,
};
use tempfile::TempDir;

use crate::{
    http::Net,
    kind::cargo::tests::{artifact, crate_file, publish, query, step, tar_gz, target, upload},
    surroundings::Surroundings,
};

/// A project with a folder registry in `out/`.
struct Shelf {
    project: TempDir,
    settings: Settings,
}

impl Shelf {
    fn new() -> Self {
        Self {
            project: TempDir::new().unwrap(),
            settings: Settings::default().with_text("path", "out"),
        }
    }

    fn root(&self) -> PathBuf {
        self.project.path().join("out")
    }

    /// A driver of its own, as another process would have.
    fn driver(&self) -> Box<dyn Publish> {
        let surroundings = Surroundings {
            project: Some(self.project.path().to_owned()),
            ..Surroundings::default()
        };
        let net = Net::new(self.project.path().join("cache").as_path());
        crate::build(&target(), "directory", &self.settings, &surroundings, &net).unwrap()
    }

    async fn put(&self, made: &Made) -> Outcome {
        self.put_as(made, &[], Settings::default()).await
    }

    async fn put_as(&self, made: &Made, siblings: &[&str], settings: Settings) -> Outcome {
        let Made { about, bytes } = made;
        let effect = publish(about.file.as_str(), siblings, settings);
        let step = step(about.package.name.as_str(), about.version.as_str(), effect);
        let driver = self.driver();
        let outcome = upload(&*driver, &step, about, bytes).await;
        if outcome == Outcome::Accepted {
            let source = crate::kind::cargo::tests::Memory::of(about, bytes);
            let inside = driver.inspect(about, &source).await.unwrap();
            assert_eq!(
                (&inside.name, &inside.version),
                (&about.package.name, &about.version)
            );
        }
        outcome
    }

    async fn seen(&self, name: &str, versions: &[&str], freshness: Freshness) -> Seen {
        self.driver()
            .observe(&query(name, versions, freshness))
            .await
            .seen
    }

    /// Every file that clients can see, with its bytes.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        walk(&self.root(), &mut files);
        files.retain(|path, _| !path.starts_with(self.root().join(".relplan")));
        files
    }
}

fn walk(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// An artifact with its bytes.
struct Made {
    about: Artifact,
    bytes: Vec<u8>,
}

fn made(kind: &str, file: &str, name: &str, version: &str, bytes: Vec<u8>) -> Made {
    Made {
        about: artifact(kind, file, name, version, &bytes),
        bytes,
    }
}

fn a_crate(name: &str, version: &str, rest: &str) -> Made {
    let bytes = crate_file(name, version, rest);
    made(
        "crate",
        &format!("{name}-{version}.crate"),
        name,
        version,
        bytes,
    )
}

fn a_tarball(name: &str, version: &str, rest: &str) -> Made {
    let manifest = format!(r#"{{"name":"{name}","version":"{version}"{rest}}}"#);
    let script = format!("#!/usr/bin/env node\nmodule.exports = '{name} {version}';\n");
    let bytes = tar_gz(&[
        ("package/package.json", manifest.as_bytes()),
        ("package/index.js", script.as_bytes()),
    ]);
    let file = format!("{}-{version}.tgz", name.replace('@', "").replace('/', "-"));
    made("npm-tarball", &file, name, version, bytes)
}

fn a_wheel(name: &str, version: &str, fields: &str) -> Made {
    let module = name.to_lowercase().replace(['-', '.'], "_");
    let info = format!("{module}-{version}.dist-info");
    let metadata = format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{fields}\nName: not-this\n"
    );
    let wheel = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let record =
        format!("{module}/__init__.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, text) in [
        (
            format!("{module}/__init__.py"),
            format!("V = '{version}'\n"),
        ),
        (format!("{info}/METADATA"), metadata),
        (format!("{info}/WHEEL"), wheel.to_owned()),
        (format!("{info}/RECORD"), record),
    ] {
        zip.start_file(path, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    made(
        "wheel",
        &format!("{module}-{version}-py3-none-any.whl"),
        name,
        version,
        bytes,
    )
}

fn an_sdist(name: &str, version: &str) -> Made {
    let info = format!(
        "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nRequires-Python: >=3.8, <4\n"
    );
    let stem = format!("{}-{version}", name.replace('-', "_"));
    let bytes = tar_gz(&[
        (&format!("{stem}/PKG-INFO"), info.as_bytes()),
        (
            &format!("{stem}/widget.egg-info/PKG-INFO"),
            b"Name: other\n",
        ),
    ]);
    made("sdist", &format!("{stem}.tar.gz"), name, version, bytes)
}
