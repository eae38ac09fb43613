//! The language in one table: each word with what may stand behind it and in its block.
//!
//! Why: what is allowed, what is suggested for a misspelling and what a hint shows as an example come from the same
//! lines, so they cannot drift apart (law L13).

use std::collections::BTreeMap;

use relplan_ecosystem::Ecosystem;
use relplan_kdl::{Language, Often, Shape, Shapes, Words};
use relplan_model::settings::{Vocabulary, Word, WordType};

/// The version of the language that this crate reads.
pub(crate) const VERSION: u64 = 1;

/// The language of specs.
pub(crate) const LANGUAGE: Language = Language {
    document: "spec",
    max_size: 4 << 20,
    shorten: "let a pattern such as `crates/*` stand for many packages",
    is_strict: false,
    top: TOP,
    blocks: &[
        ("workspace", WORKSPACE),
        ("release", RELEASE),
        ("gate", GATE),
    ],
};

/// The words that stand outside of any block.
const TOP: Words = &[
    ("relplan", Often::Once),
    ("project", Often::Once),
    ("workspace", Often::Any),
    ("target", Often::Any),
    ("release", Often::Any),
    ("gate", Often::Any),
    ("state", Often::Once),
];
const WORKSPACE: Words = &[("exclude", Often::Any), ("prebuilt", Often::Any)];
const RELEASE: Words = &[
    ("to", Often::Any),
    ("needs", Often::Any),
    ("version", Often::Once),
    ("yank", Often::Any),
    ("deprecate", Often::Any),
];
const GATE: Words = &[
    ("targets", Often::Any),
    ("threshold", Often::Once),
    ("from", Often::Any),
    ("touch", Often::Once),
    ("max-age", Often::Once),
];

/// The kinds of stores that keep the state.
const STORES: &[&str] = &["file", "git", "s3", "postgres"];

/// All words, with those that the kinds of targets add.
pub(crate) struct Grammar {
    /// The words, apart from what kinds of targets and stores add to them.
    pub(crate) shapes: Shapes,
    targets: BTreeMap<&'static str, Shape>,
    destinations: BTreeMap<&'static str, Shape>,
    stores: BTreeMap<&'static str, Shape>,
}

impl Grammar {
    pub(crate) fn new(vocabulary: &Vocabulary) -> Self {
        let mut targets = BTreeMap::new();
        let mut destinations = BTreeMap::new();
        for (kind, words) in vocabulary {
            let of = |shape: Shape, words: &[Word]| Shape {
                kind: Some(kind),
                ..shape.with(words.iter().cloned())
            };
            targets.insert(*kind, of(target(), &words.target));
            destinations.insert(*kind, of(to(), &words.destination));
        }
        Self {
            shapes: Shapes::new(shapes()),
            targets,
            destinations,
            stores: STORES.iter().map(|kind| (*kind, store(kind))).collect(),
        }
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

fn target() -> Shape {
    let example = "target \"npm\" kind=\"npm\"";
    Shape::one("target", "a name", WordType::Text, example).with([text(
        "kind",
        true,
        "the kind of registry",
    )])
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
    let takes = WordType::OneOf(STORES.to_vec());
    Shape {
        kind: Some(kind),
        ..Shape::one("state", "a kind of store", takes, example).with(properties)
    }
}

fn to() -> Shape {
    Shape::one("to", "a target", WordType::Text, "to \"npm\"")
}

fn shapes() -> Vec<Shape> {
    let ecosystems = Ecosystem::ALL.map(Ecosystem::word).to_vec();
    let one = Shape::one;
    let many = Shape::many;
    use WordType::{Flag, Number, OneOf, Text};
    vec![
        one("relplan", "the language's version", Number, "relplan 1"),
        one("project", "a name", Text, "project \"acme/widgets\"").with([text(
            "repository",
            false,
            "where the source is kept",
        )]),
        one(
            "workspace",
            "an ecosystem",
            OneOf(ecosystems),
            "workspace \"npm\" path=\"js\"",
        )
        .with([
            text("path", true, "its folder"),
            text("packer", false, "what packs its packages"),
        ]),
        many("exclude", "a pattern of paths", "exclude \"examples/*\""),
        many("prebuilt", "a pattern of files", "prebuilt \"dist/*.whl\""),
        target(),
        one(
            "release",
            "a package or a pattern of packages",
            Text,
            "release \"crates/*\" { to \"crates-io\"; }",
        ),
        to(),
        many("needs", "a package", "needs \"@acme/widget\""),
        one("version", "a version", Text, "version \"1.2.3\""),
        one(
            "yank",
            "a version",
            Text,
            "yank \"1.3.0\" target=\"crates-io\" reason=\"…\"",
        )
        .with([
            text("target", true, "where it was published"),
            text("reason", true, "why, for people"),
        ]),
        one(
            "deprecate",
            "a range of versions",
            Text,
            "deprecate \"<1.2\" target=\"npm\" message=\"…\"",
        )
        .with([
            text("target", true, "where they were published"),
            text("message", true, "what users are told"),
        ]),
        one(
            "gate",
            "a name",
            Text,
            "gate \"ship\" before=\"publish\" { … }",
        )
        .with([word(
            "before",
            OneOf(vec!["publish"]),
            true,
            "what it guards",
        )]),
        many("targets", "a target", "targets \"npm\" \"crates-io\""),
        one("threshold", "a number of people", Number, "threshold 2"),
        many(
            "from",
            "a person",
            "from \"alice@acme.example\" \"bob@acme.example\"",
        ),
        one("touch", "#true or #false", Flag, "touch #true"),
        one("max-age", "a time", Text, "max-age \"24h\""),
        one(
            "state",
            "a kind of store",
            OneOf(STORES.to_vec()),
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
            let shape = grammar.shapes.get(word).unwrap_or_else(|| panic!("{word}"));
            assert!(shape.example.starts_with(word), "{word}");
        }
    }
}
