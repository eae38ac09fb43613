//! S3-compatible servers that do not honour conditions, or not under contention: each is refused before anything is
//! written; and what happens on one that is found out too late.

use std::time::Duration;

use relplan_model::{digest::Sha256, port::StoreError};
use relplan_testkit::{
    proxy::{Fault, Proxy, Rule},
    servers::stores::{ObjectServer, moto, rclone, s3rver, s3s_fs},
    world::contract::chain,
};

use crate::{
    client,
    s3::{place, vars},
};

/// Nothing may be written there, and it is said why. Returns what was said.
async fn is_refused(url: &str, prefix: &str) -> String {
    let store = client(&place(url, prefix), &vars());
    let before = store.load().await;
    assert!(
        before.is_ok_and(|lines| lines.is_empty()),
        "reading needs no condition"
    );
    let answer = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await;
    let Err(StoreError::Io { source, .. }) = &answer else {
        unreachable!("{url}: {answer:?}");
    };
    let told = source.to_string();
    assert!(
        told.contains("does not honour conditional writes"),
        "{url}: {told}"
    );
    assert!(
        store.load().await.unwrap().is_empty(),
        "nothing was written"
    );
    told
}

/// L10: a server that takes no notice of conditions would let the second of two writers win.
#[tokio::test]
async fn l10_servers_that_take_no_notice_of_conditions_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let servers: [ObjectServer; 2] = [
        s3rver(&folder.path().join("s3rver")).await.unwrap(),
        rclone(&folder.path().join("rclone")).await.unwrap(),
    ];
    for server in servers {
        let told = is_refused(&server.url(), "journal").await;
        assert!(told.contains("it took 8"), "{told}");
    }
}

/// L10: s3s-fs answers 412 to whoever comes late enough, and lets those in who come at the same time.
#[tokio::test]
async fn l10_a_server_that_looks_first_and_writes_later_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = s3s_fs(folder.path()).await.unwrap();
    for attempt in 0..10 {
        is_refused(&server.url(), &format!("journal-{attempt}")).await;
    }
}

/// L10: the same of a gateway in front of something that has no conditions, and of one that knows half of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_gateways_that_keep_a_condition_by_halves_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let ninth = |fault| Rule::once("PUT", "/probes/", fault).after(8);
    let table = [
        (
            Rule::always("PUT", "", Fault::LookFirst(Duration::ZERO)),
            "it took ",
        ),
        (ninth(Fault::ForgetConditions), "`If-None-Match: *`"),
        (
            Rule::once("PUT", "/probes/", Fault::ForgetConditions).after(9),
            "`If-Match`",
        ),
    ];
    for (case, (rule, why)) in table.into_iter().enumerate() {
        let proxy = Proxy::start(address).await.unwrap();
        proxy.inject(rule);
        let told = is_refused(&proxy.url(), &format!("gateway-{case}")).await;
        assert!(told.contains(why), "{told}");
    }
    // It says no, and has written all the same.
    let inner = Proxy::start(address).await.unwrap();
    inner.inject(ninth(Fault::ForgetConditions));
    let outer = Proxy::start(inner.address()).await.unwrap();
    outer.inject(ninth(Fault::AnswerAfter(412)));
    let told = is_refused(&outer.url(), "liar").await;
    assert!(
        told.contains("it kept what it said it had refused"),
        "{told}"
    );
}

/// L10: what no probe can find out is whether a service will go on as it began. Where two were let in after all, one of
/// them alone gets any further, and the other is told before its next effect.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_where_two_were_let_in_one_alone_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let proxy = Proxy::start(address).await.unwrap();
    let open = || client(&place(&proxy.url(), "late"), &vars());
    let (a, b) = (open(), open());
    // Both have seen it keep its conditions.
    let first = chain(Sha256::ZERO, 0, 2, "a");
    let head = a.append(Sha256::ZERO, &first).await.unwrap();
    let head = b.append(head, &chain(head, 2, 1, "b")).await.unwrap();
    a.load().await.unwrap();

    let gap = Fault::LookFirst(Duration::from_millis(500));
    proxy.inject(Rule::always("PUT", "/lines/", gap));
    let (of_a, of_b) = (chain(head, 3, 1, "a"), chain(head, 3, 1, "b"));
    let (of_a, of_b) = tokio::join!(a.append(head, &of_a), b.append(head, &of_b));
    let (of_a, of_b) = (of_a.unwrap(), of_b.unwrap());
    assert_ne!(of_a, of_b, "two were let in");
    proxy.heal();

    a.append(of_a, &chain(of_a, 4, 1, "a")).await.unwrap();
    let told = b.append(of_b, &chain(of_b, 4, 1, "b")).await;
    let read = open().load().await;
    match told {
        // What a wrote was the last to be written.
        Err(StoreError::Conflict { found, .. }) => {
            let lines = read.unwrap();
            assert_eq!(lines.len(), 5);
            assert_eq!(Sha256::of(&lines[4]), found);
        }
        // What b wrote was, and what follows it does not belong there: everybody is told from now on.
        Err(StoreError::Damaged { .. }) => {
            assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
        }
        other => panic!("{other:?}"),
    }
}
