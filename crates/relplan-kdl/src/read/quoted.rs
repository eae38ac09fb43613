//! Texts in quotes: of one line, raw, of several lines, and their escapes (KDL 2.0.0, §3.11–3.13).

use super::{
    Scan, Stop,
    space::{is_newline, is_space},
    wrong,
};
use crate::{display::quoted, span::Span, tree::Literal};

impl Scan<'_, '_> {
    /// `"…"`.
    pub(super) fn line(&mut self) -> Result<Literal, Stop> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(Literal::Text(text));
                }
                Some('\\') => self.escape(true, &mut text)?,
                Some(c) if !is_newline(c) => {
                    text.push(c);
                    self.at += c.len_utf8();
                }
                _ => return Err(self.unclosed(start, 1, "\"")),
            }
        }
    }

    /// `#"…"#`.
    pub(super) fn raw(&mut self, hashes: usize) -> Result<Literal, Stop> {
        let start = self.at;
        self.at += hashes + 1;
        self.not_strict(self.since(start), "raw texts are", "write it as \"…\"")?;
        loop {
            match self.peek() {
                Some('"') if self.closes(1, hashes) => {
                    let text = self.slice(self.since(start + hashes + 1)).to_owned();
                    self.at += 1 + hashes;
                    return Ok(Literal::Text(text));
                }
                Some(c) if !is_newline(c) => self.at += c.len_utf8(),
                _ => {
                    let missing = format!("\"{}", "#".repeat(hashes.min(8)));
                    return Err(self.unclosed(start, hashes + 1, &missing));
                }
            }
        }
    }

    /// `"""` and lines up to `"""`, raw if there are hashes around it.
    pub(super) fn lines(&mut self, hashes: usize) -> Result<Literal, Stop> {
        let start = self.at;
        self.at += hashes + 3;
        let opening = self.since(start);
        self.not_strict(
            opening,
            "texts of several lines are",
            "write it on one line",
        )?;
        if !self.peek().is_some_and(is_newline) {
            let problem = wrong(
                opening,
                "after `\"\"\"` a new line is expected",
                "it begins text of several lines",
            );
            return Err(self.stop(problem.hint("write \"…\" for text of one line")));
        }
        // Each line with where it begins; the first one is what stands behind the opening quotes, which is nothing.
        let mut lines = vec![(self.at, String::new())];
        while let Some((_, line)) = lines.last_mut() {
            match self.peek() {
                Some('"') if self.closes(3, hashes) => break,
                Some('\\') if hashes == 0 => self.escape(false, line)?,
                Some('\r') if self.starts("\r\n") => self.at += 1,
                Some(c) => {
                    self.at += c.len_utf8();
                    match is_newline(c) {
                        true => lines.push((self.at, String::new())),
                        false => line.push(c),
                    }
                }
                None => return Err(self.unclosed(start, hashes + 3, "\"\"\"")),
            }
        }
        let closing = self.here(3 + hashes);
        self.at += 3 + hashes;
        self.dedented(&lines, closing)
    }

    /// Every line of such text begins with the white space that stands before the closing quotes.
    fn dedented(&mut self, lines: &[(usize, String)], closing: Span) -> Result<Literal, Stop> {
        let [_, lines @ .., (last, prefix)] = lines else {
            return Ok(Literal::Null);
        };
        if !prefix.chars().all(is_space) || prefix.len() != closing.offset - last {
            self.report(wrong(
                closing,
                "the closing quotes must stand on a line of their own",
                "text stands before them",
            ))?;
            return Ok(Literal::Null);
        }
        let mut text = Vec::new();
        let ends = lines.iter().skip(1).map(|(begin, _)| *begin).chain([*last]);
        for ((begin, line), end) in lines.iter().zip(ends) {
            let written = self.slice(Span::between(*begin, end));
            if written.chars().all(|c| is_space(c) || is_newline(c)) {
                text.push("");
            } else if written.starts_with(prefix.as_str()) {
                text.push(line.strip_prefix(prefix.as_str()).unwrap_or(line));
            } else {
                let problem = wrong(
                    Span::between(*begin, *begin),
                    "this line is indented less than the closing quotes",
                    "too little space before it",
                );
                self.report(problem.related(closing, "these say how far the text is indented"))?;
                break;
            }
        }
        Ok(Literal::Text(text.join("\n")))
    }

    /// Whether this many quotes and hashes stand here.
    fn closes(&self, quotes: usize, hashes: usize) -> bool {
        let mut bytes = self.rest().bytes();
        let is_quoted = bytes.by_ref().take(quotes).filter(|byte| *byte == b'"');
        is_quoted.count() == quotes
            && bytes.take(hashes).take_while(|byte| *byte == b'#').count() == hashes
    }

    fn unclosed(&mut self, start: usize, quotes: usize, missing: &str) -> Stop {
        let span = Span {
            offset: start,
            len: quotes.min(8),
        };
        let problem = wrong(span, "this text is never closed", "the quotes open here");
        self.stop(problem.hint(format!("add the missing {missing}")))
    }

    /// `\n`, `\u{…}` and so on; `\` and white space, which stand for nothing, only in text of one line.
    fn escape(&mut self, spaces: bool, text: &mut String) -> Result<(), Stop> {
        let start = self.at;
        self.at += 1;
        let c = self.peek();
        if !matches!(c, Some('"' | '\\')) {
            self.not_strict(
                self.since(start),
                "escapes other than \\\" and \\\\ are",
                "write the character itself",
            )?;
        }
        let simple = match c {
            Some(c @ ('\\' | '"')) => Some(c),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('s') => Some(' '),
            _ => None,
        };
        match c {
            _ if simple.is_some() => {
                self.at += 1;
                text.extend(simple);
            }
            Some('u') if self.unicode(text) => {}
            Some(c) if spaces && (is_space(c) || is_newline(c)) => {
                let rest = self.rest();
                let length = rest.find(|c| !is_space(c) && !is_newline(c));
                self.at += length.unwrap_or(rest.len());
            }
            Some(c) if is_space(c) || is_newline(c) => {
                let problem = wrong(
                    self.since(start),
                    "text of several lines takes no `\\` before a space or line end",
                    "it would join lines",
                );
                self.report(problem.hint("delete it; to end a line with a backslash, write \\\\"))?;
            }
            _ => {
                let length = c.filter(|c| !is_newline(*c)).map_or(0, char::len_utf8);
                let span = Span::between(start, self.at + length);
                let message = format!("{} is not an escape", quoted(self.slice(span)));
                let problem = wrong(span, message, "unknown after `\\`");
                self.report(
                    problem
                        .hint("write \\\\ for one backslash, or #\"…\"# for text without escapes"),
                )?;
            }
        }
        Ok(())
    }

    /// `u{1F600}`: one to six digits that name a character which may stand in a text.
    fn unicode(&mut self, text: &mut String) -> bool {
        let digits = || {
            let rest = self.rest().strip_prefix("u{")?;
            rest.get(..rest.bytes().take(7).position(|byte| byte == b'}')?)
        };
        let Some(digits) = digits() else { return false };
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let code = u32::from_str_radix(digits, 16).ok();
        let c = code.and_then(char::from_u32).filter(|_| is_hexadecimal);
        self.at += c.map_or(0, |_| digits.len() + 3);
        text.extend(c);
        c.is_some()
    }
}
