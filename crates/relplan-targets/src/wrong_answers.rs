//! A table of answers that prove nothing, against each kind of registry: none of them is *absent* (L5), and none of them
//! keeps a look-up for longer than its bound (E2).

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use relplan_model::{
    address::{Address, PackageName, Version},
    observation::{Freshness, Query, Seen},
};

use super::*;
use crate::http::{
    Limits,
    server::{Reply, Server},
};

/// A kind of registry, and how its orderly answers look.
struct Kind {
    name: &'static str,
    /// The document of `widget` with version 1.0.0.
    there: &'static str,
    /// The same with version 0.9.0 alone, and of another package.
    other: &'static str,
    /// The type of such a document.
    media_type: &'static str,
    /// What it says when it does not have a package.
    absent: (&'static str, &'static str),
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "npm",
        there: r#"{"name":"widget","dist-tags":{"latest":"1.0.0"},"versions":{"1.0.0":{}}}"#,
        other: r#"{"name":"gadget","dist-tags":{},"versions":{}}"#,
        media_type: "application/json",
        absent: ("application/json", r#"{"error":"Not found"}"#),
    },
    Kind {
        name: "cargo",
        there: r#"{"name":"widget","vers":"1.0.0","deps":[],"cksum":"00","features":{},"yanked":false}"#,
        other: r#"{"name":"gadget","vers":"1.0.0","deps":[],"cksum":"00","features":{},"yanked":false}"#,
        media_type: "text/plain",
        absent: ("text/html", "<html><h1>404 Not Found</h1></html>"),
    },
    Kind {
        name: "pypi",
        there: "<html><title>Links for widget</title><a href=\"widget-1.0.0.tar.gz\">x</a>",
        other: "<html><title>Links for gadget</title><a href=\"gadget-1.0.0.tar.gz\">x</a>",
        media_type: "text/html",
        absent: ("text/html", "<html><h1>404 Not Found</h1></html>"),
    },
];

const MAINTENANCE: &str = "<!DOCTYPE html><html><head><title>Maintenance</title></head>\
     <body><h1>We will be back</h1></body></html>";

fn page(status: u16, body: &str) -> Reply {
    Reply::new(status, body).header("content-type", "text/html")
}

fn raw(head: &str, body: &[u8]) -> Reply {
    Reply::Raw([format!("HTTP/1.1 {head}\r\n\r\n").as_bytes(), body].concat())
}

/// Answers that prove nothing, whoever is asked.
fn wrong(kind: &Kind, elsewhere: &str) -> Vec<(String, Reply)> {
    let document =
        |status: u16| Reply::new(status, kind.there).header("content-type", kind.media_type);
    let cut = kind.there.get(..20).unwrap().as_bytes();
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, kind.there.as_bytes()).unwrap();
        let whole = encoder.finish().unwrap();
        whole.get(..whole.len() - 9).unwrap().to_vec()
    };
    let gzip_head = format!(
        "200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}",
        gzip.len()
    );
    let mut all = vec![
        ("a maintenance page", page(200, MAINTENANCE)),
        (
            "a page after a byte order mark",
            page(200, "\u{feff}<h1>We will be back</h1>"),
        ),
        (
            "a login",
            page(
                200,
                "<html><title>Log in</title><form action=/login><input name=u></form></html>",
            ),
        ),
        (
            "a captive portal",
            page(
                200,
                "<html><meta http-equiv=refresh content='0; url=http://portal/'></html>",
            ),
        ),
        ("an empty 200", Reply::new(200, "")),
        (
            "an error document as 200",
            Reply::json(200, r#"{"error":"down for maintenance"}"#),
        ),
        ("a list", Reply::json(200, "[]")),
        (
            "words",
            Reply::new(200, "OK").header("content-type", "text/plain"),
        ),
        (
            "another package",
            Reply::new(200, kind.other).header("content-type", kind.media_type),
        ),
        (
            "a maintenance page under the right title",
            page(
                200,
                "<html><title>Links for widget</title><h1>We will be back</h1></html>",
            ),
        ),
        (
            "nothing but the right title",
            page(
                200,
                "<html><title>Links for widget</title><p>Soon more</p></html>",
            ),
        ),
        ("a maintenance page as 404", page(404, MAINTENANCE)),
        (
            "maintenance as 404",
            Reply::json(404, r#"{"error":"down for maintenance"}"#),
        ),
        (
            "maintenance and not found",
            Reply::json(404, r#"{"error":"Not found","reason":"under maintenance"}"#),
        ),
        (
            "a login as 404",
            Reply::json(404, r#"{"error":"not found: log in to see this registry"}"#),
        ),
        (
            "a want of permission as 404",
            Reply::json(
                404,
                r#"{"message":"Not found, or you lack the permission to read it"}"#,
            ),
        ),
        ("a 404 with an empty object", Reply::json(404, "{}")),
        (
            "a 404 without a reason",
            Reply::json(404, r#"{"status":404,"message":""}"#),
        ),
        (
            "a router's 404",
            Reply::new(404, "default backend - 404").header("content-type", "text/plain"),
        ),
        (
            "another router's 404",
            Reply::new(404, "404 page not found\n").header("content-type", "text/plain"),
        ),
        (
            "a gateway's 404",
            Reply::json(404, r#"{"message":"no Route matched with those values"}"#),
        ),
        (
            "a login on the same host",
            Reply::new(302, "").header("location", "/login"),
        ),
        (
            "a login elsewhere",
            Reply::new(302, "").header("location", format!("{elsewhere}login")),
        ),
        (
            "an absence elsewhere",
            Reply::new(307, "").header("location", format!("{elsewhere}none")),
        ),
        ("a redirect to nowhere", Reply::new(302, "")),
        (
            "a redirect in a circle",
            Reply::new(302, "").header("location", "/simple/widget/"),
        ),
        (
            "a choice",
            Reply::new(300, kind.there).header("location", "/elsewhere"),
        ),
        ("not modified, unasked", Reply::new(304, "")),
        ("no length, cut", raw("200 OK\r\nconnection: close", cut)),
        (
            "cut by length",
            raw("200 OK\r\ncontent-length: 900", kind.there.as_bytes()),
        ),
        (
            "a cut 404",
            raw(
                "404 Not Found\r\ncontent-type: application/json\r\ncontent-length: 900",
                b"{\"error\":\"x\"}",
            ),
        ),
        (
            "broken chunks",
            raw(
                "200 OK\r\ntransfer-encoding: chunked",
                b"5\r\nabcde\r\nzz\r\n",
            ),
        ),
        (
            "chunks without an end",
            raw("200 OK\r\ntransfer-encoding: chunked", b"5\r\nabcde\r\n"),
        ),
        ("cut gzip", raw(&gzip_head, &gzip)),
        ("no HTTP", Reply::Raw(b"SSH-2.0-OpenSSH_9.2\r\n".to_vec())),
        ("a closed connection", Reply::Raw(Vec::new())),
        ("silence", Reply::Silence),
        ("too much", Reply::new(200, vec![b' '; 200 << 10])),
        (
            "one byte now and then",
            Reply::Drip(
                b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n".repeat(20),
                Duration::from_millis(100),
            ),
        ),
    ]
    .into_iter()
    .map(|(what, reply)| (what.to_owned(), reply))
    .collect::<Vec<_>>();
    // Statuses that are neither yes nor no, whatever they carry.
    for status in [
        203, 206, 400, 401, 402, 403, 405, 406, 407, 408, 409, 418, 421, 425, 429, 500, 501, 502,
        503, 504, 520,
    ] {
        all.push((format!("{status} with a document"), document(status)));
        all.push((
            format!("{status} with an error"),
            Reply::json(status, r#"{"error":"Not found"}"#),
        ));
    }
    all.push(("204".to_owned(), raw("204 No Content", b"")));
    all
}

/// A driver for a registry on loopback.
fn driver(kind: &Kind, server: &Server, folder: &tempfile::TempDir) -> Box<dyn Publish> {
    let settings = match kind.name {
        "pypi" => Settings::default()
            .with_text("url", server.at("legacy/").as_str())
            .with_text("read-url", server.at("simple/").as_str()),
        _ => Settings::default().with_text("url", server.at("root/").as_str()),
    };
    let surroundings = Surroundings {
        home: Some(folder.path().to_owned()),
        vars: BTreeMap::new(),
        cache: Some(folder.path().join("cache")),
        ..Surroundings::default()
    };
    let limits = Limits {
        connect: Duration::from_millis(500),
        idle: Duration::from_millis(400),
        look: LOOK,
        tries: 2,
        backoff: Duration::from_millis(1),
        body: 100 << 10,
        ..Limits::default()
    };
    let net = Net::with_limits(folder.path(), limits);
    let name = TargetName::new("shop").unwrap();
    build(&name, kind.name, &settings, &surroundings, &net).unwrap()
}

/// The whole time for one request.
const LOOK: Duration = Duration::from_millis(1_200);

async fn seen(driver: &dyn Publish) -> Seen {
    let query = Query {
        address: Address::new(
            TargetName::new("shop").unwrap(),
            PackageName::new("widget").unwrap(),
        ),
        versions: vec![Version::new("1.0.0").unwrap()],
        ranges: Vec::new(),
        freshness: Freshness::Authoritative,
    };
    driver.observe(&query).await.seen
}

/// A server that gives a Cargo index's description once, and from then on this answer to everything.
async fn server(reply: Reply) -> Server {
    let described = AtomicBool::new(false);
    Server::start(move |request| {
        let is_description = request.target.ends_with("/config.json");
        if is_description && !described.swap(true, Ordering::Relaxed) {
            return Reply::json(200, r#"{"dl":"d","api":"http://127.0.0.1:1/"}"#);
        }
        match request.target.as_str() {
            "/login" => page(200, "<html><title>Log in</title><form></form></html>"),
            _ => reply.clone(),
        }
    })
    .await
}

/// I2, I3, E2: whatever a registry answers that is not its protocol's own yes or no is unknown, and soon.
#[tokio::test(flavor = "multi_thread")]
async fn l5_no_wrong_answer_is_taken_for_absence_and_none_holds_a_look_up() {
    let elsewhere = Server::start(|request| match request.target.as_str() {
        "/login" => page(200, "<html><title>Log in</title></html>"),
        _ => Reply::json(404, r#"{"error":"Not found"}"#),
    })
    .await;
    let elsewhere = elsewhere.url.as_str();
    let tried = KINDS.iter().map(async |kind| {
        let all = wrong(kind, elsewhere);
        let count = all.len();
        for (what, reply) in all {
            let folder = tempfile::tempdir().unwrap();
            let server = server(reply).await;
            let driver = driver(kind, &server, &folder);
            let begun = Instant::now();
            let seen = seen(&*driver).await;
            let took = begun.elapsed();
            assert!(
                matches!(seen, Seen::Unknown { .. }),
                "{} took {what} for {seen:?}",
                kind.name
            );
            // A description, a document and a second description at most, each within its bound.
            assert!(took < 3 * LOOK, "{}: {what} took {took:?}", kind.name);
        }
        count
    });
    let counts = futures_util::future::join_all(tried).await;
    assert!(counts.iter().all(|count| *count > 70), "{counts:?}");
}

/// The other side of the table: the orderly answers of each kind are understood.
#[tokio::test]
async fn l5_the_protocols_own_yes_and_no_are_understood() {
    for kind in &KINDS {
        let folder = tempfile::tempdir().unwrap();
        let there = Reply::new(200, kind.there).header("content-type", kind.media_type);
        let server = server(there).await;
        let found = seen(&*driver(kind, &server, &folder)).await;
        assert!(
            matches!(found, Seen::Present(_)),
            "{}: {found:?}",
            kind.name
        );

        let (media_type, body) = kind.absent;
        let server = Server::start(move |request| {
            if request.target.ends_with("/config.json") {
                return Reply::json(200, r#"{"dl":"d"}"#);
            }
            Reply::new(404, body).header("content-type", media_type)
        })
        .await;
        let gone = seen(&*driver(kind, &server, &folder)).await;
        assert_eq!(gone, Seen::Absent, "{}", kind.name);
    }
}

/// What registries say of a package that they do not have, each in words of its own.
#[tokio::test]
async fn l5_real_registries_words_for_absence_are_understood() {
    let json = "application/json";
    let npm = [
        r#"{"error":"Not found"}"#,
        r#"{"error":"not_found","reason":"document not found"}"#,
        r#"{"error":"no such package available"}"#,
        r#"{"error":"[NOT_FOUND] widget not found"}"#,
        r#"{"errors":[{"status":404,"message":"Not Found"}]}"#,
        r#"{"success":false,"error":"Package 'widget' not found"}"#,
        r#"{"message":"Cannot find the package 'widget' in feed 'acme'","typeKey":"PackageNotFoundException"}"#,
        r#"{"message":"Not Found","documentation_url":"http://docs.example/authentication"}"#,
        r#"{"detail":"Not found."}"#,
    ];
    let pypi = [
        (json, r#"{"message": "Not Found"}"#),
        (
            json,
            r#"{"status":404,"message":"no such project 'widget'"}"#,
        ),
        (json, r#"{"detail":"Not found."}"#),
        (
            "text/html",
            "<html><title>Error: 404 Not Found</title><h1>Not Found</h1><pre>Not Found (widget does not exist)</pre></html>",
        ),
        (
            "text/plain",
            "404 Not Found\n\nThe resource could not be found.\n",
        ),
    ];
    let [npm_kind, _, pypi_kind] = &KINDS;
    let answers = npm
        .map(|body| (npm_kind, json, body))
        .into_iter()
        .chain(pypi.map(|(media_type, body)| (pypi_kind, media_type, body)));
    for (kind, media_type, body) in answers {
        let folder = tempfile::tempdir().unwrap();
        let server =
            Server::start(move |_| Reply::new(404, body).header("content-type", media_type)).await;
        let seen = seen(&*driver(kind, &server, &folder)).await;
        assert_eq!(seen, Seen::Absent, "{}: {body}", kind.name);
    }
}

/// I2: a Cargo index that answers 404 to everything is not an index any more.
#[tokio::test]
async fn l5_a_404_counts_only_while_the_index_describes_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [_, cargo, _] = &KINDS;
    let server = server(page(404, "<html><h1>404 Not Found</h1></html>")).await;
    let Seen::Unknown { reason } = seen(&*driver(cargo, &server, &folder)).await else {
        panic!("not unknown");
    };
    assert!(
        reason.contains("does not describe itself any more"),
        "{reason}"
    );
}
