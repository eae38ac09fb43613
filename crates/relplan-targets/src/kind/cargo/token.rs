//! The token for a registry: from the variable that the spec names, or from wherever the user's Cargo would take it.

use relplan_model::{address::TargetName, finding::Finding, settings::Settings};
use relplan_system::programs::variables::HELPER_HINT;
use secrecy::SecretString;

use super::{
    configuration::{Configuration, variable},
    endpoint::{CRATES_IO, Index},
    provider::{self, Operation},
};
use crate::{
    credential::{self, Credential, ONLY_THE_TREE},
    http::reason,
    surroundings::Surroundings,
};

/// Finds tokens for one target.
#[derive(Debug)]
pub(crate) struct Tokens {
    pub(crate) target: TargetName,
    pub(crate) settings: Settings,
    pub(crate) surroundings: Surroundings,
    pub(crate) configuration: Configuration,
    pub(crate) index: Index,
}

impl Tokens {
    /// The token for an operation; `None`: nothing that the user has configured knows one.
    ///
    /// # Errors
    /// A finding when the spec names a variable that is not set, or a credential provider fails.
    pub(crate) async fn get(
        &self,
        operation: &Operation<'_>,
    ) -> Result<Option<Credential>, Finding> {
        if self.index.unreviewed || self.surroundings.withheld {
            return Ok(None);
        }
        if let Some(named) = credential::named(&self.target, &self.settings, &self.surroundings)? {
            return Ok(Some(named));
        }
        let registry = self.index.registry.as_deref();
        for words in self.configuration.providers(registry) {
            if let Some(found) = self.ask(&words, operation).await? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// What a plan shows of where the token comes from; nobody is asked for it.
    pub(crate) fn source(&self) -> (Option<String>, Option<String>) {
        let later = self.index.unreviewed.then(|| ONLY_THE_TREE.to_owned());
        match credential::find(&self.target, &self.settings, &self.surroundings) {
            Ok(Some(named)) => return (Some(named.source), later),
            Err(unset) => return (None, Some(unset.why)),
            Ok(None) => {}
        }
        for words in self.configuration.providers(self.index.registry.as_deref()) {
            match words.first().map(String::as_str) {
                Some("cargo:token") => {
                    if let Some(found) = self.configured() {
                        return (Some(found.source), later);
                    }
                }
                Some(command) => return (Some(provided_by(command)), later),
                None => {}
            }
        }
        (None, None)
    }

    /// The token for an operation that cannot go without one.
    ///
    /// # Errors
    /// A finding with the code `credential` when there is none.
    pub(crate) async fn require(&self, operation: &Operation<'_>) -> Result<Credential, Finding> {
        match self.get(operation).await? {
            Some(found) => Ok(found),
            None => Err(self.missing()),
        }
    }

    /// Whether a token is at hand, without asking an external provider for it: that may trouble a person.
    ///
    /// # Errors
    /// A finding with the code `credential` when there is none, or the provider that would be asked does not run.
    pub(crate) async fn ready(&self) -> Result<(), Finding> {
        if credential::named(&self.target, &self.settings, &self.surroundings)?.is_some() {
            return Ok(());
        }
        for words in self.configuration.providers(self.index.registry.as_deref()) {
            let Some((command, _)) = words.split_first() else {
                continue;
            };
            if !command.starts_with("cargo:") {
                let greeted = provider::greet(command, &self.configuration, &self.surroundings);
                return greeted
                    .await
                    .map_err(|error| self.failed(command, &reason(&error)));
            }
            if self.ask(&words, &Operation::Read).await?.is_some() {
                return Ok(());
            }
        }
        Err(self.missing())
    }

    async fn ask(
        &self,
        words: &[String],
        operation: &Operation<'_>,
    ) -> Result<Option<Credential>, Finding> {
        let Some((command, arguments)) = words.split_first() else {
            return Ok(None);
        };
        match command.as_str() {
            "cargo:token" => Ok(self.configured()),
            "cargo:token-from-stdout" => {
                let printed = provider::printed(
                    arguments,
                    &self.index,
                    &self.configuration,
                    &self.surroundings,
                );
                let token = printed
                    .await
                    .map_err(|error| self.failed(command, &reason(&error)))?;
                Ok(Some(credential(token, command)))
            }
            builtin if builtin.starts_with("cargo:") => Err(self
                .failed(builtin, "relplan cannot ask this provider of Cargo's")
                .hint("put the token into a variable and name it with `token-env`")),
            _ => {
                let asked = provider::ask(
                    command,
                    arguments,
                    operation,
                    &self.index,
                    &self.configuration,
                    &self.surroundings,
                );
                let token = asked
                    .await
                    .map_err(|error| self.failed(command, &reason(&error)))?;
                Ok(token.map(|token| credential(token, command)))
            }
        }
    }

    /// What Cargo's own provider `cargo:token` finds: the registry's variable, else the user's files.
    fn configured(&self) -> Option<Credential> {
        let registry = self.index.registry.as_deref()?;
        let name = match registry {
            CRATES_IO => "CARGO_REGISTRY_TOKEN".to_owned(),
            _ => variable(registry, "TOKEN"),
        };
        credential::from_variable(&self.surroundings, &name).or_else(|| {
            let token = self.configuration.token(registry)?;
            Some(Credential {
                secret: token.clone(),
                source: "the credentials file in Cargo's home".to_owned(),
            })
        })
    }

    /// The finding that there is no token that may be sent.
    pub(crate) fn missing(&self) -> Finding {
        let (why, hint) = match self.index.registry.as_deref() {
            _ if self.index.unreviewed => (
                format!("a token is {ONLY_THE_TREE}"),
                format!(
                    "to read while planning, add the registry with `index = {:?}` to your own Cargo configuration",
                    self.index.url
                ),
            ),
            Some(CRATES_IO) => (
                "Cargo has no token for crates.io".to_owned(),
                "run `cargo login`, or set CARGO_REGISTRY_TOKEN".to_owned(),
            ),
            Some(registry) => (
                format!("Cargo has no token for the registry {registry:?}"),
                format!(
                    "run `cargo login --registry {registry}`, or set {}",
                    variable(registry, "TOKEN")
                ),
            ),
            None if self.surroundings.withheld => (
                "none is read here".to_owned(),
                "`relplan plan` reads it".to_owned(),
            ),
            None => (
                format!(
                    "no registry of the user's Cargo configuration has the index {}",
                    self.index.url
                ),
                "name a variable with `token-env`, or the registry with `registry`, at the target"
                    .to_owned(),
            ),
        };
        credential::missing(&self.target, &why, &hint)
    }

    fn failed(&self, command: &str, why: &str) -> Finding {
        let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
        credential::missing(
            &self.target,
            &format!("the credential provider {name} did not give one: {why}"),
            &format!(
                "see `registry.global-credential-providers` in the user's Cargo configuration; {HELPER_HINT}"
            ),
        )
    }
}

fn credential(secret: SecretString, command: &str) -> Credential {
    Credential {
        secret,
        source: provided_by(command),
    }
}

/// A provider as a source.
fn provided_by(command: &str) -> String {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    format!("the credential provider {name}")
}
