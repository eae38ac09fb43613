//! What the driver promises, against a scripted index on loopback.

use std::{
    collections::BTreeMap,
    io::{self, Cursor},
};

use relplan_model::{
    address::{Address, Ecosystem, FileName, PackageId, PackageName, Version},
    bundle::Artifact,
    digest::Digests,
    observation::{Facts, Freshness, Seen},
    port::{ArtifactRead, ArtifactSource, EffectInput, Publish},
    step::{Publish as PublishStep, StepId},
};

mod answers;
mod login;

use super::*;
use crate::http::{
    Limits,
    server::{Reply, Request, Server},
};

/// The driver as everybody gets it: with what holds for all kinds around it.
fn build(
    name: &TargetName,
    settings: &Settings,
    surroundings: &Surroundings,
    net: &Net,
) -> Result<Box<dyn Publish>, Finding> {
    crate::build(name, "pypi", settings, surroundings, net)
}

const FILE: &str = "my_widget-1.0-py3-none-any.whl";

struct Bench {
    server: Server,
    driver: Box<dyn Publish>,
    _folder: tempfile::TempDir,
}

/// A driver for an index that answers like this; uploads log in as `__token__` with `canary`.
async fn bench(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Bench {
    bench_with(&[("RELPLAN_TOKEN_X", "canary")], handler).await
}

async fn bench_with(
    vars: &[(&str, &str)],
    handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(handler).await;
    let limits = Limits {
        tries: 1,
        ..Limits::default()
    };
    let net = Net::with_limits(folder.path(), limits);
    let settings = Settings::default()
        .with_text("url", server.at("legacy/").as_str())
        .with_text("read-url", server.at("simple").as_str())
        .with_text("token-env", "RELPLAN_TOKEN_X");
    let surroundings = Surroundings {
        home: Some(folder.path().to_owned()),
        vars: vars
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect::<BTreeMap<_, _>>(),
        cache: Some(folder.path().join("cache")),
        ..Surroundings::default()
    };
    let target = TargetName::new("shop").unwrap();
    Bench {
        driver: build(&target, &settings, &surroundings, &net).unwrap(),
        server,
        _folder: folder,
    }
}

fn address() -> Address {
    Address::new(
        TargetName::new("shop").unwrap(),
        PackageName::new("My.Widget").unwrap(),
    )
}

fn query(freshness: Freshness) -> Query {
    Query {
        address: address(),
        versions: vec![Version::new("1.0").unwrap()],
        ranges: Vec::new(),
        freshness,
    }
}

impl Bench {
    async fn observe(&self) -> Seen {
        self.driver
            .observe(&query(Freshness::Authoritative))
            .await
            .seen
    }

    async fn facts(&self) -> Facts {
        match self.observe().await {
            Seen::Present(facts) => facts,
            other => panic!("{other:?}"),
        }
    }

    async fn unknown(&self) -> String {
        match self.observe().await {
            Seen::Unknown { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    async fn upload(&self, artifact: &Artifact, bytes: &[u8]) -> Outcome {
        let effect = Effect::Publish(PublishStep {
            artifact: Some(artifact.file.clone()),
            one_of_many: false,
            pointer: None,
            first: true,
            settings: Settings::default(),
            siblings: Vec::new(),
        });
        self.perform(effect, Some(artifact), bytes).await
    }

    async fn perform(&self, effect: Effect, artifact: Option<&Artifact>, bytes: &[u8]) -> Outcome {
        let version = Version::new("1.0").unwrap();
        let step = step(effect, version);
        let input = EffectInput {
            step: &step,
            artifact,
            source: &Memory(bytes.to_vec()),
            progress: &|_, _| {},
        };
        self.driver.perform(input).await
    }
}

fn step(effect: Effect, version: Version) -> Step {
    Step {
        id: StepId::of(&address(), &version, &effect),
        address: address(),
        version,
        phase: effect.phase(),
        effect,
        needs: Vec::new(),
        wave: 0,
    }
}

/// A source with one artifact.
struct Memory(Vec<u8>);

impl ArtifactSource for Memory {
    fn open(&self, _: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        Ok(Box::new(Cursor::new(self.0.clone())))
    }
}

fn artifact(file: &str, kind: &str, bytes: &[u8]) -> Artifact {
    Artifact {
        package: PackageId {
            ecosystem: Ecosystem::new("python").unwrap(),
            name: PackageName::new("My.Widget").unwrap(),
        },
        version: Version::new("1.0").unwrap(),
        kind: kind.to_owned(),
        file: FileName::new(file).unwrap(),
        size: bytes.len() as u64,
        digests: Digests::of(bytes),
        commit: None,
        dirty: false,
        packer: "test".to_owned(),
    }
}

fn wheel() -> Vec<u8> {
    made::wheel("my-widget", "1.0.0")
}

#[tokio::test]
async fn a_page_becomes_facts_and_evidence() {
    let digest = Digests::of(b"x").get(Algorithm::Sha256).unwrap().to_owned();
    let page = format!("<!DOCTYPE html><a href=\"../{FILE}#sha256={digest}\">x</a>");
    let bench = bench(move |_| Reply::new(200, page.clone()).header("etag", "\"7\"")).await;
    let observation = bench.driver.observe(&query(Freshness::Authoritative)).await;
    let Seen::Present(facts) = observation.seen else {
        panic!("{:?}", observation.seen);
    };
    let version = Version::new("1.0").unwrap();
    let files = &facts.versions[&version].files;
    let found = &files[&FileName::new(FILE).unwrap()];
    assert_eq!(found.digests.get(Algorithm::Sha256), Some(digest.as_str()));
    assert_eq!(facts.current, Some(version));
    assert_eq!(observation.evidence[0].etag.as_deref(), Some("\"7\""));
    let request = &bench.server.requests()[0];
    assert_eq!(request.target, "/simple/my-widget/");
    assert!(
        request
            .header("accept")
            .unwrap()
            .starts_with("application/vnd.pypi.simple.v1+json")
    );
    assert_eq!(request.header("cache-control"), Some("no-cache"));
    assert_eq!(request.header("authorization"), None);
}

#[tokio::test]
async fn l5_only_a_404_of_the_index_itself_is_absence() {
    for body in [
        "",
        "404 Not Found\n\nThe resource could not be found.\n\n\nThe project my-widget does not exist.\n",
        "<!doctype html>\n<html lang=en><title>Page Not Found (404)</title></html>",
        "<html><head><title>Error: 404 Not Found</title></head><body>Sorry</body></html>",
        "<html><head><title>Error response</title></head><h1>Error response</h1><p>Error code: 404</p></html>",
        "<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>",
        "{\"errors\":[{\"status\":404,\"message\":\"Not found\"}]}",
        "{\"message\":\"404 Package Not Found\"}",
        "package does not exist",
    ] {
        let seen = bench(move |_| Reply::new(404, body)).await.observe().await;
        assert_eq!(seen, Seen::Absent, "{body}");
    }
    for (status, body) in [
        (404, "<html><h1>We will be back</h1></html>"),
        (404, "default backend - 404"),
        (404, "404 page not found\n"),
        (404, "{\"message\":\"no Route matched with those values\"}"),
        (404, "{\"message\":\"404 Project Not Found\"}"),
        (200, "<h1>We will be back</h1>"),
        (401, ""),
        (403, ""),
        (410, ""),
        (500, ""),
        (204, ""),
        (200, ""),
        (200, "<html><form action=/login></form></html>"),
        (200, "{\"error\": \"down\"}"),
    ] {
        let bench = bench(move |_| Reply::new(status, body)).await;
        assert!(!bench.unknown().await.is_empty());
    }
    let gone =
        bench(|_| Reply::Raw(b"HTTP/1.1 404 X\r\ncontent-length: 100\r\n\r\ncut".to_vec())).await;
    assert!(!gone.unknown().await.is_empty());
    let cut = b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n<html><a href=\"x-1.0.zip\">";
    assert!(
        !bench(|_| Reply::Raw(cut.to_vec()))
            .await
            .unknown()
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn l5_the_answer_of_another_index_is_none_of_this_one() {
    let other = Server::start(|_| Reply::new(404, "no")).await;
    let place = other.url.to_string();
    let bench = bench(move |_| Reply::new(303, "").header("location", place.clone())).await;
    assert!(bench.unknown().await.contains("sends on to 127.0.0.1"));
}

#[tokio::test]
async fn an_index_on_the_same_host_may_redirect_to_the_page() {
    let bench = bench(|request| match request.target.as_str() {
        "/simple/my-widget/" => Reply::new(301, "").header("location", "/simple/my_widget/"),
        _ => Reply::new(200, "<h1>Links for my_widget</h1></html>"),
    })
    .await;
    assert!(bench.facts().await.versions.is_empty());
}

#[tokio::test]
async fn an_upload_is_the_form_around_the_file_with_its_login() {
    let bench = bench(|_| Reply::new(200, "OK")).await;
    let bytes = wheel();
    let outcome = bench.upload(&artifact(FILE, "wheel", &bytes), &bytes).await;
    assert_eq!(outcome, Outcome::Accepted);
    let request = &bench.server.requests()[0];
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/legacy/")
    );
    assert!(request.complete);
    assert!(!request.header("user-agent").unwrap().contains("twine"));
    // __token__:canary
    assert_eq!(
        request.header("authorization"),
        Some("Basic X190b2tlbl9fOmNhbmFyeQ==")
    );
    let position = request
        .body
        .windows(bytes.len())
        .position(|window| window == bytes)
        .unwrap();
    let head = String::from_utf8(request.body[..position].to_vec()).unwrap();
    assert!(!head.contains(":action"), "a cut body is no form to act on");
    let tail = String::from_utf8(request.body[position + bytes.len()..].to_vec()).unwrap();
    for (name, value) in [
        (":action", "file_upload".to_owned()),
        ("pyversion", "py3".to_owned()),
        ("name", "my-widget".to_owned()),
        ("version", "1.0.0".to_owned()),
        (
            "sha256_digest",
            Digests::of(&bytes)
                .get(Algorithm::Sha256)
                .unwrap()
                .to_owned(),
        ),
    ] {
        assert!(
            tail.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")),
            "{name}"
        );
    }
    let blake = tail.split_once("blake2_256_digest\"\r\n\r\n").unwrap().1;
    assert_eq!(blake.find("\r\n"), Some(64));
}

#[tokio::test]
async fn l3_other_bytes_or_another_identity_never_leave() {
    let bench = bench(|_| Reply::new(200, "OK")).await;
    let bytes = wheel();
    let planned = artifact(FILE, "wheel", &bytes);
    let other_name = made::wheel("gadget", "1.0");
    let other_version = made::wheel("my-widget", "1.1");
    let cases = [
        (planned.clone(), [bytes.as_slice(), b"x"].concat(), "bytes"),
        (planned.clone(), other_version.clone(), ""),
        (
            artifact("gadget-1.0-py3-none-any.whl", "wheel", &other_name),
            other_name.clone(),
            "holds gadget 1.0",
        ),
        (
            artifact("my_widget-1.1-py3-none-any.whl", "wheel", &other_version),
            other_version.clone(),
            "holds my-widget 1.1",
        ),
        (
            artifact(FILE, "wheel", &other_version),
            other_version.clone(),
            "the file's own name does not",
        ),
        (
            artifact(FILE, "crate", &bytes),
            bytes.clone(),
            "which this target does not take",
        ),
        (
            artifact("my_widget-1.0.tar.bz2", "sdist", &bytes),
            bytes,
            "ends with none of",
        ),
    ];
    for (artifact, bytes, why) in cases {
        match bench.upload(&artifact, &bytes).await {
            Outcome::Refused {
                reason,
                credential: false,
            } => assert!(reason.contains(why), "{reason}"),
            other => panic!("{why}: {other:?}"),
        }
    }
    assert!(bench.server.requests().is_empty());
}

#[tokio::test]
async fn l11_a_login_that_the_index_repeats_is_not_shown() {
    let bench = bench(|request| {
        let header = request.header("authorization").unwrap();
        Reply::new(400, format!("bad login {header} canary"))
    })
    .await;
    let bytes = wheel();
    let outcome = format!(
        "{:?}",
        bench.upload(&artifact(FILE, "wheel", &bytes), &bytes).await
    );
    assert!(
        outcome.contains("bad login") && !outcome.contains("canary") && !outcome.contains("X190b2"),
        "{outcome}"
    );
}

#[tokio::test]
async fn preflight_wants_a_login_only_for_uploads() {
    let bench = bench_with(&[], |_| Reply::new(500, "")).await;
    let publish = upload_step();
    let wait = step(Effect::Await, Version::new("1.0").unwrap());
    assert_eq!(bench.driver.preflight(&[&wait]).await, Ok(()));
    let finding = bench
        .driver
        .preflight(&[&wait, &publish])
        .await
        .unwrap_err();
    assert_eq!(finding.code, "credential");
    assert!(bench.server.requests().is_empty());
}

fn upload_step() -> Step {
    let publish = PublishStep {
        artifact: None,
        one_of_many: false,
        pointer: None,
        first: true,
        settings: Settings::default(),
        siblings: Vec::new(),
    };
    step(Effect::Publish(publish), Version::new("1.0").unwrap())
}

#[tokio::test]
async fn inspect_tells_who_an_artifact_is() {
    let bench = bench(|_| Reply::new(500, "")).await;
    let bytes = wheel();
    let inspect = async |artifact: &Artifact, bytes: &[u8]| {
        let identity = bench
            .driver
            .inspect(artifact, &Memory(bytes.to_vec()))
            .await;
        identity
            .map(|found| format!("{} {}", found.name, found.version))
            .map_err(|finding| finding.message)
    };
    assert_eq!(
        inspect(&artifact(FILE, "wheel", &bytes), &bytes).await,
        Ok("My.Widget 1.0".to_owned())
    );
    let other = made::wheel("Ga_dget", "1.1");
    let found = inspect(
        &artifact("ga_dget-1.1-py3-none-any.whl", "wheel", &other),
        &other,
    )
    .await;
    assert_eq!(found, Ok("Ga_dget 1.1".to_owned()));
    assert!(
        inspect(&artifact(FILE, "wheel", &bytes), b"other")
            .await
            .is_err()
    );
}

#[tokio::test]
async fn the_target_is_described_with_both_places() {
    let bench = bench(|_| Reply::new(500, "")).await;
    let target = bench.driver.describe().await.unwrap();
    let shown: Vec<_> = target
        .endpoints
        .iter()
        .map(|endpoint| {
            (
                endpoint.role.as_str(),
                endpoint.url.clone(),
                endpoint.source.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("read", bench.server.at("simple/").to_string(), "spec"),
            ("upload", bench.server.at("legacy/").to_string(), "spec"),
        ]
    );
    assert_eq!(target.capabilities.completion_days, None);
    assert!(bench.server.requests().is_empty());
}

#[tokio::test]
async fn what_an_index_cannot_do_is_refused_without_a_request() {
    let bench = bench(|_| Reply::new(200, "")).await;
    let yank = Effect::Yank {
        reason: "x".to_owned(),
    };
    let outcome = bench.perform(yank, None, b"").await;
    assert!(matches!(
        outcome,
        Outcome::Refused {
            credential: false,
            ..
        }
    ));
    assert!(bench.server.requests().is_empty());
}

#[tokio::test]
async fn the_file_of_the_same_kind_is_fetched_from_where_the_page_says() {
    let digest = |bytes: &[u8]| Digests::of(bytes).to_string().replace("sha256:", "");
    let (good, bad) = (digest(b"sdist"), digest(b"wheel"));
    let json = format!(
        r#"{{"meta":{{"api-version":"1.1"}},"name":"my-widget","files":[
            {{"filename":"my_widget-1.0.tar.gz","url":"../../files/s.tar.gz","hashes":{{"sha256":"{good}"}}}},
            {{"filename":"my_widget-1.0-py3-none-any.whl","url":"../../files/w.whl","hashes":{{"sha256":"{bad}"}}}},
            {{"filename":"my_widget-0.9.tar.gz","url":"../../files/s.tar.gz","hashes":{{"md5":"{}"}}}}]}}"#,
        "0".repeat(32)
    );
    let html = format!(
        "<a href=\"/files/s.tar.gz?x#sha256={good}\">my_widget-1.0.tar.gz</a>\
         <a href=\"/files/my_widget-1.0.tar.gz#sha256={good}\">my_widget-1.0.tar.gz</a>"
    );
    for page in [json, html] {
        let is_json = page.starts_with('{');
        let bench = bench(move |request| match request.target.as_str() {
            "/simple/my-widget/" => Reply::new(200, page.clone()),
            "/files/s.tar.gz" | "/files/my_widget-1.0.tar.gz" => Reply::new(200, "sdist"),
            "/files/w.whl" => Reply::new(200, "tampered"),
            _ => Reply::new(404, ""),
        })
        .await;
        let wanted = |kind: &str, version: &str| relplan_model::port::Counterpart {
            address: address(),
            version: Version::new(version).unwrap(),
            kind: kind.to_owned(),
            like: FileName::new("my_widget-1.1-py3-none-any.whl").unwrap(),
        };
        let fetched = bench.driver.fetch(&wanted("sdist", "1.0.0")).await;
        assert_eq!(fetched.unwrap().unwrap().bytes, b"sdist");
        let error = bench
            .driver
            .fetch(&wanted("sdist", "2.0"))
            .await
            .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("lists no file of shop:My.Widget@2.0"),
            "{error}"
        );
        if !is_json {
            assert_eq!(bench.driver.fetch(&wanted("wheel", "1.0")).await, Ok(None));
            continue;
        }
        let error = bench
            .driver
            .fetch(&wanted("wheel", "1.0"))
            .await
            .unwrap_err();
        let tampered = matches!(error, relplan_model::port::FetchError::OtherBytes { .. });
        assert!(tampered, "{error:?}");
        let error = bench
            .driver
            .fetch(&wanted("sdist", "0.9"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("proves anything"), "{error}");
    }
}
