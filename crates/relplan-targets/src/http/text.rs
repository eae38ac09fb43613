//! Text that may be shown: URLs without user information and query, registries' words without secrets.

use std::error::Error;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_model::text;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

/// The longest excerpt of a registry's words, in characters.
const EXCERPT: usize = 300;

/// A URL as evidence and errors show it: without user information, query and fragment.
#[must_use]
pub fn asked(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that cannot have user information, and then there is none to remove.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}

/// An error and its causes in one fragment.
#[must_use]
pub fn reason(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// A registry's words, fit for one line: nothing that is not shown, no secret, bounded.
#[must_use]
pub fn excerpt(body: &[u8], secret: Option<&SecretString>) -> String {
    let mut line = text::joined(&redact(&String::from_utf8_lossy(body), secret));
    if line.chars().count() > EXCERPT {
        line = line.chars().take(EXCERPT).collect();
        line.push('…');
    }
    line
}

/// The text without a credential: neither the header's value nor its parts, Basic's user name excepted.
#[must_use]
pub fn redact(text: &str, secret: Option<&SecretString>) -> String {
    let Some(secret) = secret else {
        return text.to_owned();
    };
    forms(secret.expose_secret())
        .into_iter()
        .filter(|form| !form.is_empty())
        .fold(text.to_owned(), |text, form| {
            text.replace(&form, "[redacted]")
        })
}

/// The spellings of one credential, longest first.
fn forms(value: &str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if let Some((_, token)) = value.split_once(' ') {
        forms.push(token.to_owned());
        if let Ok(pair) = BASE64_STANDARD.decode(token)
            && let Ok(pair) = String::from_utf8(pair)
            && let Some((_, password)) = pair.split_once(':')
        {
            forms.push(password.to_owned());
        }
    }
    forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    forms
}

/// Whether a media type is JSON, or says that it is built on it (RFC 6839).
pub(super) fn is_json(media_type: Option<&str>) -> bool {
    media_type.is_some_and(|media_type| {
        matches!(media_type, "application/json" | "text/json") || media_type.ends_with("+json")
    })
}
