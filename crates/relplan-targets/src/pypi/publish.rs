//! Uploading one file, once, after its bytes and its metadata turned out to be the planned ones (law L3).

use std::str::FromStr as _;

use relplan_model::{
    address::{PackageName, Version},
    bundle::Artifact,
    digest::Algorithm,
    finding::{Finding, Severity},
    port::{ArtifactSource, EffectInput, Identity, Outcome},
    step::Step,
};
use reqwest::{
    Method,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use super::{
    Pypi,
    distribution::Distribution,
    filename,
    upload::{self, Form},
};
use crate::{
    artifact::{self, Checked},
    http::{self, Body, SendAnswer, SendRequest, settle},
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
        let artifact = input
            .artifact
            .ok_or_else(|| refused("the plan names no artifact".to_owned(), false))?;
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
        let (distribution, checked) = open(artifact, checked)
            .await
            .map_err(|finding| refused(finding.message, false))?;
        check_identity(artifact, &distribution, input.step)?;
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

/// Refuses an artifact that holds another package or version than the step names (law L3).
fn check_identity(
    artifact: &Artifact,
    distribution: &Distribution,
    step: &Step,
) -> Result<(), Outcome> {
    if same_name(distribution, &step.address.package) && same_version(distribution, &step.version) {
        return Ok(());
    }
    let metadata = &distribution.metadata;
    let reason = format!(
        "{} holds {} {}, and the plan says {} {}",
        artifact.file,
        metadata.name(),
        metadata.version(),
        step.address.package,
        step.version
    );
    Err(refused(reason, false))
}

/// Reads the name and version inside an artifact whose bytes are the planned ones.
///
/// # Errors
/// A finding when the bytes are others, or it is no wheel or source distribution, or disagrees with its file name.
pub(super) async fn inspect(
    artifact: &Artifact,
    source: &dyn ArtifactSource,
) -> Result<Identity, Finding> {
    let wrong = |why: String| invalid(artifact, &why);
    let checked = artifact::check(source, artifact, &[])
        .await
        .map_err(|error| invalid(artifact, &http::reason(&error)))?;
    let (distribution, _) = open(artifact, checked).await?;
    // Spellings that the ecosystem takes for the same are given as the artifact's own, which the plan uses.
    let name = if same_name(&distribution, &artifact.package.name) {
        artifact.package.name.clone()
    } else {
        PackageName::new(filename::normalized(distribution.metadata.name()))
            .map_err(|error| wrong(error.to_string()))?
    };
    let version = if same_version(&distribution, &artifact.version) {
        artifact.version.clone()
    } else {
        Version::new(distribution.metadata.version()).map_err(|error| wrong(error.to_string()))?
    };
    Ok(Identity { name, version })
}

fn same_name(distribution: &Distribution, name: &PackageName) -> bool {
    filename::normalized(distribution.metadata.name()) == filename::normalized(name.as_str())
}

fn same_version(distribution: &Distribution, version: &Version) -> bool {
    pep440_rs::Version::from_str(version.as_str()).is_ok_and(|read| read == distribution.version)
}

/// Reads the metadata inside an artifact, on a thread that may block.
async fn open(artifact: &Artifact, checked: Checked) -> Result<(Distribution, Checked), Finding> {
    if !matches!(artifact.kind.as_str(), "wheel" | "sdist") {
        return Err(invalid(
            artifact,
            "it is neither a wheel nor a source distribution",
        ));
    }
    let file = artifact.file.to_string();
    let mut checked = checked;
    let read = tokio::task::spawn_blocking(move || {
        let read = Distribution::read(&file, checked.file());
        read.map(|distribution| (distribution, checked))
    });
    match read.await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(error)) => Err(invalid(artifact, &http::reason(&error))),
        Err(join) => Err(invalid(artifact, &http::reason(&join))),
    }
}

fn invalid(artifact: &Artifact, why: &str) -> Finding {
    Finding::new(
        "artifact",
        Severity::Error,
        None,
        format!("{} cannot be uploaded: {why}", artifact.file),
    )
}
