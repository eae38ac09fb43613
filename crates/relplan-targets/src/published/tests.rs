//! What is handed out as a published file, and where credentials go on the way.

use std::sync::Arc;

use relplan_model::digest::Algorithm;

use super::*;
use crate::http::{
    Limits,
    server::{Reply, Server},
};

const BYTES: &[u8] = b"the published bytes";

struct Bench {
    folder: tempfile::TempDir,
    net: Net,
}

impl Bench {
    fn new() -> Self {
        Self::with(Limits {
            tries: 1,
            ..Limits::default()
        })
    }

    fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let net = Net::with_limits(folder.path(), limits);
        Self { folder, net }
    }

    async fn fetch(&self, url: &Url, key: Option<&Key>) -> Result<Fetched, FetchError> {
        fetch(&self.net, url, listed(url, Digests::of(BYTES)), key).await
    }
}

fn listed(url: &Url, digests: Digests) -> Listed {
    Listed {
        file: FileName::new("w-1.0.0.tgz").unwrap(),
        url: url.clone(),
        digests,
    }
}

fn key(of: &Server) -> Key {
    Key {
        secret: SecretString::from("Bearer canary".to_owned()),
        origin: of.url.origin(),
    }
}

async fn serving(bytes: &'static [u8]) -> Server {
    Server::start(move |_| Reply::new(200, bytes)).await
}

#[tokio::test]
async fn a_file_is_fetched_once_and_an_altered_copy_is_as_good_as_none() {
    let (server, bench) = (serving(BYTES).await, Bench::new());
    let url = server.at("f");
    for _ in 0..2 {
        assert_eq!(bench.fetch(&url, None).await.unwrap().bytes, BYTES);
    }
    assert_eq!(server.lines(), ["GET /f"]);
    // Either digest finds it: registries show different ones.
    for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
        let all = Digests::of(BYTES);
        let one = Digests::default().with(algorithm, all.get(algorithm).unwrap());
        assert_eq!(bench.net.artifacts().load(&one).await.unwrap(), BYTES);
    }
    for entry in std::fs::read_dir(bench.folder.path().join("artifacts")).unwrap() {
        let path = entry.unwrap().path();
        std::fs::write(path, b"the published bytez").unwrap();
    }
    assert_eq!(bench.fetch(&url, None).await.unwrap().bytes, BYTES);
    assert_eq!(server.lines(), ["GET /f", "GET /f"]);
    assert_eq!(bench.fetch(&url, None).await.unwrap().bytes, BYTES);
    assert_eq!(server.lines().len(), 2, "the altered copy was replaced");
}

#[tokio::test]
async fn l3_other_bytes_are_never_handed_out() {
    let (server, bench) = (serving(b"tampered").await, Bench::new());
    for _ in 0..2 {
        let error = bench.fetch(&server.at("f"), None).await.unwrap_err();
        let FetchError::OtherBytes { reason } = error else {
            panic!("{error:?}");
        };
        assert!(reason.contains("the registry shows sha256:"), "{reason}");
    }
    assert!(
        bench
            .net
            .artifacts()
            .load(&Digests::of(b"tampered"))
            .await
            .is_none()
    );
    assert_eq!(server.lines().len(), 2, "nothing was kept");
}

#[tokio::test]
async fn sha1_proves_nothing_and_is_not_asked_for() {
    let (server, bench) = (serving(BYTES).await, Bench::new());
    let weak = Digests::default().with(Algorithm::Sha1, "00");
    let url = server.at("f");
    let error = fetch(&bench.net, &url, listed(&url, weak), None)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("no digest of w-1.0.0.tgz that proves"),
        "{error}"
    );
    assert!(server.lines().is_empty());
}

#[tokio::test]
async fn l11_a_credential_goes_to_its_own_origin_alone() {
    let own = Server::start(|request| match request.header("authorization") {
        Some("Bearer canary") => Reply::new(200, BYTES),
        _ => Reply::new(401, ""),
    })
    .await;
    let other = Server::start(|_| Reply::new(401, "")).await;
    let bench = Bench::new();
    let error = bench
        .fetch(&other.at("f"), Some(&key(&own)))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("401"), "{error}");
    let target = other.at("g").to_string();
    let sending_on = Server::start(move |_| Reply::new(302, "").header("location", &*target)).await;
    let sent_on = bench
        .fetch(&sending_on.at("f"), Some(&key(&sending_on)))
        .await;
    assert!(sent_on.is_err());
    assert!(!other.requests().is_empty());
    for request in other.requests() {
        assert_eq!(request.header("authorization"), None);
    }
    let fetched = bench.fetch(&own.at("f"), Some(&key(&own))).await.unwrap();
    assert_eq!(fetched.bytes, BYTES);
    let asked: Vec<_> = own
        .requests()
        .iter()
        .map(|one| one.header("authorization").is_some())
        .collect();
    assert_eq!(asked, [false, true], "first without, where that may do");
}

#[tokio::test]
async fn a_file_comes_as_it_is_stored_and_within_the_bound() {
    // Some servers call every `.tgz` gzip-encoded.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, BYTES).unwrap();
    let packed = gzip.finish().unwrap();
    let stored = packed.clone();
    let server =
        Server::start(move |_| Reply::new(200, stored.clone()).header("content-encoding", "gzip"))
            .await;
    let bench = Bench::new();
    let url = server.at("f");
    let fetched = fetch(&bench.net, &url, listed(&url, Digests::of(&packed)), None).await;
    assert_eq!(fetched.unwrap().bytes, packed);
    let small = Bench::with(Limits {
        body: 5,
        ..Limits::default()
    });
    let error = small
        .fetch(&serving(BYTES).await.at("f"), None)
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "w-1.0.0.tgz has more than the 5 bytes that are fetched"
    );
    assert_eq!(Limits::default().body as u64, MAX_FILE);
}

#[tokio::test]
async fn a_registry_on_https_is_not_left_for_the_clear() {
    let (server, bench) = (serving(BYTES).await, Bench::new());
    let from = Url::parse("https://npm.acme.example/").unwrap();
    for url in [server.at("f"), Url::parse("file:///etc/passwd").unwrap()] {
        let error = fetch(&bench.net, &from, listed(&url, Digests::of(BYTES)), None).await;
        let error = error.unwrap_err().to_string();
        assert!(error.contains("not on HTTPS"), "{error}");
    }
    assert!(server.lines().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_runs_may_keep_the_same_file_at_once() {
    let bench = Bench::new();
    let bytes: Arc<[u8]> = vec![7; 300_000].into();
    let digests = Digests::of(&bytes);
    let mut runs = tokio::task::JoinSet::new();
    for _ in 0..12 {
        let (store, bytes, digests) = (
            bench.net.artifacts().clone(),
            bytes.clone(),
            digests.clone(),
        );
        runs.spawn(async move {
            store.keep(&bytes, &digests).await;
            store
                .load(&digests)
                .await
                .is_some_and(|found| *found == *bytes)
        });
    }
    while let Some(found) = runs.join_next().await {
        assert!(found.unwrap(), "what one run kept, another made unreadable");
    }
    let left = std::fs::read_dir(bench.folder.path().join("artifacts")).unwrap();
    assert_eq!(left.count(), 2, "two names, and no leftovers");
}
