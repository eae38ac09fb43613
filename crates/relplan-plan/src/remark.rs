//! How reasons and findings are put into words in one way everywhere.

use relplan_model::{address::Version, digest::Digests, plan::Reason};

/// A reason with its stable code.
pub(crate) fn reason(code: &str, message: impl Into<String>) -> Reason {
    Reason {
        code: code.to_owned(),
        message: message.into(),
    }
}

/// At most three of the names, and how many more there are.
pub(crate) fn some_of<T: AsRef<str>>(names: &[T]) -> String {
    const SHOWN: usize = 3;
    let mut text = names
        .iter()
        .take(SHOWN)
        .map(AsRef::as_ref)
        .collect::<Vec<_>>()
        .join(", ");
    if let Some(more) = names.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// Two sets of digests of what should be one file, told apart by an algorithm that both have.
pub(crate) fn apart(ours: &Digests, theirs: &Digests) -> (String, String) {
    let told = ours.0.iter().find_map(|(algorithm, digits)| {
        let other = theirs.get(*algorithm)?;
        (other != digits).then(|| {
            let one = |digits: &str| {
                Digests::default()
                    .with(*algorithm, digits.to_owned())
                    .to_string()
            };
            (one(digits), one(other))
        })
    });
    told.unwrap_or_else(|| (ours.to_string(), theirs.to_string()))
}

/// A version, or words for there being none.
pub(crate) fn or_nothing(version: Option<&Version>) -> &str {
    version.map_or("nothing", Version::as_str)
}
