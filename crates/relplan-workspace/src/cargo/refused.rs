//! What the public registry of crates refuses of a manifest (its documentation, "Publishing on crates.io", and the
//! answers of its publish endpoint).

use relplan_model::finding::{Finding, FindingCode, Severity};
use toml_edit::Item;

use super::manifest::Manifest;
use crate::discover::{ReadError, toml::texts};

/// The longest description, in characters.
const MOST_DESCRIPTION: usize = 1000;
/// The most keywords, and categories, of a crate.
const MOST_WORDS: usize = 5;
/// The longest keyword, in characters.
const MOST_KEYWORD: usize = 20;
/// The longest name, in characters.
const MOST_NAME: usize = 64;

/// All that would be refused, as errors.
pub(super) fn of(manifest: &Manifest, home: &Manifest) -> Result<Vec<Finding>, ReadError> {
    let name = manifest.name()?;
    let mut found = Vec::new();
    let mut refuse = |place: String, what: String, hint: &str| {
        let message = format!("{place}: the public registry of crates refuses {name}: {what}");
        found.push(
            Finding::new(FindingCode::RegistryRefuses, Severity::Error, None, message).hint(hint),
        );
    };
    let file = || manifest.toml.file.clone();
    let text = |key: &str| -> Result<Option<(String, String)>, ReadError> {
        let field = manifest.field(home, key)?;
        Ok(field.and_then(|(from, item)| {
            let text = item.as_str()?.trim();
            Some((from.toml.place(item), text.to_owned()))
        }))
    };
    match text("description")?.filter(|(_, text)| !text.is_empty()) {
        None => refuse(
            file(),
            "it has no description".to_owned(),
            "add `description = \"…\"` to its `[package]` table",
        ),
        Some((place, text)) if text.chars().count() > MOST_DESCRIPTION => refuse(
            place,
            format!("its description has more than {MOST_DESCRIPTION} characters"),
            "shorten it; the readme has room for the rest",
        ),
        Some(_) => {}
    }
    let is_said = |said: Option<(String, String)>| said.is_some_and(|(_, text)| !text.is_empty());
    if !is_said(text("license")?) && !is_said(text("license-file")?) {
        refuse(
            file(),
            "it has no licence".to_owned(),
            "add `license = \"…\"` with an SPDX expression, or `license-file`, to its `[package]` table",
        );
    }
    for key in ["homepage", "documentation", "repository"] {
        if let Some((place, url)) = text(key)?
            && !url.is_empty()
            && !url.starts_with("http://")
            && !url.starts_with("https://")
        {
            let what = format!("its {key} {url:?} is no URL of the web");
            refuse(place, what, "write one that begins with `https://`");
        }
    }
    for (key, kind) in [("keywords", "keyword"), ("categories", "category")] {
        let Some((from, item)) = manifest.field(home, key)? else {
            continue;
        };
        let (place, words) = (from.toml.place(item), texts(Some(item)));
        if words.len() > MOST_WORDS {
            refuse(
                place.clone(),
                format!("it has {} {key}, and may have {MOST_WORDS}", words.len()),
                "leave the less important ones out",
            );
        }
        let bad = |word: &&String| match key {
            "keywords" => !is_keyword(word),
            _ => !is_category(word),
        };
        for word in words.iter().filter(bad) {
            let hint = match key {
                "keywords" => {
                    "a keyword begins with a letter or digit, goes on with those, `-`, `_` and `+`, and has at most 20 characters"
                }
                _ => {
                    "write the category's short form from the registry's list, such as `command-line-utilities`"
                }
            };
            refuse(place.clone(), format!("{word:?} is no {kind}"), hint);
        }
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if !starts || !name.chars().all(is_plain) || name.chars().count() > MOST_NAME {
        refuse(
            manifest
                .package()
                .and_then(|package| package.get("name"))
                .map_or_else(file, |item: &Item| manifest.toml.place(item)),
            "its name cannot be one there".to_owned(),
            "a name begins with an ASCII letter, goes on with letters, digits, `-` and `_`, and has at most 64 characters",
        );
    }
    Ok(found)
}

fn is_keyword(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(is_plain)
        && word.chars().count() <= MOST_KEYWORD
}

/// Whether a text has the form of a category: which ones there are is the registry's list.
fn is_category(word: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | ':');
    !word.is_empty() && word.chars().all(is_plain)
}
