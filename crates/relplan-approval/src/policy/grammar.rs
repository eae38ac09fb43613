//! The language of policies: the strict form of KDL, and its words in one table.
//!
//! Why strict: a policy is read by people who decide whom to trust by it. What can switch a line off unseen (`/-`, `/*`),
//! spell one text in several ways, or stretch one line over several is refused by name.

use relplan_kdl::{Arguments, Language, Often, Shape, Shapes};
use relplan_model::settings::{Word, WordType};

use super::{Kind, check::ACTIONS};

/// The language of policies.
pub(crate) const LANGUAGE: Language = Language {
    document: "policy",
    max_size: 256 << 10,
    shorten: "let a pattern such as `crates/*` stand for many packages",
    is_strict: true,
    top: &[
        ("policy", Often::Once),
        ("person", Often::Any),
        ("rule", Often::Any),
        ("root", Often::Once),
        ("revoked", Often::Any),
    ],
    blocks: &[
        ("person", &[("key", Often::Any), ("github", Often::Any)]),
        (
            "rule",
            &[
                ("targets", Often::Any),
                ("packages", Often::Any),
                ("versions", Often::Any),
                ("actions", Often::Any),
                ("of", Often::Any),
                ("accept", Often::Any),
            ],
        ),
        ("root", &[("of", Often::Any)]),
    ],
};

/// The words of a policy.
pub(crate) fn shapes() -> Shapes {
    use WordType::{Flag, Number, OneOf, Text};
    let must = |name, takes, doc| Word {
        name,
        takes,
        required: true,
        doc,
    };
    let may = |name, takes, doc| Word {
        name,
        takes,
        required: false,
        doc,
    };
    let (one, many) = (Shape::one, Shape::many);
    let words = |word, what, words: Vec<&'static str>, example| Shape {
        arguments: Arguments::Many(what, OneOf(words)),
        ..Shape::bare(word, example)
    };
    Shapes::new([
        Shape::bare("policy", "policy version=1 project=\"acme/widgets\"").with([
            must("version", Number, "its version, from 1"),
            must("project", Text, "the project, as the spec names it"),
            may("audience", Text, "the place that approvals are for"),
            may("repository", Text, "the repository at GitHub"),
            may("expires", Text, "when it ceases to allow anything"),
            may("previous", Text, "the digest of the policy before it"),
        ]),
        one(
            "person",
            "a name",
            Text,
            "person \"alice@acme.example\" { key \"ssh-ed25519 AAAA…\"; }",
        ),
        one("key", "a public key", Text, "key \"ssh-ed25519 AAAA…\"").with([
            may("valid-after", Text, "from when on it counts"),
            may("valid-before", Text, "until when it counts"),
        ]),
        one("github", "a login", Text, "github \"alice\" id=1").with([must(
            "id",
            Number,
            "the account's number",
        )]),
        one(
            "rule",
            "a name",
            Text,
            "rule \"ship\" threshold=2 { of \"alice@acme.example\" \"bob@acme.example\"; }",
        )
        .with([
            must("threshold", Number, "how many people it takes"),
            may(
                "prerelease",
                Flag,
                "whether it is about prereleases, or about releases, alone",
            ),
            may("touch", Flag, "whether a security key must be touched"),
            may("pin", Flag, "whether a security key must ask for its PIN"),
            may(
                "not-requester",
                Flag,
                "whether the yes of who asked does not count",
            ),
            may("max-age", Text, "how old a yes may be"),
        ]),
        many("targets", "a pattern of targets", "targets \"npm\""),
        many("packages", "a pattern of packages", "packages \"@acme/*\""),
        many("versions", "a pattern of versions", "versions \"1.*\""),
        words(
            "actions",
            "an action",
            ACTIONS.to_vec(),
            "actions \"publish\"",
        ),
        words(
            "accept",
            "a kind of approval",
            Kind::WORDS.map(|(word, _)| word).to_vec(),
            "accept \"ssh\"",
        ),
        many(
            "of",
            "a person",
            "of \"alice@acme.example\" \"bob@acme.example\"",
        ),
        Shape::bare(
            "root",
            "root threshold=2 { of \"alice@acme.example\" \"bob@acme.example\"; }",
        )
        .with([must("threshold", Number, "how many people it takes")]),
        one(
            "revoked",
            "a fingerprint",
            Text,
            "revoked \"SHA256:…\" since=\"2027-02-01\"",
        )
        .with([must("since", Text, "from when on it counts no more")]),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_that_may_stand_somewhere_has_a_shape() {
        let shapes = shapes();
        let blocks = LANGUAGE.blocks.iter().map(|(_, words)| *words);
        for (word, _) in blocks.chain([LANGUAGE.top]).flatten() {
            let shape = shapes.get(word).unwrap_or_else(|| panic!("{word}"));
            assert!(shape.example.starts_with(word), "{word}");
        }
    }

    #[test]
    fn l13_what_hides_or_stretches_is_refused() {
        for text in [
            "/- person \"a\"",
            "person /* \"a\" */ \"b\"",
            "person #\"a\"#",
            "person \"\"\"\na\n\"\"\"",
            "person \\\n \"a\"",
            "person (type)\"a\"",
            "person \"a\\u{41}\"",
            "person \"a\nb\"",
            "\"person\" \"a\"",
            "person a",
            "rule \"a\" threshold=1.5",
            "rule \"a\" threshold=007",
            "rule \"a\" threshold=0x1",
            "rule \"a\" threshold=1_0",
            "rule \"a\" threshold=+1",
            "rule \"a\" threshold=-1",
            "rule \"a\" threshold = 1",
            "rule \"a\" \"threshold\"=1",
            "rule \"a\" threshold=9007199254740993",
            "rule \"a\" threshold=99999999999999999999999",
            "rule \"a\" touch=#null",
            "rule \"a\" touch=true",
            "person \"a\" {",
            "person \"a\" }",
            "person \"a\" {} b",
            "person \"b\"\"c\"",
            "person \"b\"; \u{202e}",
            "person \"b\"\u{85}",
            "\u{feff}person \"a\"",
            "{ }",
            "1",
        ] {
            let problems = crate::policy::parse(text).unwrap_err();
            // Not only because it is not complete.
            let why = |problem: &relplan_kdl::Problem| !problem.message.contains("no line");
            assert!(problems.iter().any(why), "{text}");
        }
    }
}
