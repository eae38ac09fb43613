//! Text from outside, made harmless for GitHub's Markdown: it can neither end a table cell, a code span or a comment, nor
//! start a heading, an image, HTML or a mark of ours, nor mention anybody, refer to an issue or a commit, or show an emoji.
//!
//! Why: what a registry, a manifest or an archive says ends up in a comment that is read with trust.

use crate::view::style::harmless;

/// The longest text from outside that is shown in one place, in characters.
const LONGEST: usize = 400;

/// A sentence: words that GitHub would give a meaning (names, addresses, URLs, mentions) become code spans, and whatever
/// Markdown would read as markup is escaped.
pub fn sentence(text: &str) -> String {
    let text = cut(&harmless(text), LONGEST);
    let words: Vec<String> = text.split_whitespace().map(word).collect();
    words.join(" ")
}

/// A text as it is, in a code span that it cannot end.
pub fn code(text: &str) -> String {
    let text = cut(&harmless(text), LONGEST);
    if text.trim().is_empty() {
        return String::new();
    }
    let longest = text
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    // Within a table, a bar ends the cell even in a code span, unless it is escaped (GFM, section 4.10).
    let text = text.replace('|', "\\|");
    format!("{fence}{pad}{text}{pad}{fence}")
}

fn word(word: &str) -> String {
    let has_meaning = word.contains(['@', '#', '`', '<', '>'])
        || word.contains("://")
        || refers(word)
        || word.to_ascii_lowercase().contains("www.");
    if has_meaning {
        // Punctuation behind a name is the sentence's, not the name's.
        let name = word.trim_end_matches([',', ';', ':', '.', ')', '?', '!']);
        let (name, rest) = word.split_at(name.len());
        if name.is_empty() {
            return escape(rest);
        }
        return format!("{}{}", code(name), escape(rest));
    }
    escape(word)
}

/// Whether GitHub would link a word to an issue (`GH-1`) or to a commit (seven hexadecimal digits and more), or show it as
/// an emoji (`:smile:`).
fn refers(word: &str) -> bool {
    let mut parts = word.split(|c: char| !c.is_ascii_alphanumeric()).peekable();
    let mut is_issue = false;
    let mut is_commit = false;
    while let Some(part) = parts.next() {
        let begins = |next: &&str| next.starts_with(|c: char| c.is_ascii_digit());
        is_issue |= part.eq_ignore_ascii_case("gh") && parts.peek().is_some_and(begins);
        is_commit |= part.len() >= 7 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    }
    let mut named = word.split(':').skip(1);
    let is_emoji = named.next().is_some_and(|name| !name.is_empty()) && named.next().is_some();
    is_issue || is_commit || is_emoji
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // At the start of a line these would begin a list; elsewhere the escape is not needed, and is not seen.
            '-' | '+' if out.is_empty() => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}

/// At most so many characters, with a sign that there were more.
fn cut(text: &str, longest: usize) -> String {
    if text.chars().count() <= longest {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(longest).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_has_no_meaning_in_markdown() {
        for (text, shown) in [
            ("plain words", "plain words"),
            ("a|b", "a\\|b"),
            ("see npm:@acme/widget, now", "see `npm:@acme/widget`, now"),
            ("@everyone fixes #1", "`@everyone` fixes `#1`"),
            (
                "**bold** ~~x~~ [a](b)",
                "\\*\\*bold\\*\\* \\~\\~x\\~\\~ \\[a\\](b)",
            ),
            ("<!-- relplan:plan -->", "`<!--` relplan:plan `-->`"),
            ("</details><h1>x</h1>", "`</details><h1>x</h1>`"),
            ("line\n| + | row |", "line\u{fffd}\\| \\+ \\| row \\|"),
            ("tick ` tick", "tick `` ` `` tick"),
            ("https://evil.example/x", "`https://evil.example/x`"),
            ("- item", "\\- item"),
            ("see GH-12, (gh-3) and GHz", "see `GH-12`, `(gh-3`) and GHz"),
            (
                "reverts 0123abc and a1b2c3d4e5",
                "reverts `0123abc` and `a1b2c3d4e5`",
            ),
            ("so :smile: or:+1:now", "so `:smile`: `or:+1:now`"),
            ("at 10:30, a: b", "at 10:30, a: b"),
            ("&lt;b&gt;", "&amp;lt;b&amp;gt;"),
        ] {
            assert_eq!(sentence(text), shown);
        }
    }

    #[test]
    fn a_code_span_cannot_be_ended_from_within() {
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code("a|b"), "`a\\|b`");
        assert_eq!(code(" "), "");
    }
}
