//! Whether targets and credentials here and now are those that the plan was made for.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::join_all;
use relplan_model::{
    address::TargetName,
    finding::{Finding, Severity},
    port::Drivers,
    step::{Class, Step},
    target::Target,
};

use super::Denied;
use crate::index::Index;

/// Compares each target's description of now with the plan's: an upload may go nowhere that was not reviewed (L14).
pub(super) async fn check_targets(
    index: &Index<'_>,
    steps: &[&Step],
    drivers: &dyn Drivers,
) -> Result<(), Denied> {
    let names: BTreeSet<&TargetName> = steps.iter().map(|step| &step.address.target).collect();
    let answers = join_all(names.into_iter().map(|name| async move {
        match drivers.driver(name) {
            Some(driver) => (name, Some(driver.describe().await)),
            None => (name, None),
        }
    }))
    .await;
    let (mut other, mut unknown) = (Vec::new(), Vec::new());
    for (name, answer) in answers {
        match answer {
            None => other.push(Finding::new(
                "target",
                Severity::Error,
                None,
                format!("the plan writes to the target {name}, which is not configured here"),
            )),
            Some(Err(finding)) => unknown.push(finding),
            Some(Ok(found)) => other.extend(
                index
                    .target(name)
                    .and_then(|planned| difference(planned, &found)),
            ),
        }
    }
    if !other.is_empty() {
        return Err(Denied::Targets { findings: other });
    }
    if !unknown.is_empty() {
        return Err(Denied::Undescribed { findings: unknown });
    }
    Ok(())
}

/// Where the endpoint was configured may differ between machines; where it leads may not.
fn difference(planned: &Target, found: &Target) -> Option<Finding> {
    let (then, now) = (endpoints(planned), endpoints(found));
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
    Some(Finding::new("endpoint", Severity::Error, None, message).hint(hint))
}

fn endpoints(target: &Target) -> BTreeSet<(&str, &str)> {
    target
        .endpoints
        .iter()
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
    let findings: Vec<Finding> = answers.into_iter().filter_map(Result::err).collect();
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Denied::Credentials { findings })
    }
}
