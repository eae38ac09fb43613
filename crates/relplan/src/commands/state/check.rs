//! `relplan state check`: is the journal whole, and does it have all that plans remember of it?

use std::path::{Path, PathBuf};

use relplan_model::{plan::Plan, port::Clock as _, state::ReplayError};
use relplan_state::{Place, Witness};

use crate::{
    clock::SystemClock,
    commands::{Session, read_plan},
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    memory::Memory,
    next::{Aside, Objection, Situation, shell},
    store::{self, Opened},
    view::style::{count, harmless},
};

/// Runs it.
pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    plans: &[PathBuf],
    (accept, project): (bool, Option<&str>),
) -> Result<Exit, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of(Exit::Store, error);
    let torn = opened.store.torn().await.map_err(|error| failed(&error))?;
    let lines = opened
        .store
        .load()
        .await
        .map_err(|error| how_to_go_on(session, failed(&error), &opened.place))?;
    if accept {
        return take(session, opened, project).await;
    }
    let mut witnesses = started(session);
    for path in plans {
        let (bytes, plan) = read_plan(path)?;
        witnesses.push(Witness {
            name: format!("the plan {}", path.display()),
            digest: Plan::digest(&bytes),
            plan,
        });
    }
    let checked = relplan_state::check(&lines, &witnesses).map_err(|error| {
        if let ReplayError::Later { .. } = error {
            return journal::unreadable(&relplan_state::unreadable(&*opened.store, &error));
        }
        let failure = failed(&error).while_doing(format!(
            "the journal in {} is damaged",
            opened.store.location()
        ));
        how_to_go_on(session, failure, &opened.place)
    })?;
    if !checked.disagreements.is_empty() {
        let listed: Vec<String> = checked
            .disagreements
            .iter()
            .map(|disagreement| format!("  {}\n", harmless(&disagreement.to_string())))
            .collect();
        let message = format!(
            "the journal in {} does not agree with what plans remember of it",
            opened.store.location()
        );
        let failure = Failure::new(Exit::Store, message).details(listed.concat());
        return Err(how_to_go_on(session, failure, &opened.place));
    }
    // The plans have been asked; what is left are this machine, the project's name, and whoever expects a head.
    let asked = Asked {
        project,
        plan: None,
    };
    journal::read(session, opened, asked).await?;
    let state = &checked.state;
    let mut text = format!(
        "The journal in {} is sound: {}, serial {}, head {}.\n",
        opened.store.location(),
        count(lines.len(), "entry", "entries"),
        state.serial,
        state.head
    );
    text.push_str(&format!(
        "It has all that {} of it, and the bytes of {} are those that their plans name.\n",
        match checked.witnesses {
            0 => "no plan remembers".to_owned(),
            1 => "one plan remembers".to_owned(),
            plans => format!("{plans} plans remember"),
        },
        count(checked.files, "file", "files")
    ));
    if checked.witnesses == 0 {
        text.push_str("Name plans that were made on it with --plan, to find out whether its end was cut off.\n");
    }
    if torn {
        text.push_str("Its last line was cut off by a crash while it was written; it never took effect, and is left out.\n");
    }
    let out = session.terminal.out;
    let wrapped = text.lines().map(|line| out.wrap("", "  ", line) + "\n");
    session.terminal.result(&wrapped.collect::<String>());
    Ok(Exit::Done)
}

/// Takes the journal as it is: what this machine and the plans that were started here hold against it is forgotten.
async fn take(session: &Session, opened: &Opened, project: Option<&str>) -> Result<Exit, Failure> {
    let loaded = journal::load(opened).await?;
    let state = &loaded.state;
    let witnesses = started(session);
    let checked = relplan_state::check(&loaded.lines, &witnesses);
    let checked = checked.map_err(|error| Failure::of(Exit::Store, &error))?;
    if !checked.disagreements.is_empty() {
        let folder = session.project.started_plans();
        let aside = session
            .project
            .root
            .join(".relplan/plans-of-another-journal");
        std::fs::rename(&folder, &aside).map_err(|error| {
            Failure::of(Exit::Store, &error).while_doing(format!("cannot put {folder} aside"))
        })?;
        session.terminal.remark(&format!(
            "The plans that were started here disagree, and were put aside in {aside}.\n"
        ));
    }
    let aside = journal::put_approvals_aside(session, &loaded)?;
    if aside > 0 {
        session.terminal.remark(&format!(
            "Approvals that remember more were put aside: {}, whose name ends with .of-another-journal now.\n",
            count(aside, "record", "records")
        ));
    }
    let project = project.unwrap_or(&state.project);
    Memory::of(&session.surroundings).update(project, |known| {
        known.journals.clear();
        let here = store::here(session, &opened.place);
        known.reached(state.base(), here, SystemClock.now());
    })?;
    session.terminal.result(&format!(
        "From now on the journal in {} counts as it is: serial {}, head {}.",
        opened.store.location(),
        state.serial,
        state.head
    ));
    Ok(Exit::Done)
}

/// The plans that were started from here. One that cannot be read remembers nothing.
fn started(session: &Session) -> Vec<Witness> {
    let folder = session.project.started_plans();
    let Ok(entries) = std::fs::read_dir(folder.as_std_path()) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    paths.iter().filter_map(|path| witness(path)).collect()
}

fn witness(path: &Path) -> Option<Witness> {
    let bytes = crate::files::read_found(path, relplan_model::plan::MAX_SIZE as u64).ok()?;
    let plan = Plan::from_bytes(&bytes).ok()?;
    let digest = Plan::digest(&bytes);
    Some(Witness {
        name: format!("the started plan {}", digest.short()),
        digest,
        plan,
    })
}

/// What can be done about a damaged journal, by where it is.
pub(super) fn how_to_go_on(session: &Session, failure: Failure, place: &Place) -> Failure {
    // A shell may stand in another folder.
    let place = &match session.typed.is_elsewhere() {
        true => place.within(session.project.root.as_std_path()),
        false => place.clone(),
    };
    let aside = match place {
        Place::File { path } => {
            let damaged = format!("{path}.damaged");
            Aside {
                words: None,
                commands: vec![shell(&["mv", path, &damaged])],
                lost: Some(damaged),
            }
        }
        // By a repository of its own: the project need not be one.
        Place::Git { url, reference } => {
            let (kept, damaged) = (".relplan/damaged.git", format!("{reference}-damaged"));
            let (copy, gone) = (format!("FETCH_HEAD:{damaged}"), format!(":{reference}"));
            let there = Place::Git {
                url: url.clone(),
                reference: damaged,
            };
            Aside {
                words: None,
                commands: vec![
                    shell(&["git", "init", "--quiet", "--bare", kept]),
                    shell(&["git", "-C", kept, "fetch", "--quiet", url, reference]),
                    shell(&["git", "-C", kept, "push", "--quiet", url, &copy, &gone]),
                ],
                lost: Some(there.to_string()),
            }
        }
        Place::S3 { .. } => Aside {
            words: Some("leave it where it is, and name another prefix in the spec"),
            commands: Vec::new(),
            lost: Some(place.to_string()),
        },
        Place::Postgres { .. } => Aside {
            words: Some("leave it where it is, and name another table in the spec"),
            commands: Vec::new(),
            lost: Some(place.to_string()),
        },
    };
    failure
        .hint("state is only memory, and the registries are the truth")
        .situation(Situation::Journal(Objection::Damaged { aside }))
}
