//! Versions that the selection leaves out, and that are looked at because something selected needs them.
//!
//! Invariant: nothing is written for them. One that is not there yet is held in the open, and `order` holds what needs
//! it, so that a narrow selection can never publish something that nobody can install (law L7).

use relplan_model::finding::{Finding, FindingCode, Severity};

use super::{Decision, Verdict};
use crate::{index::Unit, remark::reason};

/// Takes from a decision whatever it would do.
pub(super) fn confine<'a>(
    unit: &Unit<'_>,
    mut decision: Decision<'a>,
    findings: &mut Vec<Finding>,
) -> Decision<'a> {
    decision.pointing = None;
    match decision.verdict {
        Verdict::Publish(_) => {
            let version = &unit.release.version;
            let message = format!(
                "{version} is not published, something selected needs it, and the selection leaves it out"
            );
            let hint = format!("select it as well: `-p {}`", unit.release.package.name);
            let finding = Finding::new(
                FindingCode::NotSelected,
                Severity::Warning,
                Some(&unit.address),
                &message,
            );
            findings.push(finding.hint(hint));
            decision.verdict = Verdict::Hold;
            decision.reasons.insert(0, reason("not-selected", message));
        }
        Verdict::Adopt(_) => decision.verdict = Verdict::Keep,
        Verdict::Keep | Verdict::Hold | Verdict::Drift => {}
    }
    decision
}
