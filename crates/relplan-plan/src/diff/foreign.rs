//! Versions that somebody else published where we have published before.

use std::collections::BTreeSet;

use relplan_model::{
    finding::{Finding, FindingCode, Severity},
    observation::Facts,
};

use crate::index::{Index, Unit};

/// Tells of versions that users get, by default or by a pointer, and that are not in our records, though other versions
/// of this address are. Whoever published one had the credential.
pub(super) fn warn_of_foreign(
    index: &Index<'_>,
    unit: &Unit<'_>,
    facts: &Facts,
    findings: &mut Vec<Finding>,
) {
    let Some(recorded) = index.input.state.releases.get(&unit.address) else {
        return;
    };
    let holding = index
        .target(&unit.address.target)
        .and_then(|target| target.capabilities.holding_pointer.as_ref());
    let pointed = facts
        .pointers
        .iter()
        .filter(|(pointer, _)| Some(*pointer) != holding)
        .map(|(_, version)| version);
    let shown: BTreeSet<_> = pointed.chain(facts.current.as_ref()).collect();
    for version in shown {
        if *version == unit.release.version || recorded.contains_key(version) {
            continue;
        }
        let pointers: Vec<&str> = facts
            .pointers
            .iter()
            .filter(|(_, named)| *named == version)
            .map(|(pointer, _)| pointer.as_str())
            .collect();
        let how = if pointers.is_empty() {
            "users get it who name no version".to_owned()
        } else {
            format!("{} names it", pointers.join(", "))
        };
        let message = format!("{version} is there, {how}, and we did not publish it");
        let hint = "find out who did; `relplan adopt` records it if that is in order";
        findings.push(
            Finding::new(
                FindingCode::DriftVersion,
                Severity::Warning,
                Some(&unit.address),
                message,
            )
            .hint(hint),
        );
    }
}
