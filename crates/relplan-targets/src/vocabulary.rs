//! The settings that each kind of target understands, in one table for the spec's reader.
//!
//! Why: a misspelt setting is refused with its place in the text (law L13), while neither the reader knows a registry
//! nor a driver the language.

use relplan_model::settings::{Vocabulary, Word, WordType};

use crate::{cargo, directory, npm, pypi};

/// Kind of target to the words that its driver understands.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    Vocabulary::from([
        ("cargo", cargo::words()),
        ("directory", directory::words()),
        ("npm", npm::words()),
        ("pypi", pypi::words()),
    ])
}

/// The word of a target node that names the environment variable with the credential, for every kind that needs one.
#[must_use]
pub fn token_env() -> Word {
    Word {
        name: "token-env",
        takes: WordType::Text,
        required: false,
        doc: "the name of the environment variable that holds the credential",
    }
}
