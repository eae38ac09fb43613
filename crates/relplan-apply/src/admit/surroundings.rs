//! Whether targets and credentials here and now are those that the plan was made for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use relplan_model::{
    address::{PackageName, PointerName, TargetName},
    finding::{Finding, FindingCode, Severity},
    port::Drivers,
    step::{Class, Step},
    target::{Capabilities, Target},
};

use super::Denied;
use crate::index::Index;

/// Compares each target's description of now with the plan's: an upload may go nowhere that was not reviewed (L14).
pub(super) async fn check_targets(
    index: &Index<'_>,
    steps: &[&Step],
    drivers: &dyn Drivers,
) -> Result<(), Denied> {
    let mut packages: BTreeMap<&TargetName, BTreeSet<&PackageName>> = BTreeMap::new();
    for step in steps {
        packages
            .entry(&step.address.target)
            .or_default()
            .insert(&step.address.package);
    }
    let answers = join_all(packages.keys().map(|name| async move {
        let name: &TargetName = name;
        match drivers.driver(name) {
            Some(driver) => (name, Some(driver.describe().await)),
            None => (name, None),
        }
    }))
    .await;
    let (mut other, mut unknown, mut claimed) = (Vec::new(), Vec::new(), Vec::new());
    for (name, answer) in answers {
        match answer {
            None => other.push(Finding::new(
                FindingCode::Target,
                Severity::Error,
                None,
                format!("the plan writes to the target {name}, which is not configured here"),
            )),
            Some(Err(finding)) => unknown.push(finding),
            Some(Ok(found)) => {
                if let (Some(planned), Some(packages)) = (index.target(name), packages.get(name)) {
                    other.extend(difference(planned, &found, packages));
                    other.extend(other_abilities(planned, &found));
                    claimed.extend(better_grade(planned, &found));
                }
            }
        }
    }
    if !other.is_empty() {
        return Err(Denied::Targets { findings: other });
    }
    if !unknown.is_empty() {
        return Err(Denied::Undescribed { findings: unknown });
    }
    if !claimed.is_empty() {
        return Err(Denied::Grades { findings: claimed });
    }
    Ok(())
}

/// Where the endpoint was configured may differ between machines; where it leads may not. What is configured for
/// other packages than these is of no concern.
fn difference(
    planned: &Target,
    found: &Target,
    packages: &BTreeSet<&PackageName>,
) -> Option<Finding> {
    let (then, now) = (endpoints(planned, packages), endpoints(found, packages));
    if then == now && planned.kind == found.kind {
        return None;
    }
    let message = format!(
        "the target {} is {} here, and the plan was made for {}",
        planned.name,
        shown(found),
        shown(planned),
    );
    let hint = "configure it as the plan says, or make a new plan here";
    Some(Finding::new(FindingCode::Endpoint, Severity::Error, None, message).hint(hint))
}

/// What the plan was made by is what the driver can do: its steps were checked against the plan's own word on that, and
/// a forged word would turn the pointer that users follow into one that is taken away (law L8). Limits and remarks for
/// people decide nothing about steps, and may differ.
fn other_abilities(planned: &Target, found: &Target) -> Vec<Finding> {
    let then = abilities(&planned.capabilities);
    let now = abilities(&found.capabilities);
    let differs = then.into_iter().zip(now).filter(|(then, now)| then != now);
    differs
        .map(|((what, then), (_, now))| {
            let message = format!(
                "the plan says of the target {}, {what}: {then}; here it is: {now}",
                planned.name
            );
            let hint = "do not trust this plan; make a new one here, and have that approved";
            Finding::new(FindingCode::Capabilities, Severity::Error, None, message).hint(hint)
        })
        .collect()
}

/// What a plan's steps follow from, each with its name and in words.
fn abilities(capabilities: &Capabilities) -> [(&'static str, String); 6] {
    let Capabilities {
        accepts,
        digests,
        yank,
        deprecate,
        default_pointer,
        holding_pointer,
        new_names: _,
        new_versions: _,
        first_by_hand: _,
        completion_days: _,
    } = capabilities;
    let listed = |names: Vec<String>| names.join(", ");
    let can = |can: bool| if can { "yes" } else { "no" }.to_owned();
    let named = |pointer: &Option<PointerName>| {
        let name = pointer.as_ref().map(ToString::to_string);
        name.unwrap_or_else(|| "none".to_owned())
    };
    [
        ("the kinds of artifacts", listed(accepts.clone())),
        (
            "the digests",
            listed(
                digests
                    .iter()
                    .map(|one| format!("{one:?}").to_lowercase())
                    .collect(),
            ),
        ),
        ("yanks", can(*yank)),
        ("deprecations", can(*deprecate)),
        ("the default pointer", named(default_pointer)),
        ("the holding pointer", named(holding_pointer)),
    ]
}

/// Whoever approved the plan was shown its grade, so it must be no better than what this machine can tell (law L15).
fn better_grade(planned: &Target, found: &Target) -> Option<Finding> {
    if planned.grade <= found.grade {
        return None;
    }
    let message = format!(
        "the plan says that the target {} is {}, and here it is {}",
        planned.name, planned.grade, found.grade
    );
    let hint = "do not trust this plan; make a new one here, and have that approved";
    Some(Finding::new(FindingCode::Grade, Severity::Error, None, message).hint(hint))
}

fn endpoints<'t>(
    target: &'t Target,
    packages: &BTreeSet<&PackageName>,
) -> BTreeSet<(&'t str, &'t str)> {
    target
        .endpoints
        .iter()
        .filter(|endpoint| packages.iter().any(|package| endpoint.concerns(package)))
        .map(|endpoint| (endpoint.role.as_str(), endpoint.url.as_str()))
        .collect()
}

fn shown(target: &Target) -> String {
    let endpoints: Vec<String> = target
        .endpoints
        .iter()
        .map(|endpoint| {
            format!(
                "{} {} (from {})",
                endpoint.role, endpoint.url, endpoint.source
            )
        })
        .collect();
    format!("{} at {}", target.kind, endpoints.join(", "))
}

/// Asks each driver whether it has what it takes for the steps that are left.
pub(super) async fn check_credentials(
    steps: &[&Step],
    drivers: &dyn Drivers,
) -> Result<(), Denied> {
    let mut by_target: BTreeMap<&TargetName, Vec<&Step>> = BTreeMap::new();
    for step in steps {
        if step.effect.class() != Class::Inert {
            by_target
                .entry(&step.address.target)
                .or_default()
                .push(step);
        }
    }
    let answers = join_all(by_target.iter().filter_map(|(name, steps)| {
        let driver = drivers.driver(name)?;
        Some(driver.preflight(steps))
    }))
    .await;
    let (mut credentials, mut unknown, mut unusable) = (Vec::new(), Vec::new(), Vec::new());
    for finding in answers.into_iter().filter_map(Result::err) {
        match FindingCode::of(&finding.code) {
            Some(FindingCode::Credential) => credentials.push(finding),
            Some(FindingCode::Unreachable) => unknown.push(finding),
            _ => unusable.push(finding),
        }
    }
    // The surest no comes first: what is not known may be known a minute later.
    if !credentials.is_empty() {
        return Err(Denied::Credentials {
            findings: credentials,
        });
    }
    if !unusable.is_empty() {
        return Err(Denied::Unusable { findings: unusable });
    }
    if !unknown.is_empty() {
        return Err(Denied::Undescribed { findings: unknown });
    }
    Ok(())
}
