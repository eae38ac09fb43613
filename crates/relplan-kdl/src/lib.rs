//! KDL, bounded: a text to nodes with spans, nodes to values by a table of words, and problems that point into the text.
//!
//! ```text
//! text ── read ──▶ nodes ── Shapes::fields ──▶ typed values
//!           └────────────────┴──▶ Problems ── render (people), located (programs)
//! ```
//!
//! Each document is of a [`Language`]: which words stand where, how large a text may be, and whether it is strict. The
//! spec reads all of KDL 2; the policy is strict: one way to write each thing, and nothing that hides a line.
//!
//! Invariant: no text makes this crate panic, overflow its stack, or run longer than its size bounds: documents of a pull
//! request are a stranger's text. Whatever is not understood is an error with its place (law L13), and no credential
//! that someone wrote into a document is repeated in a message (law L11).

mod display;
mod fields;
mod language;
mod problem;
mod read;
mod render;
mod span;
mod tree;

pub use display::{listed, quoted};
pub use fields::{Fields, Said, age, children};
pub use language::{Arguments, Language, Often, Shape, Shapes, Words};
pub use problem::{Problem, Problems, located, nearest};
pub use read::read;
pub use render::{RenderStyle, render};
pub use span::Span;
pub use tree::{Literal, Node, Property, Scalar};
