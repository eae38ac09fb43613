//! `relplan check`: is the spec sound, and does it fit the workspaces? Nothing is sent anywhere.

use std::collections::BTreeSet;

use relplan_ecosystem::Ecosystem;
use relplan_model::{
    address::TargetName,
    finding::{Finding, FindingCode, Severity},
    problem::Report,
    target::Target,
};
use relplan_targets::{credential, http::Net};
use relplan_workspace::{Package, Publishable};

use super::Session;
use crate::{
    arguments::{Check, Format, Selected},
    exit::Exit,
    failure::Failure,
    gather::{
        drivers::Built,
        places::misplaced,
        wishes::{Wishes, wishes},
    },
    packing,
    project::ReadSpec,
    view::{plan_text::finding_text, style::count},
};

/// Runs it.
pub fn run(session: &Session, check: &Check) -> Result<Exit, Failure> {
    let found = look(session);
    if check.format == Format::Json {
        return report(session, found);
    }
    let (read, wishes) = found?;
    let style = session.terminal.err;
    for finding in &wishes.findings {
        session.terminal.remark(&finding_text(finding, style));
    }
    let going: usize = wishes
        .releases
        .iter()
        .filter(|release| !release.destinations.is_empty())
        .count();
    // A build tells the versions of some; until then they are in no plan.
    let unversioned = wishes
        .findings
        .iter()
        .filter(|finding| finding.code == FindingCode::DynamicVersion)
        .count();
    let waiting = match unversioned {
        0 => String::new(),
        _ => format!(" (and {unversioned} more once packed)"),
    };
    let verdict = match exit(&wishes.findings) {
        Exit::Done => "is sound",
        _ => "can be read",
    };
    let text = format!(
        "The spec {verdict}: {}{waiting} to {}, of {} found in {}.",
        count(going, "package goes", "packages go"),
        count(read.spec.targets.len(), "target", "targets"),
        count(wishes.packages.len(), "package", "packages"),
        count(read.spec.workspaces.len(), "workspace", "workspaces"),
    );
    session.terminal.result(&text);
    Ok(exit(&wishes.findings))
}

fn look(session: &Session) -> Result<(ReadSpec, Wishes), Failure> {
    let style = session.terminal.err;
    let read = session
        .project
        .spec(&relplan_targets::vocabulary(), style)?;
    let root = &session.project.root;
    let mut wishes = wishes(root, &read, None, &Selected::default(), style)?;
    let named = read.spec.targets.iter().filter_map(|target| {
        let around = &session.surroundings;
        credential::check_names(&target.name, &target.settings, around).err()
    });
    wishes.findings.extend(named);
    let targets = named_by_manifests(session, &read, &wishes);
    let elsewhere = misplaced(&wishes.packages, &wishes.releases, &targets);
    wishes.findings.extend(elsewhere);
    let programs = session.surroundings.programs();
    let forecast = packing::forecast(root, &read.spec, &wishes, &programs)?;
    wishes.findings.extend(forecast);
    Ok((read, wishes))
}

/// The targets of packages whose manifests name registries, as they are configured here. No registry is asked.
fn named_by_manifests(session: &Session, read: &ReadSpec, wishes: &Wishes) -> Vec<Target> {
    let names_one = |package: &&Package| {
        package.settings.text("registry").is_some()
            || matches!(package.publishable, Publishable::Only(_))
    };
    let named: Vec<&Package> = wishes.packages.values().filter(names_one).collect();
    let used: BTreeSet<&TargetName> = wishes
        .releases
        .iter()
        .filter(|release| named.iter().any(|package| package.id == release.package))
        .flat_map(|release| release.destinations.iter().map(|to| &to.target))
        .collect();
    let kinds: BTreeSet<&str> = named
        .iter()
        .filter_map(|package| Ecosystem::of(&package.id.ecosystem))
        .map(Ecosystem::default_kind)
        .collect();
    let targets = read.spec.targets.iter();
    let used = targets
        .filter(|target| used.contains(&target.name) && kinds.contains(target.kind.as_str()))
        .map(|target| (&target.name, target.kind.as_str(), &target.settings));
    let surroundings = &session.surroundings;
    let net = Net::of(surroundings);
    // What is not configured on this machine may be where the plan is made, and is an error there.
    let built = used.filter_map(|one| Built::new([one], surroundings, &net).ok());
    built.flat_map(|built| built.configured()).collect()
}

/// Programs get one document however the check ends; what has no place in the spec is a finding in it.
fn report(session: &Session, found: Result<(ReadSpec, Wishes), Failure>) -> Result<Exit, Failure> {
    let (report, exit) = match found {
        Ok((_, wishes)) => {
            let exit = exit(&wishes.findings);
            (Report::new(Vec::new(), wishes.findings), exit)
        }
        Err(failure) if failure.problems.is_empty() => {
            let mut finding = Finding::new(
                FindingCode::Failed,
                Severity::Error,
                None,
                failure.message(),
            );
            if !failure.hints.is_empty() {
                finding = finding.hint(failure.hints.join("\n"));
            }
            (Report::new(Vec::new(), vec![finding]), failure.exit)
        }
        Err(failure) => (Report::new(failure.problems, Vec::new()), failure.exit),
    };
    let text = serde_json::to_string_pretty(&report)
        .map_err(|error| Failure::of(Exit::Internal, &error))?;
    session.terminal.json(&text);
    Ok(exit)
}

fn exit(findings: &[Finding]) -> Exit {
    if findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
    {
        Exit::Invalid
    } else {
        Exit::Done
    }
}
