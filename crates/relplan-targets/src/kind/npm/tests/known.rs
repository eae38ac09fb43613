//! What is kept of documents between two runs, and when it counts.

use relplan_model::observation::{Observation, Seen};

use super::*;
use crate::http::server::{Reply, Server};

const DOCUMENT: &str =
    r#"{"name":"widget","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{},"1.1.0":{}}}"#;

/// A registry whose document has a tag and is confirmed by it.
async fn registry() -> Server {
    Server::start(|request| match request.header("if-none-match") {
        Some("\"v1\"") => Reply::new(304, ""),
        _ => Reply::new(200, DOCUMENT).header("etag", "\"v1\""),
    })
    .await
}

/// One look in a run of its own.
async fn look(server: &Server, cache: &tempfile::TempDir, version: &str) -> Observation {
    let npm = build(&name(), &at(&server.url), &vars(&[]), &net(cache)).unwrap();
    let query = query("widget", &[version], &[], Freshness::Revalidated);
    npm.observe(&query).await
}

#[tokio::test]
async fn what_a_confirmed_document_said_is_known_without_it() {
    let (server, cache) = (registry().await, tempfile::tempdir().unwrap());
    let first = look(&server, &cache, "1.0.0").await;
    let second = look(&server, &cache, "1.0.0").await;
    assert!(matches!(first.seen, Seen::Present(_)), "{first:?}");
    assert_eq!(first.seen, second.seen);
    assert_eq!(
        (&*first.evidence[0].answer, &*second.evidence[0].answer),
        ("200", "304")
    );
    assert_eq!(second.evidence[0].etag.as_deref(), Some("\"v1\""));
}

#[tokio::test]
async fn l5_facts_answer_no_other_question() {
    let (server, cache) = (registry().await, tempfile::tempdir().unwrap());
    look(&server, &cache, "1.0.0").await;
    let other = look(&server, &cache, "1.1.0").await;
    let Seen::Present(facts) = other.seen else {
        panic!("{other:?}")
    };
    assert!(facts.versions.contains_key(&version("1.1.0")));
    assert_eq!(other.evidence[0].answer, "200");
}

#[tokio::test]
async fn l5_kept_facts_that_were_tampered_with_are_ignored() {
    let (server, cache) = (registry().await, tempfile::tempdir().unwrap());
    let whole = look(&server, &cache, "1.0.0").await;
    let mut origins = std::fs::read_dir(cache.path().join("http")).unwrap();
    let file = origins.next().unwrap().unwrap().path().join("known");
    let text = std::fs::read_to_string(&file).unwrap();
    let forgeries = [
        text.replacen("1.0.0\":{", "9.0.0\":{", 1),
        text.replace("relplan.known/2 ", "relplan.known/1 "),
        text.trim_end().to_owned(),
        text.split_at(text.len() / 2).0.to_owned(),
        String::new(),
    ];
    for forgery in forgeries {
        assert_ne!(forgery, text);
        std::fs::write(&file, &forgery).unwrap();
        let again = look(&server, &cache, "1.0.0").await;
        assert_eq!(again.seen, whole.seen);
        assert_eq!(again.evidence[0].answer, "200", "{forgery}");
    }
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        text,
        "it is mended"
    );
}

#[tokio::test]
async fn l11_nothing_is_kept_of_what_a_credential_opened() {
    let server = Server::start(|request| match request.header("authorization") {
        Some(_) => Reply::new(200, DOCUMENT).header("etag", "\"v1\""),
        None => Reply::new(401, "{}"),
    })
    .await;
    let cache = tempfile::tempdir().unwrap();
    let settings = at(&server.url).with_text("token-env", "RELPLAN_TOKEN_X");
    {
        let surroundings = vars(&[("RELPLAN_TOKEN_X", "canary-7f3a")]);
        let npm = build(&name(), &settings, &surroundings, &net(&cache)).unwrap();
        let query = query("widget", &["1.0.0"], &[], Freshness::Revalidated);
        let seen = npm.observe(&query).await.seen;
        assert!(matches!(seen, Seen::Present(_)), "{seen:?}");
    }
    assert!(!cache.path().join("http").exists());
}
