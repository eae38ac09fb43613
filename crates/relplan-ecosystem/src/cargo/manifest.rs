//! The `Cargo.toml` inside a `.crate`: the normalised manifest that `cargo package` wrote, read for what a registry is
//! told about the version.

use std::collections::BTreeMap;

use semver::VersionReq;
use serde::Deserialize;

/// Why a manifest says nothing usable.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not UTF-8, not TOML, or not of the expected shape.
    #[error("it is no normalised manifest: {detail}")]
    Shape {
        /// What the reader said, on one line.
        detail: String,
    },
    /// A dependency's version requirement cannot be read.
    #[error(
        "its dependency {name} has the version requirement {requirement:?}, which cannot be read"
    )]
    Requirement {
        /// The dependency's name in the manifest.
        name: String,
        /// The requirement.
        requirement: String,
        /// The cause.
        #[source]
        source: semver::Error,
    },
    /// An artifact dependency, which no registry takes yet.
    #[error("its dependency {name} is an artifact dependency, which registries do not take")]
    ArtifactDependency {
        /// The dependency's name in the manifest.
        name: String,
    },
}

/// A normalised manifest.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// `[package]`.
    pub package: Package,
    /// `[dependencies]` and its kin.
    #[serde(flatten)]
    tables: Tables,
    /// `[target.'cfg(…)'.dependencies]` and its kin.
    #[serde(default)]
    target: BTreeMap<String, Tables>,
    /// `[features]`, as written: features implied by optional dependencies are not among them.
    #[serde(default)]
    pub features: BTreeMap<String, Vec<String>>,
    /// `[lib]`.
    #[serde(default)]
    lib: Library,
    /// `[badges]`.
    #[serde(default)]
    pub badges: BTreeMap<String, BTreeMap<String, String>>,
}

/// What `[package]` says, as far as registries want it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Package {
    /// The name.
    pub name: String,
    /// The version.
    pub version: String,
    /// The authors.
    #[serde(default)]
    pub authors: Vec<String>,
    /// The description.
    pub description: Option<String>,
    /// Where its documentation is.
    pub documentation: Option<String>,
    /// Its home page.
    pub homepage: Option<String>,
    #[serde(default)]
    readme: Readme,
    /// The keywords.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// The categories.
    #[serde(default)]
    pub categories: Vec<String>,
    /// The license expression.
    pub license: Option<String>,
    /// The license's file.
    pub license_file: Option<String>,
    /// Where its sources are.
    pub repository: Option<String>,
    /// The native library that it links.
    pub links: Option<String>,
    /// The oldest Rust that it builds with.
    pub rust_version: Option<String>,
    #[serde(default)]
    build: Build,
}

/// `[lib]`, as far as it says when the crate's code runs.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Library {
    #[serde(default, alias = "proc_macro")]
    proc_macro: bool,
}

/// `package.build`: the build script, or several; `false` for none. Cargo before 1.79 wrote nothing for a `build.rs`
/// that it found by itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(untagged)]
enum Build {
    Several(Vec<String>),
    One(String),
    Found(bool),
    #[default]
    Unsaid,
}

impl Package {
    /// The paths of the build scripts, by what the manifest says and whether there is a `build.rs`.
    pub fn build_scripts(&self, has_build_rs: bool) -> Vec<&str> {
        match &self.build {
            Build::Several(paths) => paths.iter().map(String::as_str).collect(),
            Build::One(path) => vec![path],
            Build::Found(false) => Vec::new(),
            Build::Found(true) | Build::Unsaid if has_build_rs => vec!["build.rs"],
            Build::Found(true) | Build::Unsaid => Vec::new(),
        }
    }

    /// The readme's path inside the crate, where it has one.
    pub fn readme(&self) -> Option<&str> {
        match &self.readme {
            Readme::Path(path) => Some(path),
            Readme::Default(true) => Some("README.md"),
            Readme::Default(false) => None,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Readme {
    Default(bool),
    Path(String),
}

impl Default for Readme {
    fn default() -> Self {
        Self::Default(false)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Tables {
    #[serde(default)]
    dependencies: BTreeMap<String, Declared>,
    #[serde(default, alias = "dev_dependencies")]
    dev_dependencies: BTreeMap<String, Declared>,
    #[serde(default, alias = "build_dependencies")]
    build_dependencies: BTreeMap<String, Declared>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Declared {
    Version(String),
    Table(Box<DeclaredTable>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DeclaredTable {
    version: Option<String>,
    package: Option<String>,
    registry_index: Option<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes", alias = "default_features")]
    default_features: bool,
    #[serde(default)]
    features: Vec<String>,
    artifact: Option<serde::de::IgnoredAny>,
}

fn yes() -> bool {
    true
}

/// What a dependency is for, as the registry protocol spells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// To run.
    Normal,
    /// To develop.
    Dev,
    /// To build.
    Build,
}

impl Kind {
    /// The protocol's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Dev => "dev",
            Self::Build => "build",
        }
    }
}

/// One dependency of a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The depended-on crate's own name.
    pub package: String,
    /// The name that the manifest gives it, where that differs on purpose.
    pub renamed: Option<String>,
    /// The requirement as Cargo writes it (`^0.1` for `"0.1"`).
    pub requirement: String,
    /// What it is for.
    pub kind: Kind,
    /// The platform that it is limited to.
    pub target: Option<String>,
    /// Whether it is optional.
    pub optional: bool,
    /// Whether its default features are wanted.
    pub default_features: bool,
    /// The features wanted of it.
    pub features: Vec<String>,
    /// The index that the manifest names for it.
    pub registry_index: Option<String>,
}

impl Manifest {
    /// Reads a manifest's text.
    ///
    /// # Errors
    /// When it is not TOML of the expected shape.
    pub fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        let shape = |detail: &dyn std::fmt::Display| ManifestError::Shape {
            detail: detail
                .to_string()
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        };
        let text = std::str::from_utf8(bytes).map_err(|error| shape(&error))?;
        toml_edit::de::from_str(text).map_err(|error| shape(&error.message()))
    }

    /// Whether its code runs inside the compiler.
    pub fn is_proc_macro(&self) -> bool {
        self.lib.proc_macro
    }

    /// Its dependencies: for all platforms, then for each platform; normal, dev and build ones in turn.
    /// Dev-dependencies without a version are left out, as Cargo leaves them out.
    ///
    /// # Errors
    /// When a dependency cannot be told to a registry.
    pub fn dependencies(&self) -> Result<Vec<Dependency>, ManifestError> {
        let everywhere = std::iter::once((None, &self.tables));
        let limited = self
            .target
            .iter()
            .map(|(target, tables)| (Some(target), tables));
        let mut all = Vec::new();
        for (target, tables) in everywhere.chain(limited) {
            for (kind, table) in [
                (Kind::Normal, &tables.dependencies),
                (Kind::Dev, &tables.dev_dependencies),
                (Kind::Build, &tables.build_dependencies),
            ] {
                for (name, declared) in table {
                    all.extend(declared.dependency(name, kind, target)?);
                }
            }
        }
        Ok(all)
    }
}

impl Declared {
    fn dependency(
        &self,
        name: &str,
        kind: Kind,
        target: Option<&String>,
    ) -> Result<Option<Dependency>, ManifestError> {
        let table = match self {
            Self::Version(version) => DeclaredTable {
                version: Some(version.clone()),
                package: None,
                registry_index: None,
                optional: false,
                default_features: true,
                features: Vec::new(),
                artifact: None,
            },
            Self::Table(table) => (**table).clone(),
        };
        if table.artifact.is_some() {
            return Err(ManifestError::ArtifactDependency {
                name: name.to_owned(),
            });
        }
        let written = match (&table.version, kind) {
            (Some(version), _) => version.as_str(),
            (None, Kind::Dev) => return Ok(None),
            (None, Kind::Normal | Kind::Build) => "*",
        };
        let requirement =
            VersionReq::parse(written).map_err(|source| ManifestError::Requirement {
                name: name.to_owned(),
                requirement: written.to_owned(),
                source,
            })?;
        Ok(Some(Dependency {
            renamed: table.package.is_some().then(|| name.to_owned()),
            package: table.package.unwrap_or_else(|| name.to_owned()),
            requirement: requirement.to_string(),
            kind,
            target: target.cloned(),
            optional: table.optional,
            default_features: table.default_features,
            features: table.features,
            registry_index: table.registry_index,
        }))
    }
}
