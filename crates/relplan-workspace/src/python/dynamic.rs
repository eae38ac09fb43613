//! Dependencies that `[project]` calls dynamic, where the build backend's own settings say where they stand.
//!
//! Two ways are read: setuptools' `[tool.setuptools.dynamic]` with files of requirements (setuptools documentation:
//! Configuring setuptools using pyproject.toml files, Dynamic Metadata), and the templates of Hatch's
//! `uv-dynamic-versioning` hook.

use relplan_model::release::DependencyKind;
use toml_edit::Item;

use super::project::{Declared, Project};
use crate::discover::{
    Tree,
    toml::{Toml, texts},
};

/// The fields with the kind of edge that they make.
const FIELDS: [(&str, DependencyKind); 2] = [
    ("dependencies", DependencyKind::Normal),
    ("optional-dependencies", DependencyKind::Optional),
];

const SETUPTOOLS: [&str; 3] = ["tool", "setuptools", "dynamic"];
const HATCH_HOOK: [&str; 5] = [
    "tool",
    "hatch",
    "metadata",
    "hooks",
    "uv-dynamic-versioning",
];

/// The dynamic dependencies; `None` where some are computed in a way that cannot be read.
pub(super) fn declared(tree: &Tree, project: &Project) -> Option<Vec<Declared>> {
    let mut declared = Vec::new();
    for (field, kind) in FIELDS {
        if !project.is_dynamic(field) {
            continue;
        }
        let toml = &project.toml;
        if let Some(item) = under(toml, &HATCH_HOOK, field) {
            let place = toml.place(item);
            let templates = each(item).flat_map(|list| texts(Some(list)));
            declared.extend(templates.filter_map(|text| template(&place, &text, kind)));
        } else {
            let item = under(toml, &SETUPTOOLS, field)?;
            for source in each(item) {
                declared.extend(files(tree, project, source, kind)?);
            }
        }
    }
    Some(declared)
}

fn under<'a>(toml: &'a Toml, keys: &[&str], field: &str) -> Option<&'a Item> {
    toml.table(keys)?.get(field)
}

/// The item itself, or the items of its extras where it is a table of them.
fn each(item: &Item) -> Box<dyn Iterator<Item = &Item> + '_> {
    match item.as_table_like() {
        Some(table) if !table.contains_key("file") => Box::new(table.iter().map(|(_, one)| one)),
        Some(_) | None => Box::new(std::iter::once(item)),
    }
}

/// A specifier with places that the hook fills in: its requirement is known after packing.
fn template(place: &str, text: &str, kind: DependencyKind) -> Option<Declared> {
    let mut declared = Declared::of(place, text, kind)?;
    if declared.requirement.contains("{{") {
        declared.requirement.clear();
    }
    Some(declared)
}

/// `file = "requirements.txt"`, or a list of such files, relative to the project's folder.
fn files(
    tree: &Tree,
    project: &Project,
    source: &Item,
    kind: DependencyKind,
) -> Option<Vec<Declared>> {
    let file = source.as_table_like()?.get("file")?;
    let names = match file.as_str() {
        Some(name) => vec![name.to_owned()],
        None => texts(Some(file)),
    };
    let mut declared = Vec::new();
    for name in names {
        let path = project.folder.join(&name)?;
        let text = tree.read(path.as_path()).ok()?;
        for (number, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.starts_with('-') {
                // setuptools takes no options in these files, so this would not build.
                return None;
            }
            let place = format!("{path}:{}", number + 1);
            if !line.is_empty() && !line.starts_with('#') {
                declared.extend(Declared::of(&place, line, kind));
            }
        }
    }
    Some(declared)
}
