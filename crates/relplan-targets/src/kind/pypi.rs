//! Targets of the kind `pypi`: Python package indexes with a simple API to read and the legacy upload API to write.
//!
//! ```text
//! .pypirc, pip and uv configuration, environment ──▶ endpoint ──▶ read:   simple page ──▶ versions ──▶ facts
//!                                                       └───────▶ upload: distribution ──▶ form ──▶ POST
//! ```
//!
//! Protocol: PEP 503, 592, 629, 691, 700 for reading; PyPI's upload API for writing; PEP 427 and 625 for file names;
//! PEP 440 for versions; the core metadata specifications for what is inside.

mod account;
mod client;
mod configuration;
mod endpoint;
pub(crate) mod fetch;
mod look;
mod preflight;
mod publish;
pub(crate) mod simple;
mod upload;
mod versions;

use std::sync::Arc;

use relplan_ecosystem::python::{Distribution, filename};
use relplan_model::{
    address::TargetName,
    digest::Algorithm,
    finding::Finding,
    observation::{Observation, Query},
    port::{BoxFuture, Counterpart, FetchError, Fetched, Outcome},
    settings::{KindWords, Settings, Word, WordType},
    step::{self, Effect, Step},
    target::Capabilities,
};
use tokio::sync::OnceCell;

use self::endpoint::{Place, Places};
use crate::{
    driver::{Attempt, Description, Driver, Sealed},
    http::Net,
    kinds::{Kind, token_env},
    surroundings::Surroundings,
};

/// Python package indexes.
pub(crate) const KIND: Kind = Kind {
    name: "pypi",
    artifacts: &["wheel", "sdist"],
    digests_sent: &[Algorithm::Blake2b256],
    is_serial: false,
    words,
    build,
};

/// Days after which PyPI takes no more files for a release (warehouse, `MAXIMUM_AGE_FOR_NEW_UPLOADS_DAYS`).
const COMPLETION_DAYS: u64 = 14;

/// What PyPI's credentials ask of a new name (PyPI's documentation, "Creating a PyPI project with a Trusted Publisher").
const FIRST_BY_HAND: &str = "a token for one project cannot be made before the project exists, so its first version \
     goes out with a token for the whole account, or by a pending trusted publisher";

/// The words of this kind.
fn words() -> KindWords {
    let word = |name, doc| Word {
        name,
        takes: WordType::Text,
        required: false,
        doc,
    };
    KindWords {
        target: vec![
            word("url", "the upload URL; else as twine and uv are configured"),
            word(
                "read-url",
                "the URL of the simple index; else as uv and pip are configured",
            ),
            word(
                "repository",
                "the section of ~/.pypirc that describes the target; `pypi` if nothing is said",
            ),
            token_env(),
            word(
                "username-env",
                "the name of the environment variable that holds the user name",
            ),
            word(
                "password-env",
                "the name of the environment variable that holds the password",
            ),
        ],
        destination: Vec::new(),
    }
}

/// Builds the driver.
///
/// # Errors
/// A finding when a URL in the settings is none or holds a credential.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Driver>, Finding> {
    endpoint::check(name, settings)?;
    Ok(Box::new(Pypi {
        target: name.clone(),
        settings: settings.clone(),
        surroundings: surroundings.clone(),
        net: net.clone(),
        places: OnceCell::new(),
    }))
}

/// The driver of one Python package index.
struct Pypi {
    target: TargetName,
    settings: Settings,
    surroundings: Surroundings,
    net: Net,
    places: OnceCell<Arc<Places>>,
}

impl Pypi {
    async fn places(&self) -> Arc<Places> {
        let resolved = self.places.get_or_init(async || {
            Arc::new(endpoint::resolve(&self.target, &self.settings, &self.surroundings).await)
        });
        Arc::clone(resolved.await)
    }

    fn login(&self, place: &Place) -> Result<account::Login, Finding> {
        account::for_uploading(&self.target, &self.settings, place, &self.surroundings)
    }
}

impl Driver for Pypi {
    fn describe(&self) -> BoxFuture<'_, Result<Description, Finding>> {
        Box::pin(async {
            let places = self.places().await;
            let read = places.read.as_ref().map_err(Clone::clone)?;
            // A plan that uploads nothing needs no place to upload to; preflight refuses the others.
            let upload = places
                .upload
                .as_ref()
                .ok()
                .map(|place| place.endpoint("upload"));
            let to = places.upload.as_ref().ok();
            let credentials =
                account::sources(&self.target, &self.settings, (read, to), &self.surroundings);
            let mut endpoints = vec![read.endpoint("read")];
            endpoints.extend(upload);
            Ok(Description {
                endpoints,
                credentials,
                capabilities: Capabilities {
                    digests: vec![Algorithm::Sha256],
                    first_by_hand: (places.is_default_index)
                        .then(|| FIRST_BY_HAND.to_owned())
                        .into_iter()
                        .collect(),
                    completion_days: places.is_default_index.then_some(COMPLETION_DAYS),
                    ..Capabilities::default()
                },
            })
        })
    }

    fn observe<'a>(&'a self, query: &'a Query) -> BoxFuture<'a, Observation> {
        Box::pin(async {
            let (seen, evidence) = self.look(query).await;
            Observation {
                address: query.address.clone(),
                seen,
                evidence,
            }
        })
    }

    fn fetch<'a>(
        &'a self,
        wanted: &'a Counterpart,
    ) -> BoxFuture<'a, Result<Option<Fetched>, FetchError>> {
        Box::pin(self.fetch_file(wanted))
    }

    fn preflight<'a>(&'a self, writes: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        Box::pin(async {
            let uploads = writes
                .iter()
                .any(|step| matches!(step.effect, Effect::Publish(_)));
            if uploads {
                let places = self.places().await;
                let place = places.upload.as_ref().map_err(Clone::clone)?;
                let login = self.login(place)?;
                self.try_login(place, &login).await?;
            }
            Ok(())
        })
    }

    fn publish<'a>(
        &'a self,
        attempt: Attempt<'a>,
        _publish: &'a step::Publish,
        sealed: Sealed<'a>,
    ) -> BoxFuture<'a, Outcome> {
        Box::pin(self.upload(attempt, sealed))
    }
}

#[cfg(test)]
mod made;
#[cfg(test)]
mod tests;
