//! Rules about the contents of artifacts: they belong to uploads, and keep to their limits.

use std::collections::BTreeSet;

use relplan_model::{
    contents::{Basis, Contents, MAX_ENTRIES, MAX_NOTABLE},
    digest::Algorithm,
    step::Effect,
};

use super::{Found, Rule, View};
use crate::build::contents::remark;

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let uploads: BTreeSet<_> = view
        .plan
        .steps
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => Some((&step.address, publish.artifact.as_ref()?)),
            _ => None,
        })
        .collect();
    for contents in &view.plan.contents {
        let Contents {
            address,
            file,
            basis,
            entries,
            omitted,
            unchanged: _,
            notable,
            notable_omitted,
        } = contents;
        found.unless(
            uploads.contains(&(address, file)),
            Rule::References,
            address,
            "the contents of something are told that is not uploaded",
        );
        let rises =
            entries.is_sorted_by(|a, b| a.path < b.path) && notable.is_sorted_by(|a, b| a < b);
        found.unless(
            rises,
            Rule::Order,
            address,
            "its contents are not in order, or have something twice",
        );
        let is_full =
            |length: usize, max: usize, more: u64| length == max || (length < max && more == 0);
        found.unless(
            is_full(entries.len(), MAX_ENTRIES, *omitted)
                && is_full(notable.len(), MAX_NOTABLE, *notable_omitted),
            Rule::Contents,
            address,
            "its contents are more than a plan lists, or fewer than it could",
        );
        let is_told = match basis {
            Basis::Nothing => true,
            Basis::Published { digests, .. } => digests.get(Algorithm::Sha256).is_some(),
            Basis::Unknown { .. } => entries.is_empty(),
        };
        found.unless(
            is_told,
            Rule::Contents,
            address,
            "what its contents were compared with is not told, or nothing was compared and differences are",
        );
    }
    findings(view, found);
}

/// Whatever the contents give reason to remark is remarked: an approver reads the findings first, and maybe no further.
fn findings(view: &View<'_>, found: &mut Found) {
    let mut due = Vec::new();
    remark(&view.plan.contents, &mut due);
    let told: BTreeSet<_> = view
        .plan
        .findings
        .iter()
        .map(|one| (&one.code, &one.address, &one.message))
        .collect();
    for finding in &due {
        let key = (&finding.code, &finding.address, &finding.message);
        let place = finding.address.as_ref().map(ToString::to_string);
        found.unless(
            told.contains(&key),
            Rule::Findings,
            place.unwrap_or_default(),
            "its contents give reason for a finding that the plan does not have",
        );
    }
}
