//! The journal that counts here, as every command reads it, and who speaks against it.
//!
//! ```text
//! store ──lines──▶ fold ── later format? ── moved elsewhere? ── another project's? ── witnesses ──▶ state
//! ```
//!
//! Witnesses remember a line that the journal once ended with: the plans that were started from this folder, the plan that
//! is at hand, the people who approved plans, this machine's own memory, and whoever says `--expect-head`. A journal that no longer has such a line was
//! set back, or is another one, and whatever was built on it would fork the truth. So every command asks them.

use std::path::PathBuf;

use relplan_approval::statement::{Predicate, Statement};
use relplan_model::{
    digest::Sha256,
    plan::{Base, Plan},
    port::StoreError,
    state::{Moved, State},
};
use relplan_state::{HeadWitness, Loaded, Objection, witnesses_of};
use relplan_system::tree::Tree;
use serde::Deserialize;

use crate::{
    approvals::collect,
    commands::Session,
    exit::Exit,
    failure::Failure,
    memory::Memory,
    next::{self, Situation},
    store::{self, Opened},
    view::style::harmless,
};

/// The largest plan that is asked what it remembers, and how many are asked, the newest first.
const MAX_PLAN: u64 = 64 << 20;
const MOST_PLANS: usize = 32;

/// What a command is going to do with a journal.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The project that it must be of, where one is known.
    pub project: Option<&'a str>,
    /// The plan that is at hand.
    pub plan: Option<&'a Plan>,
}

/// Reads the journal of a store, and refuses one that does not count, or that a witness speaks against (exit 10).
///
/// # Errors
/// When it cannot be read, was moved elsewhere, is another project's, or is not what it was.
pub async fn read(session: &Session, opened: &Opened, asked: Asked<'_>) -> Result<Loaded, Failure> {
    let (loaded, objection) = look(session, opened, asked).await?;
    match objection {
        Some(objection) => Err(objection),
        None => Ok(loaded),
    }
}

/// The same for those who only look: what speaks against it is told beside it.
///
/// # Errors
/// When it cannot be read.
pub async fn look(
    session: &Session,
    opened: &Opened,
    asked: Asked<'_>,
) -> Result<(Loaded, Option<Failure>), Failure> {
    let loaded = load(opened).await?;
    let objection = objection(session, opened, asked, &loaded)?;
    Ok((loaded, objection))
}

/// Reads the journal of a store, whatever speaks against it.
///
/// # Errors
/// When it cannot be read.
pub async fn load(opened: &Opened) -> Result<Loaded, Failure> {
    let loaded = relplan_state::load_state(&*opened.store).await;
    loaded.map_err(|error| unreadable(&error))
}

/// A journal that cannot be read.
pub fn unreadable(error: &StoreError) -> Failure {
    let failure = Failure::of(Exit::Store, error);
    match error {
        StoreError::Damaged { .. } => failure.situation(Situation::JournalDamaged),
        StoreError::Later { .. } => failure.situation(Situation::LaterFormat),
        StoreError::Conflict { .. } | StoreError::Io { .. } => failure,
    }
}

fn objection(
    session: &Session,
    opened: &Opened,
    asked: Asked<'_>,
    loaded: &Loaded,
) -> Result<Option<Failure>, Failure> {
    let state = &loaded.state;
    let mut witnesses = kept_plans(session);
    witnesses.extend(approvers(session, state));
    witnesses.extend(
        asked
            .plan
            .and_then(|plan| HeadWitness::of_plan_at_hand(&plan.base, state)),
    );
    let named = asked
        .project
        .or(asked.plan.map(|plan| plan.project.as_str()));
    let here = store::here(session, &opened.place);
    let known_by = named.unwrap_or(&state.project);
    if !known_by.is_empty() {
        let known = Memory::of(&session.surroundings).known(known_by)?;
        let journals = known.map(|known| known.journals).unwrap_or_default();
        witnesses.extend(witnesses_of(&journals, here, state));
    }
    if let Some(objection) = relplan_state::objection(loaded, here, asked.project, &witnesses) {
        return Ok(Some(objected(opened, state, &objection)));
    }
    let unexpected = unexpected_head(session, loaded)?;
    Ok(unexpected.map(|message| set_back(opened, state, message)))
}

/// Says why a journal does not count, and what to do.
fn objected(opened: &Opened, state: &State, objection: &Objection) -> Failure {
    match objection {
        Objection::Moved(to) => moved(opened, to),
        Objection::OtherProject { project, .. } => of_another_project(opened, state, project),
        Objection::Nothing { .. } | Objection::Another { .. } | Objection::SetBack { .. } => {
            set_back(opened, state, harmless(&objection.to_string()))
        }
    }
}

/// Says where a journal is now.
fn moved(opened: &Opened, moved: &Moved) -> Failure {
    let to = &moved.to;
    let message = format!(
        "the journal is not in {} any more: it was moved to {} at {}",
        opened.store.location(),
        harmless(to),
        moved.at
    );
    Failure::new(Exit::Store, message).situation(Situation::Journal(next::Objection::Moved {
        from: opened.place.to_string(),
        to: to.to_owned(),
    }))
}

/// Whether a journal is of the project, where one is known.
///
/// # Errors
/// When it is another's (exit 10).
pub fn is_of(opened: &Opened, state: &State, project: Option<&str>) -> Result<(), Failure> {
    match relplan_state::of_another_project(state, project) {
        Some(objection) => Err(objected(opened, state, &objection)),
        None => Ok(()),
    }
}

fn of_another_project(opened: &Opened, state: &State, project: &str) -> Failure {
    let message = format!(
        "the journal in {} is of the project {}, and this is {}",
        opened.store.location(),
        harmless(&state.project),
        harmless(project)
    );
    Failure::new(Exit::Store, message).situation(Situation::Journal(
        next::Objection::OtherProject {
            recorded: state.project.clone(),
            here: project.to_owned(),
        },
    ))
}

fn set_back(opened: &Opened, state: &State, message: String) -> Failure {
    let is_empty = state.lineage.is_none();
    let what = if is_empty {
        format!(
            "there is no journal in {}, and there was one",
            opened.store.location()
        )
    } else {
        format!(
            "the journal in {} is not what it was",
            opened.store.location()
        )
    };
    let failure = Failure::new(Exit::Store, message).while_doing(what);
    failure
        .hint("relplan would take what this journal does not know of for somebody else's; nothing was done")
        .hint("if another project's plans lie here, they are in .relplan/plans")
        .situation(Situation::Journal(match is_empty {
            true => next::Objection::Missing,
            false => next::Objection::SetBack,
        }))
}

/// The plans that were started from this folder, as witnesses.
fn kept_plans(session: &Session) -> Vec<HeadWitness> {
    let witness = |(plan, base): (Sha256, Base)| {
        HeadWitness::of_plan(
            format!("the plan {} that was started here", plan.short()),
            &base,
        )
    };
    kept_bases(session)
        .into_iter()
        .filter_map(witness)
        .collect()
}

/// What the plans that were started from this folder rest on. One that cannot be read remembers nothing.
pub fn kept_bases(session: &Session) -> Vec<(Sha256, Base)> {
    #[derive(Deserialize)]
    struct Based {
        base: Base,
    }
    let folder = session.project.started_plans();
    let Ok(tree) = Tree::open(session.project.root.as_std_path()) else {
        return Vec::new();
    };
    let Ok(entries) = std::fs::read_dir(folder.as_std_path()) else {
        return Vec::new();
    };
    let dated = |entry: std::fs::DirEntry| {
        let written = entry.metadata().and_then(|about| about.modified()).ok()?;
        Some((written, entry.path()))
    };
    let mut plans: Vec<(_, PathBuf)> = entries
        .filter_map(|entry| dated(entry.ok()?))
        .filter(|(_, path)| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    plans.sort();
    let newest = plans.iter().rev().take(MOST_PLANS);
    let based = |path: &PathBuf| {
        let bytes = tree.read(path, MAX_PLAN).ok()?;
        let Based { base } = serde_json::from_slice(&bytes).ok()?;
        Some((Sha256::of(&bytes), base))
    };
    newest.filter_map(|(_, path)| based(path)).collect()
}

/// The people who approved plans of this journal, as witnesses: what they signed names it as it was then.
fn approvers(session: &Session, state: &State) -> Vec<HeadWitness> {
    let witness = |(file, statement): (PathBuf, Statement)| {
        let Predicate {
            principal, base, ..
        } = statement.predicate;
        let name = format!("{principal}, who signed {},", file.display());
        HeadWitness::of_plan(name, &base).filter(|_| base.lineage == state.lineage)
    };
    collect::statements(session.project.root.as_std_path())
        .into_iter()
        .filter_map(witness)
        .collect()
}

/// Puts the approvals aside that remember more than the journal has.
///
/// # Errors
/// When one cannot be renamed.
pub fn put_approvals_aside(session: &Session, loaded: &Loaded) -> Result<usize, Failure> {
    let disagrees = |statement: &Statement| {
        let base = &statement.predicate.base;
        base.lineage.is_some()
            && base.lineage == loaded.state.lineage
            && !loaded.heads.contains_key(&base.head)
    };
    let found = collect::statements(session.project.root.as_std_path());
    let mut aside = 0;
    for (file, _) in found.iter().filter(|(_, statement)| disagrees(statement)) {
        let name = format!("{}.of-another-journal", file.display());
        std::fs::rename(file, &name).map_err(|error| {
            Failure::of(Exit::Store, &error)
                .while_doing(format!("cannot put {} aside", file.display()))
        })?;
        aside += 1;
    }
    Ok(aside)
}

/// What `--expect-head` has to say.
fn unexpected_head(session: &Session, loaded: &Loaded) -> Result<Option<String>, Failure> {
    let Some(text) = &session.expected_head else {
        return Ok(None);
    };
    let head: Sha256 = text.parse().map_err(|_| {
        let message = format!("{text:?} is no head: it looks like sha256: and 64 digits");
        Failure::new(Exit::Usage, message)
            .hint("`relplan state check` prints the one that the journal has")
    })?;
    if loaded.heads.contains_key(&head) {
        return Ok(None);
    }
    Ok(Some(format!(
        "--expect-head names {head}, which this journal does not have: it is at serial {} with the head {}",
        loaded.state.serial, loaded.state.head
    )))
}
