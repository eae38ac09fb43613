//! Packuments, ordinary and odd, and what is made of failures.

use relplan_model::{
    digest::Algorithm,
    observation::{Facts, Seen},
};

use super::*;
use crate::http::server::{Reply, Server};

/// `x` hashed with SHA-512, as npm writes it.
const SHA512: &str = "sha512-pKvURIxJVi2CgRXROh/M6pJ/UrTVRZKX+LQ+QtqJI4vBNibkPcs43bCCSIkn7JBPtCBXRDmD6IWFF51QVRr+Yg==";

async fn observe(reply: Reply, query: &Query) -> Seen {
    let server = Server::start(move |_| reply.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let npm = build(&name(), &at(&server.url), &vars(&[]), &net(&folder)).unwrap();
    npm.observe(query).await.seen
}

async fn facts(document: &str, query: &Query) -> Facts {
    match observe(Reply::new(200, document), query).await {
        Seen::Present(facts) => facts,
        other => panic!("{document}: {other:?}"),
    }
}

fn plain(versions: &[&str], ranges: &[&str]) -> Query {
    query("@acme/widget", versions, ranges, Freshness::Revalidated)
}

#[tokio::test]
async fn only_what_is_asked_for_is_read() {
    let document = format!(
        r#"{{"name":"@acme/widget","modified":"x","dist-tags":{{"latest":"1.2.0","next":"2.0.0-rc.1","bad tag":"1.0.0"}},
        "versions":{{
          "1.0.0":{{"dist":{{"integrity":"{SHA512} sha1-EfatjsUqKYSrqv18O1FlA3hcIHI= md5-xx","shasum":"11f6ad8ec52a2984abaafd7c3b516503785c2072",
             "tarball":"https://npm.acme.example/@acme/widget/-/widget-1.0.0.tgz?x"}},"deprecated":"old"}},
          "1.1.0":{{"dist":{{"shasum":"zz"}},"deprecated":""}},
          "1.2.0":{{"dist":null,"deprecated":false}},
          "2.0.0-rc.1":{{"dist":{{}},"deprecated":{{"odd":1}}}},
          "0.9.0":{{"dist":{{"integrity":5}}}},
          "v-odd":{{}}
        }}}}"#
    );
    // 0.9.0 is malformed and nobody asked for it.
    let query = plain(&["1.0.0", "1.3.0"], &["1.1 - 1.2", ">=2"]);
    let facts = facts(&document, &query).await;
    let listed: Vec<_> = facts.versions.keys().map(Version::as_str).collect();
    assert_eq!(listed, ["1.0.0", "1.1.0", "1.2.0", "2.0.0-rc.1"]);
    let first = &facts.versions[&version("1.0.0")];
    assert_eq!(first.deprecated.as_deref(), Some("old"));
    let (file, shown) = first.files.iter().next().unwrap();
    assert_eq!(file.as_str(), "widget-1.0.0.tgz");
    assert_eq!(
        shown.digests.get(Algorithm::Sha512),
        Digests::of(b"x").get(Algorithm::Sha512)
    );
    assert_eq!(
        shown.digests.get(Algorithm::Sha1),
        Some("11f6ad8ec52a2984abaafd7c3b516503785c2072")
    );
    let second = &facts.versions[&version("1.1.0")];
    assert_eq!(
        (second.deprecated.as_deref(), second.files.len()),
        (None, 1)
    );
    assert!(second.files.values().all(|file| file.digests.0.is_empty()));
    assert_eq!(facts.current, Some(version("1.2.0")));
    assert_eq!(facts.pointers.len(), 2);
    assert_eq!(
        facts.ranges["1.1 - 1.2"],
        [version("1.1.0"), version("1.2.0")]
    );
    assert_eq!(facts.ranges[">=2"], [version("2.0.0-rc.1")]);
    let order: Vec<_> = facts.order.iter().map(Version::as_str).collect();
    assert_eq!(order, ["1.0.0", "1.2.0", "1.3.0", "2.0.0-rc.1"]);
    assert_eq!(facts.prerelease, [version("2.0.0-rc.1")]);
}

#[tokio::test]
async fn an_unpublished_package_is_there_without_versions() {
    for document in [
        r#"{"_id":"@acme/widget","name":"@acme/widget","time":{"unpublished":{"versions":["1.0.0"]}}}"#,
        r#"{"name":"@acme/widget","versions":null,"dist-tags":null}"#,
        r#"{"name":"@acme/widget","versions":{},"dist-tags":{}}"#,
    ] {
        let facts = facts(document, &plain(&["1.0.0"], &["*"])).await;
        assert!(facts.versions.is_empty() && facts.current.is_none());
        assert_eq!(facts.ranges["*"], []);
        assert_eq!(facts.order, [version("1.0.0")]);
    }
}

#[tokio::test]
async fn l5_only_a_registrys_404_is_absence() {
    let query = plain(&["1.0.0"], &[]);
    // npm; verdaccio; Nexus; GitHub, CouchDB; Artifactory; GitLab; Azure; Google; Cloudsmith.
    for body in [
        r#"{"error":"Not found"}"#,
        r#"{"error":"no such package available"}"#,
        r#"{"success":false,"error":"Package '@acme/widget' not found"}"#,
        r#"{"error":"not_found","reason":"document not found"}"#,
        r#"{"errors":[{"status":404,"message":"Package not found"}]}"#,
        r#"{"message":"404 Package Not Found"}"#,
        r#"{"$id":"1","message":"The package cannot be found.","typeKey":"PackageNotFoundException"}"#,
        r#"{"error":{"code":404,"message":"Package not found","status":"NOT_FOUND"}}"#,
        r#"{"detail":"Not found."}"#,
    ] {
        assert_eq!(observe(Reply::json(404, body), &query).await, Seen::Absent);
    }
    for reply in [
        Reply::new(404, ""),
        Reply::json(404, ""),
        Reply::json(404, "{}"),
        Reply::json(404, "[]"),
        Reply::json(404, r#"{"error":""}"#),
        Reply::json(404, r#"{"error":null,"message":null}"#),
        Reply::json(404, r#"{"error":"not_found""#),
        Reply::json(404, "\u{feff}<html>nothing here</html>"),
        Reply::json(404, r#"{"message":"404 Project Not Found"}"#),
        Reply::json(404, r#"{"message":"no Route matched with those values"}"#),
        // No type, and others' types.
        Reply::new(404, r#"{"error":"not_found"}"#),
        Reply::new(404, r#"{"error":"not_found"}"#).header("content-type", "text/plain"),
        Reply::new(404, r#"{"error":"not_found"}"#).header("content-type", "text/html"),
        Reply::new(404, "\u{feff}<html>nothing here</html>").header("content-type", "text/html"),
        Reply::new(404, "nothing here").header("content-type", "text/plain"),
        Reply::new(200, r#"{"versions":{},"dist-tags":{}}"#),
        Reply::new(200, r#"{"name":"@acme/widget"}"#),
        Reply::new(404, "<html>nothing here</html>"),
        Reply::new(200, "<html>log in</html>"),
        Reply::new(200, r#"{"error":"not_found"}"#),
        Reply::new(200, "[]"),
        Reply::new(200, r#"{"name":"other","versions":{}}"#),
        Reply::new(200, r#"{"name":"@acme/widget","versions":{"#),
        Reply::new(
            200,
            r#"{"name":"@acme/widget","versions":{"1.0.0":{"dist":5}}}"#,
        ),
        Reply::new(401, "{}"),
        Reply::new(403, "{}"),
        Reply::new(410, "{}"),
        Reply::new(500, "{}"),
        Reply::Raw(Vec::new()),
    ] {
        let text = format!("{reply:?}");
        let seen = observe(reply, &query).await;
        assert!(matches!(seen, Seen::Unknown { .. }), "{text}: {seen:?}");
    }
    let odd = plain(&[], &["latest"]);
    let seen = observe(
        Reply::new(200, r#"{"name":"@acme/widget","versions":{}}"#),
        &odd,
    )
    .await;
    assert!(matches!(seen, Seen::Unknown { .. }), "{seen:?}");
}

#[tokio::test]
async fn l5_what_decides_is_read_past_caches() {
    let server =
        Server::start(|_| Reply::new(200, r#"{"name":"@acme/widget","versions":{}}"#)).await;
    let folder = tempfile::tempdir().unwrap();
    let npm = build(&name(), &at(&server.url), &vars(&[]), &net(&folder)).unwrap();
    for freshness in [
        Freshness::Revalidated,
        Freshness::Authoritative,
        Freshness::AsClients,
    ] {
        npm.observe(&query("@acme/widget", &[], &[], freshness))
            .await;
    }
    assert_eq!(
        server.lines(),
        [
            "GET /@acme%2fwidget",
            "GET /@acme%2fwidget?write=true",
            "GET /@acme%2fwidget"
        ]
    );
    let accepted = |at: usize| server.requests()[at].headers["accept"].clone();
    assert!(accepted(0).starts_with("application/vnd.npm.install-v1+json"));
    assert_eq!(accepted(1), "application/json");
    let evidence = npm
        .observe(&query("@acme/widget", &[], &[], Freshness::Authoritative))
        .await
        .evidence;
    assert_eq!(evidence[0].asked, format!("{}@acme%2fwidget", server.url));
}

#[tokio::test]
async fn a_closed_registry_is_asked_with_the_credential() {
    let server = Server::start(|request| match request.header("authorization") {
        Some("Bearer t") => Reply::new(200, r#"{"name":"@acme/widget","versions":{}}"#),
        _ => Reply::new(401, "{}"),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let settings = at(&server.url).with_text("token-env", "RELPLAN_TOKEN_T");
    let npm = build(
        &name(),
        &settings,
        &vars(&[("RELPLAN_TOKEN_T", "t")]),
        &net(&folder),
    )
    .unwrap();
    for _ in 0..2 {
        let seen = npm.observe(&plain(&[], &[])).await.seen;
        assert!(matches!(seen, Seen::Present(_)), "{seen:?}");
    }
    assert_eq!(
        server.requests().len(),
        3,
        "asked without once, and with twice"
    );
}
