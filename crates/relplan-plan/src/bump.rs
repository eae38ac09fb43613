//! What kind of step one version is from another, told from the numbers in them: enough for a reader of the plan, and
//! nothing is decided by it.
//!
//! Semantic versions and Python's both read this way: numbers between full stops, then a mark for prereleases.

use std::cmp::Ordering;

use relplan_model::{
    address::Version,
    finding::FindingCode,
    observation::{Facts, Observation, Seen},
    plan::{Bump, Change, Subject},
};

/// The code of the finding that a pointer moves back.
pub(crate) const MOVES_BACKWARD: FindingCode = FindingCode::MovesBackward;

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
        return None;
    }
    of_texts(facts, before, after)
}

/// Whether the registry's own order has `after` before `before`; `None`: it lacks one of them.
fn is_step_back(facts: &Facts, before: &str, after: &str) -> Option<bool> {
    let place = |text: &str| {
        facts
            .order
            .iter()
            .position(|one: &Version| one.as_str() == text)
    };
    Some(place(after)? < place(before)?)
}

/// Whether one version is a step back from another, as far as their numbers tell.
///
/// Why beside the registry's order: that may lack one of the two, such as a version that the ecosystem's own rules do not
/// admit; and in a saved plan it is the plan's word.
pub(crate) fn is_back(facts: &Facts, before: &Version, after: &Version) -> bool {
    of_texts(Some(facts), before.as_str(), after.as_str()) == Some(Bump::Backward)
}

fn of_texts(facts: Option<&Facts>, before: &str, after: &str) -> Option<Bump> {
    match facts.and_then(|facts| is_step_back(facts, before, after)) {
        Some(true) => Some(Bump::Backward),
        Some(false) => between(before, after, true),
        None => between(before, after, false),
    }
}

/// The kind of step, if both texts begin with a number. `is_ordered`: a registry's order has the two one after the other,
/// so that no mark needs to be read for which of them is earlier.
fn between(before: &str, after: &str, is_ordered: bool) -> Option<Bump> {
    let (old, new) = (Parts::of(before)?, Parts::of(after)?);
    let length = old.numbers.len().max(new.numbers.len());
    let number = |parts: &Parts<'_>, place: usize| parts.numbers.get(place).copied().unwrap_or(0);
    let differs = (0..length).find_map(|place| {
        let order = number(&new, place).cmp(&number(&old, place));
        (order != Ordering::Equal).then_some((place, order))
    });
    Some(match differs {
        Some((_, Ordering::Less)) => Bump::Backward,
        Some((0 | 1, _)) => Bump::Major,
        Some((2, _)) => Bump::Minor,
        Some(_) => Bump::Patch,
        None => match (old.is_prerelease(), new.is_prerelease()) {
            (true, false) => Bump::Release,
            (false, true) => Bump::Backward,
            _ if !is_ordered && is_earlier(new.rest, old.rest) => Bump::Backward,
            (true, true) => Bump::Prerelease,
            (false, false) => Bump::Other,
        },
    })
}

/// Whether one mark comes before another, as far as it can be told from their texts: they are the same up to a number that
/// is smaller, or up to where one of them ends. Build metadata has no order.
fn is_earlier(one: &str, other: &str) -> bool {
    let (one, other) = (tokens(one), tokens(other));
    let differs = one.iter().zip(&other).find(|(a, b)| a != b);
    match differs {
        Some((a, b)) => match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a < b,
            _ => false,
        },
        None => one.len() < other.len(),
    }
}

/// The numbers and the words of a mark, without build metadata.
fn tokens(mark: &str) -> Vec<&str> {
    let mark = mark.split('+').next().unwrap_or_default();
    let mut tokens = Vec::new();
    for mut part in mark.split(|c: char| !c.is_ascii_alphanumeric()) {
        while let Some(first) = part.chars().next() {
            let is_other = |c: char| c.is_ascii_digit() != first.is_ascii_digit();
            let (token, rest) = part.split_at(part.find(is_other).unwrap_or(part.len()));
            tokens.push(token);
            part = rest;
        }
    }
    tokens
}

/// A version in two parts.
struct Parts<'a> {
    numbers: Vec<u64>,
    rest: &'a str,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Option<Self> {
        // Python's epoch is the first number, and 0 where none is written.
        let (epoch, text) = text.split_once('!').unwrap_or(("0", text));
        let mut numbers = vec![epoch.parse::<u64>().ok()?];
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
        (numbers.len() > 1).then_some(Self { numbers, rest })
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

    /// An order that lacks a version, or that a forged plan made up, hides no step back that the numbers show.
    #[test]
    fn l8_no_order_hides_a_step_back() {
        let version = |text: &str| Version::new(text).unwrap();
        for order in [&[][..], &["1.0.0"], &["2.0.0", "1.0.0"]] {
            let facts = Facts {
                order: order.iter().map(|text| version(text)).collect(),
                ..Facts::default()
            };
            assert!(
                is_back(&facts, &version("2.0.0"), &version("1.0.0")),
                "{order:?}"
            );
        }
        // Semantic versions compare such marks letter by letter, and their order knows.
        let facts = Facts {
            order: ["1.0.0-rc10", "1.0.0-rc9"].map(version).to_vec(),
            ..Facts::default()
        };
        assert!(!is_back(
            &facts,
            &version("1.0.0-rc10"),
            &version("1.0.0-rc9")
        ));
    }

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
            ("2.0", "1!1.0", Some(Bump::Major)),
            ("1!1.0", "2.0", Some(Bump::Backward)),
            ("1.2.0", "1.2.0-rc.1", Some(Bump::Backward)),
            ("1.2.0-rc.2", "1.2.0-rc.1", Some(Bump::Backward)),
            ("1.2.0-rc.1", "1.2.0-rc", Some(Bump::Backward)),
            ("1.2.0rc10", "1.2.0rc9", Some(Bump::Backward)),
            ("1.2.0rc9", "1.2.0rc10", Some(Bump::Prerelease)),
            ("1.2.0.post2", "1.2.0.post1", Some(Bump::Backward)),
            ("1.2.0.post1", "1.2.0", Some(Bump::Backward)),
            ("r7", "r8", None),
            ("99999999999999999999.0", "1.0", None),
        ] {
            assert_eq!(between(before, after, false), bump, "{before} to {after}");
        }
    }
}
