//! The main job: a mixed monorepo to three real registries, and back by the real clients.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use relplan_testkit::proxy::request;

use crate::fixture::{CRATES, Fixture, NPM, ONE_OF_EACH, PYTHON, Packers, VERSION, events};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_monorepo_goes_to_three_registries_and_comes_back_by_the_real_clients() {
    let fixture = Fixture::new(Packers::Own).await;
    let arguments = Arguments::watch(fixture.canaries());
    fixture.expect(0, &["check"]);
    fixture.expect(0, &["pack"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.expect(0, &["show", "release.json"]);
    let written = fixture.bench.npm.log().accepted_writes();
    assert!(written.is_empty(), "nothing is written before apply");

    let applied = fixture.expect(0, &["apply", "release.json", "--yes", "--json"]);
    let stream = events(&applied);
    assert_eq!(stream.first().unwrap()["event"]["type"], "version");
    assert_eq!(stream.last().unwrap()["event"]["type"], "summary");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    clients_get_what_was_published(&fixture);

    let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(plan.stdout.contains("Nothing to do"), "l12\n{plan}");
    fixture.clear_logs();
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads().npm, 0, "no second effect");

    a_moved_tag_is_drift(&fixture).await;
    other_bytes_elsewhere_are_a_conflict(&fixture);
    fixture.expect(0, &["status"]);

    fixture.no_canary_in_files();
    let (looks, seen) = arguments.end();
    assert!(
        looks > 100,
        "the processes were looked at only {looks} times"
    );
    assert!(
        seen.is_empty(),
        "l11: a secret stood in the arguments of {seen:?}"
    );
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

async fn a_moved_tag_is_drift(fixture: &Fixture) {
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
}

fn other_bytes_elsewhere_are_a_conflict(fixture: &Fixture) {
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

/// Looks at the arguments of all processes, again and again.
struct Arguments {
    thread: std::thread::JoinHandle<(u64, Vec<String>)>,
    stop: Arc<AtomicBool>,
}

impl Arguments {
    fn watch(canaries: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = std::thread::spawn(move || {
            let (mut looks, mut seen) = (0, Vec::new());
            while !stopped.load(Ordering::Relaxed) {
                looks += 1;
                for process in std::fs::read_dir("/proc").unwrap().flatten() {
                    // A process may end while it is looked at.
                    let arguments =
                        std::fs::read(process.path().join("cmdline")).unwrap_or_default();
                    let arguments = String::from_utf8_lossy(&arguments).into_owned();
                    if canaries.iter().any(|canary| arguments.contains(canary)) {
                        seen.push(arguments.split('\0').next().unwrap_or_default().to_owned());
                    }
                }
                std::thread::park_timeout(std::time::Duration::from_millis(5));
            }
            (looks, seen)
        });
        Self { thread, stop }
    }

    fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        self.thread.join().unwrap()
    }
}
