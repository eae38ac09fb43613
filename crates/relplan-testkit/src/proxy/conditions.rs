//! The conditions of a write, taken out of a request: what a gateway does that looks first and writes later.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header, request::Parts};
use http_body_util::{BodyExt as _, Full};

/// What an object must be for a write to be taken.
#[derive(Default)]
pub(super) struct Conditions {
    is: Option<HeaderValue>,
    is_not: Option<HeaderValue>,
}

impl Conditions {
    /// Takes them out of a request's headers.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        Self {
            is: headers.remove(header::IF_MATCH),
            is_not: headers.remove(header::IF_NONE_MATCH),
        }
    }

    /// Whether they hold of what the server has now.
    pub(super) async fn hold(&self, server: SocketAddr, request: &Parts) -> bool {
        let mut look = Request::builder().method("HEAD").uri(request.uri.clone());
        for name in [header::HOST, header::AUTHORIZATION] {
            if let Some(value) = request.headers.get(&name) {
                look = look.header(name, value);
            }
        }
        let nothing = Full::new(Bytes::new()).map_err(|never: Infallible| match never {});
        let Ok(look) = look.body(nothing.boxed_unsync()) else {
            return false;
        };
        let tag = match super::send(server, look).await {
            Ok(answer) if answer.status().is_success() => {
                Some(answer.headers().get(header::ETAG).cloned())
            }
            Ok(_) => None,
            Err(_) => return false,
        };
        let is = self.is.is_none() || tag.as_ref().is_some_and(|tag| *tag == self.is);
        let is_not = self.is_not.is_none() || tag.is_none();
        is && is_not
    }
}
