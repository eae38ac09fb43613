//! What kind of step one version is from another, told from the numbers in them: enough for a reader of the plan, and
//! nothing is decided by it.
//!
//! Semantic versions and Python's both read this way: numbers between full stops, then a mark for prereleases.

use std::cmp::Ordering;

use relplan_model::{
    address::Version,
    observation::{Facts, Observation, Seen},
    plan::{Bump, Change, Subject},
};

/// Sets the bump of each row that moves from one version to another.
pub(crate) fn mark(changes: &mut [Change], observations: &[Observation]) {
    for change in changes {
        let found = observations.binary_search_by(|look| look.address.cmp(&change.address));
        let facts = found
            .ok()
            .and_then(|place| match &observations.get(place)?.seen {
                Seen::Present(facts) => Some(facts),
                Seen::Absent | Seen::Unknown { .. } => None,
            });
        change.bump = of(change, facts);
    }
}

/// The bump of a row, if it moves from one version to another.
pub(crate) fn of(change: &Change, facts: Option<&Facts>) -> Option<Bump> {
    let concerns = matches!(change.subject, Subject::Version | Subject::Pointer(_));
    let (true, Some(before), Some(after)) = (concerns, &change.before, &change.after) else {
        return None;
    };
    if before == after {
        None
    } else if facts.is_some_and(|facts| is_step_back(facts, before, after)) {
        Some(Bump::Backward)
    } else {
        between(before, after)
    }
}

/// Whether the registry's own order has `after` before `before`.
fn is_step_back(facts: &Facts, before: &str, after: &str) -> bool {
    let place = |text: &str| {
        facts
            .order
            .iter()
            .position(|one: &Version| one.as_str() == text)
    };
    matches!((place(before), place(after)), (Some(before), Some(after)) if after < before)
}

/// The kind of step, if both texts begin with a number.
fn between(before: &str, after: &str) -> Option<Bump> {
    let (old, new) = (Parts::of(before)?, Parts::of(after)?);
    let length = old.numbers.len().max(new.numbers.len());
    let number = |parts: &Parts<'_>, place: usize| parts.numbers.get(place).copied().unwrap_or(0);
    let differs = (0..length).find_map(|place| {
        let order = number(&new, place).cmp(&number(&old, place));
        (order != Ordering::Equal).then_some((place, order))
    });
    Some(match differs {
        Some((_, Ordering::Less)) => Bump::Backward,
        Some((0, _)) => Bump::Major,
        Some((1, _)) => Bump::Minor,
        Some(_) => Bump::Patch,
        None => match (old.is_prerelease(), new.is_prerelease()) {
            (true, false) => Bump::Release,
            (_, true) => Bump::Prerelease,
            (false, false) => Bump::Other,
        },
    })
}

/// A version in two parts.
struct Parts<'a> {
    numbers: Vec<u64>,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        // Python's epoch counts as no number of its own here: it hardly ever changes.
        let text = text.split_once('!').map_or(text, |(_, rest)| rest);
        let mut numbers = Vec::new();
        let mut rest = text;
        loop {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, after) = rest.split_at_checked(digits)?;
            let Ok(number) = number.parse::<u64>() else {
                break;
            };
            numbers.push(number);
            rest = after;
            match rest.strip_prefix('.') {
                Some(next) if next.starts_with(|c: char| c.is_ascii_digit()) => rest = next,
                _ => break,
            }
        }
        (!numbers.is_empty()).then_some(Self { numbers, rest })
    }

    /// Whether a prerelease mark follows the numbers, in the way of semantic versions (`-rc.1`) or Python's (`rc1`,
    /// `.dev3`), as against build metadata (`+…`) and post-releases (`.post1`).
    fn is_prerelease(&self) -> bool {
        let rest = self.rest.trim_start_matches(['.', '_']);
        if rest.is_empty() || rest.starts_with('+') {
            return false;
        }
        !rest.trim_start_matches('-').starts_with("post")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_number_that_differs_names_the_step() {
        for (before, after, bump) in [
            ("1.2.3", "2.0.0", Some(Bump::Major)),
            ("1.2.3", "1.3.0", Some(Bump::Minor)),
            ("0.3.1", "0.4.0", Some(Bump::Minor)),
            ("1.2.3", "1.2.4", Some(Bump::Patch)),
            ("1.2.3.4", "1.2.3.5", Some(Bump::Patch)),
            ("1.2", "1.2.1", Some(Bump::Patch)),
            ("1.2.0", "1.1.9", Some(Bump::Backward)),
            ("1.2.0-rc.1", "1.2.0-rc.2", Some(Bump::Prerelease)),
            ("1.2.0-rc.1", "1.2.0", Some(Bump::Release)),
            ("1.2.0rc1", "1.2", Some(Bump::Release)),
            ("1.2.0", "1.3.0.dev1", Some(Bump::Minor)),
            ("1.2.0", "1.2.0.post1", Some(Bump::Other)),
            ("1.2.0+a", "1.2.0+b", Some(Bump::Other)),
            ("2!1.0", "2!1.1", Some(Bump::Minor)),
            ("r7", "r8", None),
            ("99999999999999999999.0", "1.0", None),
        ] {
            assert_eq!(between(before, after), bump, "{before} to {after}");
        }
    }
}
