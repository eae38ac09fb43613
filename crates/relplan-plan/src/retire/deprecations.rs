//! Deprecations of ranges: only the versions whose message differs are touched.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, Version},
    finding::{Finding, FindingCode},
    observation::Facts,
    plan::{Action, Change, Reason, Subject},
    step::{Effect, Step},
    target::Target,
};

use super::{Refusal, facts};
use crate::{
    build::{row, step},
    index::Index,
    remark::{reason, some_of},
};

pub(super) fn deprecated(
    index: &Index<'_>,
    address: &Address,
    ranges: &BTreeMap<&str, BTreeSet<&str>>,
    findings: &mut Vec<Finding>,
) -> Vec<(Change, Option<Step>)> {
    let seen = index.seen(address);
    let can = |target: &Target| target.capabilities.deprecate;
    let mut rows = Vec::new();
    for (range, messages) in ranges {
        let subject = Subject::Deprecation((*range).to_owned());
        let wish = facts(index, address, &seen, can, "deprecate").and_then(|facts| {
            let message = agreed(messages, range)?;
            let Some(facts) = facts else {
                return Ok((message, None));
            };
            let matched = matched(facts, range)?;
            disjoint(facts, ranges, (range, message), matched)?;
            Ok((message, Some((facts, matched))))
        });
        rows.push(match wish {
            Err(refusal) => (refusal.row(address, subject, findings), None),
            Ok((message, None)) => {
                let why = reason("no-match", "the registry has no package of this name");
                (
                    described(row(address, subject, Action::Keep, why), None, message),
                    None,
                )
            }
            Ok((message, Some((facts, matched)))) => {
                deprecation(address, subject, (range, message), facts, matched)
            }
        });
    }
    rows
}

/// The one message that the spec gives a range.
fn agreed<'a>(messages: &BTreeSet<&'a str>, range: &str) -> Result<&'a str, Refusal> {
    match messages.iter().copied().collect::<Vec<_>>().as_slice() {
        [message] => Ok(message),
        _ => Err(Refusal::error(
            FindingCode::DeprecateOverlap,
            format!("the spec has more than one message for {range}"),
            "give each range one message",
        )),
    }
}

/// The versions that a range matches; a range that the driver did not resolve is an unknown (law L5).
fn matched<'f>(facts: &'f Facts, range: &str) -> Result<&'f [Version], Refusal> {
    facts.ranges.get(range).map(Vec::as_slice).ok_or_else(|| {
        Refusal::error(
            FindingCode::Unknown,
            format!("could not be looked up: nobody resolved the range {range}"),
            "run `relplan plan` again",
        )
    })
}

/// Refuses two messages for one version: each plan would undo what the one before it did (law L12).
fn disjoint(
    facts: &Facts,
    ranges: &BTreeMap<&str, BTreeSet<&str>>,
    (range, message): (&str, &str),
    matched: &[Version],
) -> Result<(), Refusal> {
    for (other, messages) in ranges {
        if *other == range || messages.iter().all(|one| *one == message) {
            continue;
        }
        let theirs = facts.ranges.get(*other).map_or(&[][..], Vec::as_slice);
        if let Some(both) = matched
            .iter()
            .filter(|version| theirs.contains(version))
            .min()
        {
            return Err(Refusal::error(
                FindingCode::DeprecateOverlap,
                format!("{range} and {other} both match {both}, and their messages differ"),
                "narrow one of the ranges",
            ));
        }
    }
    Ok(())
}

fn deprecation(
    address: &Address,
    subject: Subject,
    (range, message): (&str, &str),
    facts: &Facts,
    matched: &[Version],
) -> (Change, Option<Step>) {
    let shown = |version: &Version| facts.versions.get(version)?.deprecated.as_deref();
    let mut versions: Vec<Version> = matched
        .iter()
        .filter(|version| shown(version).unwrap_or_default() != message)
        .cloned()
        .collect();
    versions.sort();
    versions.dedup();
    let before = matched.iter().filter_map(shown).min().map(str::to_owned);
    let Some(last) = versions.last().cloned() else {
        let why = if matched.is_empty() {
            reason("no-match", "no published version is in this range")
        } else {
            reason(
                "deprecated",
                "all of its versions have this message already",
            )
        };
        return (
            described(row(address, subject, Action::Keep, why), before, message),
            None,
        );
    };
    let names: Vec<_> = versions.iter().map(Version::as_str).collect();
    let why: Reason = reason(
        "wanted",
        format!("without this message: {}", some_of(&names)),
    );
    let effect = Effect::Deprecate {
        range: range.to_owned(),
        versions,
        message: message.to_owned(),
    };
    let change = described(
        row(address, subject, Action::Deprecate, why),
        before,
        message,
    );
    (change, Some(step(address, &last, effect)))
}

fn described(mut change: Change, before: Option<String>, after: &str) -> Change {
    change.before = before;
    change.after = Some(after.to_owned());
    change
}
