//! Single values: of the type that a word takes, within bounds, and without a credential.

use relplan_model::settings::{Value, WordType};

use super::Said;
use crate::{
    display::{is_forbidden, listed, quoted, user_information},
    problem::{Problem, Problems, nearest},
    span::Span,
    tree::{Literal, Scalar},
};

/// The longest text that a value may be, in bytes.
const MAX_TEXT: usize = 4_096;
/// The largest number that keeps its value in JSON.
const MAX_NUMBER: i128 = (1 << 53) - 1;

/// A value of the wanted type, or a problem. `what` is what an argument is, as a noun with its article.
pub(super) fn typed(
    scalar: &Scalar,
    takes: &WordType,
    owner: &str,
    what: Option<&str>,
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
                let message = match what {
                    Some(what) => format!("{} is not {what}", quoted(text)),
                    None => format!("`{owner}` does not take {}", quoted(text)),
                };
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
    } else if text.chars().any(is_forbidden) {
        let message = format!("the text of `{owner}` holds a control character");
        Problem::error(
            "invalid-value",
            span,
            message,
            "an escape in here stands for it",
        )
    } else if !user_information(text).is_empty() {
        let message = format!(
            "a URL with a user name or a password may not stand in a {}",
            problems.language.document
        );
        Problem::error("credential", span, message, "the part before `@`")
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
    let is = match found {
        Literal::Text(_) => "a text".to_owned(),
        Literal::Number(_) => "a number".to_owned(),
        Literal::Fraction => "a number with a fraction".to_owned(),
        Literal::Flag(flag) => format!("#{flag}"),
        Literal::Null => "#null".to_owned(),
    };
    let hint = match (found, takes) {
        (Literal::Text(text), WordType::Number) if text.parse::<u64>().is_ok() => {
            Some(format!("write {text} without quotes"))
        }
        (Literal::Text(text), WordType::Flag) if matches!(text.as_str(), "true" | "false") => {
            Some(format!("write #{text}"))
        }
        (Literal::Number(number), WordType::Text | WordType::OneOf(_)) => {
            Some(format!("write it in quotes: \"{number}\""))
        }
        (Literal::Fraction, WordType::Text) => Some("write it in quotes".to_owned()),
        (Literal::Null, _) => Some("leave it out where nothing is to be said".to_owned()),
        _ => None,
    };
    Problem::error(
        "wrong-type",
        span,
        format!("`{owner}` takes {wanted}"),
        format!("this is {is}"),
    )
    .maybe_hint(hint)
}
