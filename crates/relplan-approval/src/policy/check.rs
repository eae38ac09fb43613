//! What every policy keeps, whichever way it came. The reader of texts says the same with places; this is the last word.

use std::collections::BTreeSet;

use super::{FORMAT, Kind, Policy, Rule};
use crate::key::is_fingerprint;

/// The most people, and the most keys or accounts of one.
pub(crate) const MOST_PEOPLE: usize = 1_000;
/// The most rules.
pub(crate) const MOST_RULES: usize = 1_000;
/// The longest that a yes may be allowed to count: a year, in seconds.
pub(crate) const LONGEST_AGE: u64 = 365 * 24 * 60 * 60;
/// What an effect can be.
pub(crate) const ACTIONS: [&str; 5] = ["publish", "point", "unpoint", "yank", "deprecate"];

/// What no policy may say.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Flaw(pub(crate) String);

macro_rules! demand {
    ($holds:expr, $($words:tt)+) => {
        if !$holds {
            return Err(Flaw(format!($($words)+)));
        }
    };
}

pub(crate) fn check(policy: &Policy) -> Result<(), Flaw> {
    demand!(policy.format == FORMAT, "its format is not {FORMAT}");
    demand!(policy.version >= 1, "versions begin with 1");
    for (what, text) in [("project", &policy.project), ("audience", &policy.audience)] {
        demand!(
            is_line(text, 200),
            "its {what} is empty, too long, or not printable"
        );
    }
    if let Some(repository) = &policy.repository {
        demand!(
            is_line(repository, 200),
            "its repository is empty, too long, or not printable"
        );
    }
    demand!(
        !policy.people.is_empty() && policy.people.len() <= MOST_PEOPLE,
        "it names nobody, or more than {MOST_PEOPLE} people"
    );
    demand!(
        rising(policy.people.iter().map(|person| &person.name)),
        "people are not in order, or named twice"
    );
    people(policy)?;
    demand!(
        !policy.rules.is_empty() && policy.rules.len() <= MOST_RULES,
        "it has no rule, or more than {MOST_RULES}"
    );
    demand!(
        rising(policy.rules.iter().map(|rule| &rule.name)),
        "rules are not in order, or named twice"
    );
    for rule in &policy.rules {
        self::rule(policy, rule)?;
    }
    if let Some(root) = &policy.root {
        demand!(root.threshold >= 1, "the root's threshold is 0");
        crowd(policy, "the root", root.threshold, &root.of)?;
    }
    demand!(
        rising(policy.revoked.iter().map(|revoked| &revoked.key)),
        "revoked keys are not in order, or named twice"
    );
    demand!(
        policy
            .revoked
            .iter()
            .all(|revoked| is_fingerprint(&revoked.key)),
        "a revoked key is not named by its fingerprint"
    );
    Ok(())
}

fn people(policy: &Policy) -> Result<(), Flaw> {
    let (mut keys, mut ids, mut logins) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for person in &policy.people {
        let name = &person.name;
        demand!(
            is_name(name),
            "a person's name is empty, too long, or holds a character that no name holds"
        );
        demand!(
            person.keys.len() + person.accounts.len() <= MOST_PEOPLE,
            "{name} has too many keys"
        );
        demand!(
            !person.keys.is_empty() || !person.accounts.is_empty(),
            "{name} has neither a key nor an account"
        );
        for own in &person.keys {
            demand!(
                keys.insert(own.key.as_str()),
                "a key of {name} is named twice"
            );
            if let (Some(after), Some(before)) = (own.valid_after, own.valid_before) {
                demand!(after < before, "a key of {name} is never valid");
            }
        }
        for account in &person.accounts {
            demand!(
                is_login(&account.login),
                "an account of {name} is not a login"
            );
            demand!(
                ids.insert(account.id),
                "an account of {name} is named twice"
            );
            demand!(
                logins.insert(account.login.to_ascii_lowercase()),
                "an account of {name} is named twice"
            );
        }
    }
    Ok(())
}

fn rule(policy: &Policy, rule: &Rule) -> Result<(), Flaw> {
    let name = &rule.name;
    demand!(
        is_rule_name(name),
        "a rule's name is empty, too long, or not of small letters, digits and hyphens"
    );
    let patterns = [&rule.targets, &rule.packages, &rule.versions];
    demand!(
        patterns
            .into_iter()
            .flatten()
            .all(|pattern| pattern.is_well_formed()),
        "a pattern of the rule {name} is not one"
    );
    demand!(
        patterns
            .iter()
            .all(|patterns| patterns.len() <= MOST_PEOPLE),
        "the rule {name} has too many patterns"
    );
    demand!(
        rule.actions
            .iter()
            .all(|action| ACTIONS.contains(&action.as_str())),
        "an action of the rule {name} is not one"
    );
    demand!(!rule.accept.is_empty(), "the rule {name} accepts nothing");
    demand!(
        rising(&rule.accept),
        "what the rule {name} accepts is not in order, or said twice"
    );
    demand!(
        rule.accept == [Kind::Ssh] || policy.repository.is_some(),
        "the rule {name} accepts what GitHub says, and the policy names no repository"
    );
    let needs_key = rule.touch || rule.pin;
    demand!(
        !needs_key || rule.accept == [Kind::Ssh],
        "the rule {name} wants touch or PIN, and accepts approvals that have neither"
    );
    demand!(
        rule.max_age_seconds
            .is_none_or(|age| (60..=LONGEST_AGE).contains(&age)),
        "an age in the rule {name} is not from one minute to a year"
    );
    crowd(
        policy,
        &format!("the rule {name}"),
        rule.threshold,
        &rule.of,
    )
}

fn crowd(policy: &Policy, what: &str, threshold: u64, of: &[String]) -> Result<(), Flaw> {
    demand!(
        rising(of),
        "people of {what} are not in order, or named twice"
    );
    for name in of {
        demand!(
            policy.person(name).is_some(),
            "{what} names somebody who is not among the people"
        );
    }
    let people = u64::try_from(of.len()).unwrap_or(u64::MAX);
    demand!(
        threshold <= people,
        "{what} wants {threshold} people and names {people}"
    );
    Ok(())
}

/// Names that can be compared, printed and typed: no lists and no patterns, as ssh-keygen(1) wants principals.
pub(crate) fn is_name(text: &str) -> bool {
    is_line(text, 254)
        && text.chars().all(|c| c.is_ascii_graphic())
        && !text.contains([',', '*', '?', '!', '"', '`', '<', '>', '|', '\\', '(', ')'])
}

pub(crate) fn is_rule_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

pub(crate) fn is_login(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'[' | b']'))
}

pub(crate) fn is_line(text: &str, longest: usize) -> bool {
    !text.trim().is_empty()
        && text.len() <= longest
        && !text.chars().any(relplan_model::text::is_hidden)
}

fn rising<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    items.into_iter().is_sorted_by(|a, b| a < b)
}
