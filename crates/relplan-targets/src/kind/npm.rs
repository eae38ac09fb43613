//! Targets of the kind `npm`: registries that npm, pnpm and yarn read and write.
//!
//! ```text
//! npm.rs ── config ◀── npmrc          where the registries are and what opens them
//!        ├─ observe, fetch ◀── packument ◀── relplan_ecosystem::npm::Range
//!        ├─ write ◀── publish ◀── manifest
//!        └─ preflight
//! ```

mod config;
mod fetch;
mod manifest;
mod npmrc;
mod observe;
pub(crate) mod packument;
mod preflight;
mod publish;
#[cfg(test)]
mod tests;
mod write;

use std::sync::atomic::AtomicBool;

use relplan_model::{
    address::{PointerName, TargetName, Version},
    digest::Algorithm,
    finding::{Finding, FindingCode, Severity},
    observation::{Observation, Query},
    port::{BoxFuture, Counterpart, FetchError, Fetched, Outcome},
    settings::{KindWords, Settings, Word, WordType},
    step::{self, Step},
    target::Capabilities,
};

use self::config::Config;
use crate::{
    driver::{Attempt, Description, Driver, Sealed},
    http::Net,
    kinds::{Kind, token_env},
    surroundings::Surroundings,
};

/// npm registries. They lose or refuse concurrent writes to one package, and a deprecation writes back the whole
/// document, dist-tags included.
pub(crate) const KIND: Kind = Kind {
    name: "npm",
    artifacts: &["npm-tarball"],
    digests_sent: &[Algorithm::Sha1, Algorithm::Sha512],
    is_serial: true,
    words,
    build,
};

/// The dist-tag that npm installs from when no other is named.
const LATEST: &str = "latest";

/// The dist-tag under which a version waits until its whole set has landed.
const PENDING: &str = "relplan-pending";

/// The words of this kind.
fn words() -> KindWords {
    let word = |name, takes, doc| Word {
        name,
        takes,
        required: false,
        doc,
    };
    KindWords {
        target: vec![
            word(
                "url",
                WordType::Text,
                "the registry's URL; without it the npm client's configuration counts",
            ),
            token_env(),
        ],
        destination: vec![
            word(
                "access",
                WordType::OneOf(vec!["public", "restricted"]),
                "who may read a scoped package that is published for the first time",
            ),
            word(
                "dist-tag",
                WordType::Text,
                "the dist-tag that names the version afterwards; `latest` if not given",
            ),
        ],
    }
}

/// Builds the driver.
///
/// # Errors
/// A finding when an `.npmrc` cannot be read or a configured registry is not a URL.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Driver>, Finding> {
    let pointer = |text: &str| {
        PointerName::new(text).map_err(|error| {
            Finding::new(
                FindingCode::Internal,
                Severity::Error,
                None,
                error.to_string(),
            )
        })
    };
    Ok(Box::new(Npm {
        name: name.clone(),
        config: Config::read(name, settings, surroundings)?,
        net: net.clone(),
        latest: pointer(LATEST)?,
        pending: pointer(PENDING)?,
        closed: AtomicBool::new(false),
    }))
}

/// What the registry's trusted publishing asks of a new name (npm's documentation, "Trusted publishing for npm packages").
const FIRST_BY_HAND: &str = "trusted publishing can be set up for a package once it exists, so its first version goes out with a token";

/// The driver of one target.
struct Npm {
    name: TargetName,
    config: Config,
    net: Net,
    latest: PointerName,
    pending: PointerName,
    /// Whether the registry was seen to want a credential for reading.
    closed: AtomicBool,
}

impl Npm {
    fn description(&self) -> Description {
        Description {
            endpoints: self.config.endpoints(),
            credentials: self.config.credentials(),
            capabilities: Capabilities {
                digests: vec![Algorithm::Sha512, Algorithm::Sha1],
                deprecate: true,
                default_pointer: Some(self.latest.clone()),
                holding_pointer: Some(self.pending.clone()),
                first_by_hand: self
                    .config
                    .is_default()
                    .then(|| FIRST_BY_HAND.to_owned())
                    .into_iter()
                    .collect(),
                ..Capabilities::default()
            },
        }
    }
}

impl Driver for Npm {
    fn describe(&self) -> BoxFuture<'_, Result<Description, Finding>> {
        Box::pin(std::future::ready(Ok(self.description())))
    }

    fn configured(&self) -> Option<Description> {
        Some(self.description())
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(observe::observe(self, query))
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        Box::pin(async move { fetch::fetch(self, wanted).await.map(Some) })
    }

    fn preflight<'a>(&'a self, writes: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(preflight::preflight(self, writes))
    }

    fn publish<'a>(
        &'a self,
        attempt: Attempt<'a>,
        publish: &'a step::Publish,
        sealed: Sealed<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(write::upload(self, attempt, publish, sealed))
    }

    fn point<'a>(
        &'a self,
        attempt: Attempt<'a>,
        pointer: &'a PointerName,
        to: &'a Version,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(write::point(self, attempt, pointer, to))
    }

    fn unpoint<'a>(
        &'a self,
        attempt: Attempt<'a>,
        pointer: &'a PointerName,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(write::unpoint(self, attempt, pointer))
    }

    fn deprecate<'a>(
        &'a self,
        attempt: Attempt<'a>,
        versions: &'a [Version],
        message: &'a str,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(write::deprecate(self, attempt, versions, message))
    }
}
