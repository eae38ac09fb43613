//! Claiming: the one swap by which a plan starts and its approvals are used up, and the end of plans that are given up.

use relplan_model::{
    approval::Approved,
    digest::Sha256,
    event::Event,
    journal::{Entry, Record},
    plan::Plan,
    port::{Clock, StateStore, StoreError, Withheld},
    state::{FoldError, Progress, ReplayError, State},
};

use crate::{
    admit::{Admitted, Denied, Standing, standing},
    contest::{self, TRIES},
    exit::ExitClass,
    journal::entries,
    part::Part,
    walk::{Ports, pace::Pace},
};

/// Under which name a plan is claimed.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The name that the journal gets if this is its first entry: unique for ever, so a random one.
    pub lineage: String,
    /// The relplan version.
    pub tool: String,
    /// Where it runs, for people; never a secret.
    pub runner: String,
    /// A random name of this run, which no other has.
    pub run: String,
}

/// A plan that is ours to walk.
#[derive(Debug, Clone)]
pub struct Claimed {
    pub(crate) plan: Plan,
    pub(crate) digest: Sha256,
    pub(crate) part: Part,
    pub(crate) state: State,
    pub(crate) run: String,
    pub(crate) finished: bool,
}

impl Claimed {
    /// The state that it was claimed in, the claim included.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }
}

/// Why a plan could not be claimed. No effect was attempted.
#[derive(Debug, thiserror::Error)]
pub enum ClaimError {
    /// Somebody else was quicker.
    #[error("somebody else was quicker")]
    Denied(#[source] Denied),
    /// Somebody else claimed the same plan at the same time.
    #[error("the plan {} has just been taken up by {runner}", plan.short())]
    Taken {
        /// The plan.
        plan: Sha256,
        /// Where it runs.
        runner: String,
    },
    /// The journal was moved at the same time.
    #[error("the journal has just been moved to {to}: apply the plan there, with --state")]
    Moved {
        /// The place.
        to: String,
    },
    /// The plan is not approved.
    #[error("the plan is not approved")]
    Withheld(#[source] Withheld),
    /// The journal could not be read or written.
    #[error("the claim could not be written down")]
    Store(#[from] StoreError),
}

impl ClaimError {
    /// How the process ends because of it.
    #[must_use]
    pub fn exit(&self) -> ExitClass {
        match self {
            Self::Denied(denied) => denied.exit(),
            Self::Taken { .. } => ExitClass::Busy,
            Self::Withheld(_) => ExitClass::Approval,
            Self::Moved { .. } | Self::Store(_) => ExitClass::Store,
        }
    }
}

/// Claims an admitted plan, or takes it up again, by compare-and-swap on the state that it was admitted on (law L10).
/// The approvals that allow it are written down in the same swap, and are thereby used up.
///
/// Where others wrote meanwhile and left this run's part of the plan alone, it is tried again on what they wrote.
///
/// # Errors
/// When the plan is not approved, somebody else has taken it up since, or the journal could not be written.
pub async fn claim(
    admitted: Admitted,
    opening: Opening,
    ports: &Ports<'_>,
) -> Result<Claimed, ClaimError> {
    let Admitted {
        plan,
        digest,
        part,
        mut state,
        mut standing,
    } = admitted;
    let claimed = |state, finished| Claimed {
        plan: plan.clone(),
        digest,
        part: part.clone(),
        state,
        run: opening.run.clone(),
        finished,
    };
    if standing == Standing::Finished {
        return Ok(claimed(state, true));
    }
    let approved = match ports.approvals.approved().await {
        Ok(approved) => approved,
        Err(withheld) => return Err(ClaimError::Withheld(withheld)),
    };
    let mut pace = Pace::contested();
    for _ in 0..TRIES {
        let mut next = state.clone();
        let records = records(
            (&plan, digest, &part),
            &state,
            standing,
            &opening,
            &approved,
        );
        let entries = entries(&mut next, &records, ports.clock.now())
            .map_err(|error| misfit(ports.store, &error))?;
        match ports.store.append(state.head, &entries).await {
            Ok(_) => {
                tell(&plan, digest, &state, standing, ports);
                return Ok(claimed(next, false));
            }
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(ClaimError::Store(error)),
        }
        let since = contest::catch_up(&mut state, &entries, ports.store).await?;
        if since
            .others
            .iter()
            .any(|record| part.is_taken_up_by(record))
        {
            return Err(lost(&plan, digest, state));
        }
        let moved = since.others.iter().find_map(|record| match record {
            Record::Moved { to } => Some(to.clone()),
            _ => None,
        });
        if let Some(to) = moved {
            return Err(ClaimError::Moved { to });
        }
        if since.ours {
            tell(&plan, digest, &state, standing, ports);
            return Ok(claimed(state, false));
        }
        standing = self::standing(&plan, digest, &state).map_err(ClaimError::Denied)?;
        if standing == Standing::Finished {
            return Ok(claimed(state, true));
        }
        ports.clock.sleep(pace.next().unwrap_or_default()).await;
    }
    Err(lost(&plan, digest, state))
}

fn tell(plan: &Plan, digest: Sha256, state: &State, standing: Standing, ports: &Ports<'_>) {
    let done = state.open.as_ref().map_or(0, |open| {
        let done = |progress: &&Progress| matches!(progress, Progress::Done(_));
        open.steps.values().filter(done).count()
    });
    ports.events.emit(Event::Claimed {
        plan: digest,
        resumed: standing == Standing::Open,
        done: done as u64,
        total: plan.steps.len() as u64,
    });
}

fn records(
    (plan, digest, part): (&Plan, Sha256, &Part),
    state: &State,
    standing: Standing,
    opening: &Opening,
    approved: &Option<Approved>,
) -> Vec<Record> {
    let Opening {
        lineage,
        tool,
        runner,
        run,
    } = opening.clone();
    let run = Some(run);
    let (targets, approved) = (part.recorded(), approved.clone());
    if standing == Standing::Open {
        return vec![Record::Resumed {
            plan: digest,
            runner,
            run,
            targets,
            approved,
        }];
    }
    let genesis = state.lineage.is_none();
    let genesis = genesis.then(|| Record::genesis(lineage, plan.project.clone()));
    let claim = Record::Claim {
        plan: digest,
        serial: state.serial + 1,
        tool,
        runner,
        run,
        targets,
        steps: Some(plan.steps.len() as u64),
        not_after: Some(plan.not_after),
        approved,
    };
    genesis.into_iter().chain([claim]).collect()
}

/// Says who was quicker.
fn lost(plan: &Plan, digest: Sha256, state: State) -> ClaimError {
    match standing(plan, digest, &state) {
        Err(denied) => ClaimError::Denied(denied),
        Ok(_) => ClaimError::Taken {
            plan: digest,
            runner: state.open.map(|open| open.runner).unwrap_or_default(),
        },
    }
}

fn misfit(store: &dyn StateStore, error: &EntryError) -> StoreError {
    StoreError::Damaged {
        location: store.location(),
        detail: error.to_string(),
    }
}

/// Why a plan could not be abandoned.
#[derive(Debug, thiserror::Error)]
pub enum AbandonError {
    /// It is not the open one.
    #[error("the plan {} is not open", plan.short())]
    NotOpen {
        /// The plan.
        plan: Sha256,
    },
    /// The journal could not be read or written.
    #[error("the end of the plan could not be written down")]
    Store(#[from] StoreError),
}

/// Gives up the open plan, on the state that was read. What it did stays done and recorded; another plan may then be
/// claimed.
///
/// # Errors
/// When the plan is not open, somebody wrote to the journal since, or it could not be written.
pub async fn abandon(
    store: &dyn StateStore,
    clock: &dyn Clock,
    mut state: State,
    (plan, reason): (Sha256, String),
) -> Result<State, AbandonError> {
    if state.open.as_ref().is_none_or(|open| open.plan != plan) {
        return Err(AbandonError::NotOpen { plan });
    }
    let record = Record::Abandoned {
        plan,
        serial: state.serial + 1,
        reason,
    };
    append(&mut state, vec![record], store, clock).await?;
    Ok(state)
}

/// Reads a store's state.
pub(crate) async fn replay(store: &dyn StateStore) -> Result<State, StoreError> {
    let lines = store.load().await?;
    State::replay(&lines).map_err(|error| unreadable(store, &error))
}

/// What a store says whose lines cannot be folded.
pub(crate) fn unreadable(store: &dyn StateStore, error: &ReplayError) -> StoreError {
    let (location, detail) = (store.location(), error.to_string());
    match error {
        ReplayError::Later { .. } => StoreError::Later { location, detail },
        ReplayError::Line { .. } | ReplayError::Fold(_) => StoreError::Damaged { location, detail },
    }
}

/// Appends records to a state that was just loaded, by compare-and-swap on its head.
pub(crate) async fn append(
    state: &mut State,
    records: Vec<Record>,
    store: &dyn StateStore,
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    let mut next = state.clone();
    let entries =
        entries(&mut next, &records, clock.now()).map_err(|error| misfit(store, &error))?;
    store.append(state.head, &entries).await?;
    *state = next;
    Ok(())
}

/// Why an entry cannot be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    /// It has no canonical form.
    #[error(transparent)]
    Form(#[from] relplan_model::canonical::CanonicalError),
    /// It does not fit.
    #[error(transparent)]
    Fold(#[from] FoldError),
}

/// Folds an entry that is about to be written.
pub(crate) fn fold(state: &mut State, entry: &Entry) -> Result<(), EntryError> {
    let line = entry.to_line()?;
    state.fold(entry, Sha256::of(&line))?;
    Ok(())
}
