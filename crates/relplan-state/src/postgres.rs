//! A journal in a table of a PostgreSQL database: one row a line.
//!
//! Invariant: an append is one transaction that looks at the last row and inserts the next ones. Of two that look at
//! the same time, the primary key lets one in.
//!
//! Why rows and no document: an append then costs its own lines, however long the journal is.

mod connect;

use std::{collections::BTreeMap, io};

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{BoxFuture, StateStore, StoreError},
};
use tokio::sync::Mutex;
use tokio_postgres::{
    Client,
    error::{Severity, SqlState},
};

pub use self::connect::ConnectError;
use self::connect::Server;
use crate::{
    block::{Block, End, nonce},
    place::Place,
};

/// Keeps a journal in a table.
pub struct PostgresStore {
    server: Server,
    table: String,
    location: String,
    client: Mutex<Option<Client>>,
}

/// How an attempt to append ended short of success.
enum Failed {
    /// The journal ends elsewhere.
    Elsewhere(End),
    /// The entries do not belong where it ends.
    Misplaced(u64),
    /// The database failed; the transaction may have come about.
    Database(tokio_postgres::Error),
}

impl From<tokio_postgres::Error> for Failed {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl PostgresStore {
    /// The store in a table. Nothing is asked before it is used. The connection string comes from `vars`, the
    /// environment, by the place's variable.
    ///
    /// # Errors
    /// When the place is none of a table, the variable is not set, or it holds no connection string.
    pub fn new(place: &Place, vars: &BTreeMap<String, String>) -> Result<Self, ConnectError> {
        let Place::Postgres { variable, table } = place else {
            return Err(ConnectError::NoTable);
        };
        let server = Server::new(variable, vars)?;
        let location = format!("the table {table} at {}", server.shown());
        // Names are checked where places are read; quoted they are names whatever they say.
        let pieces = table.split('.').map(|piece| format!("\"{piece}\""));
        let table = pieces.collect::<Vec<_>>().join(".");
        Ok(Self {
            server,
            table,
            location,
            client: Mutex::new(None),
        })
    }

    fn damage(&self, detail: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            location: self.location.clone(),
            detail: detail.into(),
        }
    }

    fn failed<E: Into<io::Error>>(&self, doing: &'static str) -> impl FnOnce(E) -> StoreError {
        let location = self.location.clone();
        move |source| StoreError::Io {
            location,
            doing,
            source: source.into(),
        }
    }

    /// A connection: the one that there is, or a new one if that has ended.
    async fn connected<'c>(
        &self,
        client: &'c mut Option<Client>,
    ) -> Result<&'c mut Client, StoreError> {
        let open = client.take().filter(|client| !client.is_closed());
        let open = match open {
            Some(open) => open,
            None => self
                .server
                .connect()
                .await
                .map_err(self.failed("connecting"))?,
        };
        Ok(client.insert(open))
    }

    /// A connection, and whether the table is there. One that ended unnoticed is made anew: nothing was asked by it yet.
    async fn ready<'c>(
        &self,
        held: &'c mut Option<Client>,
    ) -> Result<(&'c mut Client, bool), StoreError> {
        const EXISTS: &str = "select to_regclass($1) is not null";
        let mut is_new = held.is_none();
        loop {
            let client = self.connected(held).await?;
            match client.query_one(EXISTS, &[&self.table]).await {
                Ok(row) => {
                    let exists = row.try_get(0);
                    let exists = exists
                        .map_err(|error| self.failed("looking for the table")(plain(error)))?;
                    return Ok((self.connected(held).await?, exists));
                }
                Err(error) if is_new || is_answer(&error) => {
                    return Err(self.failed("looking for the table")(plain(error)));
                }
                Err(_) => {
                    *held = None;
                    is_new = true;
                }
            }
        }
    }

    /// Makes the table. Those who do it at the same time wait for one another.
    async fn create(&self, client: &mut Client) -> Result<(), tokio_postgres::Error> {
        let transaction = client.transaction().await?;
        let lock = "select pg_advisory_xact_lock(hashtext('relplan journal'))";
        transaction.execute(lock, &[]).await?;
        let create = format!(
            "create table if not exists {} (seq bigint primary key check (seq >= 0), line bytea not null, \
             append text not null, at timestamptz not null default now())",
            self.table
        );
        transaction.execute(&create, &[]).await?;
        transaction.commit().await
    }

    async fn try_append(
        &self,
        client: &mut Client,
        head: Sha256,
        block: &Block,
        own: &str,
    ) -> Result<(), Failed> {
        let transaction = client.transaction().await?;
        // A server may be set up to acknowledge what it has not yet written down.
        let durable = "select set_config('synchronous_commit', 'on', true) \
                       where current_setting('synchronous_commit') in ('off', 'local')";
        transaction.query_opt(durable, &[]).await?;
        let last = format!(
            "select seq, line from {} order by seq desc limit 1",
            self.table
        );
        let end = match transaction.query_opt(&last, &[]).await? {
            None => End::START,
            Some(row) => {
                let (seq, line): (i64, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
                End {
                    head: Sha256::of(line),
                    next: seq.unsigned_abs() + 1,
                }
            }
        };
        if end.head != head {
            return Err(Failed::Elsewhere(end));
        }
        let Some(first) = block.first else {
            return Ok(());
        };
        if first != end.next {
            return Err(Failed::Misplaced(end.next));
        }
        let lines: Vec<&[u8]> = block.lines().collect();
        let first = i64::try_from(first).unwrap_or(i64::MAX);
        let insert = format!(
            "insert into {} (seq, line, append) \
             select $1 + place - 1, line, $3 from unnest($2::bytea[]) with ordinality as new (line, place)",
            self.table
        );
        transaction
            .execute(&insert, &[&first, &lines, &own])
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Whether an append of ours came about whose answer was lost.
    async fn came_about(&self, block: &Block, own: &str) -> Result<bool, StoreError> {
        let mut client = None;
        let client = self.connected(&mut client).await?;
        let last = i64::try_from(block.next.saturating_sub(1)).unwrap_or(i64::MAX);
        let select = format!(
            "select 1 from {} where seq = $1 and append = $2",
            self.table
        );
        let row = client
            .query_opt(&select, &[&last, &own])
            .await
            .map_err(|error| self.failed("finding out what became of an append")(plain(error)))?;
        Ok(row.is_some())
    }

    async fn append(&self, head: Sha256, block: &Block, own: &str) -> Result<Sha256, StoreError> {
        let mut held = self.client.lock().await;
        let (client, exists) = self.ready(&mut held).await?;
        if !exists {
            if block.first.is_none() || head != Sha256::ZERO {
                return match head == Sha256::ZERO {
                    true => Ok(head),
                    false => Err(StoreError::Conflict {
                        expected: head,
                        found: Sha256::ZERO,
                    }),
                };
            }
            self.create(client)
                .await
                .map_err(|error| self.failed("making the table")(plain(error)))?;
        }
        match self.try_append(client, head, block, own).await {
            Ok(()) => Ok(block.head),
            Err(Failed::Elsewhere(end)) => Err(StoreError::Conflict {
                expected: head,
                found: end.head,
            }),
            Err(Failed::Misplaced(next)) => Err(self.damage(format!(
                "entries were to be appended elsewhere than where entry {next} belongs"
            ))),
            Err(Failed::Database(error)) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                let found = self.end(client).await?;
                Err(StoreError::Conflict {
                    expected: head,
                    found: found.head,
                })
            }
            // A definite no of the server's own.
            Err(Failed::Database(error)) if is_answer(&error) => {
                Err(self.failed("writing the journal")(plain(error)))
            }
            Err(Failed::Database(error)) => {
                *held = None;
                match self.came_about(block, own).await {
                    Ok(true) => Ok(block.head),
                    Ok(false) | Err(_) => Err(self.failed("writing the journal")(plain(error))),
                }
            }
        }
    }

    async fn end(&self, client: &Client) -> Result<End, StoreError> {
        let last = format!(
            "select seq, line from {} order by seq desc limit 1",
            self.table
        );
        let failed = |error| self.failed("reading the journal's end")(plain(error));
        let Some(row) = client.query_opt(&last, &[]).await.map_err(failed)? else {
            return Ok(End::START);
        };
        let seq: i64 = row.try_get(0).map_err(failed)?;
        let line: &[u8] = row.try_get(1).map_err(failed)?;
        Ok(End {
            head: Sha256::of(line),
            next: seq.unsigned_abs() + 1,
        })
    }

    async fn lines(&self) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut held = self.client.lock().await;
        let (client, exists) = self.ready(&mut held).await?;
        let failed = |error| self.failed("reading the journal")(plain(error));
        if !exists {
            return Ok(Vec::new());
        }
        let select = format!("select seq, line from {} order by seq", self.table);
        let rows = client.query(&select, &[]).await.map_err(failed)?;
        let mut lines = Vec::with_capacity(rows.len());
        for (row, next) in rows.iter().zip(0_i64..) {
            let seq: i64 = row.try_get(0).map_err(failed)?;
            if seq != next {
                return Err(self.damage(format!("entry {next} is missing, {seq} is there")));
            }
            lines.push(row.try_get::<_, Vec<u8>>(1).map_err(failed)?);
        }
        Ok(lines)
    }
}

impl StateStore for PostgresStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn load(&self) -> BoxFuture<'_, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(self.lines())
    }

    fn append<'a>(
        &'a self,
        head: Sha256,
        entries: &'a [Entry],
    ) -> BoxFuture<'a, Result<Sha256, StoreError>> {
        Box::pin(async move {
            let block = Block::new(head, entries).map_err(|why| self.damage(why))?;
            let own = nonce().map_err(self.failed("asking for random bytes"))?;
            Self::append(self, head, &block, &own).await
        })
    }
}

/// Whether the server said no. What it says when it ends a connection is no answer: a commit may have come about before.
fn is_answer(error: &tokio_postgres::Error) -> bool {
    let ends = |severity| matches!(severity, Severity::Fatal | Severity::Panic);
    error
        .as_db_error()
        .is_some_and(|said| !said.parsed_severity().is_some_and(ends))
}

/// An error with all of its causes in one line: the library's own says no more than "db error".
fn plain(error: tokio_postgres::Error) -> io::Error {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    io::Error::other(text)
}
