//! Nodes as the rest of this crate reads them; the only file that knows the kdl crate.

use kdl::{KdlDocument, KdlEntry, KdlNode, KdlValue};
use miette::SourceSpan;

use super::MAX_PROBLEMS;
use crate::{
    problem::{Problem, Problems},
    span::Span,
};

/// One line of the spec with its block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// The word that it begins with.
    pub(crate) word: String,
    /// Where the word stands.
    pub(crate) word_span: Span,
    /// Values without a name.
    pub(crate) arguments: Vec<Scalar>,
    /// Values with a name, repeated names included.
    pub(crate) properties: Vec<Property>,
    /// The lines of its block.
    pub(crate) children: Vec<Self>,
    /// From the word to the last value, without the block.
    pub(crate) span: Span,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Property {
    /// The name.
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) name_span: Span,
    /// The value.
    pub(crate) value: Scalar,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    /// The value.
    pub(crate) value: Literal,
    /// Where it stands, quotes included.
    pub(crate) span: Span,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// A text.
    Text(String),
    /// `#true` or `#false`.
    Flag(bool),
    /// A whole number.
    Number(i128),
    /// A number with a fraction.
    Fraction,
    /// `#null`.
    Null,
}

/// Parses text that [`super::scan`] has passed.
pub(super) fn read(plain: &str, problems: &mut Problems) -> Option<Vec<Node>> {
    match KdlDocument::parse_v2(plain) {
        Ok(document) => Some(nodes(&document)),
        Err(error) => {
            let mut found = error.diagnostics;
            found.sort_by_key(|diagnostic| diagnostic.span.offset());
            for diagnostic in found.into_iter().take(MAX_PROBLEMS) {
                let message = diagnostic
                    .message
                    .unwrap_or_else(|| "this is not KDL".to_owned());
                let label = diagnostic.label.unwrap_or_else(|| "here".to_owned());
                problems.push(
                    Problem::error("syntax", span(diagnostic.span), message, label)
                        .maybe_hint(diagnostic.help),
                );
            }
            None
        }
    }
}

pub(super) fn nodes(document: &KdlDocument) -> Vec<Node> {
    document.nodes().iter().map(node).collect()
}

fn node(node: &KdlNode) -> Node {
    let mut arguments = Vec::new();
    let mut properties = Vec::new();
    let word_span = span(node.name().span());
    let mut whole = word_span;
    for entry in node.entries() {
        let value = Scalar {
            value: literal(entry.value()),
            span: value_span(entry),
        };
        whole = whole.to(value.span);
        match entry.name() {
            None => arguments.push(value),
            Some(name) => properties.push(Property {
                name: name.value().to_owned(),
                name_span: span(name.span()),
                value,
            }),
        }
    }
    Node {
        word: node.name().value().to_owned(),
        word_span,
        arguments,
        properties,
        children: node.children().map(nodes).unwrap_or_default(),
        span: whole,
    }
}

/// An entry's span covers `name=value`; only its written form tells where the value begins.
fn value_span(entry: &KdlEntry) -> Span {
    let whole = span(entry.span());
    let written = entry
        .format()
        .map_or(whole.len, |format| format.value_repr.len());
    Span::between(whole.end().saturating_sub(written), whole.end())
}

fn span(span: SourceSpan) -> Span {
    Span {
        offset: span.offset(),
        len: span.len(),
    }
}

fn literal(value: &KdlValue) -> Literal {
    match value {
        KdlValue::String(text) => Literal::Text(text.clone()),
        KdlValue::Bool(flag) => Literal::Flag(*flag),
        KdlValue::Integer(number) => Literal::Number(*number),
        KdlValue::Float(_) => Literal::Fraction,
        KdlValue::Null => Literal::Null,
    }
}
