//! An HTTP proxy in front of one server: it logs every exchange and injects faults by rule.
//!
//! Why: what a client believes is not what a server did. Only somebody between them can tell that an upload was
//! accepted although its answer was lost.

mod conditions;
mod exchange;
mod fault;

pub use exchange::{Exchange, Log};
pub use fault::{Fault, Reply, Rule};

use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use self::conditions::Conditions;
use crate::servers::BenchError;

type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A running proxy; clone it freely.
#[derive(Clone)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    rules: fault::Rules,
    log: Log,
}

impl Proxy {
    /// Starts one in front of `upstream`, on a free loopback port, on the current runtime.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(upstream: SocketAddr) -> Result<Self, BenchError> {
        let io = |source| BenchError::Io {
            what: "starting a proxy".to_owned(),
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        let shared = Arc::new(Shared {
            upstream,
            rules: fault::Rules::default(),
            log: Log::default(),
        });
        tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL that clients use, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every exchange so far.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Adds a fault rule.
    pub fn inject(&self, rule: Rule) {
        self.shared.rules.add(rule);
    }

    /// Drops all fault rules, and cuts what was held.
    pub fn heal(&self) {
        self.shared.rules.clear();
        self.shared.log.release();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| forward(shared.clone(), request));
            // An error here is a connection that a fault cut, or that the client dropped.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Cutting the connection is hyper's answer to a service that fails.
#[derive(Debug, thiserror::Error)]
#[error("the proxy cuts the connection")]
struct Cut;

/// The exchange goes on when the client is gone: what the server then does is what the log is for.
async fn forward(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    tokio::spawn(exchange(shared, request))
        .await
        .unwrap_or(Err(Cut))
}

async fn exchange(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, Cut> {
    let mut exchange = Exchange::begin(&request);
    let fault = shared.rules.take(&exchange.method, &exchange.path);
    match fault {
        Some(Fault::RefuseBefore(status)) => {
            exchange.answered = Some(status);
            shared.log.add(exchange);
            return Ok(plain(status));
        }
        Some(Fault::Answer(reply)) => {
            exchange.answered = Some(reply.status);
            shared.log.add(exchange);
            return Ok(answer_of(reply));
        }
        Some(Fault::Trickle(pause)) => {
            exchange.answered = Some(200);
            shared.log.add(exchange);
            return Ok(Response::new(trickling(pause)));
        }
        Some(Fault::CutBefore) => {
            shared.log.add(exchange);
            return Err(Cut);
        }
        Some(Fault::HoldBefore) => {
            shared.log.add(exchange);
            shared.log.stall().await;
            return Err(Cut);
        }
        Some(
            Fault::StallUpload { .. }
            | Fault::PauseBefore
            | Fault::HoldAfter
            | Fault::LoseResponse
            | Fault::AnswerAfter(_)
            | Fault::AnswerInstead(_)
            | Fault::AlterAnswer
            | Fault::Delay(_)
            | Fault::ForgetConditions
            | Fault::LookFirst(_),
        )
        | None => {}
    }
    if let Some(Fault::Delay(delay)) = fault {
        tokio::time::sleep(delay).await;
    }
    if fault == Some(Fault::PauseBefore) {
        shared.log.stall().await;
    }
    let (mut parts, body) = request.into_parts();
    let conditions = match fault {
        Some(Fault::ForgetConditions | Fault::LookFirst(_)) => Conditions::take(&mut parts.headers),
        _ => Conditions::default(),
    };
    if let Some(Fault::LookFirst(gap)) = fault {
        if !conditions.hold(shared.upstream, &parts).await {
            exchange.answered = Some(412);
            shared.log.add(exchange);
            return Ok(plain(412));
        }
        tokio::time::sleep(gap).await;
    }
    let body = match fault {
        Some(Fault::StallUpload { after }) => stalling(body, after, shared.log.clone()),
        _ => body.map_err(Into::into).boxed_unsync(),
    };
    let answer = match send(shared.upstream, Request::from_parts(parts, body)).await {
        Ok(answer) => answer,
        Err(error) => {
            exchange.error = Some(error.to_string());
            shared.log.add(exchange);
            return Err(Cut);
        }
    };
    exchange.upstream = Some(answer.status().as_u16());
    exchange.violations = answer
        .headers()
        .get("sl-violations")
        .map(|found| String::from_utf8_lossy(found.as_bytes()).into_owned());
    match fault {
        Some(Fault::LoseResponse) => {
            shared.log.add(exchange);
            Err(Cut)
        }
        Some(Fault::HoldAfter) => {
            shared.log.add(exchange);
            shared.log.stall().await;
            Err(Cut)
        }
        Some(Fault::AnswerAfter(status)) => {
            exchange.answered = Some(status);
            shared.log.add(exchange);
            Ok(plain(status))
        }
        Some(Fault::AnswerInstead(reply)) => {
            exchange.answered = Some(reply.status);
            shared.log.add(exchange);
            Ok(answer_of(reply))
        }
        Some(Fault::AlterAnswer) => {
            exchange.answered = exchange.upstream;
            shared.log.add(exchange);
            altered(answer).await
        }
        _ => {
            exchange.answered = exchange.upstream;
            shared.log.add(exchange);
            Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
        }
    }
}

/// The same answer with another last byte.
async fn altered(answer: Response<Incoming>) -> Result<Response<Body>, Cut> {
    let (parts, body) = answer.into_parts();
    let mut bytes = body.collect().await.map_err(|_| Cut)?.to_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    let body = Full::new(Bytes::from(bytes)).map_err(|never: Infallible| match never {});
    Ok(Response::from_parts(parts, body.boxed_unsync()))
}

fn plain(status: u16) -> Response<Body> {
    answer_of(&Reply {
        status,
        headers: Vec::new(),
        body: "{\"error\":\"injected\"}".to_owned(),
    })
}

fn answer_of(reply: &Reply) -> Response<Body> {
    let body =
        Full::new(Bytes::from(reply.body.clone())).map_err(|never: Infallible| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &reply.headers {
        if let Ok(value) = http::HeaderValue::from_str(value) {
            response.headers_mut().insert(*name, value);
        }
    }
    response
}

/// A body that goes on for ever, one byte at a time.
fn trickling(pause: std::time::Duration) -> Body {
    let stream = futures_util::stream::unfold((), move |()| async move {
        tokio::time::sleep(pause).await;
        Some((Ok(Frame::data(Bytes::from_static(b" "))), ()))
    });
    StreamBody::new(stream).boxed_unsync()
}

/// Lets exactly `after` bytes through, tells the log, and goes no further: the client is to be killed meanwhile.
fn stalling(body: Incoming, after: u64, log: Log) -> Body {
    let frames = body.into_data_stream();
    let stream = futures_util::stream::unfold((frames, after), move |(mut frames, left)| {
        let log = log.clone();
        async move {
            if left == 0 {
                log.stall().await;
                let cut: Box<dyn std::error::Error + Send + Sync> = Box::new(Cut);
                return Some((Err(cut), (frames, left)));
            }
            let frame = match frames.next().await? {
                Ok(bytes) => {
                    let cut = bytes.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    Ok(bytes.slice(..cut))
                }
                Err(error) => Err(error),
            };
            let passed = frame.as_ref().map_or(0, |bytes| bytes.len() as u64);
            Some((
                frame.map(Frame::data).map_err(Into::into),
                (frames, left - passed),
            ))
        }
    });
    StreamBody::new(stream).boxed_unsync()
}

async fn send(
    upstream: SocketAddr,
    request: Request<Body>,
) -> Result<Response<Incoming>, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(upstream).await?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        let _ = connection.await;
    });
    Ok(sender.send_request(request).await?)
}

/// One plain request, for setting servers up and for looking at them past the proxy's rules.
///
/// # Errors
/// When the server cannot be reached or its answer cannot be read.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
) -> Result<(u16, Vec<u8>), BenchError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| BenchError::Tool {
        what: format!("{method} {path}"),
        detail: error.to_string(),
    };
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", address.to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body))
        .map_err(|never: Infallible| match never {})
        .boxed_unsync();
    let request = request.body(body).map_err(|error| failed(error.into()))?;
    let answer = send(address, request).await.map_err(failed)?;
    let status = answer.status().as_u16();
    let bytes = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| failed(error.into()))?
        .to_bytes();
    Ok((status, bytes.to_vec()))
}
