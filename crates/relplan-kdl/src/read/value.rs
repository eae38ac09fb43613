//! Values as they are written: bare words, numbers and keywords (KDL 2.0.0, §3.8–3.15).

use super::{
    Scan, Stop,
    space::{is_newline, is_space},
    wrong,
};
use crate::{
    display::{displayable, quoted},
    problem::nearest,
    tree::Literal,
};

/// The longest number, in characters: longer ones fit no integer.
const LONGEST_NUMBER: usize = 20;

/// What may stand behind one `#`.
const KEYWORDS: [&str; 6] = ["true", "false", "null", "inf", "-inf", "nan"];

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

/// What stands for a value that was reported.
fn unread() -> Literal {
    Literal::Text(String::new())
}

impl Scan<'_, '_> {
    /// One value, in any way of writing it.
    pub(super) fn value(&mut self) -> Result<Literal, Stop> {
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
    fn annotation(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| is_newline(c) || matches!(c, ')' | '{' | '}' | ';'));
        let is_close = |length: &usize| rest.as_bytes().get(*length) == Some(&b')');
        let Some(length) = length.filter(is_close) else {
            return Err(self.stop(wrong(
                self.here(1),
                "this `(` is never closed",
                "no `)` belongs to it",
            )));
        };
        self.at += length + 1;
        let span = self.since(start);
        let message = format!(
            "the type {} means nothing in a {}",
            quoted(self.slice(span)),
            self.problems.language.document
        );
        self.report(wrong(span, message, "a type annotation").hint("delete it"))?;
        match self.peek() {
            Some(c) if !is_end(c) && c != '(' => self.value(),
            _ => Ok(unread()),
        }
    }

    /// `[…]`, which other languages have and KDL has not.
    fn list(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        let line = self.rest();
        let end = line
            .find(|c| c == ']' || is_newline(c))
            .unwrap_or(line.len());
        self.at += end;
        self.at += usize::from(self.starts("]"));
        let problem = wrong(
            self.since(start),
            "there are no lists in `[…]`",
            "KDL has no lists",
        );
        self.report(problem.hint("write the values one after the other: `exclude \"a\" \"b\"`"))?;
        Ok(unread())
    }

    /// A bare word or a number.
    fn bare(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| !is_bare(c)).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(length).unwrap_or_default();
        if word == "r"
            && ["\"", "#\"", "##"]
                .iter()
                .any(|with| behind.starts_with(with))
        {
            return self.old_raw();
        }
        self.at += length;
        match self.peek() {
            Some(c) if !(is_end(c) || length > 0 && self.goes_on()) => {
                return self.unquoted(start);
            }
            // Only `=` is left here: whatever else ends a value was seen before.
            Some(c) if length == 0 => {
                let problem = wrong(
                    self.here(1),
                    "a value is expected here",
                    "nothing stands before it",
                );
                self.at += c.len_utf8();
                self.report(problem)?;
                return Ok(unread());
            }
            _ => {}
        }
        let span = self.since(start);
        if KEYWORDS.contains(&word) {
            let message = format!("{} needs a `#` before it", quoted(word));
            let hint = format!("KDL v2 writes #{word}; for the text, write \"{word}\"");
            self.report(wrong(span, message, "KDL v1 wrote it like this").hint(hint))?;
            return Ok(Literal::Null);
        }
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
        let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Literal::Text(word.to_owned()));
        }
        let Some(number) = number(unsigned) else {
            let message = format!("{} is not a number", quoted(word));
            let hint = format!(
                "if it is a version or a name, write it in quotes: \"{}\"",
                cut(word)
            );
            self.report(wrong(span, message, "it begins like a number").hint(hint))?;
            return Ok(Literal::Null);
        };
        if unsigned.len() > LONGEST_NUMBER {
            self.report(wrong(
                span,
                "this number is too long",
                "more digits than any number here needs",
            ))?;
        }
        let is_plain =
            word == "0" || !word.starts_with('0') && word.bytes().all(|byte| byte.is_ascii_digit());
        if !is_plain {
            let hint = "write it in digits alone; texts stand in quotes";
            self.not_strict(span, "numbers other than plain whole ones are", hint)?;
        }
        Ok(match number {
            Literal::Number(number) if word.starts_with('-') => Literal::Number(-number),
            number => number,
        })
    }

    /// Whether a comment, `/-` or an escaped line end stands here, any of which may follow a word without a space.
    fn goes_on(&self) -> bool {
        let escaped = self.rest().strip_prefix('\\');
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
    fn unquoted(&mut self, start: usize) -> Result<Literal, Stop> {
        let offending = self.peek().unwrap_or_default();
        self.past_the_end();
        let span = self.since(start);
        let run = self.slice(span);
        let message = match run.contains('"') {
            true => format!("{} is half in quotes", quoted(run)),
            false => format!("{} must be in quotes", quoted(run)),
        };
        let label = format!(
            "{} may not stand in a bare word",
            quoted(offending.encode_utf8(&mut [0; 4]))
        );
        let write = cut(&run.replace('"', "").replace('\\', "/"));
        self.report(wrong(span, message, label).hint(format!("write \"{write}\"")))?;
        Ok(unread())
    }

    /// Goes to the end of what should have been one value.
    fn past_the_end(&mut self) {
        let rest = self.rest();
        self.at += rest.find(is_end).unwrap_or(rest.len());
    }

    /// `r"…"`, as KDL v1 wrote raw text.
    fn old_raw(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        let behind = self.rest().trim_start_matches('r');
        let hashes = behind.len() - behind.trim_start_matches('#').len();
        let close = format!("\"{}", "#".repeat(hashes));
        let body = start + 1 + hashes + 1;
        let length = self.text.get(body..).and_then(|rest| rest.find(&close));
        self.at = body + length.map_or(0, |length| length + close.len());
        let problem = wrong(
            self.since(start),
            "raw text is written without `r`",
            "KDL v1 wrote it like this",
        )
        .hint("KDL v2 writes #\"…\"# for raw text, #true for true and #null for null");
        if length.is_none() {
            return Err(self.stop(problem));
        }
        self.report(problem)?;
        Ok(unread())
    }

    /// `#true` and the like, or raw text.
    fn hashed(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        let behind = self.rest().trim_start_matches('#');
        let hashes = self.rest().len() - behind.len();
        if behind.starts_with("\"\"\"") {
            return self.lines(hashes);
        }
        if behind.starts_with('"') {
            return self.raw(hashes);
        }
        let length = behind.find(|c| !is_bare(c)).unwrap_or(behind.len());
        let word = behind.get(..length).unwrap_or_default();
        self.at += hashes + length;
        if self.peek().is_none_or(is_end) || self.goes_on() {
            match (hashes, word) {
                (1, "true") => return Ok(Literal::Flag(true)),
                (1, "false") => return Ok(Literal::Flag(false)),
                (1, "null") => return Ok(Literal::Null),
                (1, "inf" | "-inf" | "nan") => return Ok(Literal::Fraction),
                _ => {}
            }
        } else {
            self.past_the_end();
        }
        let span = self.since(start);
        let message = format!("{} is not a value", quoted(self.slice(span)));
        let hint = match nearest(word, KEYWORDS) {
            Some(meant) => format!("did you mean #{meant}?"),
            None => "write #true or #false; a text that begins with `#` needs quotes".to_owned(),
        };
        self.report(wrong(span, message, "unknown after `#`").hint(hint))?;
        Ok(Literal::Null)
    }
}

/// A word cut for a hint that shows how to write it.
pub(super) fn cut(word: &str) -> String {
    displayable(word).chars().take(60).collect()
}

/// KDL 2.0.0, "Number", without its sign; `None` if the text is none. What fits no integer is as large as can be.
fn number(text: &str) -> Option<Literal> {
    let is_digits = |text: &str, radix| {
        text.starts_with(|c: char| c.is_digit(radix))
            && text.chars().all(|c| c == '_' || c.is_digit(radix))
    };
    let whole = |text: &str, radix| {
        let number = i128::from_str_radix(&text.replace('_', ""), radix);
        is_digits(text, radix).then_some(Literal::Number(number.unwrap_or(i128::MAX)))
    };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(text) = text.strip_prefix(prefix) {
            return whole(text, radix);
        }
    }
    if let Some(number) = whole(text, 10) {
        return Some(number);
    }
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_fraction = [before, behind, exponent]
        .iter()
        .all(|part| is_digits(part, 10));
    is_fraction.then_some(Literal::Fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_kdl_says() {
        for (text, value) in [
            ("0", Literal::Number(0)),
            ("1_000", Literal::Number(1_000)),
            ("0xfF", Literal::Number(255)),
            ("0o17", Literal::Number(15)),
            ("0b10_1", Literal::Number(5)),
            ("1.5", Literal::Fraction),
            ("1.5e-3", Literal::Fraction),
            ("1E10", Literal::Fraction),
        ] {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "1.", "1.2.3", "0x", "0b2", "1e", "_1", "1x", ".5"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
