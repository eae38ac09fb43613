//! A second look at a finished plan, by rules of its own.
//!
//! It knows what a plan may be, and nothing of how one is made: it reads the plan alone, so it can be run on a plan that
//! came from elsewhere, and a mistake of the planner is not repeated here. A violation is a defect of relplan or a
//! forged plan, never a mistake of the user; no plan with one may be shown for approval or applied.
//!
//! Why: plans are what people sign. "Nobody wrote the wrong thing" is worth checking twice.

mod contents;
mod document;
mod effects;
mod graph;
mod pointers;
mod resolvable;
mod rows;
mod told;

use std::{collections::BTreeMap, fmt};

use relplan_ecosystem::file_entry;
use relplan_model::{
    address::{Address, FileName, TargetName, Version},
    bundle::Artifact,
    observation::{Facts, FileFacts, Observation, Seen, VersionFacts},
    plan::{Change, Plan, Subject},
    step::{Step, StepId},
    target::Target,
    text,
};

/// A rule that every plan keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// The plan is of the known format, and made on a state that can be.
    Document,
    /// It ends after it begins.
    Lifetime,
    /// Lists are in order, and nothing is in them twice.
    Order,
    /// A step's id and phase follow from its content.
    Identity,
    /// Needed steps exist, in the same phase or an earlier one.
    Edges,
    /// No step needs itself, by whatever way.
    Acyclic,
    /// A step's wave is one more than the deepest that it waits for, barriers between phases included.
    Waves,
    /// Whatever a step or row refers to is in the plan, and nothing else is.
    References,
    /// Nothing is decided about what could not be looked up (law L5).
    Unknown,
    /// Nothing is uploaded over what is there (law L6).
    Overwrite,
    /// What is uploaded or adopted is of the step's package, version and target, with the bytes that were compared.
    Artifact,
    /// A plan is applicable exactly if the bytes of all its uploads are known.
    Applicable,
    /// Every upload is waited for, and nothing goes before what it depends on is resolvable (law L7).
    Resolvable,
    /// Pointers move last, from where they are, to what is there by then (law L8).
    Pointers,
    /// Only what is there and can be withdrawn is withdrawn.
    Withdrawal,
    /// Rows have reasons, and steps exactly if their action asks for some; a row tells of each step.
    Rows,
    /// What a row tells of before, after and why is what was observed and what its steps do.
    Told,
    /// Costs count the plan's steps.
    Costs,
    /// The contents of artifacts are told within limits, and with what they were compared.
    Contents,
    /// Kinds, roles and codes are words, and where an endpoint comes from is one line that can be read.
    Words,
    /// What the contents of artifacts and pointers that move back give reason to remark is among the findings.
    Findings,
}

/// One breach of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// Where: a step, a row's address, or a part of the plan.
    pub place: String,
    /// What is wrong there.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rule,
            place,
            problem,
        } = self;
        write!(f, "{place}: {problem} (rule {rule:?})")
    }
}

/// Everything that is wrong with a plan, in order; empty for a plan that may be shown and applied.
#[must_use]
pub fn check(plan: &Plan) -> Vec<Violation> {
    let view = View::new(plan);
    let mut found = Found(Vec::new());
    document::check(&view, &mut found);
    contents::check(&view, &mut found);
    graph::check(&view, &mut found);
    effects::check(&view, &mut found);
    rows::check(&view, &mut found);
    found.0.sort();
    found.0.dedup();
    found.0
}

/// The violations so far.
struct Found(Vec<Violation>);

impl Found {
    /// Adds a violation unless the rule is kept.
    fn unless(&mut self, kept: bool, rule: Rule, place: impl fmt::Display, problem: &str) {
        if !kept {
            self.0.push(Violation {
                rule,
                // A step's id may be any text here, and this ends up in a message.
                place: text::line(&place.to_string()),
                problem: problem.to_owned(),
            });
        }
    }
}

/// The plan, looked up by name.
struct View<'a> {
    plan: &'a Plan,
    steps: BTreeMap<&'a StepId, &'a Step>,
    targets: BTreeMap<&'a TargetName, &'a Target>,
    artifacts: BTreeMap<&'a FileName, &'a Artifact>,
    observations: BTreeMap<&'a Address, &'a Observation>,
    rows: BTreeMap<(&'a Address, &'a Subject), &'a Change>,
}

impl<'a> View<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            steps: plan.steps.iter().map(|step| (&step.id, step)).collect(),
            targets: plan
                .targets
                .iter()
                .map(|target| (&target.name, target))
                .collect(),
            artifacts: plan
                .artifacts
                .iter()
                .map(|artifact| (&artifact.file, artifact))
                .collect(),
            observations: plan
                .observations
                .iter()
                .map(|one| (&one.address, one))
                .collect(),
            rows: plan
                .changes
                .iter()
                .map(|row| ((&row.address, &row.subject), row))
                .collect(),
        }
    }

    fn target(&self, address: &Address) -> Option<&'a Target> {
        self.targets.get(&address.target).copied()
    }

    fn seen(&self, address: &Address) -> Option<&'a Seen> {
        self.observations
            .get(address)
            .map(|observation| &observation.seen)
    }

    fn facts(&self, address: &Address) -> Option<&'a Facts> {
        match self.seen(address)? {
            Seen::Present(facts) => Some(facts),
            Seen::Absent | Seen::Unknown { .. } => None,
        }
    }

    fn shown(&self, address: &Address, version: &Version) -> Option<&'a VersionFacts> {
        self.facts(address)?.versions.get(version)
    }

    /// What is shown of an artifact's file, however its name is spelled there.
    fn shown_file(&self, shown: &'a VersionFacts, file: &FileName) -> Option<&'a FileFacts> {
        let artifact = self.artifacts.get(file)?;
        let found = file_entry(&artifact.package, &shown.files, file);
        found.map(|(_, file)| file)
    }

    /// Whether the registry's answer about the address is known, one way or the other.
    fn is_known(&self, address: &Address) -> bool {
        matches!(self.seen(address), Some(Seen::Present(_) | Seen::Absent))
    }
}
