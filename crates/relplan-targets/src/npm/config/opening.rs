//! What opens a registry: the keys that npm keeps for its URL, or a token that the spec's `token-env` names.
//!
//! Invariant: nothing here looks at the project's `.npmrc`, and a token that the spec names goes to no registry that
//! only that file names (law L14).

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Layer, PROJECT, trusted};
use crate::{
    credential::{Credential, Missing},
    npm::npmrc,
};

/// What opens a registry, or why nothing does.
pub(super) fn opened_by(
    url: &Url,
    source: &str,
    chain: &[Layer],
    named: &Result<Option<Credential>, Missing>,
) -> (Option<Credential>, Missing) {
    let mut missing = Missing {
        why: format!(
            "neither the environment nor the user's .npmrc has a `{}:_authToken`",
            nerf_dart(url)
        ),
        hint: "log in with `npm login`, or name a variable that holds a token with `token-env` in the spec"
            .to_owned(),
    };
    let none = Missing {
        why: String::new(),
        hint: String::new(),
    };
    match named {
        Ok(Some(_)) if source == PROJECT => {
            missing = Missing {
                why: "its registry is named by the project's .npmrc alone, and a `token-env` is not sent there"
                    .to_owned(),
                hint: "write the registry's `url` into the spec, or its token into the user's .npmrc".to_owned(),
            };
        }
        Ok(Some(named)) => {
            let secret = header("Bearer", named.secret.expose_secret());
            let source = named.source.clone();
            return (Some(Credential { secret, source }), none);
        }
        Err(unset) => return (None, unset.clone()),
        Ok(None) => {}
    }
    for layer in trusted(chain) {
        for key in nerf_darts(url) {
            match basic_or_bearer(&layer.entries, &key) {
                Ok(Some(secret)) => {
                    let source = format!("`{key}` in the {}", layer.source);
                    return (Some(Credential { secret, source }), none);
                }
                Ok(None) => {}
                Err(variable) => {
                    missing = Missing {
                        why: format!(
                            "the {} takes it from the variable {variable}, which is not set",
                            layer.source
                        ),
                        hint: format!("set {variable} in the environment of relplan"),
                    };
                }
            }
        }
    }
    (None, missing)
}

/// The header that the entries of one registry key make; `Err`: the variable that it waits for.
fn basic_or_bearer(
    entries: &BTreeMap<String, String>,
    key: &str,
) -> Result<Option<SecretString>, String> {
    let get = |name: &str| {
        let value = entries.get(&format!("{key}:{name}"));
        let value = value
            .map(|value| value.trim())
            .filter(|value| !value.is_empty());
        match value.and_then(npmrc::unset_variable) {
            Some(variable) => Err(variable.to_owned()),
            None => Ok(value),
        }
    };
    if let Some(token) = get("_authToken")? {
        return Ok(Some(header("Bearer", token)));
    }
    if let Some(pair) = get("_auth")? {
        return Ok(Some(header("Basic", pair)));
    }
    if let (Some(user), Some(password)) = (get("username")?, get("_password")?)
        && let Ok(password) = BASE64_STANDARD.decode(password)
    {
        let pair = [user.as_bytes(), b":", &password].concat();
        return Ok(Some(header("Basic", &BASE64_STANDARD.encode(pair))));
    }
    Ok(None)
}

fn header(scheme: &str, value: &str) -> SecretString {
    SecretString::from(format!("{scheme} {value}"))
}

/// The key under which npm keeps what belongs to a registry: its URL without scheme.
fn nerf_dart(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("//{host}:{port}{}", url.path()),
        None => format!("//{host}{}", url.path()),
    }
}

/// That key and those of the folders above it, nearest first, with and without the closing slash.
fn nerf_darts(url: &Url) -> Vec<String> {
    let mut keys = Vec::new();
    let mut key = nerf_dart(url);
    while key.len() > 2 {
        keys.push(key.clone());
        let shorter = match key.strip_suffix('/') {
            Some(shorter) => shorter.len(),
            None => key.rfind('/').map_or(0, |at| at + 1),
        };
        key.truncate(shorter);
    }
    keys
}
