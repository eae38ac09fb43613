//! The one HTTP client that all drivers share: pacing, retries of reads, an ETag cache, bounds, and uploads attempted once.
//!
//! Invariant: nothing but GET is ever sent twice in here; a credential never follows a redirect to another origin and
//! its text never gets into an error, an answer's text or the cache (laws L4 and L11).
//! Why: 64 requests at once over kept connections is what makes asking a thousand packages as fast as the network.
//!
//! ```text
//! get ─▶ pace ─▶ transfer ─┬▶ plain: HTTP/1.1 without TLS      known: what documents said, beside their tags
//! send ─▶ pace ────────────┴▶ the general client               cache: documents, beside their tags
//! ```

mod absence;
mod budget;
pub(crate) mod cache;
mod get;
mod known;
mod pace;
mod plain;
mod send;
#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod text;
mod transfer;

use std::{
    path::Path,
    sync::{Arc, OnceLock},
    time::{Duration, SystemTime},
};

use relplan_model::{observation::Facts, time::Timestamp};
use tokio::sync::Semaphore;
use url::Url;

pub use self::{
    absence::{own_words, says_not_found, says_otherwise, texts_of},
    get::{Answer, GetRequest, HttpError},
    known::Leave,
    send::{Body, SendAnswer, SendError, SendRequest, hints_at_presence, settle},
    text::{asked, excerpt, reason, redact},
};
use self::{cache::Cache, known::Known, pace::Pace, plain::Plain};
use crate::{published::Store, surroundings::Surroundings};

/// The bounds that the client keeps.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a transfer may make no progress, either way.
    pub idle: Duration,
    /// How long one look-up may take in all, its tries and redirects included; what arrives earns it more, by `rate`.
    pub look: Duration,
    /// How many bytes a second a look-up must get beyond that: a large document on a slow line comes through, one byte
    /// every few seconds does not.
    pub rate: u64,
    /// How long a registry may think about a complete upload before it answers.
    pub answer: Duration,
    /// How long one request may wait in all because registries ask for patience.
    pub patience: Duration,
    /// How often a GET is tried.
    pub tries: u32,
    /// The pause before the second try; it doubles with each further one, and up to half is added at random.
    pub backoff: Duration,
    /// The largest body read, in bytes after decompression.
    pub body: usize,
    /// How many requests may be in flight.
    pub concurrent: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            look: Duration::from_secs(60),
            rate: 16 << 10,
            answer: Duration::from_secs(180),
            patience: Duration::from_secs(120),
            tries: 3,
            backoff: Duration::from_millis(250),
            body: 64 << 20,
            concurrent: 64,
        }
    }
}

/// The shared client. Clones share one pool, one cache, one pace and one limit.
#[derive(Debug, Clone)]
pub struct Net {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    general: OnceLock<Result<reqwest::Client, SetupError>>,
    /// For files: some servers call a `.tar.gz` gzip-encoded, and it must not be unpacked on its way.
    files: OnceLock<Result<reqwest::Client, SetupError>>,
    plain: Plain,
    cache: Cache,
    known: Known,
    artifacts: Store,
    pace: Pace,
    permits: Semaphore,
    limits: Limits,
}

/// How it names itself to registries.
const AGENT: &str = concat!("relplan/", env!("CARGO_PKG_VERSION"));

/// Why there is no general client.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the HTTP client cannot be set up: {reason}")]
pub struct SetupError {
    reason: String,
}

impl Shared {
    /// The client for TLS, proxies and writes, set up when it is first needed: reading the system's certificates takes
    /// longer than asking a registry nearby.
    fn general(&self) -> Result<&reqwest::Client, SetupError> {
        let set_up = || set_up(builder(&self.limits));
        let client = self.general.get_or_init(set_up);
        client.as_ref().map_err(Clone::clone)
    }

    /// The client for a request.
    fn client(&self, raw: bool) -> Result<&reqwest::Client, SetupError> {
        if !raw {
            return self.general();
        }
        let set_up = || set_up(builder(&self.limits).no_gzip().no_zstd());
        let client = self.files.get_or_init(set_up);
        client.as_ref().map_err(Clone::clone)
    }
}

fn set_up(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, SetupError> {
    builder.build().map_err(|error| SetupError {
        reason: text::reason(&error),
    })
}

impl Net {
    /// A client with the ordinary bounds, which caches below `cache`, or not at all without it. Nothing is read or set up before it is needed.
    #[must_use]
    pub fn new<'a>(cache: impl Into<Option<&'a Path>>) -> Self {
        Self::with_limits(cache, Limits::default())
    }

    /// A client for these surroundings, with the time for a look-up that they set.
    #[must_use]
    pub fn of(surroundings: &Surroundings) -> Self {
        let mut limits = Limits::default();
        // A value that is none was refused when the process began.
        if let Ok(Some(look)) = look_timeout(surroundings) {
            limits.look = look;
        }
        Self::with_limits(surroundings.cache(), limits)
    }

    /// A client with other bounds.
    #[must_use]
    pub fn with_limits<'a>(cache: impl Into<Option<&'a Path>>, limits: Limits) -> Self {
        let cache = cache.into();
        let folder = cache.map(|cache| cache.join("http"));
        Self {
            shared: Arc::new(Shared {
                general: OnceLock::new(),
                files: OnceLock::new(),
                plain: Plain::default(),
                known: Known::new(folder.clone()),
                cache: Cache::new(folder),
                artifacts: Store::new(cache.map(|cache| cache.join("artifacts"))),
                pace: Pace::default(),
                permits: Semaphore::new(limits.concurrent),
                limits,
            }),
        }
    }

    /// Keeps what a document said about what was asked of it, for the next time that it has not changed.
    pub fn keep(&self, leave: Leave, facts: &Facts) {
        self.shared.known.keep(leave, facts);
    }

    /// The bounds.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.shared.limits
    }

    /// The published files that were fetched before.
    #[must_use]
    pub fn artifacts(&self) -> &Store {
        &self.shared.artifacts
    }

    /// Reads a document. Every status is an answer; whether 404 means absence is the driver's knowledge.
    ///
    /// # Errors
    /// When no trustworthy answer came: the look-up is then unknown (law L5).
    pub async fn get(&self, request: GetRequest) -> Result<Answer, HttpError> {
        get::get(&self.shared, request).await
    }

    /// Sends a write, once. `progress` is told of the body's bytes sent and of their total.
    ///
    /// # Errors
    /// When no answer came; the error tells whether the registry can have seen anything.
    pub async fn send(
        &self,
        request: SendRequest,
        progress: &(dyn Fn(u64, u64) + Send + Sync),
    ) -> Result<SendAnswer, SendError> {
        send::send(&self.shared, request, progress).await
    }
}

/// The variable that sets how long one look-up may take, in seconds.
pub const LOOK_TIMEOUT: &str = "RELPLAN_LOOK_TIMEOUT";

/// The longest time for a look-up that can be set: an hour, in seconds.
const LONGEST_LOOK: u64 = 3600;

/// The variable [`LOOK_TIMEOUT`] is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{LOOK_TIMEOUT} is not a number of seconds from 1 to {LONGEST_LOOK}")]
pub struct LookTimeoutError;

/// How long one look-up may take, if the surroundings say so.
///
/// # Errors
/// When they say something that is no time.
pub fn look_timeout(surroundings: &Surroundings) -> Result<Option<Duration>, LookTimeoutError> {
    let Some(text) = surroundings.var(LOOK_TIMEOUT) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(seconds @ 1..=LONGEST_LOOK) => Ok(Some(Duration::from_secs(seconds))),
        Ok(_) | Err(_) => Err(LookTimeoutError),
    }
}

fn builder(limits: &Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(AGENT)
        // Redirects and retries are followed by hand: for reads with care, for writes not at all.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(limits.connect)
        .pool_max_idle_per_host(limits.concurrent)
}

/// The present time, for evidence.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// Whether a URL leads to this machine, where nobody listens between.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// The host and port, as errors and pacing name it.
fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "the host".to_owned(),
    }
}
