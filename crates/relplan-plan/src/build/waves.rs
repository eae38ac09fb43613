//! Edges that registries ask for, and waves: how deep in the DAG each step is, the barriers between phases included.

use std::collections::{BTreeMap, VecDeque};

use relplan_model::{
    address::Address,
    step::{Effect, Phase, Step, StepId},
};

/// Gives the steps their waves and sorts them by wave and id.
pub(super) fn arrange(mut steps: Vec<Step>) -> Vec<Step> {
    steps.sort_by(|a, b| a.id.cmp(&b.id));
    chain_flips(&mut steps);
    let mut base = 0;
    for phase in [Phase::Create, Phase::Flip, Phase::Clean] {
        let deepest = waves(&mut steps, phase, base);
        base = deepest.map_or(base, |deepest| deepest + 1);
    }
    steps.sort_by(|a, b| (a.wave, &a.id).cmp(&(b.wave, &b.id)));
    steps
}

/// Lets the flips of one address go one after another.
///
/// Why: registries keep what they flip in one document per package, and whoever writes it writes all of it; two at a
/// time would undo each other. Pointers go first, since users see those most.
fn chain_flips(steps: &mut [Step]) {
    let rank = |effect: &Effect| match effect {
        Effect::Point { .. } => 0,
        Effect::Yank { .. } => 1,
        _ => 2,
    };
    let mut flips: Vec<&mut Step> = steps
        .iter_mut()
        .filter(|step| step.phase == Phase::Flip)
        .collect();
    flips.sort_by(|a, b| {
        (&a.address, rank(&a.effect), &a.id).cmp(&(&b.address, rank(&b.effect), &b.id))
    });
    let mut before: Option<(Address, StepId)> = None;
    for step in flips {
        if let Some((address, id)) = before.take()
            && address == step.address
        {
            step.needs.push(id);
            step.needs.sort();
        }
        before = Some((step.address.clone(), step.id.clone()));
    }
}

/// Sets the waves of one phase's steps, the shallowest at `base`, and returns the deepest.
fn waves(steps: &mut [Step], phase: Phase, base: u64) -> Option<u64> {
    let places: BTreeMap<&StepId, usize> = steps
        .iter()
        .enumerate()
        .filter(|(_, step)| step.phase == phase)
        .map(|(place, step)| (&step.id, place))
        .collect();
    let mut open = vec![0_usize; steps.len()];
    let mut dependents: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    let mut ready = VecDeque::new();
    for place in places.values() {
        let needs = steps.get(*place).into_iter().flat_map(|step| &step.needs);
        let mut count = 0;
        for on in needs.filter_map(|id| places.get(id)) {
            count += 1;
            if let Some(list) = dependents.get_mut(*on) {
                list.push(*place);
            }
        }
        if count == 0 {
            ready.push_back(*place);
        } else if let Some(slot) = open.get_mut(*place) {
            *slot = count;
        }
    }
    let mut wave = vec![base; steps.len()];
    let mut deepest = None;
    // First in, first out: a step becomes ready after the deepest of those that it needs, so its wave is final then.
    while let Some(place) = ready.pop_front() {
        let own = wave.get(place).copied().unwrap_or(base);
        deepest = deepest.max(Some(own));
        if let Some(step) = steps.get_mut(place) {
            step.wave = own;
        }
        for on in dependents.get(place).into_iter().flatten() {
            if let Some(slot) = wave.get_mut(*on) {
                *slot = (*slot).max(own + 1);
            }
            if let Some(slot) = open.get_mut(*on) {
                *slot -= 1;
                if *slot == 0 {
                    ready.push_back(*on);
                }
            }
        }
    }
    deepest
}
