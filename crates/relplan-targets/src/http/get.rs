//! Reading: retried, paced, cached, redirected with care, bounded.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use relplan_model::{
    observation::{Evidence, Freshness},
    time::Timestamp,
};
use reqwest::{
    Response, StatusCode,
    header::{
        ACCEPT, AUTHORIZATION, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, WWW_AUTHENTICATE,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use url::Url;

use super::{Shared, cache::Cached, host, now, pace::retry_after, text};

/// How many redirects are followed.
const HOPS: usize = 5;

/// What to read.
#[derive(Debug, Clone)]
pub struct GetRequest {
    /// Where.
    pub url: Url,
    /// The `accept` header.
    pub accept: String,
    /// The whole value of the `authorization` header, scheme included. It stays with the URL's own origin.
    pub authorization: Option<SecretString>,
    /// How fresh the answer must be. [`Freshness::Authoritative`] passes every cache, ours included.
    pub freshness: Freshness,
    /// Whether the answer may be kept; answers to requests with a credential never are.
    pub cache: bool,
}

impl GetRequest {
    /// An anonymous request whose answer may be kept.
    #[must_use]
    pub fn new(url: Url, accept: &str, freshness: Freshness) -> Self {
        Self {
            url,
            accept: accept.to_owned(),
            authorization: None,
            freshness,
            cache: true,
        }
    }

    /// The same with a credential.
    #[must_use]
    pub fn authorized(mut self, authorization: Option<SecretString>) -> Self {
        self.authorization = authorization;
        self
    }
}

/// What was read.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status; 200 for a cached body that the registry confirmed.
    pub status: StatusCode,
    /// The body, decompressed.
    pub body: Bytes,
    /// The entity tag.
    pub etag: Option<String>,
    /// The last `www-authenticate` challenges, joined.
    pub challenge: Option<String>,
    /// Whether the body is a cached one that the registry confirmed with 304.
    pub from_cache: bool,
    /// Where the body came from, after redirects: relative links in it start here.
    pub url: Url,
    /// What was asked, as evidence shows it.
    pub asked: String,
    /// When it was answered.
    pub at: Timestamp,
}

impl Answer {
    /// The evidence for an observation that rests on this.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        Evidence {
            asked: self.asked.clone(),
            at: self.at,
            answer: if self.from_cache {
                "304"
            } else {
                self.status.as_str()
            }
            .to_owned(),
            etag: self.etag.clone(),
        }
    }
}

/// Why there is no trustworthy answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// No connection came about.
    #[error("{host} cannot be reached")]
    Connect {
        /// Whom.
        host: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The host was silent for too long.
    #[error("{host} was silent for {seconds} s")]
    Silent {
        /// Who.
        host: String,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The transfer broke off, or was not understood.
    #[error("the answer of {host} broke off")]
    Broken {
        /// Whose.
        host: String,
        /// The cause.
        #[source]
        source: reqwest::Error,
    },
    /// The body is larger than what is read.
    #[error("the answer of {host} has more than {limit} bytes")]
    TooLarge {
        /// Whose.
        host: String,
        /// The bound in bytes.
        limit: usize,
    },
    /// A redirect that is not followed, or a 304 that was not asked for.
    #[error("{host} answered with a {status} that cannot be followed: {why}")]
    Redirect {
        /// Who.
        host: String,
        /// The status.
        status: StatusCode,
        /// What is wrong.
        why: &'static str,
    },
    /// The host asks for more patience than there is.
    #[error("{host} asks to wait {seconds} s, longer than relplan waits for an answer")]
    Patience {
        /// Who.
        host: String,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The request cannot be written.
    #[error("the request to {host} cannot be written")]
    Request {
        /// To whom.
        host: String,
    },
}

impl HttpError {
    /// The error and its causes in one fragment, fit for [`relplan_model::observation::Seen::Unknown`].
    #[must_use]
    pub fn reason(&self) -> String {
        text::reason(self)
    }

    fn is_transient(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Silent { .. } | Self::Broken { .. } => true,
            Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::Patience { .. }
            | Self::Request { .. } => false,
        }
    }
}

pub(super) async fn get(shared: &Shared, request: GetRequest) -> Result<Answer, HttpError> {
    let keep = request.cache
        && request.authorization.is_none()
        && request.freshness != Freshness::Authoritative;
    let cached = if keep {
        let url = request.url.as_str();
        shared
            .cache
            .load(url, &request.accept, shared.limits.body)
            .await
    } else {
        None
    };
    let read = persist(shared, &request, cached.as_ref()).await?;
    let evidence = text::asked(&request.url);
    if read.status == StatusCode::NOT_MODIFIED {
        let Some(cached) = cached else {
            return Err(HttpError::Redirect {
                host: host(&request.url),
                status: read.status,
                why: "nothing was asked that could be unmodified",
            });
        };
        return Ok(Answer {
            status: StatusCode::OK,
            body: cached.body,
            etag: cached.etag,
            challenge: None,
            from_cache: true,
            url: read.url,
            asked: evidence,
            at: now(),
        });
    }
    let etag = header(&read.headers, &ETAG);
    let last_modified = header(&read.headers, &LAST_MODIFIED);
    let no_store =
        header(&read.headers, &CACHE_CONTROL).is_some_and(|text| text.contains("no-store"));
    if keep
        && read.status == StatusCode::OK
        && !no_store
        && (etag.is_some() || last_modified.is_some())
    {
        let fresh = Cached {
            etag: etag.clone(),
            last_modified,
            body: read.body.clone(),
        };
        let url = request.url.as_str();
        shared.cache.store(url, &request.accept, fresh).await;
    }
    Ok(Answer {
        status: read.status,
        body: read.body,
        etag,
        challenge: challenge(&read.headers),
        from_cache: false,
        url: read.url,
        asked: evidence,
        at: now(),
    })
}

/// One complete transfer.
struct Transfer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    url: Url,
}

/// Tries until there is an answer that another try would not better.
async fn persist(
    shared: &Shared,
    request: &GetRequest,
    cached: Option<&Cached>,
) -> Result<Transfer, HttpError> {
    let host = host(&request.url);
    let mut patience = shared.limits.patience;
    let mut tried = 0;
    loop {
        let due = shared.pace.due(&host);
        if due > patience {
            return Err(HttpError::Patience {
                host,
                seconds: due.as_secs(),
            });
        }
        if !due.is_zero() {
            patience -= due;
            tokio::time::sleep(due).await;
            // Others may have been told to wait meanwhile.
            continue;
        }
        let result = attempt(shared, request, cached).await;
        let told = result.as_ref().ok().and_then(asked_to_wait);
        if let Some(wait) = told {
            // A registry that says "after 0 seconds" must not turn this into a tight loop.
            shared
                .pace
                .defer(&host, wait.max(Duration::from_millis(100)));
            continue;
        }
        tried += 1;
        let again = match &result {
            Ok(transfer) => transfer.status.is_server_error() || is_busy(transfer.status),
            Err(error) => error.is_transient(),
        };
        if !again || tried >= shared.limits.tries {
            return result;
        }
        tokio::time::sleep(pause(shared.limits.backoff, tried)).await;
    }
}

fn is_busy(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
    )
}

fn asked_to_wait(transfer: &Transfer) -> Option<Duration> {
    match transfer.status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            retry_after(&transfer.headers)
        }
        _ => None,
    }
}

/// The pause after so many tries, with jitter, so that 64 requests do not come back as one.
fn pause(first: Duration, tried: u32) -> Duration {
    let base = first.saturating_mul(1 << tried.saturating_sub(1).min(8));
    let random = RandomState::new().build_hasher().finish() % 512;
    base + base.mul_f64(random as f64 / 1024.0)
}

/// One try, redirects included.
async fn attempt(
    shared: &Shared,
    request: &GetRequest,
    cached: Option<&Cached>,
) -> Result<Transfer, HttpError> {
    let Ok(_permit) = shared.permits.acquire().await else {
        return Err(HttpError::Request {
            host: host(&request.url),
        });
    };
    let mut url = request.url.clone();
    let mut authorization = request.authorization.as_ref();
    for _ in 0..HOPS {
        let headers = headers(request, authorization, cached)
            .ok_or_else(|| HttpError::Request { host: host(&url) })?;
        let response = ask(shared, &url, headers).await?;
        if !response.status().is_redirection() || response.status() == StatusCode::NOT_MODIFIED {
            return read(shared, url, response).await;
        }
        let next = target(&url, &response)?;
        if next.origin() != url.origin() {
            authorization = None;
        }
        url = next;
    }
    Err(HttpError::Redirect {
        host: host(&url),
        status: StatusCode::FOUND,
        why: "there are too many of them",
    })
}

fn headers(
    request: &GetRequest,
    authorization: Option<&SecretString>,
    cached: Option<&Cached>,
) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_str(&request.accept).ok()?);
    if let Some(secret) = authorization {
        let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if request.freshness == Freshness::Authoritative {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    match cached {
        Some(Cached {
            etag: Some(etag), ..
        }) => {
            headers.insert(IF_NONE_MATCH, HeaderValue::from_str(etag).ok()?);
        }
        Some(Cached {
            last_modified: Some(date),
            ..
        }) => {
            headers.insert(IF_MODIFIED_SINCE, HeaderValue::from_str(date).ok()?);
        }
        Some(_) | None => {}
    }
    Some(headers)
}

async fn ask(shared: &Shared, url: &Url, headers: HeaderMap) -> Result<Response, HttpError> {
    let sent = shared.client.get(url.clone()).headers(headers).send();
    let bound = shared.limits.connect + shared.limits.idle;
    match timeout(bound, sent).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(failure(url, error)),
        Err(_) => Err(HttpError::Silent {
            host: host(url),
            seconds: bound.as_secs(),
        }),
    }
}

fn failure(url: &Url, error: reqwest::Error) -> HttpError {
    let host = host(url);
    let source = error.without_url();
    if source.is_connect() {
        HttpError::Connect { host, source }
    } else if source.is_builder() {
        HttpError::Request { host }
    } else {
        HttpError::Broken { host, source }
    }
}

/// Where a redirect leads, if it may be followed.
fn target(from: &Url, response: &Response) -> Result<Url, HttpError> {
    let refuse = |why| HttpError::Redirect {
        host: host(from),
        status: response.status(),
        why,
    };
    let location =
        header(response.headers(), &LOCATION).ok_or_else(|| refuse("it names no place"))?;
    let next = from
        .join(&location)
        .map_err(|_| refuse("its place is not a URL"))?;
    match (from.scheme(), next.scheme()) {
        ("http", "http") | (_, "https") => Ok(next),
        _ => Err(refuse("it leaves HTTPS")),
    }
}

async fn read(shared: &Shared, url: Url, mut response: Response) -> Result<Transfer, HttpError> {
    let limit = shared.limits.body;
    let mut body = BytesMut::new();
    loop {
        match timeout(shared.limits.idle, response.chunk()).await {
            Ok(Ok(Some(chunk))) => {
                if body.len().saturating_add(chunk.len()) > limit {
                    return Err(HttpError::TooLarge {
                        host: host(&url),
                        limit,
                    });
                }
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(None)) => break,
            Ok(Err(error)) => {
                return Err(HttpError::Broken {
                    host: host(&url),
                    source: error.without_url(),
                });
            }
            Err(_) => {
                let seconds = shared.limits.idle.as_secs();
                return Err(HttpError::Silent {
                    host: host(&url),
                    seconds,
                });
            }
        }
    }
    Ok(Transfer {
        status: response.status(),
        headers: std::mem::take(response.headers_mut()),
        body: body.freeze(),
        url,
    })
}

fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    Some(headers.get(name)?.to_str().ok()?.to_owned())
}

/// All challenges of an answer in one text.
pub(super) fn challenge(headers: &HeaderMap) -> Option<String> {
    let all: Vec<_> = headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    (!all.is_empty()).then(|| all.join(", "))
}
