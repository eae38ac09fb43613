//! `relplan diff`: how the files inside a plan's artifacts differ from what is published.
//!
//! Why no credential is read: a plan may come from anybody, and the registries that it names get to see what is asked of
//! them. What `relplan plan` fetched on this machine comes from the cache, private registries' files included.

use std::collections::BTreeMap;

use relplan_model::{
    contents::{Basis, Contents},
    plan::Plan,
};
use relplan_targets::{http::Net, surroundings::Surroundings};
use relplan_workspace::bundle::Folder;

use super::{Session, read_plan};
use crate::{
    arguments::Diff,
    diff::{self, DiffError, Limits, Sources},
    exit::Exit,
    failure::Failure,
    gather::{drivers::Built, selection::nearest},
    view::{contents_text, diff_text, report_text},
};

/// How many lines are printed at most.
const LINES: usize = 20_000;

/// Runs it.
pub async fn run(session: &Session, arguments: &Diff) -> Result<Exit, Failure> {
    let (_, plan) = read_plan(&arguments.plan)?;
    let chosen = chosen(&plan, &arguments.addresses)?;
    if chosen.is_empty() {
        session.terminal.result(
            "The plan tells of no contents: it uploads nothing, or was made without a bundle or with --no-contents.",
        );
        return Ok(Exit::Done);
    }
    let place = session.project.bundle(arguments.bundle.as_deref())?;
    let folder = Folder::open(&place).map_err(|error| {
        Failure::of(Exit::Invalid, &error).hint(
            "the files of a plan are in the bundle that it was made with; name its folder with --bundle",
        )
    })?;
    let surroundings = surroundings(session, &plan);
    let net = Net::of(&surroundings);
    let targets = plan.targets.iter();
    let drivers = Built::new(
        targets.map(|target| (&target.name, target.kind.as_str(), &target.settings)),
        &surroundings,
        &net,
    )?;
    let sources = Sources {
        bundle: &folder,
        drivers: &drivers,
        cache: net.artifacts(),
    };
    let limits = Limits {
        context: usize::from(arguments.unified),
        ..Limits::default()
    };
    let style = session.terminal.out;
    let (mut left, mut exit) = (LINES, Exit::Done);
    for (number, contents) in chosen.into_iter().enumerate() {
        let mut text = if number > 0 { "\n" } else { "" }.to_owned();
        text.push_str(&diff_text::heading(contents, style));
        let compared = match diff::open(&plan, contents, &sources).await {
            Ok(pair) => diff::file_diffs(pair, limits).await,
            Err(error) => Err(error),
        };
        match compared {
            // Of a new package every line is new: names will do, unless it was asked for.
            Ok(diffs) if arguments.stat || is_new(contents, arguments) => {
                text.push_str(&diff_text::stat(&diffs));
            }
            Ok(diffs) => text.push_str(&diff_text::files(&diffs, contents, style, &mut left)),
            // The plan itself says so: nothing failed now.
            Err(DiffError::NotCompared { .. }) => {
                let summary = contents_text::render(contents, style, false, true);
                text.push_str(&summary);
            }
            Err(error) => {
                let failure = failure(&error);
                exit = exit.max(failure.exit);
                session.terminal.result(&text);
                let told = report_text::failure(&failure, session.terminal.err);
                session.terminal.remark(&told);
                continue;
            }
        }
        session.terminal.result(&text);
    }
    Ok(exit)
}

fn is_new(contents: &Contents, arguments: &Diff) -> bool {
    contents.basis == Basis::Nothing && arguments.addresses.is_empty()
}

/// The contents of the addresses that are asked for; of all, when none is.
fn chosen<'a>(plan: &'a Plan, addresses: &[String]) -> Result<Vec<&'a Contents>, Failure> {
    let mut names: Vec<String> = plan
        .contents
        .iter()
        .map(|contents| contents.address.to_string())
        .collect();
    names.dedup();
    for address in addresses {
        if names.contains(address) {
            continue;
        }
        let failure = Failure::new(
            Exit::Usage,
            format!("the plan tells of no contents of {address:?}"),
        );
        return Err(match nearest(address, names.iter().map(String::as_str)) {
            Some(name) => failure.hint(format!("did you mean {name:?}?")),
            None if names.is_empty() => failure,
            None => failure.hint(format!("it tells of {}", names.join(", "))),
        });
    }
    let is_asked = |contents: &&Contents| {
        addresses.is_empty() || addresses.contains(&contents.address.to_string())
    };
    Ok(plan.contents.iter().filter(is_asked).collect())
}

fn failure(error: &DiffError) -> Failure {
    let exit = match error {
        DiffError::NotCompared { .. }
        | DiffError::NoArtifact { .. }
        | DiffError::Bundle(_)
        | DiffError::Contents(_) => Exit::Invalid,
        DiffError::Fetch { .. } | DiffError::Lost => Exit::Internal,
        DiffError::Moved { .. } => Exit::Stale,
    };
    let failure = Failure::of(exit, error);
    match error {
        DiffError::Fetch { .. } => failure.hint(
            "this command reads no credential; `relplan plan` does, and keeps what it fetches in the user's cache",
        ),
        _ => failure,
    }
}

/// No driver sees the project's own files or a credential.
fn surroundings(session: &Session, plan: &Plan) -> Surroundings {
    let approved: BTreeMap<_, _> = plan
        .targets
        .iter()
        .map(|target| (target.name.clone(), target.endpoints.clone()))
        .collect();
    Surroundings {
        project: None,
        approved,
        withheld: true,
        ..session.surroundings.clone()
    }
}
