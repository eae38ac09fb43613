//! The one HTTP client that all drivers share: pacing, retries of reads, an ETag cache, and uploads attempted once.
//!
//! Invariant: nothing but GET is ever sent twice in here; a credential never follows a redirect to another origin and
//! its text never gets into an error, an answer's text or the cache (laws L4 and L11).
//! Why: 64 requests at once over one pool is what makes asking a thousand packages as fast as the network.

pub(crate) mod cache;
mod get;
mod pace;
mod send;
#[cfg(test)]
pub(crate) mod server;
#[cfg(test)]
mod tests;
mod text;
mod transfer;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use relplan_model::time::Timestamp;
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use self::{cache::Cache, pace::Pace};
pub use self::{
    get::{Answer, GetRequest, HttpError},
    send::{Body, SendAnswer, SendError, SendRequest, settle},
    text::{asked, excerpt, reason, redact},
};
use crate::published::Store;

/// The bounds that the client keeps.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long a connection may take to come about.
    pub connect: Duration,
    /// How long a transfer may make no progress, either way.
    pub idle: Duration,
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
    client: reqwest::Client,
    /// For files: some servers call a `.tar.gz` gzip-encoded, and it must not be unpacked on its way.
    files: OnceCell<reqwest::Client>,
    cache: Cache,
    artifacts: Store,
    pace: Pace,
    permits: Semaphore,
    limits: Limits,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub struct SetupError(#[from] reqwest::Error);

impl Net {
    /// A client with the ordinary bounds, which caches below `cache`.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(cache: &Path) -> Result<Self, SetupError> {
        Self::with_limits(cache, Limits::default())
    }

    /// A client with other bounds.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn with_limits(cache: &Path, limits: Limits) -> Result<Self, SetupError> {
        Ok(Self {
            shared: Arc::new(Shared {
                client: builder(&limits).build()?,
                files: OnceCell::new(),
                cache: Cache::new(cache.join("http")),
                artifacts: Store::new(cache.join("artifacts")),
                pace: Pace::default(),
                permits: Semaphore::new(limits.concurrent),
                limits,
            }),
        })
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

impl Shared {
    /// The client for a request.
    async fn client(&self, raw: bool) -> Result<&reqwest::Client, reqwest::Error> {
        if !raw {
            return Ok(&self.client);
        }
        let made = async || builder(&self.limits).no_gzip().no_zstd().build();
        self.files.get_or_try_init(made).await
    }
}

fn builder(limits: &Limits) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("relplan/", env!("CARGO_PKG_VERSION")))
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

/// The host and port, as errors and pacing name it.
fn host(url: &Url) -> String {
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "the host".to_owned(),
    }
}
