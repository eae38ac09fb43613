//! Text of a document made fit to be shown: nothing that steers a terminal, reorders a line or is a credential.
//!
//! Why: the documents of a pull request are a stranger's text, and problems are printed into logs that others read.

use relplan_model::text::is_hidden;

use crate::span::Span;

/// Characters that may not stand in a document, as they are not shown: those that KDL forbids (KDL 2.0.0, "Disallowed Literal
/// Code Points") are among them. KDL's own line ends and tabs may.
pub(crate) fn is_forbidden(c: char) -> bool {
    let is_space = matches!(
        c,
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    );
    is_hidden(c) && !is_space
}

/// The same text with the same offsets, where each character that is not fit to be shown is replaced by one of the same
/// length, line ends are LF, and user information in URLs is starred out (law L11).
pub(crate) fn displayable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut secrets = user_information(text).into_iter().peekable();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        while secrets.next_if(|secret| secret.end() <= at).is_some() {}
        let next = chars.peek().map(|(_, next)| *next);
        match c {
            _ if secrets.peek().is_some_and(|secret| secret.offset <= at) => {
                shown.extend(std::iter::repeat_n('*', c.len_utf8()));
            }
            '\r' if next == Some('\n') => shown.push(' '),
            '\r' => shown.push('\n'),
            '\u{feff}' if at == 0 => shown.push(c),
            '\u{b}' | '\u{c}' => shown.push(' '),
            '\u{85}' => shown.push('\u{a0}'),
            '\u{2028}' | '\u{2029}' => shown.push('\u{fffd}'),
            _ if is_forbidden(c) => shown.push(match c.len_utf8() {
                1 => '?',
                2 => '\u{bf}',
                _ => '\u{fffd}',
            }),
            _ => shown.push(c),
        }
    }
    shown
}

/// A text of a document within a message: in back-ticks, on one line, cut.
#[must_use]
pub fn quoted(text: &str) -> String {
    const MOST: usize = 60;
    let shown: String = displayable(text)
        .chars()
        .take(MOST)
        .map(|c| match c {
            '`' => '\'',
            '\n' | '\t' => ' ',
            c => c,
        })
        .collect();
    let rest = if text.chars().nth(MOST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{rest}`")
}

/// Several texts as a list to read: "`a`, `b` or `c`", cut after eight.
pub fn listed<'a>(texts: impl IntoIterator<Item = &'a str>, joint: &str) -> String {
    const MOST: usize = 8;
    let mut texts = texts.into_iter();
    let mut shown: Vec<String> = texts.by_ref().take(MOST).map(quoted).collect();
    let more = texts.count();
    if more > 0 {
        return format!("{} and {more} more", shown.join(", "));
    }
    match shown.pop() {
        Some(last) if shown.is_empty() => last,
        Some(last) => format!("{} {joint} {last}", shown.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// Where user information stands in the URLs of a text (RFC 3986, section 3.2.1), in order. A user name alone is no
/// secret with SSH.
pub(crate) fn user_information(text: &str) -> Vec<Span> {
    const LONGEST: usize = 1024;
    let schemes = text
        .match_indices("://")
        .map(|(at, scheme)| at + scheme.len());
    let found = schemes.filter_map(|start| {
        let authority = text
            .get(start..)?
            .char_indices()
            .take(LONGEST)
            .take_while(|(_, c)| !c.is_whitespace() && !matches!(c, '/' | '?' | '#' | '"' | '\\'));
        let (at, _) = authority.filter(|(_, c)| *c == '@').last()?;
        let ssh =
            text.get(..start)?.ends_with("ssh://") && !text.get(start..start + at)?.contains(':');
        (at > 0 && !ssh).then_some(Span {
            offset: start,
            len: at,
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l11_user_information_is_starred_out() {
        let text = "a \"https://bob:hunter2@acme.example/x@y\" b://c d@e";
        assert_eq!(
            displayable(text),
            "a \"https://***********@acme.example/x@y\" b://c d@e"
        );
        assert!(!quoted(text).contains("hunter2"));
        assert!(user_information("ssh://git@acme.example/x").is_empty());
        assert_eq!(user_information("ssh://git:x@acme.example/x").len(), 1);
    }

    #[test]
    fn what_is_shown_keeps_its_offsets_and_steers_no_terminal() {
        let text = "\u{feff}a\u{1b}[31m\r\nb\rc\u{9b}\u{202e}\u{2028}ü\u{7f}";
        let shown = displayable(text);
        assert_eq!(shown.len(), text.len());
        assert_eq!(shown, "\u{feff}a?[31m \nb\nc\u{bf}\u{fffd}\u{fffd}ü?");
    }

    #[test]
    fn lists_are_cut() {
        assert_eq!(listed(["a"], "or"), "`a`");
        assert_eq!(listed(["a", "b", "c"], "or"), "`a`, `b` or `c`");
        assert_eq!(
            listed(["a"; 10], "or"),
            "`a`, `a`, `a`, `a`, `a`, `a`, `a`, `a` and 2 more"
        );
    }
}
