//! What is inside artifacts, against real servers: exactly what changed, what must not be missed, and what is not trusted.

use std::collections::BTreeMap;

use relplan_testkit::{
    environment::Session,
    proxy::{Fault, Proxy, Rule},
};
use serde_json::Value;

use crate::fixture::{Fixture, Packers};

/// Replaces text in a file of the project.
fn rewrite(fixture: &Fixture, file: &str, from: &str, to: &str) {
    let path = fixture.environment.project().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from:?}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
}

fn release(fixture: &Fixture) {
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["apply", "--yes", "--bundle", ".relplan/bundle"]);
}

fn plan(fixture: &Fixture) -> Value {
    let session = fixture.expect(0, &["plan", "-o", "release.json", "--format", "json"]);
    serde_json::from_str(&session.stdout).unwrap()
}

/// The artifacts by file name: the paths that differ, or why there are none.
fn contents(plan: &Value) -> BTreeMap<String, String> {
    let of = |one: &Value| {
        let paths: Vec<&str> = one["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["path"].as_str().unwrap())
            .collect();
        match one["basis"]["unknown"]["reason"].as_str() {
            Some(reason) => reason.to_owned(),
            None => paths.join(" "),
        }
    };
    let all = plan["contents"].as_array().unwrap();
    all.iter()
        .map(|one| (one["file"].as_str().unwrap().to_owned(), of(one)))
        .collect()
}

fn proxies(fixture: &Fixture) -> [&Proxy; 3] {
    let bench = &fixture.bench;
    [&bench.npm, &bench.cargo, &bench.pypi]
}

/// How often artifacts were downloaded.
fn downloads(fixture: &Fixture) -> usize {
    let is_file = |path: &str| {
        [".tgz", ".whl", ".tar.gz", "/download"]
            .iter()
            .any(|end| path.ends_with(end))
    };
    proxies(fixture)
        .iter()
        .flat_map(|proxy| proxy.log().all())
        .filter(|exchange| exchange.method == "GET" && is_file(&exchange.path))
        .count()
}

fn first_screen(session: &Session) -> String {
    let lines: Vec<&str> = session.stdout.lines().take(24).collect();
    let words: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split_whitespace())
        .collect();
    words.join(" ")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_changed_file_is_exactly_that_files_diff() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    release(&fixture);
    fixture.set_version("0.1.0", "0.1.1");
    for file in [
        "crates/greet-core/src/lib.rs",
        "js/packages/greet/index.js",
        "py/src/quickstart_greet/__init__.py",
    ] {
        rewrite(&fixture, file, "Hello, ", "Howdy, ");
    }
    fixture.expect(0, &["pack", "--offline"]);
    fixture.clear_logs();
    let made = plan(&fixture);
    let expected = [
        ("quickstart-greet-0.1.1.tgz", "index.js package.json"),
        ("quickstart-greet-cli-0.1.1.crate", "Cargo.lock Cargo.toml"),
        ("quickstart-greet-cli-0.1.1.tgz", "package.json"),
        (
            "quickstart-greet-core-0.1.1.crate",
            "Cargo.lock Cargo.toml src/lib.rs",
        ),
        (
            "quickstart_greet-0.1.1-py3-none-any.whl",
            "quickstart_greet-0.1.1.dist-info/METADATA quickstart_greet/__init__.py",
        ),
        (
            "quickstart_greet-0.1.1.tar.gz",
            "PKG-INFO pyproject.toml src/quickstart_greet/__init__.py",
        ),
    ];
    let expected = expected.map(|(file, paths)| (file.to_owned(), paths.to_owned()));
    assert_eq!(contents(&made), BTreeMap::from(expected));
    assert_eq!(downloads(&fixture), 6);
    plan(&fixture);
    assert_eq!(downloads(&fixture), 6, "what was fetched is kept");

    // Out of reach of everything, the cache and the bundle are enough.
    for proxy in proxies(&fixture) {
        proxy.inject(Rule::always("GET", "", Fault::RefuseBefore(500)));
    }
    let address = "npm:@quickstart/greet";
    let diff = fixture.expect(0, &["diff", "release.json", address]);
    let hunk = "\
--- 0.1.0/index.js
+++ packed/index.js
@@ -1,4 +1,4 @@
 /** A greeting for `name`. */
 export function greeting(name) {
-  return `Hello, ${name}!`;
+  return `Howdy, ${name}!`;
 }
";
    assert!(diff.stdout.contains(hunk), "{diff}");
    let files = diff.stdout.lines().filter(|line| line.starts_with("+++ "));
    assert_eq!(files.count(), 2, "{diff}");
    let all = fixture.expect(0, &["diff", "release.json", "-U", "0"]);
    for line in [
        "+    format!(\"Howdy, {name}!\")",
        "+    return f\"Howdy, {name}!\"",
        "+version = \"0.1.1\"",
    ] {
        assert!(all.stdout.contains(line), "{line}\n{all}");
    }
    let stat = fixture.expect(
        0,
        &[
            "diff",
            "release.json",
            "--stat",
            "crates:quickstart-greet-core",
        ],
    );
    assert!(stat.stdout.contains("~ src/lib.rs"), "{stat}");
    assert!(!stat.stdout.contains("@@"), "{stat}");
    let typo = fixture.expect(64, &["diff", "release.json", "npm:@quickstart/great"]);
    assert!(typo.stderr.contains(address), "{typo}");
    fixture.heal();

    // A bundle that is not the planned one is never shown.
    let file = fixture
        .environment
        .project()
        .join(".relplan/bundle/quickstart-greet-0.1.1.tgz");
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let other = fixture.expect(65, &["diff", "release.json", address]);
    assert!(
        other.stderr.contains("does not have what was planned"),
        "{other}"
    );
    fixture.no_canary_in_files();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_script_or_dependency_is_on_the_first_screen() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let cli = "crates/greet-cli/Cargo.toml";
    rewrite(&fixture, cli, WITH, WITHOUT);
    release(&fixture);
    let says = |wanted: &[&str]| {
        fixture.expect(0, &["pack", "--offline"]);
        let session = fixture.expect(0, &["plan"]);
        let screen = first_screen(&session);
        for words in wanted {
            assert!(screen.contains(words), "{words}\n{session}");
        }
    };
    let npm = "js/packages/greet-cli/package.json";
    rewrite(
        &fixture,
        npm,
        "\"version\": \"0.1.0\"",
        "\"version\": \"0.1.1\", \"scripts\": { \"postinstall\": \"node bin/greet.js\" }",
    );
    says(&[
        "@quickstart/greet-cli",
        "runs a new script on users' machines, which 0.1.0 did not have: postinstall: node bin/greet.js",
    ]);

    let npm_only = ["-p", "@quickstart/greet-cli"];
    fixture.expect(
        0,
        &[
            &["apply", "--yes", "--bundle", ".relplan/bundle"][..],
            &npm_only,
        ]
        .concat(),
    );
    rewrite(
        &fixture,
        "py/pyproject.toml",
        "version = \"0.1.0\"",
        "version = \"0.1.1\"\ndependencies = [\"left-pad>=2\"]",
    );
    says(&[
        "quickstart-greet",
        "brings a dependency that 0.1.0 did not have: left-pad >=2 (Requires-Dist)",
    ]);
    fixture.expect(0, &["apply", "--yes", "--bundle", ".relplan/bundle"]);

    rewrite(&fixture, "crates/Cargo.toml", "0.1.0", "0.1.1");
    rewrite(&fixture, cli, WITHOUT, WITH);
    says(&[
        "quickstart-greet-cli",
        "brings a dependency that 0.1.0 did not have: quickstart-greet-core ^0.1.1",
    ]);
}

const WITH: &str = "[dependencies]\nquickstart-greet-core.workspace = true";
const WITHOUT: &str = "[dependencies]";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_what_is_not_what_a_registry_promises_is_not_compared() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    hostile_releases(&fixture);
    fixture.expect(0, &["pack", "--offline"]);
    let made = contents(&plan(&fixture));
    let sdist = &made["quickstart_greet-0.1.0.tar.gz"];
    assert!(
        sdist.contains("it unpacks to more than 536870912 bytes"),
        "{sdist}"
    );
    let wheel = &made["quickstart_greet-0.1.0-py3-none-any.whl"];
    assert!(
        wheel.contains("\"../evil.pth\", which leads out of its folder"),
        "{wheel}"
    );

    for file in [
        "quickstart_greet-0.0.9.tar.gz",
        "quickstart_greet-0.0.9-py3-none-any.whl",
    ] {
        std::fs::remove_file(packages(&fixture).join(file)).unwrap();
    }

    fixture.expect(0, &["apply", "--yes", "--bundle", ".relplan/bundle"]);
    fixture.set_version("0.1.0", "0.1.1");
    fixture.expect(0, &["pack", "--offline"]);
    fixture
        .bench
        .npm
        .inject(Rule::always("GET", "/-/", Fault::AlterAnswer));
    fixture
        .bench
        .cargo
        .inject(Rule::always("GET", "/download", Fault::AlterAnswer));
    fixture
        .bench
        .pypi
        .inject(Rule::always("GET", "/packages/", Fault::AlterAnswer));
    let session = fixture.expect(0, &["plan", "-o", "release.json"]);
    let warnings = session.stdout.matches("warning[not-compared]").count();
    assert_eq!(warnings, 6, "{session}");
    let words: Vec<&str> = session.stdout.split_whitespace().collect();
    let text = words.join(" ");
    for shown in ["the registry shows sha512:", "the registry shows sha256:"] {
        assert!(text.contains(shown), "{session}");
    }
    assert!(!session.stdout.contains("~ package.json"), "{session}");
    let diff = fixture.expect(0, &["diff", "release.json", "npm:@quickstart/greet"]);
    assert!(diff.stdout.contains("could not be compared: the"), "{diff}");
    fixture.heal();
    let healed = contents(&plan(&fixture));
    assert_eq!(
        healed["quickstart-greet-0.1.1.tgz"], "package.json",
        "nothing false was kept"
    );
    // One that cannot be had is a note and fails nothing.
    let cache = fixture.environment.cache().join("artifacts");
    std::fs::remove_dir_all(cache).unwrap();
    fixture
        .bench
        .npm
        .inject(Rule::always("GET", "/-/", Fault::RefuseBefore(500)));
    let session = fixture.expect(0, &["plan"]);
    assert_eq!(
        session.stdout.matches("note[not-compared]").count(),
        2,
        "{session}"
    );
    fixture.expect(0, &["plan", "--no-contents"]);
}

/// Where the Python index keeps its files.
fn packages(fixture: &Fixture) -> std::path::PathBuf {
    let root = fixture.environment.root();
    root.join("servers/pypiserver/packages")
}

/// Puts a bomb and a wheel with a hostile path into the Python index, as a version that users get.
fn hostile_releases(fixture: &Fixture) {
    const SCRIPT: &str = "\
import gzip, sys, tarfile, zipfile
at = sys.argv[1] + '/quickstart_greet-0.0.9'
head = tarfile.TarInfo('quickstart_greet-0.0.9/big')
head.size = (1 << 29) + (16 << 20)
chunk = bytes(16 << 20)
with gzip.open(at + '.tar.gz', 'wb', 1) as bomb:
    bomb.write(head.tobuf())
    for _ in range(33):
        bomb.write(chunk)
with zipfile.ZipFile(at + '-py3-none-any.whl', 'w') as wheel:
    wheel.writestr('../evil.pth', 'import os')
";
    let environment = &fixture.environment;
    let mut python = environment.command("python3");
    python.args(["-c", SCRIPT]).arg(packages(fixture));
    let session = environment.run(python).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
}
