//! The journal of a walk: many steps write at once, and what comes together is appended and synced together.
//!
//! Invariant: a write is acknowledged after its line is durable (law L9), and lines stand in the order of the requests.
//! After the first failure nothing more is written: the walk cannot know what it may rest on.

use relplan_model::{
    journal::{Entry, Record},
    port::{Clock, StateStore, StoreError},
    state::State,
};
use tokio::sync::{mpsc, oneshot};

use crate::claim::fold;

/// How many lines one append takes at most; more than there are steps at once, for nothing waits behind it then.
const BATCH: usize = 1024;

/// The journal can no longer be written; the reason is the writer's to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Halted;

/// What steps write with.
pub(crate) struct Journal(mpsc::UnboundedSender<Request>);

struct Request {
    record: Record,
    written: oneshot::Sender<Result<(), Halted>>,
}

impl Journal {
    /// Writes a record, and ends when it is durable.
    pub(crate) async fn write(&self, record: Record) -> Result<(), Halted> {
        let (written, answer) = oneshot::channel();
        let request = Request { record, written };
        self.0.send(request).map_err(|_| Halted)?;
        answer.await.unwrap_or(Err(Halted))
    }
}

/// What carries out the writes; it ends when every [`Journal`] is dropped.
pub(crate) struct Writer<'a> {
    store: &'a dyn StateStore,
    clock: &'a dyn Clock,
    requests: mpsc::UnboundedReceiver<Request>,
    state: State,
}

/// A journal that goes on from this state, and what writes it.
pub(crate) fn open<'a>(
    store: &'a dyn StateStore,
    clock: &'a dyn Clock,
    state: State,
) -> (Journal, Writer<'a>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let writer = Writer {
        store,
        clock,
        requests,
        state,
    };
    (Journal(sender), writer)
}

impl Writer<'_> {
    /// Writes what is requested until nobody can request any more. Returns why writing failed, if it did.
    pub(crate) async fn run(mut self) -> Option<StoreError> {
        let mut batch = Vec::new();
        while self.requests.recv_many(&mut batch, BATCH).await > 0 {
            if let Err(failure) = self.write(&batch).await {
                self.refuse(batch).await;
                return Some(failure);
            }
            for request in batch.drain(..) {
                // Nobody listens any more if the walk was dropped.
                let _ = request.written.send(Ok(()));
            }
        }
        None
    }

    async fn write(&mut self, batch: &[Request]) -> Result<(), StoreError> {
        let head = self.state.head;
        let at = self.clock.now();
        let mut entries = Vec::with_capacity(batch.len());
        for request in batch {
            let entry = Entry {
                seq: self.state.length,
                prev: self.state.head,
                at,
                record: request.record.clone(),
            };
            fold(&mut self.state, &entry).map_err(|error| StoreError::Damaged {
                location: self.store.location(),
                detail: format!("an entry that does not fit was to be written: {error}"),
            })?;
            entries.push(entry);
        }
        self.store.append(head, &entries).await?;
        Ok(())
    }

    async fn refuse(mut self, batch: Vec<Request>) {
        for request in batch {
            let _ = request.written.send(Err(Halted));
        }
        while let Some(request) = self.requests.recv().await {
            let _ = request.written.send(Err(Halted));
        }
    }
}
