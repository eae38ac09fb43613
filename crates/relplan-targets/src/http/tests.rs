//! What the shared client promises, against a scripted server.

use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use relplan_model::{observation::Freshness, port::Outcome};
use reqwest::{Method, StatusCode};
use secrecy::SecretString;

use super::{
    server::{Reply, Server},
    *,
};

fn quick() -> Limits {
    Limits {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        answer: Duration::from_millis(600),
        patience: Duration::from_secs(3),
        backoff: Duration::from_millis(1),
        body: 1 << 20,
        ..Limits::default()
    }
}

/// The folder of the one origin that was asked.
fn of_server(cache: &tempfile::TempDir) -> std::path::PathBuf {
    let mut folders = std::fs::read_dir(cache.path().join("http")).unwrap();
    let folder = folders.next().unwrap().unwrap().path();
    assert!(folders.next().is_none());
    folder
}

fn net(cache: &tempfile::TempDir) -> Net {
    Net::with_limits(cache.path(), quick())
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn plain(url: Url) -> GetRequest {
    GetRequest::new(url, "application/json", Freshness::Revalidated)
}

fn put(url: Url, body: Body) -> SendRequest {
    SendRequest {
        method: Method::PUT,
        url,
        headers: Vec::new(),
        authorization: Some(SecretString::from("Bearer canary-7f3a".to_owned())),
        body,
    }
}

/// A server whose document has a tag and is confirmed by it.
async fn tagged() -> Server {
    Server::start(|request| {
        if request.header("if-none-match") == Some("\"v1\"") {
            Reply::new(304, "").header("etag", "\"v1\"")
        } else {
            Reply::new(200, "document").header("etag", "\"v1\"")
        }
    })
    .await
}

#[tokio::test]
async fn a_document_is_read_again_only_when_it_changed() {
    let (server, cache) = (tagged().await, folder());
    let net = net(&cache);
    let first = net.get(plain(server.at("a"))).await.unwrap();
    let second = net.get(plain(server.at("a"))).await.unwrap();
    assert!(!first.from_cache && second.from_cache);
    assert_eq!(
        (second.status, &second.body[..]),
        (StatusCode::OK, &b"document"[..])
    );
    assert_eq!(second.evidence().answer, "304");
    let other = GetRequest::new(server.at("a"), "text/html", Freshness::Revalidated);
    assert!(
        !net.get(other).await.unwrap().from_cache,
        "another media type is another document"
    );
}

#[tokio::test]
async fn l5_a_cached_file_that_was_tampered_with_is_ignored() {
    let (server, cache) = (tagged().await, folder());
    let net = net(&cache);
    net.get(plain(server.at("a"))).await.unwrap();
    let mut forged = 0;
    for file in std::fs::read_dir(of_server(&cache)).unwrap() {
        let file = file.unwrap().path();
        let text = std::fs::read_to_string(&file).unwrap();
        let forgery = text.replace("document", "forgery!");
        forged += usize::from(forgery != text);
        std::fs::write(file, forgery).unwrap();
    }
    assert_eq!(forged, 1);
    let answer = net.get(plain(server.at("a"))).await.unwrap();
    assert_eq!(
        (answer.from_cache, &answer.body[..]),
        (false, &b"document"[..])
    );
}

/// D2: an entry of today's format is taken, spelled as it was first released; one that a later relplan keeps is as good as
/// none.
#[tokio::test]
async fn d2_an_entry_of_a_later_format_is_passed_over() {
    let (server, cache) = (tagged().await, folder());
    let net = net(&cache);
    net.get(plain(server.at("a"))).await.unwrap();
    let file = std::fs::read_dir(of_server(&cache)).unwrap().next();
    let file = file.unwrap().unwrap().path();
    let text = std::fs::read_to_string(&file).unwrap();
    let (head, body) = text.split_once('\n').unwrap();
    let head: serde_json::Map<String, serde_json::Value> = serde_json::from_str(head).unwrap();
    let kept = serde_json::json!({
        "format": "relplan.http/1",
        "url": head["url"],
        "accept": head["accept"],
        "etag": head["etag"],
        "last-modified": null,
        "body": head["body"],
    });
    std::fs::write(&file, format!("{kept}\n{body}")).unwrap();
    assert!(net.get(plain(server.at("a"))).await.unwrap().from_cache);
    let later = kept.to_string().replace("relplan.http/1", "relplan.http/2");
    std::fs::write(&file, format!("{later}\n{body}")).unwrap();
    assert!(!net.get(plain(server.at("a"))).await.unwrap().from_cache);
}

#[tokio::test]
async fn l5_an_authoritative_read_passes_the_cache_and_leaves_it_alone() {
    let (server, cache) = (tagged().await, folder());
    let net = net(&cache);
    let fresh = GetRequest {
        freshness: Freshness::Authoritative,
        ..plain(server.at("a"))
    };
    net.get(fresh.clone()).await.unwrap();
    net.get(plain(server.at("a"))).await.unwrap();
    assert!(!net.get(fresh).await.unwrap().from_cache);
    let requests = server.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.header("if-none-match").is_none())
    );
    assert_eq!(requests[0].header("cache-control"), Some("no-cache"));
    assert_eq!(requests[1].header("cache-control"), None);
}

#[tokio::test]
async fn l11_answers_to_a_credential_are_never_kept() {
    let (server, cache) = (tagged().await, folder());
    let secret = SecretString::from("Bearer canary-7f3a".to_owned());
    let request = plain(server.at("a")).authorized(Some(secret));
    net(&cache).get(request).await.unwrap();
    assert!(!cache.path().join("http").exists());
}

#[cfg(unix)]
#[tokio::test]
async fn cached_files_are_the_users_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let (server, cache) = (tagged().await, folder());
    net(&cache).get(plain(server.at("a"))).await.unwrap();
    let modes: Vec<u32> = std::fs::read_dir(of_server(&cache))
        .unwrap()
        .map(Result::unwrap)
        .map(|file| file.metadata().unwrap().permissions().mode() & 0o777)
        .collect();
    assert_eq!(modes, [0o600]);
}

#[tokio::test]
async fn l5_a_404_is_not_kept() {
    let server = Server::start(|_| Reply::new(404, "{}").header("etag", "\"none\"")).await;
    let cache = folder();
    let net = net(&cache);
    for _ in 0..2 {
        assert_eq!(
            net.get(plain(server.at("a"))).await.unwrap().status,
            StatusCode::NOT_FOUND
        );
    }
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.header("if-none-match").is_none())
    );
}

#[tokio::test]
async fn reads_survive_a_passing_failure() {
    for bad in [
        Reply::new(502, "bad gateway"),
        Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
        Reply::Raw(Vec::new()),
        Reply::Silence,
    ] {
        let count = AtomicUsize::new(0);
        let server = Server::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
            0 => bad.clone(),
            _ => Reply::new(200, "whole"),
        })
        .await;
        let cache = folder();
        let limits = Limits {
            connect: Duration::from_millis(200),
            ..quick()
        };
        let net = Net::with_limits(cache.path(), limits);
        assert_eq!(
            &net.get(plain(server.at("a"))).await.unwrap().body[..],
            b"whole"
        );
        assert_eq!(server.requests().len(), 2);
    }
}

#[tokio::test]
async fn l5_a_lasting_failure_is_told_as_what_it_is() {
    let server = Server::start(|request| match request.target.as_str() {
        "/5xx" => Reply::new(503, "down"),
        "/large" => Reply::new(200, vec![b'x'; 2 << 20]),
        "/304" => Reply::new(304, ""),
        "/loop" => Reply::new(302, "").header("location", "/loop"),
        "/file" => Reply::new(302, "").header("location", "file:///etc/passwd"),
        _ => Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
    })
    .await;
    let cache = folder();
    let net = net(&cache);
    assert_eq!(
        net.get(plain(server.at("5xx")))
            .await
            .unwrap()
            .status
            .as_u16(),
        503
    );
    assert_eq!(server.requests().len(), 3);
    let error = async |path: &str| net.get(plain(server.at(path))).await.unwrap_err();
    assert!(matches!(error("large").await, HttpError::TooLarge { .. }));
    assert!(matches!(error("304").await, HttpError::Redirect { .. }));
    assert!(matches!(error("loop").await, HttpError::Redirect { .. }));
    assert!(matches!(error("file").await, HttpError::Redirect { .. }));
    assert!(matches!(error("half").await, HttpError::Broken { .. }));
    let closed = plain("http://127.0.0.1:1/x?token=canary".parse().unwrap());
    let reason = net.get(closed).await.unwrap_err().reason();
    assert!(
        reason.starts_with("127.0.0.1:1 cannot be reached: "),
        "{reason}"
    );
    assert!(!reason.contains("canary"), "{reason}");
}

#[tokio::test]
async fn l11_a_redirect_to_another_origin_gets_no_credential() {
    let there = Server::start(|_| Reply::new(200, "there")).await;
    let away = there.at("away").to_string();
    let here = Server::start(move |request| match request.target.as_str() {
        "/away" => Reply::new(302, "").header("location", away.clone()),
        "/near" => Reply::new(307, "").header("location", "/end"),
        _ => Reply::new(200, "here"),
    })
    .await;
    let cache = folder();
    let net = net(&cache);
    let get = |path| {
        let secret = SecretString::from("Bearer canary-7f3a".to_owned());
        net.get(plain(here.at(path)).authorized(Some(secret)))
    };
    let away = get("away").await.unwrap();
    assert_eq!(away.url, there.at("away"));
    assert_eq!(there.requests()[0].header("authorization"), None);
    assert_eq!(&get("near").await.unwrap().body[..], b"here");
    let last = here.requests().pop().unwrap();
    assert_eq!(last.header("authorization"), Some("Bearer canary-7f3a"));
}

#[tokio::test]
async fn all_requests_to_a_host_wait_when_it_asks_for_patience() {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => Reply::new(429, "").header("retry-after", "1"),
        _ => Reply::new(200, "now"),
    })
    .await;
    let cache = folder();
    let net = net(&cache);
    let start = Instant::now();
    assert_eq!(
        net.get(plain(server.at("a")))
            .await
            .unwrap()
            .status
            .as_u16(),
        200
    );
    assert!(
        start.elapsed() >= Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
    net.shared
        .pace
        .defer(&host(&server.url), Duration::from_secs(600));
    let error = net.get(plain(server.at("b"))).await.unwrap_err();
    assert!(matches!(error, HttpError::Patience { .. }), "{error}");
    let refused = net
        .send(put(server.at("b"), Body::Empty), &|_, _| ())
        .await
        .unwrap_err();
    assert!(matches!(refused.outcome(), Outcome::Later { wait, .. } if wait.as_secs() > 590));
    assert_eq!(server.requests().len(), 2, "nothing more was sent");
}

#[test]
fn a_wait_is_read_in_both_of_its_forms() {
    let wait = |text: &str| {
        let headers = [("retry-after", text)]
            .into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        pace::retry_after(&headers).map(|wait| wait.as_secs())
    };
    assert_eq!(wait("17"), Some(17));
    assert_eq!(wait("Sun, 06 Nov 1994 08:49:37 GMT"), Some(0));
    assert_eq!(wait("Wed, 06 Nov 2999 08:49:37 GMT"), Some(24 * 60 * 60));
    assert_eq!(wait("soon"), None);
}

#[tokio::test]
async fn a_streamed_body_arrives_whole_with_its_length() {
    let server = Server::start(|_| Reply::new(201, "{}")).await;
    let cache = folder();
    let length = 3_000_001_u64;
    let reader = Box::new(io::Read::take(io::repeat(b'x'), length));
    let told = std::sync::Mutex::new(Vec::new());
    let request = put(server.at("up"), Body::Read { length, reader });
    let answer = net(&cache)
        .send(request, &|sent, total| {
            told.lock().unwrap().push((sent, total))
        })
        .await
        .unwrap();
    assert_eq!(answer.outcome(), Outcome::Accepted);
    let seen = server.requests().pop().unwrap();
    assert_eq!(seen.header("content-length"), Some("3000001"));
    assert_eq!(seen.header("transfer-encoding"), None);
    assert!(seen.complete && seen.body.iter().all(|byte| *byte == b'x'));
    assert_eq!(told.into_inner().unwrap().last(), Some(&(length, length)));
}

#[tokio::test]
async fn l4_a_write_is_sent_once_whatever_comes_back() {
    for (reply, unknown) in [
        (Reply::new(500, "oops"), true),
        (Reply::new(409, "already there"), true),
        (Reply::new(403, "no"), true),
        (Reply::new(400, "version already exists"), true),
        (Reply::new(400, "malformed"), false),
        (Reply::new(400, "the icon doesn't exist"), false),
        (Reply::new(422, "Nonexistent dependency"), false),
        (
            Reply::new(400, "Repository does not allow updating assets"),
            true,
        ),
        (Reply::new(302, "").header("location", "/elsewhere"), false),
        (Reply::Raw(Vec::new()), true),
        (
            Reply::Raw(b"HTTP/1.1 201 X\r\ncontent-length: 100\r\n\r\nhalf".to_vec()),
            true,
        ),
        (Reply::Silence, true),
    ] {
        let text = format!("{reply:?}");
        let server = Server::start(move |_| reply.clone()).await;
        let cache = folder();
        let request = put(server.at("up"), Body::Bytes("body".into()));
        let outcome = settle(&net(&cache).send(request, &|_, _| ()).await);
        assert_eq!(
            matches!(outcome, Outcome::Unknown { .. }),
            unknown,
            "{text} {outcome:?}"
        );
        assert!(
            unknown || matches!(outcome, Outcome::Refused { .. }),
            "{text} {outcome:?}"
        );
        assert_eq!(server.requests().len(), 1, "{text}");
    }
}

#[tokio::test]
async fn a_write_that_never_left_is_told_apart() {
    let cache = folder();
    let request = put("http://127.0.0.1:1/up".parse().unwrap(), Body::Empty);
    let error = net(&cache).send(request, &|_, _| ()).await.unwrap_err();
    assert!(matches!(error, SendError::NotSent { .. }), "{error:?}");
}

#[tokio::test]
async fn l3_a_body_whose_source_fails_is_never_complete() {
    let server = Server::start(|_| Reply::new(201, "{}")).await;
    let cache = folder();
    let failing = io::Read::take(io::repeat(b'x'), 500_000);
    let request = put(
        server.at("up"),
        Body::Read {
            length: 1_000_000,
            reader: Box::new(failing),
        },
    );
    let error = net(&cache).send(request, &|_, _| ()).await.unwrap_err();
    assert!(matches!(error, SendError::Unknown { .. }), "{error:?}");
    assert!(server.requests().iter().all(|request| !request.complete));
}

#[tokio::test]
async fn l11_a_registry_that_repeats_the_credential_is_not_quoted() {
    let server = Server::start(|request| {
        let header = request
            .header("authorization")
            .unwrap_or_default()
            .to_owned();
        Reply::new(403, format!("you sent\u{1b}[31m {header}\n(again)"))
    })
    .await;
    let cache = folder();
    let request = put(server.at("up"), Body::Empty);
    let answer = net(&cache).send(request, &|_, _| ()).await.unwrap();
    assert_eq!(
        answer.summary(),
        "403 Forbidden: you sent\u{fffd}[31m [redacted] (again)"
    );
    let basic = SecretString::from("Basic YWxpY2U6Y2FuYXJ5".to_owned());
    assert_eq!(
        redact("alice canary YWxpY2U6Y2FuYXJ5", Some(&basic)),
        "alice [redacted] [redacted]"
    );
}

#[test]
fn l11_evidence_shows_no_user_and_no_query() {
    let url = "https://alice:canary@npm.acme.example/a?token=canary#canary"
        .parse()
        .unwrap();
    assert_eq!(asked(&url), "https://npm.acme.example/a");
}
