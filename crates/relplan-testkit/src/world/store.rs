//! A journal in memory, with compare-and-swap, crashes in the middle of an append, and failures.

use std::{io, sync::Arc};

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{BoxFuture, StateStore, StoreError},
    state::State,
};

use super::{Flaw, Inner, Shared, call, latency};

/// A world's store.
#[derive(Clone)]
pub struct MemoryStore(pub(super) Arc<Shared>);

/// The durable lines, and their fold.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Vec<u8>>,
    state: State,
    /// How many lines a loss of power leaves; all of them, unless the store is broken.
    synced: Option<usize>,
    /// The heads that clients were told to be durable.
    acknowledged: Vec<Sha256>,
    appended: Appended,
}

/// How much was appended to a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Appends that were done.
    pub calls: u64,
    /// Lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Lines {
    /// What the durable lines come to.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn appended(&self) -> Appended {
        self.appended
    }

    /// Acknowledged lines that are not there.
    pub(super) fn lost(&self) -> usize {
        let mut there: Vec<Sha256> = self.lines.iter().map(|line| Sha256::of(line)).collect();
        there.push(Sha256::ZERO);
        there.sort_unstable();
        let is_lost = |head: &&Sha256| there.binary_search(head).is_err();
        self.acknowledged.iter().filter(is_lost).count()
    }

    /// What a broken store did not sync is gone.
    pub(super) fn lose_power(&mut self) {
        if let Some(synced) = self.synced
            && synced < self.lines.len()
        {
            self.lines.truncate(synced);
            self.state = State::replay(&self.lines).unwrap_or_default();
        }
    }

    /// The same entries where the lines end now, whatever they were to follow.
    fn forced(&self, entries: &[Entry]) -> Vec<Entry> {
        let mut prev = self.end();
        let mut forced = entries.to_vec();
        for (entry, seq) in forced.iter_mut().zip(self.lines.len() as u64..) {
            (entry.seq, entry.prev) = (seq, prev);
            prev = entry.to_line().map_or(prev, |line| Sha256::of(&line));
        }
        forced
    }

    fn end(&self) -> Sha256 {
        let last = self.lines.last();
        last.map_or(Sha256::ZERO, |line| Sha256::of(line))
    }

    fn append(&mut self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        let found = self.end();
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
            self.appended.lines += 1;
            self.appended.bytes += line.len() as u64;
            self.lines.push(line);
        }
        self.appended.calls += 1;
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
            let _ = self.0.lock().append(head, kept);
        }
        for _ in 1..entries.len() {
            call(&self.0).await;
        }
        let (answer, fails) = {
            let mut inner = self.0.lock();
            let inner = &mut *inner;
            let often = inner.faults.store_failures;
            let fails = inner.faults.strike(&mut inner.chance, often);
            let often = inner.faults.store_conflicts;
            let loses = !fails && inner.faults.strike(&mut inner.chance, often);
            let error = match (fails, loses) {
                (true, _) => Some(failed()),
                (_, true) => Some(StoreError::Conflict {
                    expected: head,
                    found: inner.store.end(),
                }),
                _ => None,
            };
            if let Some(error) = &error {
                inner.tell(|| format!("the store fails: {error}"));
            }
            if error.is_some() && inner.chance.per_mille(500) {
                return error.map_or(Ok(head), Err);
            }
            (inner.append(head, entries), error)
        };
        call(&self.0).await;
        let answer = fails.map_or(answer, Err);
        if let Ok(head) = &answer {
            self.0.lock().store.acknowledged.push(*head);
        }
        answer
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

impl Inner {
    fn append(&mut self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        if self.flaw == Some(Flaw::Unsynced) {
            // What was written before has reached the disk by now; this has not.
            self.store.synced = Some(self.store.lines.len());
        }
        let answer = if self.flaw == Some(Flaw::Unswapped) {
            let forced = self.store.forced(entries);
            self.store.append(self.store.end(), &forced)
        } else {
            self.store.append(head, entries)
        };
        match &answer {
            Ok(_) => {
                for entry in entries {
                    self.tell_entry(entry);
                    if let Record::Receipt { step, .. } = &entry.record {
                        self.watch_receipt(step);
                    }
                }
            }
            Err(error) => self.tell(|| format!("the journal is not written: {error}")),
        }
        answer
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
            let mut inner = self.0.lock();
            let inner = &mut *inner;
            let often = inner.faults.store_blind;
            if inner.faults.strike(&mut inner.chance, often) {
                inner.tell(|| "the store cannot be read".to_owned());
                return Err(failed());
            }
            Ok(inner.store.lines.clone())
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
