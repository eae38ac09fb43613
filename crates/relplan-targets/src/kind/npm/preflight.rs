//! Whether the credentials for a set of steps are at hand and accepted, found out without a write.

use std::collections::BTreeMap;

use relplan_model::{
    finding::{Finding, Severity},
    observation::Freshness,
    port::UNREACHABLE,
    step::{Class, Step},
};
use reqwest::StatusCode;
use serde::Deserialize;

use super::{Npm, config::Registry, observe::below};
use crate::{credential, http::GetRequest};

/// Checks each registry that the steps write to, once.
pub(super) async fn preflight(npm: &Npm, steps: &[&Step]) -> Result<(), Finding> {
    let registries: BTreeMap<_, _> = steps
        .iter()
        .filter(|step| step.effect.class() != Class::Inert)
        .map(|step| {
            let registry = npm.config.of(&step.address.package);
            (registry.role.as_str(), registry)
        })
        .collect();
    for registry in registries.into_values() {
        check(npm, registry).await?;
    }
    Ok(())
}

/// What `GET /-/whoami` answers.
#[derive(Deserialize)]
struct Whoami {
    #[serde(default)]
    username: Option<String>,
}

async fn check(npm: &Npm, registry: &Registry) -> Result<(), Finding> {
    let Some(credential) = &registry.credential else {
        return Err(registry.missing.finding(&npm.name));
    };
    let unreachable = |reason: String| {
        let message = format!(
            "the registry of target {} cannot be asked: {reason}",
            npm.name
        );
        Err(Finding::new(UNREACHABLE, Severity::Error, None, message))
    };
    let Some(url) = below(registry, "-/whoami") else {
        return unreachable("its URL cannot be extended".to_owned());
    };
    let request = GetRequest::new(url, "application/json", Freshness::Authoritative)
        .authorized(Some(credential.secret.clone()));
    let answer = match npm.net.get(request).await {
        Ok(answer) => answer,
        Err(error) => return unreachable(error.reason()),
    };
    let refused = |why: &str| Err(credential::refused(&npm.name, &credential.source, why));
    match answer.status {
        StatusCode::OK => match serde_json::from_slice::<Whoami>(&answer.body) {
            // Registries that take an unknown credential for no credential answer with nobody.
            Ok(Whoami { username: None }) => refused("it does not know whose it is"),
            Ok(_) | Err(_) => Ok(()),
        },
        status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => refused(&status.to_string()),
        // A registry that is out of order says nothing about the credential (law L5).
        status if status.is_server_error() && status != StatusCode::NOT_IMPLEMENTED => {
            unreachable(format!("{} answered {status}", answer.asked))
        }
        // Not every registry has this question. A failing one is found out by the first write at the latest.
        _ => Ok(()),
    }
}
