//! `relplan pack`: builds what will be published into a bundle. The only command besides a plain `apply` that runs
//! code of the repository, and it reads no credential.

use std::{collections::BTreeSet, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::address::PackageId;
use relplan_spec::Spec;
use relplan_targets::surroundings::Surroundings;
use relplan_workspace::bundle::Folder;

use super::Session;
use crate::{
    arguments::{Pack, PinnedPlace, Places, Planning},
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    gather::wishes::{picked, wishes},
    journal::{self, Asked},
    packing,
    planning::Ground,
    store,
    view::style::{count, size},
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
    if arguments.bundle.is_none() {
        keep_what_is_open(session, &read.spec).await?;
    }
    let found = wishes(root, &read, None, &arguments.selected, style)?;
    // What has a dynamic version is no wish yet, and is packed all the same: packing is how its version is found out.
    let mut wanted: BTreeSet<_> = picked(&read, &found.packages, &arguments.selected)?;
    if wanted.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no package of the spec is selected, so there is nothing to pack",
        ));
    }
    if arguments.missing {
        wanted = missing(session, arguments).await?;
        empty(&bundle)?;
    }
    let jobs = packing::jobs(root, &read.spec, &found.packages, &wanted)?;
    let siblings = packing::siblings(&found.packages);
    packing::run(
        jobs,
        siblings,
        bundle,
        session.surroundings.programs().roots().clone(),
        arguments.verify,
        arguments.offline,
        Arc::new(Progress::new(session.terminal)),
    )
    .await
}

/// A plan that is open goes on with the very artifacts that it was made with: packing must not take them away.
async fn keep_what_is_open(session: &Session, spec: &Spec) -> Result<(), Failure> {
    let opened = store::open(session, None, Some(spec))?;
    let asked = Asked {
        project: Some(&spec.project.name),
        plan: None,
    };
    let state = journal::read(session, &opened, asked).await?.state;
    let Some(open) = state.open else {
        return Ok(());
    };
    let message = format!(
        "the plan {} is open, and its artifacts are in the bundle",
        open.plan.short()
    );
    Err(Failure::new(Exit::Open, message)
        .hint("finish it first, or pack into another folder with --bundle:")
        .hint("$ relplan apply"))
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
