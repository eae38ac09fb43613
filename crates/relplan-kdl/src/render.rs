//! Problems as text for people: what is wrong, the line with the place marked, and what to do.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError,
    MietteSpanContents, SourceCode, SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use relplan_model::finding::Severity;

use crate::{
    display::displayable,
    problem::Problem,
    span::{Lines, Span, floor},
};

/// How problems are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenderStyle {
    /// Whether colours are used.
    pub color: bool,
    /// How many columns there are.
    pub width: usize,
    /// Whether lines may be drawn with more than ASCII.
    pub unicode: bool,
}

/// The longest line that is shown whole, in bytes.
const LONGEST_LINE: usize = 160;
/// How much of a longer line is shown before a place, of it, and behind it.
const BEFORE: usize = 20;
const PLACE: usize = 30;
const BEHIND: usize = 22;
/// How many places are marked for one problem.
const MAX_PLACES: usize = 12;

/// Renders problems, each as a block of lines with an empty line between them.
///
/// `text` must be the text that the problems were found in. Control characters in it are replaced and credentials in
/// URLs are starred out.
#[must_use]
pub fn render(problems: &[Problem], file: &str, text: &str, style: RenderStyle) -> String {
    let shown = displayable(text);
    let source = Source {
        file,
        text: &shown,
        lines: Lines::of(&shown),
    };
    let theme = GraphicalTheme {
        characters: if style.unicode {
            ThemeCharacters::unicode()
        } else {
            ThemeCharacters::ascii()
        },
        styles: if style.color {
            ThemeStyles::ansi()
        } else {
            ThemeStyles::none()
        },
    };
    let width = style.width.clamp(20, 500);
    // Lines are wrapped here instead, because what stands in back-ticks or quotes is to be copied whole.
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_wrap_lines(false)
        .with_links(false)
        .with_context_lines(1);
    let mut out = String::new();
    for problem in problems {
        if !out.is_empty() {
            out.push('\n');
        }
        let shown = Shown::of(problem, &source, width);
        // Writing to a text fails only if the handler itself does; the message alone is then the best there is.
        if handler.render_report(&mut out, &shown).is_err() {
            out.push_str(&problem.message);
            out.push('\n');
        }
    }
    let mut tidy = String::with_capacity(out.len());
    for line in out.lines() {
        tidy.push_str(line.trim_end());
        tidy.push('\n');
    }
    tidy
}

/// The text by lines, so that a place is shown without reading the text from its start.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    lines: Lines<'a>,
}

impl Source<'_> {
    fn is_short(&self, offset: usize) -> bool {
        self.lines.line(self.lines.index(offset)).len <= LONGEST_LINE
    }

    /// A place cut to its first line, and to what is shown of that.
    fn place(&self, span: Span) -> Span {
        let span = span.within(self.text);
        let line = self.lines.line(self.lines.index(span.offset));
        let end = span.end().min(line.end().max(span.offset));
        let end = if line.len > LONGEST_LINE {
            end.min(span.offset + PLACE)
        } else {
            end
        };
        Span::between(span.offset, floor(self.text, end))
    }
}

impl SourceCode for Source<'_> {
    /// The whole lines of the place, or what is around it within a long one. Without context only line and column count.
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let span = Span {
            offset: span.offset(),
            len: span.len(),
        }
        .within(self.text);
        let first = self.lines.index(span.offset);
        let last = self.lines.index(span.end());
        let lines = self.lines.line(first).to(self.lines.line(last));
        let window = if self.is_short(span.offset) {
            lines
        } else {
            let start = lines
                .offset
                .max(floor(self.text, span.offset.saturating_sub(BEFORE)));
            Span::between(
                start,
                floor(self.text, lines.end().min(span.end() + BEHIND)),
            )
        };
        let column = match (before, after) {
            (0, 0) => self.lines.position(span.offset).column - 1,
            _ => 0,
        };
        let data = self
            .text
            .as_bytes()
            .get(window.offset..window.end())
            .unwrap_or_default();
        let place = SourceSpan::from((window.offset, window.len));
        Ok(Box::new(MietteSpanContents::new_named(
            self.file.to_owned(),
            data,
            place,
            first,
            column,
            last - first + 1,
        )))
    }
}

/// Breaks a text into lines at its spaces, but not within what stands in back-ticks or quotes.
fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    let mut within = None;
    let breaks = |c: char| {
        match within {
            Some(mark) if c == mark => within = None,
            None if matches!(c, '`' | '"') => within = Some(c),
            _ => {}
        }
        c == ' ' && within.is_none()
    };
    for word in text.split(breaks) {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

/// A problem as the handler wants it.
struct Shown<'a> {
    problem: &'a Problem,
    message: String,
    labels: Vec<LabeledSpan>,
    source: &'a Source<'a>,
    help: Option<String>,
}

impl<'a> Shown<'a> {
    fn of(problem: &'a Problem, source: &'a Source<'a>, width: usize) -> Self {
        let label = |span: Span, label: &str| {
            let place = source.place(span);
            (
                Some(label.to_owned()).filter(|label| !label.is_empty()),
                SourceSpan::from((place.offset, place.len)),
            )
        };
        let (text, place) = label(problem.span, &problem.label);
        let mut labels = vec![LabeledSpan::new_primary_with_span(text, place)];
        let mut lines = Vec::new();
        for (span, text) in problem.related.iter().take(MAX_PLACES) {
            if source.is_short(problem.span.offset) && source.is_short(span.offset) {
                let (text, place) = label(*span, text);
                labels.push(LabeledSpan::new_with_span(text, place));
            } else if !text.is_empty() {
                // Two marks within one long line cannot both be shown.
                let position = source.lines.position(span.offset);
                lines.push(format!("{}:{}: {text}", position.line, position.column));
            }
        }
        lines.extend(problem.hint.clone());
        let help: Vec<String> = lines
            .iter()
            .map(|line| wrapped(line, width.saturating_sub(8)))
            .collect();
        let help = (!help.is_empty()).then(|| help.join("\n"));
        let message = wrapped(&problem.message, width.saturating_sub(4));
        Self {
            problem,
            message,
            labels,
            source,
            help,
        }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.problem.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

#[cfg(test)]
mod tests;
