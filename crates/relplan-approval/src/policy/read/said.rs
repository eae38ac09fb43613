//! What a line says, by the words that it may say: values of the type that is wanted, and a problem for all else.

use std::collections::BTreeMap;

use super::Reader;
use crate::{
    problem::{Problem, Span, nearest, quoted},
    syntax::{Literal, Node, Scalar},
};

/// The names of properties.
pub(super) type Words = &'static [&'static str];

/// A value with its place.
#[derive(Debug, Clone)]
pub(super) struct Said<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// A line whose words are known.
pub(super) struct Line<'n> {
    node: &'n Node,
    properties: BTreeMap<&'n str, &'n Scalar>,
}

impl Reader {
    /// Checks the names of properties and of the lines in the block.
    pub(super) fn line<'n>(&mut self, node: &'n Node, words: Words, children: Words) -> Line<'n> {
        let mut properties = BTreeMap::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (name, span, value) in &node.properties {
            if !words.contains(&name.as_str()) {
                let message = format!("`{}` has no property {}", node.word, quoted(name));
                let hint = match nearest(name, words.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None if children.contains(&name.as_str()) => {
                        format!("write it into the block: {{ {name} \"…\"; }}")
                    }
                    None if words.is_empty() => "delete it".to_owned(),
                    None => format!("it takes {}", words.join(", ")),
                };
                self.problems.push(
                    Problem::new("unknown-property", *span, message, "unknown property").hint(hint),
                );
                continue;
            }
            if let Some(first) = seen.insert(name, *span) {
                self.twice(*span, first, format!("`{name}` is given twice"));
                continue;
            }
            properties.insert(name.as_str(), value);
        }
        for child in &node.children {
            if !children.contains(&child.word.as_str()) {
                self.unknown_word(child, children);
            }
        }
        Line { node, properties }
    }

    pub(super) fn unknown_word(&mut self, node: &Node, words: &[&'static str]) {
        let message = format!("{} is not a word that may stand here", quoted(&node.word));
        let hint = match nearest(&node.word, words.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if words.is_empty() => "delete the block".to_owned(),
            None => format!("the words are {}", words.join(", ")),
        };
        self.problems
            .push(Problem::new("unknown-word", node.span, message, "unknown word").hint(hint));
    }

    /// The one line with a word; a second one is a problem.
    pub(super) fn single<'n>(&mut self, nodes: &[&'n Node], word: &str) -> Option<&'n Node> {
        let (first, rest) = nodes.split_first()?;
        for node in rest {
            self.twice(
                node.span,
                first.span,
                format!("`{word}` may be said only once"),
            );
        }
        Some(first)
    }

    /// What is declared, in order of name, each once.
    pub(super) fn each_once<T>(
        &mut self,
        items: Vec<(T, Span)>,
        name: fn(&T) -> String,
        what: &str,
    ) -> Vec<T> {
        let mut by_name: BTreeMap<String, (T, Span)> = BTreeMap::new();
        for (item, span) in items {
            let own = name(&item);
            if let Some((_, first)) = by_name.get(&own) {
                let message = format!("{what} {} is declared twice", quoted(&own));
                let first = *first;
                self.twice(span, first, message);
                continue;
            }
            by_name.insert(own, (item, span));
        }
        by_name.into_values().map(|(item, _)| item).collect()
    }

    /// Something that one policy may name once.
    pub(super) fn only_once(&mut self, what: String, span: Span, message: &str) -> Option<()> {
        if let Some(first) = self.once.insert(what, span) {
            self.twice(span, first, message.to_owned());
            return None;
        }
        Some(())
    }

    pub(super) fn twice(&mut self, span: Span, first: Span, message: String) {
        self.problems.push(
            Problem::new("duplicate", span, message, "said again here")
                .related(first, "first said here"),
        );
    }

    pub(super) fn not_one_of(&mut self, said: &Said<String>, what: &str, words: &[&'static str]) {
        let message = format!("{} is not {what}", quoted(&said.value));
        let hint = match nearest(&said.value, words.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("it takes {}", words.join(", ")),
        };
        self.problems
            .push(Problem::new("invalid-value", said.span, message, "unknown value").hint(hint));
    }

    /// The texts behind a word in a node's block, each once; what is not a text is a problem.
    pub(super) fn texts(&mut self, node: &Node, word: &str) -> Vec<Said<String>> {
        let mut texts = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for child in node.children.iter().filter(|child| child.word == word) {
            self.line(child, &[], &[]);
            if child.arguments.is_empty() {
                let message = format!("`{word}` needs one or more texts");
                self.problems.push(Problem::new(
                    "missing",
                    child.span,
                    message,
                    "nothing follows",
                ));
            }
            for scalar in &child.arguments {
                let Literal::Text(text) = &scalar.value else {
                    self.wrong_type(scalar, "a text in quotes");
                    continue;
                };
                if let Some(first) = seen.insert(text.clone(), scalar.span) {
                    self.twice(
                        scalar.span,
                        first,
                        format!("{} is said twice", quoted(text)),
                    );
                    continue;
                }
                texts.push(Said {
                    value: text.clone(),
                    span: scalar.span,
                });
            }
        }
        texts
    }

    fn wrong_type(&mut self, scalar: &Scalar, wanted: &str) {
        let is = match scalar.value {
            Literal::Text(_) => "this is a text",
            Literal::Number(_) => "this is a number",
            Literal::Flag(_) => "this is a flag",
        };
        self.problems.push(Problem::new(
            "wrong-type",
            scalar.span,
            format!("{wanted} is expected here"),
            is,
        ));
    }
}

impl Line<'_> {
    /// The one argument, a text.
    pub(super) fn argument(&self, reader: &mut Reader, what: &str) -> Option<Said<String>> {
        let Some((first, rest)) = self.node.arguments.split_first() else {
            let message = format!("`{}` needs {what}", self.node.word);
            reader.problems.push(Problem::new(
                "missing",
                self.node.span,
                message,
                "nothing follows",
            ));
            return None;
        };
        for extra in rest {
            let message = format!("`{}` takes one value", self.node.word);
            reader.problems.push(Problem::new(
                "too-many",
                extra.span,
                message,
                "one value too many",
            ));
        }
        let Literal::Text(text) = &first.value else {
            reader.wrong_type(first, "a text in quotes");
            return None;
        };
        Some(Said {
            value: text.clone(),
            span: first.span,
        })
    }

    pub(super) fn optional_text(&self, reader: &mut Reader, name: &str) -> Option<Said<String>> {
        let scalar = self.properties.get(name)?;
        let Literal::Text(text) = &scalar.value else {
            reader.wrong_type(scalar, "a text in quotes");
            return None;
        };
        Some(Said {
            value: text.clone(),
            span: scalar.span,
        })
    }

    pub(super) fn text(&self, reader: &mut Reader, name: &str) -> Option<Said<String>> {
        if !self.properties.contains_key(name) {
            self.missing(reader, name, "\"…\"");
        }
        self.optional_text(reader, name)
    }

    pub(super) fn number(&self, reader: &mut Reader, name: &str) -> Option<Said<u64>> {
        let Some(scalar) = self.properties.get(name) else {
            self.missing(reader, name, "1");
            return None;
        };
        let Literal::Number(value) = scalar.value else {
            reader.wrong_type(scalar, "a whole number without quotes");
            return None;
        };
        Some(Said {
            value,
            span: scalar.span,
        })
    }

    pub(super) fn flag(&self, reader: &mut Reader, name: &str) -> bool {
        match self.properties.get(name) {
            None => false,
            Some(scalar) => match scalar.value {
                Literal::Flag(flag) => flag,
                _ => {
                    reader.wrong_type(scalar, "`#true` or `#false`");
                    false
                }
            },
        }
    }

    fn missing(&self, reader: &mut Reader, name: &str, example: &str) {
        let misspelt = self
            .node
            .properties
            .iter()
            .any(|(said, ..)| said != name && nearest(said, [name]).is_some());
        if !misspelt {
            let message = format!("`{}` needs `{name}`", self.node.word);
            reader.problems.push(
                Problem::new(
                    "missing",
                    self.node.span,
                    message,
                    format!("`{name}` is missing"),
                )
                .hint(format!("add {name}={example}")),
            );
        }
    }
}
