//! One `pyproject.toml`: its standard `[project]` table, else Poetry's own.

use relplan_ecosystem::python::{Requirement, filename::normalized};
use relplan_model::release::DependencyKind;
use toml_edit::{Item, TableLike};

use crate::discover::{
    Folder, ReadError, Tree,
    toml::{Toml, texts},
};

/// The manifest's file name.
pub(super) const FILE: &str = "pyproject.toml";

/// A `pyproject.toml`.
pub(super) struct Project {
    /// The folder that it is in, links resolved.
    pub(super) folder: Folder,
    /// What it says.
    pub(super) toml: Toml,
}

/// Which table says who the project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    /// `[project]`.
    Standard,
    /// `[tool.poetry]`, as before Poetry 2.
    Poetry,
    /// None of them.
    Nothing,
}

/// What `[tool.uv.workspace]` says.
pub(super) struct Workspace {
    /// Patterns of members.
    pub(super) members: Vec<String>,
    /// Patterns of folders that are none.
    pub(super) exclude: Vec<String>,
}

/// One declared dependency.
pub(super) struct Declared {
    /// The file and line that declare it.
    pub(super) place: String,
    /// The name as it is written.
    pub(super) name: String,
    /// How it is needed.
    pub(super) kind: DependencyKind,
    /// What follows the name.
    pub(super) requirement: String,
    /// Whether it is found by URL or path.
    pub(super) is_direct: bool,
}

impl Declared {
    /// The dependency that a specifier declares; `None` where it has no name at its head.
    pub(super) fn of(place: &str, text: &str, kind: DependencyKind) -> Option<Self> {
        let specifier = Requirement::of(text)?;
        Some(Self {
            place: place.to_owned(),
            name: specifier.name.to_owned(),
            kind,
            requirement: specifier.rest.to_owned(),
            // What is needed to build stays out of the metadata.
            is_direct: specifier.is_direct && kind != DependencyKind::Build,
        })
    }
}

impl Project {
    /// Reads the manifest of a folder.
    pub(super) fn read(tree: &Tree, folder: &Folder) -> Result<Self, ReadError> {
        Ok(Self {
            folder: folder.clone(),
            toml: Toml::read(tree, folder, FILE)?,
        })
    }

    /// The manifest's path.
    pub(super) fn file(&self) -> &str {
        &self.toml.file
    }

    /// Which table says who the project is.
    pub(super) fn stated(&self) -> Stated {
        if self.toml.table(&["project"]).is_some() {
            Stated::Standard
        } else if self.toml.item(&["tool", "poetry", "name"]).is_some() {
            Stated::Poetry
        } else {
            Stated::Nothing
        }
    }

    /// The error for a manifest that does not say who the project is.
    pub(super) fn nothing_stated(&self) -> ReadError {
        ReadError::Content {
            file: self.file().to_owned(),
            message: "it has neither a `[project]` nor a `[tool.poetry]` table with a name".to_owned(),
            advice: Some("move the name from setup.py or setup.cfg to `[project]`; the version may stay dynamic".to_owned()),
        }
    }

    /// uv's workspace table.
    pub(super) fn workspace(&self) -> Option<Workspace> {
        self.toml.table(&["tool", "uv", "workspace"])?;
        let list = |key| texts(self.toml.item(&["tool", "uv", "workspace", key]));
        Some(Workspace {
            members: list("members"),
            exclude: list("exclude"),
        })
    }

    /// The name as it is written.
    pub(super) fn name(&self) -> Result<&str, ReadError> {
        let item = self.field("name");
        item.and_then(Item::as_str)
            .ok_or_else(|| self.toml.wrong(item, "the project has no name"))
    }

    /// The version as it is written; `None` where it is computed when the project is built.
    pub(super) fn version(&self) -> Result<Option<String>, ReadError> {
        let versioning = ["tool", "poetry-dynamic-versioning", "enable"];
        if self.toml.item(&versioning).and_then(Item::as_bool) == Some(true) {
            return Ok(None);
        }
        let dynamic = self.is_dynamic("version");
        let item = if dynamic {
            // Poetry 2 leaves the version in its own table when `[project]` calls it dynamic.
            self.toml.item(&["tool", "poetry", "version"])
        } else {
            self.field("version")
        };
        match item.map(|item| (item, item.as_str())) {
            Some((_, Some(version))) => Ok(Some(version.trim().to_owned())),
            None if dynamic => Ok(None),
            Some((item, None)) => Err(self.toml.wrong(Some(item), "the version is not a text")),
            None => Err(self.toml.wrong(
                None,
                "the project has no version and does not call it dynamic",
            )),
        }
    }

    /// Where the source is kept, as it is written (Python Packaging User Guide: Well-known Project URLs).
    pub(super) fn repository(&self) -> Option<String> {
        let urls = self.toml.table(&["project", "urls"]);
        let of_label = |label: &str| {
            let is_it = |key: &str| {
                let letters = key.chars().filter(char::is_ascii_alphabetic);
                letters.map(|c| c.to_ascii_lowercase()).eq(label.chars())
            };
            let (_, item) = urls?.iter().find(|(key, _)| is_it(key))?;
            item.as_str()
        };
        let known = ["source", "sourcecode", "repository", "github", "code"];
        let stated = known.into_iter().find_map(of_label);
        let poetry = || {
            let item = self.toml.item(&["tool", "poetry", "repository"]);
            item.and_then(Item::as_str)
        };
        stated.or_else(poetry).map(str::to_owned)
    }

    /// Whether a classifier keeps it from indexes: they refuse every one that starts so.
    pub(super) fn is_private(&self) -> bool {
        texts(self.field("classifiers"))
            .iter()
            .any(|classifier| classifier.trim_start().starts_with("Private ::"))
    }

    /// Whether it is built into distributions at all: uv's members without a build system are not, unless they say so.
    pub(super) fn is_built(&self, in_workspace: bool) -> bool {
        let flag = |keys: &[&str]| self.toml.item(keys).and_then(Item::as_bool);
        if flag(&["tool", "poetry", "package-mode"]) == Some(false) {
            return false;
        }
        // A project that uv does not install is published all the same where it can be built.
        let is_built = self.toml.table(&["build-system"]).is_some();
        is_built || flag(&["tool", "uv", "package"]).unwrap_or(!in_workspace)
    }

    /// Whether the build finds the version in the tags of the repository.
    pub(super) fn version_from_history(&self) -> bool {
        const TABLES: [&[&str]; 4] = [
            &["tool", "setuptools_scm"],
            &["tool", "setuptools-git-versioning"],
            &["tool", "versioningit"],
            &["tool", "uv-dynamic-versioning"],
        ];
        const SOURCES: [(&[&str], &str); 2] = [
            (&["tool", "hatch", "version", "source"], "vcs"),
            (&["tool", "pdm", "version", "source"], "scm"),
        ];
        const BACKENDS: [&str; 3] = ["setuptools-scm", "flit-scm", "pbr"];
        let versioning = ["tool", "poetry-dynamic-versioning", "enable"];
        if self.toml.item(&versioning).and_then(Item::as_bool) == Some(true) {
            return true;
        }
        // What a file or an attribute says is not looked for anywhere else.
        let stated = ["tool", "setuptools", "dynamic", "version"];
        if !self.is_dynamic("version") || self.toml.item(&stated).is_some() {
            return false;
        }
        let says = |(keys, word): &(&[&str], &str)| {
            self.toml.item(keys).and_then(Item::as_str) == Some(*word)
        };
        let required = texts(self.toml.item(&["build-system", "requires"]));
        let mut required = required.iter().filter_map(|text| Requirement::of(text));
        TABLES.iter().any(|keys| self.toml.item(keys).is_some())
            || SOURCES.iter().any(says)
            || required.any(|one| BACKENDS.contains(&normalized(one.name).as_str()))
    }

    /// Whether `[project]` leaves a field to the build.
    pub(super) fn is_dynamic(&self, name: &str) -> bool {
        texts(self.field("dynamic"))
            .iter()
            .any(|field| field == name)
    }

    /// The dependencies in the tables for them; development groups are not published and are left out.
    pub(super) fn declared(&self) -> Vec<Declared> {
        let mut declared = Vec::new();
        let project = |key| self.toml.item(&["project", key]);
        self.specifiers(
            project("dependencies"),
            DependencyKind::Normal,
            &mut declared,
        );
        if let Some(extras) = project("optional-dependencies").and_then(Item::as_table_like) {
            for (_, extra) in extras.iter() {
                self.specifiers(Some(extra), DependencyKind::Optional, &mut declared);
            }
        }
        self.specifiers(
            self.toml.item(&["build-system", "requires"]),
            DependencyKind::Build,
            &mut declared,
        );
        // Where `[project]` lists dependencies, Poetry's own table only says where they are found.
        if project("dependencies").is_none()
            && let Some(table) = self.toml.table(&["tool", "poetry", "dependencies"])
        {
            self.poetry(table, &mut declared);
        }
        declared
    }

    fn field(&self, key: &str) -> Option<&Item> {
        match self.stated() {
            Stated::Standard => self.toml.item(&["project", key]),
            Stated::Poetry | Stated::Nothing => self.toml.item(&["tool", "poetry", key]),
        }
    }

    fn specifiers(&self, list: Option<&Item>, kind: DependencyKind, into: &mut Vec<Declared>) {
        let Some(list) = list else { return };
        let place = self.toml.place(list);
        let specifiers = texts(Some(list));
        into.extend(
            specifiers
                .iter()
                .filter_map(|text| Declared::of(&place, text, kind)),
        );
    }

    /// Poetry's table: a requirement, a table with one, or a list of such tables for different platforms.
    fn poetry(&self, table: &dyn TableLike, into: &mut Vec<Declared>) {
        for (name, item) in table.iter() {
            let entries: Vec<&dyn TableLike> = match (item.as_array(), item.as_array_of_tables()) {
                (Some(array), _) => array
                    .iter()
                    .filter_map(|value| Some(value.as_inline_table()? as &dyn TableLike))
                    .collect(),
                (None, Some(tables)) => tables.iter().map(|one| one as &dyn TableLike).collect(),
                (None, None) => item.as_table_like().into_iter().collect(),
            };
            let mut add = |requirement: &str, optional: bool, is_direct: bool| {
                into.push(Declared {
                    place: self.toml.place(item),
                    name: name.to_owned(),
                    kind: if optional {
                        DependencyKind::Optional
                    } else {
                        DependencyKind::Normal
                    },
                    requirement: requirement.to_owned(),
                    is_direct,
                });
            };
            if let Some(requirement) = item.as_str() {
                add(requirement, false, false);
            }
            for entry in entries {
                let text = |key: &str| entry.get(key).and_then(Item::as_str);
                let optional = entry.get("optional").and_then(Item::as_bool) == Some(true);
                let direct = ["path", "git", "url"].iter().any(|key| text(key).is_some());
                add(text("version").unwrap_or_default(), optional, direct);
            }
        }
    }
}
