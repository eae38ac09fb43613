//! Published files: fetched once, held against the digests that the registry shows, and kept by digest.
//!
//! ```text
//! driver: registry's document ──▶ Listed { url, digests } ──▶ cache, else GET ──▶ hashed ──▶ Fetched
//! ```
//!
//! Invariant: bytes are handed out only when a digest that proves sameness (never SHA-1 or MD5) is among those that the
//! registry shows, and agrees. A credential goes along only to the origin that it belongs to.

mod store;
#[cfg(test)]
mod tests;

use relplan_model::{
    address::FileName,
    digest::{Comparison, Digests},
    port::{FetchError, Fetched},
};
use reqwest::StatusCode;
use secrecy::SecretString;
use url::{Origin, Url};

pub use self::store::Store;
use crate::http::{Answer, GetRequest, HttpError, Net};

/// The largest published file that is fetched, in bytes.
pub const MAX_FILE: u64 = 64 << 20;

/// A file as a registry lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    /// Its name.
    pub(crate) file: FileName,
    /// Where it is.
    pub(crate) url: Url,
    /// The digests shown for it.
    pub(crate) digests: Digests,
}

/// What opens a registry, and where that may be sent.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    /// The whole value of the `authorization` header.
    pub(crate) secret: SecretString,
    /// The origin that it belongs to.
    pub(crate) origin: Origin,
}

pub(crate) fn failed(reason: impl Into<String>) -> FetchError {
    FetchError::Failed {
        reason: reason.into(),
    }
}

/// Fetches a listed file: from the cache, else from where the registry says. `from` is the registry's own URL.
///
/// The file is asked for without the key first, where that is enough for public ones; then with it.
///
/// # Errors
/// When it cannot be had, shows no digest that could prove anything, or has other bytes.
pub(crate) async fn fetch(
    net: &Net,
    from: &Url,
    listed: Listed,
    key: Option<&Key>,
) -> Result<Fetched, FetchError> {
    let Listed { file, url, digests } = listed;
    if !digests.0.keys().any(|shown| shown.proves_sameness()) {
        return Err(failed(format!(
            "the registry shows no digest of {file} that proves anything ({digests})"
        )));
    }
    if let Some(bytes) = net.artifacts().load(&digests).await {
        let digests = Digests::of(&bytes);
        return Ok(Fetched {
            file,
            bytes,
            digests,
        });
    }
    // As with redirects: what a registry on HTTPS says is not looked up in the clear.
    let is_plain = |url: &Url| matches!(url.scheme(), "http" | "https");
    if !is_plain(&url) || (from.scheme() == "https" && url.scheme() != "https") {
        return Err(failed(format!(
            "the registry lists {file} at a place that is not on {}",
            from.scheme().to_ascii_uppercase()
        )));
    }
    let answer = read(net, url, key)
        .await
        .map_err(|error| failed(too_large(&file, error)))?;
    if answer.status != StatusCode::OK {
        return Err(failed(format!(
            "{} answered {}",
            answer.asked, answer.status
        )));
    }
    let bytes = Vec::from(answer.body);
    let fetched = verified(file, bytes, &digests)?;
    net.artifacts().keep(&fetched.bytes, &fetched.digests).await;
    Ok(fetched)
}

async fn read(net: &Net, url: Url, key: Option<&Key>) -> Result<Answer, HttpError> {
    let key = key.filter(|key| key.origin == url.origin());
    let request = GetRequest::file(url);
    let answer = net.get(request.clone()).await?;
    match (answer.status.as_u16(), key) {
        // Registries that hide what they have answer 404 as well.
        (401 | 403 | 404, Some(key)) => net.get(request.authorized(Some(key.secret.clone()))).await,
        _ => Ok(answer),
    }
}

fn too_large(file: &FileName, error: HttpError) -> String {
    match error {
        HttpError::TooLarge { limit, .. } => {
            format!("{file} has more than the {limit} bytes that are fetched")
        }
        other => other.reason(),
    }
}

/// Holds bytes against the digests that a registry shows.
///
/// # Errors
/// When they differ, or nothing in common proves that they do not.
pub(crate) fn verified(
    file: FileName,
    bytes: Vec<u8>,
    shown: &Digests,
) -> Result<Fetched, FetchError> {
    let digests = Digests::of(&bytes);
    match shown.compare(&digests) {
        Comparison::Same => Ok(Fetched {
            file,
            bytes,
            digests,
        }),
        Comparison::Different => Err(FetchError::OtherBytes {
            reason: difference(&file, shown, &digests),
        }),
        Comparison::Incomparable => Err(failed(format!(
            "the registry shows no digest of {file} that could be compared ({shown})"
        ))),
    }
}

/// Which digest differs, cut to what tells them apart.
fn difference(file: &FileName, shown: &Digests, found: &Digests) -> String {
    let short = |digits: &str| digits.chars().take(12).collect::<String>();
    let differing = shown.0.iter().find_map(|(algorithm, told)| {
        let found = found.get(*algorithm).filter(|found| found != told)?;
        let word = format!("{algorithm:?}").to_ascii_lowercase();
        Some(format!(
            "the registry shows {word}:{}… of {file}, and what it served has {}…",
            short(told),
            short(found)
        ))
    });
    differing.unwrap_or_else(|| format!("{file} has other bytes than the registry shows"))
}
