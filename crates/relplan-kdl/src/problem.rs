//! Problems: what is wrong, where, and what would be right.

use relplan_model::{
    finding::Severity,
    problem::{Place, Problem as Located},
};

use crate::{
    language::Language,
    span::{Lines, Span},
};

/// One thing that is wrong with a document, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable word for scripts, such as `unknown-property`. Codes are API.
    pub code: &'static str,
    /// How much it matters; only errors keep a document from being used.
    pub severity: Severity,
    /// The file, as the caller named it.
    pub file: String,
    /// What is wrong, on one line and without a final full stop.
    pub message: String,
    /// What to write under the place.
    pub label: String,
    /// The place.
    pub span: Span,
    /// Other places that belong to it, such as an earlier declaration, with what to write under them.
    pub related: Vec<(Span, String)>,
    /// What to do.
    pub hint: Option<String>,
}

impl Problem {
    /// An error at a place.
    #[must_use]
    pub fn error(
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Self {
        Self {
            code,
            severity: Severity::Error,
            file: String::new(),
            message: message.into(),
            label: label.into(),
            span,
            related: Vec::new(),
            hint: None,
        }
    }

    /// An error about something that is said twice.
    #[must_use]
    pub fn twice(span: Span, first: Span, message: impl Into<String>) -> Self {
        Self::error("duplicate", span, message, "said again here").related(first, "first said here")
    }

    /// The same with what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with what to do, where that is known.
    #[must_use]
    pub fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// The same with another place that belongs to it.
    #[must_use]
    pub fn related(mut self, span: Span, label: impl Into<String>) -> Self {
        self.related.push((span, label.into()));
        self
    }
}

/// Problems of one run, as they are found.
///
/// Invariant: bounded, so that a hostile document cannot make the report larger than people read.
#[derive(Debug)]
pub struct Problems {
    /// The language of the document.
    pub language: &'static Language,
    file: String,
    found: Vec<Problem>,
    dropped: bool,
    /// How many comparisons with names of the document or the workspaces are left.
    comparisons: usize,
}

/// How many problems are reported; what comes behind them in the text is summed up in one note.
const SHOWN: usize = 100;
/// How many problems are kept while looking, so that the first ones in the text can be told.
const KEPT: usize = 1_000;
/// How many names are looked at for suggestions in one run: enough for some misspellings among 10,000 names.
const COMPARISONS: usize = 200_000;

impl Problems {
    /// None yet. `file` is how messages name the document.
    #[must_use]
    pub fn new(file: &str, language: &'static Language) -> Self {
        Self {
            language,
            file: file.to_owned(),
            found: Vec::new(),
            dropped: false,
            comparisons: COMPARISONS,
        }
    }

    /// Adds a problem.
    pub fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.dropped = true;
            return;
        }
        self.found.push(problem);
    }

    /// Whether further problems are only counted, so that their hints need not be found.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= KEPT
    }

    /// The name that a misspelt one most likely meant, as long as there is time to look for it.
    pub fn nearest<'a>(
        &mut self,
        word: &str,
        among: impl IntoIterator<Item = &'a str>,
    ) -> Option<&'a str> {
        let left = &mut self.comparisons;
        let within = among.into_iter().take_while(|_| {
            *left = left.saturating_sub(1);
            *left > 0
        });
        nearest(word, within)
    }

    /// Whether one of them keeps the document from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.found
            .iter()
            .any(|problem| problem.severity == Severity::Error)
    }

    /// The problems in order of their place, each once, cut, with spans that lie within the text.
    #[must_use]
    pub fn finish(mut self, text: Option<&str>) -> Vec<Problem> {
        for problem in &mut self.found {
            problem.file.clone_from(&self.file);
            if let Some(text) = text {
                problem.span = problem.span.within(text);
                for (span, _) in &mut problem.related {
                    *span = span.within(text);
                }
            }
        }
        self.found
            .sort_by(|a, b| (a.span, a.code, &a.message).cmp(&(b.span, b.code, &b.message)));
        self.found.dedup();
        if self.dropped || self.found.len() > SHOWN {
            self.found.truncate(SHOWN);
            let last = self
                .found
                .last()
                .map(|problem| problem.span)
                .unwrap_or_default();
            let message = format!("there are more problems than these {SHOWN}");
            let mut more = Problem::error("more", last, message, "the last that is shown")
                .hint("correct these, then check again");
            more.severity = Severity::Note;
            more.file = self.file;
            self.found.push(more);
        }
        self.found
    }
}

/// The candidate that a misspelt word most likely meant.
#[must_use]
pub fn nearest<'a>(word: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 80;
    let fold = |text: &str| text.to_lowercase().replace('_', "-");
    let wanted = fold(word);
    let length = wanted.chars().count();
    if length == 0 || length > LONGEST {
        return None;
    }
    let limit = (length / 3).clamp(1, 4);
    let mut best: Option<(usize, &str)> = None;
    let mut part = None;
    for candidate in among {
        if length > 2 && candidate.split('-').any(|piece| piece == wanted) {
            part = part.or(Some(candidate));
        }
        // Each character that differs is at most four bytes.
        if candidate.len().abs_diff(wanted.len())
            > limit
                * if candidate.is_ascii() && wanted.is_ascii() {
                    1
                } else {
                    4
                }
        {
            continue;
        }
        let distance = strsim::osa_distance(&wanted, &fold(candidate));
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate).or(part)
}

/// The problems with their places as people count them, for programs to read.
#[must_use]
pub fn located(problems: &[Problem], text: &str) -> Vec<Located> {
    let lines = Lines::of(text);
    let place = |span: Span, label: &str| {
        let position = lines.position(span.offset);
        Place {
            label: label.to_owned(),
            line: number(position.line),
            column: number(position.column),
            offset: number(span.offset),
            length: number(span.len),
        }
    };
    let located = |problem: &Problem| Located {
        code: problem.code.to_owned(),
        severity: problem.severity,
        file: problem.file.clone(),
        message: problem.message.clone(),
        place: place(problem.span, &problem.label),
        related: problem
            .related
            .iter()
            .map(|(span, label)| place(*span, label))
            .collect(),
        hint: problem.hint.clone(),
    };
    problems.iter().map(located).collect()
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l13_a_misspelt_word_finds_its_neighbour() {
        let words = ["access", "dist-tag", "url", "token-env"];
        for (word, meant) in [
            ("acess", Some("access")),
            ("dist_tag", Some("dist-tag")),
            ("tag", Some("dist-tag")),
            ("URL", Some("url")),
            ("ulr", Some("url")),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, words), meant, "{word}");
        }
    }

    #[test]
    fn a_flood_of_problems_is_cut_at_the_first_ones_of_the_text() {
        let mut problems = Problems::new("f", &crate::read::tests::LAX);
        for at in (0..5_000).rev() {
            let text = format!("m{at}");
            problems.push(Problem::error("x", Span { offset: at, len: 0 }, text, ""));
        }
        let shown = problems.finish(None);
        assert_eq!(shown.len(), SHOWN + 1);
        assert_eq!(shown.last().unwrap().code, "more");
        assert!(shown.is_sorted_by_key(|problem| problem.span));
    }

    #[test]
    fn programs_get_lines_and_columns() {
        let text = "ab\n  ü x";
        let problem = Problem::error("c", Span { offset: 8, len: 1 }, "m", "l")
            .related(Span { offset: 0, len: 2 }, "first");
        let json = serde_json::to_value(located(&[problem], text)).unwrap();
        assert_eq!(
            (json[0]["line"].as_u64(), json[0]["column"].as_u64()),
            (Some(2), Some(5))
        );
        assert_eq!(json[0]["related"][0]["line"], 1);
        assert_eq!(json[0]["severity"], "error");
        assert!(json[0].get("hint").is_none());
    }
}
