//! One `package.json` (npm documentation: package.json).

use serde_json::{Map, Value};

use super::content;
use crate::discover::{Folder, ReadError, Tree, text};

/// The manifest's file name.
pub(super) const FILE: &str = "package.json";

/// A `package.json`.
pub(super) struct Manifest {
    /// The folder that it is in, links resolved.
    pub(super) folder: Folder,
    /// Its path relative to the project's root.
    pub(super) file: String,
    members: Map<String, Value>,
}

impl Manifest {
    /// Reads the manifest of a folder.
    pub(super) fn read(tree: &Tree, folder: &Folder) -> Result<Self, ReadError> {
        let file = folder.file(FILE);
        let text = tree.read(&file)?;
        match serde_json::from_str(&text) {
            Ok(Value::Object(members)) => Ok(Self {
                folder: folder.clone(),
                file,
                members,
            }),
            Ok(_) => Err(content(&file, "it does not hold a JSON object")),
            Err(error) => {
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default();
                Err(ReadError::Syntax {
                    file,
                    line: error.line(),
                    message: text::one_line(message),
                })
            }
        }
    }

    /// All of it.
    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// A member that is a text and not empty.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        let text = self.members.get(key)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// A member that is an object.
    pub(super) fn object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.members.get(key)?.as_object()
    }

    /// The texts in an object.
    pub(super) fn texts(&self, key: &str) -> impl Iterator<Item = (&str, &str)> {
        self.object(key)
            .into_iter()
            .flatten()
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
    }

    /// A text of `publishConfig`.
    pub(super) fn publish_config(&self, key: &str) -> Option<&str> {
        let text = self.object("publishConfig")?.get(key)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// Where the source is kept: `repository` in its short or its long form, as it is written.
    pub(super) fn repository(&self) -> Option<&str> {
        let long = || self.object("repository")?.get("url")?.as_str();
        self.text("repository").or_else(long)
    }

    /// Whether it is private by JavaScript's idea of truth, which is what npm goes by.
    pub(super) fn is_private(&self) -> bool {
        match self.members.get("private") {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::Bool(true) | Value::Array(_) | Value::Object(_)) => true,
        }
    }

    /// The patterns of `workspaces`, in its short or its long form; `None` where there is no such member.
    pub(super) fn workspaces(&self) -> Result<Option<Vec<String>>, ReadError> {
        let list = match self.members.get("workspaces") {
            None | Some(Value::Null | Value::Bool(false)) => return Ok(None),
            Some(Value::Object(long)) => match long.get("packages") {
                None => return Ok(Some(Vec::new())),
                Some(list) => list,
            },
            Some(list) => list,
        };
        let patterns: Option<Vec<String>> = list.as_array().and_then(|list| {
            list.iter()
                .map(|pattern| pattern.as_str().map(str::to_owned))
                .collect()
        });
        match patterns {
            Some(patterns) => Ok(Some(patterns)),
            None => Err(content(
                &self.file,
                "`workspaces` is not a list of patterns",
            )),
        }
    }

    /// Whether a peer dependency may be missing.
    pub(super) fn is_optional_peer(&self, name: &str) -> bool {
        self.object("peerDependenciesMeta")
            .and_then(|meta| meta.get(name)?.get("optional")?.as_bool())
            == Some(true)
    }

    /// The manager that it asks for in Corepack's way, with its version.
    pub(super) fn corepack(&self) -> Option<(&str, &str)> {
        self.text("packageManager")?.split_once('@')
    }

    /// The manager that it asks for, by `packageManager` or `devEngines`.
    pub(super) fn manager(&self) -> Option<&str> {
        let corepack = self
            .text("packageManager")
            .and_then(|text| text.split('@').next());
        corepack.or_else(|| {
            self.object("devEngines")?
                .get("packageManager")?
                .get("name")?
                .as_str()
        })
    }
}
