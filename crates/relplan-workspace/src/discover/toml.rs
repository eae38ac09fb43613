//! A TOML manifest with the places of what it says.

use toml_edit::{Document, Item, TableLike};

use super::{
    Folder, ReadError, Tree,
    text::{self, Lines},
};

/// A TOML file that was read.
pub(crate) struct Toml {
    /// Its path relative to the project's root.
    pub(crate) file: String,
    lines: Lines,
    document: Document<String>,
}

impl Toml {
    /// Reads the file of this name in a folder.
    pub(crate) fn read(tree: &Tree, folder: &Folder, name: &str) -> Result<Self, ReadError> {
        let file = folder.file(name);
        let text = tree.read(&file)?;
        let lines = Lines::of(&text);
        match Document::parse(text) {
            Ok(document) => Ok(Self {
                file,
                lines,
                document,
            }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start);
                Err(ReadError::Syntax {
                    line: lines.at(offset),
                    file,
                    message: text::one_line(error.message()),
                })
            }
        }
    }

    /// The table under a path of keys.
    pub(crate) fn table(&self, keys: &[&str]) -> Option<&dyn TableLike> {
        self.item(keys)?.as_table_like()
    }

    /// The item under a path of keys.
    pub(crate) fn item(&self, keys: &[&str]) -> Option<&Item> {
        keys.iter().try_fold(self.document.as_item(), |item, key| {
            item.as_table_like()?.get(key)
        })
    }

    /// The file and line of an item, for messages.
    pub(crate) fn place(&self, item: &Item) -> String {
        match item.span() {
            Some(span) => format!("{}:{}", self.file, self.lines.at(span.start)),
            None => self.file.clone(),
        }
    }

    /// The error for an item that its ecosystem does not allow.
    pub(crate) fn wrong(&self, item: Option<&Item>, message: impl Into<String>) -> ReadError {
        ReadError::Content {
            file: item.map_or_else(|| self.file.clone(), |item| self.place(item)),
            message: message.into(),
            advice: None,
        }
    }
}

/// The texts of an array; other values in it are left out.
pub(crate) fn texts(item: Option<&Item>) -> Vec<String> {
    item.and_then(Item::as_array)
        .into_iter()
        .flatten()
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}
