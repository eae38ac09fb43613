//! The files of one version: those packed, those observed and those recorded.

use relplan_ecosystem::{file_entry, same_file};
use relplan_model::{
    address::{Address, FileName, PackageId, Version},
    bundle::Artifact,
    digest::{self, Digests},
    finding::{Finding, FindingCode, Severity},
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
    /// Packed and observed with other digests: the artifact, the registry's name of it, what was observed.
    different: Vec<(&'a Artifact, Option<FileName>, Digests)>,
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
        package: &PackageId,
        files: &[&'a Artifact],
        shown: &VersionFacts,
        recorded: Option<&Recorded>,
    ) -> Self {
        let one = holds_one_file(target);
        let shown = &Shown {
            package,
            one,
            shown,
        };
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
        comparison.with_record(shown, recorded);
        for artifact in files {
            comparison.with_packed(artifact, shown, recorded);
        }
        if let Some(recorded) = recorded.filter(|recorded| !one && !recorded.files.is_empty()) {
            let is_known = |name: &FileName| {
                let same = |artifact: &&Artifact| {
                    same_file(package, artifact.file.as_str(), name.as_str())
                };
                files.iter().any(same) || file_entry(package, &recorded.files, name).is_some()
            };
            let unknown = shown.shown.files.keys().filter(|name| !is_known(name));
            comparison.extra = unknown.cloned().collect();
        }
        comparison
    }

    fn with_record(&mut self, shown: &Shown<'_>, recorded: Option<&Recorded>) {
        let Some(recorded) = recorded else { return };
        self.as_recorded = !recorded.files.is_empty();
        for (name, known) in &recorded.files {
            let Some((_, theirs)) = shown.find(name) else {
                self.as_recorded = false;
                // A version of one file without a readable file is there, but cannot be compared.
                if !shown.one {
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
        artifact: &'a Artifact,
        shown: &Shown<'_>,
        recorded: Option<&Recorded>,
    ) {
        let Some((name, theirs)) = shown.find(&artifact.file) else {
            // Law L6: nothing is uploaded over a version that is there.
            let list = if shown.one {
                &mut self.incomparable
            } else {
                &mut self.missing
            };
            return list.push(artifact);
        };
        match artifact.digests.compare(theirs) {
            digest::Comparison::Different => {
                let other = (!shown.one && *name != artifact.file).then(|| name.clone());
                self.different.push((artifact, other, theirs.clone()));
            }
            digest::Comparison::Incomparable => self.incomparable.push(artifact),
            digest::Comparison::Same => {
                self.same.push(artifact);
                let is_recorded = recorded.is_some_and(|recorded| {
                    file_entry(shown.package, &recorded.files, &artifact.file).is_some()
                        || (shown.one && !recorded.files.is_empty())
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
        for (artifact, name, theirs) in &self.different {
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
            let spelled = name.as_ref().map(|name| format!(", as {name}"));
            let spelled = spelled.unwrap_or_default();
            let message =
                format!("{file} is {ours} here and {theirs} at the registry{spelled}; {why}");
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
                FindingCode::DriftExtraFile,
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
    let finding = Finding::new(
        FindingCode::Conflict,
        Severity::Error,
        Some(address),
        message,
    );
    findings.push(finding.hint(hint));
}

fn tampering((file, known, theirs): &(FileName, Digests, Digests)) -> String {
    let (known, theirs) = apart(known, theirs);
    format!("{file} is recorded as {known}, and the registry now has {theirs}")
}

/// Compares a version that is not in question here with what is recorded of it.
pub(super) fn warn_of_tampering(
    (one, package): (bool, &PackageId),
    (address, version): (&Address, &Version),
    recorded: &Recorded,
    shown: &VersionFacts,
    findings: &mut Vec<Finding>,
) {
    let shown = Shown {
        package,
        one,
        shown,
    };
    for (name, known) in &recorded.files {
        let Some((_, theirs)) = shown.find(name) else {
            continue;
        };
        if known.compare(theirs) == digest::Comparison::Different {
            let row = (name.clone(), known.clone(), theirs.clone());
            let message = format!("version {version}: {}", tampering(&row));
            conflict(address, &message, TAMPERED, findings);
        }
    }
}

/// What a registry shows of a version.
struct Shown<'f> {
    package: &'f PackageId,
    /// Whether a version is one file under any name.
    one: bool,
    shown: &'f VersionFacts,
}

impl<'f> Shown<'f> {
    /// The registry's name of a file and its digests: by the name, however that is spelled, or of the only file.
    fn find(&self, name: &FileName) -> Option<(&'f FileName, &'f Digests)> {
        let files = &self.shown.files;
        let only = || {
            let mut all = files.iter();
            all.next().filter(|_| self.one && all.next().is_none())
        };
        let found = file_entry(self.package, files, name).or_else(only);
        found.map(|(name, file)| (name, &file.digests))
    }
}
