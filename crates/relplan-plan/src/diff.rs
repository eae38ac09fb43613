//! What is to be done about one version at one address: desired, observed and recorded laid side by side.
//!
//! Each address is judged by itself here; what follows from dependencies is `order`'s part.
//!
//! Invariant: only a proven absence becomes a publish (law L5), and a file that is there is kept or adopted only when a
//! digest that proves sameness agrees (law L6).

mod absent;
pub(crate) mod adoption;
mod bytes;
mod foreign;
mod left_out;
mod present;

use relplan_ecosystem::takes_slot;
use relplan_model::{
    address::Version,
    bundle::Artifact,
    finding::{Finding, FindingCode, Severity},
    observation::{Facts, Seen},
    plan::{Action, Reason},
    target::Target,
};

use crate::{
    index::{Index, Unit},
    pointer::{self, Pointing},
    remark::{reason, some_of},
};
use absent::absent;
use foreign::warn_of_foreign;
use present::{compare_pointed_at, present};

/// The outcome for one unit.
pub(crate) struct Decision<'a> {
    pub(crate) verdict: Verdict<'a>,
    pub(crate) reasons: Vec<Reason>,
    /// What is there today.
    pub(crate) current: Option<Version>,
    /// The row about the pointer, where the target has pointers and there is something to say.
    pub(crate) pointing: Option<Pointing>,
}

/// What is done about the version.
pub(crate) enum Verdict<'a> {
    Publish(Upload<'a>),
    /// These files are there with the same bytes and are not recorded.
    Adopt(Vec<&'a Artifact>),
    Keep,
    Hold,
    Drift,
}

impl Verdict<'_> {
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Publish(_) => Action::Publish,
            Self::Adopt(_) => Action::Adopt,
            Self::Keep => Action::Keep,
            Self::Hold => Action::Hold,
            Self::Drift => Action::Drift,
        }
    }
}

/// What is uploaded.
pub(crate) struct Upload<'a> {
    /// The files, in order; empty: known after pack.
    pub(crate) files: Vec<&'a Artifact>,
    /// Whether the version has more files than one, those that are there already included.
    pub(crate) one_of_many: bool,
    /// Whether the registry has no package of this name.
    pub(crate) first: bool,
    /// Whether some files of the version are there already.
    pub(crate) incomplete: bool,
    /// Files that are there already with the same bytes and are not recorded.
    pub(crate) adopt: Vec<&'a Artifact>,
}

impl<'a> Decision<'a> {
    fn plain(verdict: Verdict<'a>, code: &str, message: impl Into<String>) -> Self {
        Self {
            verdict,
            reasons: vec![reason(code, message)],
            current: None,
            pointing: None,
        }
    }

    /// Holds, with an error of the same code and words.
    fn hold(
        unit: &Unit<'_>,
        findings: &mut Vec<Finding>,
        code: FindingCode,
        message: &str,
        hint: &str,
    ) -> Self {
        let finding = Finding::new(code, Severity::Error, Some(&unit.address), message);
        findings.push(finding.hint(hint));
        Self::plain(Verdict::Hold, code.word(), message)
    }
}

/// Judges one unit; what the selection leaves out is never written to.
pub(crate) fn decide<'a>(
    index: &Index<'a>,
    unit: &Unit<'a>,
    findings: &mut Vec<Finding>,
) -> Decision<'a> {
    if unit.destination.selected {
        return judge(index, unit, findings);
    }
    let mut remarks = Vec::new();
    let decision = judge(index, unit, &mut remarks);
    // Notes on what is not part of the release concern nobody here.
    remarks.retain(|remark| remark.severity != Severity::Note);
    findings.append(&mut remarks);
    left_out::confine(unit, decision, findings)
}

fn judge<'a>(index: &Index<'a>, unit: &Unit<'a>, findings: &mut Vec<Finding>) -> Decision<'a> {
    let Some(target) = index.target(&unit.destination.target) else {
        return Decision::hold(
            unit,
            findings,
            FindingCode::NoTarget,
            "its target could not be described",
            "see the findings about the target itself",
        );
    };
    if let Some(refusal) = refuse(index, unit, target, findings) {
        return refusal;
    }
    let seen = index.seen(&unit.address);
    let accepted = accepted(index, unit, target);
    match seen.as_ref() {
        Seen::Unknown { reason } => Decision::hold(
            unit,
            findings,
            FindingCode::Unknown,
            &format!("could not be looked up: {reason}"),
            "run `relplan plan` again when the registry answers",
        ),
        Seen::Absent => absent(index, unit, target, None, accepted, findings),
        Seen::Present(facts) => {
            compare_pointed_at(index, unit, target, facts, findings);
            warn_of_foreign(index, unit, facts, findings);
            let there = facts.versions.get(&unit.release.version);
            let mut decision = match (there, in_its_slot(unit, facts)) {
                (None, Some(other)) => slot_taken(unit, other, findings),
                (None, None) => absent(index, unit, target, Some(facts), accepted, findings),
                (Some(version), _) => {
                    present(index, unit, target, (facts, version), accepted, findings)
                }
            };
            decision.current = current(unit, target, facts);
            decision
        }
    }
}

/// A version that is there and that the registry takes for the desired one.
fn in_its_slot<'f>(unit: &Unit<'_>, facts: &'f Facts) -> Option<&'f Version> {
    let (package, version) = (&unit.release.package, &unit.release.version);
    if facts.versions.contains_key(version) {
        return None;
    }
    let mut there = facts.versions.keys();
    there.find(|there| takes_slot(&package.ecosystem, there, version))
}

/// Law L6: a registry that has such a version refuses this one, and its users get the other.
fn slot_taken<'a>(unit: &Unit<'_>, there: &Version, findings: &mut Vec<Finding>) -> Decision<'a> {
    let message = format!(
        "the registry has {there}, and {} differs from it in build metadata alone: registries take the two for one version",
        unit.release.version
    );
    let finding = Finding::new(
        FindingCode::Conflict,
        Severity::Error,
        Some(&unit.address),
        &message,
    );
    findings.push(finding.hint("release a version whose numbers are new"));
    Decision::plain(Verdict::Hold, "slot-taken", message)
}

/// What is there today: the version itself if it is, else the one that users get who name none.
fn current(unit: &Unit<'_>, target: &Target, facts: &Facts) -> Option<Version> {
    let version = &unit.release.version;
    if facts.versions.contains_key(version) {
        return Some(version.clone());
    }
    let default = target.capabilities.default_pointer.as_ref();
    let wanted = pointer::wanted(unit, target).map(|wanted| wanted.name);
    let named = |pointer| facts.pointers.get(pointer);
    let current = wanted.and_then(named).or(facts.current.as_ref());
    current.or_else(|| default.and_then(named)).cloned()
}

/// What stands in the way whatever the registry says.
fn refuse<'a>(
    index: &Index<'a>,
    unit: &Unit<'a>,
    target: &'a Target,
    findings: &mut Vec<Finding>,
) -> Option<Decision<'a>> {
    let mut hold =
        |code, message: &str, hint| Some(Decision::hold(unit, findings, code, message, hint));
    let capabilities = &target.capabilities;
    if unit.contested {
        return hold(
            FindingCode::SameAddress,
            "the spec sends more than one thing to this address",
            "send each package to a target once, and packages of one name to different targets",
        );
    }
    if !capabilities
        .digests
        .iter()
        .any(|digest| digest.proves_sameness())
    {
        return hold(
            FindingCode::NoDigest,
            "the target shows no digest that proves which bytes it has",
            "a target of another kind is needed here",
        );
    }
    if unit.destination.pointer.is_some() && capabilities.default_pointer.is_none() {
        return hold(
            FindingCode::NoPointers,
            "the spec names a pointer, and the target has none",
            "remove the pointer from this destination",
        );
    }
    let files = accepted(index, unit, target);
    if let Some(file) = files
        .iter()
        .find(|artifact| index.is_packed_twice(&artifact.file))
    {
        let message = format!("the bundle has {} twice with different contents", file.file);
        return hold(
            FindingCode::SameFile,
            &message,
            "pack again into an empty folder",
        );
    }
    if bytes::holds_one_file(target) && files.len() > 1 {
        let names: Vec<_> = files
            .iter()
            .map(|artifact| artifact.file.as_str())
            .collect();
        let message = format!(
            "the target takes one file for each version, and the bundle has several: {}",
            some_of(&names)
        );
        return hold(
            FindingCode::SeveralFiles,
            &message,
            "pack again into an empty folder",
        );
    }
    None
}

/// The artifacts of the unit's version that its target takes.
fn accepted<'a>(index: &Index<'a>, unit: &Unit<'a>, target: &Target) -> Vec<&'a Artifact> {
    let takes = |artifact: &&&Artifact| target.capabilities.accepts.contains(&artifact.kind);
    index
        .packed(unit.release)
        .iter()
        .filter(takes)
        .copied()
        .collect()
}

/// Decides to publish, unless the pointer that would go with it may not move.
fn publish<'a>(
    unit: &Unit<'a>,
    target: &'a Target,
    facts: Option<&Facts>,
    findings: &mut Vec<Finding>,
    upload: Upload<'a>,
    why: Reason,
) -> Decision<'a> {
    match pointer::with_publish(unit, target, facts, findings) {
        Ok(pointing) => Decision {
            verdict: Verdict::Publish(upload),
            reasons: vec![why],
            current: None,
            pointing,
        },
        Err(refusal) => Decision {
            verdict: Verdict::Hold,
            reasons: vec![refusal, why],
            current: None,
            pointing: None,
        },
    }
}

/// What we recorded as published is proven to be gone.
fn vanished<'a>(unit: &Unit<'_>, findings: &mut Vec<Finding>, what: &str) -> Decision<'a> {
    let message = format!("{what} is recorded as published, and the registry no longer has it");
    let finding = Finding::new(
        FindingCode::DriftDeleted,
        Severity::Error,
        Some(&unit.address),
        &message,
    );
    findings.push(finding.hint(
        "find out who removed it; release another version, or `relplan state forget` it to publish again",
    ));
    Decision::plain(Verdict::Drift, "deleted", message)
}
