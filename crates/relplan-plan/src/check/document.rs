//! Rules about the plan as a document: format, lifetime, base, order of lists, and what it carries along.

use std::collections::BTreeSet;

use relplan_model::{
    address::{Address, FileName},
    digest::Sha256,
    plan::{Base, FORMAT},
    step::{Class, Effect},
};

use super::{Found, Rule, View};

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    found.unless(
        plan.format == FORMAT,
        Rule::Document,
        "format",
        "it is not this format",
    );
    found.unless(
        plan.not_after > plan.created,
        Rule::Lifetime,
        "not-after",
        "the plan ends before it begins",
    );
    let Base {
        lineage,
        serial,
        head,
    } = &plan.base;
    let is_new = *serial == 0 && *head == Sha256::ZERO;
    let has_entries = *head != Sha256::ZERO;
    found.unless(
        if lineage.is_none() {
            is_new
        } else {
            has_entries
        },
        Rule::Document,
        "base",
        "a state without lineage has no entries, and one with a lineage has",
    );
    order(view, found);
    carried(view, found);
    costs(view, found);
}

fn rising<T: Ord>(items: impl IntoIterator<Item = T>) -> bool {
    items.into_iter().is_sorted_by(|a, b| a < b)
}

fn order(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    let lists = [
        ("targets", rising(plan.targets.iter().map(|one| &one.name))),
        (
            "artifacts",
            rising(plan.artifacts.iter().map(|one| &one.file)),
        ),
        (
            "observations",
            rising(plan.observations.iter().map(|one| &one.address)),
        ),
        (
            "changes",
            rising(plan.changes.iter().map(|one| (&one.address, &one.subject))),
        ),
        (
            "steps",
            rising(plan.steps.iter().map(|one| (one.wave, &one.id))),
        ),
        ("findings", rising(&plan.findings)),
        ("costs", rising(plan.costs.iter().map(|one| &one.target))),
    ];
    for (list, rises) in lists {
        found.unless(
            rises,
            Rule::Order,
            list,
            "it is not in order, or has something twice",
        );
    }
    found.unless(
        view.steps.len() == plan.steps.len(),
        Rule::Order,
        "steps",
        "two steps have one id",
    );
}

/// What the plan carries along is what its rows and steps refer to.
fn carried(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    let addresses: BTreeSet<&Address> = plan.changes.iter().map(|one| &one.address).collect();
    let targets: BTreeSet<_> = addresses.iter().map(|address| &address.target).collect();
    for observation in &plan.observations {
        let is_used = addresses.contains(&observation.address);
        found.unless(
            is_used,
            Rule::References,
            &observation.address,
            "it is observed without a row",
        );
    }
    for target in &plan.targets {
        let is_used = targets.contains(&target.name);
        found.unless(
            is_used,
            Rule::References,
            &target.name,
            "the target is not used",
        );
    }
    let used: BTreeSet<&FileName> = plan
        .steps
        .iter()
        .flat_map(|step| match &step.effect {
            Effect::Publish(publish) => publish.artifact.as_slice(),
            Effect::Adopt { files, .. } => files,
            _ => &[],
        })
        .collect();
    for artifact in &plan.artifacts {
        let is_used = used.contains(&artifact.file);
        found.unless(
            is_used,
            Rule::References,
            &artifact.file,
            "the artifact is not used",
        );
    }
}

fn costs(view: &View<'_>, found: &mut Found) {
    let plan = view.plan;
    let mut written = BTreeSet::new();
    let effects = plan
        .steps
        .iter()
        .filter(|step| step.effect.class() != Class::Inert);
    for step in effects.clone() {
        written.insert(&step.address.target);
    }
    for cost in &plan.costs {
        let here = effects
            .clone()
            .filter(|step| step.address.target == cost.target);
        let mut bytes = 0;
        let mut writes = 0;
        for step in here {
            writes += 1;
            if let Effect::Publish(publish) = &step.effect {
                let artifact = publish
                    .artifact
                    .as_ref()
                    .and_then(|file| view.artifacts.get(file));
                bytes += artifact.map_or(0, |artifact| artifact.size);
            }
        }
        let adds_up = cost.writes == writes && cost.bytes == bytes;
        found.unless(
            adds_up,
            Rule::Costs,
            &cost.target,
            "its costs do not add up",
        );
        written.remove(&cost.target);
    }
    for target in written {
        found.unless(
            false,
            Rule::Costs,
            target,
            "it is written to, and no costs are told",
        );
    }
}
