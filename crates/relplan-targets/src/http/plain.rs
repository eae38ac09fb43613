//! Reading over plain HTTP/1.1: connections of our own, each driven by the request that uses it.
//!
//! Invariant: there are never more connections to a host than requests under way, and one that ended in any other way
//! than with a whole answer is not used again.
//! Why: a general pool opens a connection for a request that then gets another's, and hands every piece of an answer
//! from task to task. Against a registry nearby (a mirror, a cache in CI) that costs more than reading does. TLS and
//! proxies stay with the general client.

use std::{
    collections::BTreeMap,
    future::poll_fn,
    io,
    pin::{Pin, pin},
    sync::{Mutex, OnceLock, PoisonError},
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HOST, USER_AGENT},
};
use http_body_util::{BodyExt as _, Empty};
use hyper::{
    body::Incoming,
    client::conn::http1::{Builder, Connection, SendRequest},
};
use hyper_util::{client::proxy::matcher::Matcher, rt::TokioIo};
use tokio::{net::TcpStream, time::timeout};
use url::{Position, Url};

use super::{AGENT, Limits, budget::Budget};

/// How much is read at once, in bytes: an ordinary document with its headers.
const PIECE: usize = 32 << 10;

/// The largest body for which room is made because the answer announces it, in bytes.
const ANNOUNCED: usize = 1 << 20;

/// The connections that are free, by host and port.
#[derive(Default)]
pub(super) struct Plain {
    proxies: OnceLock<Matcher>,
    free: Mutex<BTreeMap<String, Vec<Lane>>>,
}

/// One connection.
struct Lane {
    sender: SendRequest<Empty<Bytes>>,
    /// What moves the connection; `None` once it has ended.
    wire: Option<Wire>,
}

type Wire = Pin<Box<Connection<TokioIo<TcpStream>, Empty<Bytes>>>>;

/// A whole answer.
pub(super) struct Whole {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why there is none.
pub(super) enum PlainError {
    /// No connection came about.
    Connect(io::Error),
    /// The host was silent for this long.
    Silent(Duration),
    /// The transfer broke off, or was not understood.
    Broken(hyper::Error),
    /// The body is larger than what is read.
    TooLarge,
    /// The request cannot be written as HTTP.
    Request,
    /// The body is encoded, although it was asked for as it is.
    Encoded,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Plain")
    }
}

impl Plain {
    /// Whether a URL is read in here: plain HTTP that no configured proxy takes.
    pub(super) fn takes(&self, url: &Url) -> bool {
        url.scheme() == "http"
            && url.as_str().parse().is_ok_and(|uri| {
                let proxies = self.proxies.get_or_init(Matcher::from_system);
                proxies.intercept(&uri).is_none()
            })
    }

    /// Reads a document; a `raw` one is taken as it is stored, whatever the answer says of its encoding.
    pub(super) async fn get(
        &self,
        url: &Url,
        headers: &HeaderMap,
        raw: bool,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Whole, PlainError> {
        let host = url.host_str().ok_or(PlainError::Request)?;
        let port = url.port_or_known_default().ok_or(PlainError::Request)?;
        let place = format!("{host}:{port}");
        loop {
            let request = request(url, headers).ok_or(PlainError::Request)?;
            let free = self.take(&place);
            let was_free = free.is_some();
            let mut lane = match free {
                Some(lane) => lane,
                None => Lane::open(host, port, limits.connect).await?,
            };
            let bound = limits.connect + limits.idle;
            match timeout(bound, lane.ask(request)).await {
                Ok(Ok(response)) => {
                    let whole = lane.read(response, raw, limits, budget).await?;
                    self.put_back(place, lane);
                    return Ok(whole);
                }
                // It was closed while it was free, and the request has not left.
                Ok(Err(None)) if was_free => {}
                Ok(Err(None)) => return Err(PlainError::Connect(closed())),
                Ok(Err(Some(error))) => return Err(PlainError::Broken(error)),
                Err(_) => return Err(PlainError::Silent(bound)),
            }
        }
    }

    fn take(&self, place: &str) -> Option<Lane> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        free.get_mut(place)?.pop()
    }

    fn put_back(&self, place: String, lane: Lane) {
        if lane.wire.is_some() && !lane.sender.is_closed() {
            let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
            free.entry(place).or_default().push(lane);
        }
    }
}

impl Lane {
    async fn open(host: &str, port: u16, bound: Duration) -> Result<Self, PlainError> {
        let stream = connect(host, port, bound)
            .await
            .map_err(PlainError::Connect)?;
        // Requests are written whole; where this is refused they only leave later.
        let _ = stream.set_nodelay(true);
        let (sender, wire) = Builder::new()
            .read_buf_exact_size(Some(PIECE))
            .handshake(TokioIo::new(stream))
            .await
            .map_err(PlainError::Broken)?;
        Ok(Self {
            sender,
            wire: Some(Box::pin(wire)),
        })
    }

    /// Sends the request; the error is `None` if it has not left.
    async fn ask(
        &mut self,
        request: Request<Empty<Bytes>>,
    ) -> Result<Response<Incoming>, Option<hyper::Error>> {
        let ready = poll_fn(|context| self.sender.poll_ready(context));
        drive(&mut self.wire, ready).await.map_err(|_| None)?;
        let answer = self.sender.try_send_request(request);
        drive(&mut self.wire, answer).await.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            (!unsent).then(|| error.into_error())
        })
    }

    async fn read(
        &mut self,
        response: Response<Incoming>,
        raw: bool,
        limits: &Limits,
        budget: &Budget,
    ) -> Result<Whole, PlainError> {
        let (head, mut incoming) = response.into_parts();
        let encoding = head.headers.get(CONTENT_ENCODING);
        if !raw && encoding.is_some_and(|encoding| encoding != "identity") {
            return Err(PlainError::Encoded);
        }
        let announced = head
            .headers
            .get(CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
            .unwrap_or_default();
        let mut first = Bytes::new();
        let mut body = BytesMut::new();
        loop {
            let next = drive(&mut self.wire, incoming.frame());
            let Ok(next) = timeout(limits.idle, next).await else {
                return Err(PlainError::Silent(limits.idle));
            };
            let Some(frame) = next else { break };
            let Ok(piece) = frame.map_err(PlainError::Broken)?.into_data() else {
                continue;
            };
            if first.len().max(body.len()).saturating_add(piece.len()) > limits.body {
                return Err(PlainError::TooLarge);
            }
            budget.received(piece.len());
            // Most bodies come in one piece, which is then not copied.
            if first.is_empty() && body.is_empty() {
                first = piece;
                continue;
            }
            if body.is_empty() {
                body.reserve(announced.min(ANNOUNCED).max(first.len() + piece.len()));
                body.extend_from_slice(&first);
            }
            body.extend_from_slice(&piece);
        }
        let body = if body.is_empty() {
            first
        } else {
            body.freeze()
        };
        Ok(Whole {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}

/// Waits for something that happens on a connection, and moves the connection meanwhile.
async fn drive<F: Future>(wire: &mut Option<Wire>, event: F) -> F::Output {
    let mut event = pin!(event);
    poll_fn(|context| {
        if let Poll::Ready(happened) = event.as_mut().poll(context) {
            return Poll::Ready(happened);
        }
        // How the connection ended is told by what is waited for.
        if let Some(moved) = wire
            && moved.as_mut().poll(context).is_ready()
        {
            *wire = None;
        }
        event.as_mut().poll(context)
    })
    .await
}

/// Connects to the first address that answers; the addresses share the time.
async fn connect(host: &str, port: u16, bound: Duration) -> io::Result<TcpStream> {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let addresses: Vec<_> = timeout(bound, tokio::net::lookup_host((host, port)))
        .await??
        .collect();
    let each = bound / u32::try_from(addresses.len().max(1)).unwrap_or(u32::MAX);
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

fn closed() -> io::Error {
    io::Error::new(
        io::ErrorKind::ConnectionReset,
        "the connection was closed before anything was sent",
    )
}

fn request(url: &Url, headers: &HeaderMap) -> Option<Request<Empty<Bytes>>> {
    let mut request = Request::new(Empty::new());
    *request.method_mut() = Method::GET;
    *request.uri_mut() = url[Position::BeforePath..Position::AfterQuery]
        .parse()
        .ok()?;
    let all = request.headers_mut();
    *all = headers.clone();
    let host = &url[Position::BeforeHost..Position::AfterPort];
    all.insert(HOST, HeaderValue::from_str(host).ok()?);
    all.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    all.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Some(request)
}

#[cfg(test)]
mod tests;
