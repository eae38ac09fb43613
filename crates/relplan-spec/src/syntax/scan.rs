//! One pass over the text: its structure by the KDL 2.0.0 grammar, the bounds, and the blanks for what carries nothing.
//!
//! Invariant: time is linear in the text and stack is bounded by the nesting limits, whatever the text is.

use super::{
    MAX_COMMENT, MAX_DEPTH, MAX_ITEMS, MAX_PROBLEMS, MAX_SLASHDASH,
    literal::{is_newline, is_space},
};
use crate::{
    display::{is_forbidden, quoted},
    problem::{Problem, Problems},
    span::Span,
};

/// The scan ended early; why is among the problems.
pub(super) struct Stop;

/// What a value turned out to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, bare or quoted: may name a node or a property.
    Text,
    /// A number, `#true` and the like.
    Other,
}

/// Where the scan stands.
pub(super) struct Scan<'t, 'p> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    problems: &'p mut Problems,
    reported: usize,
    blanks: Vec<Span>,
    items: usize,
    /// The braces that are open.
    open: Vec<usize>,
    /// How many `/-` the place is within.
    dashed: usize,
}

/// Checks the text, and gives it back with the same length but without comments and what `/-` takes away.
pub(super) fn scan(text: &str, problems: &mut Problems) -> Option<String> {
    let mut scan = Scan {
        text,
        at: 0,
        problems,
        reported: 0,
        blanks: Vec::new(),
        items: 0,
        open: Vec::new(),
        dashed: 0,
    };
    let ended = scan.document();
    if ended.is_err() || scan.reported > 0 {
        return None;
    }
    Some(blanked(text, scan.blanks))
}

/// Spaces in place of the spans. Offsets stay what they are.
fn blanked(text: &str, mut blanks: Vec<Span>) -> String {
    blanks.sort_unstable();
    let mut plain = String::with_capacity(text.len());
    for blank in blanks {
        plain.push_str(text.get(plain.len()..blank.offset).unwrap_or_default());
        let missing = blank.end().saturating_sub(plain.len());
        plain.extend(std::iter::repeat_n(' ', missing));
    }
    plain.push_str(text.get(plain.len()..).unwrap_or_default());
    plain
}

impl Scan<'_, '_> {
    /// `document := bom? nodes`.
    fn document(&mut self) -> Result<(), Stop> {
        if self.starts("\u{feff}") {
            self.blanks.push(Span { offset: 0, len: 3 });
            self.at = 3;
        }
        self.characters()?;
        self.nodes()
    }

    /// Control characters and marks that reorder text are refused wherever they stand, in comments as well.
    fn characters(&mut self) -> Result<(), Stop> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some((at, c)) = rest.char_indices().find(|(_, c)| is_forbidden(*c)) else {
            return Ok(());
        };
        let span = Span {
            offset: self.at + at,
            len: c.len_utf8(),
        };
        let message = format!(
            "the character U+{:04X} may not stand in a spec",
            u32::from(c)
        );
        let problem = Problem::error("syntax", span, message, "an invisible character is here");
        Err(self.stop(problem.hint("delete it")))
    }

    /// `nodes := (line-space* node)* line-space*`, up to the end or the `}` that closes the block.
    fn nodes(&mut self) -> Result<(), Stop> {
        loop {
            self.line_space()?;
            match (self.peek(), self.open.last()) {
                (None, None) => return Ok(()),
                (None, Some(open)) => {
                    let span = Span {
                        offset: *open,
                        len: 1,
                    };
                    let problem = Problem::error(
                        "syntax",
                        span,
                        "this block is never closed",
                        "no `}` belongs to this `{`",
                    );
                    return Err(self.stop(problem.hint("add the missing `}`")));
                }
                (Some('}'), Some(_)) => return Ok(()),
                (Some('}'), None) => {
                    let problem = Problem::error(
                        "syntax",
                        self.here(1),
                        "this `}` closes nothing",
                        "no block is open here",
                    );
                    self.report(problem)?;
                    self.at += 1;
                }
                (Some(';'), _) => {
                    let problem = Problem::error(
                        "syntax",
                        self.here(1),
                        "there is nothing before this `;`",
                        "a stray `;`",
                    );
                    self.report(problem.hint("delete it"))?;
                    self.at += 1;
                }
                (Some(_), _) => self.node()?,
            }
        }
    }

    /// One node with what ends it.
    fn node(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let dashed = self.slashdash()?;
        self.count()?;
        let name = self.at;
        match self.peek() {
            Some('{') => {
                let problem = Problem::error(
                    "syntax",
                    self.here(1),
                    "a block needs a word before it",
                    "which word does this block belong to?",
                );
                return Err(self.stop(problem.hint("put `{` on the same line as its word")));
            }
            None | Some('}' | ';') => return Err(self.nothing_taken_away(start)),
            Some(_) => {}
        }
        if self.value()? == Kind::Other {
            let span = Span::between(name, self.at);
            let message = format!("a line cannot begin with {}", quoted(self.slice(span)));
            self.report(Problem::error(
                "syntax",
                span,
                message,
                "a word such as `target` is expected here",
            ))?;
        }
        self.entries()?;
        if self.peek() == Some(';') {
            self.at += 1;
        }
        if dashed {
            self.dashed -= 1;
            self.blanks.push(Span::between(start, self.at));
        }
        Ok(())
    }

    /// Arguments, properties and blocks, up to what ends the node.
    fn entries(&mut self) -> Result<(), Stop> {
        let mut block = false;
        let mut closed = false;
        loop {
            let before = self.at;
            self.node_space()?;
            let spaced = self.at > before;
            let start = self.at;
            let dashed = self.slashdash()?;
            match self.peek() {
                None | Some('}' | ';') if dashed => return Err(self.nothing_taken_away(start)),
                None | Some('}' | ';') => return Ok(()),
                Some(c) if is_newline(c) => return Ok(()),
                Some('{') => {
                    if block && !dashed {
                        let problem = Problem::error(
                            "syntax",
                            self.here(1),
                            "this word has two blocks",
                            "a second block",
                        );
                        self.report(problem.hint("put everything into one block"))?;
                    }
                    block |= !dashed;
                    closed = true;
                    self.block()?;
                }
                Some(_) if closed => {
                    let problem = Problem::error(
                        "syntax",
                        self.here(1),
                        "after `}` a new line is expected",
                        "this belongs on a line of its own",
                    );
                    self.report(
                        problem.hint("begin a new line after `}`, or write `;` behind it"),
                    )?;
                    self.dashed -= usize::from(dashed);
                    return Ok(());
                }
                Some(_) => {
                    if spaced || dashed {
                        self.entry()?;
                    } else {
                        self.unspaced()?;
                    }
                }
            }
            if dashed {
                self.dashed -= 1;
                self.blanks.push(Span::between(start, self.at));
            }
        }
    }

    /// Something that follows a value without a space: most often a quote is missing before it.
    fn unspaced(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let length = rest.find(|c| is_space(c) || is_newline(c) || matches!(c, ';' | '{' | '}'));
        self.at += length.unwrap_or(rest.len()).max(1);
        let span = Span::between(start, self.at);
        let problem = Problem::error(
            "syntax",
            span,
            "a space is missing before this",
            "it follows without a space",
        );
        self.report(problem.hint("put a space before it, or look for a missing quote further left"))
    }

    /// `node-children := '{' nodes '}'`.
    fn block(&mut self) -> Result<(), Stop> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} deep");
            return Err(self.stop(Problem::error(
                "nesting",
                self.here(1),
                message,
                "one block too many",
            )));
        }
        self.open.push(self.at);
        self.at += 1;
        self.nodes()?;
        self.open.pop();
        self.at += 1;
        Ok(())
    }

    /// One argument or property.
    fn entry(&mut self) -> Result<(), Stop> {
        self.count()?;
        let start = self.at;
        let kind = self.value()?;
        let end = self.at;
        self.node_space()?;
        if self.peek() != Some('=') {
            self.at = end;
            return Ok(());
        }
        if kind == Kind::Other {
            let span = Span::between(start, end);
            let message = format!("{} cannot name a property", quoted(self.slice(span)));
            self.report(Problem::error(
                "syntax",
                span,
                message,
                "a word is expected before `=`",
            ))?;
        }
        let equals = self.here(1);
        self.at += 1;
        self.node_space()?;
        match self.peek() {
            None | Some('}' | ';' | '{') => {}
            Some(c) if is_newline(c) => {}
            Some(_) => return self.value().map(|_| ()),
        }
        let message = format!(
            "{} has no value",
            quoted(self.slice(Span::between(start, end)))
        );
        let word = self.slice(Span::between(start, end)).to_owned();
        let problem = Problem::error("syntax", equals, message, "nothing follows this `=`");
        self.report(problem.hint(format!("write {word}=\"…\"")))
    }

    /// `slashdash := '/-' line-space*`; whether there was one.
    fn slashdash(&mut self) -> Result<bool, Stop> {
        if !self.starts("/-") {
            return Ok(false);
        }
        self.dashed += 1;
        if self.dashed > MAX_SLASHDASH {
            let message = format!("`/-` is nested more than {MAX_SLASHDASH} deep");
            let problem = Problem::error("nesting", self.here(2), message, "one `/-` too many");
            return Err(self.stop(problem.hint("delete what is not needed")));
        }
        self.at += 2;
        self.line_space()?;
        if self.starts("/-") {
            let problem = Problem::error(
                "syntax",
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

    fn nothing_taken_away(&mut self, start: usize) -> Stop {
        let span = Span {
            offset: start,
            len: 2,
        };
        self.stop(Problem::error(
            "syntax",
            span,
            "this `/-` takes nothing away",
            "nothing follows it",
        ))
    }

    /// `line-space := newline | ws | single-line-comment`, as many as there are, and escaped line ends.
    fn line_space(&mut self) -> Result<(), Stop> {
        loop {
            self.node_space()?;
            match self.peek() {
                Some(c) if is_newline(c) => self.at += c.len_utf8(),
                _ => return Ok(()),
            }
        }
    }

    /// `node-space := ws* escline ws* | ws+`, as many as there are. What stands behind `//` is blanked like a comment
    /// within the line; the line's end is left.
    fn node_space(&mut self) -> Result<(), Stop> {
        loop {
            match self.peek() {
                Some(c) if is_space(c) => self.at += c.len_utf8(),
                Some('/') if self.starts("/*") => self.comment()?,
                Some('/') if self.starts("//") => {
                    let start = self.at;
                    self.at = self.line_end();
                    self.blanks.push(Span::between(start, self.at));
                }
                Some('\\') => self.escaped_line_end()?,
                _ => return Ok(()),
            }
        }
    }

    /// `escline := '\\' ws* (single-line-comment | newline | eof)`.
    fn escaped_line_end(&mut self) -> Result<(), Stop> {
        let start = self.here(1);
        self.at += 1;
        loop {
            match self.peek() {
                Some(c) if is_space(c) => self.at += c.len_utf8(),
                Some('/') if self.starts("/*") => self.comment()?,
                Some('/') if self.starts("//") => {
                    let start = self.at;
                    self.at = self.line_end();
                    self.blanks.push(Span::between(start, self.at));
                }
                Some('\r') if self.starts("\r\n") => return self.skip(2),
                Some(c) if is_newline(c) => return self.skip(c.len_utf8()),
                None => return Ok(()),
                Some(_) => {
                    let problem = Problem::error(
                        "syntax",
                        start,
                        "something follows this `\\`",
                        "it continues a line, so nothing may follow it",
                    );
                    return self
                        .report(problem.hint("use `/` in paths; put text with `\\` into #\"…\"#"));
                }
            }
        }
    }

    /// `multi-line-comment := '/*' … '*/'`, nested.
    fn comment(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let mut depth = 0_usize;
        let bytes = self.text.as_bytes();
        loop {
            match (bytes.get(self.at), bytes.get(self.at + 1)) {
                (Some(b'/'), Some(b'*')) => {
                    depth += 1;
                    if depth > MAX_COMMENT {
                        let message = format!("comments are nested more than {MAX_COMMENT} deep");
                        return Err(self.stop(Problem::error(
                            "nesting",
                            self.here(2),
                            message,
                            "one comment too many",
                        )));
                    }
                    self.at += 2;
                }
                (Some(b'*'), Some(b'/')) => {
                    depth -= 1;
                    self.at += 2;
                    if depth == 0 {
                        self.blanks.push(Span::between(start, self.at));
                        return Ok(());
                    }
                }
                (Some(_), _) => self.at += 1,
                (None, _) => {
                    let span = Span {
                        offset: start,
                        len: 2,
                    };
                    let problem = Problem::error(
                        "syntax",
                        span,
                        "this comment is never closed",
                        "no `*/` belongs to this `/*`",
                    );
                    return Err(self.stop(problem.hint("add the missing `*/`")));
                }
            }
        }
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.items += 1;
        if self.items <= MAX_ITEMS {
            return Ok(());
        }
        let message = format!("the spec has more than {MAX_ITEMS} words, arguments and properties");
        let problem = Problem::error("too-large", self.here(1), message, "the first one too many");
        Err(self.stop(problem.hint("let a pattern such as `crates/*` stand for many packages")))
    }

    fn line_end(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        rest.find(is_newline)
            .map_or(self.text.len(), |end| self.at + end)
    }

    fn skip(&mut self, bytes: usize) -> Result<(), Stop> {
        self.at += bytes;
        Ok(())
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    pub(super) fn starts(&self, with: &str) -> bool {
        self.text
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(with))
    }

    pub(super) fn slice(&self, span: Span) -> &str {
        self.text.get(span.offset..span.end()).unwrap_or_default()
    }

    pub(super) fn here(&self, len: usize) -> Span {
        Span {
            offset: self.at,
            len,
        }
    }

    /// Adds a problem from which reading can go on.
    pub(super) fn report(&mut self, problem: Problem) -> Result<(), Stop> {
        self.problems.push(problem);
        self.reported += 1;
        if self.reported < MAX_PROBLEMS {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    /// Adds a problem from which it cannot.
    pub(super) fn stop(&mut self, problem: Problem) -> Stop {
        self.problems.push(problem);
        Stop
    }
}
