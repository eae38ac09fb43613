//! Where a target is read and uploaded to, and who says so (design §5).
//!
//! Invariant: a place whose counterpart the user chose is never silently completed by a client's built-in default:
//! reading one index and uploading to another one would prove nothing (law L5) or publish in public by omission.

use relplan_model::{
    address::TargetName,
    finding::{Finding, FindingCode, Severity},
    settings::Settings,
    target::Endpoint,
};
use secrecy::SecretString;
use url::Url;

use super::{
    account::Login,
    client::{self, BuiltIn},
    configuration::{self, Ini},
};
use crate::{http, surroundings::Surroundings};

/// The code of findings about endpoints.
pub(super) const CODE: FindingCode = FindingCode::Endpoint;

/// The source of a place that only a client's own code names; the same for all clients, so that a plan made where one
/// is installed can be applied where another is.
const BUILT_IN: &str = "the Python client's built-in default";

/// A URL without user information, with where it was configured.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The URL.
    pub(super) url: Url,
    /// Where it was found.
    pub(super) source: String,
    /// The login that the configured URL held.
    pub(super) login: Option<Login>,
    /// The section of `.pypirc` that describes it.
    pub(super) section: Option<String>,
}

impl Place {
    /// What the plan shows of it.
    pub(super) fn endpoint(&self, role: &str) -> Endpoint {
        Endpoint {
            role: role.to_owned(),
            url: self.url.to_string(),
            source: self.source.clone(),
        }
    }

    fn is_built_in(&self) -> bool {
        self.source == BUILT_IN
    }
}

/// Both places of a target.
#[derive(Debug)]
pub(super) struct Places {
    /// The simple index, its URL with a `/` at its end.
    pub(super) read: Result<Place, Finding>,
    /// Where files are uploaded to.
    pub(super) upload: Result<Place, Finding>,
    /// Whether the index is the one that pip uses when nothing is configured.
    pub(super) is_default_index: bool,
}

/// Refuses settings that cannot be right wherever relplan runs.
///
/// # Errors
/// A finding when a URL of the spec is none, or holds a credential: the spec and the plan are for everybody's eyes.
pub(super) fn check(target: &TargetName, settings: &Settings) -> Result<(), Finding> {
    for word in ["url", "read-url"] {
        let Some(text) = settings.text(word) else {
            continue;
        };
        let place = place(text, "spec")
            .map_err(|why| finding(format!("the `{word}` of target {target} {why}")))?;
        if place.login.is_some() {
            return Err(finding(format!("the `{word}` of target {target} holds a credential"))
                .hint("take it out of the spec, and name environment variables with `username-env` and `password-env`"));
        }
    }
    Ok(())
}

/// Finds both places.
pub(super) async fn resolve(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Places {
    let mut upload = upload(target, settings, surroundings).await;
    let mut read = read(settings, surroundings).await;
    if let (Ok(to), Ok(from)) = (&upload, &read)
        && !related(&to.url, &from.url)
    {
        if from.is_built_in() {
            read = Err(finding(format!(
                "target {target} uploads to {} ({}), and nothing says where that index is read",
                to.url, to.source
            ))
            .hint("add `read-url=\"…\"` with the URL of its simple index to the target, or set PIP_INDEX_URL"));
        } else if to.is_built_in() && from.source == "spec" {
            upload = Err(finding(format!(
                "target {target} reads {} (spec), and nothing says where it is uploaded to",
                from.url
            ))
            .hint("add `url=\"…\"` with the upload URL to the target, or `repository=\"…\"` with a section of ~/.pypirc"));
        }
    }
    let is_default_index = match &read {
        Ok(place) if place.is_built_in() => true,
        // The default is an HTTPS URL, so that nobody need be asked about others.
        Ok(place) if place.url.scheme() == "https" => {
            let known = client::ask(BuiltIn::Index, surroundings).await;
            known
                .and_then(|text| simple(&text))
                .is_some_and(|url| url == place.url)
        }
        Ok(_) | Err(_) => false,
    };
    Places {
        read,
        upload,
        is_default_index,
    }
}

/// Whether two URLs are known to be sides of one index: they share a host, but for a leading `upload.`.
fn related(upload: &Url, read: &Url) -> bool {
    let (Some(upload), Some(read)) = (upload.host_str(), read.host_str()) else {
        return false;
    };
    upload == read || upload.strip_prefix("upload.") == Some(read)
}

async fn upload(
    target: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
) -> Result<Place, Finding> {
    let pypirc = configuration::pypirc(surroundings)?;
    if let Some(text) = settings.text("url") {
        let section = section_of(&pypirc, text);
        return Ok(Place {
            section,
            ..configured(text, "spec")?
        });
    }
    let named = settings.text("repository");
    if named.is_none() {
        for name in ["TWINE_REPOSITORY_URL", "UV_PUBLISH_URL"] {
            if let Some(text) = surroundings.var(name) {
                let section = section_of(&pypirc, text);
                return Ok(Place {
                    section,
                    ..configured(text, name)?
                });
            }
        }
    }
    let section = named
        .or_else(|| surroundings.var("TWINE_REPOSITORY"))
        .unwrap_or("pypi");
    if let Some(text) = pypirc
        .get(section, "repository")
        .filter(|text| !text.is_empty())
    {
        let place = configured(text, &format!("section {section} of ~/.pypirc"))?;
        return Ok(Place {
            section: Some(section.to_owned()),
            ..place
        });
    }
    if named.is_none() {
        let uv = configuration::uv(surroundings)?;
        if let Some(text) = &uv.publish {
            return configured(text, &format!("publish-url in {}", uv.file));
        }
    }
    let built_in = match section {
        "pypi" => BuiltIn::Upload,
        "testpypi" => BuiltIn::TestUpload,
        _ => {
            return Err(finding(format!(
                "target {target} uploads to the section {section} of ~/.pypirc, which names no repository"
            ))
            .hint(format!("add `[{section}]` with `repository = …` to ~/.pypirc, or `url=\"…\"` to the target")));
        }
    };
    let Some(text) = client::ask(built_in, surroundings).await else {
        return Err(finding(format!("nothing says where target {target} is uploaded to"))
            .hint("add `url=\"…\"` with the upload URL to the target, or `repository = …` to a section of ~/.pypirc, or install twine or uv"));
    };
    let place = configured(&text, BUILT_IN)?;
    Ok(Place {
        section: Some(section.to_owned()),
        ..place
    })
}

/// The section of `.pypirc` that describes an upload URL which was found elsewhere.
fn section_of(pypirc: &Ini, url: &str) -> Option<String> {
    let same = |text: &str| {
        let (one, other) = (place(text, "").ok()?, place(url, "").ok()?);
        (one.url == other.url).then_some(())
    };
    pypirc
        .names()
        .find(|name| pypirc.get(name, "repository").and_then(same).is_some())
        .map(str::to_owned)
}

async fn read(settings: &Settings, surroundings: &Surroundings) -> Result<Place, Finding> {
    let place = if let Some(text) = settings.text("read-url") {
        configured(text, "spec")?
    } else if let Some(place) = read_variable(surroundings)? {
        place
    } else if let Some((text, file)) = configuration::pip_index(surroundings)? {
        configured(&text, &format!("index-url in {file}"))?
    } else {
        let uv = configuration::uv(surroundings)?;
        if let Some(text) = &uv.index {
            configured(text, &format!("the default index in {}", uv.file))?
        } else if let Some(text) = client::ask(BuiltIn::Index, surroundings).await {
            configured(&text, BUILT_IN)?
        } else {
            return Err(finding("nothing says where the Python package index is read".to_owned())
                .hint("add `read-url=\"…\"` with the URL of its simple index to the target, or set PIP_INDEX_URL, or install pip or uv"));
        }
    };
    Ok(Place {
        url: with_slash(place.url),
        ..place
    })
}

fn read_variable(surroundings: &Surroundings) -> Result<Option<Place>, Finding> {
    for name in ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"] {
        let Some(text) = surroundings.var(name) else {
            continue;
        };
        // uv takes `name=URL` as well.
        let text = match text.split_once('=') {
            Some((label, url)) if name == "UV_DEFAULT_INDEX" && !label.contains(['/', ':']) => url,
            _ => text,
        };
        return configured(text, name).map(Some);
    }
    Ok(None)
}

fn configured(text: &str, source: &str) -> Result<Place, Finding> {
    place(text, source).map_err(|why| finding(format!("the URL from {source} {why}")))
}

/// Reads a URL; on failure it tells what is wrong without repeating the text, which may hold a credential.
fn place(text: &str, source: &str) -> Result<Place, &'static str> {
    let url = Url::parse(text.trim()).map_err(|_| "is not a URL")?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("is not an http or https URL");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("has a query or a fragment");
    }
    let decoded = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8_lossy()
            .into_owned()
    };
    let login = (!url.username().is_empty() || url.password().is_some()).then(|| Login {
        username: decoded(url.username()),
        password: SecretString::from(decoded(url.password().unwrap_or_default())),
        source: format!("the URL from {source}"),
    });
    let plain = http::asked(&url);
    Ok(Place {
        url: Url::parse(&plain).map_err(|_| "is not a URL")?,
        source: source.to_owned(),
        login,
        section: None,
    })
}

fn simple(text: &str) -> Option<Url> {
    place(text, "").ok().map(|place| with_slash(place.url))
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    url
}

fn finding(message: String) -> Finding {
    Finding::new(CODE, Severity::Error, None, message)
}

#[cfg(test)]
mod tests;
