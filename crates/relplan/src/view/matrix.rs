//! A plan as a matrix of GitHub Actions: one job for each target that has something to do.
//!
//! The form is GitHub's own (`strategy.matrix` takes it through `fromJSON`): each member of `include` is one job, and its
//! members are what the job reads as `matrix.target` and so on.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{address::TargetName, plan::Plan};
use serde::Serialize;

#[derive(Serialize)]
struct Matrix<'p> {
    include: Vec<Job<'p>>,
}

#[derive(Serialize)]
struct Job<'p> {
    target: &'p TargetName,
    /// The registry's kind, such as `npm`: what decides which tools and permissions a job needs.
    kind: &'p str,
    steps: usize,
    packages: usize,
}

/// Renders it as one line, in order of the targets' names; `include` is empty if there is nothing to do.
pub fn render(plan: &Plan) -> String {
    let mut steps: BTreeMap<&TargetName, (usize, BTreeSet<&str>)> = BTreeMap::new();
    for step in &plan.steps {
        let (count, packages) = steps.entry(&step.address.target).or_default();
        *count += 1;
        packages.insert(step.address.package.as_str());
    }
    let job = |(target, (steps, packages)): (_, (usize, BTreeSet<&str>))| Job {
        target,
        kind: plan
            .targets
            .iter()
            .find(|one| one.name == *target)
            .map_or("", |one| one.kind.as_str()),
        steps,
        packages: packages.len(),
    };
    let matrix = Matrix {
        include: steps.into_iter().map(job).collect(),
    };
    // Names, words and numbers: there is nothing in it that JSON could not say.
    serde_json::to_string(&matrix).unwrap_or_default()
}
