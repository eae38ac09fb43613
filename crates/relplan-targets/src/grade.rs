//! A target's gate grade, as this machine can tell it (law L15).

use relplan_model::target::GateGrade;

/// The grade of every target, from evidence. None is gathered yet that a credential is out of the reach of whoever edits
/// the repository's CI, so it is the lowest, whatever a plan claims.
#[must_use]
pub fn grade() -> GateGrade {
    GateGrade::Open
}
