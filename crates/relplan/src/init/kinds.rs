//! The kinds of target that a new spec can name: whose packages each takes, and what tells its place.

use relplan_ecosystem::Ecosystem;

/// One kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// As the spec writes it.
    pub word: &'static str,
    /// The ecosystem whose packages it takes; `None`: it takes all.
    pub of: Option<Ecosystem>,
    /// What a target is called; `None`: after its place.
    pub name: Option<&'static str>,
    /// The property that tells the place.
    pub property: &'static str,
    /// A place, to show how the property looks.
    pub example: &'static str,
}

/// All of them, in order of their words.
pub const ALL: [Kind; 4] = [
    Kind {
        word: "cargo",
        of: Some(Ecosystem::Cargo),
        name: None,
        property: "registry",
        example: "acme",
    },
    Kind {
        word: "directory",
        of: None,
        name: Some("shelf"),
        property: "path",
        example: "out/mirror",
    },
    Kind {
        word: "npm",
        of: Some(Ecosystem::Npm),
        name: Some("npm"),
        property: "url",
        example: "https://npm.acme.example/",
    },
    Kind {
        word: "pypi",
        of: Some(Ecosystem::Python),
        name: None,
        property: "repository",
        example: "acme",
    },
];

/// The kind that a word stands for.
pub fn named(word: &str) -> Option<Kind> {
    ALL.into_iter().find(|kind| kind.word == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_one_that_the_drivers_know_and_has_the_property_that_it_names() {
        let vocabulary = relplan_targets::vocabulary();
        let words: Vec<&str> = vocabulary.keys().copied().collect();
        assert_eq!(words, ALL.map(|kind| kind.word));
        for kind in ALL {
            let properties = &vocabulary[kind.word].target;
            let known = properties.iter().any(|word| word.name == kind.property);
            assert!(known, "{}", kind.word);
        }
        for ecosystem in Ecosystem::ALL {
            let kind = named(ecosystem.default_kind()).unwrap();
            assert_eq!(kind.of, Some(ecosystem));
        }
    }
}
