//! Patterns of names: `*` stands for any run of characters, `/` included, `?` for one, and `!` before a pattern leaves
//! out what it matches.
//!
//! Why so little: whoever reads a policy must see at once what a pattern catches.

use serde::{Deserialize, Serialize};

/// The longest pattern, in bytes.
pub(crate) const LONGEST: usize = 256;

/// One pattern.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a text as a pattern; `None` if it is empty, too long, or holds what no name holds.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('!').unwrap_or(text);
        let is_fit = !rest.is_empty()
            && text.len() <= LONGEST
            && rest.chars().all(|c| c.is_ascii_graphic() && c != '!');
        is_fit.then(|| Self(text.to_owned()))
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn is_well_formed(&self) -> bool {
        Self::new(&self.0).is_some()
    }
}

/// Whether a list of patterns takes a name: one without `!` matches, or there is none such, and none with `!` does.
pub(crate) fn takes(patterns: &[Pattern], name: &str) -> bool {
    let (mut wanted, mut found) = (false, false);
    for Pattern(text) in patterns {
        if let Some(left_out) = text.strip_prefix('!') {
            if matches(left_out, name) {
                return false;
            }
        } else {
            wanted = true;
            found |= matches(text, name);
        }
    }
    found || !wanted
}

/// Whether one pattern matches a whole name, in time of at most their lengths' product.
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.as_bytes(), name.as_bytes());
    let (mut at, mut to) = (0, 0);
    // Where the last star stood, and how far its run reached.
    let mut star: Option<(usize, usize)> = None;
    while to < name.len() {
        match (pattern.get(at), name.get(to)) {
            (Some(b'*'), _) => {
                star = Some((at, to));
                at += 1;
            }
            (Some(wanted), Some(found)) if *wanted == b'?' || wanted == found => {
                at += 1;
                to += 1;
            }
            _ => {
                let Some((back, reached)) = star else {
                    return false;
                };
                star = Some((back, reached + 1));
                at = back + 1;
                to = reached + 1;
            }
        }
    }
    pattern
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        let table = [
            ("*", "", true),
            ("*", "@acme/widget", true),
            ("@acme/*", "@acme/widget", true),
            ("@acme/*", "@acme-labs/widget", false),
            ("*-*", "1.0.0-rc.1", true),
            ("*-*", "1.0.0", false),
            ("1.?.0", "1.2.0", true),
            ("1.?.0", "1.22.0", false),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("widget", "widget2", false),
            ("a**b", "ab", true),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_star_costs_no_more_than_a_product() {
        let name = "a".repeat(214);
        let pattern = format!("{}b", "*a".repeat(120));
        assert!(!matches(&pattern, &name));
    }

    #[test]
    fn lists_take_and_leave_out() {
        let list = |texts: &[&str]| -> Vec<Pattern> {
            texts
                .iter()
                .map(|text| Pattern::new(text).unwrap())
                .collect()
        };
        assert!(takes(&[], "anything"));
        assert!(takes(&list(&["!*-*"]), "1.0.0"));
        assert!(!takes(&list(&["!*-*"]), "1.0.0-rc.1"));
        assert!(!takes(&list(&["a*", "!ab"]), "ab"));
        assert!(takes(&list(&["a*", "!ab"]), "ac"));
        assert!(!takes(&list(&["a*", "!ab"]), "c"));
        for bad in ["", "!", "!!a", "a b", "a\u{202e}"] {
            assert_eq!(Pattern::new(bad), None, "{bad}");
        }
    }
}
