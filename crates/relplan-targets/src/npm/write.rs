//! Writing to an npm registry: publish, move a dist-tag, deprecate (registry protocol as npm 11 speaks it).

use std::time::Duration;

use relplan_ecosystem::{Package, npm::Tarball};
use relplan_model::{
    address::Version,
    bundle::Artifact,
    digest::Algorithm,
    observation::Freshness,
    port::{ArtifactSource, EffectInput, Outcome},
    step::{Effect, Publish},
};
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    KINDS, Npm,
    config::Registry,
    observe::{below, escaped, read},
    publish::Document,
};
use crate::{
    artifact::{self, Checked},
    http::{self, Body, GetRequest, SendAnswer, SendError, SendRequest},
    packed::{self, PackedError},
};

/// Attempts a step's effect once.
///
/// Writes to one package go one after another: registries lose or refuse concurrent ones, and a deprecation writes back
/// the whole document, dist-tags included.
pub(super) async fn perform(npm: &Npm, input: EffectInput<'_>) -> Outcome {
    let package = &input.step.address.package;
    let registry = npm.config.of(package);
    if registry.credential.is_none() {
        return Outcome::Refused {
            reason: format!("there is no credential: {}", registry.missing.why),
            credential: true,
        };
    }
    let turn = npm.turn(package);
    let _turn = turn.lock().await;
    match &input.step.effect {
        Effect::Publish(publish) => upload(npm, registry, input, publish).await,
        Effect::Point { pointer, to, .. } => {
            let path = format!("-/package/{}/dist-tags/{pointer}", escaped(package));
            let body = json!(to.as_str()).to_string();
            write(
                npm,
                registry,
                Method::PUT,
                &path,
                text(body),
                &input,
                "dist-tag",
            )
            .await
        }
        Effect::Unpoint { pointer } => {
            let path = format!("-/package/{}/dist-tags/{pointer}", escaped(package));
            match write(
                npm,
                registry,
                Method::DELETE,
                &path,
                Body::Empty,
                &input,
                "dist-tag",
            )
            .await
            {
                // A tag that is not there is what is wanted; the read-back tells.
                Outcome::Refused {
                    reason,
                    credential: false,
                } => Outcome::Unknown { reason },
                outcome => outcome,
            }
        }
        Effect::Deprecate {
            versions, message, ..
        } => deprecate(npm, registry, &input, versions, message).await,
        Effect::Yank { .. } => refused("npm registries cannot yank a version".to_owned()),
        Effect::Await | Effect::Adopt { .. } => {
            refused("this step has no effect at a registry".to_owned())
        }
    }
}

fn refused(reason: String) -> Outcome {
    Outcome::Refused {
        reason,
        credential: false,
    }
}

fn text(body: String) -> Body {
    Body::Bytes(body.into())
}

async fn upload(
    npm: &Npm,
    registry: &Registry,
    input: EffectInput<'_>,
    publish: &Publish,
) -> Outcome {
    let (package, version) = (&input.step.address.package, &input.step.version);
    let artifact = match packed::of_step(&input) {
        Ok(artifact) => artifact,
        Err(reason) => return refused(reason),
    };
    let (checked, contents) = match open(artifact, input.source).await {
        Ok(opened) => opened,
        Err(reason) => return refused(reason),
    };
    if let Err(reason) = publishable(&contents, version) {
        return refused(reason);
    }
    let own_access = contents
        .manifest
        .get("publishConfig")
        .and_then(|config| config.get("access"))
        .and_then(Value::as_str);
    let document = Document {
        package,
        version,
        tag: publish.pointer.as_ref().unwrap_or(&npm.latest),
        access: publish.settings.text("access").or(own_access),
        registry: &registry.url,
        contents: &contents,
    };
    match document.body(checked) {
        Ok(body) => {
            let path = escaped(package);
            write(npm, registry, Method::PUT, &path, body, &input, "publish").await
        }
        Err(error) => refused(format!("the publish document cannot be written: {error}")),
    }
}

/// Opens, checks and reads an artifact.
async fn open(
    artifact: &Artifact,
    source: &dyn ArtifactSource,
) -> Result<(Checked, Tarball), String> {
    let also = [Algorithm::Sha1, Algorithm::Sha512];
    let checked = artifact::check(source, artifact, &also)
        .await
        .map_err(|error| http::reason(&error))?;
    match packed::open(artifact, &KINDS, checked).await? {
        (Package::Npm(tarball), checked) => Ok((checked, tarball)),
        _ => Err(http::reason(&PackedError::kind(artifact))),
    }
}

/// Whether npm would publish it.
fn publishable(contents: &Tarball, version: &Version) -> Result<(), String> {
    let parsed = semver::Version::parse(version.as_str())
        .map_err(|error| format!("{version} is not a semantic version: {error}"))?;
    if !parsed.build.is_empty() {
        return Err(format!(
            "npm registries drop build metadata, so {version} would be published under another version"
        ));
    }
    if contents.manifest.get("private") == Some(&Value::Bool(true)) {
        return Err("its package.json says that it is private".to_owned());
    }
    Ok(())
}

/// Reads the whole document, sets the message of exactly these versions, and writes it back with its revision.
async fn deprecate(
    npm: &Npm,
    registry: &Registry,
    input: &EffectInput<'_>,
    versions: &[Version],
    message: &str,
) -> Outcome {
    let path = escaped(&input.step.address.package);
    let Some(url) = below(registry, &format!("{path}?write=true")) else {
        return refused("the registry's URL cannot be extended".to_owned());
    };
    let request = GetRequest::new(url, "application/json", Freshness::Authoritative);
    // Nothing is changed by reading, so a failure of it is a reason to come back and not a mystery.
    let later = |reason| Outcome::Later {
        wait: Duration::from_secs(5),
        reason,
    };
    let answer = match read(npm, registry, request).await {
        Ok(answer) if answer.status == StatusCode::OK => answer,
        Ok(answer) => {
            let reason = format!("{} answered {}", answer.asked, answer.status);
            return match answer.status {
                status if status.is_server_error() => later(reason),
                status => Outcome::Refused {
                    reason,
                    credential: matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN),
                },
            };
        }
        Err(error) => return later(error.reason()),
    };
    let mut document: Value = match serde_json::from_slice(&answer.body) {
        Ok(document) => document,
        Err(error) => return refused(format!("the registry's document cannot be read: {error}")),
    };
    for version in versions {
        let manifest = document
            .get_mut("versions")
            .and_then(|all| all.get_mut(version.as_str()))
            .and_then(Value::as_object_mut);
        let Some(manifest) = manifest else {
            return refused(format!("the registry has no version {version}"));
        };
        manifest.insert("deprecated".to_owned(), json!(message));
    }
    let body = text(document.to_string());
    write(npm, registry, Method::PUT, &path, body, input, "deprecate").await
}

/// Sends one write and judges the answer.
async fn write(
    npm: &Npm,
    registry: &Registry,
    method: Method,
    path: &str,
    body: Body,
    input: &EffectInput<'_>,
    command: &'static str,
) -> Outcome {
    let Some(url) = below(registry, path) else {
        return refused("the registry's URL cannot be extended".to_owned());
    };
    let mut headers = vec![(
        HeaderName::from_static("npm-command"),
        HeaderValue::from_static(command),
    )];
    if !matches!(body, Body::Empty) {
        headers.push((CONTENT_TYPE, HeaderValue::from_static("application/json")));
    }
    if let Some(otp) = &npm.config.otp
        && let Ok(mut value) = HeaderValue::from_str(otp.expose_secret())
    {
        value.set_sensitive(true);
        headers.push((HeaderName::from_static("npm-otp"), value));
    }
    let request = SendRequest {
        method,
        url,
        headers,
        authorization: registry
            .credential
            .as_ref()
            .map(|found| found.secret.clone()),
        body,
    };
    judge(&npm.net.send(request, input.progress).await)
}

/// The outcome by status, with npm's own ways of asking for a second factor told as such.
fn judge(result: &Result<SendAnswer, SendError>) -> Outcome {
    if let Ok(answer) = result
        && answer.status == StatusCode::UNAUTHORIZED
    {
        let challenge = answer.challenge.as_deref().unwrap_or_default();
        let wants_otp = challenge
            .split(',')
            .any(|part| part.trim().eq_ignore_ascii_case("otp"))
            || answer.text.to_lowercase().contains("one-time pass");
        if wants_otp {
            return Outcome::Refused {
                reason: "the registry demands a one-time password: give it as npm_config_otp, or use a credential \
                         that the registry accepts without one"
                    .to_owned(),
                credential: true,
            };
        }
        if challenge.to_lowercase().contains("ipaddress") {
            return Outcome::Refused {
                reason: "the registry does not let this credential in from this address".to_owned(),
                credential: true,
            };
        }
    }
    http::settle(result)
}
