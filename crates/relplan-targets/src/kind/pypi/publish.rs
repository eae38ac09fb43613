//! Uploading one file, once, after its bytes and its metadata turned out to be the planned ones (law L3).

use relplan_ecosystem::Package;
use relplan_model::port::Outcome;
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use super::{
    Pypi,
    upload::{self, Form},
};
use crate::{
    driver::{Attempt, Sealed},
    http::{self, Body, SendAnswer, SendRequest, settle},
};

impl Pypi {
    /// Uploads one file, once.
    pub(super) async fn upload(&self, attempt: Attempt<'_>, sealed: Sealed<'_>) -> Outcome {
        let request = match self.prepare(sealed).await {
            Ok(request) => request,
            Err(outcome) => return outcome,
        };
        let answer = self.net.send(request, attempt.progress).await;
        settle(&answer.map(|answer| SendAnswer {
            text: upload::words(&answer.text),
            ..answer
        }))
    }

    /// Everything that can be found wrong before a byte leaves.
    async fn prepare(&self, sealed: Sealed<'_>) -> Result<SendRequest, Outcome> {
        let places = self.places().await;
        let place = match &places.upload {
            Ok(place) => place,
            Err(finding) => return Err(Outcome::refused(finding.message.clone())),
        };
        let login = self
            .login(place)
            .map_err(|finding| Outcome::no_credential(finding.message))?;
        let Sealed {
            artifact,
            package: Package::Python(distribution),
            bytes: checked,
        } = sealed
        else {
            return Err(sealed.other_format());
        };
        let form = Form::new(artifact.file.as_str(), &distribution, checked.digests());
        let content_type = HeaderValue::from_str(&form.content_type())
            .map_err(|error| Outcome::refused(http::reason(&error)))?;
        Ok(SendRequest {
            method: Method::POST,
            url: place.url.clone(),
            headers: vec![
                (CONTENT_TYPE, content_type),
                // Some indexes explain themselves better in JSON than in their pages for people.
                (ACCEPT, HeaderValue::from_static(WORDS)),
            ],
            authorization: Some(login.basic()),
            body: Body::Read {
                length: form.length(checked.size()),
                reader: form.around(checked.into_reader()),
            },
        })
    }
}

/// The media types in which an index may explain itself.
const WORDS: &str = "application/json, text/plain;q=0.9, */*;q=0.1";
