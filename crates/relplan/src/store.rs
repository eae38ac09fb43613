//! Where the state is kept, and the store there: the one place that knows how command line, spec and plan are weighed.
//!
//! Invariant: which journal counts is decided where the plan is applied, by whoever runs it (`--state`, `RELPLAN_STATE`) or
//! by the spec there. What the plan says counts alone only where there is no spec: who applies a plan needs none (law L2).
//!
//! A session opens each store once: what a store has learnt of its journal, and its connections, are there when another
//! part of the same session asks it again.

mod patience;

use std::sync::{Arc, Mutex, PoisonError};

use camino::Utf8Path;
use relplan_model::{plan::Plan, port::StateStore};
use relplan_spec::{Spec, StateChoice};
use relplan_state::{DEFAULT_REF, DEFAULT_TABLE, Here, Place, Remote, RemoteError};
use relplan_targets::credential;
use url::Url;

use self::patience::Patient;
use crate::{
    commands::Session,
    exit::Exit,
    failure::Failure,
    next::{Objection, Situation},
};

/// Where the state is kept if nothing says otherwise.
const DEFAULT_FOLDER: &str = ".relplan/state";

/// The variable that says what `--state` says.
const VARIABLE: &str = "RELPLAN_STATE";

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

/// The store that `--state` or `RELPLAN_STATE` names, else the spec, else the folder that is the default.
///
/// # Errors
/// When the place cannot be (exit 64 or 65), or the store cannot be used here (exit 10).
pub fn open(
    session: &Session,
    given: Option<&str>,
    spec: Option<&Spec>,
) -> Result<Opened, Failure> {
    let place = match named(session, given)? {
        Some(place) => place,
        None => written(session, spec)?,
    };
    at(session, place)
}

/// The store of a plan that is about to be looked at or carried out here.
///
/// A plan is a file that somebody made: where its journal is counts only where nothing here says otherwise, since a plan
/// for a journal of its maker's choice would pass by the policy that ours remembers.
///
/// # Errors
/// When the place cannot be (exit 64 or 65), the store cannot be used here (exit 10), or the plan and the spec beside it name different places (exit 64).
pub fn of_plan(session: &Session, given: Option<&str>, plan: &Plan) -> Result<Opened, Failure> {
    if let Some(place) = named(session, given)? {
        return at(session, place);
    }
    let planned = plan.base.store.as_deref().map(Place::parse).transpose();
    let planned = planned.map_err(|error| {
        Failure::of(Exit::Invalid, &error)
            .while_doing("cannot use the place of the state that the plan names")
    })?;
    let spec = spec_if_any(session)?;
    match (spec, planned) {
        (Some(spec), Some(planned)) => {
            let here = written(session, Some(&spec))?;
            if !here.is_same_as(&planned) {
                return Err(elsewhere(&here, &planned));
            }
            at(session, here)
        }
        (None, Some(planned)) => at(session, permitted(session, planned, Exit::Credential)?),
        (spec, None) => open(session, None, spec.as_ref()),
    }
}

/// The spec, if the project has one. One that is not valid keeps nobody from a place that is named.
///
/// # Errors
/// When it is not valid, and no place is named (exit 65).
pub fn spec_beside(session: &Session, given: Option<&str>) -> Result<Option<Spec>, Failure> {
    match named(session, given)? {
        Some(_) => Ok(spec_if_any(session).ok().flatten()),
        None => spec_if_any(session),
    }
}

fn elsewhere(here: &Place, planned: &Place) -> Failure {
    let message = format!(
        "the plan was made for the state in {planned}, and the spec here keeps the state in {here}"
    );
    Failure::new(Exit::Usage, message)
        .while_doing("nothing was done")
        .situation(Situation::Journal(Objection::TwoPlaces {
            planned: planned.to_string(),
        }))
}

/// Where a journal is read, for those who compare places.
pub fn here<'a>(session: &'a Session, place: &'a Place) -> Here<'a> {
    Here {
        root: session.project.root.as_std_path(),
        place,
    }
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
    let store: Arc<dyn StateStore> = Arc::new(Patient::new(store.into(), session.terminal));
    stores.push((place.clone(), Arc::clone(&store)));
    Ok(Opened { store, place })
}

/// The spec, if the project has one. One that is there and not valid is an error: the state would be looked for in another
/// place than it is in.
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

/// The place that whoever runs this names: on the command line, or in the environment.
fn named(session: &Session, given: Option<&str>) -> Result<Option<Place>, Failure> {
    let (text, by) = match (given, session.surroundings.var(VARIABLE)) {
        (Some(given), _) => (given, "--state"),
        (None, Some(set)) => (set, VARIABLE),
        (None, None) => return Ok(None),
    };
    let place = Place::parse(text).map_err(|error| {
        Failure::of(Exit::Usage, &error).while_doing(format!("cannot use the place of {by}"))
    })?;
    Ok(Some(place))
}

/// The place that the spec names, or the default.
fn written(session: &Session, spec: Option<&Spec>) -> Result<Place, Failure> {
    match spec.and_then(|spec| spec.state.as_ref()) {
        Some(choice) => permitted(session, chosen(session, choice)?, Exit::Invalid),
        None => Ok(Place::File {
            path: DEFAULT_FOLDER.to_owned(),
        }),
    }
}

/// What the names of variables begin with that a spec may use for connection strings.
const DATABASE: &str = "RELPLAN_DATABASE";

/// Refuses a place that a spec or a plan names and that would be given a credential which was not meant for it: a
/// connection string in any variable, or a bucket's requests at any host.
///
/// Why: a spec comes with a pull request, and could name a variable that holds another database's string, or one that it
/// can fill itself, such as a branch's name, beside a password of the environment's.
fn permitted(session: &Session, place: Place, exit: Exit) -> Result<Place, Failure> {
    match &place {
        Place::Postgres { variable, .. } => {
            let own = variable.strip_prefix(DATABASE);
            let is_own = own.is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
            if is_own || credential::is_listed(variable, &session.surroundings) {
                return Ok(place);
            }
            let message = format!(
                "the state's connection string is in the variable {variable}, and a spec may name only {DATABASE} and \
                 variables that begin with {DATABASE}_"
            );
            Err(Failure::new(exit, message).hint(format!(
                "put it into {DATABASE} and write `url-from=\"{DATABASE}\"`, or allow it where relplan runs: {}={variable}",
                credential::ALLOW
            )))
        }
        Place::S3 {
            endpoint: Some(endpoint),
            ..
        } => {
            let variables = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"];
            let mut named = variables
                .into_iter()
                .filter_map(|name| session.surroundings.var(name));
            if named.any(|named| is_one_origin(named, endpoint)) {
                return Ok(place);
            }
            let message = format!(
                "the state's bucket is at {endpoint}, which the spec or the plan names alone, and requests to it carry \
                 the environment's credentials"
            );
            Err(Failure::new(exit, message).hint(format!(
                "if that is where they belong, say so where relplan runs: AWS_ENDPOINT_URL_S3={endpoint}"
            )))
        }
        Place::File { .. } | Place::Git { .. } | Place::S3 { endpoint: None, .. } => Ok(place),
    }
}

fn is_one_origin(one: &str, other: &str) -> bool {
    let origin = |text: &str| Url::parse(text).ok().map(|url| url.origin());
    origin(one).is_some_and(|one| Some(one) == origin(other))
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
    let remote = remote.map_err(|error| match &error {
        RemoteError::Unknown(_) => unusable(&error).hint(
            "add the remote with `git remote add`, write its URL into the spec, or name the place with --state git+URL",
        ),
        RemoteError::Transport { .. }
        | RemoteError::Query { .. }
        | RemoteError::DefaultLogin { .. }
        | RemoteError::Content { .. } => unusable(&error),
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
