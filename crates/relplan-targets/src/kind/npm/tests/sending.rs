//! What is sent, compared with what npm 11 sends, and what is made of the answers.

use std::sync::Mutex;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use relplan_model::step::{Effect, Publish as PublishEffect, StepId};
use serde_json::{Value, json};

use super::*;
use crate::http::server::{Reply, Request, Server};

const MANIFEST: &str = r#"{"name":"@acme/widget","version":"1.4.0","description":"A widget","bin":"bin/w.js",
    "main":"index.js","repository":"github:acme/widgets","keywords":"a, b","bundledDependencies":["x"],
    "dependencies":{"x":"^1","y":"^1"},"optionalDependencies":{"y":"^2"},"author":"A <a@acme.example>","license":"MIT",
    "publishConfig":{"access":"public"},"scripts":{"test":"true"},"contributors":["B <b@acme.example>"]}"#;

fn widget() -> Vec<u8> {
    tarball(&[
        ("package/binding.gyp", "{}"),
        ("package/README", "plain"),
        ("package/docs/readme.md", "other"),
        ("package/package.json", MANIFEST),
        ("package/README.md", "# Widget\n"),
    ])
}

fn step(effect: Effect) -> Step {
    let (address, version) = (address("@acme/widget"), version("1.4.0"));
    Step {
        id: StepId::of(&address, &version, &effect),
        phase: effect.phase(),
        address,
        version,
        effect,
        needs: Vec::new(),
        wave: 0,
    }
}

fn publish(pointer: &str, settings: Settings) -> Step {
    step(Effect::Publish(PublishEffect {
        artifact: Some("acme-widget-1.4.0.tgz".parse().unwrap()),
        one_of_many: false,
        pointer: Some(PointerName::new(pointer).unwrap()),
        first: false,
        settings,
        siblings: Vec::new(),
    }))
}

/// Performs a step at a server that answers so.
async fn perform(
    reply: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    step: &Step,
    artifact: Option<&Artifact>,
    bytes: Vec<u8>,
) -> (Outcome, Vec<Request>) {
    let server = Server::start(reply).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = at(&server.url).with_text("token-env", "RELPLAN_TOKEN_T");
    let surroundings = vars(&[("RELPLAN_TOKEN_T", "canary"), ("npm_config_otp", "123456")]);
    let npm = build(&name(), &settings, &surroundings, &net(&folder)).unwrap();
    let outcome = npm
        .perform(EffectInput {
            step,
            artifact,
            source: &Memory(bytes),
            progress: &|_, _| (),
        })
        .await;
    (outcome, server.requests())
}

async fn upload(reply: Reply, step: &Step, bytes: Vec<u8>) -> (Outcome, Vec<Request>) {
    let planned = artifact("@acme/widget", "1.4.0", &bytes);
    perform(move |_| reply.clone(), step, Some(&planned), bytes).await
}

#[tokio::test]
async fn a_publish_says_what_npm_says() {
    let bytes = widget();
    let step = publish("relplan-pending", Settings::default());
    let (outcome, requests) = upload(Reply::new(201, "{}"), &step, bytes.clone()).await;
    assert_eq!(outcome, Outcome::Accepted);
    let request = &requests[0];
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("PUT", "/@acme%2fwidget")
    );
    for (header, value) in [
        ("authorization", "Bearer canary"),
        ("content-type", "application/json"),
        ("npm-command", "publish"),
        ("npm-otp", "123456"),
    ] {
        assert_eq!(request.header(header), Some(value), "{header}");
    }
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    let host = request.header("host").unwrap();
    let dist = json!({
        "integrity": format!("sha512-{}", BASE64_STANDARD.encode(
            relplan_model::digest::unhex(Digests::of(&bytes).get(Algorithm::Sha512).unwrap()).unwrap())),
        "shasum": sent["versions"]["1.4.0"]["dist"]["shasum"],
        "tarball": format!("http://{host}/@acme/widget/-/@acme/widget-1.4.0.tgz"),
    });
    assert_eq!(
        sent,
        json!({
            "_id": "@acme/widget",
            "name": "@acme/widget",
            "description": "A widget",
            "dist-tags": { "relplan-pending": "1.4.0" },
            "access": "public",
            "versions": { "1.4.0": {
                "name": "@acme/widget", "version": "1.4.0", "description": "A widget",
                "bin": { "widget": "bin/w.js" }, "main": "index.js",
                "repository": { "type": "git", "url": "git+https://github.com/acme/widgets.git" },
                "keywords": ["a", "b"], "bundleDependencies": ["x"],
                "dependencies": { "x": "^1" }, "optionalDependencies": { "y": "^2" },
                "author": { "name": "A", "email": "a@acme.example" }, "license": "MIT",
                "publishConfig": { "access": "public" },
                "scripts": { "test": "true", "install": "node-gyp rebuild" }, "gypfile": true,
                "contributors": [{ "name": "B", "email": "b@acme.example" }],
                "bugs": { "url": "https://github.com/acme/widgets/issues" },
                "homepage": "https://github.com/acme/widgets#readme",
                "readme": "# Widget\n", "readmeFilename": "README.md",
                "_id": "@acme/widget@1.4.0", "dist": dist,
            } },
            "_attachments": { "@acme/widget-1.4.0.tgz": {
                "content_type": "application/octet-stream",
                "data": BASE64_STANDARD.encode(&bytes),
                "length": bytes.len(),
            } },
        })
    );
}

#[tokio::test]
async fn access_is_the_specs_or_the_packages_own() {
    let own = tarball(&[("package/package.json", MANIFEST)]);
    let silent = tarball(&[(
        "package/package.json",
        r#"{"name":"@acme/widget","version":"1.4.0"}"#,
    )]);
    let restricted = Settings::default().with_text("access", "restricted");
    for (bytes, settings, expected) in [
        (own.clone(), Settings::default(), json!("public")),
        (own, restricted, json!("restricted")),
        (silent, Settings::default(), Value::Null),
    ] {
        let (_, requests) =
            upload(Reply::new(201, "{}"), &publish("latest", settings), bytes).await;
        let sent: Value = serde_json::from_slice(&requests[0].body).unwrap();
        assert_eq!(sent["access"], expected);
    }
}

#[tokio::test]
async fn l3_nothing_but_the_approved_bytes_leaves() {
    let step = publish("latest", Settings::default());
    let manifest = |text: &str| tarball(&[("package/package.json", text)]);
    for (bytes, why) in [
        (
            manifest(r#"{"name":"@acme/other","version":"1.4.0"}"#),
            "holds @acme/other 1.4.0",
        ),
        (
            manifest(r#"{"name":"@acme/widget","version":"1.4.1"}"#),
            "holds @acme/widget 1.4.1",
        ),
        (
            manifest(r#"{"name":"@acme/widget","version":"1.4.0","private":true}"#),
            "private",
        ),
        (manifest("[]"), "no JSON object"),
        (tarball(&[("package/index.js", "")]), "no package.json"),
        (
            tarball(&[
                ("package/package.json", MANIFEST),
                ("other/package.json", MANIFEST),
            ]),
            "more than once",
        ),
        (b"not gzip".to_vec(), "cannot be read as an archive"),
    ] {
        let (outcome, requests) = upload(Reply::new(201, "{}"), &step, bytes).await;
        let refused = matches!(&outcome, Outcome::Refused { reason, credential: false } if reason.contains(why));
        assert!(refused && requests.is_empty(), "{why}: {outcome:?}");
    }
    let bytes = widget();
    let mut planned = artifact("@acme/widget", "1.4.0", &bytes);
    planned.digests = Digests::of(b"other");
    let (outcome, requests) =
        perform(|_| Reply::new(201, "{}"), &step, Some(&planned), bytes).await;
    assert!(
        matches!(
            outcome,
            Outcome::Refused {
                credential: false,
                ..
            }
        ) && requests.is_empty()
    );
}

#[tokio::test]
async fn l4_a_doubtful_answer_is_unknown() {
    let step = publish("latest", Settings::default());
    for status in [403, 409, 500, 503] {
        let reply = Reply::new(
            status,
            r#"{"error":"cannot publish over canary with 123456"}"#,
        );
        let (outcome, _) = upload(reply, &step, widget()).await;
        match outcome {
            Outcome::Unknown { reason } => {
                assert!(reason.starts_with(&status.to_string()), "{reason}");
                assert!(
                    !reason.contains("canary") && !reason.contains("123456"),
                    "{reason}"
                );
            }
            other => panic!("{status}: {other:?}"),
        }
    }
    let later = Reply::new(429, "slow down").header("retry-after", "7");
    let (outcome, _) = upload(later, &step, widget()).await;
    assert!(
        matches!(outcome, Outcome::Later { wait, .. } if wait.as_secs() == 7),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_demand_for_a_second_factor_is_told_as_one() {
    let step = publish("latest", Settings::default());
    for reply in [
        Reply::new(401, "{}").header("www-authenticate", "Bearer, OTP"),
        Reply::new(401, r#"{"error":"You must provide a one-time pass."}"#),
    ] {
        let (outcome, _) = upload(reply, &step, widget()).await;
        let told = matches!(&outcome, Outcome::Refused { reason, credential: true } if reason.contains("one-time password"));
        assert!(told, "{outcome:?}");
    }
    let (outcome, _) = upload(Reply::new(401, "no"), &step, widget()).await;
    assert!(
        matches!(
            outcome,
            Outcome::Refused {
                credential: true,
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn dist_tags_are_set_and_removed() {
    let latest = PointerName::new("latest").unwrap();
    let point = step(Effect::Point {
        pointer: latest.clone(),
        from: None,
        to: version("1.4.0"),
    });
    let (outcome, requests) = perform(|_| Reply::new(201, "{}"), &point, None, Vec::new()).await;
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(
        requests[0].target,
        "/-/package/@acme%2fwidget/dist-tags/latest"
    );
    assert_eq!(
        (requests[0].method.as_str(), &requests[0].body[..]),
        ("PUT", &b"\"1.4.0\""[..])
    );
    let unpoint = step(Effect::Unpoint { pointer: latest });
    let (outcome, requests) = perform(|_| Reply::new(404, "{}"), &unpoint, None, Vec::new()).await;
    assert!(
        matches!(outcome, Outcome::Unknown { .. }),
        "gone already, or never there: {outcome:?}"
    );
    assert_eq!(requests[0].method, "DELETE");
}

#[tokio::test]
async fn a_deprecation_touches_its_versions_and_nothing_else() {
    let document = json!({
        "_id": "@acme/widget", "_rev": "7-x", "name": "@acme/widget", "odd": [1.5],
        "dist-tags": { "latest": "1.4.0" },
        "versions": { "1.0.0": { "a": 1 }, "1.1.0": { "deprecated": "older" }, "1.4.0": {} },
    });
    let put = Mutex::new(Vec::new());
    let answer = document.to_string();
    let effect = |versions: &[&str]| Effect::Deprecate {
        range: "<1.2".to_owned(),
        versions: versions.iter().map(|text| version(text)).collect(),
        message: "use 1.4".to_owned(),
    };
    let reply = move |request: &Request| {
        if request.method == "PUT" {
            put.lock().unwrap().push(request.body.clone());
        }
        Reply::new(200, answer.clone())
    };
    let deprecate = step(effect(&["1.0.0", "1.1.0"]));
    let (outcome, requests) = perform(reply, &deprecate, None, Vec::new()).await;
    assert_eq!(outcome, Outcome::Accepted);
    assert_eq!(requests[0].target, "/@acme%2fwidget?write=true");
    let mut expected = document.clone();
    for version in ["1.0.0", "1.1.0"] {
        expected["versions"][version]["deprecated"] = json!("use 1.4");
    }
    assert_eq!(
        serde_json::from_slice::<Value>(&requests[1].body).unwrap(),
        expected
    );
    let answer = document.to_string();
    let missing = step(effect(&["9.9.9"]));
    let reply = move |_: &Request| Reply::new(200, answer.clone());
    let (outcome, requests) = perform(reply, &missing, None, Vec::new()).await;
    assert!(
        matches!(
            outcome,
            Outcome::Refused {
                credential: false,
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_eq!(requests.len(), 1, "nothing was written");
}

#[tokio::test]
async fn l8_credentials_are_tried_before_the_first_write() {
    let step = publish("latest", Settings::default());
    for (status, body, code) in [
        (200, r#"{"username":"alice"}"#, None),
        (200, "{}", Some("credential")),
        (401, "{}", Some("credential")),
        (403, "{}", Some("credential")),
        (404, "{}", None),
        (405, "{}", None),
        // E3: a registry that is out of order says nothing about the credential.
        (500, "{}", Some("unreachable")),
        (503, "{}", Some("unreachable")),
    ] {
        let server = Server::start(move |_| Reply::new(status, body)).await;
        let folder = tempfile::tempdir().unwrap();
        let settings = at(&server.url).with_text("token-env", "RELPLAN_TOKEN_T");
        let with = build(
            &name(),
            &settings,
            &vars(&[("RELPLAN_TOKEN_T", "canary")]),
            &net(&folder),
        )
        .unwrap();
        let found = with.preflight(&[&step]).await.err();
        assert_eq!(
            found.as_ref().map(|finding| finding.code.as_str()),
            code,
            "{status} {body}"
        );
        assert!(!format!("{found:?}").contains("canary"));
        assert_eq!(server.lines(), ["GET /-/whoami"]);
        let without = build(&name(), &settings, &vars(&[]), &net(&folder)).unwrap();
        assert_eq!(
            without.preflight(&[&step]).await.unwrap_err().code,
            "credential"
        );
        assert_eq!(
            server.lines().len(),
            1,
            "nothing is asked without a credential"
        );
        let bytes = widget();
        let refused = without
            .perform(EffectInput {
                step: &step,
                artifact: Some(&artifact("@acme/widget", "1.4.0", &bytes)),
                source: &Memory(bytes),
                progress: &|_, _| (),
            })
            .await;
        assert!(
            matches!(
                refused,
                Outcome::Refused {
                    credential: true,
                    ..
                }
            ),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn l3_the_name_and_version_inside_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let url = "https://npm.acme.example/".parse().unwrap();
    let npm = build(&name(), &at(&url), &vars(&[]), &net(&folder)).unwrap();
    let bytes = widget();
    let mut planned = artifact("@acme/widget", "1.4.0", &bytes);
    let identity = npm.inspect(&planned, &Memory(bytes.clone())).await.unwrap();
    assert_eq!(
        (identity.name.as_str(), identity.version.as_str()),
        ("@acme/widget", "1.4.0")
    );
    planned.kind = "wheel".to_owned();
    assert_eq!(
        npm.inspect(&planned, &Memory(bytes))
            .await
            .unwrap_err()
            .code,
        "artifact"
    );
}
