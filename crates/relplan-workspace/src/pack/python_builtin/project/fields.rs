//! Reading the members of the `[project]` table: texts, lists of texts, tables of texts.
//!
//! Invariant: every text that comes from here fits on one line of a header.

use camino::Utf8PathBuf;
use toml_edit::{Item, TableLike};

use crate::pack::PackError;

/// The `[project]` table.
pub(super) struct Fields<'a> {
    /// The manifest, for errors.
    pub(super) path: Utf8PathBuf,
    pub(super) table: &'a dyn TableLike,
}

impl Fields<'_> {
    pub(super) fn bad(&self, key: &str, why: &str) -> PackError {
        PackError::Manifest {
            path: self.path.clone(),
            why: format!("project.{key} {why}"),
        }
    }

    /// A text that fits on one line of a header.
    pub(super) fn line(&self, key: &str, value: &str) -> Result<String, PackError> {
        if value.chars().any(char::is_control) {
            return Err(self.bad(key, "holds a line break or a control character"));
        }
        Ok(value.to_owned())
    }

    pub(super) fn text(&self, key: &str) -> Result<Option<String>, PackError> {
        match self.table.get(key) {
            None => Ok(None),
            Some(item) => {
                let text = item
                    .as_str()
                    .ok_or_else(|| self.bad(key, "is not a text"))?;
                self.line(key, text).map(Some)
            }
        }
    }

    pub(super) fn texts(&self, key: &str) -> Result<Vec<String>, PackError> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(item) => self.texts_of(key, item),
        }
    }

    pub(super) fn texts_of(&self, key: &str, item: &Item) -> Result<Vec<String>, PackError> {
        let array = item
            .as_array()
            .ok_or_else(|| self.bad(key, "is not a list"))?;
        array
            .iter()
            .map(|value| {
                let text = value
                    .as_str()
                    .ok_or_else(|| self.bad(key, "holds something that is not a text"))?;
                self.line(key, text)
            })
            .collect()
    }

    pub(super) fn pairs(&self, key: &str) -> Result<Vec<(String, String)>, PackError> {
        match self.table.get(key) {
            None => Ok(Vec::new()),
            Some(item) => self.pairs_of(key, item),
        }
    }

    pub(super) fn pairs_of(
        &self,
        key: &str,
        item: &Item,
    ) -> Result<Vec<(String, String)>, PackError> {
        let table = item
            .as_table_like()
            .ok_or_else(|| self.bad(key, "is not a table"))?;
        table
            .iter()
            .map(|(name, value)| {
                let value = value
                    .as_str()
                    .ok_or_else(|| self.bad(key, "holds something that is not a text"))?;
                Ok((self.line(key, name)?, self.line(key, value)?))
            })
            .collect()
    }
}
