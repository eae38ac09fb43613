//! A stand-in npm registry for benchmarks: documents in memory, entity tags, publishes, and a latency of choice.
//!
//! Why: verdaccio is one JavaScript process, and a benchmark against it measures verdaccio. It is no registry for tests:
//! it checks nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::servers::BenchError;

/// A running stand-in.
#[derive(Clone)]
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    documents: Mutex<BTreeMap<String, Document>>,
    latency: Duration,
    requests: AtomicU64,
    connections: Mutex<BTreeSet<SocketAddr>>,
}

#[derive(Clone)]
struct Document {
    body: Bytes,
    etag: String,
}

impl StandIn {
    /// Starts one on a free loopback port; every answer comes `latency` later.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(latency: Duration) -> Result<Self, BenchError> {
        let io = |source| BenchError::Io {
            what: "starting the stand-in".to_owned(),
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        let shared = Arc::new(Shared {
            documents: Mutex::default(),
            latency,
            requests: AtomicU64::new(0),
            connections: Mutex::default(),
        });
        tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared })
    }

    /// Its URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a package with `versions` published versions there, the newest of which is `latest`; its document has about
    /// `bytes` bytes.
    pub fn add(&self, name: &str, versions: &[String], bytes: usize) {
        let filler = "x".repeat(bytes / versions.len().max(1));
        let entries: serde_json::Map<String, serde_json::Value> = versions
            .iter()
            .map(|version| {
                let digest = "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==";
                let entry = serde_json::json!({
                    "name": name, "version": version, "description": filler,
                    "dist": { "integrity": format!("sha512-{digest}"), "shasum": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                              "tarball": format!("{}/{name}/-/{name}-{version}.tgz", self.url()) },
                });
                (version.clone(), entry)
            })
            .collect();
        let document = serde_json::json!({ "name": name, "dist-tags": { "latest": versions.last() }, "versions": entries });
        lock(&self.shared.documents)
            .insert(name.to_owned(), Document::of(document.to_string().into()));
    }

    /// Requests answered since the last call.
    #[must_use]
    pub fn take_requests(&self) -> u64 {
        self.shared.requests.swap(0, Ordering::Relaxed)
    }

    /// Connections made since the last call.
    #[must_use]
    pub fn take_connections(&self) -> usize {
        std::mem::take(&mut *lock(&self.shared.connections)).len()
    }

    /// Forgets all packages.
    pub fn clear(&self) {
        lock(&self.shared.documents).clear();
    }
}

impl Document {
    fn of(body: Bytes) -> Self {
        let etag = format!("\"{}\"", relplan_model::digest::Sha256::of(&body).short());
        Self { body, etag }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, peer)) = listener.accept().await {
        let shared = shared.clone();
        lock(&shared.connections).insert(peer);
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let service =
                hyper::service::service_fn(move |request| answer(shared.clone(), request));
            // A connection that the client drops is the client's business.
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let method = request.method().clone();
    let path = request
        .uri()
        .path()
        .trim_start_matches('/')
        .replace("%2f", "/")
        .replace("%2F", "/");
    let known = request
        .headers()
        .get("if-none-match")
        .and_then(|tag| tag.to_str().ok())
        .map(str::to_owned);
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    tokio::time::sleep(shared.latency).await;
    shared.requests.fetch_add(1, Ordering::Relaxed);
    let plain = |status: StatusCode, body: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(body.as_bytes())));
        *response.status_mut() = status;
        let json = http::HeaderValue::from_static("application/json");
        response.headers_mut().insert("content-type", json);
        response
    };
    if method == Method::PUT {
        publish(&shared, &path, &body);
        return Ok(plain(StatusCode::CREATED, "{\"ok\":true}"));
    }
    if path == "-/whoami" {
        return Ok(plain(StatusCode::OK, "{\"username\":\"bench\"}"));
    }
    let Some(document) = lock(&shared.documents).get(&path).cloned() else {
        return Ok(plain(StatusCode::NOT_FOUND, "{\"error\":\"not found\"}"));
    };
    let unchanged = known.as_deref() == Some(document.etag.as_str());
    let mut response = Response::new(Full::new(if unchanged {
        Bytes::new()
    } else {
        document.body
    }));
    if unchanged {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    headers.insert(
        "content-type",
        http::HeaderValue::from_static("application/json"),
    );
    if let Ok(etag) = http::HeaderValue::from_str(&document.etag) {
        headers.insert("etag", etag);
    }
    Ok(response)
}

/// Takes over versions and tags of a publish document; the attachment is not kept.
fn publish(shared: &Shared, path: &str, body: &[u8]) {
    let Ok(sent) = serde_json::from_slice::<serde_json::Value>(body) else {
        return;
    };
    let mut documents = lock(&shared.documents);
    let mut document = documents
        .get(path)
        .and_then(|document| serde_json::from_slice::<serde_json::Value>(&document.body).ok())
        .unwrap_or_else(|| serde_json::json!({ "name": path, "dist-tags": {}, "versions": {} }));
    for member in ["versions", "dist-tags"] {
        let from = sent.get(member).and_then(serde_json::Value::as_object);
        let to = document
            .get_mut(member)
            .and_then(serde_json::Value::as_object_mut);
        if let (Some(from), Some(to)) = (from, to) {
            to.extend(from.clone());
        }
    }
    documents.insert(path.to_owned(), Document::of(document.to_string().into()));
}
