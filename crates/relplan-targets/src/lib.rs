//! The outside world: one folder per kind of target, each with observing and publishing, over shared HTTP.
//!
//! ```text
//! settings + surroundings ──kinds──▶ guard ─▶ driver ──observe──▶ registry's read side
//!                                                └─────perform──▶ registry's write side (with a credential)
//! ```
//!
//! This crate never knows plan order, policy, approvals, the state file or the terminal. It reads no environment
//! variable and no folder that [`surroundings::Surroundings`] does not name, and it runs no code of the repository.

pub mod artifact;
pub mod contents;
pub mod credential;
pub mod driver;
mod grade;
mod guard;
pub mod http;
mod kind;
pub mod kinds;
mod packed;
pub mod published;
#[doc(hidden)]
pub mod readers;
pub mod surroundings;
#[cfg(test)]
mod wrong_answers;

use relplan_model::{
    address::TargetName,
    finding::{Finding, FindingCode, Severity},
    port::Publish,
    settings::Settings,
};

pub use crate::{grade::grade, kinds::vocabulary};
use crate::{guard::Guarded, http::Net, kinds::KINDS, surroundings::Surroundings};

/// Builds the driver of one target, with what holds for all kinds around it.
///
/// # Errors
/// A finding when the kind is not known, the settings name a variable that they may not, or the driver cannot make sense
/// of its settings or of the client's configuration around it.
pub fn build(
    name: &TargetName,
    kind: &str,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Publish>, Finding> {
    credential::check_names(name, settings, surroundings)?;
    let Some(kind) = KINDS.into_iter().find(|known| known.name == kind) else {
        let message =
            format!("the target {name} is of the kind {kind:?}, which this relplan does not know");
        let known = KINDS.map(|kind| kind.name).join(", ");
        return Err(
            Finding::new(FindingCode::TargetKind, Severity::Error, None, message)
                .hint(format!("the kinds are {known}")),
        );
    };
    let driver = (kind.build)(name, settings, surroundings, net)?;
    Ok(Box::new(Guarded::new(name, settings, kind, driver)))
}
