//! What apply refuses before any effect: altered artifacts, altered plans, stale plans, missing credentials.

use relplan_testkit::proxy::{Fault, Rule};

use crate::fixture::{Fixture, Packers, Uploads};

const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};

async fn planned() -> Fixture {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    fixture
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l3_an_artifact_altered_after_planning_is_refused_before_any_byte_leaves() {
    let fixture = planned().await;
    let bundle = fixture.environment.project().join(".relplan/bundle");
    let artifact = std::fs::read_dir(&bundle)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|ending| ending == "crate"))
        .unwrap();
    let mut bytes = std::fs::read(&artifact).unwrap();
    let last = bytes.len() - 5;
    bytes[last] ^= 1;
    std::fs::write(&artifact, bytes).unwrap();
    let session = fixture.expect(65, &["apply", "release.json", "--yes"]);
    assert!(session.stderr.contains("altered"), "{session}");
    for proxy in [
        &fixture.bench.npm,
        &fixture.bench.cargo,
        &fixture.bench.pypi,
    ] {
        let writes: Vec<_> = proxy
            .log()
            .all()
            .into_iter()
            .filter(|exchange| exchange.method != "GET")
            .collect();
        assert!(writes.is_empty(), "{writes:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_a_plan_with_a_changed_byte_an_added_space_or_an_unknown_field_is_refused() {
    let fixture = planned().await;
    let path = fixture.environment.project().join("release.json");
    let good = std::fs::read_to_string(&path).unwrap();
    let altered = [
        (
            "a changed byte",
            good.replacen("quickstart-greet-core", "quickstart-greet-cora", 1),
        ),
        ("an added space", good.replacen("\":", "\": ", 1)),
        ("a newline at the end", format!("{good}\n")),
        ("an unknown field", good.replacen('{', "{\"aaa\":1,", 1)),
        (
            "a changed format",
            good.replacen("relplan.plan/1", "relplan.plan/2", 1),
        ),
        ("no plan at all", "{}".to_owned()),
    ];
    for (what, text) in altered {
        assert_ne!(text, good, "{what}");
        std::fs::write(&path, text).unwrap();
        let session = fixture.relplan(&["apply", "release.json", "--yes"]);
        assert_eq!(session.code, Some(65), "{what}\n{session}");
    }
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    std::fs::write(&path, good).unwrap();
    fixture.expect(0, &["apply", "release.json", "--yes"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stale_plan_is_refused_and_so_is_another_while_one_is_open() {
    let fixture = planned().await;
    fixture.expect(0, &["plan", "-o", "older.json", "--lifetime", "2h"]);
    // The upload of crates fails for good, so this plan stays open.
    fixture
        .bench
        .cargo
        .inject(Rule::always("PUT", "/crates/new", Fault::RefuseBefore(422)));
    let partial = fixture.relplan(&["apply", "release.json", "--yes"]);
    assert_eq!(partial.code, Some(7), "{partial}");
    let other = fixture.expect(6, &["apply", "older.json", "--yes"]);
    assert!(
        other.stderr.contains("abandon") || other.stderr.contains("apply"),
        "it says how to go on\n{other}"
    );
    // What the open plan needs stays in the bundle.
    fixture.expect(6, &["pack", "--missing", "--offline"]);
    fixture.heal();
    fixture.expect(0, &["apply", "--yes"]);
    let stale = fixture.expect(5, &["apply", "older.json", "--yes"]);
    assert!(stale.stderr.contains("stale"), "{stale}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_credential_is_found_before_the_first_write() {
    let mut fixture = planned().await;
    fixture.environment.unset("CARGO_REGISTRIES_BENCH_TOKEN");
    let session = fixture.expect(77, &["apply", "release.json", "--yes"]);
    assert!(
        session.stderr.contains("crates"),
        "it names the target\n{session}"
    );
    assert_eq!(fixture.accepted_uploads(), NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l2_a_plan_is_applied_in_an_empty_folder_with_only_its_bundle() {
    let fixture = planned().await;
    let root = fixture.environment.root();
    let empty = root.join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let bundle = fixture.environment.project().join(".relplan/bundle");
    let plan = fixture.environment.project().join("release.json");
    let state = root.join("state-elsewhere");
    let mut command =
        fixture
            .environment
            .relplan(&["apply", plan.to_str().unwrap(), "--yes", "--bundle"]);
    command
        .arg(&bundle)
        .arg("--state")
        .arg(&state)
        .current_dir(&empty);
    let session = fixture.environment.run(command).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
    assert_eq!(fixture.accepted_uploads(), crate::fixture::ONE_OF_EACH);
}
