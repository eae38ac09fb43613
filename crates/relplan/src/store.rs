//! Where the state is kept, and the store there: the one place that knows how command line, plan and spec are weighed.
//!
//! Why the plan comes before the spec: who applies a plan needs no spec (law L2), and one plan must be claimed in one
//! place, wherever it is applied.
//!
//! A session opens each store once: what a store has learnt of its journal, and its connections, are there when another
//! part of the same session asks it again.

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use relplan_model::port::StateStore;
use relplan_spec::{Spec, StateChoice};
use relplan_state::{DEFAULT_REF, DEFAULT_TABLE, Place, Remote};

use crate::{commands::Session, exit::Exit, failure::Failure};

/// Where the state is kept if nothing says otherwise.
const DEFAULT_FOLDER: &str = ".relplan/state";

/// The stores that a session has opened so far.
#[derive(Default)]
pub struct Stores(Mutex<Vec<(Place, Arc<dyn StateStore>)>>);

/// A store, and where it is.
pub struct Opened {
    /// The store.
    pub store: Arc<dyn StateStore>,
    /// Its place.
    pub place: Place,
}

impl Opened {
    /// The place as a plan carries it: nothing for a folder, which means the same folder to nobody else.
    pub fn carried(&self) -> Option<String> {
        (!self.place.is_local()).then(|| self.place.to_string())
    }
}

/// The store that the command line names, else the plan, else the spec, else the folder that is the default.
///
/// # Errors
/// When the place cannot be (exit 64 or 65), or the store cannot be used here (exit 10).
pub fn open(
    session: &Session,
    given: Option<&str>,
    planned: Option<&str>,
    spec: Option<&Spec>,
) -> Result<Opened, Failure> {
    let place = place(session, given, planned, spec)?;
    at(session, place)
}

/// The store at a place.
///
/// # Errors
/// When it cannot be used here (exit 10).
pub fn at(session: &Session, place: Place) -> Result<Opened, Failure> {
    let stores = session.stores.0.lock();
    let mut stores = stores.unwrap_or_else(PoisonError::into_inner);
    if let Some((_, store)) = stores.iter().find(|(known, _)| *known == place) {
        let store = Arc::clone(store);
        return Ok(Opened { store, place });
    }
    let project = session.project.root.as_std_path();
    let store = relplan_state::open(&place, project, &session.surroundings.vars)
        .map_err(|error| Failure::of(Exit::Store, &error))?;
    let store: Arc<dyn StateStore> = store.into();
    stores.push((place.clone(), Arc::clone(&store)));
    Ok(Opened { store, place })
}

/// The same, where the spec is read if there is one. A spec that is there and not valid is an error: the state would be
/// looked for in another place than it is in.
///
/// # Errors
/// As [`open`]; and when there is a spec that is not valid (exit 65).
pub fn find(
    session: &Session,
    given: Option<&str>,
    planned: Option<&str>,
) -> Result<Opened, Failure> {
    if given.is_some() || planned.is_some() {
        return open(session, given, planned, None);
    }
    let spec = spec_if_any(session)?;
    open(session, None, None, spec.as_ref())
}

/// The spec, if the project has one.
///
/// # Errors
/// When it has one that is not valid (exit 65).
pub fn spec_if_any(session: &Session) -> Result<Option<Spec>, Failure> {
    let project = &session.project;
    if !project.root.as_std_path().join(&project.spec_path).exists() {
        return Ok(None);
    }
    let read = project
        .spec(&relplan_targets::vocabulary(), session.terminal.err)
        .map_err(|failure| {
            failure.hint("the spec says where the state is kept; or name the place with --state")
        })?;
    Ok(Some(read.spec))
}

fn place(
    session: &Session,
    given: Option<&str>,
    planned: Option<&str>,
    spec: Option<&Spec>,
) -> Result<Place, Failure> {
    if let Some(given) = given {
        return Place::parse(given).map_err(|error| {
            Failure::of(Exit::Usage, &error).while_doing("cannot use the place of --state")
        });
    }
    if let Some(planned) = planned {
        return Place::parse(planned).map_err(|error| {
            Failure::of(Exit::Invalid, &error)
                .while_doing("cannot use the place of the state that the plan names")
        });
    }
    match spec.and_then(|spec| spec.state.as_ref()) {
        Some(choice) => chosen(session, choice),
        None => Ok(Place::File {
            path: DEFAULT_FOLDER.to_owned(),
        }),
    }
}

/// What the spec's `state` comes to.
fn chosen(session: &Session, choice: &StateChoice) -> Result<Place, Failure> {
    let StateChoice {
        kind,
        settings,
        span: _,
    } = choice;
    let said = |name: &str| settings.text(name);
    let project = &session.project.root;
    let place = match kind.as_str() {
        "git" => return git(session, project, said("remote"), said("ref")),
        "s3" => Place::s3(
            said("bucket").unwrap_or_default(),
            said("prefix").unwrap_or_default(),
            said("endpoint").map(str::to_owned),
            said("region").map(str::to_owned),
        ),
        "postgres" => Place::postgres(
            said("url-from").unwrap_or_default(),
            said("table").unwrap_or(DEFAULT_TABLE),
        ),
        _ => {
            return Ok(Place::File {
                path: said("path").unwrap_or(DEFAULT_FOLDER).to_owned(),
            });
        }
    };
    place.map_err(|error| unusable(&error))
}

fn git(
    session: &Session,
    project: &Utf8Path,
    remote: Option<&str>,
    reference: Option<&str>,
) -> Result<Place, Failure> {
    let name = remote.unwrap_or("origin");
    let remote = Remote::named(name, project.as_std_path(), &session.surroundings.vars);
    let remote = remote.map_err(|error| {
        unusable(&error).hint(
            "add the remote with `git remote add`, write its URL into the spec, or name the place with --state git+URL",
        )
    })?;
    Place::git(&remote.url, reference.unwrap_or(DEFAULT_REF)).map_err(|error| unusable(&error))
}

fn unusable(error: &dyn std::error::Error) -> Failure {
    Failure::of(Exit::Invalid, error).while_doing("cannot use the place of the state in the spec")
}

/// Whether the journal is on this machine alone, and this machine is one that is thrown away, as CI's are.
pub fn is_lost_with_the_runner(session: &Session, opened: &Opened) -> bool {
    let in_ci = session
        .surroundings
        .var("CI")
        .is_some_and(|ci| !matches!(ci, "" | "false" | "0"));
    in_ci && opened.place.is_local()
}

/// What is lost then.
pub fn warn_if_lost_with_the_runner(session: &Session, opened: &Opened) -> Option<String> {
    if !is_lost_with_the_runner(session, opened) {
        return None;
    }
    Some(format!(
        "The state is in {} on this machine alone. If the machine is lost in the middle of it, so is the record of \
         what was attempted: what is published stays so, and the next plan adopts it by its bytes, but nobody is kept \
         from applying another plan meanwhile, and an approval could be used again. Keep the state elsewhere \
         (`state \"git\"` in the spec), or carry this folder from run to run.",
        opened.store.location()
    ))
}
