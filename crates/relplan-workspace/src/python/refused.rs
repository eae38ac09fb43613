//! What the public Python index refuses of a project (PyPI's documentation and the answers of its upload endpoint;
//! Python packaging specifications: core metadata, names, versions).

use relplan_ecosystem::Ecosystem;
use relplan_model::finding::{Finding, FindingCode, Severity};
use toml_edit::Item;

use super::project::Project;

/// The longest summary, in characters.
const MOST_SUMMARY: usize = 512;
/// The longest label of a URL, in characters.
const MOST_LABEL: usize = 32;
/// The types that a readme can be shown from.
const README_TYPES: [&str; 3] = ["text/plain", "text/x-rst", "text/markdown"];

/// All that would be refused, as errors.
pub(super) fn of(project: &Project) -> Vec<Finding> {
    let name = project.name().unwrap_or_default().trim();
    let mut found = Vec::new();
    let mut refuse = |item: Option<&Item>, what: String, hint: &str| {
        let place = item.map_or_else(
            || project.file().to_owned(),
            |item| project.toml.place(item),
        );
        let message = format!("{place}: PyPI refuses {name}: {what}");
        found.push(
            Finding::new(FindingCode::RegistryRefuses, Severity::Error, None, message).hint(hint),
        );
    };
    let item = |key: &str| project.toml.item(&["project", key]);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if !name.chars().all(is_plain) || !ends(name.chars().next()) || !ends(name.chars().last()) {
        refuse(
            item("name"),
            "its name cannot be one there".to_owned(),
            "a name holds ASCII letters, digits, `.`, `-` and `_`, and begins and ends with a letter or digit",
        );
    }
    if let Some(summary) = item("description").and_then(Item::as_str)
        && (summary.chars().count() > MOST_SUMMARY || summary.trim().contains('\n'))
    {
        refuse(
            item("description"),
            format!("its description is not one line of at most {MOST_SUMMARY} characters"),
            "shorten it; the readme has room for the rest",
        );
    }
    readme(item("readme"), &mut refuse);
    if let Some(python) = item("requires-python").and_then(Item::as_str)
        && Ecosystem::Python.admits(python, "3").is_none()
    {
        refuse(
            item("requires-python"),
            format!("its `requires-python` {python:?} is no set of versions"),
            "write one such as `>=3.10`",
        );
    }
    let urls = item("urls").and_then(Item::as_table_like);
    for (label, url) in urls.into_iter().flat_map(|urls| urls.iter()) {
        if label.chars().count() > MOST_LABEL {
            let what =
                format!("the label {label:?} of a URL has more than {MOST_LABEL} characters");
            refuse(Some(url), what, "shorten it");
        }
        let text = url.as_str().unwrap_or_default();
        if !text.starts_with("http://") && !text.starts_with("https://") {
            let what = format!("its URL {label:?} is {text:?}");
            refuse(Some(url), what, "write one that begins with `https://`");
        }
    }
    found
}

/// A readme of a type that cannot be shown.
fn readme(readme: Option<&Item>, refuse: &mut impl FnMut(Option<&Item>, String, &str)) {
    let hint = "name a file that ends with .md, .rst or .txt, or give it one of the types text/markdown, text/x-rst and text/plain";
    let stated = readme.and_then(|item| item.as_table_like()?.get("content-type")?.as_str());
    let file = readme.and_then(|item| {
        let file = || item.as_table_like()?.get("file")?.as_str();
        item.as_str().or_else(file)
    });
    if let Some(stated) = stated {
        let kind = stated.split(';').next().unwrap_or_default().trim();
        if !README_TYPES.contains(&kind.to_ascii_lowercase().as_str()) {
            refuse(readme, format!("its readme has the type {stated:?}"), hint);
        }
        return;
    }
    let known = |file: &str| {
        let file = file.to_ascii_lowercase();
        [".md", ".rst", ".txt"]
            .iter()
            .any(|ending| file.ends_with(ending))
    };
    // Without an ending, backends take it for plain text, or ask for a type.
    if let Some(file) = file.filter(|file| file.contains('.') && !known(file)) {
        refuse(
            readme,
            format!("nothing tells the type of its readme {file:?}"),
            hint,
        );
    }
}
