//! KDL text to a tree of nodes, with spans, in bounded time and stack.
//!
//! Why: the spec of a pull request is hostile input. The kdl crate's parser takes exponential time on nested `/-{`,
//! recurses for each star within a comment and for each error that it recovers from, and needs seconds for megabytes of
//! tiny nodes. So [`scan`] reads the text first, in one pass: it enforces the bounds, reports what is no KDL in words
//! that help, and blanks out comments and what `/-` takes away. The kdl crate then sees well-formed text without
//! either, and stays the authority on what the values are.

mod literal;
mod scan;
mod tree;

pub(crate) use tree::{Literal, Node, Property, Scalar};

use crate::{
    problem::{Problem, Problems},
    span::Span,
};

/// The longest text that is read, in bytes.
pub(crate) const MAX_SIZE: usize = 4 << 20;
/// How deep blocks may nest.
pub(crate) const MAX_DEPTH: usize = 32;
/// How deep what `/-` takes away may nest.
pub(crate) const MAX_SLASHDASH: usize = 4;
/// How deep comments may nest.
pub(crate) const MAX_COMMENT: usize = 32;
/// How many nodes, arguments and properties there may be: many times what 5,000 packages need.
pub(crate) const MAX_ITEMS: usize = 250_000;
/// How many problems with the syntax are reported: later ones are mostly echoes of the first.
pub(crate) const MAX_PROBLEMS: usize = 3;

/// Reads the text's nodes; `None` when something is wrong, which is then among the problems.
pub(crate) fn read(text: &str, problems: &mut Problems) -> Option<Vec<Node>> {
    if text.len() > MAX_SIZE {
        let message = format!(
            "the spec has {} bytes, and at most {MAX_SIZE} are read",
            text.len()
        );
        problems.push(
            Problem::error("too-large", Span::default(), message, "a spec this large")
                .hint("let a pattern such as `crates/*` stand for many packages"),
        );
        return None;
    }
    let plain = scan::scan(text, problems)?;
    tree::read(&plain, problems)
}

#[cfg(test)]
mod tests;
