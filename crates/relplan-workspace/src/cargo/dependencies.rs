//! The dependencies that a `Cargo.toml` declares, in all the ways that there are (The Cargo Book: Specifying Dependencies).

use std::collections::BTreeMap;

use relplan_model::release::DependencyKind;
use toml_edit::{Item, TableLike};

use super::manifest::Manifest;
use crate::discover::{Folder, ReadError, Tree};

/// The tables with their old spellings.
const TABLES: [(&str, Section); 5] = [
    ("dependencies", Section::Normal),
    ("build-dependencies", Section::Build),
    ("build_dependencies", Section::Build),
    ("dev-dependencies", Section::Dev),
    ("dev_dependencies", Section::Dev),
];

/// The name that Cargo itself gives to its default registry, as `[patch]` tables use it.
const DEFAULT_REGISTRY: &str = "crates-io";

/// Which kind of table declares a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Normal,
    Build,
    Dev,
}

/// Where Cargo takes a dependency from while it builds the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// The default registry.
    Registry,
    /// Another registry.
    OtherRegistry,
    /// The default registry, replaced by a path in the workspace's `[patch]` where the version fits.
    Patched,
    /// The path that is stated.
    Path(String),
    /// A git repository.
    Git,
}

/// One declared dependency, inheritance and patches resolved.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    /// The file and line that declare it.
    pub(super) place: String,
    /// The name of the package depended on.
    pub(super) name: String,
    /// The folder that it resolves to, where it resolves by path to one below the project's root.
    pub(super) folder: Option<Folder>,
    /// Where Cargo takes it from.
    pub(super) origin: Origin,
    /// The version requirement.
    pub(super) requirement: Option<String>,
    section: Section,
    optional: bool,
}

impl Declared {
    /// How the dependency stands in what is published; `None`: Cargo leaves it out, as it does with
    /// dev-dependencies without a version.
    pub(super) fn published_as(&self) -> Option<DependencyKind> {
        match self.section {
            Section::Dev if self.requirement.is_none() => None,
            Section::Dev => Some(DependencyKind::Dev),
            Section::Build | Section::Normal if self.optional => Some(DependencyKind::Optional),
            Section::Build => Some(DependencyKind::Build),
            Section::Normal => Some(DependencyKind::Normal),
        }
    }
}

/// The dependencies of a manifest, in the order of their tables.
pub(super) fn of(
    tree: &Tree,
    manifest: &Manifest,
    home: &Manifest,
) -> Result<Vec<Declared>, ReadError> {
    let reader = Reader {
        tree,
        manifest,
        home,
        patches: patches(home),
    };
    let mut declared = Vec::new();
    for (key, section) in TABLES {
        reader.table(&[key], section, &mut declared)?;
    }
    if let Some(targets) = manifest.toml.table(&["target"]) {
        for (platform, _) in targets.iter() {
            for (key, section) in TABLES {
                reader.table(&["target", platform, key], section, &mut declared)?;
            }
        }
    }
    Ok(declared)
}

struct Reader<'a> {
    tree: &'a Tree,
    manifest: &'a Manifest,
    home: &'a Manifest,
    patches: BTreeMap<&'a str, &'a str>,
}

impl Reader<'_> {
    fn table(
        &self,
        keys: &[&str],
        section: Section,
        into: &mut Vec<Declared>,
    ) -> Result<(), ReadError> {
        let Some(table) = self.manifest.toml.table(keys) else {
            return Ok(());
        };
        for (key, item) in table.iter() {
            into.push(self.dependency(key, item, section)?);
        }
        Ok(())
    }

    fn dependency(&self, key: &str, item: &Item, section: Section) -> Result<Declared, ReadError> {
        let toml = &self.manifest.toml;
        let own = item.as_table_like();
        let optional = own.is_some_and(|table| flag(table, "optional"));
        let (from, source) = if own.is_some_and(|table| flag(table, "workspace")) {
            let inherited = self.home.toml.item(&["workspace", "dependencies", key]);
            let inherited = inherited.ok_or_else(|| {
                toml.wrong(
                    Some(item),
                    format!(
                        "{key:?} is inherited, but {} has no such `workspace.dependencies`",
                        self.home.toml.file
                    ),
                )
            })?;
            (self.home, inherited)
        } else {
            (self.manifest, item)
        };
        let mut declared = Declared {
            // What is inherited can be changed there alone.
            place: from.toml.place(source),
            name: key.to_owned(),
            folder: None,
            origin: Origin::Registry,
            requirement: None,
            section,
            optional,
        };
        if let Some(requirement) = source.as_str() {
            declared.requirement = Some(requirement.trim().to_owned());
        } else if let Some(table) = source.as_table_like() {
            self.fill(&mut declared, from, table);
        } else {
            return Err(toml.wrong(
                Some(item),
                format!("the dependency {key:?} is neither a text nor a table"),
            ));
        }
        self.patch(&mut declared);
        Ok(declared)
    }

    fn fill(&self, declared: &mut Declared, from: &Manifest, table: &dyn TableLike) {
        let text = |key: &str| table.get(key).and_then(Item::as_str);
        if let Some(package) = text("package") {
            package.clone_into(&mut declared.name);
        }
        declared.requirement = text("version").map(|version| version.trim().to_owned());
        if let Some(path) = text("path") {
            declared.origin = Origin::Path(path.to_owned());
            declared.folder = self.resolve(from, path);
        } else if text("git").is_some() {
            declared.origin = Origin::Git;
        } else if text("registry").is_some() || text("registry-index").is_some() {
            declared.origin = Origin::OtherRegistry;
        }
    }

    /// A `[patch]` of the workspace's root may say that a registry dependency is found by path.
    fn patch(&self, declared: &mut Declared) {
        if declared.origin == Origin::Registry
            && let Some(path) = self.patches.get(declared.name.as_str())
        {
            declared.folder = self.resolve(self.home, path);
            declared.origin = Origin::Patched;
        }
    }

    fn resolve(&self, from: &Manifest, path: &str) -> Option<Folder> {
        from.folder
            .join(path)
            .and_then(|folder| self.tree.real(&folder))
    }
}

/// The packages of the default registry that a workspace replaces by a path.
fn patches(home: &Manifest) -> BTreeMap<&str, &str> {
    let table = home.toml.table(&["patch", DEFAULT_REGISTRY]);
    let entries = table.into_iter().flat_map(TableLike::iter);
    entries
        .filter_map(|(key, item)| {
            let item = item.as_table_like()?;
            let text = |key: &str| item.get(key).and_then(Item::as_str);
            Some((text("package").unwrap_or(key), text("path")?))
        })
        .collect()
}

fn flag(table: &dyn TableLike, key: &str) -> bool {
    table.get(key).and_then(Item::as_bool) == Some(true)
}
