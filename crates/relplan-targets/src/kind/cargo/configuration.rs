//! Cargo's own configuration, as far as it says where crates go and which credential is used there: the files by the
//! Cargo book's "Configuration", section "Hierarchical structure", and the variables of the environment.
//!
//! Invariant: credentials are read from the user's files and the environment only; the project's files are asked for
//! places and never for secrets, and not at all while applying (law L14).

mod files;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use relplan_system::tree::ReadError;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use self::files::{Include, either};
use crate::surroundings::Surroundings;

/// Why Cargo's configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigurationError {
    /// A file is there and cannot be read.
    #[error("Cargo's configuration cannot be used")]
    Read {
        /// The cause, which names the file.
        #[source]
        source: ReadError,
    },
    /// A file is not what Cargo would take.
    #[error("{} is not valid: {detail}", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong; nothing of a file with credentials is repeated.
        detail: String,
    },
}

/// Where a setting was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A variable of the environment.
    Variable(String),
    /// The project's files, or those of a folder above it.
    Project,
    /// The user's own file in Cargo's home.
    User,
}

impl Origin {
    /// Where a place was found that this setting leads to and the next one names: in the project's files as soon as one
    /// of them is there, since either could have led elsewhere.
    pub(crate) fn and_then(self, next: Self) -> Self {
        match self {
            Self::Project => self,
            Self::User | Self::Variable(_) => next,
        }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::Project => f.write_str("project .cargo/config.toml"),
            Self::User => f.write_str("user Cargo configuration"),
        }
    }
}

/// Cargo's configuration at one place and time.
#[derive(Debug, Default)]
pub(crate) struct Configuration {
    /// The project's files, the nearest first.
    project: Vec<File>,
    /// The user's configuration.
    pub(crate) user: File,
    /// The user's credentials.
    credentials: File,
    /// The variables that begin with `CARGO_`, except tokens' values, which stay in the surroundings.
    vars: BTreeMap<String, String>,
    /// Cargo's home, where it is known.
    pub(crate) cargo_home: Option<PathBuf>,
}

/// What is read of one file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct File {
    /// Files under this one; empty once they are read.
    include: Vec<Include>,
    pub(crate) registry: RegistryTable,
    pub(crate) registries: BTreeMap<String, RegistriesEntry>,
    pub(crate) source: BTreeMap<String, Source>,
    pub(crate) credential_alias: BTreeMap<String, Words>,
}

impl File {
    /// This file's settings, and another's where this one has none. Cargo joins lists, but for commands.
    fn over(self, lower: Self) -> Self {
        let Self {
            include,
            registry,
            mut registries,
            mut source,
            credential_alias,
        } = self;
        for (name, below) in lower.registries {
            let entry = registries.entry(name).or_default();
            entry.index = entry.index.take().or(below.index);
            entry.token = entry.token.take().or(below.token);
            entry.credential_provider = entry
                .credential_provider
                .take()
                .or(below.credential_provider);
        }
        for (name, below) in lower.source {
            let entry = source.entry(name).or_default();
            entry.replace_with = entry.replace_with.take().or(below.replace_with);
            entry.registry = entry.registry.take().or(below.registry);
        }
        let mut aliases = lower.credential_alias;
        aliases.extend(credential_alias);
        let mut providers = lower.registry.global_credential_providers;
        providers.extend(registry.global_credential_providers);
        Self {
            include,
            registry: RegistryTable {
                default: registry.default.or(lower.registry.default),
                token: registry.token.or(lower.registry.token),
                credential_provider: registry
                    .credential_provider
                    .or(lower.registry.credential_provider),
                global_credential_providers: providers,
            },
            registries,
            source,
            credential_alias: aliases,
        }
    }
}

/// The table `[registry]`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct RegistryTable {
    pub(crate) default: Option<String>,
    pub(crate) token: Option<Token>,
    pub(crate) credential_provider: Option<Words>,
    pub(crate) global_credential_providers: Vec<String>,
}

/// One table of `[registries]`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct RegistriesEntry {
    pub(crate) index: Option<String>,
    pub(crate) token: Option<Token>,
    pub(crate) credential_provider: Option<Words>,
}

/// One table of `[source]`.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Source {
    pub(crate) replace_with: Option<String>,
    pub(crate) registry: Option<String>,
}

/// A token in a file.
#[derive(Debug, Clone)]
pub(crate) struct Token(pub(crate) SecretString);

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(SecretString::from(String::deserialize(deserializer)?)))
    }
}

/// A command with its arguments: a text to be split at white space, or a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    Text(String),
    List(Vec<String>),
}

impl Words {
    /// The command and its arguments.
    pub(crate) fn split(&self) -> Vec<String> {
        match self {
            Self::Text(text) => text.split_whitespace().map(str::to_owned).collect(),
            Self::List(words) => words.clone(),
        }
    }
}

impl Configuration {
    /// Reads what there is.
    ///
    /// # Errors
    /// When a file is there and cannot be read or is not valid: going on without it might send crates elsewhere.
    pub(crate) fn read(surroundings: &Surroundings) -> Result<Self, ConfigurationError> {
        let cargo_home = surroundings
            .var("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| surroundings.home().map(|home| home.join(".cargo")));
        let mut found = Self {
            vars: surroundings
                .vars
                .iter()
                .filter(|(name, value)| {
                    name.starts_with("CARGO_") && !name.ends_with("_TOKEN") && !value.is_empty()
                })
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            ..Self::default()
        };
        // A home of Cargo's that lies in the tree is one more place of the project's.
        let (cargo_home, home_in_tree) = match cargo_home {
            Some(home) if surroundings.is_in_tree(&home) => (None, Some(home)),
            home => (home, None),
        };
        for above in surroundings.project().into_iter().flat_map(Path::ancestors) {
            let folder = above.join(".cargo");
            if Some(&folder) != cargo_home.as_ref() {
                found
                    .project
                    .extend(either(&folder, "config", surroundings)?);
            }
        }
        if let Some(home) = home_in_tree.filter(|_| surroundings.is_planning()) {
            found.project.extend(either(&home, "config", surroundings)?);
        }
        if let Some(home) = &cargo_home {
            found.user = either(home, "config", surroundings)?.unwrap_or_default();
            if !surroundings.withheld {
                found.credentials = either(home, "credentials", surroundings)?.unwrap_or_default();
            }
        }
        found.cargo_home = cargo_home;
        Ok(found)
    }

    /// The index of a named registry as configured, and where.
    pub(crate) fn index(&self, registry: &str) -> Option<(String, Origin)> {
        self.setting(&variable(registry, "INDEX"), |file| {
            file.registries.get(registry)?.index.clone()
        })
    }

    /// The index that the user's own configuration has for a registry, whatever the project's says. Names that share
    /// their variables, such as `acme-inc` and `ACME_INC`, share a token and so count as one.
    pub(crate) fn own_index(&self, registry: &str) -> Option<&str> {
        let set = variable(registry, "INDEX");
        let in_file = || {
            let mut entries = self.user.registries.iter();
            entries.find_map(|(name, entry)| {
                let index = entry.index.as_deref()?;
                (variable(name, "INDEX") == set).then_some(index)
            })
        };
        self.vars.get(&set).map(String::as_str).or_else(in_file)
    }

    /// The name of the registry that Cargo uses when none is named, and where it is configured.
    pub(crate) fn default_registry(&self) -> Option<(String, Origin)> {
        self.setting("CARGO_REGISTRY_DEFAULT", |file| {
            file.registry.default.clone()
        })
    }

    /// The name of what replaces a source, and where that is configured.
    pub(crate) fn replacement(&self, source: &str) -> Option<(String, Origin)> {
        self.in_files(|file| file.source.get(source)?.replace_with.clone())
    }

    /// The registry URL of a source, which may be a named registry just as well, and where it is configured.
    pub(crate) fn source_registry(&self, source: &str) -> Option<(String, Origin)> {
        self.in_files(|file| file.source.get(source)?.registry.clone())
            .or_else(|| self.index(source))
    }

    /// The registry that the user's own configuration knows under an index.
    pub(crate) fn name_of(&self, is_index: impl Fn(&str) -> bool) -> Option<String> {
        let named_by_variable = self.vars.iter().find_map(|(name, value)| {
            let name = name
                .strip_prefix("CARGO_REGISTRIES_")?
                .strip_suffix("_INDEX")?;
            is_index(value).then(|| name.to_ascii_lowercase().replace('_', "-"))
        });
        let in_file = self
            .user
            .registries
            .iter()
            .find_map(|(name, entry)| is_index(entry.index.as_deref()?).then(|| name.clone()));
        in_file.or(named_by_variable)
    }

    /// The token of a named registry, or of crates.io, in the user's files.
    pub(crate) fn token(&self, registry: &str) -> Option<&SecretString> {
        [&self.credentials, &self.user]
            .into_iter()
            .find_map(|file| {
                let token = match registry {
                    super::endpoint::CRATES_IO => file.registry.token.as_ref(),
                    _ => file.registries.get(registry)?.token.as_ref(),
                };
                token.map(|token| &token.0)
            })
    }

    /// The credential providers of a registry, the one to be asked first in front.
    pub(crate) fn providers(&self, registry: Option<&str>) -> Vec<Vec<String>> {
        let own = registry.and_then(|registry| {
            let (set, in_file) = match registry {
                super::endpoint::CRATES_IO => (
                    "CARGO_REGISTRY_CREDENTIAL_PROVIDER".to_owned(),
                    self.user.registry.credential_provider.clone(),
                ),
                _ => (
                    variable(registry, "CREDENTIAL_PROVIDER"),
                    self.user
                        .registries
                        .get(registry)
                        .and_then(|entry| entry.credential_provider.clone()),
                ),
            };
            self.vars.get(&set).cloned().map(Words::Text).or(in_file)
        });
        if let Some(own) = own {
            return vec![self.unaliased(&own.split())];
        }
        let global = match self.vars.get("CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS") {
            Some(value) => value.split_whitespace().map(str::to_owned).collect(),
            None => self.user.registry.global_credential_providers.clone(),
        };
        if global.is_empty() {
            return vec![vec!["cargo:token".to_owned()]];
        }
        // Cargo gives the last one precedence.
        let in_order = global.iter().rev();
        in_order
            .map(|provider| self.unaliased(&Words::Text(provider.clone()).split()))
            .collect()
    }

    fn unaliased(&self, words: &[String]) -> Vec<String> {
        match words {
            [alias] => match self.user.credential_alias.get(alias) {
                Some(command) => command.split(),
                None => words.to_vec(),
            },
            _ => words.to_vec(),
        }
    }

    fn setting(
        &self,
        variable: &str,
        read: impl Fn(&File) -> Option<String>,
    ) -> Option<(String, Origin)> {
        match self.vars.get(variable) {
            Some(value) => Some((value.clone(), Origin::Variable(variable.to_owned()))),
            None => self.in_files(read),
        }
    }

    fn in_files(&self, read: impl Fn(&File) -> Option<String>) -> Option<(String, Origin)> {
        let project = self.project.iter().find_map(&read);
        project
            .map(|value| (value, Origin::Project))
            .or_else(|| read(&self.user).map(|value| (value, Origin::User)))
    }
}

/// The variable that holds one setting of a named registry.
pub(crate) fn variable(registry: &str, setting: &str) -> String {
    let name = registry.to_uppercase().replace('-', "_");
    format!("CARGO_REGISTRIES_{name}_{setting}")
}
