//! The journal of a walk: many steps write at once, and what comes together is appended and synced together.
//!
//! Invariant: a write is acknowledged after its line is durable (law L9), and lines stand in the order of the requests.
//! After the first failure nothing more is written: the walk cannot know what it may rest on. Nothing is written either
//! once another run has taken up a step of this part, since the append that would follow it finds its record first (L10).

use std::collections::BTreeSet;

use relplan_model::{
    address::TargetName,
    digest::Sha256,
    journal::{Entry, How, Record},
    plan::Base,
    port::{Clock, StateStore, StoreError},
    state::{Ended, State},
    step::StepId,
    time::Timestamp,
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    claim::{EntryError, fold},
    contest::{self, TRIES},
    part::Part,
    walk::pace::Pace,
};

/// How many lines one append takes at most; more than there are steps at once, for nothing waits behind it then.
const BATCH: usize = 1024;

/// The journal can no longer be written; the reason is the writer's to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halted;

/// What steps write with.
pub(crate) struct Journal(mpsc::UnboundedSender<Request>);

enum Request {
    Write(Write),
    /// Read what others wrote.
    Look(oneshot::Sender<()>),
}

struct Write {
    record: Box<Record>,
    written: oneshot::Sender<Result<(), Halted>>,
}

/// What another run of the same plan did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum News {
    /// It has begun.
    Joined(BTreeSet<TargetName>),
    /// One of its steps ended well.
    Done(StepId, How),
    /// It has ended, and not all steps of these targets ended well; with the reason, if it gave one.
    Left(BTreeSet<TargetName>, Option<String>),
    /// Something else, which shows that it goes on.
    Stirred,
}

/// Why nothing can be written any more.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the store said.
    pub(crate) error: StoreError,
    /// Who has taken over, or that the plan was given up, in words.
    pub(crate) overtaken: Option<String>,
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            overtaken: None,
        }
    }
}

impl Journal {
    /// Writes a record, and ends when it is durable.
    pub(crate) async fn write(&self, record: Record) -> Result<(), Halted> {
        let (written, answer) = oneshot::channel();
        let record = Box::new(record);
        let request = Request::Write(Write { record, written });
        self.0.send(request).map_err(|_| Halted)?;
        answer.await.unwrap_or(Err(Halted))
    }

    /// Reads what others wrote, which is then among the news. A store that cannot be read just now has none.
    pub(crate) async fn look(&self) {
        let (looked, answer) = oneshot::channel();
        if self.0.send(Request::Look(looked)).is_ok() {
            // Without an answer there are no news.
            let _ = answer.await;
        }
    }
}

/// What carries out the writes; it ends when every [`Journal`] is dropped.
pub(crate) struct Writer<'a> {
    store: &'a dyn StateStore,
    clock: &'a dyn Clock,
    part: &'a Part,
    plan: Sha256,
    requests: mpsc::UnboundedReceiver<Request>,
    news: mpsc::UnboundedSender<News>,
    /// What the store is known to hold.
    state: State,
    /// The same and the entries that are being written, which proves that they fit.
    ahead: State,
}

/// A journal that goes on from this state, what writes it, and what others write into it.
pub(crate) fn open<'a>(
    store: &'a dyn StateStore,
    clock: &'a dyn Clock,
    (plan, part): (Sha256, &'a Part),
    state: State,
) -> (Journal, Writer<'a>, mpsc::UnboundedReceiver<News>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let (news, heard) = mpsc::unbounded_channel();
    let writer = Writer {
        store,
        clock,
        part,
        plan,
        requests,
        news,
        ahead: state.clone(),
        state,
    };
    (Journal(sender), writer, heard)
}

impl Writer<'_> {
    /// Writes what is requested until nobody can request any more. Returns how far the journal had come, and why writing
    /// failed, if it did.
    pub(crate) async fn run(mut self) -> (Base, Option<Failure>) {
        let mut batch = Vec::new();
        while self.requests.recv_many(&mut batch, BATCH).await > 0 {
            let (mut writes, mut looks) = (Vec::new(), Vec::new());
            for request in batch.drain(..) {
                match request {
                    Request::Write(write) => writes.push(write),
                    Request::Look(looked) => looks.push(looked),
                }
            }
            let done = if writes.is_empty() {
                self.look().await
            } else {
                // Whoever wrote has seen everything that stands before it.
                self.write(&writes).await
            };
            if let Err(failure) = done {
                let base = self.state.base();
                self.refuse(writes).await;
                return (base, Some(failure));
            }
            // Nobody listens any more if the walk was dropped.
            for write in writes {
                let _ = write.written.send(Ok(()));
            }
            for looked in looks {
                let _ = looked.send(());
            }
        }
        (self.state.base(), None)
    }

    async fn look(&mut self) -> Result<(), Failure> {
        match self.catch_up(&[]).await {
            Ok(_) => Ok(()),
            Err(Failure {
                error: StoreError::Io { .. },
                ..
            }) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    async fn write(&mut self, writes: &[Write]) -> Result<(), Failure> {
        let at = self.clock.now();
        let mut pace = Pace::contested();
        let mut tries = 1;
        loop {
            let entries = entries(
                &mut self.ahead,
                writes.iter().map(|write| &*write.record),
                at,
            )
            .map_err(|why| self.misfit(&why))?;
            match self.store.append(self.state.head, &entries).await {
                Ok(_) => return self.written(&entries),
                Err(StoreError::Conflict { .. }) if tries < TRIES => {}
                Err(error) => return Err(error.into()),
            }
            if self.catch_up(&entries).await? || self.is_closed(writes) {
                return Ok(());
            }
            tries += 1;
            self.clock.sleep(pace.next().unwrap_or_default()).await;
        }
    }

    /// The next entry's `prev` is the digest of an entry's line, so that no line is made a second time.
    fn written(&mut self, entries: &[Entry]) -> Result<(), Failure> {
        let nexts = entries.iter().skip(1).map(|entry| entry.prev);
        for (entry, line) in entries.iter().zip(nexts.chain([self.ahead.head])) {
            self.state
                .fold(entry, line)
                .map_err(|error| self.misfit(&error))?;
        }
        Ok(())
    }

    /// Learns what is new in the store; whether our own entries are. It is a failure if somebody else has taken over.
    async fn catch_up(&mut self, ours: &[Entry]) -> Result<bool, Failure> {
        let expected = self.state.head;
        let since = contest::catch_up(&mut self.state, ours, self.store).await?;
        self.ahead = self.state.clone();
        let overtaken = since
            .others
            .iter()
            .find_map(|record| self.overtaken(record));
        if overtaken.is_some() {
            let found = self.state.head;
            return Err(Failure {
                error: StoreError::Conflict { expected, found },
                overtaken,
            });
        }
        for record in since.others {
            let news = match record {
                Record::Claim { targets, .. } | Record::Resumed { targets, .. } => {
                    News::Joined(targets.into_iter().flatten().collect())
                }
                Record::Receipt { step, how, .. } => News::Done(step, how),
                Record::Left {
                    targets, reason, ..
                } => News::Left(targets.into_iter().collect(), reason),
                _ => News::Stirred,
            };
            // Nobody listens any more if the walk has no step left.
            let _ = self.news.send(news);
        }
        Ok(since.ours)
    }

    /// Why this run ends because of what another one wrote.
    fn overtaken(&self, record: &Record) -> Option<String> {
        match record {
            Record::Abandoned { plan, reason, .. } if *plan == self.plan => {
                Some(format!("somebody gave the plan up meanwhile: {reason}"))
            }
            Record::Moved { to } => Some(format!(
                "the journal was moved to {to} meanwhile; apply the same plan again with --state and that place"
            )),
            Record::Claim { runner, .. } | Record::Resumed { runner, .. }
                if self.part.is_taken_up_by(record) =>
            {
                Some(format!(
                    "another run has taken over from this one: it is at work on {runner}"
                ))
            }
            _ => None,
        }
    }

    /// Whether all that was to be written is that the plan has ended, and somebody else wrote it.
    fn is_closed(&self, writes: &[Write]) -> bool {
        self.state.ended.get(&self.plan) == Some(&Ended::Closed)
            && writes
                .iter()
                .all(|write| matches!(*write.record, Record::Closed { .. }))
    }

    fn misfit(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::from(StoreError::Damaged {
            location: self.store.location(),
            detail: format!("an entry that does not fit was to be written: {why}"),
        })
    }

    async fn refuse(self, writes: Vec<Write>) {
        let Self {
            mut requests, news, ..
        } = self;
        // There will be no news, and that is one.
        drop(news);
        for write in writes {
            let _ = write.written.send(Err(Halted));
        }
        // Whoever asked for a look learns from the closed channel that there will be none.
        while let Some(request) = requests.recv().await {
            if let Request::Write(write) = request {
                let _ = write.written.send(Err(Halted));
            }
        }
    }
}

/// Makes records the next entries of a state, and folds them into it.
pub(crate) fn entries<'r>(
    state: &mut State,
    records: impl IntoIterator<Item = &'r Record>,
    at: Timestamp,
) -> Result<Vec<Entry>, EntryError> {
    let mut entries = Vec::new();
    for record in records {
        let entry = Entry {
            seq: state.length,
            prev: state.head,
            at,
            record: record.clone(),
        };
        fold(state, &entry)?;
        entries.push(entry);
    }
    Ok(entries)
}
