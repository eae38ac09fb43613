//! Rules about order, as far as the plan alone can tell it: nothing goes before what it depends on (law L7).

use std::collections::BTreeSet;

use relplan_model::{
    address::Address,
    finding::FindingCode,
    plan::{Action, Subject},
    step::{Publish, Step, StepId},
};

use super::{
    Found, Rule, View,
    effects::{Creates, holds_one_file},
};

/// Law L7, as far as the plan alone can tell: whoever names a sibling that is published as well waits for it, unless
/// the plan says that a cycle was broken or that a soft dependency is held.
pub(super) fn resolvable(view: &View<'_>, creates: &Creates<'_>, found: &mut Found) {
    let said = |code: FindingCode| -> BTreeSet<&Address> {
        let findings = view
            .plan
            .findings
            .iter()
            .filter(|finding| finding.code == code);
        findings
            .filter_map(|finding| finding.address.as_ref())
            .collect()
    };
    let broken = said(FindingCode::CycleBroken);
    let lenient = said(FindingCode::DependencyHeld);
    let held: BTreeSet<&Address> = view
        .plan
        .changes
        .iter()
        .filter(|change| change.subject == Subject::Version)
        .filter(|change| matches!(change.action, Action::Hold | Action::Drift))
        .map(|change| &change.address)
        .collect();
    for (at, uploads) in &creates.publishes {
        let is_awaited = creates.awaits.contains_key(at);
        found.unless(
            is_awaited,
            Rule::Resolvable,
            at.0,
            "nobody waits for its upload",
        );
        let several = uploads.len() > 1;
        let takes_one = view.target(at.0).is_some_and(holds_one_file);
        found.unless(
            !(several && takes_one),
            Rule::Overwrite,
            at.0,
            "one upload would go over another",
        );
        for (step, publish) in uploads {
            let needs = with_own(step, uploads);
            for sibling in &publish.siblings {
                let sibling = Address::new(at.0.target.clone(), sibling.clone());
                let waits =
                    creates
                        .versions
                        .get_key_value(&sibling)
                        .is_none_or(|(address, version)| {
                            let wait = creates.awaits.get(&(*address, *version));
                            wait.is_some_and(|wait| needs.contains(&wait.id))
                        });
                found.unless(
                    waits || broken.contains(at.0),
                    Rule::Resolvable,
                    &step.id,
                    "it does not wait for a sibling that it depends on",
                );
                found.unless(
                    !held.contains(&sibling) || lenient.contains(at.0),
                    Rule::Resolvable,
                    &step.id,
                    "it goes though a sibling that it depends on is held",
                );
            }
        }
    }
}

/// What a step needs, and what the uploads of the same version need that it waits for.
fn with_own<'a>(step: &'a Step, uploads: &[(&'a Step, &Publish)]) -> BTreeSet<&'a StepId> {
    let own = uploads
        .iter()
        .filter(|(upload, _)| step.needs.contains(&upload.id));
    own.flat_map(|(upload, _)| &upload.needs)
        .chain(&step.needs)
        .collect()
}
