//! The body of a publish request, by the Cargo book's "Registry Web API", section "Publish": the length of the JSON as a
//! little-endian u32, the JSON, the length of the `.crate` likewise, the `.crate`.

use std::collections::BTreeMap;

use serde::Serialize;

use relplan_ecosystem::cargo::manifest::{Dependency, Manifest, ManifestError};

/// Why a crate cannot be put into a publish request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FrameError {
    /// A dependency cannot be told to a registry.
    #[error("its manifest cannot be told to a registry")]
    Manifest(#[from] ManifestError),
    /// The metadata is no JSON.
    #[error("its metadata cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// More bytes than a length in the frame can tell.
    #[error("its {part} has {size} bytes, more than the protocol can tell")]
    TooLarge {
        /// Which part.
        part: &'static str,
        /// Its size in bytes.
        size: u64,
    },
}

/// Which registry a dependency without an index of its own comes from.
///
/// In a manifest, no registry means crates.io; on the wire, none means "the same registry as this crate".
#[derive(Debug, Clone)]
pub(crate) struct Registries<'a> {
    /// The index that the crate goes to.
    pub(crate) own_index: &'a str,
    /// Whether that is crates.io itself.
    pub(crate) own_is_crates_io: bool,
    /// How crates.io is called on the wire: always by its git index, whichever protocol is spoken to it.
    pub(crate) crates_io: &'a str,
    /// Crates of the project that go to the same registry.
    pub(crate) siblings: &'a [relplan_model::address::PackageName],
}

impl Registries<'_> {
    /// The registry to be written for a dependency; `None`: the same one.
    pub(crate) fn of(&self, dependency: &Dependency) -> Option<String> {
        match &dependency.registry_index {
            Some(index) if same_index(index, self.own_index) => None,
            Some(index) => Some(index.clone()),
            None if self.own_is_crates_io => None,
            None if self
                .siblings
                .iter()
                .any(|name| name.as_str() == dependency.package) =>
            {
                None
            }
            None => Some(self.crates_io.to_owned()),
        }
    }
}

/// Whether two spellings name one index: a final slash is all that they may differ in.
pub(crate) fn same_index(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: &'a str,
    vers: &'a str,
    deps: Vec<MetadataDependency<'a>>,
    features: &'a BTreeMap<String, Vec<String>>,
    authors: &'a [String],
    description: Option<&'a str>,
    documentation: Option<&'a str>,
    homepage: Option<&'a str>,
    readme: Option<&'a str>,
    readme_file: Option<&'a str>,
    keywords: &'a [String],
    categories: &'a [String],
    license: Option<&'a str>,
    license_file: Option<&'a str>,
    repository: Option<&'a str>,
    badges: &'a BTreeMap<String, BTreeMap<String, String>>,
    links: Option<&'a str>,
    rust_version: Option<&'a str>,
}

#[derive(Serialize)]
struct MetadataDependency<'a> {
    optional: bool,
    default_features: bool,
    name: &'a str,
    features: &'a [String],
    version_req: &'a str,
    target: Option<&'a str>,
    kind: &'static str,
    registry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explicit_name_in_toml: Option<&'a str>,
}

/// The JSON part of a publish request.
///
/// # Errors
/// When the manifest holds what no registry can be told.
pub(crate) fn metadata(
    manifest: &Manifest,
    readme: Option<&str>,
    registries: &Registries<'_>,
) -> Result<Vec<u8>, FrameError> {
    let about = &manifest.package;
    let dependencies = manifest.dependencies()?;
    let deps = dependencies
        .iter()
        .map(|dependency| MetadataDependency {
            optional: dependency.optional,
            default_features: dependency.default_features,
            name: &dependency.package,
            features: &dependency.features,
            version_req: &dependency.requirement,
            target: dependency.target.as_deref(),
            kind: dependency.kind.word(),
            registry: registries.of(dependency),
            explicit_name_in_toml: dependency.renamed.as_deref(),
        })
        .collect();
    Ok(serde_json::to_vec(&Metadata {
        name: &about.name,
        vers: &about.version,
        deps,
        features: &manifest.features,
        authors: &about.authors,
        description: about.description.as_deref(),
        documentation: about.documentation.as_deref(),
        homepage: about.homepage.as_deref(),
        readme,
        readme_file: about.readme(),
        keywords: &about.keywords,
        categories: &about.categories,
        license: about.license.as_deref(),
        license_file: about.license_file.as_deref(),
        repository: about.repository.as_deref(),
        badges: &manifest.badges,
        links: about.links.as_deref(),
        rust_version: about.rust_version.as_deref(),
    })?)
}

/// Everything that stands before the `.crate` in a publish request.
///
/// # Errors
/// When a part is too large for the frame.
pub(crate) fn preamble(metadata: &[u8], crate_size: u64) -> Result<Vec<u8>, FrameError> {
    let length =
        |part, size: u64| u32::try_from(size).map_err(|_| FrameError::TooLarge { part, size });
    let mut bytes = Vec::with_capacity(metadata.len() + 8);
    bytes.extend(length("metadata", metadata.len() as u64)?.to_le_bytes());
    bytes.extend(metadata);
    bytes.extend(length("file", crate_size)?.to_le_bytes());
    Ok(bytes)
}
