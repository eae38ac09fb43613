//! Whether an index takes the login for uploads, found out without an upload.
//!
//! Why a form without a file: the upload API has no question about a login. A form with no action, no name and no file
//! publishes nothing, whoever reads it, and indexes look at the login before they look at the form (seen with
//! pypiserver; PyPI's sources do the same).

use bytes::Bytes;
use relplan_model::finding::Finding;
use reqwest::{
    Method, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use super::{Pypi, account::Login, endpoint::Place};
use crate::{
    credential,
    http::{Body, SendRequest},
};

impl Pypi {
    /// Has the index look at a login.
    ///
    /// # Errors
    /// A finding with the code `credential` when it is refused, with the code `unreachable` when no answer came.
    pub(super) async fn try_login(&self, place: &Place, login: &Login) -> Result<(), Finding> {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let request = SendRequest {
            method: Method::POST,
            url: place.url.clone(),
            headers: vec![
                (CONTENT_TYPE, form),
                (
                    ACCEPT,
                    HeaderValue::from_static("application/json, */*;q=0.1"),
                ),
            ],
            authorization: Some(login.basic()),
            body: Body::Bytes(Bytes::from_static(b"protocol_version=1")),
        };
        match self.net.send(request, &|_, _| {}).await {
            Ok(answer) => match answer.status {
                status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Err(
                    credential::refused(&self.target, &login.source, &status.to_string()),
                ),
                // An index that is out of order says nothing about the login (law L5).
                status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
                    let why = format!("the index answered {status}");
                    Err(credential::untried(&self.target, &why))
                }
                // Whatever it says of the form, it has looked past the login.
                _ => Ok(()),
            },
            Err(error) => Err(credential::untried(&self.target, &error.to_string())),
        }
    }
}
