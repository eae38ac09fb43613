//! A tree of files to pack in tests, and a bundle to pack into.

use std::{collections::BTreeMap, fs, io::Read as _, process::Command};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{
    address::{Ecosystem, PackageId, PackageName, Version},
    bundle::Artifact,
    port::ArtifactSource as _,
};

use super::{Environment, Job, Options, PackError, Packer, run};
use crate::bundle::Folder;

pub(super) struct Tree {
    root: tempfile::TempDir,
}

impl Tree {
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self {
            root: tempfile::tempdir().unwrap(),
        };
        for (name, text) in files {
            tree.write(name, text);
        }
        tree
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn path(&self, name: &str) -> Utf8PathBuf {
        let root = Utf8Path::from_path(self.root.path()).unwrap();
        let root = root.canonicalize_utf8().unwrap();
        if name.is_empty() {
            root
        } else {
            root.join(name)
        }
    }

    /// A job for a package in a folder of the tree, whose workspace is the tree's root.
    pub(super) fn job(&self, name: &str, version: &str, folder: &str, packer: Packer) -> Job {
        let ecosystem = match packer {
            Packer::Cargo => "cargo",
            Packer::Pep517 | Packer::PythonBuiltin => "python",
            Packer::Npm
            | Packer::Pnpm
            | Packer::Yarn
            | Packer::NpmBuiltin
            | Packer::Prebuilt(_) => "npm",
        };
        Job {
            package: PackageId {
                ecosystem: Ecosystem::new(ecosystem).unwrap(),
                name: PackageName::new(name).unwrap(),
            },
            version_from_history: false,
            version: (!version.is_empty()).then(|| Version::new(version).unwrap()),
            root: self.path(""),
            path: self.path(folder),
            workspace_root: self.path(""),
            packer,
            after: Vec::new(),
            built_with: Vec::new(),
        }
    }

    pub(super) fn pack(&self, jobs: &[Job]) -> Result<Packed, PackError> {
        self.pack_with(jobs, &options(&[]))
    }

    pub(super) fn pack_with(&self, jobs: &[Job], options: &Options) -> Result<Packed, PackError> {
        let out = tempfile::tempdir().unwrap();
        let mut folder = Folder::create_or_open(Utf8Path::from_path(out.path()).unwrap()).unwrap();
        let artifacts = run(jobs, &mut folder, options, &|_| {})?;
        folder.verify().unwrap();
        Ok(Packed {
            out,
            folder,
            artifacts,
        })
    }

    pub(super) fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .current_dir(self.path(""))
            .envs([
                ("GIT_AUTHOR_NAME", "a"),
                ("GIT_AUTHOR_EMAIL", "a@acme.example"),
                ("GIT_COMMITTER_NAME", "a"),
                ("GIT_COMMITTER_EMAIL", "a@acme.example"),
                ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ])
            .args(arguments)
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

/// Options that stay off the network, with some more variables in the environment.
pub(super) fn options(more: &[(&str, &str)]) -> Options {
    let mut environment = Environment::default();
    environment
        .0
        .retain(|(name, _)| !more.iter().any(|(other, _)| name == other));
    environment
        .0
        .extend(more.iter().map(|(name, value)| (name.into(), value.into())));
    Options {
        offline: true,
        environment,
        ..Options::default()
    }
}

pub(super) struct Packed {
    pub(super) out: tempfile::TempDir,
    pub(super) folder: Folder,
    pub(super) artifacts: Vec<Artifact>,
}

impl Packed {
    pub(super) fn files(&self) -> Vec<&str> {
        self.artifacts
            .iter()
            .map(|artifact| artifact.file.as_str())
            .collect()
    }

    /// Where an artifact is, for tools that want to read it.
    pub(super) fn path(&self, index: usize) -> Utf8PathBuf {
        Utf8Path::from_path(self.out.path())
            .unwrap()
            .join(self.artifacts[index].file.as_str())
    }

    pub(super) fn bytes(&self, index: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.folder
            .open(&self.artifacts[index])
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    }

    /// The entries of a `.tar.gz`, by name.
    pub(super) fn unpacked(&self, index: usize) -> BTreeMap<String, Vec<u8>> {
        let bytes = self.bytes(index);
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
        archive
            .entries()
            .unwrap()
            .map(|entry| {
                let mut entry = entry.unwrap();
                let name = entry.path().unwrap().to_string_lossy().into_owned();
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes).unwrap();
                (name, bytes)
            })
            .collect()
    }
}
