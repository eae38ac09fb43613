//! The language in one table: each word with what may stand behind it and in its block.
//!
//! Why: what is allowed, what is suggested for a misspelling and what a hint shows as an example come from the same
//! lines, so they cannot drift apart (law L13).

use std::collections::BTreeMap;

use relplan_model::settings::{Vocabulary, Word, WordType};

/// The version of the language that this crate reads.
pub(crate) const LANGUAGE: u64 = 1;

/// What stands behind a word without a name.
#[derive(Debug, Clone)]
pub(crate) enum Arguments {
    /// Exactly one; what it is, as a noun with its article.
    One(&'static str, WordType),
    /// One or more texts; what one of them is.
    Many(&'static str),
}

/// How often a word may stand in one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Often {
    Once,
    Any,
}

/// One word of the language.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) word: &'static str,
    /// The kind of target whose words are among the properties.
    pub(crate) kind: Option<&'static str>,
    pub(crate) arguments: Arguments,
    pub(crate) properties: Vec<Word>,
    pub(crate) children: &'static [(&'static str, Often)],
    /// How it is written, for hints.
    pub(crate) example: &'static str,
}

/// The words that stand outside of any block.
pub(crate) const TOP: &[(&str, Often)] = &[
    ("relplan", Often::Once),
    ("project", Often::Once),
    ("workspace", Often::Any),
    ("target", Often::Any),
    ("release", Often::Any),
    ("gate", Often::Any),
    ("state", Often::Once),
];
const WORKSPACE: &[(&str, Often)] = &[("exclude", Often::Any), ("prebuilt", Often::Any)];
const RELEASE: &[(&str, Often)] = &[
    ("to", Often::Any),
    ("needs", Often::Any),
    ("version", Often::Once),
    ("yank", Often::Any),
    ("deprecate", Often::Any),
];
const GATE: &[(&str, Often)] = &[
    ("targets", Often::Any),
    ("threshold", Often::Once),
    ("from", Often::Any),
    ("touch", Often::Once),
    ("max-age", Often::Once),
];

/// The ecosystems with what can pack their packages, the first being used if nothing is said.
pub(crate) const PACKERS: &[(&str, &[&str])] = &[
    ("cargo", &["cargo"]),
    ("npm", &["npm", "pnpm", "yarn", "builtin"]),
    ("python", &["pep517", "builtin"]),
];

/// The kinds of stores that keep the state.
const STORES: &[&str] = &["file", "git", "s3", "postgres"];

/// The block that a word belongs into.
pub(crate) fn home(word: &str) -> Option<&'static str> {
    let blocks = [
        ("workspace", WORKSPACE),
        ("release", RELEASE),
        ("gate", GATE),
    ];
    blocks
        .iter()
        .find(|(_, children)| children.iter().any(|(child, _)| *child == word))
        .map(|(parent, _)| *parent)
}

/// All words, with those that the kinds of targets add.
pub(crate) struct Grammar {
    shapes: BTreeMap<&'static str, Shape>,
    targets: BTreeMap<&'static str, Shape>,
    destinations: BTreeMap<&'static str, Shape>,
    stores: BTreeMap<&'static str, Shape>,
}

impl Grammar {
    pub(crate) fn new(vocabulary: &Vocabulary) -> Self {
        let shapes = shapes();
        let mut targets = BTreeMap::new();
        let mut destinations = BTreeMap::new();
        for (kind, words) in vocabulary {
            let mut target = Shape {
                kind: Some(kind),
                ..target()
            };
            target.properties.extend(words.target.iter().cloned());
            targets.insert(*kind, target);
            let mut to = Shape {
                kind: Some(kind),
                ..to()
            };
            to.properties.extend(words.destination.iter().cloned());
            destinations.insert(*kind, to);
        }
        Self {
            shapes: shapes
                .into_iter()
                .map(|shape| (shape.word, shape))
                .collect(),
            targets,
            destinations,
            stores: STORES.iter().map(|kind| (*kind, store(kind))).collect(),
        }
    }

    /// A word's shape, apart from what a kind of target adds to it.
    pub(crate) fn shape(&self, word: &str) -> Option<&Shape> {
        self.shapes.get(word)
    }

    /// A target's shape by its kind.
    pub(crate) fn target(&self, kind: &str) -> Option<&Shape> {
        self.targets.get(kind)
    }

    /// The shape of a `to` whose target is of a kind.
    pub(crate) fn destination(&self, kind: &str) -> Option<&Shape> {
        self.destinations.get(kind)
    }

    /// The shape of a `state` by the kind of its store.
    pub(crate) fn store(&self, kind: &str) -> Option<&Shape> {
        self.stores.get(kind)
    }

    /// The kinds of targets.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.targets.keys().copied()
    }
}

fn word(name: &'static str, takes: WordType, required: bool, doc: &'static str) -> Word {
    Word {
        name,
        takes,
        required,
        doc,
    }
}

fn text(name: &'static str, required: bool, doc: &'static str) -> Word {
    word(name, WordType::Text, required, doc)
}

fn one(name: &'static str, what: &'static str, takes: WordType, example: &'static str) -> Shape {
    Shape {
        word: name,
        kind: None,
        arguments: Arguments::One(what, takes),
        properties: Vec::new(),
        children: &[],
        example,
    }
}

fn many(name: &'static str, what: &'static str, example: &'static str) -> Shape {
    Shape {
        word: name,
        kind: None,
        arguments: Arguments::Many(what),
        properties: Vec::new(),
        children: &[],
        example,
    }
}

fn target() -> Shape {
    Shape {
        properties: vec![text("kind", true, "the kind of registry")],
        ..one(
            "target",
            "a name",
            WordType::Text,
            "target \"npm\" kind=\"npm\"",
        )
    }
}

/// The shape of `state` with one kind of store.
fn store(kind: &'static str) -> Shape {
    let (properties, example) = match kind {
        "git" => (
            vec![
                text("remote", false, "the repository: a remote's name, or a URL"),
                text("ref", false, "the ref's full name"),
            ],
            "state \"git\" ref=\"refs/relplan/state\" remote=\"origin\"",
        ),
        "s3" => (
            vec![
                text("bucket", true, "the bucket"),
                text("prefix", false, "what the keys of its objects begin with"),
                text("endpoint", false, "the service's URL"),
                text("region", false, "the region"),
            ],
            "state \"s3\" bucket=\"releases\" prefix=\"acme/widgets\"",
        ),
        "postgres" => (
            vec![
                text(
                    "url-from",
                    true,
                    "the environment variable that holds the connection string",
                ),
                text("table", false, "the table"),
            ],
            "state \"postgres\" url-from=\"RELPLAN_DATABASE\"",
        ),
        _ => (
            vec![text("path", true, "the folder that keeps it")],
            "state \"file\" path=\".relplan/state\"",
        ),
    };
    Shape {
        kind: Some(kind),
        properties,
        ..one(
            "state",
            "a kind of store",
            WordType::OneOf(STORES.to_vec()),
            example,
        )
    }
}

fn to() -> Shape {
    one("to", "a target", WordType::Text, "to \"npm\"")
}

fn shapes() -> Vec<Shape> {
    let ecosystems = PACKERS.iter().map(|(ecosystem, _)| *ecosystem).collect();
    vec![
        one(
            "relplan",
            "the language's version",
            WordType::Number,
            "relplan 1",
        ),
        Shape {
            properties: vec![text("repository", false, "where the source is kept")],
            ..one(
                "project",
                "a name",
                WordType::Text,
                "project \"acme/widgets\"",
            )
        },
        Shape {
            properties: vec![
                text("path", true, "its folder"),
                text("packer", false, "what packs its packages"),
            ],
            children: WORKSPACE,
            ..one(
                "workspace",
                "an ecosystem",
                WordType::OneOf(ecosystems),
                "workspace \"npm\" path=\"js\"",
            )
        },
        many("exclude", "a pattern of paths", "exclude \"examples/*\""),
        many("prebuilt", "a pattern of files", "prebuilt \"dist/*.whl\""),
        target(),
        Shape {
            children: RELEASE,
            ..one(
                "release",
                "a package or a pattern of packages",
                WordType::Text,
                "release \"crates/*\" { to \"crates-io\"; }",
            )
        },
        to(),
        many("needs", "a package", "needs \"@acme/widget\""),
        one("version", "a version", WordType::Text, "version \"1.2.3\""),
        Shape {
            properties: vec![
                text("target", true, "where it was published"),
                text("reason", true, "why, for people"),
            ],
            ..one(
                "yank",
                "a version",
                WordType::Text,
                "yank \"1.3.0\" target=\"crates-io\" reason=\"…\"",
            )
        },
        Shape {
            properties: vec![
                text("target", true, "where they were published"),
                text("message", true, "what users are told"),
            ],
            ..one(
                "deprecate",
                "a range of versions",
                WordType::Text,
                "deprecate \"<1.2\" target=\"npm\" message=\"…\"",
            )
        },
        Shape {
            properties: vec![word(
                "before",
                WordType::OneOf(vec!["publish"]),
                true,
                "what it guards",
            )],
            children: GATE,
            ..one(
                "gate",
                "a name",
                WordType::Text,
                "gate \"ship\" before=\"publish\" { … }",
            )
        },
        many("targets", "a target", "targets \"npm\" \"crates-io\""),
        one(
            "threshold",
            "a number of people",
            WordType::Number,
            "threshold 2",
        ),
        many(
            "from",
            "a person",
            "from \"alice@acme.example\" \"bob@acme.example\"",
        ),
        one("touch", "#true or #false", WordType::Flag, "touch #true"),
        one("max-age", "a time", WordType::Text, "max-age \"24h\""),
        one(
            "state",
            "a kind of store",
            WordType::OneOf(STORES.to_vec()),
            "state \"file\" path=\".relplan/state\"",
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_may_stand_somewhere_has_a_shape() {
        let grammar = Grammar::new(&Vocabulary::new());
        for (word, _) in [TOP, WORKSPACE, RELEASE, GATE].concat() {
            let shape = grammar.shape(word).unwrap_or_else(|| panic!("{word}"));
            assert!(shape.example.starts_with(word), "{word}");
        }
    }
}
