//! Words by which registries say that they do not have what they were asked for, as against all the other reasons for
//! which something answers 404 (law L5).

use serde_json::Value;

/// What is not there.
const NOT_FOUND: [&str; 13] = [
    "not found",
    "not_found",
    "not-found",
    "notfound",
    "no such",
    "not exist",
    "nosuchkey",
    "doesn't exist",
    "cannot find",
    "could not find",
    "cannot be found",
    "could not be found",
    "couldn't be found",
];

/// Why nothing is said about what there is: the place is closed, or closed to whoever asks.
const OTHERWISE: [&str; 19] = [
    "maintenance",
    "unavailable",
    "be back",
    "try again",
    "temporar",
    "log in",
    "login",
    "logged in",
    "sign in",
    "signed in",
    "unauthor",
    "not authorized",
    "authenticat",
    "authoriz",
    "forbidden",
    "permission",
    "access denied",
    "credential",
    "rate limit",
];

/// Whether a text says that something is not there.
pub fn says_not_found(text: &str) -> bool {
    let text = text.to_lowercase();
    NOT_FOUND.iter().any(|words| text.contains(words))
}

/// The reason in a text that says nothing about what there is.
pub fn says_otherwise(text: &str, name: &str) -> Option<&'static str> {
    let text = own_words(text, name);
    OTHERWISE.into_iter().find(|words| text.contains(words))
}

/// The registry's own words in a text, in lower case: without the name that was asked for, which may be any word, and
/// without links, which tell where to read about errors.
pub fn own_words(text: &str, name: &str) -> String {
    let name = name.to_lowercase();
    let escaped = name.replace('/', "%2f");
    let is_own = |word: &&str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
        bare != name && bare != escaped && !word.contains("://")
    };
    let text = text.to_lowercase();
    let words: Vec<&str> = text.split_whitespace().filter(is_own).collect();
    words.join(" ")
}

/// All texts in a value, one a line.
pub fn texts_of(value: &Value) -> String {
    let mut texts = Vec::new();
    let mut left = vec![value];
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => texts.push(text.as_str()),
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    texts.join("\n")
}
