//! Which pointer should name a version afterwards, and how it gets there.
//!
//! A new name's first upload sets its pointer itself, since there is nothing that it could take away. A new version of
//! a known name goes under the target's holding pointer, and the real one moves when the whole set has landed (law L8).

use relplan_model::{
    address::{PointerName, Version},
    finding::{Finding, FindingCode, Severity},
    observation::Facts,
    plan::{Action, Reason},
    target::Target,
};

use crate::{
    bump,
    index::{Index, Unit},
    remark::{or_nothing, reason},
};

/// The row about a pointer, and the steps that it asks for.
pub(crate) struct Pointing {
    pub(crate) pointer: PointerName,
    pub(crate) action: Action,
    pub(crate) before: Option<Version>,
    pub(crate) reasons: Vec<Reason>,
    /// The pointer that the upload itself sets.
    pub(crate) with_upload: Option<PointerName>,
    /// Whether a step of its own moves the pointer.
    pub(crate) moves: bool,
    /// The holding pointer that is to be taken away in the end.
    pub(crate) holding: Option<PointerName>,
}

/// The pointer that should name a unit's version.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    pub(crate) name: &'a PointerName,
    /// Whether the spec names it, rather than leaving it to the target.
    explicit: bool,
}

/// The pointer that should name the unit's version; `None`: the target has no pointers.
pub(crate) fn wanted<'a>(unit: &Unit<'a>, target: &'a Target) -> Option<Wanted<'a>> {
    let default = target.capabilities.default_pointer.as_ref()?;
    let said = unit.destination.pointer.as_ref();
    Some(Wanted {
        name: said.unwrap_or(default),
        explicit: said.is_some(),
    })
}

/// Where a pointer would go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// To a later version, or one of which nothing tells that it is earlier.
    Forward,
    /// To an earlier version.
    Backward,
    /// From a release to a prerelease.
    ToPrerelease,
}

impl Way {
    fn of(facts: &Facts, from: Option<&Version>, to: &Version) -> Self {
        let Some(from) = from.filter(|from| *from != to) else {
            return Self::Forward;
        };
        if bump::is_back(facts, from, to) {
            Self::Backward
        } else if facts.prerelease.contains(to) && !facts.prerelease.contains(from) {
            Self::ToPrerelease
        } else {
            Self::Forward
        }
    }
}

/// The pointer's part of a publish. `facts` is `None` for a name that the registry does not have.
///
/// # Errors
/// The reason to hold the publish: users who name no version would be sent back, or to a prerelease, and the spec does
/// not say that this is meant.
pub(crate) fn with_publish(
    unit: &Unit<'_>,
    target: &Target,
    facts: Option<&Facts>,
    findings: &mut Vec<Finding>,
) -> Result<Option<Pointing>, Reason> {
    let Some(Wanted { name, explicit }) = wanted(unit, target) else {
        return Ok(None);
    };
    let version = &unit.release.version;
    let before = facts.and_then(|facts| facts.pointers.get(name));
    let way = facts.map_or(Way::Forward, |facts| Way::of(facts, before, version));
    if way != Way::Forward && !explicit {
        return Err(refuse(unit, way, name, before, findings));
    }
    if way == Way::Backward {
        warn_backwards(unit, name, before, findings);
    }
    if facts.is_none() {
        findings.extend(also_default(unit, target, name));
    }
    let holding = target.capabilities.holding_pointer.as_ref();
    let holding = holding.filter(|holding| facts.is_some() && *holding != name);
    let there = before == Some(version);
    let (code, message) = match (there, holding) {
        (true, _) => ("names-it", format!("{name} names {version} already")),
        (false, Some(_)) => (
            "follows-publish",
            format!("{name} moves when everything has been published"),
        ),
        (false, None) => ("set-by-publish", format!("the upload itself sets {name}")),
    };
    Ok(Some(Pointing {
        pointer: name.clone(),
        action: if there { Action::Keep } else { Action::Point },
        before: before.cloned(),
        reasons: vec![reason(code, message)],
        with_upload: Some(holding.unwrap_or(name).clone()),
        moves: holding.is_some() && !there,
        holding: holding.cloned(),
    }))
}

/// Registries with pointers let their default one name the first version of a name, whatever else is asked for.
fn also_default(unit: &Unit<'_>, target: &Target, name: &PointerName) -> Option<Finding> {
    let default = target.capabilities.default_pointer.as_ref();
    let default = default.filter(|default| *default != name)?;
    let message = format!(
        "this is the first version of a new name: the registry sets {default} to {} as well as {name}",
        unit.release.version
    );
    let finding = Finding::new(
        FindingCode::FirstSetsDefault,
        Severity::Note,
        Some(&unit.address),
        message,
    );
    Some(finding.hint(format!(
        "once there is a version for everybody, publish it with {default}: that moves it"
    )))
}

fn refuse(
    unit: &Unit<'_>,
    way: Way,
    name: &PointerName,
    before: Option<&Version>,
    findings: &mut Vec<Finding>,
) -> Reason {
    let (version, before) = (&unit.release.version, or_nothing(before));
    let (code, message, hint) = if way == Way::ToPrerelease {
        (
            FindingCode::PrereleaseNeedsPointer,
            format!("{version} is a prerelease, and {name} names the release {before}"),
            "give the destination a pointer of its own, such as `dist-tag=\"next\"`".to_owned(),
        )
    } else {
        (
            FindingCode::WouldMoveBackward,
            format!("{name} names {before}, which is later than {version}"),
            format!(
                "say which pointer it gets, such as `dist-tag=\"maintenance\"`, or `dist-tag=\"{name}\"` to move back"
            ),
        )
    };
    findings.push(Finding::new(code, Severity::Error, Some(&unit.address), &message).hint(hint));
    reason(code.word(), message)
}

fn warn_backwards(
    unit: &Unit<'_>,
    name: &PointerName,
    before: Option<&Version>,
    findings: &mut Vec<Finding>,
) {
    findings.push(Finding::new(
        bump::MOVES_BACKWARD,
        Severity::Warning,
        Some(&unit.address),
        format!(
            "{name} moves back from {} to {}",
            or_nothing(before),
            unit.release.version
        ),
    ));
}

/// The pointer's row for a version that is there already.
pub(crate) fn of_present(
    index: &Index<'_>,
    unit: &Unit<'_>,
    target: &Target,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) -> Option<Pointing> {
    let Wanted { name, explicit } = wanted(unit, target)?;
    let (state, address, version) = (&index.input.state, &unit.address, &unit.release.version);
    let before = facts.pointers.get(name);
    let way = Way::of(facts, before, version);
    let is_ours = index
        .recorded(address, version)
        .is_some_and(|recorded| !recorded.adopted);
    let now = or_nothing(before);
    let (action, why) = if before == Some(version) {
        (
            Action::Keep,
            reason("names-it", format!("{name} names {version}")),
        )
    } else if state.pointer(address, name) == Some(version) {
        drifted(index, unit, name, before, findings)
    } else if is_ours && (explicit || way == Way::Forward) {
        (
            Action::Point,
            reason(
                "not-pointed-yet",
                format!("we published {version}, and {name} still names {now}"),
            ),
        )
    } else if let Some(recorded) = moved(index, unit, name, before) {
        let message = format!("{name} is recorded as naming {recorded}, and now it names {now}");
        findings.push(
            Finding::new(
                FindingCode::DriftPointer,
                Severity::Warning,
                Some(address),
                &message,
            )
            .hint("find out who moved it; `relplan adopt` records it if that is in order"),
        );
        (Action::Keep, reason("moved", message))
    } else {
        let (message, hint) = if way == Way::Backward {
            (
                format!("{name} names {now}, which is later than {version}, and is left there"),
                "nothing to do if that is meant; else look whether this checkout is out of date",
            )
        } else {
            (
                format!("{name} names {now}, and is left there"),
                "publish a new version, or move the pointer by hand",
            )
        };
        findings.push(
            Finding::new(
                FindingCode::PointerElsewhere,
                Severity::Note,
                Some(address),
                &message,
            )
            .hint(hint),
        );
        (Action::Keep, reason("pointer-elsewhere", message))
    };
    let moves = action == Action::Point;
    if moves && way == Way::Backward {
        warn_backwards(unit, name, before, findings);
    }
    Some(Pointing {
        pointer: name.clone(),
        action,
        before: before.cloned(),
        reasons: vec![why],
        with_upload: None,
        moves,
        holding: left_behind(target, facts, version, name).filter(|_| is_ours),
    })
}

/// What the pointer is recorded as naming, where that is another version than the desired one and than it names now.
fn moved<'s>(
    index: &Index<'s>,
    unit: &Unit<'_>,
    name: &PointerName,
    before: Option<&Version>,
) -> Option<&'s Version> {
    let recorded = index.input.state.pointer(&unit.address, name)?;
    (before != Some(recorded)).then_some(recorded)
}

/// Somebody moved the pointer away from where we put it.
fn drifted(
    index: &Index<'_>,
    unit: &Unit<'_>,
    name: &PointerName,
    before: Option<&Version>,
    findings: &mut Vec<Finding>,
) -> (Action, Reason) {
    let (now, version) = (or_nothing(before), &unit.release.version);
    let adopted = index
        .recorded(&unit.address, version)
        .is_some_and(|recorded| recorded.adopted);
    let message = if adopted {
        format!("{name} named {version} when that was adopted, and now it names {now}")
    } else {
        format!("we made {name} name {version}, and now it names {now}")
    };
    if index.input.correct_drift {
        return (Action::Point, reason("correct-drift", message));
    }
    findings.push(
        Finding::new(
            FindingCode::DriftPointer,
            Severity::Warning,
            Some(&unit.address),
            &message,
        )
        .hint("run `relplan plan --correct-drift` to move it back, if that is what you want"),
    );
    (Action::Drift, reason("moved", message))
}

/// The holding pointer, if an earlier plan that was given up left it on the version.
fn left_behind(
    target: &Target,
    facts: &Facts,
    version: &Version,
    wanted: &PointerName,
) -> Option<PointerName> {
    let holding = target.capabilities.holding_pointer.as_ref()?;
    (holding != wanted && facts.pointers.get(holding) == Some(version)).then(|| holding.clone())
}
