//! KDL text to a tree of nodes with spans: one pass, in bounded time and stack.
//!
//! Why not the kdl crate: its parser takes exponential time on nested `/-{`, recurses for each star within a comment and
//! for each error that it recovers from, and reports echoes of one mistake. A scan that kept such texts away from it had
//! to know the whole grammar, and whoever knows that has the values too. The tests hold this reader to the kdl crate:
//! the same texts, the same values.

mod nodes;
mod quoted;
mod space;
mod value;

use relplan_model::text::is_hidden;

use crate::{
    display::is_forbidden,
    problem::{Problem, Problems},
    span::Span,
    tree::Node,
};

/// How deep blocks may nest.
const MAX_DEPTH: usize = 32;
/// How deep what `/-` takes away may nest.
const MAX_SLASHDASH: usize = 4;
/// How deep comments may nest.
const MAX_COMMENT: usize = 32;
/// How many nodes, arguments and properties there may be: many times what 5,000 packages need.
const MAX_ITEMS: usize = 250_000;
/// How many problems with the syntax are reported: later ones are mostly echoes of the first.
const MAX_PROBLEMS: usize = 3;

/// Reads the text's nodes; `None` when something is wrong, which is then among the problems.
pub fn read(text: &str, problems: &mut Problems) -> Option<Vec<Node>> {
    let language = problems.language;
    if text.len() > language.max_size {
        let (document, most) = (language.document, language.max_size);
        let message = format!(
            "the {document} has {} bytes, and at most {most} are read",
            text.len()
        );
        let label = format!("a {document} this large");
        let problem = Problem::error("too-large", Span::default(), message, label);
        problems.push(problem.hint(language.shorten));
        return None;
    }
    let mut scan = Scan {
        text,
        at: 0,
        problems,
        reported: 0,
        items: 0,
        open: Vec::new(),
        dashed: 0,
    };
    let nodes = scan.document().ok()?;
    (scan.reported == 0).then_some(nodes)
}

/// Reading ended early; why is among the problems.
struct Stop;

/// Where reading stands.
struct Scan<'t, 'p> {
    text: &'t str,
    at: usize,
    problems: &'p mut Problems,
    reported: usize,
    items: usize,
    /// The braces that are open.
    open: Vec<usize>,
    /// How many `/-` the place is within.
    dashed: usize,
}

/// A problem with the syntax.
fn wrong(span: Span, message: impl Into<String>, label: impl Into<String>) -> Problem {
    Problem::error("syntax", span, message, label)
}

impl<'t> Scan<'t, '_> {
    /// `document := bom? nodes`.
    fn document(&mut self) -> Result<Vec<Node>, Stop> {
        if self.starts("\u{feff}") && !self.is_strict() {
            self.at = 3;
        }
        self.characters()?;
        self.nodes()
    }

    /// Control characters and marks that reorder text are refused wherever they stand, in comments as well.
    fn characters(&mut self) -> Result<(), Stop> {
        let is_odd = |c: char| is_hidden(c) && !matches!(c, '\t' | '\n' | '\r');
        let is_strict = self.is_strict();
        let mut characters = self.rest().char_indices();
        let found = characters.find(|(_, c)| is_forbidden(*c) || is_strict && is_odd(*c));
        let Some((at, c)) = found else {
            return Ok(());
        };
        self.at += at;
        let document = self.problems.language.document;
        let message = format!(
            "the character U+{:04X} may not stand in a {document}",
            u32::from(c)
        );
        let problem = wrong(
            self.here(c.len_utf8()),
            message,
            "an invisible character is here",
        );
        Err(self.stop(problem.hint("delete it")))
    }

    fn is_strict(&self) -> bool {
        self.problems.language.is_strict
    }

    /// Refuses by name what KDL has and a strict language has not.
    fn not_strict(&mut self, span: Span, what: &str, hint: &str) -> Result<(), Stop> {
        if !self.is_strict() {
            return Ok(());
        }
        let document = self.problems.language.document;
        let message = format!("{what} not allowed in a {document}");
        Err(self.stop(wrong(span, message, "not allowed here").hint(hint)))
    }

    fn count(&mut self) -> Result<(), Stop> {
        self.items += 1;
        if self.items <= MAX_ITEMS {
            return Ok(());
        }
        let language = self.problems.language;
        let message = format!(
            "the {} has more than {MAX_ITEMS} words, arguments and properties",
            language.document
        );
        let problem = Problem::error("too-large", self.here(1), message, "the first one too many");
        Err(self.stop(problem.hint(language.shorten)))
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with)
    }

    fn slice(&self, span: Span) -> &'t str {
        self.text.get(span.offset..span.end()).unwrap_or_default()
    }

    fn here(&self, len: usize) -> Span {
        Span {
            offset: self.at,
            len,
        }
    }

    /// From a place up to here.
    fn since(&self, start: usize) -> Span {
        Span::between(start, self.at)
    }

    /// Adds a problem from which reading can go on.
    fn report(&mut self, problem: Problem) -> Result<(), Stop> {
        self.problems.push(problem);
        self.reported += 1;
        if self.reported < MAX_PROBLEMS {
            Ok(())
        } else {
            Err(Stop)
        }
    }

    /// Adds a problem from which it cannot.
    fn stop(&mut self, problem: Problem) -> Stop {
        self.problems.push(problem);
        Stop
    }
}

#[cfg(test)]
pub(crate) mod tests;
