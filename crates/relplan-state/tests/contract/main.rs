//! One contract for all stores, run against the real parts: folders, git over `file://` and over HTTP, an
//! S3-compatible server, PostgreSQL. What each has of its own (damage, lost answers, refusals) stands beside it.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]

mod file;
mod formats;
mod git;
mod postgres;
mod postgres_encryption;
mod s3;
mod s3_unfit;

use std::{collections::BTreeMap, path::Path};

use relplan_model::port::{StateStore, StoreError};
use relplan_state::{Place, open};

/// A client of the store at a place.
fn client(place: &str, vars: &BTreeMap<String, String>) -> Box<dyn StateStore> {
    open(&Place::parse(place).unwrap(), Path::new("/"), vars).unwrap()
}

/// The environment of a client: the programs on the path, and a home without anything in it.
fn vars(home: &Path) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("PATH".to_owned(), std::env::var("PATH").unwrap()),
        ("HOME".to_owned(), home.display().to_string()),
        ("GIT_CONFIG_NOSYSTEM".to_owned(), "1".to_owned()),
    ])
}

/// A store that cannot be reached says so, names itself, and is neither empty nor a conflict (law L5).
async fn says_that_it_cannot_be_reached(store: &dyn StateStore) {
    use relplan_model::digest::Sha256;
    let entries = relplan_testkit::world::contract::chain(Sha256::ZERO, 0, 1, "a");
    let answers = [
        store.load().await.map(|_| ()),
        store.append(Sha256::ZERO, &entries).await.map(|_| ()),
    ];
    for answer in answers {
        assert!(matches!(answer, Err(StoreError::Io { .. })), "{answer:?}");
    }
}

/// Keeps the servers that a test started running while blocking clients with runtimes of their own use them.
fn beside<T>(servers: impl Future<Output = T>) -> (tokio::runtime::Runtime, T) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let started = runtime.block_on(servers);
    (runtime, started)
}
