//! What packing one npm package comes to, as errors and warnings before the first packer starts (law L16).

use std::collections::BTreeSet;

use relplan_model::{
    address::PackageId,
    finding::{Finding, FindingCode, Severity},
};

use super::demand::{By, Demand, FOLDERS, Outcome, Protocol};
use crate::{discover::Package, pack::Packer};

/// What a manifest and its workspace say about packing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packing {
    pub(crate) demands: Vec<Demand>,
    pub(crate) keeper: By,
    /// Whether the workspace's Yarn would be Yarn 1.
    pub(crate) is_classic_yarn: bool,
    /// Packages of the project that this one is built with and that its users do not get.
    pub built_with: BTreeSet<PackageId>,
}

/// What is said at once: one remark for each kind of demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Script,
    AfterPublishing,
    Config,
    Provenance,
    Bundled,
    Protocol,
    Local,
}

impl Kind {
    fn of(demand: &Demand) -> Self {
        match demand {
            Demand::Script("publish" | "postpublish") => Self::AfterPublishing,
            Demand::Script(_) => Self::Script,
            Demand::Config(_) => Self::Config,
            Demand::Provenance => Self::Provenance,
            Demand::Bundled(_) => Self::Bundled,
            Demand::Protocol(Protocol::Local, _) => Self::Local,
            Demand::Protocol(..) => Self::Protocol,
        }
    }
}

impl Package {
    /// What a packer does not do for this package: an error where that would be packed wrongly, else a warning.
    #[must_use]
    pub fn packing_findings(&self, packer: &Packer) -> Vec<Finding> {
        let Some(packing) = &self.packing else {
            return Vec::new();
        };
        let Some(by) = By::of(packer, packing.is_classic_yarn) else {
            return Vec::new();
        };
        let missed = |demand: &&Demand| demand.outcome(by, packing.keeper) != Outcome::Done;
        let missed: Vec<&Demand> = packing.demands.iter().filter(missed).collect();
        let kinds: BTreeSet<(Kind, bool)> = missed.iter().map(|one| packing.key(by, one)).collect();
        let remark = |key: (Kind, bool)| {
            let of_kind = missed
                .iter()
                .copied()
                .filter(|one| packing.key(by, one) == key);
            packing.finding(self, by, key, &of_kind.collect::<Vec<_>>())
        };
        kinds.into_iter().map(remark).collect()
    }
}

impl Packing {
    fn key(&self, by: By, demand: &Demand) -> (Kind, bool) {
        let is_refused = demand.outcome(by, self.keeper) == Outcome::Refused;
        (Kind::of(demand), is_refused)
    }

    fn finding(
        &self,
        package: &Package,
        by: By,
        (kind, is_refused): (Kind, bool),
        demands: &[&Demand],
    ) -> Finding {
        let listed = listed(demands);
        let packer = by.called();
        let (code, what) = match kind {
            Kind::Script if by == By::BuiltIn => (
                FindingCode::ScriptNotRun,
                format!("{packer} runs no scripts, and the manifest has {listed}"),
            ),
            Kind::Script => (
                FindingCode::ScriptNotRun,
                format!("{packer} does not run {listed} when it publishes"),
            ),
            Kind::AfterPublishing => (
                FindingCode::ScriptNotRun,
                format!(
                    "{listed} is not run: relplan publishes without running code of the repository"
                ),
            ),
            Kind::Config => (
                FindingCode::PublishConfigNotApplied,
                format!("{packer} does not do what {listed} says"),
            ),
            Kind::Provenance => (
                FindingCode::ProvenanceNotMade,
                format!(
                    "{listed} asks for a provenance attestation, and relplan publishes without one"
                ),
            ),
            Kind::Bundled => (
                FindingCode::BundledDependencies,
                format!("{packer} cannot pack {listed}, which need an installed tree"),
            ),
            Kind::Protocol => (
                FindingCode::ProtocolNotReplaced,
                format!(
                    "{packer} cannot replace {listed} by a version, and no registry resolves it"
                ),
            ),
            Kind::Local => (
                FindingCode::LocalDependency,
                format!("depends on {listed}, which means nothing to those who install it"),
            ),
        };
        let severity = match is_refused {
            true => Severity::Error,
            false => Severity::Warning,
        };
        let message = format!("{}: {what}", package.manifest);
        let finding = Finding::new(code, severity, None, message);
        match self.advice(by, kind, is_refused) {
            Some(advice) => finding.hint(advice),
            None => finding,
        }
    }

    /// A way on: another packer that does all of it, else what to change in the manifest.
    fn advice(&self, by: By, kind: Kind, is_refused: bool) -> Option<String> {
        let can = |other: &By| {
            let refuses = |demand: &Demand| demand.outcome(*other, self.keeper) == Outcome::Refused;
            *other != by && !self.demands.iter().any(refuses)
        };
        let other = [self.keeper, By::Npm, By::BuiltIn].into_iter().find(can);
        let change = match kind {
            Kind::Script if by == By::BuiltIn => None,
            Kind::Script => Some("let `prepack` do it, which npm, pnpm and yarn all run"),
            Kind::AfterPublishing => Some("do it in a step of its own, after `relplan apply`"),
            Kind::Config if self.demands.iter().any(is_folder) => Some(
                "make that folder the workspace's member, or pack it yourself and name it with `prebuilt`",
            ),
            Kind::Config => Some("write it at the top of the manifest, or take it out"),
            Kind::Provenance => None,
            Kind::Bundled => None,
            Kind::Protocol => Some("write the version range into the manifest"),
            Kind::Local => Some("name the version range of a published package"),
        };
        let other = other.filter(|_| is_refused).map(|other| {
            let word = other.word();
            match other == self.keeper {
                true => format!("write packer={word:?} in the spec's workspace, or no packer at all: {word} keeps it"),
                false => format!("write packer={word:?} in the spec's workspace"),
            }
        });
        let change = change.map(str::to_owned);
        match (other, change) {
            (Some(other), Some(change)) => Some(format!("{other}; or {change}")),
            (other, change) => other.or(change),
        }
    }
}

fn is_folder(demand: &Demand) -> bool {
    matches!(demand, Demand::Config(key) if FOLDERS.contains(key))
}

fn listed(demands: &[&Demand]) -> String {
    let words: Vec<String> = demands
        .iter()
        .map(|demand| match demand {
            Demand::Script(script) => format!("`{script}`"),
            Demand::Config(key) => format!("`publishConfig.{key}`"),
            Demand::Provenance => "`publishConfig.provenance`".to_owned(),
            Demand::Bundled(key) => format!("its `{key}`"),
            Demand::Protocol(_, text) => text.clone(),
        })
        .collect();
    match words.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} and {last}", others.join(", ")),
        _ => words.concat(),
    }
}
