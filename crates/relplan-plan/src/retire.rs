//! What is to be withdrawn: versions to yank, ranges to deprecate, and yanks that nobody here asked for.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, Version},
    finding::{Finding, Severity},
    observation::{Facts, Seen},
    plan::{Action, Change, Reason, Subject},
    release::{Release, Yank},
    step::{Effect, Step},
    target::Target,
};

use crate::{
    build::{Draft, row, step},
    index::{Index, Unit},
    remark::{reason, some_of},
};

/// Adds all rows and steps about yanks and deprecations.
pub(crate) fn retire(index: &Index<'_>, draft: &mut Draft, findings: &mut Vec<Finding>) {
    let yanks = index.yanks();
    for ((address, version), (release, yank)) in &yanks {
        let (change, step) = yanked(index, address, version, (release, yank), findings);
        draft.add(change, step);
    }
    for (address, ranges) in index.deprecations() {
        for (change, step) in deprecated(index, &address, &ranges, findings) {
            draft.add(change, step);
        }
    }
    for unit in &index.units {
        if !yanks.contains_key(&(unit.address.clone(), &unit.release.version))
            && let Some(change) = yanked_by_others(index, unit, findings)
        {
            draft.add(change, None);
        }
    }
}

/// Holds a row about withdrawing something, with a finding in the same words.
struct Refusal {
    code: &'static str,
    severity: Severity,
    message: String,
    hint: &'static str,
}

impl Refusal {
    fn error(code: &'static str, message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            hint,
        }
    }

    fn row(self, address: &Address, subject: Subject, findings: &mut Vec<Finding>) -> Change {
        let finding = Finding::new(self.code, self.severity, Some(address), &self.message);
        findings.push(finding.hint(self.hint));
        row(
            address,
            subject,
            Action::Hold,
            reason(self.code, self.message),
        )
    }
}

/// The facts about a package that something shall be withdrawn of, or why it cannot be.
fn facts<'s>(
    index: &Index<'_>,
    address: &Address,
    seen: &'s Seen,
    can: fn(&Target) -> bool,
    verb: &str,
) -> Result<Option<&'s Facts>, Refusal> {
    let Some(target) = index.target(&address.target) else {
        let hint = "see the findings about the target itself";
        return Err(Refusal::error(
            "no-target",
            "its target could not be described",
            hint,
        ));
    };
    if !can(target) {
        return Err(Refusal {
            code: "by-hand",
            severity: Severity::Warning,
            message: format!("relplan cannot {verb} at this target"),
            hint: "a person must do it at the registry; remove it from the spec when it is done",
        });
    }
    match seen {
        Seen::Unknown { reason } => Err(Refusal::error(
            "unknown",
            format!("could not be looked up: {reason}"),
            "run `relplan plan` again when the registry answers",
        )),
        Seen::Absent => Ok(None),
        Seen::Present(facts) => Ok(Some(facts)),
    }
}

fn yanked(
    index: &Index<'_>,
    address: &Address,
    version: &Version,
    (release, yank): (&Release, &Yank),
    findings: &mut Vec<Finding>,
) -> (Change, Option<Step>) {
    let subject = Subject::Yank(version.clone());
    let seen = index.seen(address);
    let is_desired = release.version == *version
        && release
            .destinations
            .iter()
            .any(|one| one.target == address.target);
    let facts = match facts(
        index,
        address,
        &seen,
        |target| target.capabilities.yank,
        "yank",
    ) {
        _ if is_desired => Err(Refusal::error(
            "yank-desired",
            "the spec wants this version published and yanked",
            "release another version, or remove the yank",
        )),
        other => other,
    };
    let refuse = |refusal: Refusal, findings: &mut Vec<Finding>| {
        let mut change = refusal.row(address, subject.clone(), findings);
        change.after = Some("yanked".to_owned());
        (change, None)
    };
    let shown = match facts.map(|facts| facts.and_then(|facts| facts.versions.get(version))) {
        Err(refusal) => return refuse(refusal, findings),
        Ok(None) => {
            let message =
                format!("the registry does not have {version}, so there is nothing to yank");
            let hint = "correct the version, or remove the yank";
            let refusal = Refusal::error("nothing-to-yank", message, hint);
            return refuse(refusal, findings);
        }
        Ok(Some(shown)) => shown,
    };
    let (action, why, before) = if shown.yanked {
        (
            Action::Keep,
            reason("yanked", "it is yanked already"),
            "yanked",
        )
    } else {
        let message = if yank.reason.is_empty() {
            "the spec asks for it"
        } else {
            &yank.reason
        };
        (Action::Yank, reason("wanted", message), "available")
    };
    let mut change = row(address, subject, action, why);
    change.before = Some(before.to_owned());
    change.after = Some("yanked".to_owned());
    let effect = Effect::Yank {
        reason: yank.reason.clone(),
    };
    let step = (action == Action::Yank).then(|| step(address, version, effect));
    (change, step)
}

fn deprecated(
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
            "deprecate-overlap",
            format!("the spec has more than one message for {range}"),
            "give each range one message",
        )),
    }
}

/// The versions that a range matches; a range that the driver did not resolve is an unknown (law L5).
fn matched<'f>(facts: &'f Facts, range: &str) -> Result<&'f [Version], Refusal> {
    facts.ranges.get(range).map(Vec::as_slice).ok_or_else(|| {
        Refusal::error(
            "unknown",
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
                "deprecate-overlap",
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

/// The desired version is yanked, and not by us.
fn yanked_by_others(
    index: &Index<'_>,
    unit: &Unit<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Change> {
    let (address, version) = (&unit.address, &unit.release.version);
    let seen = index.seen(address);
    let Seen::Present(facts) = seen.as_ref() else {
        return None;
    };
    let is_ours = index
        .recorded(address, version)
        .is_some_and(|recorded| recorded.yanked);
    if is_ours || !facts.versions.get(version)?.yanked {
        return None;
    }
    let message = format!("somebody yanked {version}, and the spec still wants it");
    findings.push(
        Finding::new("drift-yanked", Severity::Warning, Some(address), &message)
            .hint("find out why; release another version, or add the yank to the spec"),
    );
    let subject = Subject::Yank(version.clone());
    let mut change = row(
        address,
        subject,
        Action::Drift,
        reason("yanked-by-others", message),
    );
    change.before = Some("yanked".to_owned());
    change.after = Some("available".to_owned());
    Some(change)
}
