//! A version that is there: kept, adopted or completed if the bytes are the same, and held if they are not.

use relplan_model::{
    bundle::Artifact,
    finding::{Finding, FindingCode, Severity},
    observation::{Facts, VersionFacts},
    target::Target,
};

use super::{
    Decision, Upload, Verdict,
    bytes::{self, Comparison},
    publish, vanished,
};
use crate::{
    index::{Index, Unit},
    pointer, query,
    remark::{reason, some_of},
};

/// The version is there.
pub(super) fn present<'a>(
    index: &Index<'a>,
    unit: &Unit<'a>,
    target: &'a Target,
    (facts, version): (&Facts, &VersionFacts),
    files: Vec<&'a Artifact>,
    findings: &mut Vec<Finding>,
) -> Decision<'a> {
    let recorded = index.recorded(&unit.address, &unit.release.version);
    let comparison = Comparison::new(target, &unit.release.package, &files, version, recorded);
    if let Some(reasons) = comparison.conflict(unit, findings) {
        return Decision {
            verdict: Verdict::Hold,
            reasons,
            current: None,
            pointing: None,
        };
    }
    if let Some(file) = comparison.vanished.first() {
        return vanished(unit, findings, &format!("the file {file}"));
    }
    if let Some(artifact) = comparison.incomparable.first() {
        let message = format!(
            "the registry shows no digest of {} that proves which bytes it has",
            artifact.file
        );
        let hint = "compare the files by hand; release another version if they differ";
        return Decision::hold(unit, findings, FindingCode::CannotCompare, &message, hint);
    }
    comparison.warn_of_extra_files(unit, findings);
    let Comparison {
        missing,
        unrecorded,
        same,
        as_recorded,
        ..
    } = comparison;
    if !missing.is_empty() {
        let names: Vec<_> = missing
            .iter()
            .map(|artifact| artifact.file.as_str())
            .collect();
        let why = reason(
            "incomplete",
            format!("the registry lacks {}", some_of(&names)),
        );
        let upload = Upload {
            one_of_many: files.len() > 1,
            files: missing,
            first: false,
            incomplete: true,
            adopt: unrecorded,
        };
        return publish(unit, target, Some(facts), findings, upload, why);
    }
    let (verdict, code, message) = if !unrecorded.is_empty() {
        (
            Verdict::Adopt(unrecorded),
            "same-bytes",
            "it is there with the same bytes, and not recorded",
        )
    } else if !same.is_empty() {
        (
            Verdict::Keep,
            "same-bytes",
            "it is there with the same bytes",
        )
    } else if as_recorded {
        (
            Verdict::Keep,
            "as-recorded",
            "it is there with the bytes that are recorded",
        )
    } else {
        (
            Verdict::Keep,
            "present-not-compared",
            "it is there, and there was nothing to compare its bytes with",
        )
    };
    let mut decision = Decision::plain(verdict, code, message);
    decision.pointing = pointer::of_present(index, unit, target, facts, findings);
    decision
}

/// Looks for tampering with the other versions that we made users get.
pub(super) fn compare_pointed_at(
    index: &Index<'_>,
    unit: &Unit<'_>,
    target: &Target,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) {
    let kept = (bytes::holds_one_file(target), &unit.release.package);
    let address = &unit.address;
    for version in query::pointed_at(&index.input.state, address) {
        let Some(recorded) = index.recorded(address, version) else {
            continue;
        };
        if *version == unit.release.version {
            continue;
        }
        match facts.versions.get(version) {
            None => findings.push(Finding::new(
                FindingCode::DriftDeleted,
                Severity::Warning,
                Some(address),
                format!(
                    "version {version} is recorded as published, and the registry no longer has it"
                ),
            )),
            Some(shown) => {
                bytes::warn_of_tampering(kept, (address, version), recorded, shown, findings)
            }
        }
    }
}
