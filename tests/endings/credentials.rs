//! E5: the credentials of all targets are tried before the first write.

use relplan_testkit::{
    proxy::{Fault, Rule},
    servers::{PASSWORD, USER},
};

use super::shelves::flat;
use crate::fixture::{Fixture, ONE_OF_EACH, Packers, Uploads, events};

const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};

/// E5: a wrong password and a wrong token are told together, before anything is written anywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_every_wrong_credential_is_told_before_the_first_write() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let home = fixture.environment.home();
    let pypirc = std::fs::read_to_string(home.join(".pypirc")).unwrap();
    let npmrc = std::fs::read_to_string(home.join(".npmrc")).unwrap();
    let wrong = pypirc.replace(PASSWORD, "canary-wrong-password");
    assert_ne!(wrong, pypirc);
    std::fs::write(home.join(".pypirc"), wrong).unwrap();
    let wrong = npmrc.replace(&fixture.bench.npm_token, "canary-wrong-token");
    std::fs::write(home.join(".npmrc"), wrong).unwrap();
    let session = fixture.expect(77, &["apply", "release.json", "--yes"]);
    let said = flat(&session.stderr);
    assert!(
        said.contains("the registry of target npm refused"),
        "{session}"
    );
    assert!(
        said.contains("the registry of target pypi refused"),
        "{session}"
    );
    assert!(!said.contains("canary-wrong"), "l11: {session}");
    assert_eq!(fixture.accepted_uploads(), NOTHING, "{USER}");
    let journal = fixture
        .environment
        .project()
        .join(".relplan/state/journal.jsonl");
    assert!(!journal.exists(), "nothing was begun");
    // With the right ones the same plan goes through.
    std::fs::write(home.join(".pypirc"), pypirc).unwrap();
    std::fs::write(home.join(".npmrc"), npmrc).unwrap();
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}

/// E3, E5: a login that could not be tried is not known to be good: nothing is sent, and it is told as unknown (law L5).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_a_login_that_could_not_be_tried_is_unknown() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let rule = Rule::once("POST", "/", Fault::CutBefore);
    fixture.bench.pypi.inject(rule);
    let session = fixture.expect(8, &["apply", "release.json", "--yes", "--json"]);
    let said = flat(&session.stderr);
    let remark = "the credential for target pypi could not be tried";
    assert!(said.contains(remark), "{session}");
    let happened = events(&session);
    let next = &happened.last().unwrap()["event"]["next"];
    assert_eq!(
        next["commands"][0], "relplan apply release.json",
        "{session}"
    );
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    fixture.expect(0, &["apply", "release.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}
