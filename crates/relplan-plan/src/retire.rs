//! What is to be withdrawn: versions to yank, ranges to deprecate, and yanks that nobody here asked for.

mod deprecations;
mod yanks;

use relplan_model::{
    address::Address,
    finding::{Finding, FindingCode, Severity},
    observation::{Facts, Seen},
    plan::{Action, Change, Subject},
    target::Target,
};

use crate::{
    build::{Draft, row},
    index::Index,
    remark::reason,
};

/// Adds all rows and steps about yanks and deprecations.
pub(crate) fn retire(index: &Index<'_>, draft: &mut Draft, findings: &mut Vec<Finding>) {
    let yanks = index.yanks();
    for ((address, version), (release, yank)) in &yanks {
        let (change, step) = yanks::yanked(index, address, version, (release, yank), findings);
        draft.add(change, step);
    }
    for (address, ranges) in index.deprecations() {
        for (change, step) in deprecations::deprecated(index, &address, &ranges, findings) {
            draft.add(change, step);
        }
    }
    for unit in &index.units {
        if !yanks.contains_key(&(unit.address.clone(), &unit.release.version))
            && let Some(change) = yanks::yanked_by_others(index, unit, findings)
        {
            draft.add(change, None);
        }
    }
}

/// Holds a row about withdrawing something, with a finding in the same words.
struct Refusal {
    code: FindingCode,
    severity: Severity,
    message: String,
    hint: &'static str,
}

impl Refusal {
    fn error(code: FindingCode, message: impl Into<String>, hint: &'static str) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            hint,
        }
    }

    fn row(self, address: &Address, subject: Subject, findings: &mut Vec<Finding>) -> Change {
        let finding = Finding::new(self.code, self.severity, Some(address), &self.message);
        findings.push(finding.hint(self.hint));
        row(
            address,
            subject,
            Action::Hold,
            reason(self.code.word(), self.message),
        )
    }
}

/// The facts about a package that something shall be withdrawn of, or why it cannot be.
fn facts<'s>(
    index: &Index<'_>,
    address: &Address,
    seen: &'s Seen,
    can: fn(&Target) -> bool,
    verb: &str,
) -> Result<Option<&'s Facts>, Refusal> {
    let Some(target) = index.target(&address.target) else {
        let hint = "see the findings about the target itself";
        return Err(Refusal::error(
            FindingCode::NoTarget,
            "its target could not be described",
            hint,
        ));
    };
    if !can(target) {
        return Err(Refusal {
            code: FindingCode::ByHand,
            severity: Severity::Warning,
            message: format!("relplan cannot {verb} at this target"),
            hint: "a person must do it at the registry; remove it from the spec when it is done",
        });
    }
    match seen {
        Seen::Unknown { reason } => Err(Refusal::error(
            FindingCode::Unknown,
            format!("could not be looked up: {reason}"),
            "run `relplan plan` again when the registry answers",
        )),
        Seen::Absent => Ok(None),
        Seen::Present(facts) => Ok(Some(facts)),
    }
}
