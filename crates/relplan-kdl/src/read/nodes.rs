//! The structure of a text: nodes, blocks, arguments and properties (KDL 2.0.0, §3.1–3.7).
//!
//! Invariant: time is linear in the text and stack is bounded by the nesting limits, whatever the text is.

use super::{
    MAX_DEPTH, Scan, Stop,
    space::{is_newline, is_space},
    value::cut,
    wrong,
};
use crate::{
    display::quoted,
    tree::{Literal, Node, Property, Scalar},
};

impl Scan<'_, '_> {
    /// `nodes := (line-space* node)* line-space*`, up to the end or the `}` that closes the block.
    pub(super) fn nodes(&mut self) -> Result<Vec<Node>, Stop> {
        let mut nodes = Vec::new();
        loop {
            self.line_space()?;
            match (self.peek(), self.open.last().copied()) {
                (None, None) | (Some('}'), Some(_)) => return Ok(nodes),
                (None, Some(open)) => {
                    self.at = open;
                    let problem = wrong(
                        self.here(1),
                        "this block is never closed",
                        "no `}` belongs to this `{`",
                    );
                    return Err(self.stop(problem.hint("add the missing `}`")));
                }
                (Some('}'), None) => {
                    self.report(wrong(
                        self.here(1),
                        "this `}` closes nothing",
                        "no block is open here",
                    ))?;
                    self.at += 1;
                }
                (Some(';'), _) => {
                    let problem = wrong(
                        self.here(1),
                        "there is nothing before this `;`",
                        "a stray `;`",
                    );
                    self.report(problem.hint("delete it"))?;
                    self.at += 1;
                }
                (Some(_), _) => nodes.extend(self.node()?),
            }
        }
    }

    /// One node with what ends it; `None` if it is taken away.
    fn node(&mut self) -> Result<Option<Node>, Stop> {
        let start = self.at;
        let dashed = self.slashdash()?;
        self.count()?;
        match self.peek() {
            Some('{') => {
                let problem = wrong(
                    self.here(1),
                    "a block needs a word before it",
                    "which word does this block belong to?",
                );
                return Err(self.stop(problem.hint("put `{` on the same line as its word")));
            }
            None | Some('}' | ';') => return Err(self.nothing_taken_away(start)),
            Some(_) => {}
        }
        let word = self.scalar()?;
        self.bare_in_strict(&word)?;
        let Scalar { value, span } = word;
        let mut node = Node {
            word_span: span,
            span,
            ..Node::default()
        };
        if let Literal::Text(word) = value {
            node.word = word;
        } else {
            let message = format!("a line cannot begin with {}", quoted(self.slice(span)));
            self.report(wrong(
                span,
                message,
                "a word such as `target` is expected here",
            ))?;
        }
        self.entries(&mut node)?;
        if self.peek() == Some(';') {
            self.at += 1;
        }
        self.dashed -= usize::from(dashed);
        Ok((!dashed).then_some(node))
    }

    /// Arguments, properties and blocks, up to what ends the node.
    fn entries(&mut self, node: &mut Node) -> Result<(), Stop> {
        let mut has_block = false;
        let mut closed = false;
        loop {
            let before = self.at;
            self.node_space()?;
            let spaced = self.at > before;
            let start = self.at;
            let dashed = self.slashdash()?;
            let mut away = Node::default();
            let into = if dashed { &mut away } else { &mut *node };
            match self.peek() {
                None | Some('}' | ';') if dashed => return Err(self.nothing_taken_away(start)),
                None | Some('}' | ';') => return Ok(()),
                Some(c) if is_newline(c) => return Ok(()),
                Some('{') => {
                    if has_block && !dashed {
                        let problem =
                            wrong(self.here(1), "this word has two blocks", "a second block");
                        self.report(problem.hint("put everything into one block"))?;
                    }
                    has_block |= !dashed;
                    closed = true;
                    into.children = self.block()?;
                }
                Some(_) if closed => {
                    let problem = wrong(
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
                Some(_) if spaced || dashed => self.entry(into)?,
                Some(_) => self.unspaced()?,
            }
            self.dashed -= usize::from(dashed);
        }
    }

    /// Something that follows a value without a space: most often a quote is missing before it.
    fn unspaced(&mut self) -> Result<(), Stop> {
        let start = self.at;
        let rest = self.rest();
        let length = rest.find(|c| is_space(c) || is_newline(c) || matches!(c, ';' | '{' | '}'));
        self.at += length.unwrap_or(rest.len()).max(1);
        let problem = wrong(
            self.since(start),
            "a space is missing before this",
            "it follows without a space",
        );
        self.report(problem.hint("put a space before it, or look for a missing quote further left"))
    }

    /// `node-children := '{' nodes '}'`.
    fn block(&mut self) -> Result<Vec<Node>, Stop> {
        if self.open.len() >= MAX_DEPTH {
            let message = format!("blocks are nested more than {MAX_DEPTH} deep");
            return Err(self.too_deep(1, message, "one block too many"));
        }
        self.open.push(self.at);
        self.at += 1;
        let nodes = self.nodes()?;
        self.open.pop();
        self.at += 1;
        Ok(nodes)
    }

    /// One argument or property.
    fn entry(&mut self, node: &mut Node) -> Result<(), Stop> {
        self.count()?;
        let reported = self.reported;
        let first = self.scalar()?;
        let (end, name_span) = (self.at, first.span);
        let written = cut(self.slice(name_span));
        self.space_at_equals()?;
        if self.peek() != Some('=') {
            self.at = end;
            if self.reported == reported {
                let hint = format!("write \"{written}\"; a property is written {written}=…");
                self.quoted_in_strict(&first, hint)?;
            }
            node.span = node.span.to(name_span);
            node.arguments.push(first);
            return Ok(());
        }
        self.bare_in_strict(&first)?;
        let name = if let Literal::Text(name) = first.value {
            name
        } else {
            let message = format!("{} cannot name a property", quoted(&written));
            self.report(wrong(name_span, message, "a word is expected before `=`"))?;
            String::new()
        };
        let equals = self.here(1);
        self.at += 1;
        self.space_at_equals()?;
        let is_missing = |c: char| is_space(c) || is_newline(c) || matches!(c, '}' | ';' | '{');
        if self.peek().is_none_or(is_missing) {
            let message = format!("{} has no value", quoted(&written));
            let problem = wrong(equals, message, "nothing follows this `=`");
            return self.report(problem.hint(format!("write {written}=\"…\"")));
        }
        let value = self.scalar()?;
        if self.reported == reported {
            let written = cut(self.slice(value.span));
            let hint =
                format!("write \"{written}\" if it is a text; numbers are written in digits");
            self.quoted_in_strict(&value, hint)?;
        }
        node.span = node.span.to(value.span);
        node.properties.push(Property {
            name,
            name_span,
            value,
        });
        Ok(())
    }

    /// KDL takes space around `=`.
    fn space_at_equals(&mut self) -> Result<(), Stop> {
        if self.is_strict() {
            return Ok(());
        }
        self.node_space()
    }

    /// Words that name something stand bare in a strict language.
    fn bare_in_strict(&mut self, word: &Scalar) -> Result<(), Stop> {
        if !self.slice(word.span).starts_with('"') {
            return Ok(());
        }
        let hint = "write the word without quotes";
        self.not_strict(word.span, "words in quotes are", hint)
    }

    /// Texts stand in quotes in a strict language.
    fn quoted_in_strict(&mut self, scalar: &Scalar, hint: String) -> Result<(), Stop> {
        let written = self.slice(scalar.span);
        if !self.is_strict() || scalar.text().is_none() || written.starts_with('"') {
            return Ok(());
        }
        let message = format!("{} must be in quotes", quoted(written));
        self.report(wrong(scalar.span, message, "a bare word").hint(hint))
    }

    pub(super) fn scalar(&mut self) -> Result<Scalar, Stop> {
        let start = self.at;
        let value = self.value()?;
        Ok(Scalar {
            value,
            span: self.since(start),
        })
    }
}
