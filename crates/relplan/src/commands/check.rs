//! `relplan check`: is the spec sound, and does it fit the workspaces? Nothing is sent anywhere.

use relplan_model::finding::Severity;

use super::Session;
use crate::{
    arguments::{Check, Format, Selected},
    exit::Exit,
    failure::Failure,
    gather::wishes::wishes,
    view::{plan_text::finding_text, style::count},
};

/// Runs it.
pub fn run(session: &Session, check: &Check) -> Result<Exit, Failure> {
    let style = session.terminal.err;
    if check.format == Format::Json {
        let (file, text) = session.project.spec_text()?;
        let parsed = relplan_spec::parse(&file, &text, &relplan_targets::vocabulary());
        if parsed.spec.is_none() {
            session
                .terminal
                .result(&relplan_spec::to_json(&parsed.problems, &text));
            return Ok(Exit::Invalid);
        }
    }
    let read = session
        .project
        .spec(&relplan_targets::vocabulary(), style)?;
    let wishes = wishes(
        &session.project.root,
        &read,
        None,
        &Selected::default(),
        style,
    )?;
    if check.format == Format::Json {
        session.terminal.result("[]");
    } else {
        for finding in &wishes.findings {
            session.terminal.remark(&finding_text(finding, style));
        }
        let going: usize = wishes
            .releases
            .iter()
            .filter(|release| !release.destinations.is_empty())
            .count();
        let text = format!(
            "The spec is sound: {} to {}, of {} found in {}.",
            count(going, "package goes", "packages go"),
            count(read.spec.targets.len(), "target", "targets"),
            count(wishes.packages.len(), "package", "packages"),
            count(read.spec.workspaces.len(), "workspace", "workspaces"),
        );
        session.terminal.result(&text);
    }
    let bad = wishes
        .findings
        .iter()
        .any(|finding| finding.severity == Severity::Error);
    Ok(if bad { Exit::Invalid } else { Exit::Done })
}
