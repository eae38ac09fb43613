//! What stands between values: white space, line ends, comments, and `/-` (KDL 2.0.0, §3.16–3.18).

use super::{MAX_COMMENT, MAX_SLASHDASH, Scan, Stop, wrong};
use crate::{problem::Problem, span::Span};

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

impl Scan<'_, '_> {
    /// `line-space := newline | ws | single-line-comment`, as many as there are, and escaped line ends.
    pub(super) fn line_space(&mut self) -> Result<(), Stop> {
        loop {
            self.node_space()?;
            match self.peek() {
                Some(c) if is_newline(c) => self.at += c.len_utf8(),
                _ => return Ok(()),
            }
        }
    }

    /// `node-space := ws* escline ws* | ws+`, as many as there are. What stands behind `//` is passed over like a comment
    /// within the line; the line's end is left.
    pub(super) fn node_space(&mut self) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Some('\\') => self.escaped_line_end()?,
                _ if self.space()? => {}
                _ => return Ok(()),
            }
        }
    }

    /// One space or comment; whether there was one.
    fn space(&mut self) -> Result<bool, Stop> {
        match self.peek() {
            Some(c) if is_space(c) => self.at += c.len_utf8(),
            Some('/') if self.starts("/*") => self.comment()?,
            Some('/') if self.starts("//") => {
                let rest = self.rest();
                self.at += rest.find(is_newline).unwrap_or(rest.len());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// `escline := '\\' ws* (single-line-comment | newline | eof)`.
    fn escaped_line_end(&mut self) -> Result<(), Stop> {
        let start = self.here(1);
        self.not_strict(
            start,
            "a line that goes on behind `\\` is",
            "write it on one line",
        )?;
        self.at += 1;
        while self.space()? {}
        match self.peek() {
            Some('\r') if self.starts("\r\n") => self.at += 2,
            Some(c) if is_newline(c) => self.at += c.len_utf8(),
            None => {}
            Some(_) => {
                let problem = wrong(
                    start,
                    "something follows this `\\`",
                    "it continues a line, so nothing may follow it",
                );
                self.report(problem.hint("use `/` in paths; put text with `\\` into #\"…\"#"))?;
            }
        }
        Ok(())
    }

    /// `multi-line-comment := '/*' … '*/'`, nested.
    fn comment(&mut self) -> Result<(), Stop> {
        let start = self.here(2);
        self.not_strict(start, "comments that begin with `/*` are", "use `//`")?;
        let mut depth = 0_usize;
        let bytes = self.text.as_bytes();
        loop {
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    if depth > MAX_COMMENT {
                        let message = format!("comments are nested more than {MAX_COMMENT} deep");
                        return Err(self.too_deep(2, message, "one comment too many"));
                    }
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => {
                    let problem = wrong(
                        start,
                        "this comment is never closed",
                        "no `*/` belongs to this `/*`",
                    );
                    return Err(self.stop(problem.hint("add the missing `*/`")));
                }
            }
        }
    }

    /// `slashdash := '/-' line-space*`; whether there was one.
    pub(super) fn slashdash(&mut self) -> Result<bool, Stop> {
        if !self.starts("/-") {
            return Ok(false);
        }
        self.not_strict(
            self.here(2),
            "`/-` is",
            "delete the line, or put `//` before it",
        )?;
        self.dashed += 1;
        if self.dashed > MAX_SLASHDASH {
            let message = format!("`/-` is nested more than {MAX_SLASHDASH} deep");
            let problem = Problem::error("nesting", self.here(2), message, "one `/-` too many");
            return Err(self.stop(problem.hint("delete what is not needed")));
        }
        self.at += 2;
        self.line_space()?;
        if self.starts("/-") {
            let problem = wrong(
                self.here(2),
                "`/-` stands twice before one thing",
                "one is enough",
            );
            return Err(
                self.stop(problem.hint("write `/-` before each thing that is to be taken away"))
            );
        }
        Ok(true)
    }

    pub(super) fn nothing_taken_away(&mut self, start: usize) -> Stop {
        let span = Span {
            offset: start,
            len: 2,
        };
        self.stop(wrong(
            span,
            "this `/-` takes nothing away",
            "nothing follows it",
        ))
    }

    pub(super) fn too_deep(&mut self, len: usize, message: String, label: &str) -> Stop {
        self.stop(Problem::error("nesting", self.here(len), message, label))
    }
}
