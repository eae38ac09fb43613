//! What applying a plan costs at each target: names, versions, writes, bytes, and the time that rate limits demand.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, TargetName, Version},
    bundle::Artifact,
    plan::Cost,
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
    for step in steps
        .iter()
        .filter(|step| step.effect.class() != Class::Inert)
    {
        let target = &step.address.target;
        let cost = costs.entry(target).or_insert_with(|| Cost {
            target: target.clone(),
            new_names: 0,
            new_versions: 0,
            writes: 0,
            bytes: 0,
            seconds: 0,
        });
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
            let names = least(cost.new_names, target.capabilities.new_names);
            let versions = least(cost.new_versions, target.capabilities.new_versions);
            // The two limits run side by side, so the longer one decides.
            cost.seconds = names.max(versions);
        }
    }
    costs.into_values().collect()
}

/// The least time in seconds that a limit allows this many writes in.
fn least(count: u64, limit: Option<Rate>) -> u64 {
    limit.map_or(0, |Rate { burst, seconds }| {
        count.saturating_sub(burst).saturating_mul(seconds)
    })
}
