//! Reading state back from a journal.

use std::error::Error;

use relplan_model::{
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
    let state = State::replay(&lines).map_err(|error| damaged(store, &error))?;
    Ok(Loaded { state, lines, torn })
}

fn damaged(store: &dyn StateStore, error: &ReplayError) -> StoreError {
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
