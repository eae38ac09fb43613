//! After a lost race for the end of the journal: was it lost at all, and what did the others write?
//!
//! Why: a swap that is said to be lost may have been made all the same, as when a store answers after a hidden repetition.
//! And where several runs share a plan, most races are lost to a run that has other steps than ours.

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{StateStore, StoreError},
    state::State,
};

use crate::claim::unreadable;

/// How often one append is tried while others are quicker.
pub(crate) const TRIES: usize = 64;

/// What was appended since.
#[derive(Debug, Default)]
pub(crate) struct Since {
    /// Whether our own entries are there.
    pub(crate) ours: bool,
    /// What others wrote, in order.
    pub(crate) others: Vec<Record>,
}

/// Brings a state up to date with its store, and tells what is new in it. `ours` are entries that may have been written.
pub(crate) async fn catch_up(
    state: &mut State,
    ours: &[Entry],
    store: &dyn StateStore,
) -> Result<Since, StoreError> {
    let lines = store.load().await?;
    let known = usize::try_from(state.length).unwrap_or(usize::MAX);
    let head = match known.checked_sub(1) {
        Some(last) => lines.get(last).map(|line| Sha256::of(line)),
        None => Some(Sha256::ZERO),
    };
    if head != Some(state.head) {
        return Err(StoreError::Damaged {
            location: store.location(),
            detail: format!(
                "it no longer has its entry {} as it was",
                state.length.saturating_sub(1)
            ),
        });
    }
    // An entry names the one before it, so that where the last one is, all are.
    let last = ours.last();
    let mut since = Since::default();
    let fresh = lines.get(known..).unwrap_or_default();
    let nexts = fresh.iter().skip(1).map(Vec::as_slice).map(Some);
    for (line, next) in fresh.iter().zip(nexts.chain([None])) {
        let entry = state.next_entry(line, next);
        let entry = entry.map_err(|error| unreadable(store, &error))?;
        state
            .fold(&entry, Sha256::of(line))
            .map_err(|error| unreadable(store, &error.into()))?;
        if last == Some(&entry) {
            since.ours = true;
        } else if !ours.contains(&entry) {
            since.others.push(entry.record);
        }
    }
    Ok(since)
}
