//! Words that kinds of targets might bring along, one of each type, and packages written as comments of a spec.

use relplan_model::{
    address::{Ecosystem, PackageId, PackageName},
    settings::{KindWords, Vocabulary, Word, WordType},
};
use relplan_spec::Candidate;

fn word(name: &'static str, takes: WordType, required: bool, doc: &'static str) -> Word {
    Word {
        name,
        takes,
        required,
        doc,
    }
}

/// A vocabulary like that of the real drivers.
pub fn vocabulary() -> Vocabulary {
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

/// The packages of lines such as `// package npm @acme/widget js/widget`.
pub fn packages(text: &str) -> Option<Vec<Candidate>> {
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("// package"));
    let packages: Vec<Option<Candidate>> = lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let mut next = || words.next();
            let (ecosystem, name, path) = (next()?, next()?, next()?);
            let package = PackageId {
                ecosystem: Ecosystem::new(ecosystem).unwrap(),
                name: PackageName::new(name).unwrap(),
            };
            Some(Candidate {
                package,
                path: path.to_owned(),
            })
        })
        .collect();
    // A line `// package` without a package says that there are none.
    (!packages.is_empty()).then(|| packages.into_iter().flatten().collect())
}
