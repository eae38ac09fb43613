//! A version that is proven not to be there: published, unless it was there before or must not come.

use relplan_ecosystem::same_version;
use relplan_model::{
    bundle::Artifact,
    finding::{Finding, FindingCode},
    observation::Facts,
    target::Target,
};

use super::{Decision, Upload, publish, vanished};
use crate::{
    index::{Index, Unit},
    remark::{reason, some_of},
};

/// The package or the version is proven not to be there.
pub(super) fn absent<'a>(
    index: &Index<'a>,
    unit: &Unit<'a>,
    target: &'a Target,
    facts: Option<&Facts>,
    files: Vec<&'a Artifact>,
    findings: &mut Vec<Finding>,
) -> Decision<'a> {
    let release = unit.release;
    match index.recorded(&unit.address, &release.version) {
        Some(recorded) if recorded.resolvable || recorded.adopted => {
            return vanished(unit, findings, "the version");
        }
        Some(_) => {
            return Decision::hold(
                unit,
                findings,
                FindingCode::NotShownYet,
                "we uploaded it, and the registry was never seen to show it",
                "run `relplan plan` again in a few minutes; if it stays away, ask the registry",
            );
        }
        None => {}
    }
    let is_same = |other| same_version(&release.package.ecosystem, other, &release.version);
    if release
        .yank
        .iter()
        .any(|yank| yank.target == target.name && is_same(&yank.version))
    {
        return Decision::hold(
            unit,
            findings,
            FindingCode::YankDesired,
            "the spec wants this version published and yanked",
            "release another version, or remove the yank",
        );
    }
    let packed = index.packed(release);
    if files.is_empty() && !packed.is_empty() {
        let kinds: Vec<_> = packed
            .iter()
            .map(|artifact| artifact.kind.as_str())
            .collect();
        return Decision::hold(
            unit,
            findings,
            FindingCode::KindNotAccepted,
            &format!(
                "the bundle has {} for it, and the target takes {}",
                some_of(&kinds),
                some_of(&target.capabilities.accepts)
            ),
            "pack it for this target as well, or send it elsewhere",
        );
    }
    let (code, message) = match facts {
        None => ("absent", "the registry has no package of this name"),
        Some(_) => ("absent-version", "the registry does not have this version"),
    };
    let upload = Upload {
        one_of_many: files.len() > 1,
        files,
        first: facts.is_none(),
        incomplete: false,
        adopt: Vec::new(),
    };
    publish(unit, target, facts, findings, upload, reason(code, message))
}
