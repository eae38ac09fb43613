//! The proxy's log: every exchange with what the server answered and what the client was told.

use std::sync::{Arc, Mutex};

use http::Request;
use tokio::sync::Notify;

/// One request and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Whether the request carried a credential.
    pub authorized: bool,
    /// The server's status; `None`: it was never asked, or never answered.
    pub upstream: Option<u16>,
    /// The status that the client got; `None`: the connection was cut.
    pub answered: Option<u16>,
    /// What a validating proxy behind this one found against the contract (`sl-violations`), in request and answer.
    pub violations: Option<String>,
    /// Why the server could not be asked.
    pub error: Option<String>,
}

impl Exchange {
    pub(super) fn begin<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().to_string(),
            path: request
                .uri()
                .path_and_query()
                .map_or_else(String::new, ToString::to_string),
            authorized: request.headers().contains_key("authorization"),
            upstream: None,
            answered: None,
            violations: None,
            error: None,
        }
    }

    /// Whether the server did what was asked.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.upstream
            .is_some_and(|status| (200..300).contains(&status))
    }
}

/// The exchanges of one proxy, in order of their ends.
#[derive(Clone, Default)]
pub struct Log(Arc<Inner>);

#[derive(Default)]
struct Inner {
    exchanges: Mutex<Vec<Exchange>>,
    stalled: Notify,
    released: Notify,
}

impl Log {
    pub(super) fn add(&self, exchange: Exchange) {
        self.lock().push(exchange);
    }

    /// Tells that something came to a halt, and waits until it is released.
    pub(super) async fn stall(&self) {
        let released = self.0.released.notified();
        self.0.stalled.notify_one();
        released.await;
    }

    pub(super) fn release(&self) {
        self.0.released.notify_waiters();
    }

    /// Waits until an exchange has come to a halt, such as by [`super::Fault::StallUpload`].
    pub async fn until_stalled(&self) {
        self.0.stalled.notified().await;
    }

    /// All exchanges so far.
    #[must_use]
    pub fn all(&self) -> Vec<Exchange> {
        self.lock().clone()
    }

    /// The writes that the server accepted: method and path of each.
    #[must_use]
    pub fn accepted_writes(&self) -> Vec<(String, String)> {
        let write = |exchange: &&Exchange| {
            exchange.method != "GET" && exchange.method != "HEAD" && exchange.accepted()
        };
        self.lock()
            .iter()
            .filter(write)
            .map(|exchange| (exchange.method.clone(), exchange.path.clone()))
            .collect()
    }

    /// Forgets all exchanges so far.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.0
            .exchanges
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
