//! The kinds of target, in one table. A further kind is a folder below `kind/` and a line here.

use relplan_model::{
    address::TargetName,
    digest::Algorithm,
    finding::Finding,
    settings::{KindWords, Settings, Vocabulary, Word, WordType},
};

use crate::{
    driver::Driver,
    http::Net,
    kind::{cargo, directory, npm, pypi},
    surroundings::Surroundings,
};

/// One kind of target.
pub struct Kind {
    /// Its word in the spec.
    pub name: &'static str,
    /// The kinds of artifact that it takes.
    pub artifacts: &'static [&'static str],
    /// Digests that its publish request names, beside SHA-256 and those of the plan.
    pub digests_sent: &'static [Algorithm],
    /// Whether writes to one package go one after another: some registries lose or refuse concurrent ones.
    pub is_serial: bool,
    /// The settings that it understands.
    pub words: fn() -> KindWords,
    /// Builds its driver.
    pub build: Build,
}

/// Builds a driver; a finding says what is wrong with the settings or with the client's configuration around it.
pub type Build =
    fn(&TargetName, &Settings, &Surroundings, &Net) -> Result<Box<dyn Driver>, Finding>;

/// All kinds, in order of name.
pub const KINDS: [&Kind; 4] = [&cargo::KIND, &directory::KIND, &npm::KIND, &pypi::KIND];

/// Kind of target to the words that its driver understands: a misspelt setting is refused with its place in the text
/// (law L13), while neither the spec's reader knows a registry nor a driver the language.
#[must_use]
pub fn vocabulary() -> Vocabulary {
    KINDS.map(|kind| (kind.name, (kind.words)())).into()
}

/// The word of a target node that names the environment variable with the credential, for every kind that needs one.
#[must_use]
pub(crate) fn token_env() -> Word {
    Word {
        name: "token-env",
        takes: WordType::Text,
        required: false,
        doc: "the name of the environment variable that holds the credential",
    }
}
