//! `relplan check`: is the spec sound, and does it fit the workspaces? Nothing is sent anywhere.

use relplan_model::{
    finding::{Finding, Severity},
    problem::Report,
};
use relplan_targets::credential;

use super::Session;
use crate::{
    arguments::{Check, Format, Selected},
    exit::Exit,
    failure::Failure,
    gather::wishes::{Wishes, wishes},
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
        .filter(|finding| finding.code == "dynamic-version")
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
    Ok((read, wishes))
}

/// Programs get one document however the check ends; what has no place in the spec is a finding in it.
fn report(session: &Session, found: Result<(ReadSpec, Wishes), Failure>) -> Result<Exit, Failure> {
    let (report, exit) = match found {
        Ok((_, wishes)) => {
            let exit = exit(&wishes.findings);
            (Report::new(Vec::new(), wishes.findings), exit)
        }
        Err(failure) if failure.problems.is_empty() => {
            let mut finding = Finding::new("failed", Severity::Error, None, failure.message());
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
