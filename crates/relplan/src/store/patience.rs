//! A store that says what is waited for, and is not waited for without end.

use std::{io, sync::Arc, time::Duration};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};
use tokio::time::{sleep, timeout};

use crate::{terminal::Terminal, view::style::harmless};

/// After how long it is said that a store is waited for.
const SILENCE: Duration = Duration::from_secs(3);

/// For how long the journal is waited for. Stores have bounds of their own, which are tighter.
const LONGEST: Duration = Duration::from_secs(120);

/// The same store, with words for who waits.
pub(super) struct Patient {
    store: Arc<dyn StateStore>,
    terminal: Terminal,
}

impl Patient {
    pub(super) fn new(store: Arc<dyn StateStore>, terminal: Terminal) -> Self {
        Self { store, terminal }
    }

    async fn wait_for<T>(&self, answer: BoxFuture<'_, T>) -> T {
        let mut answer = answer;
        tokio::select! {
            biased;
            answer = &mut answer => return answer,
            () = sleep(SILENCE) => {}
        }
        let text = format!("waiting for the state in {}", self.store.location());
        self.terminal.remark(&format!("{}\n", harmless(&text)));
        answer.await
    }
}

impl StateStore for Patient {
    fn location(&self) -> String {
        self.store.location()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async {
            let answer = timeout(LONGEST, self.wait_for(self.store.load())).await;
            answer.unwrap_or_else(|_| {
                Err(StoreError::Io {
                    location: self.store.location(),
                    doing: "reading the journal",
                    source: io::Error::new(io::ErrorKind::TimedOut, "no answer in two minutes"),
                })
            })
        })
    }

    // What an append that was given up may still do is not known, so it is given the time that it takes.
    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(self.wait_for(self.store.append(head, entries)))
    }

    fn torn(&self) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(self.wait_for(self.store.torn()))
    }
}
