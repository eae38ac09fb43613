//! Looking at one package at an npm registry.
//!
//! Why two documents: the abbreviated one is small, cached by CDNs and what clients read; the full one asked for with
//! `write=true` passes the CDN and shows one's own write at once, so that outcomes are decided by it.

use std::sync::atomic::Ordering;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use relplan_model::{
    address::PackageName,
    observation::{Freshness, Observation, Query, Seen},
};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::{Npm, config::Registry, packument};
use crate::http::{self, Answer, GetRequest, HttpError};

/// What npm itself asks for when it installs.
pub(super) const ABBREVIATED: &str =
    "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";

/// What npm asks for before it writes.
const FULL: &str = "application/json";

/// What may stand in a path unescaped. The slash of a scope may not; its `@` may.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@');

/// A package's name in a path: `@acme%2fwidget`.
pub(super) fn escaped(package: &PackageName) -> String {
    utf8_percent_encode(package.as_str(), PLAIN)
        .to_string()
        .replace("%2F", "%2f")
}

/// A URL below a registry's; `None` only if the parts make none.
pub(super) fn below(registry: &Registry, path: &str) -> Option<Url> {
    Url::parse(&format!("{}{path}", registry.url)).ok()
}

pub(super) async fn observe(npm: &Npm, query: &Query) -> Observation {
    let registry = npm.config.of(&query.address.package);
    let mut evidence = Vec::new();
    let seen = match look(npm, registry, query).await {
        Ok(mut answer) => {
            evidence.push(answer.evidence());
            match answer.facts.take() {
                Some(facts) => Seen::Present(facts),
                None => {
                    let leave = answer.leave.take();
                    let seen = judge(&answer, registry, query);
                    if let (Some(leave), Seen::Present(facts)) = (leave, &seen) {
                        npm.net.keep(leave, facts);
                    }
                    seen
                }
            }
        }
        Err(reason) => Seen::Unknown { reason },
    };
    Observation {
        address: query.address.clone(),
        seen,
        evidence,
    }
}

fn judge(answer: &Answer, registry: &Registry, query: &Query) -> Seen {
    if answer.is_from_elsewhere(&registry.url) {
        let other = answer.url.host_str().unwrap_or("nowhere");
        return Seen::Unknown {
            reason: format!(
                "the registry sends on to {other}, whose answer says nothing about this registry"
            ),
        };
    }
    match answer.status {
        StatusCode::OK => match packument::read(&answer.body, query) {
            Ok(facts) => Seen::Present(facts),
            Err(error) => Seen::Unknown {
                reason: http::reason(&error),
            },
        },
        StatusCode::NOT_FOUND => match absence(answer, &query.address.package) {
            // Registries that hide what they have say the same of it (law L5).
            Ok(()) if registry.is_kept_back => Seen::Unknown {
                reason: format!(
                    "{} answered 404 without a credential, and may hide the package: {}; {}",
                    answer.asked, registry.missing.why, registry.missing.hint
                ),
            },
            Ok(()) => Seen::Absent,
            Err(why) => Seen::Unknown {
                reason: format!("{} answered 404, and {why}", answer.asked),
            },
        },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Seen::Unknown {
            reason: match &registry.credential {
                Some(credential) => format!(
                    "{} refused to let the credential from {} read ({})",
                    answer.asked, credential.source, answer.status
                ),
                None => format!(
                    "{} wants a credential to read ({}), and {}",
                    answer.asked, answer.status, registry.missing.why
                ),
            },
        },
        status => Seen::Unknown {
            reason: format!("{} answered {status}", answer.asked),
        },
    }
}

/// What an npm registry says in JSON when it does not have a package. All of them give a reason in one of these members:
/// `error` (npm, verdaccio, Nexus, Gitea), beside `reason` (CouchDB), `errors` (Artifactory), `message` (GitLab, Azure),
/// `detail` (Cloudsmith).
#[derive(Default, Deserialize)]
#[serde(default)]
struct NotFound {
    error: Option<Value>,
    reason: Option<Value>,
    errors: Option<Value>,
    message: Option<Value>,
    detail: Option<Value>,
}

/// Reasons that are not about the package: the place asked is none, and says nothing about what a registry there has.
const NO_PLACE: [&str; 4] = [
    "project not found",
    "group not found",
    "no route matched",
    "no such route",
];

/// Whether a 404 proves that the registry does not have the package (law L5): it is an error document of the registry
/// protocol, and says so. A proxy, a portal or a site under maintenance answers 404 as well, in JSON too.
fn absence(answer: &Answer, package: &PackageName) -> Result<(), String> {
    if answer.is_of_another_page() {
        return Err("it came from another page, to which the registry redirected".to_owned());
    }
    if !answer.is_json() {
        return Err("not in JSON, as every npm registry does: something else answered".to_owned());
    }
    let Ok(found) = serde_json::from_slice::<NotFound>(&answer.body) else {
        return Err("its body is not the JSON object of an npm registry's error".to_owned());
    };
    let NotFound {
        error,
        reason,
        errors,
        message,
        detail,
    } = found;
    let reasons = [error, reason, errors, message, detail]
        .into_iter()
        .flatten();
    let words = http::texts_of(&reasons.collect());
    let lower = words.to_lowercase();
    if NO_PLACE.iter().any(|reason| lower.contains(reason)) {
        return Err("says that there is no registry at this place".to_owned());
    }
    if !http::says_not_found(&words) {
        return Err("its body does not say that the package is not found".to_owned());
    }
    match http::says_otherwise(&words, package.as_str()) {
        Some(other) => Err(format!("its body speaks of something else ({other:?})")),
        None => Ok(()),
    }
}

async fn look(npm: &Npm, registry: &Registry, query: &Query) -> Result<Answer, String> {
    let name = escaped(&query.address.package);
    let (path, accept) = match query.freshness {
        Freshness::Authoritative => (format!("{name}?write=true"), FULL),
        Freshness::Revalidated | Freshness::AsClients => (name, ABBREVIATED),
    };
    let url = below(registry, &path).ok_or("the registry's URL cannot be extended")?;
    let request = GetRequest::new(url, accept, query.freshness).about(question(query));
    read(npm, registry, request)
        .await
        .map_err(|error| error.reason())
}

/// All that the facts depend on besides the document.
fn question(query: &Query) -> String {
    let Query {
        address,
        versions,
        ranges,
        freshness: _,
    } = query;
    format!("npm {} {versions:?} {ranges:?}", address.package)
}

/// Reads, with the credential where the registry wants one.
///
/// Ordinary reads start without: they may be cached then, and most registries are open. Those that hide what they have
/// answer 401, 403 or 404, so each of these is asked again with the credential if there is one; a registry that was
/// seen to want it is asked with it from then on.
pub(super) async fn read(
    npm: &Npm,
    registry: &Registry,
    request: GetRequest,
) -> Result<Answer, HttpError> {
    let Some(credential) = &registry.credential else {
        return npm.net.get(request).await;
    };
    let authorized = request.clone().authorized(Some(credential.secret.clone()));
    if request.freshness == Freshness::Authoritative || npm.closed.load(Ordering::Relaxed) {
        return npm.net.get(authorized).await;
    }
    let answer = npm.net.get(request).await?;
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            npm.closed.store(true, Ordering::Relaxed);
            npm.net.get(authorized).await
        }
        StatusCode::NOT_FOUND => npm.net.get(authorized).await,
        _ => Ok(answer),
    }
}
