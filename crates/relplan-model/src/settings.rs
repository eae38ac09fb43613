//! Settings: what the spec says about a package at a target, in words that only that target's driver understands.
//!
//! Why: the planner carries them into the plan (so they are reviewed and digested) without knowing what they mean, and
//! adding a kind of target touches no other room.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// One value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Value {
    /// A text.
    Text(String),
    /// A yes or no.
    Flag(bool),
    /// A whole number from 0 to 2^53-1.
    Number(u64),
}

/// Setting names (as the spec spells them, such as `dist-tag`) to values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Settings(pub BTreeMap<String, Value>);

impl Settings {
    /// A setting that should be a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Value::Text(text) => Some(text),
            Value::Flag(_) | Value::Number(_) => None,
        }
    }

    /// A setting that should be a yes or no.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)? {
            Value::Flag(flag) => Some(*flag),
            Value::Text(_) | Value::Number(_) => None,
        }
    }

    /// Adds a text setting.
    #[must_use]
    pub fn with_text(mut self, name: &str, text: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), Value::Text(text.into()));
        self
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What type of value a word of the spec takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordType {
    /// Any text.
    Text,
    /// One of these texts.
    OneOf(Vec<&'static str>),
    /// `#true` or `#false`.
    Flag,
    /// A whole number.
    Number,
}

/// One setting that a kind of target understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its name in the spec.
    pub name: &'static str,
    /// What it takes.
    pub takes: WordType,
    /// Whether it must be given.
    pub required: bool,
    /// What it means, in one line.
    pub doc: &'static str,
}

/// The settings that one kind of target understands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindWords {
    /// On the `target` node.
    pub target: Vec<Word>,
    /// On a `to` node.
    pub destination: Vec<Word>,
}

/// Kind of target to its words. The binary takes it from the drivers and hands it to the spec's reader, so that neither
/// knows the other and a misspelt setting is still refused with its place in the text (law L13).
pub type Vocabulary = BTreeMap<&'static str, KindWords>;
