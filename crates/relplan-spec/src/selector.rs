//! Selectors and patterns: `*` stands for any characters but `/`, `?` for one of them, `**` for any folders.

mod set;

use std::fmt;

use relplan_kdl::Span;

pub(crate) use self::set::PatternSet;

/// The longest pattern, in bytes.
const LONGEST: usize = 256;

/// Which packages a rule is about: a package's name, a package's path, or a pattern of either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    text: String,
    span: Span,
}

impl Selector {
    /// Takes a text that [`check`] found nothing wrong with.
    pub(crate) fn new(text: String, span: Span) -> Self {
        Self { text, span }
    }

    /// The selector as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it is written.
    #[must_use]
    pub fn span(&self) -> Span {
        self.span
    }

    /// Whether it names one package, by name or path, and is no pattern.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        is_exact(&self.text)
    }

    /// How many characters it fixes: of two patterns that match, the one that fixes more is the more specific.
    #[must_use]
    pub fn literal_characters(&self) -> usize {
        self.text
            .chars()
            .filter(|c| !matches!(c, '*' | '?'))
            .count()
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Whether a text is no pattern.
pub(crate) fn is_exact(text: &str) -> bool {
    !text.contains(['*', '?'])
}

/// What is wrong with a selector or pattern, and what to do.
pub(crate) fn check(text: &str) -> Result<(), (String, Option<String>)> {
    let wrong = |why: &str, hint: Option<String>| Err((why.to_owned(), hint));
    if text.len() > LONGEST {
        return wrong(&format!("is longer than {LONGEST} bytes"), None);
    }
    let odd = text
        .chars()
        .find(|c| matches!(c, '[' | ']' | '{' | '}' | '!'));
    if let Some(odd) = odd {
        let hint = "`*` stands for any characters but `/`, `?` for one, `**` for any folders; write two patterns for two alternatives";
        return wrong(
            &format!("holds `{odd}`, which means nothing here"),
            Some(hint.to_owned()),
        );
    }
    if text
        .split('/')
        .any(|piece| piece.contains("**") && piece != "**")
    {
        return wrong(
            "has `**` beside other characters",
            Some("`**` stands for whole folders, as in `crates/**`".to_owned()),
        );
    }
    check_path(text)
}

/// What is wrong with a relative path, and what to do.
pub(crate) fn check_path(text: &str) -> Result<(), (String, Option<String>)> {
    let wrong = |why: &str, hint: Option<String>| Err((why.to_owned(), hint));
    let write = |text: &str| Some(format!("write \"{text}\""));
    if text == "." {
        return Ok(());
    }
    if text.contains('\\') {
        return wrong("has a backslash", write(&text.replace('\\', "/")));
    }
    if text.starts_with('/')
        || text
            .split('/')
            .next()
            .is_some_and(|first| first.contains(':'))
    {
        return wrong(
            "is absolute",
            Some("paths are relative to the folder of the spec".to_owned()),
        );
    }
    if text.split('/').any(|piece| piece == "..") {
        return wrong(
            "leads out of its folder",
            Some("nothing outside of the project's folder can be named".to_owned()),
        );
    }
    let plain: Vec<&str> = text
        .split('/')
        .filter(|piece| !matches!(*piece, "" | "."))
        .collect();
    let plain = if plain.is_empty() {
        ".".to_owned()
    } else {
        plain.join("/")
    };
    if plain != text {
        return wrong("is not in its shortest form", write(&plain));
    }
    if text.trim() != text {
        return wrong("begins or ends with a space", write(text.trim()));
    }
    if text.len() > LONGEST {
        return wrong(&format!("is longer than {LONGEST} bytes"), None);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_within_folders() {
        let matches = |pattern: &str, text: &str| {
            let mut set = PatternSet::default();
            set.add(pattern);
            !set.matches(text).is_empty()
        };
        for (pattern, text, expected) in [
            ("js/*", "js/a", true),
            ("js/*", "js/a/b", false),
            ("js/**", "js/a/b", true),
            ("**/b", "js/a/b", true),
            ("**/b", "b", true),
            ("@acme/*", "@acme/widget", true),
            ("@acme/*", "@acme2/widget", false),
            ("widget-?", "widget-a", true),
            ("widget-?", "widget-ab", false),
            ("*", ".", true),
            ("*", "a/b", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn l13_odd_patterns_and_paths_are_refused() {
        for bad in [
            "a[b]", "{a,b}", "!a", "a**", "/a", "a/../b", "./a", "a/", "a//b", "a\\b", "C:/a", " a",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in [".", "a", "a/b.c", "@a/b", "**", "a/**/b", "*"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }
}
