//! Targets of the kind `npm`.

use relplan_model::{
    address::TargetName,
    finding::{Finding, Severity},
    port::Publish,
    settings::{KindWords, Settings},
};

use crate::{http::Net, surroundings::Surroundings};

/// The words of this kind.
#[must_use]
pub fn words() -> KindWords {
    KindWords::default()
}

/// Builds the driver.
///
/// # Errors
/// A finding when the settings or the client's configuration make no sense.
pub fn build(
    name: &TargetName,
    _settings: &Settings,
    _surroundings: &Surroundings,
    _net: &Net,
) -> Result<Box<dyn Publish>, Finding> {
    Err(Finding::new(
        "target-kind",
        Severity::Error,
        None,
        format!("{name} has no driver"),
    ))
}
