//! I4: what a plan rests on is compared again right before the write.

use relplan_testkit::environment::copy_folder;

use super::shelves::flat;
use crate::fixture::{Fixture, Packers};

/// Publishes this version of an npm package by hand, under `latest`.
fn publish_by_hand(fixture: &Fixture, version: &str) {
    let environment = &fixture.environment;
    let elsewhere = environment.root().join(format!("by-hand-{version}"));
    copy_folder(&environment.project().join("js/packages/greet"), &elsewhere).unwrap();
    let manifest = elsewhere.join("package.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(
        &manifest,
        text.replace("\"0.1.0\"", &format!("\"{version}\"")),
    )
    .unwrap();
    let mut npm = environment.command("npm");
    npm.args(["publish", "--access", "public"])
        .current_dir(&elsewhere);
    let session = environment.run(npm).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
}

/// I4: a name was planned as new, and somebody publishes 7.0.0 by hand: `latest` does not go back to 0.1.0.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_a_name_that_is_not_new_any_more_is_a_conflict_and_nothing_is_sent() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    let only = ["plan", "-o", "release.json", "-p", "@quickstart/greet"];
    fixture.expect(0, &only);
    publish_by_hand(&fixture, "7.0.0");
    fixture.clear_logs();
    let session = fixture.expect(3, &["apply", "release.json", "--yes"]);
    let said = flat(&session.stdout);
    assert!(
        said.contains("was a new name when the plan was made"),
        "{session}"
    );
    assert!(said.contains("7.0.0"), "{session}");
    assert_eq!(fixture.accepted_uploads().npm, 0);
    let mut tags = fixture.environment.command("npm");
    tags.args(["dist-tag", "ls", "@quickstart/greet"]);
    let tags = fixture.environment.run(tags).unwrap();
    assert_eq!(tags.stdout.trim(), "latest: 7.0.0", "{tags}");
    // Status and apply say the same: a person decides.
    let status = fixture.expect(0, &["status"]);
    for printed in [&session.stdout, &status.stdout] {
        assert!(
            printed.contains("relplan state abandon --reason"),
            "{printed}"
        );
    }
}
