//! The outside world: one folder per kind of target, each with observing and publishing, over shared HTTP.
//!
//! ```text
//! settings + surroundings ──build──▶ driver ──observe──▶ registry's read side
//!                                       └────perform──▶ registry's write side (with a credential)
//! ```
//!
//! This crate never knows plan order, policy, approvals, the state file or the terminal. It reads no environment
//! variable and no folder that [`surroundings::Surroundings`] does not name, and it runs no code of the repository.

pub mod artifact;
pub mod cargo;
pub mod contents;
pub mod credential;
pub mod directory;
mod grade;
pub mod http;
pub mod npm;
mod packed;
pub mod published;
pub mod pypi;
#[doc(hidden)]
pub mod readers;
pub mod surroundings;
pub mod vocabulary;
#[cfg(test)]
mod wrong_answers;

use relplan_model::{
    address::TargetName,
    finding::{Finding, Severity},
    port::Publish,
    settings::Settings,
};

pub use crate::{grade::grade, vocabulary::vocabulary};
use crate::{http::Net, surroundings::Surroundings};

/// Builds the driver of one target.
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
    match kind {
        "cargo" => cargo::build(name, settings, surroundings, net),
        "directory" => directory::build(name, settings, surroundings, net),
        "npm" => npm::build(name, settings, surroundings, net),
        "pypi" => pypi::build(name, settings, surroundings, net),
        _ => Err(Finding::new(
            "target-kind",
            Severity::Error,
            None,
            format!("the target {name} is of the kind {kind:?}, which this relplan does not know"),
        )
        .hint(format!(
            "the kinds are {}",
            vocabulary().keys().copied().collect::<Vec<_>>().join(", ")
        ))),
    }
}
