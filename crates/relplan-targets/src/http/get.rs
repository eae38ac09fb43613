//! Reading: retried, paced, cached, redirected with care, bounded.

use std::{
    error::Error,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    time::Duration,
};

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use relplan_model::{
    observation::{Evidence, Facts, Freshness},
    time::Timestamp,
};
use reqwest::{
    StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, LAST_MODIFIED},
};
use secrecy::SecretString;
use tokio::time::Instant;
use url::Url;

use super::{
    Leave, SetupError, Shared,
    budget::Budget,
    cache::Cached,
    host,
    known::Recalled,
    now,
    pace::retry_after,
    text,
    transfer::{Tag, Transfer, attempt, challenge, header},
};

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
    /// Whether the bytes are wanted as they are stored, without a transfer's compression: those of files that have
    /// digests.
    pub raw: bool,
    /// What is asked of the document, in a spelling of its own: what it said about that may be kept instead of it.
    pub question: Option<String>,
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
            raw: false,
            question: None,
        }
    }

    /// An anonymous request for a file, whose bytes are wanted as they are stored. The answer is not kept here: files
    /// have a cache of their own, by digest.
    #[must_use]
    pub fn file(url: Url) -> Self {
        Self {
            cache: false,
            raw: true,
            ..Self::new(url, "*/*", Freshness::Revalidated)
        }
    }

    /// The same for one question: a confirmed answer may then have [`Answer::facts`] in place of its body.
    #[must_use]
    pub fn about(mut self, question: String) -> Self {
        self.question = Some(question);
        self
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
    /// The body, decompressed; empty where there are `facts`.
    pub body: Bytes,
    /// What the document said about the question, when it was kept and the registry confirmed the document with 304.
    pub facts: Option<Facts>,
    /// The leave to keep what the document says about the question.
    pub leave: Option<Leave>,
    /// The entity tag.
    pub etag: Option<String>,
    /// The last `www-authenticate` challenges, joined.
    pub challenge: Option<String>,
    /// Whether the body is a cached one that the registry confirmed with 304.
    pub from_cache: bool,
    /// The media type of the body as the registry calls it, without its parameters, in lower case.
    pub media_type: Option<String>,
    /// Whether the transfer itself shows that the body is whole: it came with a length, or in chunks.
    pub is_framed: bool,
    /// Where the body came from, after redirects: relative links in it start here.
    pub url: Url,
    /// What was asked, as evidence shows it.
    pub asked: String,
    /// When it was answered.
    pub at: Timestamp,
    /// The credential that was sent along.
    authorization: Option<SecretString>,
}

impl Answer {
    /// The registry's words in one line, without the credential that it was sent.
    #[must_use]
    pub fn excerpt(&self) -> String {
        text::excerpt(&self.body, self.authorization.as_ref())
    }

    /// Whether the registry calls the body JSON.
    #[must_use]
    pub fn is_json(&self) -> bool {
        text::is_json(self.media_type.as_deref())
    }

    /// Whether another server than that of `place` answered: what it has says nothing about the one that was asked.
    #[must_use]
    pub fn is_from_elsewhere(&self, place: &Url) -> bool {
        let origin = |url: &Url| (url.host_str().map(str::to_owned), url.port());
        origin(&self.url) != origin(place)
    }

    /// Whether redirects led to another page, such as that of a login: its 404 is about that page, not about the
    /// package that was asked for.
    #[must_use]
    pub fn is_of_another_page(&self) -> bool {
        let page = |path: &str| {
            let path = percent_decode_str(path)
                .decode_utf8_lossy()
                .to_ascii_lowercase();
            let last = path.split('/').rfind(|part| !part.is_empty());
            last.unwrap_or_default().to_owned()
        };
        let asked = Url::parse(&self.asked);
        asked.is_ok_and(|asked| page(asked.path()) != page(self.url.path()))
    }

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
        source: Box<dyn Error + Send + Sync>,
    },
    /// The host was silent for too long.
    #[error("{host} was silent for {seconds} s")]
    Silent {
        /// Who.
        host: String,
        /// For how long, in seconds.
        seconds: u64,
    },
    /// The whole look-up took too long, although something came now and then.
    #[error("{host} did not answer in full within {seconds} s")]
    Slow {
        /// Who.
        host: String,
        /// How long it had, in seconds.
        seconds: u64,
    },
    /// The transfer broke off, or was not understood.
    #[error("the answer of {host} broke off")]
    Broken {
        /// Whose.
        host: String,
        /// The cause.
        #[source]
        source: Box<dyn Error + Send + Sync>,
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
    /// The client cannot be set up.
    #[error(transparent)]
    Setup(#[from] SetupError),
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
            Self::Slow { .. }
            | Self::TooLarge { .. }
            | Self::Redirect { .. }
            | Self::Patience { .. }
            | Self::Setup(_)
            | Self::Request { .. } => false,
        }
    }
}

/// What is held of a document from earlier.
enum Held {
    Nothing,
    Body(Cached),
    Facts(Box<Recalled>),
}

impl Held {
    async fn load(shared: &Shared, request: &GetRequest) -> Self {
        let (url, accept) = (request.url.as_str(), request.accept.as_str());
        match &request.question {
            Some(question) => match shared.known.recall(url, accept, question) {
                Some(recalled) => Self::Facts(Box::new(recalled)),
                None => Self::Nothing,
            },
            None => match shared.cache.load(url, accept, shared.limits.body).await {
                Some(cached) => Self::Body(cached),
                None => Self::Nothing,
            },
        }
    }

    fn tag(&self) -> Tag<'_> {
        let (etag, last_modified) = match self {
            Self::Nothing => (&None, &None),
            Self::Body(cached) => (&cached.etag, &cached.last_modified),
            Self::Facts(recalled) => (&recalled.etag, &recalled.last_modified),
        };
        Tag {
            etag: etag.as_deref(),
            last_modified: last_modified.as_deref(),
        }
    }
}

pub(super) async fn get(shared: &Shared, request: GetRequest) -> Result<Answer, HttpError> {
    let keep = request.cache
        && request.authorization.is_none()
        && request.freshness != Freshness::Authoritative;
    let held = if keep {
        Held::load(shared, &request).await
    } else {
        Held::Nothing
    };
    let read = persist(shared, &request, held.tag()).await?;
    let mut answer = Answer {
        status: read.status,
        media_type: media_type(&read.headers),
        is_framed: read.is_framed,
        body: read.body,
        facts: None,
        leave: None,
        etag: header(&read.headers, &ETAG),
        challenge: challenge(&read.headers),
        from_cache: false,
        url: read.url,
        asked: text::asked(&request.url),
        at: now(),
        authorization: request.authorization.clone(),
    };
    if answer.status == StatusCode::NOT_MODIFIED {
        answer.status = StatusCode::OK;
        answer.from_cache = true;
        // What is kept was whole when it came.
        answer.is_framed = true;
        answer.challenge = None;
        if !is_same_tag(held.tag().etag, answer.etag.as_deref()) {
            return Err(HttpError::Redirect {
                host: host(&request.url),
                status: read.status,
                why: "it is about another version than was asked about",
            });
        }
        match held {
            Held::Body(cached) => (answer.body, answer.etag) = (cached.body, cached.etag),
            Held::Facts(recalled) => {
                answer.body = Bytes::new();
                answer.etag = recalled.etag;
                answer.facts = Some(recalled.facts);
            }
            Held::Nothing => {
                return Err(HttpError::Redirect {
                    host: host(&request.url),
                    status: read.status,
                    why: "nothing was asked that could be unmodified",
                });
            }
        }
        return Ok(answer);
    }
    let last_modified = header(&read.headers, &LAST_MODIFIED);
    let no_store =
        header(&read.headers, &CACHE_CONTROL).is_some_and(|text| text.contains("no-store"));
    let has_tag = answer.etag.is_some() || last_modified.is_some();
    let is_whole = answer.status == StatusCode::OK && answer.is_framed;
    if keep && is_whole && !no_store && has_tag {
        let etag = answer.etag.clone();
        match request.question {
            Some(question) => {
                answer.leave = Some(Leave {
                    url: request.url.into(),
                    accept: request.accept,
                    question,
                    etag,
                    last_modified,
                });
            }
            None => {
                let fresh = Cached {
                    etag,
                    last_modified,
                    body: answer.body.clone(),
                };
                let url = request.url.as_str();
                shared.cache.store(url, &request.accept, fresh).await;
            }
        }
    }
    Ok(answer)
}

/// Tries until there is an answer that another try would not better.
async fn persist(
    shared: &Shared,
    request: &GetRequest,
    tag: Tag<'_>,
) -> Result<Transfer, HttpError> {
    let host = host(&request.url);
    let budget = Budget::new(&shared.limits);
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
            budget.credit(due);
            tokio::time::sleep(due).await;
            // Others may have been told to wait meanwhile.
            continue;
        }
        let queued = Instant::now();
        let Ok(permit) = shared.permits.acquire().await else {
            return Err(HttpError::Request { host });
        };
        budget.credit(queued.elapsed());
        let result = tokio::select! {
            biased;
            result = attempt(shared, request, tag, &budget) => result,
            () = budget.spent() => Err(HttpError::Slow {
                host: host.clone(),
                seconds: budget.total().as_secs(),
            }),
        };
        drop(permit);
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
        if !again || tried >= shared.limits.tries || budget.is_spent() {
            return result;
        }
        tokio::time::sleep(pause(shared.limits.backoff, tried)).await;
    }
}

/// Whether a 304 confirms what was asked about; it may leave the tag out. A tag's strength is no part of it here.
fn is_same_tag(asked: Option<&str>, confirmed: Option<&str>) -> bool {
    fn bare(tag: &str) -> &str {
        tag.strip_prefix("W/").unwrap_or(tag)
    }
    match (asked, confirmed) {
        (Some(asked), Some(confirmed)) => bare(asked) == bare(confirmed),
        (None, _) | (_, None) => true,
    }
}

/// The media type without its parameters.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, &CONTENT_TYPE)?;
    let bare = text.split(';').next()?.trim().to_ascii_lowercase();
    (!bare.is_empty()).then_some(bare)
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
