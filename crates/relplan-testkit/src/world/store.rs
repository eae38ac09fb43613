//! A journal in memory, with compare-and-swap, crashes in the middle of an append, and failures.

use std::{io, sync::Arc};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
    state::State,
};

use super::{Shared, call, latency};

/// A world's store.
#[derive(Clone)]
pub struct MemoryStore(pub(super) Arc<Shared>);

/// The durable lines, and their fold.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Vec<u8>>,
    state: State,
}

impl Lines {
    /// What the durable lines come to.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    fn append(&mut self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        let found = self
            .lines
            .last()
            .map_or(Sha256::ZERO, |line| Sha256::of(line));
        if found != head {
            return Err(StoreError::Conflict {
                expected: head,
                found,
            });
        }
        let mut end = head;
        let mut lines = Vec::new();
        for (entry, seq) in entries.iter().zip(self.lines.len() as u64..) {
            if entry.seq != seq || entry.prev != end {
                return Err(damaged("an entry does not follow the one before it"));
            }
            let line = entry.to_line().map_err(damaged)?;
            end = Sha256::of(&line);
            lines.push((entry, line));
        }
        for (entry, line) in lines {
            // An entry that cannot be is written all the same, as any store would; loading it then fails.
            let _ = self.state.fold(entry, Sha256::of(&line));
            self.lines.push(line);
        }
        Ok(end)
    }
}

fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged {
        location: "memory".to_owned(),
        detail: error.to_string(),
    }
}

fn failed() -> StoreError {
    StoreError::Io {
        location: "memory".to_owned(),
        doing: "writing the journal",
        source: io::Error::other("the disk is gone"),
    }
}

impl MemoryStore {
    async fn write(&self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        call(&self.0).await;
        latency(&self.0).await;
        // A kill may leave any number of whole lines behind, so that each is a port call of its own.
        if entries.len() > 1 && self.is_killed_at_next(entries.len() as u64) {
            let kept = self.calls_until_kill();
            let (kept, _) = entries.split_at(kept.min(entries.len()));
            let _ = self.0.lock().store.append(head, kept);
        }
        for _ in 1..entries.len() {
            call(&self.0).await;
        }
        let (answer, fails) = {
            let mut inner = self.0.lock();
            let inner = &mut *inner;
            let often = inner.faults.store_failures;
            let fails = inner.faults.strike(&mut inner.chance, often);
            if fails && inner.chance.per_mille(500) {
                return Err(failed());
            }
            (inner.store.append(head, entries), fails)
        };
        call(&self.0).await;
        if fails { Err(failed()) } else { answer }
    }

    /// Whether the run is killed at one of the next calls but the last.
    fn is_killed_at_next(&self, calls: u64) -> bool {
        let inner = self.0.lock();
        inner
            .kill_at
            .is_some_and(|at| at > inner.calls && at < inner.calls + calls)
    }

    fn calls_until_kill(&self) -> usize {
        let inner = self.0.lock();
        let left = inner
            .kill_at
            .unwrap_or_default()
            .saturating_sub(inner.calls);
        usize::try_from(left).unwrap_or_default()
    }
}

impl StateStore for MemoryStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async {
            call(&self.0).await;
            latency(&self.0).await;
            Ok(self.0.lock().store.lines.clone())
        })
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(self.write(head, entries))
    }
}

#[cfg(test)]
mod tests {
    use crate::world::{
        Faults, Row, World,
        contract::{self, Open},
        plan_of,
    };

    #[test]
    fn it_is_a_store() {
        contract::store_contract(|| {
            let plan = plan_of(&[Row::release("one:a")]).unwrap();
            let world = World::new(0, plan, Faults::none());
            let open: Open = Box::new(move || Box::new(world.store()));
            open
        });
    }
}
