//! Adopting: what registries have already is recorded outside of a plan. No registry is written to.

use relplan_model::{
    digest::Sha256,
    journal::{Fact, Record},
    observation::{Observation, Seen, VersionFacts},
    port::{Clock, StateStore, StoreError},
    state::State,
};

use crate::{claim::append, exit::ExitClass};

/// How many facts one journal line takes: few enough for any line to stay far below the longest that is read.
const A_LINE: usize = 200;

/// Why nothing was adopted. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// A plan is under way, and what it does is its own to record.
    #[error("the plan {} is open (by {runner})", plan.short())]
    Open {
        /// The plan.
        plan: Sha256,
        /// Where it runs or ran last.
        runner: String,
    },
    /// Somebody wrote to the journal since it was read.
    #[error("somebody else wrote to the state in the meantime")]
    Moved,
    /// The journal could not be written.
    #[error("what was adopted could not be written down")]
    Store(#[from] StoreError),
}

impl AdoptError {
    /// How the process ends because of it.
    #[must_use]
    pub fn exit(&self) -> ExitClass {
        match self {
            Self::Open { .. } => ExitClass::Busy,
            Self::Moved => ExitClass::Stale,
            Self::Store(_) => ExitClass::Store,
        }
    }
}

/// Records facts on the state that they were compared with, in one compare-and-swap (law L10). `lineage` is the name that
/// the journal gets if this is its first entry.
///
/// # Errors
/// When a plan is open, somebody else wrote since, or the journal could not be written. It is all or nothing.
pub async fn adopt(
    store: &dyn StateStore,
    clock: &dyn Clock,
    mut state: State,
    (lineage, project): (String, String),
    facts: Vec<Fact>,
) -> Result<State, AdoptError> {
    if let Some(open) = &state.open {
        return Err(AdoptError::Open {
            plan: open.plan,
            runner: open.runner.clone(),
        });
    }
    if facts.is_empty() {
        return Ok(state);
    }
    let genesis = state.lineage.is_none();
    let genesis = genesis.then(|| Record::genesis(lineage, project));
    write(store, clock, &mut state, genesis, &facts).await?;
    Ok(state)
}

/// Begins a journal with facts, in one compare-and-swap on nothing.
///
/// # Errors
/// When somebody else began it, or it could not be written. It is all or nothing.
pub async fn begin(
    store: &dyn StateStore,
    clock: &dyn Clock,
    genesis: Record,
    facts: Vec<Fact>,
) -> Result<State, AdoptError> {
    let mut state = State::default();
    write(store, clock, &mut state, Some(genesis), &facts).await?;
    Ok(state)
}

/// What is true of a package, as far as its registry shows digests for it.
#[must_use]
pub fn facts_of(observation: &Observation) -> Vec<Fact> {
    let address = &observation.address;
    let Seen::Present(seen) = &observation.seen else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (version, found) in &seen.versions {
        let VersionFacts {
            files,
            yanked,
            deprecated,
        } = found;
        // Whose bytes are not shown cannot be recorded; a plan adopts it once they are.
        if files.values().any(|shown| shown.digests.0.is_empty()) {
            continue;
        }
        for (file, shown) in files {
            facts.push(Fact::File {
                address: address.clone(),
                version: version.clone(),
                file: file.clone(),
                digests: shown.digests.clone(),
            });
        }
        facts.push(Fact::Resolvable {
            address: address.clone(),
            version: version.clone(),
        });
        if *yanked {
            facts.push(Fact::Yanked {
                address: address.clone(),
                version: version.clone(),
            });
        }
        if let Some(message) = deprecated {
            facts.push(Fact::Deprecated {
                address: address.clone(),
                version: version.clone(),
                message: message.clone(),
            });
        }
    }
    // Pointers to versions that nobody asks for are none of ours.
    let pointers = seen
        .pointers
        .iter()
        .filter(|(_, version)| seen.versions.contains_key(*version));
    facts.extend(pointers.map(|(pointer, version)| Fact::Pointer {
        address: address.clone(),
        pointer: pointer.clone(),
        version: Some(version.clone()),
    }));
    facts
}

async fn write(
    store: &dyn StateStore,
    clock: &dyn Clock,
    state: &mut State,
    genesis: Option<Record>,
    facts: &[Fact],
) -> Result<(), AdoptError> {
    let adopted = facts
        .chunks(A_LINE)
        .zip(state.serial + 1..)
        .map(|(facts, serial)| Record::Adopted {
            facts: facts.to_vec(),
            serial,
        });
    let records = genesis.into_iter().chain(adopted).collect();
    match append(state, records, store, clock).await {
        Ok(()) => Ok(()),
        Err(StoreError::Conflict { .. }) => Err(AdoptError::Moved),
        Err(error) => Err(AdoptError::Store(error)),
    }
}
