//! The plan itself: rows and steps from decisions, edges and waves between steps, and everything in order.
//!
//! Invariant: a plan carries only what its rows refer to, so that a package which does not matter cannot change its
//! digest.

pub(crate) mod contents;
mod steps;
mod waves;

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, TargetName},
    approval::Gate,
    bundle::Artifact,
    contents::Contents,
    finding::{Finding, FindingCode, Severity},
    observation::Observation,
    plan::{Action, Base, Change, FORMAT, Plan, Reason, Subject},
    step::{Effect, Step, StepId},
    target::Target,
};

use crate::{
    bump, cost,
    diff::{self, Decision, Verdict},
    index::Index,
    input::PlanInput,
    order, retire,
};

pub(crate) use steps::{row, step};

/// Rows and steps as they come up.
#[derive(Default)]
pub(crate) struct Draft {
    changes: Vec<Change>,
    steps: Vec<Step>,
}

impl Draft {
    /// Adds a row with the step that carries it out.
    pub(crate) fn add(&mut self, mut change: Change, step: Option<Step>) {
        if let Some(step) = step {
            change.steps.push(step.id.clone());
            self.steps.push(step);
        }
        self.changes.push(change);
    }
}

/// Makes the plan that follows from the input. Total and deterministic: see laws L1 and L2.
#[must_use]
pub fn plan(input: &PlanInput) -> Plan {
    let index = Index::new(input);
    let mut findings = input.findings.clone();
    let mut decisions: Vec<Decision<'_>> = index
        .units
        .iter()
        .map(|unit| diff::decide(&index, unit, &mut findings))
        .collect();
    let waits = order::order(&index, &mut decisions, &mut findings);
    let mut draft = Draft::default();
    for (place, (unit, decision)) in index.units.iter().zip(&decisions).enumerate() {
        steps::of_unit(&index, unit, decision, waits.get(place), &mut draft);
    }
    retire::retire(&index, &mut draft, &mut findings);
    remark(&index, &decisions, &draft, &mut findings);
    let Draft { mut changes, steps } = draft;
    changes.sort_by(|a, b| (&a.address, &a.subject).cmp(&(&b.address, &b.subject)));
    let steps = waves::arrange(steps);
    let contents = contents::of_uploads(&steps, &input.contents);
    contents::remark(&contents, &mut findings);
    findings.sort();
    findings.dedup();
    assemble(
        &index,
        &decisions,
        Parts {
            changes,
            contents,
            steps,
            findings,
        },
    )
}

/// The lists of a plan that are finished.
struct Parts {
    changes: Vec<Change>,
    contents: Vec<Contents>,
    steps: Vec<Step>,
    findings: Vec<Finding>,
}

fn assemble(index: &Index<'_>, decisions: &[Decision<'_>], parts: Parts) -> Plan {
    let Parts {
        mut changes,
        contents,
        steps,
        findings,
    } = parts;
    let input = index.input;
    let addresses: BTreeSet<Address> = changes
        .iter()
        .map(|change| change.address.clone())
        .collect();
    let observations: Vec<Observation> = addresses
        .iter()
        .filter_map(|address| index.observation(address).cloned())
        .collect();
    bump::mark(&mut changes, &observations);
    let targets: BTreeMap<_, &Target> = addresses
        .iter()
        .filter_map(|address| Some((&address.target, index.target(&address.target)?)))
        .collect();
    let artifacts = artifacts(decisions);
    let by_file = artifacts
        .iter()
        .map(|artifact| (&artifact.file, artifact))
        .collect();
    let completed = index
        .units
        .iter()
        .zip(decisions)
        .filter_map(|(unit, decision)| {
            let Verdict::Publish(upload) = &decision.verdict else {
                return None;
            };
            upload
                .incomplete
                .then_some((&unit.address, &unit.release.version))
        });
    let costs = cost::costs(&steps, &targets, &by_file, &completed.collect());
    let is_known = |step: &Step| match &step.effect {
        Effect::Publish(publish) => publish.artifact.is_some(),
        _ => true,
    };
    Plan {
        format: FORMAT.to_owned(),
        tool: input.tool.clone(),
        created: input.now,
        not_after: input
            .now
            .plus_seconds(i64::try_from(input.lifetime_seconds).unwrap_or(i64::MAX)),
        project: input.project.clone(),
        repository: input.repository.clone(),
        commit: input.commit.clone(),
        spec: input.spec,
        policy: input.policy,
        requester: input.requester.clone(),
        gates: gates(input),
        base: Base {
            store: input.store.clone(),
            ..input.state.base()
        },
        applicable: steps.iter().all(is_known),
        targets: targets.into_values().cloned().collect(),
        artifacts,
        observations,
        changes,
        contents,
        steps,
        findings,
        costs,
        selection: input.selection.clone(),
    }
}

/// The spec's gates in order, with their lists in order.
fn gates(input: &PlanInput) -> Vec<Gate> {
    let mut gates = input.gates.clone();
    for gate in &mut gates {
        gate.targets.sort();
        gate.from.sort();
    }
    gates.sort();
    gates
}

/// The artifacts that steps upload or compare, in order of file name, each once.
fn artifacts(decisions: &[Decision<'_>]) -> Vec<Artifact> {
    let used = decisions
        .iter()
        .flat_map(|decision| match &decision.verdict {
            Verdict::Publish(upload) => [upload.files.as_slice(), upload.adopt.as_slice()],
            Verdict::Adopt(files) => [files.as_slice(), &[]],
            Verdict::Keep | Verdict::Hold | Verdict::Drift => [&[][..], &[][..]],
        });
    let by_file: BTreeMap<_, &Artifact> = used
        .flatten()
        .map(|artifact| (&artifact.file, *artifact))
        .collect();
    by_file.into_values().cloned().collect()
}

/// Adds the findings that concern what is published in the end, and those that only count rows.
fn remark(
    index: &Index<'_>,
    decisions: &[Decision<'_>],
    draft: &Draft,
    findings: &mut Vec<Finding>,
) {
    let (mut unpacked, mut other_commit) = (0_u64, 0_u64);
    let mut new_names: BTreeMap<&TargetName, u64> = BTreeMap::new();
    for (unit, decision) in index.units.iter().zip(decisions) {
        let Verdict::Publish(upload) = &decision.verdict else {
            continue;
        };
        unpacked += u64::from(upload.files.is_empty());
        if upload.first {
            *new_names.entry(&unit.address.target).or_default() += 1;
        }
        let foreign = |artifact: &&&Artifact| {
            artifact.commit.is_some()
                && index.input.commit.is_some()
                && artifact.commit != index.input.commit
        };
        other_commit += u64::try_from(upload.files.iter().filter(foreign).count()).unwrap_or(0);
        let about = |code, severity, message: String| {
            Finding::new(code, severity, Some(&unit.address), message)
        };
        if let Some(artifact) = upload.files.iter().find(|artifact| artifact.dirty) {
            let message = format!("{} was packed from files that no commit has", artifact.file);
            let hint = "commit them and pack again";
            findings.push(about(FindingCode::Dirty, Severity::Warning, message).hint(hint));
        }
        let target = index.target(&unit.address.target);
        let days = target.and_then(|target| target.capabilities.completion_days);
        if let (true, Some(days)) = (upload.incomplete, days) {
            let message = format!(
                "the version has only some of its files; the registry takes no more {days} days after the first"
            );
            findings.push(about(
                FindingCode::CompletionDeadline,
                Severity::Warning,
                message,
            ));
        }
    }
    by_hand(index, &new_names, findings);
    let uncompared = draft
        .changes
        .iter()
        .filter(|change| {
            change
                .reasons
                .iter()
                .any(|reason| reason.code == "present-not-compared")
        })
        .count();
    let mut count = |code, severity, n: u64, message: &str, hint: &str| {
        if n > 0 {
            let finding =
                Finding::new(code, severity, None, message.replace("{n}", &n.to_string()));
            findings.push(finding.hint(hint));
        }
    };
    count(
        FindingCode::NotPacked,
        Severity::Note,
        unpacked,
        "bytes known after pack for {n} of the versions to be published: they are not in the bundle, so this plan cannot be applied",
        "run `relplan pack --missing`, then plan again",
    );
    count(
        FindingCode::OtherCommit,
        Severity::Warning,
        other_commit,
        "artifacts packed from another commit than the one checked out: {n}",
        "check out that commit, or pack again",
    );
    count(
        FindingCode::PresentNotCompared,
        Severity::Note,
        u64::try_from(uncompared).unwrap_or(u64::MAX),
        "versions that are there and whose bytes were not compared, for want of a packed or recorded file with a digest in common: {n}",
        "nothing has to be done; packed as well, they would be compared, and recorded if they are the same",
    );
}

/// Tells what a person has to know or do around first versions, once for each target.
fn by_hand(index: &Index<'_>, new_names: &BTreeMap<&TargetName, u64>, findings: &mut Vec<Finding>) {
    for (name, count) in new_names {
        let target = index.target(name);
        let sentences = target.map_or(&[][..], |target| &target.capabilities.first_by_hand);
        for sentence in sentences {
            let names = if *count == 1 {
                "1 new name"
            } else {
                &format!("{count} new names")
            };
            let message = format!("{name}, with {names}: {sentence}");
            findings.push(Finding::new(
                FindingCode::FirstByHand,
                Severity::Note,
                None,
                message,
            ));
        }
    }
}

/// The subject's row of a decision about a version.
fn version_row(decision: &Decision<'_>, address: &Address, version: &str) -> Change {
    let Decision {
        verdict,
        reasons,
        current,
        pointing: _,
    } = decision;
    Change {
        address: address.clone(),
        subject: Subject::Version,
        action: verdict.action(),
        before: current.as_ref().map(ToString::to_string),
        after: Some(version.to_owned()),
        bump: None,
        reasons: reasons.clone(),
        steps: Vec::new(),
    }
}

/// A row about something else than a version, still without what was and will be.
fn bare_row(address: &Address, subject: Subject, action: Action, reasons: Vec<Reason>) -> Change {
    Change {
        address: address.clone(),
        subject,
        action,
        before: None,
        after: None,
        bump: None,
        reasons,
        steps: Vec::<StepId>::new(),
    }
}
