//! One try of a read: redirects followed by hand, the body bounded, silence noticed.

use bytes::{Bytes, BytesMut};
use relplan_model::observation::Freshness;
use reqwest::{
    Response, StatusCode, Version,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH,
        HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION,
        TRANSFER_ENCODING, WWW_AUTHENTICATE,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use url::Url;

use super::{GetRequest, HttpError, Shared, budget::Budget, host, plain::PlainError};

/// How many redirects are followed.
const HOPS: usize = 5;

/// What an unchanged document is known by.
#[derive(Clone, Copy)]
pub(super) struct Tag<'a> {
    /// The entity tag.
    pub(super) etag: Option<&'a str>,
    /// The date, where there is no tag.
    pub(super) last_modified: Option<&'a str>,
}

/// One complete transfer.
pub(super) struct Transfer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Whether the body came with a length or in chunks, so that a missing end would have been noticed.
    pub(super) is_framed: bool,
    pub(super) url: Url,
}

/// One try, redirects included.
pub(super) async fn attempt(
    shared: &Shared,
    request: &GetRequest,
    tag: Tag<'_>,
    budget: &Budget,
) -> Result<Transfer, HttpError> {
    let mut url = request.url.clone();
    let mut authorization = request.authorization.as_ref();
    for _ in 0..HOPS {
        let headers = headers(request, authorization, tag)
            .ok_or_else(|| HttpError::Request { host: host(&url) })?;
        let transfer = exchange(shared, request, &url, headers, budget).await?;
        if !is_redirect(transfer.status) {
            return Ok(transfer);
        }
        let next = target(&url, &transfer)?;
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
    tag: Tag<'_>,
) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_str(&request.accept).ok()?);
    if let Some(secret) = authorization {
        let mut value = HeaderValue::from_str(secret.expose_secret()).ok()?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    if request.raw {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    }
    if request.freshness == Freshness::Authoritative {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    if let Some(etag) = tag.etag {
        headers.insert(IF_NONE_MATCH, HeaderValue::from_str(etag).ok()?);
    } else if let Some(date) = tag.last_modified {
        headers.insert(IF_MODIFIED_SINCE, HeaderValue::from_str(date).ok()?);
    }
    Some(headers)
}

/// The statuses that name another place for the same thing. 300 leaves a choice, and nobody is there to take it.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// One request and its whole answer; of a redirect the general client reads no body.
async fn exchange(
    shared: &Shared,
    request: &GetRequest,
    url: &Url,
    headers: HeaderMap,
    budget: &Budget,
) -> Result<Transfer, HttpError> {
    if shared.plain.takes(url) {
        match shared
            .plain
            .get(url, &headers, request.raw, &shared.limits, budget)
            .await
        {
            Ok(whole) => {
                return Ok(Transfer {
                    is_framed: has_length(&whole.headers),
                    status: whole.status,
                    headers: whole.headers,
                    body: whole.body,
                    url: url.clone(),
                });
            }
            // The general client can decode what it is sent.
            Err(PlainError::Encoded) => {}
            Err(error) => return Err(plain_failure(url, error, shared.limits.body)),
        }
    }
    let response = ask(shared, request.raw, url, headers.clone()).await?;
    if is_redirect(response.status()) {
        return Ok(Transfer {
            status: response.status(),
            headers: response.headers().clone(),
            body: Bytes::new(),
            is_framed: true,
            url: url.clone(),
        });
    }
    if !request.raw && !is_framed(&response) {
        // Decoding takes the length out of the headers, so that it is asked for once more as it is.
        let plain = ask(shared, true, url, identity(headers)).await?;
        return read(shared, url.clone(), plain, budget).await;
    }
    read(shared, url.clone(), response, budget).await
}

fn has_length(headers: &HeaderMap) -> bool {
    headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING)
}

/// Whether a cut body would be noticed. HTTP/2 marks the end of every body; in HTTP/1 the close of the connection may
/// be all there is.
fn is_framed(response: &Response) -> bool {
    let closes = header(response.headers(), &CONNECTION)
        .is_some_and(|text| text.to_ascii_lowercase().contains("close"));
    let is_old = response.version() < Version::HTTP_11;
    has_length(response.headers())
        || response.version() > Version::HTTP_11
        || !(closes || is_old)
        || matches!(response.status().as_u16(), 204 | 304)
}

fn identity(mut headers: HeaderMap) -> HeaderMap {
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers
}

fn plain_failure(url: &Url, error: PlainError, limit: usize) -> HttpError {
    let host = host(url);
    match error {
        PlainError::Connect(error) => HttpError::Connect {
            host,
            source: error.into(),
        },
        PlainError::Silent(time) => HttpError::Silent {
            host,
            seconds: time.as_secs(),
        },
        PlainError::Broken(error) => HttpError::Broken {
            host,
            source: error.into(),
        },
        PlainError::TooLarge => HttpError::TooLarge { host, limit },
        PlainError::Request | PlainError::Encoded => HttpError::Request { host },
    }
}

async fn ask(
    shared: &Shared,
    raw: bool,
    url: &Url,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let sent = shared.client(raw)?.get(url.clone()).headers(headers).send();
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
        HttpError::Connect {
            host,
            source: source.into(),
        }
    } else if source.is_builder() {
        HttpError::Request { host }
    } else {
        HttpError::Broken {
            host,
            source: source.into(),
        }
    }
}

/// Where a redirect leads, if it may be followed.
fn target(from: &Url, redirect: &Transfer) -> Result<Url, HttpError> {
    let refuse = |why| HttpError::Redirect {
        host: host(from),
        status: redirect.status,
        why,
    };
    let location =
        header(&redirect.headers, &LOCATION).ok_or_else(|| refuse("it names no place"))?;
    let next = from
        .join(&location)
        .map_err(|_| refuse("its place is not a URL"))?;
    match (from.scheme(), next.scheme()) {
        ("http", "http") | (_, "https") => Ok(next),
        _ => Err(refuse("it leaves HTTPS")),
    }
}

async fn read(
    shared: &Shared,
    url: Url,
    mut response: Response,
    budget: &Budget,
) -> Result<Transfer, HttpError> {
    let limit = shared.limits.body;
    let is_framed = is_framed(&response);
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
                budget.received(chunk.len());
                body.extend_from_slice(&chunk);
            }
            Ok(Ok(None)) => break,
            Ok(Err(error)) => {
                return Err(HttpError::Broken {
                    host: host(&url),
                    source: error.without_url().into(),
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
        is_framed,
        url,
    })
}

pub(super) fn header(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
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
