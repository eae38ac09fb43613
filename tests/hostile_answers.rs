//! Registries that answer wrongly, slowly or with a no: what is not known is unknown (L5), what is refused is refused
//! at once (design §8), and the other targets go on.

use std::time::{Duration, Instant};

use relplan_testkit::{
    environment::{Environment, Session, copy_folder},
    proxy::{Fault, Proxy, Reply, Rule},
};

use crate::fixture::{Fixture, ONE_OF_EACH, Packers, Uploads, binary, repository};

const JSON: (&str, &str) = ("content-type", "application/json");
const HTML: (&str, &str) = ("content-type", "text/html; charset=utf-8");
const TEXT: (&str, &str) = ("content-type", "text/plain");

/// A text without its line breaks: messages are wrapped.
fn flat(session: &Session) -> String {
    let all = format!("{} {}", session.stdout, session.stderr);
    all.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The symbol of a package's row below its target, in a plan's text.
fn symbol(session: &Session, target: &str, package: &str) -> Option<char> {
    let mut lines = session.stdout.lines();
    lines.find(|line| line.starts_with(&format!("{target}  ")))?;
    let row = lines.find(|line| line.split_whitespace().nth(1) == Some(package))?;
    row.trim_start().chars().next()
}

async fn packed() -> Fixture {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture
}

/// I2, I3: what the index says of a package is a notice of maintenance, a login or some proxy's 404. The package may be
/// there, so nothing is uploaded over it, and the other targets are published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_i2_i3_a_page_for_people_is_not_absence_and_nothing_is_uploaded_over_it() {
    let fixture = packed().await;
    let bench = &fixture.bench;
    let back = "<!DOCTYPE html><html><body><h1>We will be back</h1></body></html>";
    let bom = "\u{feff}<html><body>Not found</body></html>";
    let answers = [
        (
            &bench.pypi,
            "/simple/quickstart-greet",
            Reply::new(200, &[HTML], back),
        ),
        (
            &bench.pypi,
            "/simple/quickstart-greet",
            Reply::new(404, &[HTML], back),
        ),
        (
            &bench.pypi,
            "/simple/quickstart-greet",
            Reply::new(404, &[TEXT], "default backend - 404"),
        ),
        (
            &bench.npm,
            "/@quickstart%2fgreet",
            Reply::new(404, &[TEXT], "not found"),
        ),
        (
            &bench.npm,
            "/@quickstart%2fgreet",
            Reply::new(404, &[HTML], bom),
        ),
        (
            &bench.npm,
            "/@quickstart%2fgreet",
            Reply::new(404, &[JSON], "{}"),
        ),
        (
            &bench.npm,
            "/@quickstart%2fgreet",
            Reply::new(200, &[HTML], back),
        ),
        // Everything of this index, its description too.
        (&bench.cargo, "", Reply::new(404, &[HTML], back)),
        (&bench.cargo, "/qu/ic/", Reply::new(200, &[HTML], back)),
    ];
    for (proxy, path, reply) in answers {
        proxy.inject(Rule::always("GET", path, Fault::Answer(reply)));
        let session = fixture.expect(8, &["plan", "-o", "release.json"]);
        assert!(session.stdout.contains("unknown"), "{reply:?}\n{session}");
        fixture.heal();
    }
    bench.pypi.inject(Rule::always(
        "GET",
        "/simple/",
        Fault::Answer(Reply::new(200, &[HTML], back)),
    ));
    fixture.expect(8, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    let applied = fixture.relplan(&["apply", "release.json", "--yes"]);
    let uploads = fixture.accepted_uploads();
    let others = Uploads {
        python: 0,
        ..ONE_OF_EACH
    };
    assert_eq!(uploads, others, "{applied}");
}

/// E1: one target's index is out of reach, for each kind: its rows are unknown, and the others are planned.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_e1_an_index_out_of_reach_leaves_the_other_targets_planned() {
    let fixture = packed().await;
    let bench = &fixture.bench;
    let rows = [
        (&bench.cargo, "crates", "quickstart-greet-core"),
        (&bench.npm, "npm", "@quickstart/greet"),
        (&bench.pypi, "pypi", "quickstart-greet"),
    ];
    for (down, held, _) in rows {
        for fault in [Fault::CutBefore, Fault::RefuseBefore(503)] {
            down.inject(Rule::always("GET", "", fault));
            let session = fixture.expect(8, &["plan", "-o", "release.json"]);
            for (_, target, package) in rows {
                // The Python package needs an npm one.
                let is_held = target == held || (target, held) == ("pypi", "npm");
                let wanted = if is_held { '!' } else { '+' };
                let found = symbol(&session, target, package);
                assert_eq!(found, Some(wanted), "{held} down: {target}\n{session}");
            }
            fixture.heal();
        }
    }
    // The description comes back, and the plan made then is whole.
    fixture.expect(0, &["plan", "-o", "release.json"]);
    // What this machine's configuration gets wrong is another thing.
    let text = std::fs::read_to_string(fixture.environment.project().join("relplan.kdl")).unwrap();
    let wrong = text.replace("registry=\"bench\"", "registry=\"nowhere\"");
    std::fs::write(fixture.environment.project().join("relplan.kdl"), wrong).unwrap();
    fixture.expect(65, &["plan"]);
}

/// E1: a description that fails when the plan is applied is not a target that changed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_e1_an_index_out_of_reach_at_apply_is_unknown_and_nothing_is_sent() {
    let fixture = packed().await;
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    fixture
        .bench
        .cargo
        .inject(Rule::always("GET", "/config.json", Fault::CutBefore));
    let session = fixture.expect(8, &["apply", "release.json", "--yes"]);
    assert!(
        flat(&session).contains("does not describe itself"),
        "{session}"
    );
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            crates: 0,
            npm: 0,
            python: 0
        }
    );
    fixture.heal();
    fixture.expect(0, &["apply", "release.json", "--yes"]);
}

/// E2: one byte now and then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_e2_a_trickling_answer_is_unknown_within_the_bound() {
    let mut fixture = packed().await;
    fixture.environment.set("RELPLAN_LOOK_TIMEOUT", "2");
    let bench = &fixture.bench;
    for proxy in [&bench.npm, &bench.cargo, &bench.pypi] {
        proxy.inject(Rule::always(
            "GET",
            "",
            Fault::Trickle(Duration::from_millis(200)),
        ));
        let begun = Instant::now();
        let session = fixture.expect(8, &["plan"]);
        assert!(
            flat(&session).contains("did not answer in full within 2 s"),
            "{session}"
        );
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{:?}",
            begun.elapsed()
        );
        fixture.heal();
    }
    fixture.environment.set("RELPLAN_LOOK_TIMEOUT", "soon");
    let session = fixture.expect(64, &["plan"]);
    assert!(
        flat(&session).contains("RELPLAN_LOOK_TIMEOUT is not a number of seconds"),
        "{session}"
    );
}

/// E3: whose a credential is could not be found out, which is not a no.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_e3_a_credential_that_could_not_be_tried_is_not_refused() {
    let fixture = packed().await;
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    for (fault, code) in [
        (Fault::CutBefore, 8),
        (Fault::RefuseBefore(500), 8),
        (Fault::RefuseBefore(503), 8),
        (Fault::RefuseBefore(401), 77),
        (Fault::RefuseBefore(403), 77),
    ] {
        fixture
            .bench
            .npm
            .inject(Rule::always("GET", "/-/whoami", fault));
        let session = fixture.expect(code, &["apply", "release.json", "--yes"]);
        let refused = flat(&session).contains("refused the credential");
        assert_eq!(refused, code == 77, "{fault:?}\n{session}");
        fixture.heal();
    }
    assert_eq!(
        fixture.accepted_uploads(),
        Uploads {
            crates: 0,
            npm: 0,
            python: 0
        }
    );
}

/// How often a path was written to, whatever was answered.
fn writes(proxy: &Proxy, path: &str) -> usize {
    let is_write = |method: &str| matches!(method, "PUT" | "POST" | "DELETE");
    let all = proxy.log().all();
    all.iter()
        .filter(|exchange| is_write(&exchange.method) && exchange.path.contains(path))
        .count()
}

/// E6, D13: a no that says why is a no: it is sent once and looked for once, and its words and what to do are shown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_e6_d13_a_definite_no_is_shown_at_once_with_its_words_and_what_to_do() {
    let fixture = packed().await;
    let bench = &fixture.bench;
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let no = "you may not publish here\u{1b}[31m";
    let error = format!("{{\"error\":{}}}", serde_json::Value::from(no));
    let errors = format!(
        "{{\"errors\":[{{\"detail\":{}}}]}}",
        serde_json::Value::from(no)
    );
    let page = format!("<html><body><h1>{no}</h1></body></html>");
    let npm = "/@quickstart%2fgreet";
    let (cargo, pypi) = ("/crates/new", "/");
    let mut answers = vec![(&bench.cargo, cargo, Reply::new(200, &[JSON], &errors), 7)];
    for (status, code) in [
        (402, 7),
        (403, 77),
        (400, 7),
        (404, 7),
        (405, 7),
        (413, 7),
        (415, 7),
        (422, 7),
    ] {
        let answer = Reply::new(status, &[JSON], &error);
        answers.push((&bench.npm, npm, answer, code));
        let answer = Reply::new(status, &[JSON], &errors);
        answers.push((&bench.cargo, cargo, answer, code));
    }
    // Nothing goes out beside what is refused, so that each refusal finds the same plan.
    let nothing = Reply::new(422, &[JSON], "{\"error\":\"not now\"}");
    for (proxy, path, reply, code) in answers {
        proxy.inject(Rule::always("PUT", path, Fault::Answer(reply)));
        for other in [&bench.npm, &bench.cargo] {
            other.inject(Rule::always("PUT", "", Fault::Answer(nothing)));
        }
        refused(&fixture, proxy, path, reply, code);
    }
    // The Python package comes after an npm one.
    let answers = [
        (Reply::new(403, &[HTML], &page), 77),
        (Reply::new(400, &[HTML], &page), 7),
    ];
    for (reply, code) in answers {
        bench
            .pypi
            // The first form has no file: it only has the index look at the login.
            .inject(Rule::always("POST", pypi, Fault::Answer(reply)).after(1));
        refused(&fixture, &bench.pypi, pypi, reply, code);
    }
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Nothing to do"), "l12\n{plan}");
}

/// Applies, and expects to be refused like this, at once.
fn refused(fixture: &Fixture, proxy: &Proxy, path: &str, reply: &Reply, code: i32) {
    fixture.clear_logs();
    let begun = Instant::now();
    let session = fixture.expect(code, &["apply", "release.json", "--yes"]);
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(20),
        "{took:?} {reply:?}\n{session}"
    );
    let text = flat(&session);
    for shown in [
        "you may not publish here",
        &reply.status.to_string(),
        "apply again; or abandon the plan",
        "--exclude",
    ] {
        assert!(text.contains(shown), "{shown}: {reply:?}\n{session}");
    }
    assert!(!text.contains('\u{1b}'), "{session}");
    // Two artifacts at most may go there at once, and each is sent once.
    let sent = writes(proxy, path);
    assert!(
        (1..=2).contains(&sent),
        "{sent} writes, {reply:?}\n{session}"
    );
    fixture.heal();
}

/// E6: a no that is not true, as the upload was taken: the one look finds it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_e6_a_definite_no_to_what_was_taken_is_found_out_by_one_look() {
    let fixture = packed().await;
    let bench = &fixture.bench;
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    let error = Reply::new(
        403,
        &[JSON],
        r#"{"error":"forbidden","errors":[{"detail":"forbidden"}]}"#,
    );
    let fault = Fault::AnswerInstead(error);
    bench
        .npm
        .inject(Rule::once("PUT", "/@quickstart%2fgreet", fault));
    bench
        .cargo
        .inject(Rule::once("PUT", "/crates/new", fault).times(2));
    bench
        .pypi
        .inject(Rule::once("POST", "/", fault).times(2).after(1));
    let session = fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH, "{session}");
}

/// D12: a file where a folder must be is refused at once, and is said where it is.
#[test]
fn d12_a_folder_that_cannot_be_written_is_refused_at_once() {
    let environment = Environment::new(binary()).unwrap();
    copy_folder(
        &repository().join("examples/quickstart"),
        &environment.project(),
    )
    .unwrap();
    for left in [".relplan", "out"] {
        let _ = std::fs::remove_dir_all(environment.project().join(left));
    }
    let run = |arguments: &[&str]| environment.relplan_session(arguments).unwrap();
    assert_eq!(run(&["pack"]).code, Some(0));
    assert_eq!(run(&["plan", "-o", "release.json"]).code, Some(0));
    let folder = environment.project().join("out/registry");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("npm-tarballs"), "a file").unwrap();
    let begun = Instant::now();
    let applied = run(&["apply", "release.json", "--yes"]);
    assert!(begun.elapsed() < Duration::from_secs(20), "{applied}");
    assert_eq!(applied.code, Some(7), "{applied}");
    let text = flat(&applied);
    assert!(text.contains("npm-tarballs"), "{applied}");
    assert!(text.contains("put right what was refused"), "{applied}");
    std::fs::remove_file(folder.join("npm-tarballs")).unwrap();
    assert_eq!(run(&["apply", "release.json", "--yes"]).code, Some(0));

    // Nor is anything absent where no registry is.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("notes.txt"), "mine").unwrap();
    let planned = run(&["plan"]);
    assert_eq!(planned.code, Some(8), "{planned}");
    assert!(flat(&planned).contains("notes.txt is in it"), "{planned}");
}
