//! `relplan pack`: builds what will be published into a bundle. The only command besides a plain `apply` that runs
//! code of the repository, and it reads no credential.

use std::{collections::BTreeSet, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{
    address::PackageId,
    bundle::Artifact,
    digest::{Comparison, Sha256},
    finding::Severity,
};
use relplan_spec::Spec;
use relplan_targets::surroundings::Surroundings;
use relplan_workspace::bundle::Folder;

use super::{
    Session,
    status::{missing_of, next, open_plan},
};
use crate::{
    arguments::{Pack, PinnedPlace, Places, Planning},
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    gather::wishes::{picked, wishes},
    journal::{self, Asked},
    next::{Next, Situation},
    packing,
    planning::Ground,
    store,
    view::{
        plan_text::finding_text,
        style::{count, size},
    },
};

/// Runs it.
pub async fn run(session: &Session, arguments: Pack) -> Result<Exit, Failure> {
    let bundle = session.project.bundle(arguments.bundle.as_deref())?;
    let folder = if arguments.merge.is_empty() {
        pack(session, &arguments, bundle).await?
    } else {
        merge(&arguments, bundle)?
    };
    let artifacts = &folder.bundle().artifacts;
    let mut text = String::new();
    let width = artifacts
        .iter()
        .map(|artifact| artifact.file.as_str().len())
        .max()
        .unwrap_or(0)
        .min(48);
    for artifact in artifacts {
        let dirty = if artifact.dirty {
            "  uncommitted changes"
        } else {
            ""
        };
        text.push_str(&format!(
            "  {:width$}  {:>9}  {}{dirty}\n",
            artifact.file.as_str(),
            size(artifact.size),
            artifact.packer
        ));
    }
    text.push_str(&format!(
        "{} in {}\n",
        count(artifacts.len(), "artifact", "artifacts"),
        folder.path()
    ));
    session.terminal.result(&text);
    Ok(Exit::Done)
}

async fn pack(session: &Session, arguments: &Pack, bundle: Utf8PathBuf) -> Result<Folder, Failure> {
    let style = session.terminal.err;
    let root = &session.project.root;
    let read = session
        .project
        .spec(&relplan_targets::vocabulary(), style)?;
    let again = match arguments.bundle {
        Some(_) => None,
        None => lost_of_open(session, arguments, &read.spec).await?,
    };
    let found = wishes(root, &read, None, &arguments.selected, style)?;
    let wrong = found
        .findings
        .iter()
        .filter(|one| one.severity == Severity::Error);
    let wrong: Vec<String> = wrong.map(|one| finding_text(one, style)).collect();
    if !wrong.is_empty() {
        let message = "a package of the project cannot be read or released";
        return Err(Failure::new(Exit::Invalid, message)
            .while_doing("nothing was packed")
            .details(wrong.concat()));
    }
    // What has a dynamic version is no wish yet, and is packed all the same: packing is how its version is found out.
    let mut wanted: BTreeSet<_> = picked(&read, &found.packages, &arguments.selected)?;
    if wanted.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no package of the spec is selected, so there is nothing to pack",
        ));
    }
    if let Some(lost) = &again {
        wanted = lost
            .artifacts
            .iter()
            .map(|one| one.package.clone())
            .collect();
    } else if arguments.missing {
        wanted = missing(session, arguments).await?;
        empty(&bundle)?;
    }
    let jobs = packing::jobs(root, &read.spec, &found, &wanted)?;
    let siblings = packing::siblings(&found.packages);
    let run = packing::Run {
        siblings,
        bundle,
        tree: session.surroundings.programs().roots().clone(),
        verify: arguments.verify,
        offline: arguments.offline,
        keeps_others: again.is_some(),
    };
    let folder = packing::run(jobs, run, Arc::new(Progress::new(session.terminal))).await?;
    match again {
        Some(lost) => lost.found_again(session, folder),
        None => Ok(folder),
    }
}

/// What the open plan has still to upload and is not in the bundle.
struct Lost {
    plan: Sha256,
    artifacts: Vec<Artifact>,
}

impl Lost {
    /// The bundle, if everything came out as the plan has it (law L3).
    fn found_again(self, session: &Session, folder: Folder) -> Result<Folder, Failure> {
        let is_there = |lost: &&Artifact| {
            let mut packed = folder.bundle().artifacts.iter();
            packed.any(|one| {
                one.file == lost.file && one.digests.compare(&lost.digests) == Comparison::Same
            })
        };
        let others = self.artifacts.iter().filter(|lost| !is_there(lost)).count();
        if others > 0 {
            let message = format!(
                "{others} of {} that the open plan {} is missing did not come out with the planned bytes",
                count(self.artifacts.len(), "artifact", "artifacts"),
                self.plan.short()
            );
            return Err(Failure::new(Exit::Invalid, message).situation(Situation::NotReproduced));
        }
        let text = format!(
            "What the open plan {} was missing is there again, with the planned bytes.",
            self.plan.short()
        );
        session.terminal.remark(&text);
        if let Some(way) = Next::of(&Situation::Unfinished, &session.typed)
            .ways
            .first()
        {
            let commands = way.commands.join("\n    ");
            session.terminal.remark(&format!("\n    {commands}\n"));
        }
        Ok(folder)
    }
}

/// A plan that is open goes on with the very artifacts that it was made with: packing must not take them away. What of
/// them is lost may be packed again.
async fn lost_of_open(
    session: &Session,
    arguments: &Pack,
    spec: &Spec,
) -> Result<Option<Lost>, Failure> {
    let opened = store::open(session, arguments.state.as_deref(), Some(spec))?;
    let asked = Asked {
        project: Some(&spec.project.name),
        plan: None,
    };
    let state = journal::read(session, &opened, asked).await?.state;
    let Some(open) = &state.open else {
        return Ok(None);
    };
    if let Some(plan) = open_plan(&session.project, &state) {
        let files = missing_of(session, &plan, open);
        if !files.is_empty() {
            let lost = |artifact: &Artifact| files.contains(&artifact.file);
            let artifacts = plan.artifacts.into_iter().filter(lost).collect();
            return Ok(Some(Lost {
                plan: open.plan,
                artifacts,
            }));
        }
    }
    let message = format!(
        "the plan {} is open, and packing would take its artifacts away",
        open.plan.short()
    );
    let failure = Failure::new(Exit::Open, message)
        .hint("to pack for another release meanwhile, name another folder with --bundle");
    Err(match next(session, &state) {
        Some(next) => failure.next(&next),
        None => failure,
    })
}

/// What the registries do not have yet, asked without any credential (law L14). What cannot be found out that way is
/// packed as well.
async fn missing(session: &Session, arguments: &Pack) -> Result<BTreeSet<PackageId>, Failure> {
    let style = session.terminal.err;
    let withheld = Surroundings {
        withheld: true,
        ..session.surroundings.clone()
    };
    let ground = Ground::new(
        session,
        &Places::default(),
        &PinnedPlace::default(),
        &withheld,
        style,
    )
    .await?;
    let planning = Planning {
        selected: arguments.selected.clone(),
        ..Planning::default()
    };
    let found = ground.wishes(&session.project, None, &planning, style)?;
    let observations = {
        let progress = Progress::new(session.terminal);
        ground.observe(&found, &progress).await
    };
    let made = ground.plan(&found, observations, None, &planning)?;
    let mut wanted = packing::missing(&made.plan, &found, None);
    wanted.extend(packing::unversioned(&ground, &found, &arguments.selected)?);
    Ok(wanted)
}

/// Removes a bundle, and nothing that is not one.
fn empty(bundle: &Utf8Path) -> Result<(), Failure> {
    if !bundle.exists() {
        return Ok(());
    }
    let failed = |error: &dyn std::error::Error| {
        Failure::of(Exit::Invalid, error).while_doing(format!("cannot empty the bundle {bundle}"))
    };
    let folder = Folder::open(bundle).map_err(|error| failed(&error))?;
    for artifact in &folder.bundle().artifacts {
        std::fs::remove_file(bundle.join(artifact.file.as_str()))
            .map_err(|error| failed(&error))?;
    }
    std::fs::remove_file(bundle.join("bundle.json")).map_err(|error| failed(&error))
}

fn merge(arguments: &Pack, bundle: Utf8PathBuf) -> Result<Folder, Failure> {
    let sources: Result<Vec<Utf8PathBuf>, Failure> = arguments
        .merge
        .iter()
        .map(|path| {
            Utf8PathBuf::from_path_buf(path.clone()).map_err(|path| {
                Failure::new(
                    Exit::Usage,
                    format!("the folder {} is not named in UTF-8", path.display()),
                )
            })
        })
        .collect();
    Folder::merge(&bundle, &sources?)
        .map_err(|error| Failure::of(Exit::Invalid, &error).while_doing("cannot merge bundles"))
}
