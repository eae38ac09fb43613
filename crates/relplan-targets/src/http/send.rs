//! Writing: attempted once, streamed, watched for silence; afterwards it is known whether anything can have happened.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use relplan_model::port::Outcome;
use reqwest::{
    Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use url::Url;

use super::{Shared, get::media_type, host, pace::retry_after, text, transfer::challenge};

/// The most that is read of an answer to a write, in bytes.
const ANSWER: usize = 64 << 10;

/// How many bytes of a body are read at a time.
const BLOCK: usize = 64 << 10;

/// How many bytes a second a registry must take of a body at least.
const UPLOAD_RATE: u64 = 8 << 10;

/// What to send.
pub struct SendRequest {
    /// The method.
    pub method: Method,
    /// Where.
    pub url: Url,
    /// Further headers, such as the content type. Those marked as sensitive are kept out of the answer's text.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The whole value of the `authorization` header, scheme included.
    pub authorization: Option<SecretString>,
    /// The body.
    pub body: Body,
}

/// The body of a write.
pub enum Body {
    /// None.
    Empty,
    /// Bytes in memory.
    Bytes(Bytes),
    /// A stream of exactly `length` bytes. Memory does not grow with its length.
    Read {
        /// How many bytes the reader yields.
        length: u64,
        /// Read on a thread of its own; when it fails, the request is broken off and cannot become complete.
        reader: Box<dyn Read + Send>,
    },
}

impl Body {
    fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Read { length, .. } => *length,
        }
    }
}

/// The answer to a write.
#[derive(Debug, Clone)]
pub struct SendAnswer {
    /// The status.
    pub status: StatusCode,
    /// The `www-authenticate` challenges, joined.
    pub challenge: Option<String>,
    /// How long the registry asks to wait.
    pub retry_after: Option<Duration>,
    /// The media type of the body as the registry calls it, without its parameters, in lower case.
    pub media_type: Option<String>,
    /// The body's first 64 KiB as text, without the request's credential.
    pub text: String,
}

/// Why there is no answer to a write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// No byte reached the registry.
    #[error("nothing was sent: {reason}")]
    NotSent {
        /// Why.
        reason: String,
    },
    /// The host had asked for patience, for longer than is waited here. Nothing was sent.
    #[error("the registry asked to wait {} s", wait.as_secs())]
    Paced {
        /// For how long from now.
        wait: Duration,
    },
    /// The registry may have seen some or all of it.
    #[error("no trustworthy answer: {reason}")]
    Unknown {
        /// What was seen.
        reason: String,
    },
}

impl SendError {
    /// How an attempt ends that met this.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            // A registry that cannot be reached now is one to come back to; nothing has happened.
            Self::NotSent { reason } => Outcome::Later {
                wait: Duration::from_secs(5),
                reason: reason.clone(),
            },
            Self::Paced { wait } => Outcome::Later {
                wait: *wait,
                reason: self.to_string(),
            },
            Self::Unknown { reason } => Outcome::Unknown {
                reason: reason.clone(),
            },
        }
    }
}

impl SendAnswer {
    /// The status and the registry's words in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let words = text::excerpt(self.text.as_bytes(), None);
        match (self.status.canonical_reason(), words.as_str()) {
            (Some(reason), "") => format!("{} {reason}", self.status.as_str()),
            (Some(reason), words) => format!("{} {reason}: {words}", self.status.as_str()),
            (None, words) => format!("{} {words}", self.status.as_str()),
        }
    }

    /// Whether the registry itself says why not: in a document or page of its own, rather than by a bare status that
    /// anything on the way may have put there.
    #[must_use]
    pub fn is_explained(&self) -> bool {
        let is_text = self.media_type.as_deref().is_some_and(|media_type| {
            media_type.starts_with("text/") || text::is_json(Some(media_type))
        });
        is_text && !self.text.trim().is_empty()
    }

    /// How the attempt ended, by the status alone (design §8). In doubt it is unknown: the walk asks the registry, and
    /// tries again where nothing came of it. After a definite no the walk looks once and leaves it at that.
    ///
    /// Why: 403 and 409 are seen for uploads that in fact succeeded. A 402 or 403 that gives its reason is a no all the
    /// same, unless the reason is that something is there already; 409 never is one. The words of an answer only send
    /// doubtful ones to the read-back, and never call an upload done (law L4).
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let reason = self.summary();
        match self.status.as_u16() {
            200..=299 => Outcome::Accepted,
            401 => Outcome::Refused {
                reason,
                credential: true,
            },
            429 => Outcome::Later {
                wait: self.retry_after.unwrap_or(Duration::from_secs(30)),
                reason,
            },
            400 | 422 if hints_at_presence(&self.text) => Outcome::Unknown { reason },
            status @ (402 | 403) if self.is_explained() && !says_taken(&self.text) => {
                Outcome::Refused {
                    reason,
                    credential: status == 403,
                }
            }
            300..=399 | 400 | 404 | 405 | 406 | 410 | 411 | 413 | 414 | 415 | 422 | 431 | 451 => {
                Outcome::Refused {
                    reason,
                    credential: false,
                }
            }
            _ => Outcome::Unknown { reason },
        }
    }
}

/// Whether the words of an answer may mean that what was sent is there already. What "does not exist" is something that
/// the upload lacks (PyPI: "License-File LICENSE does not exist in distribution file").
#[must_use]
pub fn hints_at_presence(text: &str) -> bool {
    let lacking = [
        "not exist",
        "n't exist",
        "no longer exist",
        "non-exist",
        "nonexist",
    ];
    let text = lacking
        .iter()
        .fold(text.to_lowercase(), |text, words| text.replace(words, ""));
    says_taken(&text)
        || ["exist", "duplicate", "conflict", "allow updating"]
            .iter()
            .any(|word| text.contains(word))
}

/// The narrower question, for answers that mostly mean a permission: those speak of crates that "exist" and of
/// "non-existent" credentials.
fn says_taken(text: &str) -> bool {
    let text = text.to_lowercase();
    ["already", "previously", "publish over", "overwrit"]
        .iter()
        .any(|word| text.contains(word))
}

/// How an attempt ended that was one write.
#[must_use]
pub fn settle(result: &Result<SendAnswer, SendError>) -> Outcome {
    match result {
        Ok(answer) => answer.outcome(),
        Err(error) => error.outcome(),
    }
}

pub(super) async fn send(
    shared: &Shared,
    request: SendRequest,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<SendAnswer, SendError> {
    let host = host(&request.url);
    let due = shared.pace.due(&host);
    if due > shared.limits.patience {
        return Err(SendError::Paced { wait: due });
    }
    tokio::time::sleep(due).await;
    let not_sent = |reason: &str| SendError::NotSent {
        reason: reason.to_owned(),
    };
    let Ok(_permit) = shared.permits.acquire().await else {
        return Err(not_sent("relplan is ending"));
    };
    let secrets = secrets(&request);
    let headers = headers(&request).ok_or_else(|| not_sent("a header cannot be written"))?;
    let total = request.body.length();
    let sent = Arc::new(AtomicU64::new(0));
    let body = stream(request.body, Arc::clone(&sent));
    let general = shared
        .general()
        .map_err(|error| not_sent(&error.to_string()))?;
    let call = general
        .request(request.method, request.url)
        .headers(headers)
        .body(body)
        .send();
    let response = tokio::select! {
        biased;
        response = call => response.map_err(|error| failure(&host, error))?,
        reason = watch(shared, &sent, total, progress) => {
            return Err(SendError::Unknown { reason: format!("{host} {reason}") });
        }
    };
    progress(sent.load(Ordering::Relaxed), total);
    let answer = read(shared, &host, response, &secrets).await?;
    if let Some(wait) = answer.retry_after
        && matches!(answer.status.as_u16(), 429 | 503)
    {
        shared.pace.defer(&host, wait);
    }
    Ok(answer)
}

/// What the answer's text must not repeat: the credential and the headers marked as sensitive.
fn secrets(request: &SendRequest) -> Vec<SecretString> {
    let marked = request.headers.iter().map(|(_, value)| value);
    let marked = marked
        .filter(|value| value.is_sensitive())
        .filter_map(|value| Some(SecretString::from(value.to_str().ok()?.to_owned())));
    request
        .authorization
        .iter()
        .cloned()
        .chain(marked)
        .collect()
}

fn headers(request: &SendRequest) -> Option<HeaderMap> {
    let mut headers: HeaderMap = request.headers.iter().cloned().collect();
    if let Some(secret) = &request.authorization {
        let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    // Without it a streamed body would go out in chunks, which registries refuse or keep in memory.
    if let Body::Read { length, .. } = &request.body {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(*length));
    }
    Some(headers)
}

fn failure(host: &str, error: reqwest::Error) -> SendError {
    let error = error.without_url();
    let reason = format!("{host}: {}", text::reason(&error));
    if error.is_connect() || error.is_builder() {
        SendError::NotSent { reason }
    } else {
        SendError::Unknown { reason }
    }
}

/// Tells of progress, and returns when there has been none for too long.
async fn watch(
    shared: &Shared,
    sent: &AtomicU64,
    total: u64,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
) -> String {
    let mut seen = 0;
    let begun = Instant::now();
    let mut since = begun;
    let limits = &shared.limits;
    let most = limits.connect
        + limits.idle
        + limits.answer
        + Duration::from_secs(total.div_ceil(UPLOAD_RATE));
    loop {
        if begun.elapsed() >= most {
            return format!("did not take it in full within {} s", most.as_secs());
        }
        let limit = if seen < total {
            shared.limits.connect + shared.limits.idle
        } else {
            shared.limits.answer
        };
        tokio::time::sleep(limit.min(Duration::from_millis(200))).await;
        let current = sent.load(Ordering::Relaxed);
        if current != seen {
            seen = current;
            since = Instant::now();
            progress(current, total);
        } else if since.elapsed() >= limit {
            return format!("was silent for {} s", limit.as_secs());
        }
    }
}

fn stream(body: Body, sent: Arc<AtomicU64>) -> reqwest::Body {
    let (length, reader) = match body {
        Body::Empty => return reqwest::Body::from(Bytes::new()),
        Body::Bytes(bytes) => {
            sent.store(bytes.len() as u64, Ordering::Relaxed);
            return reqwest::Body::from(bytes);
        }
        Body::Read { length, reader } => (length, reader),
    };
    let (sender, receiver) = mpsc::channel(4);
    // Reading ends with the request: a send to a dropped receiver fails.
    drop(tokio::task::spawn_blocking(move || {
        pump(length, reader, &sender)
    }));
    let chunks = futures_util::stream::unfold((receiver, sent), async |(mut receiver, sent)| {
        let chunk: io::Result<Bytes> = receiver.recv().await?;
        if let Ok(bytes) = &chunk {
            sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
        Some((chunk, (receiver, sent)))
    });
    reqwest::Body::wrap_stream(chunks)
}

/// Reads blocks and hands them over; the last block only once the reader has ended where it should.
fn pump(length: u64, reader: Box<dyn Read + Send>, sender: &mpsc::Sender<io::Result<Bytes>>) {
    let mut reader = reader;
    let mut remaining = length;
    while remaining > 0 {
        let wanted = remaining.min(BLOCK as u64);
        let mut block = Vec::with_capacity(BLOCK);
        let result = (&mut reader)
            .take(wanted)
            .read_to_end(&mut block)
            .and_then(|count| {
                if (count as u64) < wanted {
                    Err(io::Error::from(io::ErrorKind::UnexpectedEof))
                } else {
                    Ok(Bytes::from(block))
                }
            });
        let failed = result.is_err();
        if sender.blocking_send(result).is_err() || failed {
            return;
        }
        remaining -= wanted;
    }
}

async fn read(
    shared: &Shared,
    host: &str,
    mut response: Response,
    secrets: &[SecretString],
) -> Result<SendAnswer, SendError> {
    let status = response.status();
    let mut body = Vec::new();
    let end = Instant::now() + shared.limits.look;
    while body.len() < ANSWER {
        let left = end.saturating_duration_since(Instant::now());
        match timeout(shared.limits.idle.min(left), response.chunk()).await {
            Ok(Ok(Some(chunk))) => body.extend_from_slice(&chunk),
            Ok(Ok(None)) => break,
            // The status of an error is worth more than the rest of its words; a success must be complete.
            _ if !status.is_success() => break,
            Ok(Err(error)) => return Err(failure(host, error)),
            Err(_) => {
                return Err(SendError::Unknown {
                    reason: format!("the answer of {host} broke off"),
                });
            }
        }
    }
    body.truncate(ANSWER);
    Ok(SendAnswer {
        status,
        challenge: challenge(response.headers()),
        retry_after: retry_after(response.headers()),
        media_type: media_type(response.headers()),
        text: secrets.iter().fold(
            String::from_utf8_lossy(&body).into_owned(),
            |text, secret| text::redact(&text, Some(secret)),
        ),
    })
}
