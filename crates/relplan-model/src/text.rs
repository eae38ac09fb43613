//! Text from outside, made fit to be shown: the one rule for every view, message, prompt and log.
//!
//! Why: plans, registries, archives, file names, git and child programs all speak in other people's words. A word that
//! moves the cursor, reverses a line or cannot be seen makes a reader approve what is not there ("Trojan Source").
//!
//! Invariant: what comes out of [`line`] and [`joined`] is one line, what comes out of [`block`] has line ends and tabs besides, and
//! neither holds a character of [`is_hidden`].

/// What stands for a character that is not shown.
pub const REPLACEMENT: char = '\u{fffd}';

/// Whether a character steers a terminal, reorders or breaks a line, or is one that nobody sees.
///
/// Line ends and tabs are among them: whoever allows these says so. The emoji selector `U+FE0F` is not, since many
/// honest messages hold it; [`line`] and [`block`] still take it away where it hides in a name.
#[must_use]
pub fn is_hidden(c: char) -> bool {
    // C0, DEL and C1: the last are control sequences of one character to a terminal.
    c.is_control()
        || matches!(c,
            // Soft hyphen, grapheme joiner, Arabic letter mark.
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            // Fillers and vowels without a shape.
            | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{2800}'
            | '\u{3164}' | '\u{ffa0}'
            // Zero width, direction marks, embeddings and isolates, line and paragraph separators, invisible operators.
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            // Variation selectors, which can carry a hidden message; annotations; shorthand and musical formats.
            | '\u{fe00}'..='\u{fe0e}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            // Tags, more variation selectors, and what is reserved for their like.
            | '\u{e0000}'..='\u{e0fff}'
            // Private use: whatever the reader's font makes of it.
            | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..
            // Never characters at all.
            | '\u{fdd0}'..='\u{fdef}')
        || u32::from(c) & 0xfffe == 0xfffe
}

/// Text on one line: whatever [`is_hidden`] names becomes `�`.
#[must_use]
pub fn line(text: &str) -> String {
    clean(text, |_| false)
}

/// Text on several lines: line ends and tabs stay, everything else is as with [`line`].
#[must_use]
pub fn block(text: &str) -> String {
    clean(text, |c| matches!(c, '\n' | '\t'))
}

/// Text of several lines on one: each run of white space, line ends among it, becomes one space.
#[must_use]
pub fn joined(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(line).collect();
    words.join(" ")
}

fn clean(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut before = None;
    let mut clean = |c: char| {
        let before = before.replace(c);
        // A selector belongs behind a symbol; behind a letter or at the start it makes one name look like another.
        let is_symbol = |c: char| !c.is_ascii() && !c.is_alphanumeric() && !is_hidden(c);
        let selects = before.is_some_and(|before| before != '\u{fe0f}' && is_symbol(before));
        let hides = is_hidden(c) || (c == '\u{fe0f}' && !selects);
        if hides && !kept(c) { REPLACEMENT } else { c }
    };
    text.chars().map(&mut clean).collect()
}

/// JSON whose hidden characters are written as escapes: the same value, in letters that a terminal may be sent.
///
/// Why: JSON's own rules leave DEL, C1 controls and direction marks as they are. Not for bytes that have a digest.
#[must_use]
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Control characters below U+0020 stand between tokens here; within strings JSON escapes them itself.
        if is_hidden(c) && !matches!(c, '\n' | '\t' | '\r') {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_cannot_steer_hide_or_break_a_line() {
        for (text, shown) in [
            ("plain – wörds, 文字 🚀", "plain – wörds, 文字 🚀"),
            (
                "a\u{1b}[31mb\u{202e}c\nd\te",
                "a\u{fffd}[31mb\u{fffd}c\u{fffd}d\u{fffd}e",
            ),
            ("a\u{9b}2Jb\u{7f}c\rd", "a\u{fffd}2Jb\u{fffd}c\u{fffd}d"),
            ("a\u{2028}b\u{ad}c\u{e0041}", "a\u{fffd}b\u{fffd}c\u{fffd}"),
            (
                "a\u{200b}b\u{2066}c\u{feff}d\u{3164}",
                "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}",
            ),
            ("\u{e000}\u{10ffff}\u{fffe}", "\u{fffd}\u{fffd}\u{fffd}"),
            ("⚠\u{fe0f} old", "⚠\u{fe0f} old"),
            ("widget\u{fe0f}\u{fe0f}", "widget\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(line(text), shown, "{text:?}");
            assert!(!line(text).chars().any(is_hidden));
        }
        assert_eq!(joined(" a\r\n\tb\u{85}c\u{1b}\n"), "a b c\u{fffd}");
        assert_eq!(block("a\r\n\tb\u{b}c\n"), "a\u{fffd}\n\tb\u{fffd}c\n");
    }

    #[test]
    fn cleaning_twice_is_cleaning_once_and_keeps_the_number_of_characters() {
        for code in (0..=0x0010_ffff).filter_map(char::from_u32) {
            let once = line(&format!("a{code}b"));
            assert_eq!(once.chars().count(), 3, "{code:?}");
            assert_eq!(line(&once), once);
            assert!(!once.chars().any(is_hidden), "{code:?}");
        }
    }

    #[test]
    fn json_keeps_its_value() {
        let value = serde_json::json!({"a": "\u{9b}2J\u{202e}\u{7f}\u{e0041}\u{1b}ü"});
        let text = json(&serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| c != '\n' && is_hidden(c)), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
