//! Writing to an npm registry: publish, move a dist-tag, deprecate (registry protocol as npm 11 speaks it).

use std::time::Duration;

use relplan_ecosystem::{Package, npm::Tarball};
use relplan_model::{
    address::{PackageName, PointerName, Version},
    observation::Freshness,
    port::Outcome,
    step::Publish,
};
use reqwest::{
    Method, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{
    Npm,
    config::Registry,
    observe::{below, escaped, read},
    publish::Document,
};
use crate::{
    driver::{Attempt, Sealed},
    http::{self, Body, GetRequest, SendAnswer, SendError, SendRequest},
};

/// The registry of a package, if there is a credential for it.
fn writable<'n>(npm: &'n Npm, package: &PackageName) -> Result<&'n Registry, Outcome> {
    let registry = npm.config.of(package);
    match registry.credential {
        Some(_) => Ok(registry),
        None => Err(Outcome::no_credential(format!(
            "there is no credential: {}",
            registry.missing.why
        ))),
    }
}

/// `PUT /-/package/<name>/dist-tags/<tag>`.
pub(super) async fn point(
    npm: &Npm,
    attempt: Attempt<'_>,
    pointer: &PointerName,
    to: &Version,
) -> Outcome {
    let path = tag_path(&attempt, pointer);
    let body = text(json!(to.as_str()).to_string());
    write(npm, attempt, Method::PUT, &path, body, "dist-tag").await
}

/// `DELETE /-/package/<name>/dist-tags/<tag>`.
pub(super) async fn unpoint(npm: &Npm, attempt: Attempt<'_>, pointer: &PointerName) -> Outcome {
    let path = tag_path(&attempt, pointer);
    match write(npm, attempt, Method::DELETE, &path, Body::Empty, "dist-tag").await {
        // A tag that is not there is what is wanted; the read-back shows it.
        Outcome::Refused {
            reason,
            credential: false,
        } => Outcome::Unknown { reason },
        outcome => outcome,
    }
}

fn tag_path(attempt: &Attempt<'_>, pointer: &PointerName) -> String {
    let package = escaped(&attempt.step.address.package);
    format!("-/package/{package}/dist-tags/{pointer}")
}

fn text(body: String) -> Body {
    Body::Bytes(body.into())
}

/// Sends the publish document around the tarball.
pub(super) async fn upload(
    npm: &Npm,
    attempt: Attempt<'_>,
    publish: &Publish,
    sealed: Sealed<'_>,
) -> Outcome {
    let (package, version) = (&attempt.step.address.package, &attempt.step.version);
    let Package::Npm(contents) = &sealed.package else {
        return sealed.other_format();
    };
    if let Err(reason) = publishable(contents, version) {
        return Outcome::refused(reason);
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
        registry: &npm.config.of(package).url,
        contents,
    };
    match document.body(sealed.bytes) {
        Ok(body) => {
            let path = escaped(package);
            write(npm, attempt, Method::PUT, &path, body, "publish").await
        }
        Err(error) => Outcome::refused(format!("the publish document cannot be written: {error}")),
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
pub(super) async fn deprecate(
    npm: &Npm,
    attempt: Attempt<'_>,
    versions: &[Version],
    message: &str,
) -> Outcome {
    let package = &attempt.step.address.package;
    let registry = match writable(npm, package) {
        Ok(registry) => registry,
        Err(outcome) => return outcome,
    };
    let path = escaped(package);
    let Some(url) = below(registry, &format!("{path}?write=true")) else {
        return Outcome::refused("the registry's URL cannot be extended".to_owned());
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
        Err(error) => {
            return Outcome::refused(format!("the registry's document cannot be read: {error}"));
        }
    };
    for version in versions {
        let manifest = document
            .get_mut("versions")
            .and_then(|all| all.get_mut(version.as_str()))
            .and_then(Value::as_object_mut);
        let Some(manifest) = manifest else {
            return Outcome::refused(format!("the registry has no version {version}"));
        };
        manifest.insert("deprecated".to_owned(), json!(message));
    }
    let body = text(document.to_string());
    write(npm, attempt, Method::PUT, &path, body, "deprecate").await
}

/// Sends one write and judges the answer.
async fn write(
    npm: &Npm,
    attempt: Attempt<'_>,
    method: Method,
    path: &str,
    body: Body,
    command: &'static str,
) -> Outcome {
    let registry = match writable(npm, &attempt.step.address.package) {
        Ok(registry) => registry,
        Err(outcome) => return outcome,
    };
    let Some(url) = below(registry, path) else {
        return Outcome::refused("the registry's URL cannot be extended".to_owned());
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
    judge(&npm.net.send(request, attempt.progress).await)
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
