//! Values as they are written: bare words, numbers, keywords, and the four kinds of quoted text (KDL 2.0.0, §3.8–3.17).

use super::scan::{Kind, Scan, Stop};
use crate::{
    display::quoted,
    problem::{Problem, nearest},
    span::Span,
};

/// The longest number, in characters: longer ones fit no integer.
const LONGEST_NUMBER: usize = 20;

/// KDL 2.0.0, "Newline".
pub(super) fn is_newline(c: char) -> bool {
    matches!(
        c,
        '\r' | '\n' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}'
    )
}

/// KDL 2.0.0, "Whitespace".
pub(super) fn is_space(c: char) -> bool {
    matches!(
        c,
        '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}'
    )
}

/// What may stand in a bare word.
fn is_bare(c: char) -> bool {
    !is_space(c)
        && !is_newline(c)
        && !matches!(
            c,
            '\\' | '/' | '(' | ')' | '{' | '}' | '[' | ']' | ';' | '"' | '#' | '='
        )
}

/// What ends a run of characters that should have been one value.
fn is_end(c: char) -> bool {
    is_space(c) || is_newline(c) || matches!(c, ';' | '{' | '}' | '=')
}

impl Scan<'_, '_> {
    /// One value, in any way of writing it.
    pub(super) fn value(&mut self) -> Result<Kind, Stop> {
        match self.peek() {
            Some('"') if self.starts("\"\"\"") => self.lines(0),
            Some('"') => self.line(),
            Some('#') => self.hashed(),
            Some('(') => self.annotation(),
            Some('[') => self.list(),
            _ => self.bare(),
        }
    }

    /// `(type)` before a value: allowed by KDL, without meaning here.
    fn annotation(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find(|c| c == ')' || is_newline(c) || matches!(c, '{' | '}' | ';'));
        let closed = length.filter(|length| {
            rest.get(*length..)
                .is_some_and(|rest| rest.starts_with(')'))
        });
        let Some(length) = closed else {
            return Err(self.stop(Problem::error(
                "syntax",
                self.here(1),
                "this `(` is never closed",
                "no `)` belongs to it",
            )));
        };
        self.at = start + length + 1;
        let span = Span::between(start, self.at);
        let message = format!(
            "the type {} means nothing in a spec",
            quoted(self.slice(span))
        );
        self.report(
            Problem::error("syntax", span, message, "a type annotation").hint("delete it"),
        )?;
        match self.peek() {
            Some(c) if !is_end(c) && c != '(' => self.value(),
            _ => Ok(Kind::Text),
        }
    }

    /// `[…]`, which other languages have and KDL has not.
    fn list(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        let line = self.text.get(start..).unwrap_or_default();
        let end = line
            .find(|c| c == ']' || is_newline(c))
            .unwrap_or(line.len());
        let closed = line.get(end..).is_some_and(|rest| rest.starts_with(']'));
        self.at = start + end + usize::from(closed);
        let span = Span::between(start, self.at);
        let problem = Problem::error(
            "syntax",
            span,
            "there are no lists in `[…]`",
            "KDL has no lists",
        );
        self.report(problem.hint("write the values one after the other: `exclude \"a\" \"b\"`"))?;
        Ok(Kind::Text)
    }

    /// A bare word or a number.
    fn bare(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or_default();
        let raw = word == "r"
            && rest.get(length..).is_some_and(|rest| {
                rest.starts_with('"') || rest.starts_with("#\"") || rest.starts_with("##")
            });
        if raw {
            return self.old_raw();
        }
        self.at = start + length;
        match self.peek() {
            Some(c) if !(is_end(c) || length > 0 && self.goes_on()) => {
                return self.unquoted(start);
            }
            // Only `=` is left here: whatever else ends a value was seen before.
            Some(c) if length == 0 => {
                let problem = Problem::error(
                    "syntax",
                    self.here(1),
                    "a value is expected here",
                    "nothing stands before it",
                );
                self.at += c.len_utf8();
                self.report(problem)?;
                return Ok(Kind::Text);
            }
            _ => {}
        }
        let span = Span::between(start, self.at);
        if let "true" | "false" | "null" | "inf" | "-inf" | "nan" = word {
            let message = format!("{} needs a `#` before it", quoted(word));
            let hint = format!("KDL v2 writes #{word}; for the text, write \"{word}\"");
            self.report(
                Problem::error("syntax", span, message, "KDL v1 wrote it like this").hint(hint),
            )?;
            return Ok(Kind::Other);
        }
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
        let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Kind::Text);
        }
        if !is_number(unsigned) {
            let message = format!("{} is not a number", quoted(word));
            let hint = format!(
                "if it is a version or a name, write it in quotes: \"{}\"",
                cut(word)
            );
            self.report(
                Problem::error("syntax", span, message, "it begins like a number").hint(hint),
            )?;
        } else if unsigned.len() > LONGEST_NUMBER {
            self.report(Problem::error(
                "syntax",
                span,
                "this number is too long",
                "more digits than any number here needs",
            ))?;
        }
        Ok(Kind::Other)
    }

    /// Whether a comment, `/-` or an escaped line end stands here, any of which may follow a word without a space.
    fn goes_on(&self) -> bool {
        let escaped = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.strip_prefix('\\'));
        let line_end = escaped.map(|rest| rest.trim_start_matches(is_space));
        ["//", "/*", "/-"].iter().any(|with| self.starts(with))
            || line_end.is_some_and(|rest| {
                rest.is_empty()
                    || rest.starts_with(is_newline)
                    || rest.starts_with("//")
                    || rest.starts_with("/*")
            })
    }

    /// A run of characters of which some may not stand outside of quotes.
    fn unquoted(&mut self, start: usize) -> Result<Kind, Stop> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let offending = self.here(self.peek().map_or(1, char::len_utf8));
        self.at += rest.find(is_end).unwrap_or(rest.len());
        let span = Span::between(start, self.at);
        let run = self.slice(span);
        let message = match run.contains('"') {
            true => format!("{} is half in quotes", quoted(run)),
            false => format!("{} must be in quotes", quoted(run)),
        };
        let label = format!(
            "{} may not stand in a bare word",
            quoted(self.slice(offending))
        );
        let hint = format!(
            "write \"{}\"",
            cut(&run.replace('"', "").replace('\\', "/"))
        );
        self.report(Problem::error("syntax", span, message, label).hint(hint))?;
        Ok(Kind::Text)
    }

    /// `r"…"`, as KDL v1 wrote raw text.
    fn old_raw(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        self.at += 1;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let hashes: String = rest.chars().take_while(|c| *c == '#').collect();
        let close = format!("\"{hashes}");
        let body = self.at + hashes.len() + 1;
        let end = self
            .text
            .get(body..)
            .and_then(|rest| rest.find(&close))
            .map(|end| body + end + close.len());
        let span = Span::between(start, end.unwrap_or(self.at + hashes.len() + 1));
        let problem = Problem::error(
            "syntax",
            span,
            "raw text is written without `r`",
            "KDL v1 wrote it like this",
        )
        .hint("KDL v2 writes #\"…\"# for raw text, #true for true and #null for null");
        let Some(end) = end else {
            return Err(self.stop(problem));
        };
        self.at = end;
        self.report(problem)?;
        Ok(Kind::Text)
    }

    /// `#true` and the like, or raw text.
    fn hashed(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let behind = rest.get(hashes..).unwrap_or_default();
        if behind.starts_with("\"\"\"") {
            return self.lines(hashes);
        }
        if behind.starts_with('"') {
            return self.raw(hashes);
        }
        const KEYWORDS: [&str; 6] = ["true", "false", "null", "inf", "-inf", "nan"];
        let length = behind.find(|c| !is_bare(c)).unwrap_or(behind.len());
        let word = behind.get(..length).unwrap_or_default();
        self.at = start + hashes + length;
        let ended = self.peek().is_none_or(is_end) || self.goes_on();
        if hashes == 1 && ended && KEYWORDS.contains(&word) {
            return Ok(Kind::Other);
        }
        if !ended {
            let rest = behind.get(length..).unwrap_or_default();
            self.at += rest.find(is_end).unwrap_or(rest.len());
        }
        let span = Span::between(start, self.at);
        let message = format!("{} is not a value", quoted(self.slice(span)));
        let hint = match nearest(word, KEYWORDS) {
            Some(meant) => format!("did you mean #{meant}?"),
            None => "write #true or #false; a text that begins with `#` needs quotes".to_owned(),
        };
        self.report(Problem::error("syntax", span, message, "unknown after `#`").hint(hint))?;
        Ok(Kind::Other)
    }

    /// `"…"`.
    fn line(&mut self) -> Result<Kind, Stop> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(Kind::Text);
                }
                Some('\\') => self.escape(true)?,
                Some(c) if !is_newline(c) => self.at += c.len_utf8(),
                _ => return Err(self.unclosed(start, 1, "\"")),
            }
        }
    }

    /// `#"…"#`.
    fn raw(&mut self, hashes: usize) -> Result<Kind, Stop> {
        let start = self.at;
        self.at += hashes + 1;
        loop {
            match self.peek() {
                Some('"') if self.closes(1, hashes) => {
                    self.at += 1 + hashes;
                    return Ok(Kind::Text);
                }
                Some(c) if !is_newline(c) => self.at += c.len_utf8(),
                _ => {
                    return Err(self.unclosed(
                        start,
                        hashes + 1,
                        &format!("\"{}", "#".repeat(hashes.min(8))),
                    ));
                }
            }
        }
    }

    /// `"""` and lines up to `"""`, raw if there are hashes around it.
    fn lines(&mut self, hashes: usize) -> Result<Kind, Stop> {
        let start = self.at;
        let opening = Span {
            offset: start,
            len: hashes + 3,
        };
        self.at += hashes + 3;
        if !self.peek().is_some_and(is_newline) {
            let problem = Problem::error(
                "syntax",
                opening,
                "after `\"\"\"` a new line is expected",
                "it begins text of several lines",
            );
            return Err(self.stop(problem.hint("write \"…\" for text of one line")));
        }
        let mut begins = Vec::new();
        loop {
            match self.peek() {
                Some('"') if self.closes(3, hashes) => break,
                Some('\\') if hashes == 0 => self.escape(false)?,
                Some('\r') if self.starts("\r\n") => self.at += 1,
                Some(c) => {
                    self.at += c.len_utf8();
                    if is_newline(c) {
                        begins.push(self.at);
                    }
                }
                None => return Err(self.unclosed(start, hashes + 3, "\"\"\"")),
            }
        }
        let closing = self.here(3 + hashes);
        self.at += 3 + hashes;
        self.indentation(&begins, closing)?;
        Ok(Kind::Text)
    }

    /// Every line of such text begins with the white space that stands before the closing quotes.
    fn indentation(&mut self, begins: &[usize], closing: Span) -> Result<(), Stop> {
        let Some((last, lines)) = begins.split_last() else {
            return Ok(());
        };
        let prefix = Span::between(*last, closing.offset);
        if !self.slice(prefix).chars().all(is_space) {
            let problem = Problem::error(
                "syntax",
                closing,
                "the closing quotes must stand on a line of their own",
                "text stands before them",
            );
            return self.report(problem);
        }
        let ends = lines.iter().skip(1).chain([last]);
        let bad = lines.iter().zip(ends).find(|(begin, end)| {
            let line = self.slice(Span::between(**begin, **end));
            !line.starts_with(self.slice(prefix))
                && !line.chars().all(|c| is_space(c) || is_newline(c))
        });
        let Some((begin, _)) = bad else {
            return Ok(());
        };
        let span = Span {
            offset: *begin,
            len: 0,
        };
        let problem = Problem::error(
            "syntax",
            span,
            "this line is indented less than the closing quotes",
            "too little space before it",
        )
        .related(closing, "these say how far the text is indented");
        self.report(problem)
    }

    /// Whether this many quotes and hashes stand here.
    fn closes(&self, quotes: usize, hashes: usize) -> bool {
        let mut bytes = self.text.as_bytes().iter().skip(self.at);
        bytes
            .by_ref()
            .take(quotes)
            .filter(|byte| **byte == b'"')
            .count()
            == quotes
            && bytes.take(hashes).take_while(|byte| **byte == b'#').count() == hashes
    }

    fn unclosed(&mut self, start: usize, quotes: usize, missing: &str) -> Stop {
        let span = Span {
            offset: start,
            len: quotes.min(8),
        };
        let problem = Problem::error(
            "syntax",
            span,
            "this text is never closed",
            "the quotes open here",
        );
        self.stop(problem.hint(format!("add the missing {missing}")))
    }

    /// `\n`, `\u{…}` and so on; `\` and white space, which stand for nothing, only in text of one line.
    fn escape(&mut self, spaces: bool) -> Result<(), Stop> {
        let start = self.at;
        self.at += 1;
        let c = self.peek();
        match c {
            Some('n' | 'r' | 't' | '\\' | '"' | 'b' | 'f' | 's') => self.at += 1,
            Some('u') if self.unicode() => {}
            Some(c) if spaces && (is_space(c) || is_newline(c)) => {
                let rest = self.text.get(self.at..).unwrap_or_default();
                self.at += rest
                    .find(|c| !is_space(c) && !is_newline(c))
                    .unwrap_or(rest.len());
            }
            Some(c) if is_space(c) || is_newline(c) => {
                let problem = Problem::error(
                    "syntax",
                    Span::between(start, self.at),
                    "text of several lines takes no `\\` before a space or line end",
                    "it would join lines",
                );
                self.report(problem.hint("delete it; to end a line with a backslash, write \\\\"))?;
            }
            _ => {
                let span = Span::between(
                    start,
                    self.at + c.filter(|c| !is_newline(*c)).map_or(0, char::len_utf8),
                );
                let message = format!("{} is not an escape", quoted(self.slice(span)));
                let problem = Problem::error("syntax", span, message, "unknown after `\\`");
                self.report(
                    problem
                        .hint("write \\\\ for one backslash, or #\"…\"# for text without escapes"),
                )?;
            }
        }
        Ok(())
    }

    /// `u{1F600}`: one to six digits that name a character which may stand in a text.
    fn unicode(&mut self) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let digits = rest
            .strip_prefix("u{")
            .and_then(|rest| rest.get(..rest.bytes().take(7).position(|byte| byte == b'}')?));
        let Some(digits) = digits else { return false };
        let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16)
            .ok()
            .and_then(char::from_u32);
        if !valid || code.is_none() {
            return false;
        }
        self.at += digits.len() + 3;
        true
    }
}

/// A word cut for a hint that shows how to write it.
fn cut(word: &str) -> String {
    crate::display::displayable(word).chars().take(60).collect()
}

/// KDL 2.0.0, "Number", without its sign.
fn is_number(text: &str) -> bool {
    let digits = |text: &str, allowed: fn(char) -> bool| {
        text.starts_with(allowed) && text.chars().all(|c| c == '_' || allowed(c))
    };
    let decimal = |text: &str| digits(text, |c| c.is_ascii_digit());
    if let Some(text) = text.strip_prefix("0x") {
        return digits(text, |c| c.is_ascii_hexdigit());
    }
    if let Some(text) = text.strip_prefix("0o") {
        return digits(text, |c| matches!(c, '0'..='7'));
    }
    if let Some(text) = text.strip_prefix("0b") {
        return digits(text, |c| matches!(c, '0' | '1'));
    }
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    decimal(whole) && part.is_none_or(decimal) && exponent.is_none_or(decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_kdl_says() {
        for text in [
            "0", "12", "1_000", "1.5", "1.5e-3", "1E10", "0xfF", "0o17", "0b10_1",
        ] {
            assert!(is_number(text), "{text}");
        }
        for text in ["", "1.", "1.2.3", "0x", "0b2", "1e", "_1", "1x", ".5"] {
            assert!(!is_number(text), "{text}");
        }
    }
}
