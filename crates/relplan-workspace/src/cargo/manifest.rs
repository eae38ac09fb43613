//! One `Cargo.toml`, with inheritance from its workspace (The Cargo Book: The `package` table).

use toml_edit::{Item, TableLike};

use crate::discover::{
    Folder, Publishable, ReadError, Tree,
    toml::{Toml, texts},
};

/// The manifest's file name.
pub(super) const FILE: &str = "Cargo.toml";

/// A `Cargo.toml`.
pub(super) struct Manifest {
    /// The folder that it is in, links resolved.
    pub(super) folder: Folder,
    /// What it says.
    pub(super) toml: Toml,
}

impl Manifest {
    /// Reads the manifest of a folder.
    pub(super) fn read(tree: &Tree, folder: &Folder) -> Result<Self, ReadError> {
        Ok(Self {
            folder: folder.clone(),
            toml: Toml::read(tree, folder, FILE)?,
        })
    }

    /// The `[package]` table, in its old spelling `[project]` too.
    pub(super) fn package(&self) -> Option<&dyn TableLike> {
        self.toml
            .table(&["package"])
            .or_else(|| self.toml.table(&["project"]))
    }

    /// Whether it is the root of a workspace.
    pub(super) fn is_workspace(&self) -> bool {
        self.toml.table(&["workspace"]).is_some()
    }

    /// The package's name.
    pub(super) fn name(&self) -> Result<&str, ReadError> {
        let item = self.package().and_then(|package| package.get("name"));
        item.and_then(Item::as_str)
            .ok_or_else(|| self.toml.wrong(item, "the package has no name"))
    }

    /// The package's version; `None` where there is none, which Cargo takes for 0.0.0 that is not published.
    pub(super) fn version(&self, home: &Self) -> Result<Option<String>, ReadError> {
        let Some((from, item)) = self.field(home, "version")? else {
            return Ok(None);
        };
        match item.as_str() {
            Some(version) => Ok(Some(version.trim().to_owned())),
            None => Err(from.toml.wrong(Some(item), "the version is not a text")),
        }
    }

    /// Where the source is kept, as it is written; inherited where it says so.
    pub(super) fn repository(&self, home: &Self) -> Option<String> {
        let (_, item) = self.field(home, "repository").ok()??;
        item.as_str().map(str::to_owned)
    }

    /// Where the package may be published. Without a version it goes nowhere.
    pub(super) fn publishable(
        &self,
        home: &Self,
        has_version: bool,
    ) -> Result<Publishable, ReadError> {
        let Some((from, item)) = self.field(home, "publish")? else {
            return Ok(if has_version {
                Publishable::Anywhere
            } else {
                Publishable::Nowhere
            });
        };
        if let Some(allowed) = item.as_bool() {
            if allowed && !has_version {
                return Err(from.toml.wrong(
                    Some(item),
                    "the package says `publish = true` but has no version",
                ));
            }
            return Ok(if allowed {
                Publishable::Anywhere
            } else {
                Publishable::Nowhere
            });
        }
        let Some(array) = item.as_array() else {
            return Err(from.toml.wrong(
                Some(item),
                "`publish` is neither true or false nor a list of registries",
            ));
        };
        let registries = texts(Some(item));
        if registries.len() != array.len() {
            return Err(from
                .toml
                .wrong(Some(item), "`publish` lists something that is not a text"));
        }
        Ok(if registries.is_empty() {
            Publishable::Nowhere
        } else {
            Publishable::Only(registries)
        })
    }

    /// A field of the package, or of `[workspace.package]` where it says `workspace = true`, with the file that has it.
    pub(super) fn field<'a>(
        &'a self,
        home: &'a Self,
        key: &str,
    ) -> Result<Option<(&'a Self, &'a Item)>, ReadError> {
        let Some(item) = self.package().and_then(|package| package.get(key)) else {
            return Ok(None);
        };
        let inherits = item
            .as_table_like()
            .and_then(|table| table.get("workspace"))
            .and_then(Item::as_bool);
        if inherits != Some(true) {
            return Ok(Some((self, item)));
        }
        match home.toml.item(&["workspace", "package", key]) {
            Some(item) => Ok(Some((home, item))),
            None => Err(self.toml.wrong(
                Some(item),
                format!(
                    "`{key}` is inherited, but {} has no `workspace.package.{key}`",
                    home.toml.file
                ),
            )),
        }
    }
}
