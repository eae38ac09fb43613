//! One try of a read: redirects followed by hand, the body bounded, silence noticed.

use bytes::{Bytes, BytesMut};
use relplan_model::observation::Freshness;
use reqwest::{
    Response, StatusCode,
    header::{
        ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue,
        IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, WWW_AUTHENTICATE,
    },
};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;
use url::Url;

use super::{GetRequest, HttpError, Shared, cache::Cached, host};

/// How many redirects are followed.
const HOPS: usize = 5;

/// One complete transfer.
pub(super) struct Transfer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) url: Url,
}

/// One try, redirects included.
pub(super) async fn attempt(
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
        let response = ask(shared, request, &url, headers).await?;
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
    if request.raw {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
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

async fn ask(
    shared: &Shared,
    request: &GetRequest,
    url: &Url,
    headers: HeaderMap,
) -> Result<Response, HttpError> {
    let client = shared.client(request.raw).await;
    let client = client.map_err(|error| failure(url, error))?;
    let sent = client.get(url.clone()).headers(headers).send();
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
