//! A node checked against its shape: typed values with their places, and a problem for everything that does not fit.

mod typed;

use std::collections::BTreeMap;

use typed::typed;

use relplan_model::{
    settings::{Value, WordType},
    time::seconds,
};

use crate::{
    display::{listed, quoted},
    language::{Arguments, Language, Often, Shape, Shapes, Words},
    problem::{Problem, Problems, nearest},
    span::Span,
    tree::{Literal, Node, Property},
};

/// A value with its place.
#[derive(Debug, Clone)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// Its place.
    pub span: Span,
}

/// What a node says, as far as it could be understood.
#[derive(Debug, Default)]
pub struct Fields<'n> {
    /// Values without a name.
    pub arguments: Vec<Said<Value>>,
    /// Values with a name.
    pub properties: BTreeMap<&'n str, Said<Value>>,
    /// The lines of the block that may stand there.
    pub children: Vec<&'n Node>,
}

impl<'n> Fields<'n> {
    /// Checks a node against its shape.
    pub fn of(node: &'n Node, shape: &Shape, problems: &mut Problems) -> Self {
        let mut fields = Self::without_properties(node, shape, problems);
        fields.properties = properties(node, shape, problems);
        fields
    }

    /// Checks all but the properties, where it is not known which there may be.
    pub fn without_properties(node: &'n Node, shape: &Shape, problems: &mut Problems) -> Self {
        Self {
            arguments: arguments(node, shape, problems),
            properties: BTreeMap::new(),
            children: children(&node.children, Some(shape), problems),
        }
    }

    /// The lines of one word.
    pub fn lines(&self, word: &str) -> impl Iterator<Item = &'n Node> {
        let lines = self.children.iter().copied();
        lines.filter(move |child| child.word == word)
    }

    /// The first argument, where it is a text.
    #[must_use]
    pub fn text(&self) -> Option<Said<String>> {
        self.texts().into_iter().next()
    }

    /// The arguments that are texts.
    #[must_use]
    pub fn texts(&self) -> Vec<Said<String>> {
        self.arguments.iter().filter_map(said_text).collect()
    }

    /// A property that is a text.
    #[must_use]
    pub fn property(&self, name: &str) -> Option<Said<String>> {
        said_text(self.properties.get(name)?)
    }

    /// A property that is a number.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<Said<u64>> {
        let said = self.properties.get(name)?;
        match said.value {
            Value::Number(value) => Some(Said {
                value,
                span: said.span,
            }),
            Value::Text(_) | Value::Flag(_) => None,
        }
    }

    /// Whether a property is `#true`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.optional_flag(name) == Some(true)
    }

    /// A property that is a flag.
    #[must_use]
    pub fn optional_flag(&self, name: &str) -> Option<bool> {
        match self.properties.get(name)?.value {
            Value::Flag(flag) => Some(flag),
            Value::Text(_) | Value::Number(_) => None,
        }
    }
}

impl Shapes {
    /// Checks a node against the shape of its word.
    pub fn fields<'n>(&self, node: &'n Node, problems: &mut Problems) -> Option<Fields<'n>> {
        Some(Fields::of(node, self.get(&node.word)?, problems))
    }

    /// The value of a word that may stand once in the block.
    pub fn only(
        &self,
        fields: &Fields<'_>,
        word: &str,
        problems: &mut Problems,
    ) -> Option<Said<Value>> {
        let node = fields.lines(word).next()?;
        self.fields(node, problems)?.arguments.into_iter().next()
    }

    /// The texts of all lines of one word in the block; a text that occurs twice is a problem.
    pub fn texts(
        &self,
        fields: &Fields<'_>,
        word: &str,
        problems: &mut Problems,
    ) -> Vec<Said<String>> {
        let mut texts: Vec<Said<String>> = Vec::new();
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        for node in fields.lines(word) {
            let values = self.fields(node, problems).unwrap_or_default();
            for said in values.texts() {
                match seen.insert(said.value.clone(), said.span) {
                    Some(first) => {
                        let message = format!("{} is said twice", quoted(&said.value));
                        problems.push(Problem::twice(said.span, first, message));
                    }
                    None => texts.push(said),
                }
            }
        }
        texts
    }
}

/// The time that something may take, such as `24h`, in seconds: from one minute to a year.
pub fn age(said: &Said<String>, problems: &mut Problems) -> Option<u64> {
    const LONGEST: u64 = 365 * 24 * 60 * 60;
    let text = &said.value;
    let seconds = seconds(text).filter(|age| !text.ends_with('s') && (60..=LONGEST).contains(age));
    if seconds.is_none() {
        let message = format!("{} is not a time from one minute to a year", quoted(text));
        let problem = Problem::error("invalid-value", said.span, message, "not a time");
        problems.push(problem.hint("write minutes, hours or days: \"30m\", \"24h\" or \"7d\""));
    }
    seconds
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
pub fn children<'n>(
    nodes: &'n [Node],
    parent: Option<&Shape>,
    problems: &mut Problems,
) -> Vec<&'n Node> {
    let language = problems.language;
    let allowed = parent.map_or(language.top, |shape| language.block(shape.word));
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    let mut fitting = Vec::new();
    for node in nodes {
        let Some((word, often)) = allowed.iter().find(|(word, _)| *word == node.word) else {
            problems.push(unknown_word(node, parent, allowed, language));
            continue;
        };
        if *often == Often::Once
            && let Some(first) = seen.insert(word, node.word_span)
        {
            let message = format!("{} may be said only once", quoted(word));
            problems.push(Problem::twice(node.word_span, first, message));
            continue;
        }
        fitting.push(node);
    }
    fitting
}

fn unknown_word(
    node: &Node,
    parent: Option<&Shape>,
    allowed: Words,
    language: &Language,
) -> Problem {
    let word = node.word.as_str();
    let words = || allowed.iter().map(|(word, _)| *word);
    let (message, label) = match parent {
        Some(shape) if allowed.is_empty() => (
            format!("`{}` takes no block", shape.word),
            "this may not stand here",
        ),
        Some(shape) => (
            format!("{} is not a word of `{}`", quoted(word), shape.word),
            "unknown here",
        ),
        None if language.home(word).is_some() => (
            format!("{} may not stand outside of a block", quoted(word)),
            "unknown here",
        ),
        None => (
            format!(
                "{} is not a word of the {}",
                quoted(word),
                language.document
            ),
            "unknown word",
        ),
    };
    let property = parent.filter(|shape| {
        shape
            .properties
            .iter()
            .any(|property| property.name == word)
    });
    let top = language.top.iter().any(|(top, _)| *top == word);
    let hint = if let Some(shape) = property {
        format!(
            "write it on the line of `{}`, before any block: `{word}=\"…\"`",
            shape.word
        )
    } else if let Some(home) = language.home(word) {
        format!("it belongs into the block of a `{home}`")
    } else if top {
        format!("`{word}` stands outside of any block; is a `}}` missing before it?")
    } else if let Some(meant) = nearest(word, words()) {
        format!("did you mean `{meant}`?")
    } else if allowed.is_empty() {
        "delete the block".to_owned()
    } else {
        format!("the words are {}", listed(words(), "and"))
    };
    Problem::error("unknown-word", node.word_span, message, label).hint(hint)
}

fn arguments(node: &Node, shape: &Shape, problems: &mut Problems) -> Vec<Said<Value>> {
    let (what, takes) = match &shape.arguments {
        Arguments::None => {
            if let Some(first) = node.arguments.first() {
                let message = format!("`{}` takes no value without a name", shape.word);
                problems.push(
                    Problem::error("too-many", first.span, message, "one value too many")
                        .hint(format!("write `{}`", shape.example)),
                );
            }
            return Vec::new();
        }
        Arguments::One(what, takes) | Arguments::Many(what, takes) => (*what, takes),
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
                let message = format!("`{}` takes one value, {what}", shape.word);
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
        Arguments::Many(..) | Arguments::None => node.arguments.as_slice(),
    };
    let mut values = Vec::new();
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for scalar in taken {
        let said = typed(scalar, takes, shape.word, Some(what), problems);
        if let (Some(_), Literal::Text(text)) = (&said, &scalar.value)
            && let Some(earlier) = seen.insert(text, scalar.span)
        {
            let message = format!("{} is said twice", quoted(text));
            problems.push(Problem::twice(scalar.span, earlier, message));
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
            problems.push(unknown_property(property, shape, problems.language));
            continue;
        };
        if let Some(first) = seen.insert(word.name, property.name_span) {
            let message = format!("`{}` may be given only once", word.name);
            problems.push(Problem::twice(property.name_span, first, message));
            continue;
        }
        if let Some(said) = typed(&property.value, &word.takes, word.name, None, problems) {
            values.insert(property.name.as_str(), said);
        }
    }
    let misspelt = |word: &str| {
        node.properties
            .iter()
            .any(|property| nearest(&property.name, [word]).is_some())
    };
    for word in shape
        .properties
        .iter()
        .filter(|word| word.required && !seen.contains_key(word.name))
    {
        if misspelt(word.name) {
            continue;
        }
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

fn unknown_property(property: &Property, shape: &Shape, language: &Language) -> Problem {
    let name = property.name.as_str();
    let owner = match shape.kind {
        Some(kind) if shape.word == "to" => format!("`to` a target of kind `{kind}`"),
        Some(kind) => format!("`{}` of kind `{kind}`", shape.word),
        None => format!("`{}`", shape.word),
    };
    let names = || shape.properties.iter().map(|word| word.name);
    let hint = if language
        .block(shape.word)
        .iter()
        .any(|(child, _)| *child == name)
    {
        format!(
            "write it into the block of `{}`: `{{ {name} …; }}`",
            shape.word
        )
    } else if let Some(meant) = nearest(name, names()) {
        format!("did you mean `{meant}`?")
    } else if shape.properties.is_empty() {
        "delete it; there is nothing to set here".to_owned()
    } else {
        format!("it takes {}", listed(names(), "and"))
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
