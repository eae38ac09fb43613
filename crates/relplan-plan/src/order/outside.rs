//! What a package needs and this plan does not bring: it is at the target already, or nobody could install the package.

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::Address,
    finding::{Finding, FindingCode, Severity},
    observation::Seen,
    release::Dependency,
};

use super::{hold as hold_one, is_hard, publishes};
use crate::{diff::Decision, index::Index};

/// The requirement as a range that a target can be asked about; `None`: any version will do, or it is no range.
pub(crate) fn range(dependency: &Dependency) -> Option<&str> {
    let Dependency {
        on, requirement, ..
    } = dependency;
    let ecosystem = Ecosystem::of(&on.ecosystem)?;
    let is_range = ecosystem.admits(requirement, "1.0.0").is_some();
    (is_range && !requirement.is_empty()).then_some(requirement.as_str())
}

/// Holds what is to be published and needs something that its target does not have.
pub(super) fn hold(index: &Index<'_>, decisions: &mut [Decision<'_>], findings: &mut Vec<Finding>) {
    for (place, unit) in index.units.iter().enumerate() {
        if !publishes(decisions, place) {
            continue;
        }
        let hard = unit.release.outside.iter().filter(|one| is_hard(one.kind));
        for dependency in hard {
            let Some((code, message, hint)) = missing(index, &unit.address, dependency) else {
                continue;
            };
            let finding = Finding::new(code, Severity::Error, Some(&unit.address), &message);
            findings.push(finding.hint(hint));
            hold_one(decisions, place, code.word(), message);
        }
    }
}

/// Why a dependency cannot be had at the target of what needs it.
fn missing(
    index: &Index<'_>,
    unit: &Address,
    dependency: &Dependency,
) -> Option<(FindingCode, String, &'static str)> {
    let name = &dependency.on.name;
    let address = Address::new(unit.target.clone(), name.clone());
    let seen = index.seen(&address);
    let wanted = range(dependency);
    let what = match wanted {
        Some(range) => format!("{name} {range}"),
        None => name.to_string(),
    };
    match seen.as_ref() {
        Seen::Absent => Some((
            FindingCode::DependencyAbsent,
            format!(
                "it needs {what}, and {} has no package of that name",
                unit.target
            ),
            "publish one that fits first, or do without it",
        )),
        Seen::Unknown { reason } => Some((
            FindingCode::Unknown,
            format!("it needs {what}, which could not be looked up: {reason}"),
            "plan again when the registry answers",
        )),
        Seen::Present(facts) => {
            let wanted = wanted?;
            // A target that cannot tell which versions a range takes in answers nothing about it.
            let fitting = facts.ranges.get(wanted)?;
            fitting.is_empty().then(|| {
                (
                    FindingCode::DependencyAbsent,
                    format!(
                        "it needs {what}, and no version of it at {} fits",
                        unit.target
                    ),
                    "change the requirement to a version that is there, or to the project's own",
                )
            })
        }
    }
}
