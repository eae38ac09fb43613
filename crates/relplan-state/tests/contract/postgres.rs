//! PostgreSQL: the contract, and what is a database's own: a connection that ends, a password that is wrong.

use std::{cell::Cell, collections::BTreeMap};

use relplan_model::{digest::Sha256, port::StoreError};
use relplan_testkit::{
    servers::stores::{PostgresServer, has_postgres, postgres},
    world::contract::{Open, chain, store_contract},
};

use crate::{beside, client, says_that_it_cannot_be_reached};

/// Its user must be able to reach the folder, so it is not below one that is ours alone.
pub(super) fn folder() -> tempfile::TempDir {
    let folder = tempfile::Builder::new()
        .prefix("relplan-postgres-")
        .tempdir()
        .unwrap();
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).unwrap();
    folder
}

pub(super) fn vars(url: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("DATABASE".to_owned(), url.to_owned())])
}

#[test]
fn it_is_a_store() {
    if !has_postgres() {
        return;
    }
    let folder = folder();
    let (_runtime, server) = beside(postgres(&folder.path().join("cluster")));
    let url = server.as_ref().unwrap().url();
    let count = Cell::new(0);
    store_contract(|| {
        count.set(count.get() + 1);
        let place = format!("postgres:DATABASE?table=journal_{}", count.get());
        let vars = vars(&url);
        let open: Open = Box::new(move || client(&place, &vars));
        open
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_refusals_are_told_without_the_password_and_ended_connections_are_made_anew() {
    if !has_postgres() {
        return;
    }
    let folder = folder();
    let server: PostgresServer = postgres(&folder.path().join("cluster")).await.unwrap();
    let store = client("postgres:DATABASE", &vars(&server.url()));
    assert!(!store.location().contains("canary"), "{}", store.location());
    let head = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await
        .unwrap();

    let wrong = server.url().replace("canary-postgres", "canary-wrong");
    let error = client("postgres:DATABASE", &vars(&wrong))
        .load()
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
    let told = format!("{error:?}");
    assert!(told.contains("password authentication failed"), "{told}");
    assert!(!told.contains("canary"), "{told}");

    // The server ends the connection; the next append makes another.
    let (other, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'relplan'";
    other.query_one(end, &[]).await.unwrap();
    let mut head = head;
    for seq in 2..5 {
        head = store.append(head, &chain(head, seq, 1, "a")).await.unwrap();
    }
    assert_eq!(store.load().await.unwrap().len(), 5);

    // A row that is taken out or changed is told.
    other
        .execute("delete from relplan_journal where seq = 3", &[])
        .await
        .unwrap();
    let answer = store.load().await;
    assert!(
        matches!(answer, Err(StoreError::Damaged { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn it_says_when_it_cannot_be_reached() {
    let store = client("postgres:DATABASE", &vars("postgres://u:p@127.0.0.1:1/x"));
    says_that_it_cannot_be_reached(&*store).await;
}
