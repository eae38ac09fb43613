//! Targets of the kind `cargo`: registries with a sparse index and Cargo's web API, crates.io among them.
//!
//! ```text
//! settings + Cargo's configuration ──endpoint──▶ index ──config.json──▶ api
//!                                                  └─look ─ observe       └─ publish, yank (with a token)
//! ```
//!
//! Protocol: the Cargo book, "Registries": "Index Format", "Web API", "Credential Provider Protocol".
//! Why: no `cargo` is run. `cargo publish` packs again, and what is uploaded must be the bytes that were approved.

mod configuration;
mod endpoint;
mod fetch;
pub(crate) mod frame;
pub(crate) mod index;
mod look;
pub(crate) mod observe;
mod provider;
mod publish;
#[cfg(test)]
pub(crate) mod tests;
mod token;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use relplan_model::{
    address::TargetName,
    digest::Algorithm,
    finding::{Finding, Severity},
    observation::{Freshness, Observation, Query, Seen},
    port::{BoxFuture, Counterpart, FetchError, Fetched, Outcome, UNREACHABLE},
    settings::{KindWords, Settings, Word, WordType},
    step::{self, Step},
    target::{Capabilities, CredentialSource, Endpoint, Rate},
};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::{sync::OnceCell, time::Instant};
use url::Url;

use self::{configuration::Configuration, endpoint::Index, provider::Operation, token::Tokens};
use crate::{
    driver::{Attempt, Description, Driver, Sealed},
    http::{Answer, GetRequest, HttpError, Net, reason},
    kinds::{Kind, token_env},
    surroundings::Surroundings,
};

/// Cargo registries.
pub(crate) const KIND: Kind = Kind {
    name: "cargo",
    artifacts: &["crate"],
    digests_sent: &[],
    is_serial: false,
    words,
    build,
};

/// What crates.io's trusted publishing asks of a new name (crates.io's documentation, "Trusted Publishing").
const FIRST_BY_HAND: &str = "trusted publishing can be set up for a crate once it exists, so its first version goes out with a token";

/// The rate limits that crates.io publishes (rust-lang/crates.io, `rate_limiter.rs`).
const NEW_NAMES: Rate = Rate {
    burst: 5,
    seconds: 600,
};
const NEW_VERSIONS: Rate = Rate {
    burst: 30,
    seconds: 60,
};

/// The words of this kind.
fn words() -> KindWords {
    let text = |name, doc| Word {
        name,
        takes: WordType::Text,
        required: false,
        doc,
    };
    KindWords {
        target: vec![
            text(
                "registry",
                "the name that the registry has in the user's Cargo configuration",
            ),
            text("url", "the registry's sparse index: `sparse+https://…/`"),
            token_env(),
        ],
        destination: Vec::new(),
    }
}

/// Builds the driver.
///
/// # Errors
/// A finding when Cargo's configuration cannot be read, or does not say where the target is.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Driver>, Finding> {
    let configuration = Configuration::read(surroundings).map_err(|error| {
        let message = format!(
            "the place of target {name} is not clear: {}",
            reason(&error)
        );
        Finding::new(endpoint::CODE, Severity::Error, None, message)
    })?;
    let index = endpoint::resolve(name, settings, &configuration, surroundings)?;
    Ok(Box::new(Cargo {
        net: net.clone(),
        config: OnceCell::new(),
        unread: Mutex::default(),
        alive: tokio::sync::Mutex::default(),
        wants_token: AtomicBool::new(false),
        tokens: Tokens {
            target: name.clone(),
            settings: settings.clone(),
            surroundings: surroundings.clone(),
            configuration,
            index,
        },
    }))
}

/// The driver.
#[derive(Debug)]
struct Cargo {
    net: Net,
    tokens: Tokens,
    config: OnceCell<RegistryConfig>,
    /// When the description could last not be read, and why: not every look-up tries again what has just failed.
    unread: Mutex<Option<(Instant, Finding)>>,
    /// The last moment at which the index was asked for its description and gave it.
    alive: tokio::sync::Mutex<Option<Instant>>,
    /// Whether the registry is known to want a token for reading, so that it need not refuse each request first.
    wants_token: AtomicBool,
}

/// For how long a description that could not be read is not asked for again.
const UNREAD: Duration = Duration::from_secs(10);

/// The index's `config.json` (the Cargo book, "Index Format", section "Index Configuration").
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RegistryConfig {
    dl: Option<String>,
    api: Option<String>,
    #[serde(default)]
    auth_required: bool,
}

impl Cargo {
    fn name(&self) -> &TargetName {
        &self.tokens.target
    }

    fn index(&self) -> &Index {
        &self.tokens.index
    }

    /// The registry's description of itself, read once.
    async fn config(&self) -> Result<&RegistryConfig, Finding> {
        self.config.get_or_try_init(|| self.read_config()).await
    }

    async fn read_config(&self) -> Result<RegistryConfig, Finding> {
        let unread = || self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((when, finding)) = &*unread()
            && when.elapsed() < UNREAD
        {
            return Err(finding.clone());
        }
        let read = self.ask_config(Freshness::AsClients).await;
        let config = read.map_err(|why| {
            let message = format!(
                "the registry of target {} does not describe itself: {}config.json: {why}",
                self.name(),
                self.index().root()
            );
            let finding = Finding::new(UNREACHABLE, Severity::Error, None, message)
                .hint("the target's index must be the root of a sparse index, and answer");
            *unread() = Some((Instant::now(), finding.clone()));
            finding
        })?;
        if config.auth_required {
            self.wants_token.store(true, Ordering::Relaxed);
        }
        Ok(RegistryConfig {
            api: config.api.filter(|api| !api.is_empty()),
            ..config
        })
    }

    async fn ask_config(&self, freshness: Freshness) -> Result<RegistryConfig, String> {
        let answer = self.get("config.json", freshness).await?;
        if answer.status != http::StatusCode::OK {
            return Err(answer.status.to_string());
        }
        serde_json::from_slice(&answer.body).map_err(|error| error.to_string())
    }

    /// Reads one file of the index: without a token, unless the registry wants one and it may be sent there.
    async fn get(&self, path: &str, freshness: Freshness) -> Result<Answer, String> {
        let url = self.url(path)?;
        let request = GetRequest::new(url, "*/*", freshness);
        let mut refused = None;
        if !self.wants_token.load(Ordering::Relaxed) {
            let answer = self.ask(request.clone()).await?;
            if !matches!(answer.status.as_u16(), 401 | 403) {
                return Ok(answer);
            }
            refused = Some(answer.status);
        }
        let found = self.tokens.get(&Operation::Read).await;
        let Some(found) = found.map_err(|finding| finding.message)? else {
            let status =
                refused.map_or_else(String::new, |status| format!(" (it answered {status})"));
            let missing = self.tokens.missing().message;
            return Err(format!(
                "the registry wants a token for reading{status}, and {missing}"
            ));
        };
        let answer = self.ask(request.authorized(Some(found.secret))).await?;
        if answer.status.is_success() && refused.is_some() {
            self.wants_token.store(true, Ordering::Relaxed);
        }
        Ok(answer)
    }

    async fn ask(&self, request: GetRequest) -> Result<Answer, String> {
        let answer = self.net.get(request).await;
        answer.map_err(|error: HttpError| error.reason())
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        let url = format!("{}{path}", self.index().root());
        Url::parse(&url).map_err(|error| error.to_string())
    }

    /// The target as far as it is known with or without the registry's description of itself.
    fn described(&self, config: Option<&RegistryConfig>) -> Description {
        let index = self.index();
        let endpoint = |role: &str, url: &str, source: &str| Endpoint {
            role: role.to_owned(),
            url: url.to_owned(),
            source: source.to_owned(),
        };
        let mut endpoints = vec![endpoint("index", &index.url, &index.source)];
        if let Some(api) = config.and_then(|config| config.api.as_ref()) {
            endpoints.push(endpoint("api", api, "config.json of the index"));
        }
        let (source, remark) = self.tokens.source();
        let opened = CredentialSource {
            role: endpoints
                .last()
                .map_or_else(String::new, |last| last.role.clone()),
            source,
            remark,
        };
        let limited = index.is_crates_io() && index.replaced_by.is_none();
        Description {
            endpoints,
            credentials: vec![opened],
            capabilities: Capabilities {
                digests: vec![Algorithm::Sha256],
                // What is not known is not denied.
                yank: config.is_none_or(|config| config.api.is_some()),
                new_names: limited.then_some(NEW_NAMES),
                new_versions: limited.then_some(NEW_VERSIONS),
                first_by_hand: limited
                    .then(|| FIRST_BY_HAND.to_owned())
                    .into_iter()
                    .collect(),
                ..Capabilities::default()
            },
        }
    }

    async fn token(&self, operation: &Operation<'_>) -> Result<SecretString, Outcome> {
        let found = self.tokens.require(operation).await;
        found
            .map(|found| found.secret)
            .map_err(|finding| Outcome::no_credential(finding.message))
    }

    fn refusal(&self) -> Option<Finding> {
        let replaced_by = self.index().replaced_by.as_ref()?;
        let message = format!(
            "target {} cannot be published to: crates-io is replaced by {replaced_by:?} in Cargo's configuration, \
             and no registry is named",
            self.name()
        );
        Some(
            Finding::new(endpoint::CODE, Severity::Error, None, message).hint(format!(
                "name it at the target: `registry=\"crates-io\"` or `registry={replaced_by:?}`"
            )),
        )
    }
}

impl Driver for Cargo {
    fn describe(&self) -> BoxFuture<'_, Result<Description, Finding>> {
        Box::pin(async move { Ok(self.described(Some(self.config().await?))) })
    }

    fn configured(&self) -> Option<Description> {
        Some(self.described(None))
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let mut evidence = Vec::new();
            let seen = self.look(query, &mut evidence).await;
            Observation {
                address: query.address.clone(),
                seen: seen.unwrap_or_else(|reason| Seen::Unknown { reason }),
                evidence,
            }
        })
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        Box::pin(async move { self.fetch(wanted).await.map(Some) })
    }

    fn preflight<'a>(&'a self, _writes: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async move {
            if let Some(refusal) = self.refusal() {
                return Err(refusal);
            }
            if self.config().await?.api.is_none() {
                let message = format!(
                    "target {} cannot be published to: its index names no API",
                    self.name()
                );
                return Err(Finding::new(endpoint::CODE, Severity::Error, None, message));
            }
            self.tokens.ready().await
        })
    }

    fn publish<'a>(
        &'a self,
        attempt: Attempt<'a>,
        publish: &'a step::Publish,
        sealed: Sealed<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let uploaded = self.upload(attempt, publish, sealed).await;
            uploaded.unwrap_or_else(|refused| refused)
        })
    }

    fn yank<'a>(&'a self, attempt: Attempt<'a>, _reason: &'a str) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            let yanked = self.yank_version(attempt.step).await;
            yanked.unwrap_or_else(|refused| refused)
        })
    }
}
