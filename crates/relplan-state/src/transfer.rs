//! Moving a journal from one store to another: every line as it is, and only where the other store's journal is the
//! beginning of this one.

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{StateStore, StoreError},
    state::{FoldError, ReplayError, State},
    time::Timestamp,
};

/// How many entries one append carries.
const AT_ONCE: usize = 1_000;

/// What a transfer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// How many entries the other store did not have.
    pub entries: usize,
    /// How many it has that this one does not; nothing was transferred then.
    pub ahead: usize,
    /// The state where it was transferred from.
    pub state: State,
}

/// Why a journal could not be transferred. Nothing was written, unless it says so.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// There is no journal to transfer.
    #[error("there is no journal in {from}")]
    Nothing {
        /// Where.
        from: String,
    },
    /// The journals have nothing to do with each other.
    #[error("{to} keeps another journal: {there}, and {from} keeps {here}")]
    Lineage {
        /// From where.
        from: String,
        /// To where.
        to: String,
        /// The lineage here.
        here: String,
        /// The lineage there.
        there: String,
    },
    /// The journals agree up to an entry and then go different ways.
    #[error("the journals in {from} and {to} go different ways from entry {seq} on")]
    Diverged {
        /// From where.
        from: String,
        /// To where.
        to: String,
        /// The first entry in which they differ.
        seq: usize,
    },
    /// The journal cannot be read.
    #[error("the journal in {at} cannot be read")]
    Unreadable {
        /// Where.
        at: String,
        /// What is wrong.
        #[source]
        source: ReplayError,
    },
    /// A store failed, perhaps after some entries were transferred; the same transfer goes on from there.
    #[error("the journal was not transferred, or not all of it")]
    Store(#[from] StoreError),
}

/// Begins a move: `from` says where it is kept from now on. Whoever claims in `from` meanwhile finds the record first, or
/// is found by it (law L10). What `from` comes to is told, so that it can be remembered before the first line is carried:
/// `to` is then known to be incomplete until [`transfer`] has ended.
///
/// # Errors
/// As [`transfer`]. If a move was interrupted, the same move goes on from there.
pub async fn announce_move(
    from: &dyn StateStore,
    to: &dyn StateStore,
    place: &str,
    at: Timestamp,
) -> Result<State, TransferError> {
    let Compared {
        lines,
        there,
        mut state,
        ..
    } = compare(from, to).await?;
    let is_said = state.moved.as_ref().is_some_and(|moved| moved.to == place);
    if there.len() > lines.len() || is_said {
        return Ok(state);
    }
    let entry = Entry {
        seq: state.length,
        prev: state.head,
        at,
        record: Record::Moved {
            to: place.to_owned(),
        },
    };
    let head = from
        .append(state.head, std::slice::from_ref(&entry))
        .await?;
    let misfit = |error: FoldError| StoreError::Damaged {
        location: from.location(),
        detail: error.to_string(),
    };
    state.fold(&entry, head).map_err(misfit)?;
    Ok(state)
}

/// Brings `to` to where `from` is.
///
/// # Errors
/// When there is nothing to transfer, the journals differ, one is damaged, or a store fails.
pub async fn transfer(
    from: &dyn StateStore,
    to: &dyn StateStore,
) -> Result<Transferred, TransferError> {
    let Compared {
        lines,
        there,
        state,
        same,
    } = compare(from, to).await?;
    let missing = lines.get(same..).unwrap_or_default();
    let mut head = there.last().map_or(Sha256::ZERO, |line| Sha256::of(line));
    for lines in missing.chunks(AT_ONCE) {
        let entries: Result<Vec<Entry>, _> =
            lines.iter().map(|line| Entry::from_line(line)).collect();
        let entries = entries.map_err(|error| StoreError::Damaged {
            location: from.location(),
            detail: error.to_string(),
        })?;
        head = to.append(head, &entries).await?;
    }
    Ok(Transferred {
        entries: missing.len(),
        ahead: there.len().saturating_sub(lines.len()),
        state,
    })
}

/// Two journals of which one is the beginning of the other.
struct Compared {
    lines: Vec<Vec<u8>>,
    there: Vec<Vec<u8>>,
    /// The fold of `lines`.
    state: State,
    /// How many lines both have.
    same: usize,
}

async fn compare(from: &dyn StateStore, to: &dyn StateStore) -> Result<Compared, TransferError> {
    let lines = from.load().await?;
    let there = to.load().await?;
    let replay = |at: &dyn StateStore, lines: &[Vec<u8>]| {
        State::replay(lines).map_err(|source| TransferError::Unreadable {
            at: at.location(),
            source,
        })
    };
    let state = replay(from, &lines)?;
    let other = replay(to, &there)?;
    let Some(here) = state.lineage.clone() else {
        return Err(TransferError::Nothing {
            from: from.location(),
        });
    };
    if let Some(there) = other.lineage.filter(|there| *there != here) {
        return Err(TransferError::Lineage {
            from: from.location(),
            to: to.location(),
            here,
            there,
        });
    }
    let same = lines.iter().zip(&there).take_while(|(a, b)| a == b).count();
    if same < lines.len().min(there.len()) {
        return Err(TransferError::Diverged {
            from: from.location(),
            to: to.location(),
            seq: same,
        });
    }
    Ok(Compared {
        lines,
        there,
        state,
        same,
    })
}
