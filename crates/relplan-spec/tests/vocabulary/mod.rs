//! Words that kinds of targets might bring along, of each type.

use relplan_model::settings::{KindWords, Vocabulary, Word, WordType};

fn word(name: &'static str, takes: WordType, required: bool, doc: &'static str) -> Word {
    Word {
        name,
        takes,
        required,
        doc,
    }
}

/// A vocabulary like that of the real drivers.
pub(crate) fn vocabulary() -> Vocabulary {
    let url = || word("url", WordType::Text, false, "where it is");
    let token = || {
        word(
            "token-env",
            WordType::Text,
            false,
            "the variable with the credential",
        )
    };
    let access = WordType::OneOf(vec!["public", "restricted"]);
    Vocabulary::from([
        (
            "cargo",
            KindWords {
                target: vec![
                    word(
                        "registry",
                        WordType::Text,
                        false,
                        "its name in Cargo's configuration",
                    ),
                    token(),
                ],
                destination: vec![],
            },
        ),
        (
            "directory",
            KindWords {
                target: vec![word("path", WordType::Text, true, "the folder")],
                destination: vec![],
            },
        ),
        (
            "npm",
            KindWords {
                target: vec![url(), token()],
                destination: vec![
                    word("access", access, false, "who may install it"),
                    word(
                        "dist-tag",
                        WordType::Text,
                        false,
                        "the tag that names the version",
                    ),
                ],
            },
        ),
        (
            "pypi",
            KindWords {
                target: vec![
                    url(),
                    word(
                        "timeout",
                        WordType::Number,
                        false,
                        "seconds to wait for an answer",
                    ),
                ],
                destination: vec![word(
                    "attestations",
                    WordType::Flag,
                    false,
                    "whether attestations are uploaded",
                )],
            },
        ),
    ])
}
