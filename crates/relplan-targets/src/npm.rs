//! Targets of the kind `npm`: registries that npm, pnpm and yarn read and write.
//!
//! ```text
//! npm.rs ── config ◀── npmrc          where the registries are and what opens them
//!        ├─ observe, fetch ◀── packument ◀── range
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
pub(crate) mod range;
#[cfg(test)]
mod tests;
mod write;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
};

use relplan_model::{
    address::{PackageName, PointerName, TargetName},
    bundle::Artifact,
    digest::Algorithm,
    finding::{Finding, Severity},
    observation::{Observation, Query},
    port::{
        ArtifactSource, BoxFuture, Counterpart, EffectInput, FetchError, Fetched, Identity,
        Observe, Outcome, Publish,
    },
    settings::{KindWords, Settings, Word, WordType},
    step::Step,
    target::{Capabilities, Target},
};

use self::config::Config;
use crate::{http::Net, packed, surroundings::Surroundings, vocabulary::token_env};

/// The artifact kind that this target takes.
const TARBALL: &str = "npm-tarball";

/// The kinds of artifact that it takes.
const KINDS: [&str; 1] = [TARBALL];

/// The dist-tag that npm installs from when no other is named.
const LATEST: &str = "latest";

/// The dist-tag under which a version waits until its whole set has landed.
const PENDING: &str = "relplan-pending";

/// The words of this kind.
#[must_use]
pub fn words() -> KindWords {
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
pub fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Publish>, Finding> {
    let pointer = |text: &str| {
        PointerName::new(text)
            .map_err(|error| Finding::new("internal", Severity::Error, None, error.to_string()))
    };
    Ok(Box::new(Npm {
        name: name.clone(),
        settings: settings.clone(),
        config: Config::read(name, settings, surroundings)?,
        net: net.clone(),
        latest: pointer(LATEST)?,
        pending: pointer(PENDING)?,
        closed: AtomicBool::new(false),
        turns: Mutex::default(),
    }))
}

/// What the registry's trusted publishing asks of a new name (npm's documentation, "Trusted publishing for npm packages").
const FIRST_BY_HAND: &str = "trusted publishing can be set up for a package once it exists, so its first version goes out with a token";

/// The driver of one target.
struct Npm {
    name: TargetName,
    settings: Settings,
    config: Config,
    net: Net,
    latest: PointerName,
    pending: PointerName,
    /// Whether the registry was seen to want a credential for reading.
    closed: AtomicBool,
    /// One lock for each package that is written to.
    turns: Mutex<BTreeMap<PackageName, Arc<tokio::sync::Mutex<()>>>>,
}

impl Npm {
    fn turn(&self, package: &PackageName) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(package.clone()).or_default())
    }

    fn target(&self) -> Target {
        Target {
            name: self.name.clone(),
            kind: "npm".to_owned(),
            settings: self.settings.clone(),
            endpoints: self.config.endpoints(),
            credentials: self.config.credentials(),
            // A token in the environment can be used by whoever edits what runs there (law L15).
            grade: crate::grade(),
            capabilities: Capabilities {
                accepts: vec![TARBALL.to_owned()],
                digests: vec![Algorithm::Sha512, Algorithm::Sha1],
                yank: false,
                deprecate: true,
                default_pointer: Some(self.latest.clone()),
                holding_pointer: Some(self.pending.clone()),
                new_names: None,
                new_versions: None,
                first_by_hand: self
                    .config
                    .is_default()
                    .then(|| FIRST_BY_HAND.to_owned())
                    .into_iter()
                    .collect(),
                completion_days: None,
            },
        }
    }
}

impl Observe for Npm {
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>> {
        Box::pin(std::future::ready(Ok(self.target())))
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
}

impl Publish for Npm {
    fn preflight<'a>(&'a self, steps: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(preflight::preflight(self, steps))
    }

    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        source: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>> {
        Box::pin(packed::inspect(artifact, &KINDS, source))
    }

    fn perform<'a>(&'a self, effect: EffectInput<'a>) -> BoxFuture<'a, Outcome> {
        Box::pin(write::perform(self, effect))
    }
}
