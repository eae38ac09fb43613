//! Uploading one file, once, after its bytes and its metadata turned out to be the planned ones (law L3).

use relplan_ecosystem::Package;
use relplan_model::{
    digest::Algorithm,
    port::{EffectInput, Outcome},
};
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use super::{
    KINDS, Pypi,
    upload::{self, Form},
};
use crate::{
    artifact,
    http::{self, Body, SendAnswer, SendRequest, settle},
    packed::{self, PackedError},
};

impl Pypi {
    /// Uploads one file, once.
    pub(super) async fn upload(&self, input: EffectInput<'_>) -> Outcome {
        let request = match self.prepare(input).await {
            Ok(request) => request,
            Err(outcome) => return outcome,
        };
        let answer = self.net.send(request, input.progress).await;
        settle(&answer.map(|answer| SendAnswer {
            text: upload::words(&answer.text),
            ..answer
        }))
    }

    /// Everything that can be found wrong before a byte leaves.
    async fn prepare(&self, input: EffectInput<'_>) -> Result<SendRequest, Outcome> {
        let artifact = packed::of_step(&input).map_err(|why| refused(why, false))?;
        let places = self.places().await;
        let place = match &places.upload {
            Ok(place) => place,
            Err(finding) => return Err(refused(finding.message.clone(), false)),
        };
        let login = self
            .login(place)
            .map_err(|finding| refused(finding.message, true))?;
        let checked = artifact::check(input.source, artifact, &[Algorithm::Blake2b256])
            .await
            .map_err(|error| error.outcome())?;
        let (package, checked) = packed::open(artifact, &KINDS, checked)
            .await
            .map_err(|why| refused(why, false))?;
        let Package::Python(distribution) = package else {
            let why = http::reason(&PackedError::kind(artifact));
            return Err(refused(why, false));
        };
        let form = Form::new(artifact.file.as_str(), &distribution, checked.digests());
        let content_type = HeaderValue::from_str(&form.content_type())
            .map_err(|error| refused(http::reason(&error), false))?;
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

fn refused(reason: String, credential: bool) -> Outcome {
    Outcome::Refused { reason, credential }
}
