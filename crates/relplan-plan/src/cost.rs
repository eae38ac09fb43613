//! What applying a plan costs at each target: names, versions, writes, bytes, and the time that rate limits demand.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, TargetName, Version},
    bundle::Artifact,
    plan::{Budget, Cost, Limited},
    step::{Class, Effect, Step},
    target::{Rate, Target},
};

/// The costs of these steps, in order of target; targets that are not written to cost nothing.
///
/// `completed` are the versions of which some files are there already: they count as neither new names nor new versions.
pub(crate) fn costs(
    steps: &[Step],
    targets: &BTreeMap<&TargetName, &Target>,
    artifacts: &BTreeMap<&FileName, &Artifact>,
    completed: &BTreeSet<(&Address, &Version)>,
) -> Vec<Cost> {
    let mut costs: BTreeMap<&TargetName, Cost> = BTreeMap::new();
    let mut counted = BTreeSet::new();
    let is_costly = |step: &&Step| match step.effect {
        Effect::Await => true,
        _ => step.effect.class() != Class::Inert,
    };
    for step in steps.iter().filter(is_costly) {
        let target = &step.address.target;
        let cost = costs.entry(target).or_insert_with(|| Cost {
            target: target.clone(),
            new_names: 0,
            new_versions: 0,
            reads: 0,
            writes: 0,
            bytes: 0,
            seconds: 0,
            budgets: Vec::new(),
        });
        if matches!(step.effect, Effect::Await) {
            cost.reads += 1;
            continue;
        }
        // One look before a write, and one after it.
        cost.reads += 2;
        cost.writes += 1;
        let Effect::Publish(publish) = &step.effect else {
            continue;
        };
        let artifact = publish
            .artifact
            .as_ref()
            .and_then(|file| artifacts.get(file));
        let size = artifact.map_or(0, |artifact| artifact.size);
        cost.bytes = cost.bytes.saturating_add(size);
        let version = (&step.address, &step.version);
        if !completed.contains(&version) && counted.insert(version) {
            if publish.first {
                cost.new_names += 1;
            } else {
                cost.new_versions += 1;
            }
        }
    }
    for (name, cost) in &mut costs {
        if let Some(target) = targets.get(name) {
            let limits = [
                (
                    Limited::NewNames,
                    cost.new_names,
                    target.capabilities.new_names,
                ),
                (
                    Limited::NewVersions,
                    cost.new_versions,
                    target.capabilities.new_versions,
                ),
            ];
            cost.budgets = limits.into_iter().filter_map(budget).collect();
            // The limits run side by side, so the longest one decides.
            let longest = cost.budgets.iter().map(|budget| budget.seconds).max();
            cost.seconds = longest.unwrap_or(0);
        }
    }
    costs.into_values().collect()
}

/// How far this many writes go into a limit, where there is one and something to write.
fn budget((of, needed, limit): (Limited, u64, Option<Rate>)) -> Option<Budget> {
    let rate = limit.filter(|_| needed > 0)?;
    let Rate { burst, seconds } = rate;
    Some(Budget {
        of,
        needed,
        rate,
        seconds: needed.saturating_sub(burst).saturating_mul(seconds),
    })
}
