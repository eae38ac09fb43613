//! PostgreSQL over TLS: what each `sslmode` demands of a server, with the right authority, another one, and none.

use relplan_model::{digest::Sha256, port::StoreError};
use relplan_testkit::{
    servers::stores::{
        PostgresServer, certificate, has_openssl, has_postgres, postgres, postgres_with_certificate,
    },
    world::contract::chain,
};

use crate::{
    client,
    postgres::{folder, vars},
};

/// What came of a connection: whether it is encrypted, or why there is none.
async fn connected(server: &PostgresServer, host: &str, settings: &str) -> Result<bool, String> {
    let url = server.url().replace("127.0.0.1", host);
    let store = client("postgres:DATABASE", &vars(&format!("{url}?{settings}")));
    if let Err(error) = store.load().await {
        let told = format!("{error:?}");
        assert!(matches!(error, StoreError::Io { .. }), "{told}");
        assert!(!told.contains("canary"), "{told}");
        return Err(told);
    }
    let (other, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls)
        .await
        .unwrap();
    let connection = tokio::spawn(connection);
    let encrypted = "select ssl from pg_stat_ssl join pg_stat_activity using (pid) \
                     where application_name = 'relplan' order by backend_start desc limit 1";
    let is_encrypted = other.query_one(encrypted, &[]).await.unwrap().get(0);
    connection.abort();
    Ok(is_encrypted)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_what_a_server_must_prove_is_what_its_connection_string_says() {
    if !has_postgres() || !has_openssl() {
        return;
    }
    let folder = folder();
    let own = certificate(&folder.path().join("own"), "localhost").unwrap();
    let other = certificate(&folder.path().join("other"), "localhost").unwrap();
    let server = postgres_with_certificate(&folder.path().join("cluster"), &own)
        .await
        .unwrap();
    let (own, other) = (own.authority.display(), other.authority.display());
    let unknown = "UnknownIssuer";
    let table: [(&str, String, Result<bool, &str>); 14] = [
        ("localhost", "sslmode=disable".to_owned(), Ok(false)),
        ("localhost", String::new(), Ok(true)),
        ("localhost", "sslmode=prefer".to_owned(), Ok(true)),
        ("localhost", "sslmode=require".to_owned(), Ok(true)),
        ("127.0.0.1", "sslmode=require".to_owned(), Ok(true)),
        (
            "localhost",
            format!("sslmode=require&sslrootcert={own}"),
            Ok(true),
        ),
        (
            "localhost",
            format!("sslmode=require&sslrootcert={other}"),
            Err(unknown),
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-ca&sslrootcert={own}"),
            Ok(true),
        ),
        (
            "localhost",
            format!("sslmode=verify-ca&sslrootcert={other}"),
            Err(unknown),
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={own}"),
            Ok(true),
        ),
        (
            "127.0.0.1",
            format!("sslmode=verify-full&sslrootcert={own}"),
            Err("or sslmode=verify-ca"),
        ),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={other}"),
            Err("name the authority's certificate by sslrootcert=FILE"),
        ),
        ("localhost", "sslmode=verify-full".to_owned(), Err(unknown)),
        (
            "localhost",
            format!("sslmode=verify-full&sslrootcert={own}.not"),
            Err("there is no "),
        ),
    ];
    for (host, settings, expected) in table {
        let came = connected(&server, host, &settings).await;
        match (&came, expected) {
            (Ok(is_encrypted), Ok(expected)) => assert_eq!(*is_encrypted, expected, "{settings}"),
            (Err(told), Err(expected)) => assert!(told.contains(expected), "{settings}: {told}"),
            _ => panic!("{host} {settings}: {came:?}"),
        }
    }
    // And it is a store.
    let url = format!("{}?sslrootcert={own}&sslmode=verify-full", server.url());
    let store = client(
        "postgres:DATABASE",
        &vars(&url.replace("127.0.0.1", "localhost")),
    );
    let entries = chain(Sha256::ZERO, 0, 3, "a");
    store.append(Sha256::ZERO, &entries).await.unwrap();
    assert_eq!(store.load().await.unwrap().len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_a_server_that_offers_no_encryption_is_refused_where_it_is_demanded() {
    if !has_postgres() || !has_openssl() {
        return;
    }
    let folder = folder();
    let own = certificate(&folder.path().join("own"), "localhost").unwrap();
    let own = own.authority.display();
    let server = postgres(&folder.path().join("cluster")).await.unwrap();
    for settings in ["", "sslmode=prefer", "sslmode=disable"] {
        let came = connected(&server, "localhost", settings).await;
        assert_eq!(came, Ok(false), "{settings}");
    }
    for settings in [
        "sslmode=require".to_owned(),
        format!("sslmode=verify-ca&sslrootcert={own}"),
        format!("sslmode=verify-full&sslrootcert={own}"),
    ] {
        let told = connected(&server, "localhost", &settings)
            .await
            .unwrap_err();
        assert!(told.contains("server does not support TLS"), "{told}");
    }
}
