//! What a plan says is inside its artifacts, found out again from their bytes where a person is about to approve it.
//!
//! Why: an approver reads "no new script" off the plan, and the plan may come from anybody.
//!
//! Invariant: no network is used, since the plan chooses whom it would be asked of. The artifacts come from the bundle, and
//! the published files from this machine's cache, both by the digests that the plan names.

use std::{
    collections::BTreeSet,
    io::{self, Cursor},
};

use camino::Utf8Path;
use relplan_model::{
    address::{Address, FileName},
    bundle::Artifact,
    contents::{Basis, Contents, EntryChange, Notable},
    plan::Plan,
    port::ArtifactSource,
    step::Effect,
};
use relplan_targets::{
    artifact::ArtifactError,
    contents::{self, Bounds, ContentsError, Listing},
    published::Store,
};
use relplan_workspace::bundle::Folder;
use tokio::task::spawn_blocking;

use crate::{exit::Exit, failure::Failure, next::Situation, view::style::count};

/// How many artifacts were held against what the plan says of them, and how far.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    /// In full.
    found: usize,
    /// By themselves: the published file that the plan compares with is not kept here.
    alone: usize,
    /// Not at all: the bundle does not hold them.
    absent: usize,
    /// Not at all: the bundle holds other bytes under their names.
    other: usize,
    /// Not at all: what the bundle holds cannot be read, or is no regular file.
    unreadable: usize,
    /// The plan says nothing of them, and they run nothing.
    untold: usize,
}

/// Checks what the plan says of each artifact that it uploads, and tells in a few lines how far that went.
///
/// # Errors
/// When the plan says something else than the bytes do.
pub async fn check(
    plan: &Plan,
    bundle: &Utf8Path,
    published: &Store,
) -> Result<Vec<String>, Failure> {
    let uploads: BTreeSet<(&Address, &FileName)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.effect {
            Effect::Publish(publish) => Some((&step.address, publish.artifact.as_ref()?)),
            _ => None,
        })
        .collect();
    if uploads.is_empty() {
        return Ok(Vec::new());
    }
    let Ok(folder) = Folder::open(bundle) else {
        return Ok(vec![format!(
            "Not checked: what the plan says is inside {}. There is no bundle in {bundle}; name its folder with --bundle.",
            artifacts(uploads.len())
        )]);
    };
    let mut tally = Tally::default();
    for (address, file) in uploads {
        let Some(artifact) = plan.artifacts.iter().find(|one| one.file == *file) else {
            continue;
        };
        let said = plan
            .contents
            .iter()
            .find(|one| one.address == *address && one.file == *file);
        let listed = contents::of_artifact(&folder as &dyn ArtifactSource, artifact).await;
        match (listed, said) {
            (Err(ContentsError::Artifact(error)), _) => match error {
                ArtifactError::Size { .. } | ArtifactError::Digest { .. } => tally.other += 1,
                ArtifactError::Read { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                    tally.absent += 1;
                }
                ArtifactError::Read { .. } => tally.unreadable += 1,
            },
            (Err(error), Some(said)) if matches!(said.basis, Basis::Unknown { .. }) => {
                same(said, &unreadable(said, &error))?;
                tally.found += 1;
            }
            (Err(error), _) => {
                return Err(Failure::of(Exit::Invalid, &error)
                    .while_doing(claim(file))
                    .while_doing("nothing was signed"));
            }
            (Ok(listing), None) => {
                let is = contents::compare(address, file, None, &listing);
                if !plan.contents.is_empty() || !is.notable.is_empty() {
                    return Err(other(None, &is));
                }
                tally.untold += 1;
            }
            (Ok(listing), Some(said)) => {
                if held(said, artifact, listing, published).await? {
                    tally.found += 1;
                } else {
                    tally.alone += 1;
                }
            }
        }
    }
    Ok(tally.lines())
}

/// Holds the words about one artifact against its bytes; `false`: as far as that goes without the published file.
async fn held(
    said: &Contents,
    artifact: &Artifact,
    listing: Listing,
    published: &Store,
) -> Result<bool, Failure> {
    let alone = contents::compare(&said.address, &said.file, None, &listing);
    let (file, digests) = match &said.basis {
        Basis::Nothing => {
            same(said, &alone)?;
            return Ok(true);
        }
        Basis::Unknown { reason } => {
            let reason = reason.clone();
            same(said, &uncompared(alone, reason))?;
            return Ok(true);
        }
        Basis::Published { file, digests, .. } => (file, digests),
    };
    let Some(bytes) = published.load(digests).await else {
        fits(said, &alone, &listing)?;
        return Ok(false);
    };
    let (kind, name) = (artifact.kind.clone(), file.to_string());
    let listed = spawn_blocking(move || {
        contents::list(&kind, &name, &mut Cursor::new(bytes), Bounds::default())
    });
    let before = match listed.await {
        Ok(listed) => listed.map_err(|error| {
            Failure::of(Exit::Invalid, &error)
                .while_doing(format!(
                    "{file}, which the plan compares with, cannot be read"
                ))
                .while_doing("nothing was signed")
        })?,
        Err(error) => return Err(Failure::of(Exit::Internal, &error)),
    };
    let before = Some((&before, said.basis.clone()));
    same(
        said,
        &contents::compare(&said.address, &said.file, before, &listing),
    )?;
    Ok(true)
}

/// What is told where nothing could be compared: of the artifact by itself, the scripts.
fn uncompared(alone: Contents, reason: String) -> Contents {
    Contents {
        basis: Basis::Unknown { reason },
        entries: Vec::new(),
        omitted: 0,
        unchanged: 0,
        ..alone
    }
}

/// What is told of an artifact that cannot be read, in the plan's own words for why.
fn unreadable(said: &Contents, error: &ContentsError) -> Contents {
    let nothing = contents::compare(&said.address, &said.file, None, &Listing::default());
    let reason = match &said.basis {
        Basis::Unknown { reason } => reason.clone(),
        Basis::Nothing | Basis::Published { .. } => error.to_string(),
    };
    uncompared(nothing, reason)
}

/// Without the published file: whatever the plan says will be there is there, and runs what it says.
fn fits(said: &Contents, alone: &Contents, listing: &Listing) -> Result<(), Failure> {
    let is_there = said.entries.iter().all(|entry| {
        let size = listing.files.get(&entry.path).map(|listed| listed.size);
        match entry.change {
            EntryChange::Added { size: said } | EntryChange::Changed { after: said, .. } => {
                size == Some(said)
            }
            EntryChange::Removed { .. } => size.is_none(),
            EntryChange::Mode { .. } => size.is_some(),
        }
    });
    let runs = said.notable.iter().all(|notable| match notable {
        Notable::Script {
            name,
            after: Some(after),
            ..
        } => scripts(alone).any(|(known, does)| known == name && does == after),
        Notable::Script { name, .. } => scripts(alone).all(|(known, _)| known != name),
        Notable::Dependency { .. } => true,
    });
    if is_there && runs {
        Ok(())
    } else {
        Err(other(Some(said), alone))
    }
}

fn same(said: &Contents, is: &Contents) -> Result<(), Failure> {
    if said == is {
        Ok(())
    } else {
        Err(other(Some(said), is))
    }
}

/// The refusal, with the scripts that the plan does not tell.
fn other(said: Option<&Contents>, is: &Contents) -> Failure {
    let known: Vec<_> = said.into_iter().flat_map(scripts).collect();
    let mut failure =
        Failure::new(Exit::Invalid, claim(&is.file)).while_doing("nothing was signed");
    for (name, does) in scripts(is).filter(|script| !known.contains(script)) {
        let text = format!("they run a script that the plan does not tell, {name}: {does}");
        failure.chain.push(text);
    }
    failure
        .hint("do not approve this plan; find out who made it so")
        .situation(Situation::PlanApart {
            words: "to see what is inside, make a plan from the same bundle:",
        })
}

fn claim(file: &FileName) -> String {
    format!("what the plan says is inside {file} is not what its bytes hold")
}

/// The scripts that run afterwards, with what they do.
fn scripts(contents: &Contents) -> impl Iterator<Item = (&String, &String)> {
    contents.notable.iter().filter_map(|notable| match notable {
        Notable::Script {
            name,
            after: Some(after),
            ..
        } => Some((name, after)),
        Notable::Script { after: None, .. } | Notable::Dependency { .. } => None,
    })
}

fn artifacts(number: usize) -> String {
    count(number, "artifact", "artifacts")
}

impl Tally {
    fn lines(&self) -> Vec<String> {
        let Self {
            found,
            alone,
            absent,
            other,
            unreadable,
            untold,
        } = *self;
        let mut lines = Vec::new();
        if found > 0 {
            lines.push(format!(
                "Checked: what the plan says is inside {} is what their bytes hold.",
                artifacts(found)
            ));
        }
        if alone > 0 {
            lines.push(format!(
                "Not checked: what is new inside {}, as the published files they are compared with are not kept on this machine; `relplan diff PLAN` fetches and shows them.",
                artifacts(alone)
            ));
        }
        for (number, why) in [
            (absent, "which the bundle does not hold"),
            (
                other,
                "which the bundle holds with other bytes than the plan names",
            ),
            (
                unreadable,
                "which in the bundle cannot be read, or are no regular files",
            ),
        ] {
            if number > 0 {
                lines.push(format!(
                    "Not checked: what the plan says is inside {}, {why}.",
                    artifacts(number)
                ));
            }
        }
        if untold > 0 {
            lines.push(format!(
                "The plan does not say what is inside {}; they run no script on users' machines.",
                artifacts(untold)
            ));
        }
        lines
    }
}
