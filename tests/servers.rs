//! The main job: a mixed monorepo to three real registries, and back by the real clients.

use std::path::Path;

use relplan_testkit::{environment::Session, proxy::request};

use crate::fixture::{
    CARGO_TOKEN, CRATES, Fixture, NPM, ONE_OF_EACH, PYTHON, Packers, VERSION, events,
};
use relplan_testkit::servers::PASSWORD;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monorepo_goes_to_three_registries_and_comes_back_by_the_real_clients() {
    let fixture = Fixture::new(Packers::Own).await;
    let mut sessions = vec![
        fixture.expect(0, &["check"]),
        fixture.expect(0, &["pack"]),
        fixture.expect(0, &["plan", "-o", "release.json"]),
        fixture.expect(0, &["show", "release.json"]),
    ];
    assert!(
        fixture.bench.npm.log().accepted_writes().is_empty(),
        "nothing is written before apply"
    );
    let applied = fixture.expect(0, &["apply", "release.json", "--yes", "--json"]);
    let stream = events(&applied);
    assert_eq!(stream.first().unwrap()["event"]["type"], "version");
    assert_eq!(stream.last().unwrap()["event"]["type"], "summary");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    sessions.push(applied);

    clients_get_what_was_published(&fixture);

    let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Nothing to do"), "l12\n{plan}");
    sessions.push(plan);
    fixture.clear_logs();
    let again = fixture.expect(0, &["apply", "release.json", "--yes"]);
    sessions.push(again);
    assert_eq!(
        fixture.accepted_uploads().npm,
        0,
        "an applied plan has no second effect"
    );

    sessions.push(a_moved_tag_is_drift(&fixture).await);
    sessions.push(other_bytes_elsewhere_are_a_conflict(&fixture));
    sessions.push(fixture.expect(0, &["status"]));
    no_canary_escaped(&fixture, &sessions);
}

fn clients_get_what_was_published(fixture: &Fixture) {
    let environment = &fixture.environment;
    let run = |mut command: std::process::Command| {
        let session = environment.run({
            command.current_dir(environment.root());
            command
        });
        let session = session.unwrap();
        assert_eq!(session.code, Some(0), "{session}");
        session
    };

    let mut cargo = environment.command("cargo");
    cargo.args([
        "install",
        "--quiet",
        "--registry",
        "bench",
        CRATES[1],
        "--version",
        VERSION,
        "--root",
    ]);
    cargo.arg(environment.root().join("installed-crates"));
    run(cargo);
    let session = run(environment.command(
        environment
            .root()
            .join("installed-crates/bin/quickstart-greet"),
    ));
    assert_eq!(session.stdout, "Hello, crates!\n");

    let folder = environment.root().join("installed-npm");
    std::fs::create_dir_all(&folder).unwrap();
    let mut npm = environment.command("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg(format!("{}@{VERSION}", NPM[1]));
    run(npm);
    let session = run(environment.command(folder.join("node_modules/.bin/quickstart-greet-js")));
    assert_eq!(session.stdout, "Hello, packages!\n");

    let venv = environment.root().join("installed-python");
    let mut python = environment.command("python3");
    python.args(["-m", "venv"]).arg(&venv);
    run(python);
    let mut pip = environment.command(venv.join("bin/python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--index-url",
    ]);
    pip.arg(format!("{}/simple/", fixture.bench.pypi.url()))
        .arg(format!("{PYTHON}=={VERSION}"));
    run(pip);
    let session = run(environment.command(venv.join("bin/quickstart-greet-py")));
    assert_eq!(session.stdout, "Hello, wheels!\n");
}

async fn a_moved_tag_is_drift(fixture: &Fixture) -> Session {
    // Somebody publishes another version by hand, which takes `latest` with it, and the tag stays there.
    let environment = &fixture.environment;
    let elsewhere = environment.root().join("elsewhere");
    relplan_testkit::environment::copy_folder(
        &environment.project().join("js/packages/greet"),
        &elsewhere,
    )
    .unwrap();
    rewrite(&elsewhere.join("package.json"), "\"0.1.0\"", "\"0.0.9\"");
    publish_by_hand(fixture, &elsewhere, &["--tag", "latest"]);
    let session = fixture.expect(3, &["plan"]);
    assert!(
        session.stdout.contains("@quickstart/greet#latest"),
        "{session}"
    );
    assert!(session.stdout.contains("drift-pointer"), "{session}");

    let corrected = fixture.expect(0, &["apply", "--yes", "--correct-drift"]);
    let path = "/-/package/@quickstart%2fgreet/dist-tags";
    let (_, body) = request(fixture.bench.npm.address(), "GET", path, &[], Vec::new())
        .await
        .unwrap();
    let tags: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(tags["latest"], VERSION, "moved back, as asked\n{corrected}");
    assert_eq!(
        tags.as_object().unwrap().len(),
        1,
        "no holding tag is left: {tags}"
    );
    session
}

fn other_bytes_elsewhere_are_a_conflict(fixture: &Fixture) -> Session {
    // The version that the manifests are about to name is published by somebody else, with other bytes.
    fixture.set_version("0.1.0", "0.2.0");
    let environment = &fixture.environment;
    let elsewhere = environment.root().join("elsewhere-2");
    relplan_testkit::environment::copy_folder(
        &environment.project().join("js/packages/greet"),
        &elsewhere,
    )
    .unwrap();
    std::fs::write(
        elsewhere.join("index.js"),
        "export const greeting = () => 'forged';\n",
    )
    .unwrap();
    publish_by_hand(fixture, &elsewhere, &[]);
    fixture.expect(0, &["pack"]);
    let session = fixture.expect(3, &["plan", "-o", "conflict.json"]);
    assert!(session.stdout.contains("conflict"), "{session}");
    fixture.clear_logs();
    let applied = fixture.relplan(&["apply", "conflict.json", "--yes"]);
    assert_eq!(
        applied.code,
        Some(3),
        "what does not need it goes on, and the conflict is told\n{applied}"
    );
    let npm = fixture.accepted_uploads().npm;
    assert_eq!(
        npm, 0,
        "neither the package in conflict nor the one that needs it was uploaded"
    );
    session
}

fn publish_by_hand(fixture: &Fixture, folder: &Path, arguments: &[&str]) {
    let mut npm = fixture.environment.command("npm");
    npm.args(["publish", "--access", "public"])
        .args(arguments)
        .current_dir(folder);
    let session = fixture.environment.run(npm).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
}

fn rewrite(path: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains(from));
    std::fs::write(path, text.replace(from, to)).unwrap();
}

/// L11: no secret byte in any file that relplan wrote, nor in anything that it printed.
fn no_canary_escaped(fixture: &Fixture, sessions: &[Session]) {
    let canaries = [CARGO_TOKEN, PASSWORD, fixture.bench.npm_token.as_str()];
    for session in sessions {
        for canary in canaries {
            assert!(
                !session.stdout.contains(canary) && !session.stderr.contains(canary),
                "a secret was printed"
            );
        }
    }
    let mut searched = 0;
    let mut folders = vec![fixture.environment.project()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
                continue;
            }
            searched += 1;
            let bytes = std::fs::read(entry.path()).unwrap();
            for canary in canaries {
                let found = bytes
                    .windows(canary.len())
                    .any(|window| window == canary.as_bytes());
                assert!(!found, "{} holds a secret", entry.path().display());
            }
        }
    }
    assert!(searched > 20);
}
