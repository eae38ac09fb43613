//! Rules about what rows tell people: what is there now, what will be there, and why.
//!
//! Why: people approve rows, and steps are what is carried out. A row that tells of something else is a lie.

use std::collections::BTreeSet;

use relplan_model::{
    address::{PointerName, Version},
    finding::FindingCode,
    observation::{Facts, Seen},
    plan::{Action, Bump, Change, Subject},
    step::{Effect, Step},
};

use super::{Found, Rule, View};
use crate::{bump, remark::some_of};

pub(super) fn check(view: &View<'_>, change: &Change, found: &mut Found) {
    let facts = view.facts(&change.address);
    found.unless(
        change.bump == bump::of(change, facts),
        Rule::Told,
        &change.address,
        "a row calls its step from before to after something else",
    );
    let is_remarked = |code: FindingCode| {
        let findings = &view.plan.findings;
        let mut of_row = findings
            .iter()
            .filter(|one| one.address.as_ref() == Some(&change.address));
        of_row.any(|one| one.code == code)
    };
    let moves_back = matches!(change.subject, Subject::Pointer(_))
        && change.action == Action::Point
        && change.bump == Some(Bump::Backward);
    found.unless(
        !moves_back || is_remarked(bump::MOVES_BACKWARD),
        Rule::Findings,
        &change.address,
        "its pointer moves back, and the plan has no finding that says so",
    );
    let steps: Vec<&Step> = change
        .steps
        .iter()
        .filter_map(|id| view.steps.get(id).copied())
        .collect();
    let (before, after) = match &change.subject {
        Subject::Version => version(view, change, &steps, facts),
        Subject::Pointer(pointer) => pointed(view, change, pointer, &steps, facts),
        Subject::Yank(version) => yanked(view, change, version, &steps, found),
        Subject::Deprecation(range) => deprecated(view, change, range, &steps, facts, found),
    };
    found.unless(
        before,
        Rule::Told,
        &change.address,
        "a row tells of something else before than what was observed",
    );
    found.unless(
        after,
        Rule::Told,
        &change.address,
        "a row tells of something else after than what its steps do",
    );
}

/// Whether all steps are about the version that the text names.
fn all_are(steps: &[&Step], after: Option<&str>) -> bool {
    steps
        .iter()
        .all(|step| Some(step.version.as_str()) == after)
}

fn version(
    view: &View<'_>,
    change: &Change,
    steps: &[&Step],
    facts: Option<&Facts>,
) -> (bool, bool) {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let is_there = facts.is_some_and(|facts| {
        let mut versions = facts.versions.keys();
        versions.any(|version| Some(version.as_str()) == after)
    });
    let is_so = match change.action {
        Action::Keep | Action::Adopt => is_there,
        _ => after.is_some_and(|text| Version::new(text).is_ok()),
    };
    let current = if is_there {
        BTreeSet::from([after])
    } else {
        facts.map_or_else(
            || BTreeSet::from([None]),
            |facts| today(view, change, facts),
        )
    };
    // What is held may have been judged without a look at what is there.
    let is_unjudged = change.action == Action::Hold && before.is_none();
    (
        is_unjudged || current.contains(&before),
        is_so && all_are(steps, after),
    )
}

/// What users get today of a package that has other versions: by the pointer that its row is about, or by default. For
/// rows that do nothing the plan does not tell which pointer that is.
fn today<'a>(view: &View<'a>, change: &Change, facts: &'a Facts) -> BTreeSet<Option<&'a str>> {
    let target = view.target(&change.address);
    let default = target.and_then(|target| target.capabilities.default_pointer.as_ref());
    let names = |pointer: &PointerName| facts.pointers.get(pointer);
    if !matches!(change.action, Action::Publish | Action::Stage) {
        let named = facts.pointers.values().chain(&facts.current);
        let all = named.map(|version| Some(version.as_str()));
        return all.chain([None]).collect();
    }
    let rows = view
        .rows
        .iter()
        .filter(|((at, _), _)| **at == change.address);
    let wanted = rows.filter_map(|((_, subject), row)| match subject {
        Subject::Pointer(pointer) if row.after.is_some() => Some(pointer),
        _ => None,
    });
    let mut named: BTreeSet<Option<&str>> = wanted
        .map(|pointer| {
            let current = names(pointer).or(facts.current.as_ref());
            let current = current.or_else(|| default.and_then(names));
            current.map(Version::as_str)
        })
        .collect();
    if named.is_empty() {
        let current = facts.current.as_ref();
        named.insert(
            current
                .or_else(|| default.and_then(names))
                .map(Version::as_str),
        );
    }
    named
}

fn pointed(
    view: &View<'_>,
    change: &Change,
    pointer: &PointerName,
    steps: &[&Step],
    facts: Option<&Facts>,
) -> (bool, bool) {
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    let now = facts.and_then(|facts| facts.pointers.get(pointer));
    let now = now.map(Version::as_str);
    let is_held = steps
        .iter()
        .all(|step| matches!(&step.effect, Effect::Unpoint { pointer: held } if held == pointer));
    match change.action {
        Action::Keep => (before == now, after == now),
        // A holding pointer that is set and taken away, or was left behind.
        Action::Point if is_held => {
            let is_set = steps.iter().any(|step| uploads(view, step, pointer));
            let before_upload = if is_set { None } else { now };
            (before == before_upload, after.is_none())
        }
        _ => (before == now, after.is_some() && all_are(steps, after)),
    }
}

/// Whether an upload of the step's version sets the pointer.
fn uploads(view: &View<'_>, at: &Step, pointer: &PointerName) -> bool {
    view.plan.steps.iter().any(|step| {
        let sets =
            matches!(&step.effect, Effect::Publish(one) if one.pointer.as_ref() == Some(pointer));
        sets && step.address == at.address && step.version == at.version
    })
}

fn yanked(
    view: &View<'_>,
    change: &Change,
    version: &Version,
    steps: &[&Step],
    found: &mut Found,
) -> (bool, bool) {
    let is_yanked = view
        .shown(&change.address, version)
        .map(|shown| shown.yanked);
    let now = is_yanked.map(|yanked| if yanked { "yanked" } else { "available" });
    let before = match change.action {
        Action::Hold => change.before.is_none(),
        _ => now.is_some() && change.before.as_deref() == now,
    };
    let wanted = if change.action == Action::Drift {
        "available"
    } else {
        "yanked"
    };
    for step in steps {
        if let Effect::Yank { reason } = &step.effect {
            let told = if reason.is_empty() {
                "the spec asks for it"
            } else {
                reason
            };
            tells(change, told, found);
        }
    }
    // What is kept is so already.
    let is_so = change.action != Action::Keep || is_yanked == Some(true);
    (before, is_so && change.after.as_deref() == Some(wanted))
}

fn deprecated(
    view: &View<'_>,
    change: &Change,
    range: &str,
    steps: &[&Step],
    facts: Option<&Facts>,
    found: &mut Found,
) -> (bool, bool) {
    if change.action == Action::Hold {
        return (change.before.is_none(), change.after.is_none());
    }
    let matched = facts.and_then(|facts| facts.ranges.get(range));
    let matched = matched.map_or(&[][..], Vec::as_slice);
    let said = |version: &Version| {
        let shown = view.shown(&change.address, version);
        shown.and_then(|shown| shown.deprecated.as_deref())
    };
    let now = matched.iter().filter_map(said).min();
    let after = change.after.as_deref();
    let without: BTreeSet<&Version> = matched
        .iter()
        .filter(|version| said(version).unwrap_or_default() != after.unwrap_or_default())
        .collect();
    let mut is_so = after.is_some();
    for step in steps {
        if let Effect::Deprecate {
            range: _,
            versions,
            message,
        } = &step.effect
        {
            is_so &= after == Some(message) && without.iter().copied().eq(versions);
            let names: Vec<&str> = versions.iter().map(Version::as_str).collect();
            let told = format!("without this message: {}", some_of(&names));
            tells(change, &told, found);
        }
    }
    let is_done = change.action != Action::Keep
        || without.is_empty()
        || matches!(view.seen(&change.address), Some(Seen::Absent));
    (change.before.as_deref() == now, is_so && is_done)
}

/// The reason of a row that withdraws something is what its step says.
fn tells(change: &Change, told: &str, found: &mut Found) {
    let is_told = matches!(change.reasons.as_slice(), [only] if only.message == told);
    found.unless(
        is_told,
        Rule::Told,
        &change.address,
        "a row gives another reason than its step",
    );
}
