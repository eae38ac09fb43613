//! A language on KDL in one table: each word with what may stand behind it and in its block.
//!
//! Why: what is allowed, what is suggested for a misspelling and what a hint shows as an example come from the same
//! lines, so they cannot drift apart (law L13).

use std::collections::BTreeMap;

use relplan_model::settings::{Word, WordType};

/// What all documents of one kind have in common.
#[derive(Debug)]
pub struct Language {
    /// What a document is called in messages, such as `spec`.
    pub document: &'static str,
    /// The longest text that is read, in bytes.
    pub max_size: usize,
    /// What to do about a text that is too large.
    pub shorten: &'static str,
    /// Whether each thing can be written in one way only, and nothing can hide a line: no `/-`, no `/*`, no text of
    /// several lines, no escapes but of quotes and backslashes, no bare words as texts.
    pub is_strict: bool,
    /// The words that stand outside of any block.
    pub top: Words,
    /// The words that have a block, with those that stand in it.
    pub blocks: &'static [(&'static str, Words)],
}

/// Words with how often they may stand in one block.
pub type Words = &'static [(&'static str, Often)];

/// How often a word may stand in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Often {
    /// At most once.
    Once,
    /// As often as is needed.
    Any,
}

impl Language {
    /// The words that may stand in the block of a word.
    #[must_use]
    pub fn block(&self, word: &str) -> Words {
        let block = self.blocks.iter().find(|(parent, _)| *parent == word);
        block.map_or(&[], |(_, words)| words)
    }

    /// The block that a word belongs into.
    pub(crate) fn home(&self, word: &str) -> Option<&'static str> {
        let holds = |words: Words| words.iter().any(|(child, _)| *child == word);
        let home = self.blocks.iter().find(|(_, words)| holds(words));
        home.map(|(parent, _)| *parent)
    }
}

/// What stands behind a word without a name.
#[derive(Debug, Clone)]
pub enum Arguments {
    /// Nothing.
    None,
    /// Exactly one value; what it is, as a noun with its article.
    One(&'static str, WordType),
    /// One or more values; what one of them is.
    Many(&'static str, WordType),
}

/// One word of a language.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The word.
    pub word: &'static str,
    /// The kind of target or store whose words are among the properties.
    pub kind: Option<&'static str>,
    /// What stands behind it without a name.
    pub arguments: Arguments,
    /// What stands behind it with a name.
    pub properties: Vec<Word>,
    /// How it is written, for hints.
    pub example: &'static str,
}

impl Shape {
    /// A word with nothing behind it but properties.
    #[must_use]
    pub fn bare(word: &'static str, example: &'static str) -> Self {
        Self {
            word,
            kind: None,
            arguments: Arguments::None,
            properties: Vec::new(),
            example,
        }
    }

    /// A word with one value.
    #[must_use]
    pub fn one(
        word: &'static str,
        what: &'static str,
        takes: WordType,
        example: &'static str,
    ) -> Self {
        Self {
            arguments: Arguments::One(what, takes),
            ..Self::bare(word, example)
        }
    }

    /// A word with one text or more.
    #[must_use]
    pub fn many(word: &'static str, what: &'static str, example: &'static str) -> Self {
        Self {
            arguments: Arguments::Many(what, WordType::Text),
            ..Self::bare(word, example)
        }
    }

    /// The same with properties.
    #[must_use]
    pub fn with(mut self, properties: impl IntoIterator<Item = Word>) -> Self {
        self.properties.extend(properties);
        self
    }
}

/// The words of a language with their shapes.
#[derive(Debug, Clone)]
pub struct Shapes(BTreeMap<&'static str, Shape>);

impl Shapes {
    /// A table of shapes.
    #[must_use]
    pub fn new(shapes: impl IntoIterator<Item = Shape>) -> Self {
        let by_word = shapes.into_iter().map(|shape| (shape.word, shape));
        Self(by_word.collect())
    }

    /// A word's shape.
    #[must_use]
    pub fn get(&self, word: &str) -> Option<&Shape> {
        self.0.get(word)
    }
}
