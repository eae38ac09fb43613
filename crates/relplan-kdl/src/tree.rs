//! What a text is read into: lines with their blocks, and values with their places.

use crate::span::Span;

/// One line with its block.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// The word that it begins with.
    pub word: String,
    /// Where the word stands.
    pub word_span: Span,
    /// Values without a name.
    pub arguments: Vec<Scalar>,
    /// Values with a name, repeated names included.
    pub properties: Vec<Property>,
    /// The lines of its block.
    pub children: Vec<Self>,
    /// From the word to the last value, without the block.
    pub span: Span,
}

/// A name and a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Property {
    /// The name.
    pub name: String,
    /// Where the name stands.
    pub name_span: Span,
    /// The value.
    pub value: Scalar,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Scalar {
    /// The value.
    pub value: Literal,
    /// Where it stands, quotes included.
    pub span: Span,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// A text.
    Text(String),
    /// `#true` or `#false`.
    Flag(bool),
    /// A whole number.
    Number(i128),
    /// A number with a fraction, or one that is none.
    Fraction,
    /// `#null`.
    Null,
}

impl Scalar {
    /// The value, where it is a text.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Literal::Text(text) => Some(text),
            Literal::Flag(_) | Literal::Number(_) | Literal::Fraction | Literal::Null => None,
        }
    }
}
