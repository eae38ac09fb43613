//! The login for an upload or a read: user name and password, of which a token is one.
//!
//! Invariant: a login that is kept for one place is never sent to another: a section of `.pypirc` counts only for the
//! repository that it names, an entry of `.netrc` only for its host; and while planning nothing goes to a place that only
//! the spec names, but for what is kept for that very host (law L14).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_model::{
    address::TargetName, finding::Finding, settings::Settings, target::CredentialSource,
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{configuration, endpoint::Place};
use crate::{
    credential::{self, ONLY_THE_TREE},
    http::is_loopback,
    surroundings::{Surroundings, is_of_the_tree},
};

/// The user name that goes with a token.
const TOKEN_USER: &str = "__token__";

/// A user name and password, with where they were found.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// The user's name.
    pub(super) username: String,
    /// The password or token. Its `Debug` shows nothing.
    pub(super) password: SecretString,
    /// Where it was found.
    pub(super) source: String,
}

impl Login {
    /// The value of the `authorization` header (RFC 7617).
    pub(super) fn basic(&self) -> SecretString {
        let pair = format!("{}:{}", self.username, self.password.expose_secret());
        SecretString::from(format!("Basic {}", BASE64_STANDARD.encode(pair)))
    }
}

/// The login for reading an index: that of its URL, else of `.netrc`; most indexes need none.
///
/// # Errors
/// A finding when `.netrc` cannot be read.
pub(super) fn for_reading(
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Option<Login>, Finding> {
    if surroundings.withheld {
        return Ok(None);
    }
    match &place.login {
        // A user name alone may be a token: some indexes take it there.
        Some(login) => Ok(Some(login.clone())),
        None if surroundings.is_planning() && is_of_the_tree(&place.source) => {
            for_this_host(place, surroundings)
        }
        None => from_netrc(place, surroundings),
    }
}

/// The login that `.netrc` keeps for the very host that only the spec names. `default` is for any host, and a host
/// without TLS may be anybody.
fn for_this_host(place: &Place, surroundings: &Surroundings) -> Result<Option<Login>, Finding> {
    if place.url.scheme() != "https" && !is_loopback(&place.url) {
        return Ok(None);
    }
    let netrc = configuration::netrc(surroundings)?;
    let entry = place.url.host_str().and_then(|host| netrc.machine(host));
    Ok(entry.map(of_netrc))
}

/// The login that reads where the plan is applied and is not sent to this place until then.
pub(super) fn kept_back(place: &Place, surroundings: &Surroundings) -> Option<Login> {
    if surroundings.withheld || !matches!(for_reading(place, surroundings), Ok(None)) {
        return None;
    }
    from_netrc(place, surroundings).ok().flatten()
}

/// What a plan shows of where the login for reading comes from, and of the one for uploading.
pub(super) fn sources(
    target: &TargetName,
    settings: &Settings,
    (read, upload): (&Place, Option<&Place>),
    surroundings: &Surroundings,
) -> Vec<CredentialSource> {
    let mut sources = Vec::new();
    let shown = |role: &str, source: Option<String>, remark: Option<String>| CredentialSource {
        role: role.to_owned(),
        source,
        remark,
    };
    // Most indexes are read without, so that only what there is is worth a line.
    if let Ok(Some(login)) = for_reading(read, surroundings) {
        sources.push(shown("read", Some(login.source), None));
    } else if let Some(login) = kept_back(read, surroundings) {
        sources.push(shown(
            "read",
            Some(login.source),
            Some(ONLY_THE_TREE.to_owned()),
        ));
    }
    if let Some(upload) = upload {
        let found = match surroundings.withheld {
            true => Ok(None),
            false => for_uploading(target, settings, upload, surroundings).map(Some),
        };
        sources.push(match found {
            Ok(login) => shown("upload", login.map(|login| login.source), None),
            Err(finding) => {
                let whole = finding.message;
                let why = whole
                    .split_once(": ")
                    .map_or(whole.as_str(), |(_, why)| why);
                shown("upload", None, Some(why.to_owned()))
            }
        });
    }
    sources
}

/// The login for uploading: the spec's variables, else the URL's own, else twine's and uv's variables, else the
/// section of `.pypirc` that describes the place, else `.netrc`.
///
/// # Errors
/// A finding with the code `credential` when there is none, or half of one.
pub(super) fn for_uploading(
    target: &TargetName,
    settings: &Settings,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Login, Finding> {
    if let Some(login) = from_spec(target, settings, surroundings)? {
        return Ok(login);
    }
    if let Some(login) = place
        .login
        .as_ref()
        .filter(|login| !login.password.expose_secret().is_empty())
    {
        return Ok(login.clone());
    }
    if let Some(login) = from_variables(target, place, surroundings)? {
        return Ok(login);
    }
    if let Some(login) = from_pypirc(target, place, surroundings)? {
        return Ok(login);
    }
    if let Some(login) = from_netrc(place, surroundings)? {
        return Ok(login);
    }
    Err(credential::missing(
        target,
        &format!("nothing gives a login for {}", place.url),
        "set TWINE_PASSWORD to a token, or name a variable with `token-env`, or put it into ~/.pypirc",
    ))
}

fn from_spec(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Option<Login>, Finding> {
    let username = variable(target, settings, "username-env", surroundings)?;
    if let Some(token) = credential::named(target, settings, surroundings)? {
        return Ok(Some(Login {
            username: username.map_or_else(|| TOKEN_USER.to_owned(), |(name, _)| name),
            password: token.secret,
            source: token.source,
        }));
    }
    let password = variable(target, settings, "password-env", surroundings)?;
    match (username, password) {
        (None, None) => Ok(None),
        (username, Some((password, source))) => {
            let username = username.map(|(name, _)| name);
            login(target, username, password, source).map(Some)
        }
        (Some(_), None) => Err(credential::missing(
            target,
            "it has a `username-env` and neither a `password-env` nor a `token-env`",
            "add `password-env` with the name of the variable that holds the password",
        )),
    }
}

/// The value of the variable that a setting names, and the source to show.
fn variable(
    target: &TargetName,
    settings: &Settings,
    word: &str,
    surroundings: &Surroundings,
) -> Result<Option<(String, String)>, Finding> {
    let name = credential::variable(target, settings, word, surroundings);
    let Some(name) = name.map_err(|missing| missing.finding(target))? else {
        return Ok(None);
    };
    match credential::from_variable(surroundings, name) {
        Some(found) => Ok(Some((
            found.secret.expose_secret().to_owned(),
            found.source,
        ))),
        None => Err(credential::missing(
            target,
            &format!("the variable {name}, which its `{word}` names, is not set"),
            &format!("set {name} in the environment of relplan"),
        )),
    }
}

fn from_variables(
    target: &TargetName,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Option<Login>, Finding> {
    if let Some(token) = credential::from_variable(surroundings, "UV_PUBLISH_TOKEN") {
        return Ok(Some(Login {
            username: TOKEN_USER.to_owned(),
            password: token.secret,
            source: token.source,
        }));
    }
    for (user, password) in [
        ("TWINE_USERNAME", "TWINE_PASSWORD"),
        ("UV_PUBLISH_USERNAME", "UV_PUBLISH_PASSWORD"),
    ] {
        let Some(found) = credential::from_variable(surroundings, password) else {
            continue;
        };
        let username = surroundings
            .var(user)
            .map(str::to_owned)
            .or_else(|| Some(place.login.as_ref()?.username.clone()));
        let secret = found.secret.expose_secret().to_owned();
        return login(target, username, secret, found.source).map(Some);
    }
    Ok(None)
}

fn from_pypirc(
    target: &TargetName,
    place: &Place,
    surroundings: &Surroundings,
) -> Result<Option<Login>, Finding> {
    let Some(section) = &place.section else {
        return Ok(None);
    };
    let pypirc = configuration::pypirc(surroundings)?;
    let get = |option| {
        let own = pypirc.get(section, option);
        // `server-login` is obsolete, and twine still completes sections from it.
        let login = || {
            pypirc
                .has(section)
                .then(|| pypirc.get("server-login", option))?
        };
        own.or_else(login)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    let Some(password) = get("password") else {
        return Ok(None);
    };
    let source = format!("section {section} of ~/.pypirc");
    login(target, get("username"), password, source).map(Some)
}

fn from_netrc(place: &Place, surroundings: &Surroundings) -> Result<Option<Login>, Finding> {
    let netrc = configuration::netrc(surroundings)?;
    let entry = place.url.host_str().and_then(|host| netrc.host(host));
    Ok(entry.map(of_netrc))
}

fn of_netrc(entry: &configuration::Entry) -> Login {
    Login {
        username: entry.login.clone(),
        password: entry.password.clone(),
        source: "the .netrc".to_owned(),
    }
}

/// A login of a password that may be a token and so need no user name.
fn login(
    target: &TargetName,
    username: Option<String>,
    password: String,
    source: String,
) -> Result<Login, Finding> {
    let username = match username {
        Some(username) => username,
        None if password.starts_with("pypi-") => TOKEN_USER.to_owned(),
        None => {
            return Err(credential::missing(
                target,
                &format!("{source} gives a password and nothing gives a user name"),
                "set TWINE_USERNAME, or name a variable with `username-env`; a token's user name is __token__",
            ));
        }
    };
    Ok(Login {
        username,
        password: SecretString::from(password),
        source,
    })
}

#[cfg(test)]
mod tests;
