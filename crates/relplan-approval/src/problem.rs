//! What is wrong with a policy's text, where, and what would be right.

use relplan_model::text::line;

/// One thing that is wrong, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for scripts, such as `unknown-word`. Codes are API.
    pub code: &'static str,
    /// What is wrong, on one line and without a final full stop.
    pub message: String,
    /// What to write under the place.
    pub label: String,
    /// The place.
    pub span: Span,
    /// Other places that belong to it, with what to write under them.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub hint: Option<String>,
}

/// A place in a text, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Where it begins.
    pub offset: usize,
    /// How long it is.
    pub len: usize,
}

/// How many problems are told; a text with more is not written by hand.
pub(crate) const MOST: usize = 50;

impl Problem {
    pub(crate) fn new(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            label: label.into(),
            span,
            related: Vec::new(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    pub(crate) fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// A text of the policy within a message: in back-ticks, on one line, cut, with nothing that steers a terminal.
pub(crate) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let shown: String = line(text)
        .chars()
        .take(LONGEST)
        .map(|c| if c == '`' { '\'' } else { c })
        .collect();
    let rest = if text.chars().nth(LONGEST).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{rest}`")
}

/// The word that was meant, if one is near.
pub(crate) fn nearest<'w>(said: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    if said.len() > 40 {
        return None;
    }
    words
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(said, word), word))
        .filter(|(distance, word)| *distance <= word.len().min(6) / 2)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}
