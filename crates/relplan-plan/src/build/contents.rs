//! What is inside the artifacts that are uploaded, and the loud words about it.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName},
    contents::{Basis, Contents, Notable},
    finding::{Finding, FindingCode, Severity},
    step::{Effect, Step},
};

/// The contents of what the steps upload, in order of address and file, each once.
pub(super) fn of_uploads(steps: &[Step], given: &[Contents]) -> Vec<Contents> {
    let uploads: BTreeSet<(&Address, &FileName)> = steps
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => Some((&step.address, publish.artifact.as_ref()?)),
            _ => None,
        })
        .collect();
    let mut kept: BTreeMap<(&Address, &FileName), Contents> = BTreeMap::new();
    for contents in given {
        let key = (&contents.address, &contents.file);
        if !uploads.contains(&key) {
            continue;
        }
        match kept.get_mut(&key) {
            Some(other) if *other != *contents => {
                *other = unknown(contents, "it was compared twice, with different results");
            }
            Some(_) => {}
            None => {
                kept.insert(key, contents.clone());
            }
        }
    }
    kept.into_values().collect()
}

fn unknown(contents: &Contents, reason: &str) -> Contents {
    Contents {
        address: contents.address.clone(),
        file: contents.file.clone(),
        basis: Basis::Unknown {
            reason: reason.to_owned(),
        },
        entries: Vec::new(),
        omitted: 0,
        unchanged: 0,
        notable: Vec::new(),
        notable_omitted: 0,
    }
}

/// Tells of code that newly runs on users' machines, and of what newly comes with a package.
pub(crate) fn remark(contents: &[Contents], findings: &mut Vec<Finding>) {
    for one in contents {
        let live = match &one.basis {
            Basis::Published { version, .. } => Some(version),
            Basis::Nothing => None,
            Basis::Unknown { reason } => {
                let message = format!("{} could not be compared: {reason}", one.file);
                let note = Finding::new(
                    FindingCode::NotCompared,
                    Severity::Note,
                    Some(&one.address),
                    message,
                );
                // Whoever compared may have said the same, and more loudly.
                let said = |other: &Finding| {
                    (&other.code, &other.address, &other.message)
                        == (&note.code, &note.address, &note.message)
                };
                if !findings.iter().any(said) {
                    findings.push(note);
                }
                None
            }
        };
        for notable in &one.notable {
            let (code, message) = match (notable, live) {
                (Notable::Script { after: None, .. }, _)
                | (Notable::Dependency { after: None, .. }, _)
                | (Notable::Dependency { .. }, None) => continue,
                (
                    Notable::Script {
                        name,
                        before: None,
                        after: Some(after),
                    },
                    Some(live),
                ) => (
                    FindingCode::NewScript,
                    format!(
                        "runs a new script on users' machines, which {live} did not have: {name}: {after}"
                    ),
                ),
                (
                    Notable::Script {
                        name,
                        before: Some(before),
                        after: Some(after),
                    },
                    Some(_),
                ) => (
                    FindingCode::ChangedScript,
                    format!(
                        "the script {name} that runs on users' machines was {before:?} and becomes {after:?}"
                    ),
                ),
                (
                    Notable::Script {
                        name,
                        after: Some(after),
                        ..
                    },
                    None,
                ) => (
                    FindingCode::InstallScript,
                    format!("runs a script on users' machines: {name}: {after}"),
                ),
                (
                    Notable::Dependency {
                        name,
                        section,
                        before: None,
                        after: Some(after),
                    },
                    Some(live),
                ) => (
                    FindingCode::NewDependency,
                    format!(
                        "brings a dependency that {live} did not have: {name} {after} ({section})"
                    ),
                ),
                (
                    Notable::Dependency {
                        before: Some(_), ..
                    },
                    Some(_),
                ) => continue,
            };
            findings.push(Finding::new(
                code,
                Severity::Warning,
                Some(&one.address),
                message,
            ));
        }
        if one.notable_omitted > 0 {
            let message = format!(
                "{} has {} more scripts and dependencies that differ than a plan lists",
                one.file, one.notable_omitted
            );
            findings.push(Finding::new(
                FindingCode::ManyNotable,
                Severity::Warning,
                Some(&one.address),
                message,
            ));
        }
    }
}
