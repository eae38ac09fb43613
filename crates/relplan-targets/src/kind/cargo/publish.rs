//! Writes to a Cargo registry, by the Cargo book's "Registry Web API": publish and yank.

use std::{
    io::{Cursor, Read as _},
    time::Duration,
};

use http::{HeaderValue, Method, header::CONTENT_TYPE};
use relplan_ecosystem::{Package, PackageError};
use relplan_model::{
    digest::Algorithm,
    port::Outcome,
    step::{self, Step},
};
use serde::Deserialize;
use url::Url;

use super::{
    Cargo,
    frame::{self, FrameError, Registries},
    index::is_crate_name,
    provider::Operation,
};
use crate::{
    driver::{Attempt, Sealed},
    http::{Body, SendAnswer, SendError, SendRequest, hints_at_presence, reason, settle},
};

/// Why a publish request could not be made.
#[derive(Debug, thiserror::Error)]
enum RequestError {
    /// Its readme is not there.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The crate does not fit the protocol.
    #[error("{file} cannot be published")]
    Frame {
        /// The artifact's file name.
        file: String,
        /// The cause.
        #[source]
        source: FrameError,
    },
}

impl Cargo {
    /// Uploads one `.crate`. `Err` holds an outcome just as `Ok` does: one in which nothing was sent.
    pub(super) async fn upload(
        &self,
        attempt: Attempt<'_>,
        publish: &step::Publish,
        sealed: Sealed<'_>,
    ) -> Result<Outcome, Outcome> {
        let url = self.api("api/v1/crates/new").await?;
        let Sealed {
            artifact,
            package: Package::Crate(package),
            bytes: mut checked,
        } = sealed
        else {
            return Err(sealed.other_format());
        };
        let about = artifact.clone();
        let own_index = self.index().url.clone();
        let own_is_crates_io = self.index().is_crates_io();
        let siblings = publish.siblings.clone();
        let made = tokio::task::spawn_blocking(move || {
            let readme = package.readme(&mut &mut *checked.file())?;
            let registries = Registries {
                own_index: &own_index,
                own_is_crates_io,
                crates_io: tame_index::CRATES_IO_INDEX,
                siblings: &siblings,
            };
            let frame = |source| RequestError::Frame {
                file: about.file.to_string(),
                source,
            };
            let metadata = frame::metadata(&package.manifest, readme.as_deref(), &registries)
                .map_err(frame)?;
            let preamble = frame::preamble(&metadata, checked.size()).map_err(frame)?;
            Ok::<_, RequestError>((preamble, checked))
        });
        let (preamble, checked) = made
            .await
            .map_err(|error| Outcome::refused(reason(&error)))?
            .map_err(|error| Outcome::refused(reason(&error)))?;
        let cksum = checked
            .digests()
            .get(Algorithm::Sha256)
            .unwrap_or_default()
            .to_owned();
        let token = self
            .token(&Operation::Publish {
                name: &artifact.package.name,
                version: &artifact.version,
                cksum: &cksum,
            })
            .await?;
        let request = SendRequest {
            method: Method::PUT,
            url,
            headers: vec![(
                CONTENT_TYPE,
                HeaderValue::from_static("application/octet-stream"),
            )],
            authorization: Some(token),
            body: Body::Read {
                length: preamble.len() as u64 + checked.size(),
                reader: Box::new(Cursor::new(preamble).chain(checked.into_reader())),
            },
        };
        Ok(outcome(self.net.send(request, attempt.progress).await))
    }

    /// Yanks one version. The protocol has no place for the reason.
    pub(super) async fn yank_version(&self, step: &Step) -> Result<Outcome, Outcome> {
        let (name, version) = (&step.address.package, &step.version);
        if !is_crate_name(name.as_str()) || semver::Version::parse(version.as_str()).is_err() {
            return Err(Outcome::refused(format!(
                "{name} {version} is not a version of a crate"
            )));
        }
        let token = self.token(&Operation::Yank { name, version }).await?;
        let request = SendRequest {
            method: Method::DELETE,
            url: self
                .api(&format!("api/v1/crates/{name}/{version}/yank"))
                .await?,
            headers: Vec::new(),
            authorization: Some(token),
            body: Body::Empty,
        };
        Ok(outcome(self.net.send(request, &|_, _| {}).await))
    }

    async fn api(&self, path: &str) -> Result<Url, Outcome> {
        if let Some(refusal) = self.refusal() {
            return Err(Outcome::refused(refusal.message));
        }
        let config = self.config().await.map_err(|finding| Outcome::Later {
            wait: Duration::from_secs(5),
            reason: finding.message,
        })?;
        let Some(api) = &config.api else {
            return Err(Outcome::refused(
                "the registry's index names no API".to_owned(),
            ));
        };
        let url = format!("{}/{path}", api.trim_end_matches('/'));
        let parsed =
            Url::parse(&url).map_err(|error| Outcome::refused(format!("{url}: {error}")))?;
        match (parsed.scheme(), self.index().root().starts_with("https://")) {
            ("https", _) | ("http", false) => Ok(parsed),
            // A token must not go out in clear because one document says so.
            ("http", true) => Err(Outcome::refused(format!(
                "the registry's index is read over https and names an API without it: {api}"
            ))),
            _ => Err(Outcome::refused(format!(
                "the registry's API is not reached over HTTP: {api}"
            ))),
        }
    }
}

/// How an attempt ended. Registries have said no with status 200, so errors in a body count for more than the status
/// (the Cargo book, "Web API"); where they may mean that it is there already, only the index can tell (law L4).
fn outcome(result: Result<SendAnswer, SendError>) -> Outcome {
    let Ok(answer) = result else {
        return settle(&result);
    };
    let said = errors(&answer.text);
    let text = said.clone().unwrap_or_else(|| answer.text.clone());
    let answer = SendAnswer { text, ..answer };
    match said {
        Some(said) if answer.status.is_success() => {
            let reason = answer.summary();
            match hints_at_presence(&said) {
                true => Outcome::Unknown { reason },
                false => Outcome::refused(reason),
            }
        }
        Some(_) | None => answer.outcome(),
    }
}

/// The details of `{"errors":[{"detail":"…"}]}`.
fn errors(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Errors {
        errors: Vec<Detail>,
    }
    #[derive(Deserialize)]
    struct Detail {
        detail: String,
    }
    let Errors { errors } = serde_json::from_str(text).ok()?;
    let details: Vec<String> = errors.into_iter().map(|error| error.detail).collect();
    (!details.is_empty()).then(|| details.join("; "))
}
