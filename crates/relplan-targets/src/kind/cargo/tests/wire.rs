//! The driver against a scripted registry on loopback.

use std::{collections::BTreeMap, sync::atomic::AtomicBool};

use relplan_model::{
    digest::Digests,
    observation::{Freshness, Seen},
    port::{Outcome, Publish},
    settings::Settings,
    step::Effect,
};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{
    artifact, crate_file, perform, present, publish, query, step, target, unknown, upload,
};
use crate::{
    http::{
        Limits, Net,
        server::{Reply, Request, Server},
    },
    kind::cargo::{Cargo, RegistryConfig, configuration::Configuration, endpoint, token::Tokens},
    surroundings::Surroundings,
};

/// A registry that answers so, and a driver for it.
struct Bench {
    server: Server,
    driver: Box<dyn Publish>,
    _cache: TempDir,
}

impl Bench {
    async fn new(handler: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_config(r#"{"dl":"d","api":"{root}api/"}"#, handler).await
    }

    async fn with_config(
        config: &'static str,
        handler: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let server = Server::start(move |request| {
            let root = format!("http://{}/", request.header("host").unwrap());
            let wants_token = config.contains("auth-required")
                && request.header("authorization") != Some("t0ken");
            match request.target.as_str() {
                _ if wants_token => Reply::new(401, ""),
                "/index/config.json" => Reply::new(200, config.replace("{root}", &root)),
                _ => handler(request),
            }
        })
        .await;
        let cache = TempDir::new().unwrap();
        let limits = Limits {
            backoff: std::time::Duration::from_millis(1),
            ..Limits::default()
        };
        let settings = Settings::default()
            .with_text("url", server.at("index").to_string())
            .with_text("token-env", "RELPLAN_TOKEN_T");
        let surroundings = Surroundings {
            vars: BTreeMap::from([("RELPLAN_TOKEN_T".to_owned(), "t0ken".to_owned())]),
            ..Surroundings::default()
        };
        let net = Net::with_limits(cache.path(), limits);
        Self {
            driver: crate::build(&target(), "cargo", &settings, &surroundings, &net).unwrap(),
            server,
            _cache: cache,
        }
    }

    async fn seen(&self, name: &str, versions: &[&str], freshness: Freshness) -> Seen {
        self.driver
            .observe(&query(name, versions, freshness))
            .await
            .seen
    }
}

fn line(name: &str, version: &str, bytes: &[u8]) -> String {
    let digests = Digests::of(bytes);
    let cksum = digests.to_string().replace("sha256:", "");
    format!(
        r#"{{"name":"{name}","vers":"{version}","deps":[],"cksum":"{cksum}","features":{{}},"yanked":false}}"#
    )
}

#[tokio::test]
async fn the_index_names_the_api_and_the_plan_shows_both() {
    let bench = Bench::new(|_| Reply::new(404, "")).await;
    let described = bench.driver.describe().await.unwrap();
    let root = bench.server.url.as_str();
    let shown: Vec<_> = described
        .endpoints
        .iter()
        .map(|endpoint| format!("{} {} {}", endpoint.role, endpoint.url, endpoint.source))
        .collect();
    assert_eq!(
        shown,
        [
            format!("index sparse+{root}index/ spec"),
            format!("api {root}api/ config.json of the index"),
        ]
    );
    assert!(described.capabilities.yank && described.capabilities.new_names.is_none());
    let bare = Bench::with_config(r#"{"dl":"d"}"#, |_| Reply::new(404, "")).await;
    assert!(!bare.driver.describe().await.unwrap().capabilities.yank);
    let effect = publish("w.crate", &[], Settings::default());
    let finding = bare
        .driver
        .preflight(&[&step("widget", "1.0.0", effect)])
        .await
        .unwrap_err();
    assert!(finding.message.contains("names no API"));
}

#[tokio::test]
async fn l5_only_a_proven_absence_is_absence() {
    for status in [404, 410, 451] {
        let bench = Bench::new(move |_| Reply::new(status, "")).await;
        assert_eq!(
            bench.seen("widget", &["1.0.0"], Freshness::AsClients).await,
            Seen::Absent
        );
    }
    for status in [400, 403, 429, 500, 502] {
        let bench = Bench::new(move |_| Reply::new(status, "")).await;
        let reason = unknown(bench.seen("widget", &["1.0.0"], Freshness::AsClients).await);
        assert!(reason.contains(&status.to_string()), "{reason}");
    }
    let bench = Bench::new(|_| Reply::new(200, "\n")).await;
    assert!(unknown(bench.seen("widget", &[], Freshness::AsClients).await).contains("no line"));
    let bench = Bench::new(|_| Reply::new(200, "<html>")).await;
    assert!(unknown(bench.seen("widget", &[], Freshness::AsClients).await).contains("line 1"));
    let reason = unknown(bench.seen("@acme/widget", &[], Freshness::AsClients).await);
    assert_eq!(reason, "@acme/widget is not a name that a crate may have");
}

#[tokio::test]
async fn a_new_name_that_the_registry_takes_for_an_old_one_is_found_while_planning() {
    let bench = Bench::new(|request| match request.target.as_str() {
        "/index/my/_w/my_widget" => Reply::new(200, line("my_widget", "1.0.0", b"x")),
        _ => Reply::new(404, ""),
    })
    .await;
    let reason = unknown(
        bench
            .seen("my-widget", &["1.0.0"], Freshness::Revalidated)
            .await,
    );
    assert_eq!(
        reason,
        "the registry has my_widget, which it takes for the same name as my-widget"
    );
    assert_eq!(
        bench
            .seen("my-widget", &["1.0.0"], Freshness::AsClients)
            .await,
        Seen::Absent
    );
    assert_eq!(
        bench
            .seen("plain", &["1.0.0"], Freshness::Revalidated)
            .await,
        Seen::Absent
    );
    // The index still describes itself, so that the 404 is about the crate.
    let lines = bench.server.lines();
    assert_eq!(
        lines.get(lines.len() - 2..).unwrap(),
        ["GET /index/pl/ai/plain", "GET /index/config.json"]
    );
}

#[tokio::test]
async fn a_registry_that_wants_a_token_for_reading_gets_it() {
    let config = r#"{"dl":"d","api":"{root}","auth-required":true}"#;
    let bench =
        Bench::with_config(config, |_| Reply::new(200, line("widget", "1.0.0", b"x"))).await;
    present(bench.seen("widget", &["1.0.0"], Freshness::AsClients).await);
    bench.driver.describe().await.unwrap();
    let before = bench.server.lines().len();
    present(bench.seen("widget", &["1.0.0"], Freshness::AsClients).await);
    assert_eq!(bench.server.lines().len(), before + 1);
}

#[tokio::test]
async fn a_crate_is_sent_as_the_protocol_has_it_and_its_length_is_told() {
    let bench = Bench::new(|_| Reply::new(200, "{}")).await;
    let file = crate_file(
        "widget",
        "1.0.0",
        "readme = \"README.md\"\n[dependencies]\nsibling = \"1\"\nfar = \"1\"\n",
    );
    let about = artifact("crate", "widget-1.0.0.crate", "widget", "1.0.0", &file);
    let effect = publish("widget-1.0.0.crate", &["sibling"], Settings::default());
    let step = step("widget", "1.0.0", effect);
    bench.driver.preflight(&[&step]).await.unwrap();
    assert_eq!(
        upload(&*bench.driver, &step, &about, &file).await,
        Outcome::Accepted
    );
    let requests = bench.server.requests();
    let sent = requests.last().unwrap();
    assert_eq!(
        (sent.method.as_str(), sent.target.as_str()),
        ("PUT", "/api/api/v1/crates/new")
    );
    assert_eq!(sent.header("authorization"), Some("t0ken"));
    assert_eq!(
        sent.header("content-length"),
        Some(sent.body.len().to_string().as_str())
    );
    let (length, rest) = sent.body.split_first_chunk::<4>().unwrap();
    let (json, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
    let (length, sent_file) = rest.split_first_chunk::<4>().unwrap();
    assert_eq!(u32::from_le_bytes(*length) as usize, file.len());
    assert_eq!(sent_file, file);
    let json: serde_json::Value = serde_json::from_slice(json).unwrap();
    assert_eq!(json.get("readme").unwrap(), "# Hello\n");
    let registries: Vec<_> = json
        .get("deps")
        .unwrap()
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.get("registry").unwrap())
        .collect();
    assert_eq!(
        registries,
        [
            &serde_json::json!(tame_index::CRATES_IO_INDEX),
            &serde_json::Value::Null
        ]
    );
}

#[tokio::test]
async fn l3_nothing_leaves_when_bytes_or_identity_are_not_the_planned_ones() {
    let bench = Bench::new(|_| Reply::new(200, "{}")).await;
    let file = crate_file("widget", "1.0.0", "");
    let other = crate_file("widget", "1.0.1", "");
    let about = artifact("crate", "widget-1.0.0.crate", "widget", "1.0.0", &file);
    let disguised = artifact("crate", "widget-1.0.0.crate", "widget", "1.0.0", &other);
    let foreign = artifact("crate", "gadget-1.0.0.crate", "gadget", "1.0.0", &file);
    let step = step(
        "widget",
        "1.0.0",
        publish("widget-1.0.0.crate", &[], Settings::default()),
    );
    for (about, bytes, part) in [
        (&about, &other, "and the plan says"),
        (
            &disguised,
            &other,
            "holds widget 1.0.1, and the plan says widget 1.0.0",
        ),
        (&foreign, &file, "is not the artifact of this step"),
    ] {
        let Outcome::Refused { reason, .. } = upload(&*bench.driver, &step, about, bytes).await
        else {
            panic!("{part}");
        };
        assert!(reason.contains(part), "{reason}");
    }
    assert!(
        bench
            .server
            .requests()
            .iter()
            .all(|request| request.method == "GET")
    );
}

#[tokio::test]
async fn l4_a_doubtful_answer_is_unknown_and_never_done() {
    let file = crate_file("widget", "1.0.0", "");
    let about = artifact("crate", "widget-1.0.0.crate", "widget", "1.0.0", &file);
    let step = step(
        "widget",
        "1.0.0",
        publish("widget-1.0.0.crate", &[], Settings::default()),
    );
    let detail = |text: &str| format!(r#"{{"errors":[{{"detail":"{text}"}}]}}"#);
    for (status, body, wanted) in [
        (200, "{}".to_owned(), "accepted"),
        (200, r#"{"warnings":{"other":[]}}"#.to_owned(), "accepted"),
        (
            200,
            detail("crate version `1.0.0` is already uploaded"),
            "unknown 200 OK: crate version `1.0.0` is already uploaded",
        ),
        (
            200,
            detail("missing description"),
            "refused 200 OK: missing description",
        ),
        (
            400,
            detail("crate version `1.0.0` is already uploaded"),
            "unknown 400 Bad Request: crate version `1.0.0` is already uploaded",
        ),
        (
            409,
            detail("crate version already exists"),
            "unknown 409 Conflict: crate version already exists",
        ),
        (
            400,
            detail("missing or empty metadata fields: license"),
            "refused 400 Bad Request: missing or empty metadata fields: license",
        ),
        (
            401,
            detail("no such token"),
            "credential 401 Unauthorized: no such token",
        ),
        (
            403,
            detail("you are no owner"),
            "unknown 403 Forbidden: you are no owner",
        ),
        (503, String::new(), "unknown 503 Service Unavailable"),
    ] {
        let bench = Bench::new(move |_| Reply::new(status, body.clone())).await;
        let shown = match upload(&*bench.driver, &step, &about, &file).await {
            Outcome::Accepted => "accepted".to_owned(),
            Outcome::Refused {
                reason,
                credential: false,
            } => format!("refused {reason}"),
            Outcome::Refused {
                reason,
                credential: true,
            } => format!("credential {reason}"),
            Outcome::Later { reason, .. } => format!("later {reason}"),
            Outcome::Unknown { reason } => format!("unknown {reason}"),
        };
        assert_eq!(shown, wanted);
        let writes = bench
            .server
            .requests()
            .iter()
            .filter(|request| request.method == "PUT")
            .count();
        assert_eq!(writes, 1);
    }
    let patient = Bench::new(|_| Reply::new(429, "").header("retry-after", "7")).await;
    let Outcome::Later { wait, .. } = upload(&*patient.driver, &step, &about, &file).await else {
        panic!("not later");
    };
    assert_eq!(wait.as_secs(), 7);
}

#[tokio::test]
async fn l11_a_registry_that_repeats_the_token_does_not_get_it_into_messages() {
    let file = crate_file("widget", "1.0.0", "");
    let about = artifact("crate", "widget-1.0.0.crate", "widget", "1.0.0", &file);
    let step = step(
        "widget",
        "1.0.0",
        publish("widget-1.0.0.crate", &[], Settings::default()),
    );
    let bench =
        Bench::new(|_| Reply::new(400, r#"{"errors":[{"detail":"bad token t0ken"}]}"#)).await;
    let outcome = upload(&*bench.driver, &step, &about, &file).await;
    assert!(!format!("{outcome:?}").contains("t0ken"), "{outcome:?}");
    assert!(format!("{outcome:?}").contains("bad token"), "{outcome:?}");
}

#[tokio::test]
async fn a_yank_goes_to_the_version_and_to_no_other_path() {
    let bench = Bench::new(|_| Reply::new(200, r#"{"ok":true}"#)).await;
    let effect = || Effect::Yank {
        reason: "broken".to_owned(),
    };
    assert_eq!(
        perform(&*bench.driver, &step("widget", "1.0.0", effect())).await,
        Outcome::Accepted
    );
    assert_eq!(
        bench.server.lines().last().unwrap(),
        "DELETE /api/api/v1/crates/widget/1.0.0/yank"
    );
    let before = bench.server.lines().len();
    for (name, version) in [("../me", "1.0.0"), ("widget", "1.0.0?x")] {
        let outcome = perform(&*bench.driver, &step(name, version, effect())).await;
        assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    }
    assert_eq!(bench.server.lines().len(), before);
}

#[tokio::test]
async fn a_replaced_default_registry_is_read_and_never_published_to() {
    let server = Server::start(|request| match request.target.as_str() {
        "/m/config.json" => Reply::new(200, r#"{"dl":"d","api":"https://api.example"}"#),
        _ => Reply::new(200, line("widget", "1.0.0", b"x")),
    })
    .await;
    let home = TempDir::new().unwrap();
    std::fs::create_dir(home.path().join(".cargo")).unwrap();
    let config = format!(
        "[source.crates-io]\nreplace-with = \"mirror\"\n[source.mirror]\nregistry = \"sparse+{}m/\"\n",
        server.url
    );
    std::fs::write(home.path().join(".cargo/config.toml"), config).unwrap();
    let surroundings = Surroundings {
        home: Some(home.path().to_owned()),
        vars: BTreeMap::from([("CARGO_REGISTRY_TOKEN".to_owned(), "t0ken".to_owned())]),
        ..Surroundings::default()
    };
    let net = Net::new(home.path().join("cache").as_path());
    let driver = crate::build(
        &target(),
        "cargo",
        &Settings::default(),
        &surroundings,
        &net,
    )
    .unwrap();
    assert!(
        driver
            .describe()
            .await
            .unwrap()
            .capabilities
            .new_names
            .is_none()
    );
    present(
        driver
            .observe(&query("widget", &["1.0.0"], Freshness::Revalidated))
            .await
            .seen,
    );
    let step = step(
        "widget",
        "2.0.0",
        publish("w.crate", &[], Settings::default()),
    );
    let finding = driver.preflight(&[&step]).await.unwrap_err();
    assert!(
        finding
            .message
            .contains("crates-io is replaced by \"mirror\""),
        "{finding:?}"
    );
    assert!(finding.hint.unwrap().contains("registry=\"crates-io\""));
    let outcome = perform(&*driver, &step).await;
    assert!(matches!(outcome, Outcome::Refused { .. }), "{outcome:?}");
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.method == "GET" && request.header("authorization").is_none())
    );
}

#[tokio::test]
async fn l11_a_token_does_not_go_out_in_clear_because_a_document_says_so() {
    let server = Server::start(|_| Reply::new(200, "{}")).await;
    let cache = TempDir::new().unwrap();
    let surroundings = Surroundings {
        vars: BTreeMap::from([("RELPLAN_TOKEN_T".to_owned(), "t0ken".to_owned())]),
        ..Surroundings::default()
    };
    let settings = Settings::default()
        .with_text("url", "https://index.example/")
        .with_text("token-env", "RELPLAN_TOKEN_T");
    let configuration = Configuration::read(&surroundings).unwrap();
    let index = endpoint::resolve(&target(), &settings, &configuration, &surroundings).unwrap();
    let config = RegistryConfig {
        dl: None,
        api: Some(server.url.to_string()),
        auth_required: false,
    };
    let driver = Cargo {
        net: Net::new(cache.path()),
        tokens: Tokens {
            target: target(),
            settings,
            surroundings,
            configuration,
            index,
        },
        config: OnceCell::from(config),
        unread: std::sync::Mutex::default(),
        alive: tokio::sync::Mutex::default(),
        wants_token: AtomicBool::new(false),
    };
    let effect = Effect::Yank {
        reason: String::new(),
    };
    let Outcome::Refused { reason, .. } = driver
        .yank_version(&step("widget", "1.0.0", effect))
        .await
        .unwrap_or_else(|refused| refused)
    else {
        panic!("not refused");
    };
    assert!(reason.contains("names an API without it"), "{reason}");
    assert!(server.requests().is_empty());
}

fn wanted(version: &str) -> relplan_model::port::Counterpart {
    let query = query("widget", &[version], Freshness::Revalidated);
    relplan_model::port::Counterpart {
        address: query.address,
        version: query.versions[0].clone(),
        kind: "crate".to_owned(),
        like: "widget-9.9.9.crate".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_crate_is_fetched_by_the_template_and_proven_by_the_index() {
    let lines = |request: &Request| match request.target.as_str() {
        "/index/wi/dg/widget" => Reply::new(
            200,
            [
                line("widget", "1.0.0", b"one"),
                line("widget", "1.1.0", b"two"),
            ]
            .join("\n"),
        ),
        "/dl/widget-1.0.0.crate" => Reply::new(200, "one"),
        "/dl/widget-1.1.0.crate" => Reply::new(200, "tampered"),
        _ => Reply::new(404, ""),
    };
    let config = r#"{"dl":"{root}dl/{crate}-{version}.crate","api":"{root}api/"}"#;
    let bench = Bench::with_config(config, lines).await;
    let fetched = bench.driver.fetch(&wanted("1.0.0")).await.unwrap().unwrap();
    assert_eq!(fetched.file.as_str(), "widget-1.0.0.crate");
    assert_eq!(fetched.bytes, b"one");
    let error = bench.driver.fetch(&wanted("1.1.0")).await.unwrap_err();
    let tampered = matches!(error, relplan_model::port::FetchError::OtherBytes { .. });
    assert!(tampered, "{error:?}");
    let error = bench.driver.fetch(&wanted("2.0.0")).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the index has no shop:widget@2.0.0"),
        "{error}"
    );
    let placeless = Bench::with_config(r#"{"api":"{root}api/"}"#, lines).await;
    let error = placeless.driver.fetch(&wanted("1.0.0")).await.unwrap_err();
    assert!(error.to_string().contains("does not say where"), "{error}");
}

#[tokio::test]
async fn l11_a_closed_registrys_token_opens_its_crates_and_no_other_origin() {
    let other = Server::start(|_| Reply::new(401, "")).await;
    let place = other.url.to_string();
    let config: &'static str = Box::leak(
        format!(r#"{{"dl":"{place}{{crate}}","api":"{{root}}api/","auth-required":true}}"#)
            .into_boxed_str(),
    );
    let index = |request: &Request| match request.target.as_str() {
        "/index/wi/dg/widget" => Reply::new(200, line("widget", "1.0.0", b"one")),
        "/dl/widget/1.0.0/download" => Reply::new(200, "one"),
        _ => Reply::new(404, ""),
    };
    let bench = Bench::with_config(config, index).await;
    bench.driver.fetch(&wanted("1.0.0")).await.unwrap_err();
    let asked = other.requests();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].header("authorization"), None);
    let own = r#"{"dl":"{root}dl","api":"{root}api/","auth-required":true}"#;
    let bench = Bench::with_config(own, index).await;
    let fetched = bench.driver.fetch(&wanted("1.0.0")).await.unwrap().unwrap();
    assert_eq!(fetched.bytes, b"one");
}
