//! Reading state back from a journal.

use std::{collections::BTreeMap, error::Error};

use relplan_model::{
    digest::Sha256,
    port::{StateStore, StoreError},
    state::{ReplayError, State},
};

/// What a store's journal comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The fold of the journal.
    pub state: State,
    /// Its lines.
    pub lines: Vec<Vec<u8>>,
    /// The digest of each line, with the serial that the state had there: every head that the journal ever had.
    pub heads: BTreeMap<Sha256, u64>,
    /// Whether the journal ended in a piece of a line, which was left out. It was never acknowledged to anybody, and
    /// the next append removes it; people are told all the same.
    pub torn: bool,
}

/// Loads a journal and folds it.
///
/// # Errors
/// When the store cannot be read, or a line is not an entry or does not follow the one before it.
pub async fn load_state(store: &dyn StateStore) -> Result<Loaded, StoreError> {
    let torn = store.torn().await?;
    let lines = store.load().await?;
    let mut heads = BTreeMap::new();
    let folded = State::replay_each(&lines, |_, _, state| {
        heads.insert(state.head, state.serial);
    });
    let state = folded.map_err(|error| unreadable(store, &error))?;
    Ok(Loaded {
        state,
        lines,
        heads,
        torn,
    })
}

/// What a store says whose lines cannot be folded.
#[must_use]
pub fn unreadable(store: &dyn StateStore, error: &ReplayError) -> StoreError {
    if let ReplayError::Later { .. } = error {
        return StoreError::Later {
            location: store.location(),
            detail: error.to_string(),
        };
    }
    let mut detail = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        detail = format!("{detail}: {cause}");
        next = cause.source();
    }
    StoreError::Damaged {
        location: store.location(),
        detail,
    }
}
