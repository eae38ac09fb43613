//! An S3-compatible server that honours conditions: the contract, and what is a bucket's own. Those that do not are in
//! `s3_unfit.rs`.

use std::{cell::Cell, collections::BTreeMap};

use relplan_model::{digest::Sha256, port::StoreError};
use relplan_testkit::{
    proxy::{Fault, Proxy, Rule},
    servers::stores::{BUCKET, ObjectServer, moto},
    world::contract::{Open, chain, store_contract},
};

use crate::{beside, client, says_that_it_cannot_be_reached};

/// What a request of somebody else's carries, which the server does not look into.
pub(super) const AUTHORIZATION: (&str, &str) = (
    "authorization",
    "AWS4-HMAC-SHA256 Credential=S3RVER/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0",
);

pub(super) fn place(url: &str, prefix: &str) -> String {
    format!("s3://{BUCKET}/{prefix}?endpoint={url}")
}

pub(super) fn vars() -> BTreeMap<String, String> {
    ObjectServer::variables().into_iter().collect()
}

#[test]
fn it_is_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let (_runtime, server) = beside(moto(folder.path()));
    let url = server.as_ref().unwrap().url();
    let count = Cell::new(0);
    store_contract(|| {
        count.set(count.get() + 1);
        let place = place(&url, &format!("journals/{}", count.get()));
        let open: Open = Box::new(move || client(&place, &vars()));
        open
    });
}

/// A write whose answer is lost is repeated by the client library, and the repetition meets what the first one wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_a_write_whose_answer_is_lost_is_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let proxy = Proxy::start(address).await.unwrap();
    let store = client(&place(&proxy.url(), "lost"), &vars());
    let mut head = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await
        .unwrap();
    for (seq, fault) in [
        (2, Fault::AnswerAfter(500)),
        (3, Fault::RefuseBefore(503)),
        (4, Fault::AnswerAfter(503)),
    ] {
        proxy.inject(Rule::once("PUT", "/lines/", fault));
        head = store.append(head, &chain(head, seq, 1, "a")).await.unwrap();
    }
    let reader = client(&place(&server.url(), "lost"), &vars());
    assert_eq!(reader.load().await.unwrap().len(), 5);
}

#[tokio::test]
async fn reading_takes_few_requests_however_many_appends_there_were() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let proxy = Proxy::start(address).await.unwrap();
    let store = client(&place(&server.url(), "many"), &vars());
    let mut head = Sha256::ZERO;
    for seq in 0..320 {
        head = store.append(head, &chain(head, seq, 1, "a")).await.unwrap();
    }
    let reader = client(&place(&proxy.url(), "many"), &vars());
    assert_eq!(reader.load().await.unwrap().len(), 320);
    let requests = proxy.log().all().len();
    assert!(requests <= 30, "{requests} requests for 320 appends");
}

#[tokio::test]
async fn damage_and_strangers_among_the_objects_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = moto(folder.path()).await.unwrap();
    let store = client(&place(&server.url(), "damage"), &vars());
    let head = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await
        .unwrap();
    store.append(head, &chain(head, 2, 1, "a")).await.unwrap();
    let address = server.url().trim_start_matches("http://").parse().unwrap();
    let send = async |method: &str, name: &str, body: &[u8]| {
        let path = format!("/{BUCKET}/damage/lines/{name}");
        let headers = [AUTHORIZATION];
        let sent = relplan_testkit::proxy::request(address, method, &path, &headers, body.to_vec());
        let (status, answer) = sent.await.unwrap();
        assert!(status < 300, "{method} {name}: {status}");
        answer
    };
    let damaged = async || {
        let answer = client(&place(&server.url(), "damage"), &vars())
            .load()
            .await;
        assert!(
            matches!(answer, Err(StoreError::Damaged { .. })),
            "{answer:?}"
        );
    };
    send("PUT", "notes.txt", b"mine").await;
    damaged().await;
    send("DELETE", "notes.txt", b"").await;
    let first = send("GET", "0000000000000000", b"").await;
    send("DELETE", "0000000000000000", b"").await;
    damaged().await;
    let cut = &first[..first.len() - 5];
    send("PUT", "0000000000000000", cut).await;
    damaged().await;
    send("PUT", "0000000000000000", &first).await;
    assert_eq!(
        client(&place(&server.url(), "damage"), &vars())
            .load()
            .await
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn it_says_when_it_cannot_be_reached() {
    let store = client(&place("http://127.0.0.1:1", "x"), &vars());
    says_that_it_cannot_be_reached(&*store).await;
}
