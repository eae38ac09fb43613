//! A world's journals: the real file store on a simulated disk, with the failures that a store can tell of around it.
//!
//! What is on the disk is followed line by line: what would survive a loss of power is what an effect may rest on. A
//! journal may be in several places: one is in use, and others are copies, remains, or somebody's second one.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{BoxFuture, StateStore, StoreError},
    state::State,
};
use relplan_state::FileStore;

use super::{
    Flaw, Inner, Shared, call,
    disk::SimDisk,
    latency,
    platter::{Failure, Lock},
};

/// Where the journal is if nothing else is said. The folder of the project is there; those below it the store creates.
pub(super) const FOLDER: &str = "/project/.relplan/state";

/// A journal's file in its folder.
const JOURNAL: &str = "journal.jsonl";

/// A world's store.
#[derive(Clone)]
pub struct SimStore {
    shared: Arc<Shared>,
    folder: PathBuf,
    file: FileStore<SimDisk>,
}

/// A whole line of the journal, as processes see it.
struct Line {
    /// Where the next one begins.
    end: usize,
    digest: Sha256,
    /// `None`: it is none, and whoever loads the journal will say so.
    entry: Option<Entry>,
}

/// What is known of the journal.
#[derive(Default)]
pub(super) struct Lines {
    lines: Vec<Line>,
    /// The fold of the first so many, which would survive a loss of power.
    state: State,
    durable: usize,
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

    pub(super) fn acknowledged(&self) -> &[Sha256] {
        &self.acknowledged
    }

    /// Acknowledged lines that are not there.
    pub(super) fn lost(&self) -> usize {
        let there = self.there();
        let is_lost = |head: &&Sha256| there.binary_search(head).is_err();
        self.acknowledged.iter().filter(is_lost).count()
    }

    fn there(&self) -> Vec<Sha256> {
        let mut there: Vec<Sha256> = self.lines.iter().map(|line| line.digest).collect();
        there.push(Sha256::ZERO);
        there.sort_unstable();
        there
    }

    /// Somebody put this journal there: what it does not have, nobody has lost but them.
    fn forgive(&mut self) {
        let there = self.there();
        self.acknowledged
            .retain(|head| there.binary_search(head).is_ok());
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
        self.lines.last().map_or(Sha256::ZERO, |line| line.digest)
    }

    /// Forgets the lines that end behind this place.
    fn forget_from(&mut self, at: usize) {
        let kept = self.lines.partition_point(|line| line.end <= at);
        self.lines.truncate(kept);
        if kept < self.durable {
            self.state = State::default();
            self.durable = 0;
        }
    }

    /// All of the lines would survive.
    fn are_durable(&mut self) {
        for line in self.lines.iter().skip(self.durable) {
            if let Some(entry) = &line.entry {
                // An entry that cannot be is there all the same; loading it then fails.
                let _ = self.state.fold(entry, line.digest);
            }
        }
        self.durable = self.lines.len();
    }
}

impl Inner {
    /// What is known of the journal in a folder.
    fn lines(&mut self, folder: &Path) -> &mut Lines {
        self.stores.entry(folder.to_owned()).or_default()
    }

    /// What the durable lines of the journal in use come to.
    pub(super) fn recorded(&self) -> Option<&State> {
        self.stores.get(&self.in_use).map(Lines::state)
    }

    /// A file was changed from this place on.
    pub(super) fn journal_changed(&mut self, path: &Path, at: usize) {
        let Some(folder) = path.parent().filter(|_| path.ends_with(JOURNAL)) else {
            return;
        };
        let is_in_use = folder == self.in_use;
        for line in self.read_again(folder, at) {
            if is_in_use {
                self.tell_entry(&line);
                if let Record::Receipt { step, .. } = &line.record {
                    self.watch_receipt(step);
                }
            }
        }
    }

    /// Reads a journal again from this place on, and answers what is new.
    fn read_again(&mut self, folder: &Path, at: usize) -> Vec<Entry> {
        self.lines(folder).forget_from(at);
        let begin = self.lines(folder).lines.last().map_or(0, |line| line.end);
        let content = self.platter.content(&folder.join(JOURNAL));
        let rest = content.get(begin..).unwrap_or_default();
        let mut end = begin;
        let mut found = Vec::new();
        for line in rest.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\n") else {
                break;
            };
            end += line.len() + 1;
            found.push(Line {
                end,
                digest: Sha256::of(line),
                entry: Entry::from_line(line).ok(),
            });
        }
        let read = found.iter().filter_map(|line| line.entry.clone()).collect();
        let lines = self.lines(folder);
        lines.appended.lines += found.len() as u64;
        lines.appended.bytes += (end - begin - found.len()) as u64;
        lines.lines.extend(found);
        read
    }

    /// A file or a folder was synced.
    pub(super) fn journal_synced(&mut self) {
        for (folder, lines) in &mut self.stores {
            if self.platter.is_durable(&folder.join(JOURNAL)) {
                lines.are_durable();
            }
        }
    }

    /// The machine goes dark, and comes back with what was synced, and perhaps more.
    pub(super) fn lose_power(&mut self) {
        let paths: Vec<PathBuf> = self.stores.keys().map(|one| one.join(JOURNAL)).collect();
        let content = |inner: &Self, path: &Path| inner.platter.content(path).to_vec();
        let before: Vec<Vec<u8>> = paths.iter().map(|path| content(self, path)).collect();
        self.platter.lose_power(&mut self.chance);
        for (path, before) in paths.iter().zip(before) {
            let after = self.platter.content(path);
            let same = before.iter().zip(after).take_while(|(a, b)| a == b).count();
            if same < before.len() || same < after.len() {
                let lost = before.len() - same;
                self.tell(|| format!("the last {lost} bytes of the journal were not on the disk"));
                self.journal_changed(path, same);
            }
        }
        self.journal_synced();
    }

    /// What processes see of the journal in a folder.
    pub(super) fn journal(&self, folder: &Path) -> &[u8] {
        self.platter.content(&folder.join(JOURNAL))
    }

    /// Somebody puts a whole journal in a folder, or takes it away, while nobody is at work.
    pub(super) fn put_journal(&mut self, folder: &Path, journal: &[u8]) {
        self.platter.replace(&folder.join(JOURNAL), journal);
        self.lines(folder).forget_from(0);
        self.read_again(folder, 0);
        self.lines(folder).forgive();
        self.journal_synced();
    }

    /// Somebody with another program appends a line that follows the last one. Whether nobody else was writing.
    pub(super) fn append_line(
        &mut self,
        folder: &Path,
        line: impl FnOnce(u64, Sha256) -> Vec<u8>,
    ) -> bool {
        let (path, lock) = (folder.join(JOURNAL), folder.join("lock"));
        let is_locked = self
            .platter
            .file(&lock)
            .is_some_and(|file| file.lock != Lock::Free);
        if is_locked {
            return false;
        }
        let lines = self.lines(folder);
        let end = lines.lines.last().map_or(0, |line| line.end);
        let (count, head) = (lines.lines.len() as u64, lines.end());
        let mut line = line(count, head);
        line.push(b'\n');
        self.platter.create_folders(folder);
        self.platter.create(&path);
        if let Some(file) = self.platter.file(&path) {
            file.cut(end);
            file.write(end, &line);
            file.sync();
        }
        for folder in folder.ancestors() {
            self.platter.sync_folder(folder);
        }
        self.journal_changed(&path, end);
        self.journal_synced();
        true
    }
}

fn failed() -> StoreError {
    StoreError::Io {
        location: FOLDER.to_owned(),
        doing: "writing the journal",
        source: io::Error::other("the disk is gone"),
    }
}

impl SimStore {
    pub(super) fn new(shared: Arc<Shared>, folder: PathBuf) -> Self {
        Self {
            file: FileStore::on(SimDisk(Arc::clone(&shared)), &folder),
            folder,
            shared,
        }
    }

    async fn write(&self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        call(&self.shared).await;
        latency(&self.shared).await;
        let told = self.shared.lock().store_fails(&self.folder, head);
        if let Some((error, false)) = told {
            return Err(error);
        }
        let answer = self.append(head, entries).await;
        call(&self.shared).await;
        let mut inner = self.shared.lock();
        match &answer {
            Ok(_) => inner.lines(&self.folder).appended.calls += 1,
            Err(error) => inner.tell(|| format!("the journal is not written: {error}")),
        }
        let answer = told.map_or(answer, |(error, _)| Err(error));
        if let Ok(head) = &answer {
            inner.lines(&self.folder).acknowledged.push(*head);
        }
        answer
    }

    async fn append(&self, head: Sha256, entries: &[Entry]) -> Result<Sha256, StoreError> {
        let forced = {
            let mut inner = self.shared.lock();
            let is_forced = inner.flaw == Some(Flaw::Unswapped);
            let lines = inner.lines(&self.folder);
            is_forced.then(|| (lines.end(), lines.forced(entries)))
        };
        match forced {
            Some((head, forced)) => self.file.append(head, &forced).await,
            None => self.file.append(head, entries).await,
        }
    }
}

impl Inner {
    /// What the store says instead of its answer, and whether it writes all the same. A failing disk the store is left
    /// to find out about by itself.
    fn store_fails(&mut self, folder: &Path, head: Sha256) -> Option<(StoreError, bool)> {
        let often = self.faults.store_failures;
        let fails = self.faults.strike(&mut self.chance, often);
        let often = self.faults.store_conflicts;
        let loses = !fails && self.faults.strike(&mut self.chance, often);
        let error = match (fails, loses) {
            (true, _) => failed(),
            (_, true) => StoreError::Conflict {
                expected: head,
                found: self.lines(folder).end(),
            },
            _ => return None,
        };
        let failure = self
            .chance
            .one_of(&[Failure::Write, Failure::Sync])
            .copied();
        if fails && self.chance.per_mille(500) {
            self.platter.failure = failure;
            return None;
        }
        let writes = self.chance.per_mille(500);
        self.tell(|| format!("the store fails: {error}"));
        Some((error, writes))
    }
}

impl StateStore for SimStore {
    fn location(&self) -> String {
        self.file.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async {
            call(&self.shared).await;
            latency(&self.shared).await;
            let is_blind = {
                let mut inner = self.shared.lock();
                let inner = &mut *inner;
                let often = inner.faults.store_blind;
                inner.faults.strike(&mut inner.chance, often)
            };
            if is_blind {
                self.shared
                    .lock()
                    .tell(|| "the store cannot be read".to_owned());
                return Err(failed());
            }
            self.file.load().await
        })
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(self.write(head, entries))
    }

    fn torn(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        self.file.torn()
    }
}

#[cfg(test)]
mod tests {
    use relplan_model::{digest::Sha256, port::StateStore as _, state::State};

    use crate::world::{
        Faults, Ran, Row, World,
        contract::{self, Open, chain},
        plan_of,
    };

    fn world(seed: u64) -> World {
        let plan = plan_of(&[Row::release("one:a")]).unwrap();
        World::new(seed, plan, Faults::none())
    }

    #[test]
    fn it_is_a_store() {
        contract::store_contract(|| {
            let world = world(0);
            let open: Open = Box::new(move || Box::new(world.store()));
            open
        });
    }

    /// Two runners, one after the other, each killed at any moment, with or without its machine: what either was told
    /// to be there is there, and the journal folds.
    #[test]
    fn l9_what_was_acknowledged_survives_kills_and_losses_of_power() {
        for seed in 0..10 {
            for (first, second) in
                (1..12).flat_map(|first| (1..12).map(move |second| (first, second)))
            {
                let world = world(seed);
                let mut told = Vec::new();
                for kill in [Some(first), Some(second), None] {
                    world.kill_at(kill.map(|kill| world.calls() + kill));
                    let ended = world.run(append_thrice(&world, &mut told));
                    assert!(kill.is_some() || ended == Ran::Ended(()));
                }
                let Ran::Ended(Ok(lines)) = world.run(world.store().load()) else {
                    panic!("it cannot be read")
                };
                let at = format!("seed {seed}, killed at {first} and {second}");
                assert!(State::replay(&lines).is_ok(), "{at}");
                let mut digests = lines.iter().map(|line| Sha256::of(line));
                // In order, for a line that was told later stands further behind.
                assert!(
                    told.iter().all(|head| digests.any(|one| one == *head)),
                    "{at}"
                );
                assert_eq!(world.lost_lines(), 0, "{at}");
            }
        }
    }

    /// Appends two lines three times behind what is there, and notes what it was told.
    async fn append_thrice(world: &World, told: &mut Vec<Sha256>) {
        let store = world.store();
        let lines = store.load().await.unwrap();
        let mut head = lines.last().map_or(Sha256::ZERO, |line| Sha256::of(line));
        for append in 0..3 {
            let seq = lines.len() as u64 + 2 * append;
            head = store.append(head, &chain(head, seq, 2, "a")).await.unwrap();
            told.push(head);
        }
    }
}
