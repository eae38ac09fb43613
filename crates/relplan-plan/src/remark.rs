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

/// Two sets of digests of what should be one file, told apart by an algorithm that both have, and by their first digits
/// where those differ: the plan has all of them among its artifacts and observations.
pub(crate) fn apart(ours: &Digests, theirs: &Digests) -> (String, String) {
    const SHOWN: usize = 16;
    let told = ours.0.iter().find_map(|(algorithm, digits)| {
        let other = theirs.get(*algorithm)?;
        (other != digits).then(|| {
            let starts_apart = digits.get(..SHOWN) != other.get(..SHOWN);
            let one = |digits: &str| {
                let start = digits.get(..SHOWN).filter(|_| starts_apart);
                let shown = start.unwrap_or(digits).to_owned();
                let text = Digests::default().with(*algorithm, shown).to_string();
                text + if start.is_some() { "…" } else { "" }
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

#[cfg(test)]
mod tests {
    use relplan_model::digest::Algorithm;

    use super::*;

    #[test]
    fn l6_digests_that_differ_are_shown_with_a_difference() {
        let digests = |last: char| {
            let digits = format!("{}{last}", "a".repeat(63));
            Digests::default().with(Algorithm::Sha256, digits)
        };
        let (ours, theirs) = apart(&digests('b'), &digests('c'));
        assert_eq!(ours.len(), "sha256:".len() + 64);
        assert_ne!(ours, theirs);

        let other = Digests::default().with(Algorithm::Sha256, "c".repeat(64));
        let (ours, theirs) = apart(&digests('b'), &other);
        assert_eq!(
            [ours, theirs],
            ["sha256:aaaaaaaaaaaaaaaa…", "sha256:cccccccccccccccc…"]
        );
    }
}
