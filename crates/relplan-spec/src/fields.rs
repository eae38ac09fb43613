//! A node checked against its shape: typed values with their places, and a problem for everything that does not fit.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::settings::{Value, WordType};

use crate::{
    display::{listed, quoted, user_information},
    grammar::{Arguments, Often, Shape, home},
    problem::{Problem, Problems, nearest},
    span::Span,
    syntax::{Literal, Node, Property, Scalar},
};

/// The longest text that a value may be, in bytes.
const MAX_TEXT: usize = 4_096;
/// The largest number that keeps its value in JSON.
const MAX_NUMBER: i128 = (1 << 53) - 1;

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Said<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// What a node says, as far as it could be understood.
#[derive(Debug, Default)]
pub(crate) struct Fields<'n> {
    pub(crate) arguments: Vec<Said<Value>>,
    pub(crate) properties: BTreeMap<&'n str, Said<Value>>,
    /// The lines of the block that may stand there.
    pub(crate) children: Vec<&'n Node>,
}

impl<'n> Fields<'n> {
    /// Checks a node against its shape.
    pub(crate) fn of(node: &'n Node, shape: &Shape, problems: &mut Problems) -> Self {
        let mut fields = Self::without_properties(node, shape, problems);
        fields.properties = properties(node, shape, problems);
        fields
    }

    /// Checks all but the properties, where it is not known which there may be.
    pub(crate) fn without_properties(
        node: &'n Node,
        shape: &Shape,
        problems: &mut Problems,
    ) -> Self {
        Self {
            arguments: arguments(node, shape, problems),
            properties: BTreeMap::new(),
            children: children(&node.children, Some(shape), shape.children, problems),
        }
    }

    /// The first argument, where it is a text.
    pub(crate) fn text(&self) -> Option<Said<String>> {
        self.texts().into_iter().next()
    }

    /// The arguments that are texts.
    pub(crate) fn texts(&self) -> Vec<Said<String>> {
        self.arguments.iter().filter_map(said_text).collect()
    }

    /// A property that is a text.
    pub(crate) fn property(&self, name: &str) -> Option<Said<String>> {
        said_text(self.properties.get(name)?)
    }
}

fn said_text(said: &Said<Value>) -> Option<Said<String>> {
    match &said.value {
        Value::Text(text) => Some(Said {
            value: text.clone(),
            span: said.span,
        }),
        Value::Flag(_) | Value::Number(_) => None,
    }
}

/// The lines of a block, or of the whole text, that may stand there.
pub(crate) fn children<'n>(
    nodes: &'n [Node],
    parent: Option<&Shape>,
    allowed: &[(&'static str, Often)],
    problems: &mut Problems,
) -> Vec<&'n Node> {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let mut fitting = Vec::new();
    for node in nodes {
        let Some((word, often)) = allowed.iter().find(|(word, _)| *word == node.word) else {
            problems.push(unknown_word(node, parent, allowed));
            continue;
        };
        if *often == Often::Once
            && let Some(first) = seen.insert(word, node.word_span)
        {
            let message = format!("{} may be said only once", quoted(word));
            problems.push(
                Problem::error("duplicate", node.word_span, message, "said again here")
                    .related(first, "first said here"),
            );
            continue;
        }
        fitting.push(node);
    }
    fitting
}

fn unknown_word(node: &Node, parent: Option<&Shape>, allowed: &[(&'static str, Often)]) -> Problem {
    let word = node.word.as_str();
    let words = || allowed.iter().map(|(word, _)| *word);
    let property = parent.is_some_and(|shape| {
        shape
            .properties
            .iter()
            .any(|property| property.name == word)
    });
    let place = match parent {
        Some(shape) => format!("the block of `{}`", shape.word),
        None => "a spec".to_owned(),
    };
    let (message, label) = match (words().next(), parent) {
        (None, Some(shape)) => (
            format!("`{}` takes no block", shape.word),
            "this may not stand here",
        ),
        _ => (
            format!("{place} has no word {}", quoted(word)),
            "unknown word",
        ),
    };
    let hint = match (property, parent, home(word), nearest(word, words())) {
        (true, Some(shape), ..) => format!(
            "write it on the line of `{}`, before any block: `{word}=\"…\"`",
            shape.word
        ),
        (_, _, Some(home), _) => format!("`{word}` belongs into the block of a `{home}`"),
        (_, Some(_), ..) if crate::grammar::TOP.iter().any(|(top, _)| *top == word) => {
            format!("`{word}` stands outside of any block; is a `}}` missing before it?")
        }
        (.., Some(meant)) => format!("did you mean `{meant}`?"),
        _ if words().next().is_none() => "delete the block".to_owned(),
        _ => format!("it knows {}", listed(words(), "and")),
    };
    Problem::error("unknown-word", node.word_span, message, label).hint(hint)
}

fn arguments(node: &Node, shape: &Shape, problems: &mut Problems) -> Vec<Said<Value>> {
    let (what, takes) = match &shape.arguments {
        Arguments::One(what, takes) => (*what, takes),
        Arguments::Many(what) => (*what, &WordType::Text),
    };
    let Some(first) = node.arguments.first() else {
        let message = format!("`{}` needs {what}", shape.word);
        problems.push(
            Problem::error(
                "missing",
                node.word_span,
                message,
                format!("{what} is missing"),
            )
            .hint(format!("write `{}`", shape.example)),
        );
        return Vec::new();
    };
    let taken = match &shape.arguments {
        Arguments::One(..) => {
            if let Some(second) = node.arguments.get(1) {
                let message = format!("`{}` takes only {what}", shape.word);
                let hint = match shape.word {
                    "to" => "write one `to` for each target".to_owned(),
                    _ => format!("write `{}`", shape.example),
                };
                problems.push(
                    Problem::error("too-many", second.span, message, "one value too many")
                        .hint(hint),
                );
            }
            std::slice::from_ref(first)
        }
        Arguments::Many(_) => node.arguments.as_slice(),
    };
    let mut values = Vec::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for scalar in taken {
        let said = typed(scalar, takes, shape.word, problems);
        if let (Some(_), Literal::Text(text)) = (&said, &scalar.value)
            && let Some(earlier) = seen.insert(text, scalar.span)
        {
            let message = format!("{} is said twice", quoted(text));
            problems.push(
                Problem::error("duplicate", scalar.span, message, "said again here")
                    .related(earlier, "first said here"),
            );
            continue;
        }
        values.extend(said);
    }
    values
}

fn properties<'n>(
    node: &'n Node,
    shape: &Shape,
    problems: &mut Problems,
) -> BTreeMap<&'n str, Said<Value>> {
    let mut values = BTreeMap::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for property in &node.properties {
        let Some(word) = shape
            .properties
            .iter()
            .find(|word| word.name == property.name)
        else {
            problems.push(unknown_property(property, shape, node));
            continue;
        };
        if let Some(first) = seen.insert(word.name, property.name_span) {
            let message = format!("`{}` may be given only once", word.name);
            problems.push(
                Problem::error("duplicate", property.name_span, message, "given again here")
                    .related(first, "first given here"),
            );
            continue;
        }
        if let Some(said) = typed(&property.value, &word.takes, word.name, problems) {
            values.insert(property.name.as_str(), said);
        }
    }
    for word in shape
        .properties
        .iter()
        .filter(|word| word.required && !seen.contains_key(word.name))
    {
        let message = format!("`{}` needs `{}`: {}", shape.word, word.name, word.doc);
        let hint = match shape.example.contains(&format!(" {}=", word.name)) {
            true => format!("write it like `{}`", shape.example),
            false => format!("add {}={}", word.name, placeholder(&word.takes)),
        };
        problems.push(
            Problem::error(
                "missing",
                node.span,
                message,
                format!("`{}` is missing", word.name),
            )
            .hint(hint),
        );
    }
    values
}

fn unknown_property(property: &Property, shape: &Shape, node: &Node) -> Problem {
    let name = property.name.as_str();
    let kind = node
        .properties
        .iter()
        .find(|property| property.name == "kind")
        .map(|property| &property.value.value);
    let owner = match (shape.word, kind) {
        ("target", Some(Literal::Text(kind))) => format!("`target` of kind {}", quoted(kind)),
        _ => format!("`{}`", shape.word),
    };
    let names: BTreeSet<&str> = shape.properties.iter().map(|word| word.name).collect();
    let hint = if shape.children.iter().any(|(child, _)| *child == name) {
        format!(
            "write it into the block of `{}`: `{{ {name} …; }}`",
            shape.word
        )
    } else if let Some(meant) = nearest(name, names.iter().copied()) {
        format!("did you mean `{meant}`?")
    } else if names.is_empty() {
        "delete it".to_owned()
    } else {
        format!("it knows {}", listed(names, "and"))
    };
    let message = format!("{owner} has no property {}", quoted(name));
    Problem::error(
        "unknown-property",
        property.name_span,
        message,
        "unknown property",
    )
    .hint(hint)
}

fn placeholder(takes: &WordType) -> String {
    match takes {
        WordType::Text => "\"…\"".to_owned(),
        WordType::OneOf(texts) => format!("\"{}\"", texts.first().copied().unwrap_or("…")),
        WordType::Flag => "#true".to_owned(),
        WordType::Number => "1".to_owned(),
    }
}

/// A value of the wanted type, or a problem.
fn typed(
    scalar: &Scalar,
    takes: &WordType,
    owner: &str,
    problems: &mut Problems,
) -> Option<Said<Value>> {
    let value = match (takes, &scalar.value) {
        (WordType::Flag, Literal::Flag(flag)) => Value::Flag(*flag),
        (WordType::Number, Literal::Number(number)) => {
            let fitting = u64::try_from(*number)
                .ok()
                .filter(|_| *number <= MAX_NUMBER);
            let Some(number) = fitting else {
                let message = format!("`{owner}` takes a whole number from 0 to {MAX_NUMBER}");
                problems.push(Problem::error(
                    "invalid-value",
                    scalar.span,
                    message,
                    "out of range",
                ));
                return None;
            };
            Value::Number(number)
        }
        (WordType::Text, Literal::Text(text)) => {
            Value::Text(checked_text(text, scalar.span, owner, problems)?)
        }
        (WordType::OneOf(texts), Literal::Text(text)) => {
            if !texts.contains(&text.as_str()) {
                let hint = match nearest(text, texts.iter().copied()) {
                    Some(meant) => format!("did you mean \"{meant}\"?"),
                    None => format!("it takes {}", listed(texts.iter().copied(), "or")),
                };
                let message = format!("`{owner}` does not take {}", quoted(text));
                problems.push(
                    Problem::error("invalid-value", scalar.span, message, "unknown value")
                        .hint(hint),
                );
                return None;
            }
            Value::Text(text.clone())
        }
        (_, found) => {
            problems.push(wrong_type(found, takes, scalar.span, owner));
            return None;
        }
    };
    Some(Said {
        value,
        span: scalar.span,
    })
}

fn checked_text(text: &str, span: Span, owner: &str, problems: &mut Problems) -> Option<String> {
    let problem = if text.trim().is_empty() {
        Problem::error(
            "invalid-value",
            span,
            format!("the text of `{owner}` is empty"),
            "nothing is said here",
        )
    } else if text.len() > MAX_TEXT {
        let message = format!(
            "the text of `{owner}` has {} bytes, and at most {MAX_TEXT} are taken",
            text.len()
        );
        Problem::error("too-large", span, message, "too long")
    } else if text.chars().any(crate::display::is_forbidden) {
        let message = format!("the text of `{owner}` holds a control character");
        Problem::error(
            "invalid-value",
            span,
            message,
            "an escape in here stands for it",
        )
    } else if !user_information(text).is_empty() {
        Problem::error("credential", span, "a URL with a user name or a password may not stand in a spec", "the part before `@`")
            .hint("delete it, and count it as leaked if it was committed; credentials come from the ecosystem's configuration")
    } else {
        return Some(text.to_owned());
    };
    problems.push(problem);
    None
}

fn wrong_type(found: &Literal, takes: &WordType, span: Span, owner: &str) -> Problem {
    let wanted = match takes {
        WordType::Text | WordType::OneOf(_) => "a text",
        WordType::Flag => "#true or #false",
        WordType::Number => "a whole number",
    };
    let (is, hint) = match (found, takes) {
        (Literal::Text(text), WordType::Number) if text.parse::<u64>().is_ok() => {
            ("a text", Some(format!("write {text} without quotes")))
        }
        (Literal::Text(text), WordType::Flag) if matches!(text.as_str(), "true" | "false") => {
            ("a text", Some(format!("write #{text}")))
        }
        (Literal::Text(_), _) => ("a text", None),
        (Literal::Number(number), WordType::Text | WordType::OneOf(_)) => (
            "a number",
            Some(format!("write it in quotes: \"{number}\"")),
        ),
        (Literal::Number(_), _) => ("a number", None),
        (Literal::Fraction, WordType::Text) => ("a number", Some("write it in quotes".to_owned())),
        (Literal::Fraction, _) => ("a number with a fraction", None),
        (Literal::Flag(_), _) => ("a yes or no", None),
        (Literal::Null, _) => (
            "nothing",
            Some("leave it out where nothing is to be said".to_owned()),
        ),
    };
    Problem::error(
        "wrong-type",
        span,
        format!("`{owner}` takes {wanted}"),
        format!("this is {is}"),
    )
    .maybe_hint(hint)
}
