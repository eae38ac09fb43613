//! Rules about the DAG: identity, edges, no cycles, waves.

use std::collections::BTreeMap;

use relplan_model::step::{Phase, Step, StepId};

use super::{Found, Rule, View};

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    for step in &view.plan.steps {
        let id = StepId::of(&step.address, &step.version, &step.effect);
        found.unless(
            step.id == id,
            Rule::Identity,
            &step.id,
            "its id is not that of its content",
        );
        let phase = step.effect.phase();
        found.unless(
            step.phase == phase,
            Rule::Identity,
            &step.id,
            "its phase is not its effect's",
        );
        let rises = step.needs.is_sorted_by(|a, b| a < b);
        found.unless(
            rises,
            Rule::Order,
            &step.id,
            "its needs are not in order, or twice there",
        );
        for need in &step.needs {
            match view.steps.get(need) {
                None => found.unless(
                    false,
                    Rule::Edges,
                    &step.id,
                    "it needs a step that is not there",
                ),
                Some(other) => found.unless(
                    other.phase <= step.phase,
                    Rule::Edges,
                    &step.id,
                    "it needs a step of a later phase",
                ),
            }
        }
    }
    acyclic(view, found);
    waves(view, found);
}

/// Takes away what needs nothing any more, again and again; what remains is in a cycle or needs one.
fn acyclic(view: &View<'_>, found: &mut Found) {
    let mut dependents: BTreeMap<&StepId, Vec<&Step>> = BTreeMap::new();
    let mut open: BTreeMap<&StepId, usize> = BTreeMap::new();
    let mut ready: Vec<&StepId> = Vec::new();
    for step in view.steps.values() {
        let needs = step
            .needs
            .iter()
            .filter(|need| view.steps.contains_key(need));
        let count = needs
            .map(|need| dependents.entry(need).or_default().push(step))
            .count();
        open.insert(&step.id, count);
        if count == 0 {
            ready.push(&step.id);
        }
    }
    while let Some(id) = ready.pop() {
        open.remove(id);
        for step in dependents.remove(id).unwrap_or_default() {
            if let Some(count) = open.get_mut(&step.id) {
                *count -= 1;
                if *count == 0 {
                    ready.push(&step.id);
                }
            }
        }
    }
    for id in open.keys() {
        found.unless(
            false,
            Rule::Acyclic,
            id,
            "it is in a cycle, or needs a step that is",
        );
    }
}

fn waves(view: &View<'_>, found: &mut Found) {
    let deepest_before = |phase: Phase| {
        let earlier = view
            .plan
            .steps
            .iter()
            .filter(move |step| step.phase < phase);
        earlier
            .map(|step| step.wave.saturating_add(1))
            .max()
            .unwrap_or(0)
    };
    let flip = deepest_before(Phase::Flip);
    let clean = deepest_before(Phase::Clean);
    for step in &view.plan.steps {
        let barrier = match step.phase {
            Phase::Create => 0,
            Phase::Flip => flip,
            Phase::Clean => clean,
        };
        let needs = step.needs.iter().filter_map(|need| view.steps.get(need));
        let wave = needs
            .map(|need| need.wave.saturating_add(1))
            .max()
            .unwrap_or(0)
            .max(barrier);
        found.unless(
            step.wave == wave,
            Rule::Waves,
            &step.id,
            "its wave is not one more than the deepest that it waits for",
        );
    }
}
