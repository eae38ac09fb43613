//! The bundle: the artifacts packed for one release, described in `bundle.json` beside the files (design §6).

use serde::{Deserialize, Serialize};

use crate::{
    address::{FileName, PackageId, Version},
    digest::Digests,
};

/// The format name that a `bundle.json` carries.
pub const FORMAT: &str = "relplan.bundle/1";

/// What kind of file an artifact is, in the word of the packer that made it: `crate`, `npm-tarball`, `wheel`, `sdist`.
pub type ArtifactKind = String;

/// One built file with a digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Artifact {
    /// The package that it was packed from.
    pub package: PackageId,
    /// The version that it holds.
    pub version: Version,
    /// What kind of file it is.
    pub kind: ArtifactKind,
    /// Its file name, unique within a bundle and as the registry will see it where that matters.
    pub file: FileName,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 always, and SHA-512.
    pub digests: Digests,
    /// The commit that was checked out when it was packed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Whether files of the package differed from that commit; those that version control ignores do not count.
    pub dirty: bool,
    /// The packer and its version, such as `npm 11.19.1`.
    pub packer: String,
}

/// The contents of a `bundle.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Bundle {
    /// Always [`FORMAT`].
    #[cfg_attr(feature = "schema", schemars(extend("const" = FORMAT)))]
    pub format: String,
    /// The artifacts, in order of file name, each name once.
    pub artifacts: Vec<Artifact>,
}

impl Bundle {
    /// A bundle of these artifacts, in order of file name.
    #[must_use]
    pub fn new(mut artifacts: Vec<Artifact>) -> Self {
        artifacts.sort_by(|a, b| a.file.cmp(&b.file));
        Self {
            format: FORMAT.to_owned(),
            artifacts,
        }
    }

    /// The artifacts of one version of one package.
    pub fn of<'a>(
        &'a self,
        package: &'a PackageId,
        version: &'a Version,
    ) -> impl Iterator<Item = &'a Artifact> {
        self.artifacts
            .iter()
            .filter(move |artifact| artifact.package == *package && artifact.version == *version)
    }
}
