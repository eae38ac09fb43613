//! Yanks: those that the spec asks for, and those that nobody here asked for.

use relplan_ecosystem::same_version;
use relplan_model::{
    address::{Address, Version},
    finding::{Finding, FindingCode, Severity},
    observation::Seen,
    plan::{Action, Change, Subject},
    release::{Release, Yank},
    step::{Effect, Step},
};

use super::{Refusal, facts};
use crate::{
    build::{row, step},
    index::{Index, Unit},
    remark::reason,
};

pub(super) fn yanked(
    index: &Index<'_>,
    address: &Address,
    version: &Version,
    (release, yank): (&Release, &Yank),
    findings: &mut Vec<Finding>,
) -> (Change, Option<Step>) {
    let subject = Subject::Yank(version.clone());
    let seen = index.seen(address);
    let is_desired = same_version(&release.package.ecosystem, &release.version, version)
        && release
            .destinations
            .iter()
            .any(|one| one.target == address.target);
    let facts = match facts(
        index,
        address,
        &seen,
        |target| target.capabilities.yank,
        "yank",
    ) {
        _ if is_desired => Err(Refusal::error(
            FindingCode::YankDesired,
            "the spec wants this version published and yanked",
            "release another version, or remove the yank",
        )),
        other => other,
    };
    let refuse = |refusal: Refusal, findings: &mut Vec<Finding>| {
        let mut change = refusal.row(address, subject.clone(), findings);
        change.after = Some("yanked".to_owned());
        (change, None)
    };
    let shown = match facts.map(|facts| facts.and_then(|facts| facts.versions.get(version))) {
        Err(refusal) => return refuse(refusal, findings),
        Ok(None) => {
            let message =
                format!("the registry does not have {version}, so there is nothing to yank");
            let hint = "correct the version, or remove the yank";
            let refusal = Refusal::error(FindingCode::NothingToYank, message, hint);
            return refuse(refusal, findings);
        }
        Ok(Some(shown)) => shown,
    };
    let (action, why, before) = if shown.yanked {
        (
            Action::Keep,
            reason("yanked", "it is yanked already"),
            "yanked",
        )
    } else {
        let message = if yank.reason.is_empty() {
            "the spec asks for it"
        } else {
            &yank.reason
        };
        (Action::Yank, reason("wanted", message), "available")
    };
    let mut change = row(address, subject, action, why);
    change.before = Some(before.to_owned());
    change.after = Some("yanked".to_owned());
    let effect = Effect::Yank {
        reason: yank.reason.clone(),
    };
    let step = (action == Action::Yank).then(|| step(address, version, effect));
    (change, step)
}

/// The desired version is yanked, and not by us.
pub(super) fn yanked_by_others(
    index: &Index<'_>,
    unit: &Unit<'_>,
    findings: &mut Vec<Finding>,
) -> Option<Change> {
    let (address, version) = (&unit.address, &unit.release.version);
    let seen = index.seen(address);
    let Seen::Present(facts) = seen.as_ref() else {
        return None;
    };
    let is_ours = index
        .recorded(address, version)
        .is_some_and(|recorded| recorded.yanked);
    if is_ours || !facts.versions.get(version)?.yanked {
        return None;
    }
    let message = format!("somebody yanked {version}, and the spec still wants it");
    findings.push(
        Finding::new(
            FindingCode::DriftYanked,
            Severity::Warning,
            Some(address),
            &message,
        )
        .hint("find out why; release another version, or add the yank to the spec"),
    );
    let subject = Subject::Yank(version.clone());
    let mut change = row(
        address,
        subject,
        Action::Drift,
        reason("yanked-by-others", message),
    );
    change.before = Some("yanked".to_owned());
    change.after = Some("available".to_owned());
    Some(change)
}
