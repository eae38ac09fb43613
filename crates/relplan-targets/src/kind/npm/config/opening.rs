//! What opens a registry: the keys that npm keeps for its URL, or a token that the spec's `token-env` names.
//!
//! Invariant: no credential is taken from the project's `.npmrc`. A token that the spec names goes to no registry that
//! only that file names, and while planning to none that only the spec names; a key of the user's is scoped to its host,
//! and while planning goes there without TLS only if the user names that registry too (law L14).

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::{Layer, PROJECT, make_root, trusted};
use crate::{
    credential::{Credential, Missing, ONLY_THE_TREE},
    http::is_loopback,
    kind::npm::npmrc,
    surroundings::is_of_the_tree,
};

/// All that may open a registry.
pub(super) struct Keys<'a> {
    /// The configuration.
    pub(super) chain: &'a [Layer],
    /// The token that the spec names.
    pub(super) named: Result<Option<Credential>, Missing>,
    /// Whether nobody has approved yet where it would go.
    pub(super) planning: bool,
}

/// What opens a registry, or why nothing does.
pub(super) struct Opening {
    /// What opens it.
    pub(super) credential: Option<Credential>,
    /// Why nothing does; empty where something does.
    pub(super) missing: Missing,
    /// Where a credential is, whether it is used now or not.
    pub(super) source: Option<String>,
    /// What there is to say about it in a plan.
    pub(super) remark: Option<String>,
    /// Whether there is a credential for it, and only this place keeps it back.
    pub(super) is_kept_back: bool,
}

impl Opening {
    fn with(credential: Credential) -> Self {
        Self {
            source: Some(credential.source.clone()),
            credential: Some(credential),
            missing: Missing {
                why: String::new(),
                hint: String::new(),
            },
            remark: None,
            is_kept_back: false,
        }
    }

    fn without(missing: Missing) -> Self {
        Self {
            credential: None,
            missing,
            source: None,
            remark: None,
            is_kept_back: false,
        }
    }
}

impl Keys<'_> {
    /// What opens a registry that was found in this source.
    pub(super) fn opening(&self, url: &Url, source: &str) -> Opening {
        let is_foreign = is_of_the_tree(source) && !self.is_the_persons(url);
        let mut none = self.nothing(url);
        match &self.named {
            Ok(Some(_)) if source == PROJECT && is_foreign => {
                none.is_kept_back = true;
                none.missing = Missing {
                    why: "its registry is named by the project's .npmrc alone, and a `token-env` is not sent there"
                        .to_owned(),
                    hint: "write the registry's `url` into the spec, or its token into the user's .npmrc".to_owned(),
                };
            }
            Ok(Some(named)) if self.planning && is_foreign => {
                none.is_kept_back = true;
                none.source = Some(named.source.clone());
                none.remark = Some(ONLY_THE_TREE.to_owned());
                none.missing = Missing {
                    why: format!("{} is {ONLY_THE_TREE}", named.source),
                    hint: format!(
                        "to read while planning, write `{}:_authToken=…` into the user's .npmrc",
                        nerf_dart(url)
                    ),
                };
            }
            Ok(Some(named)) => {
                return Opening::with(Credential {
                    secret: header("Bearer", named.secret.expose_secret()),
                    source: named.source.clone(),
                });
            }
            Err(unset) if self.planning && is_foreign => {
                none.remark = Some(unset.why.clone());
            }
            Err(unset) => {
                return Opening {
                    remark: Some(unset.why.clone()),
                    ..Opening::without(unset.clone())
                };
            }
            Ok(None) => {}
        }
        let found = self.scoped(url);
        let Some(found) = found.unwrap_or_else(|unset| {
            none.remark.get_or_insert(unset.why.clone());
            none.missing = unset;
            None
        }) else {
            return none;
        };
        if self.planning && is_foreign && url.scheme() != "https" && !is_loopback(url) {
            let remark = format!("{ONLY_THE_TREE}, and without TLS");
            return Opening {
                missing: Missing {
                    why: format!("{} is {remark}", found.source),
                    hint: "name the registry in the user's .npmrc as well".to_owned(),
                },
                source: none.source.or(Some(found.source)),
                remark: Some(remark),
                credential: None,
                is_kept_back: true,
            };
        }
        Opening {
            // What `token-env` names counts where the plan is applied, whatever reads until then.
            source: none.source.or_else(|| Some(found.source.clone())),
            remark: none.remark.filter(|_| matches!(self.named, Ok(Some(_)))),
            ..Opening::with(found)
        }
    }

    /// What is said where nothing opens a registry.
    fn nothing(&self, url: &Url) -> Opening {
        let kept_in_project = self
            .chain
            .iter()
            .filter(|layer| layer.source == PROJECT)
            .find_map(|layer| {
                let keys = nerf_darts(url).into_iter().flat_map(|key| {
                    ["_authToken", "_auth", "_password"].map(|word| format!("{key}:{word}"))
                });
                keys.into_iter().find(|key| layer.entries.contains_key(key))
            });
        match kept_in_project {
            Some(key) => {
                let why = format!("the project's .npmrc has a `{key}`, and credentials in the project are never used");
                Opening {
                    remark: Some(why.clone()),
                    ..Opening::without(Missing {
                        why,
                        hint: "move the line into the user's .npmrc, or name a variable with `token-env` in the spec"
                            .to_owned(),
                    })
                }
            }
            None => Opening::without(Missing {
                why: format!(
                    "neither the environment nor the user's .npmrc has a `{}:_authToken`",
                    nerf_dart(url)
                ),
                hint: "log in with `npm login`, or name a variable that holds a token with `token-env` in the spec"
                    .to_owned(),
            }),
        }
    }

    /// Whether a person's own configuration, or npm itself, names this registry as well.
    fn is_the_persons(&self, url: &Url) -> bool {
        let is_same = |text: &str| {
            let Ok(mut other) = Url::parse(text) else {
                return false;
            };
            make_root(&mut other);
            other == *url
        };
        let mut named = trusted(self.chain)
            .flat_map(|layer| &layer.entries)
            .filter(|(key, _)| *key == "registry" || key.ends_with(":registry"));
        named.any(|(_, value)| is_same(value)) || is_same(deno_npmrc::NPM_DEFAULT_REGISTRY)
    }

    /// What the user's configuration keeps for this URL; the deepest key counts.
    fn scoped(&self, url: &Url) -> Result<Option<Credential>, Missing> {
        let mut missing = None;
        for layer in trusted(self.chain) {
            for key in nerf_darts(url) {
                match basic_or_bearer(&layer.entries, &key) {
                    Ok(Some(secret)) => {
                        let source = format!("`{key}` in the {}", layer.source);
                        return Ok(Some(Credential { secret, source }));
                    }
                    Ok(None) => {}
                    Err(variable) => {
                        missing = Some(Missing {
                            why: format!(
                                "the {} takes it from the variable {variable}, which is not set",
                                layer.source
                            ),
                            hint: format!("set {variable} in the environment of relplan"),
                        });
                    }
                }
            }
        }
        missing.map_or(Ok(None), Err)
    }
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
        match value.and_then(npmrc::variable_in) {
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
