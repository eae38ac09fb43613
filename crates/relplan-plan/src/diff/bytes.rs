//! The files of one version: those packed, those observed and those recorded.

use relplan_model::{
    address::{Address, FileName, Version},
    bundle::Artifact,
    digest::{self, Digests},
    finding::{Finding, Severity},
    observation::VersionFacts,
    plan::Reason,
    state::Recorded,
    target::Target,
};

use crate::{
    index::Unit,
    remark::{apart, reason, some_of},
};

/// Whether a version is one file at this target, so that the file's name says nothing.
///
/// Why: a target that takes one kind of file keeps it under a name of its own making; one that takes several keeps the
/// names that it was given.
pub(super) fn holds_one_file(target: &Target) -> bool {
    target.capabilities.accepts.len() == 1
}

/// How the files of one version compare.
pub(super) struct Comparison<'a> {
    /// Packed and observed with other digests.
    different: Vec<(&'a Artifact, Digests)>,
    /// Recorded and observed with other digests: the file, what is recorded, what was observed.
    changed: Vec<(FileName, Digests, Digests)>,
    /// Recorded and no longer there.
    pub(super) vanished: Vec<FileName>,
    /// Packed and observed, without a digest in common that proves anything.
    pub(super) incomparable: Vec<&'a Artifact>,
    /// Packed and not there.
    pub(super) missing: Vec<&'a Artifact>,
    /// Packed and there.
    pub(super) same: Vec<&'a Artifact>,
    /// Those of `same` that are not recorded.
    pub(super) unrecorded: Vec<&'a Artifact>,
    /// Whether files are recorded, and all of them are there with the same bytes.
    pub(super) as_recorded: bool,
    /// Observed, and neither packed nor recorded, though something is recorded.
    extra: Vec<FileName>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        target: &Target,
        files: &[&'a Artifact],
        shown: &VersionFacts,
        recorded: Option<&Recorded>,
    ) -> Self {
        let one = holds_one_file(target);
        let mut comparison = Self {
            different: Vec::new(),
            changed: Vec::new(),
            vanished: Vec::new(),
            incomparable: Vec::new(),
            missing: Vec::new(),
            same: Vec::new(),
            unrecorded: Vec::new(),
            as_recorded: false,
            extra: Vec::new(),
        };
        comparison.with_record(one, shown, recorded);
        for artifact in files {
            comparison.with_packed(one, artifact, shown, recorded);
        }
        let is_known = |name: &FileName| {
            files.iter().any(|artifact| artifact.file == *name)
                || recorded.is_none_or(|recorded| recorded.files.contains_key(name))
        };
        if !one && recorded.is_some_and(|recorded| !recorded.files.is_empty()) {
            let unknown = shown.files.keys().filter(|name| !is_known(name));
            comparison.extra = unknown.cloned().collect();
        }
        comparison
    }

    fn with_record(&mut self, one: bool, shown: &VersionFacts, recorded: Option<&Recorded>) {
        let Some(recorded) = recorded else { return };
        self.as_recorded = !recorded.files.is_empty();
        for (name, known) in &recorded.files {
            let Some(theirs) = shown_as(one, name, shown) else {
                self.as_recorded = false;
                // A version of one file without a readable file is there, but cannot be compared.
                if !one {
                    self.vanished.push(name.clone());
                }
                continue;
            };
            match known.compare(theirs) {
                digest::Comparison::Same => {}
                digest::Comparison::Incomparable => self.as_recorded = false,
                digest::Comparison::Different => {
                    self.as_recorded = false;
                    let row = (name.clone(), known.clone(), theirs.clone());
                    self.changed.push(row);
                }
            }
        }
    }

    fn with_packed(
        &mut self,
        one: bool,
        artifact: &'a Artifact,
        shown: &VersionFacts,
        recorded: Option<&Recorded>,
    ) {
        let Some(theirs) = shown_as(one, &artifact.file, shown) else {
            // Law L6: nothing is uploaded over a version that is there.
            let list = if one {
                &mut self.incomparable
            } else {
                &mut self.missing
            };
            return list.push(artifact);
        };
        match artifact.digests.compare(theirs) {
            digest::Comparison::Different => self.different.push((artifact, theirs.clone())),
            digest::Comparison::Incomparable => self.incomparable.push(artifact),
            digest::Comparison::Same => {
                self.same.push(artifact);
                let is_recorded = recorded.is_some_and(|recorded| {
                    recorded.files.contains_key(&artifact.file)
                        || (one && !recorded.files.is_empty())
                });
                if !is_recorded {
                    self.unrecorded.push(artifact);
                }
            }
        }
    }

    /// The reasons to hold, if any bytes are other than they should be (law L6).
    pub(super) fn conflict(
        &self,
        unit: &Unit<'_>,
        findings: &mut Vec<Finding>,
    ) -> Option<Vec<Reason>> {
        let mut reasons = Vec::new();
        for (artifact, theirs) in &self.different {
            let (ours, theirs) = apart(&artifact.digests, theirs);
            let file = &artifact.file;
            let (why, hint) = if self.as_recorded {
                (
                    "it was packed again with other bytes: the registry has what was published then",
                    "give the package a new version if its source changed; else plan without the package, or pack only the others: some packers write the commit into the file",
                )
            } else if self.changed.is_empty() {
                (
                    "this version was published without being recorded here",
                    "release another version; or, if this one is to stay as it is there, plan without the package",
                )
            } else {
                (
                    "the registry has neither these bytes nor those that are recorded",
                    "treat the registry's copy as hostile until you know who replaced it",
                )
            };
            let message = format!("{file} is {ours} here and {theirs} at the registry; {why}");
            conflict(&unit.address, &message, hint, findings);
            reasons.push(reason("other-bytes", message));
        }
        for changed in &self.changed {
            let message = tampering(changed);
            conflict(&unit.address, &message, TAMPERED, findings);
            reasons.push(reason("changed-since-recorded", message));
        }
        (!reasons.is_empty()).then_some(reasons)
    }

    pub(super) fn warn_of_extra_files(&self, unit: &Unit<'_>, findings: &mut Vec<Finding>) {
        if self.extra.is_empty() {
            return;
        }
        let message = format!(
            "version {} has files at the registry that we neither packed nor recorded: {}",
            unit.release.version,
            some_of(&self.extra)
        );
        findings.push(
            Finding::new(
                "drift-extra-file",
                Severity::Warning,
                Some(&unit.address),
                message,
            )
            .hint("find out who uploaded them"),
        );
    }
}

const TAMPERED: &str = "treat the registry's copy as hostile until you know who replaced it";

fn conflict(address: &Address, message: &str, hint: &str, findings: &mut Vec<Finding>) {
    let finding = Finding::new("conflict", Severity::Error, Some(address), message);
    findings.push(finding.hint(hint));
}

fn tampering((file, known, theirs): &(FileName, Digests, Digests)) -> String {
    let (known, theirs) = apart(known, theirs);
    format!("{file} is recorded as {known}, and the registry now has {theirs}")
}

/// Compares a version that is not in question here with what is recorded of it.
pub(super) fn warn_of_tampering(
    one: bool,
    (address, version): (&Address, &Version),
    recorded: &Recorded,
    shown: &VersionFacts,
    findings: &mut Vec<Finding>,
) {
    for (name, known) in &recorded.files {
        let Some(theirs) = shown_as(one, name, shown) else {
            continue;
        };
        if known.compare(theirs) == digest::Comparison::Different {
            let row = (name.clone(), known.clone(), theirs.clone());
            let message = format!("version {version}: {}", tampering(&row));
            conflict(address, &message, TAMPERED, findings);
        }
    }
}

/// The digests shown for a file: by its name, or of the only file where a version is one file under any name.
fn shown_as<'f>(one: bool, name: &FileName, shown: &'f VersionFacts) -> Option<&'f Digests> {
    let by_name = shown.files.get(name);
    let only = || {
        let mut files = shown.files.values();
        files.next().filter(|_| one && files.next().is_none())
    };
    by_name.or_else(only).map(|file| &file.digests)
}
