//! Situations that only a registry makes, and its credential.

use relplan_testkit::{
    proxy::{Fault, Rule},
    servers::stores::has_git,
};

use super::{Row, WORDS, commands, literally};
use crate::{
    endings::shelves::flat,
    fixture::{Fixture, ONE_OF_EACH, Packers},
};

/// What they make.
pub(super) const ROWS: [Row; 3] = [(77, "credential"), (8, "put-right"), (5, "put-right")];

async fn walk(git: bool) {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let root = fixture.environment.root().to_owned();
    let project = fixture.environment.project();
    if git {
        let mut init = fixture.environment.command("git");
        init.args(["init", "--quiet", "--bare", "state.git"])
            .current_dir(&root);
        fixture.environment.run(init).unwrap();
        let spec = project.join("relplan.kdl");
        let text = std::fs::read_to_string(&spec).unwrap();
        let state = format!(
            "state \"git\" remote=\"file://{}/state.git\"\n",
            root.display()
        );
        std::fs::write(spec, format!("{text}\n{state}")).unwrap();
    }
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let ends = |(exit, code): Row| {
        let session = fixture.expect(exit, &["apply", "release.json"]);
        let (_, words) = WORDS.iter().find(|(known, _)| *known == code).unwrap();
        let said = flat(&session.stderr).to_lowercase();
        assert!(said.contains(words), "{code}: {words}\n{session}");
        assert_eq!(
            commands(&session),
            ["relplan apply release.json"],
            "{session}"
        );
    };
    // A token that is none.
    let npmrc = fixture.environment.home().join(".npmrc");
    let sound = std::fs::read_to_string(&npmrc).unwrap();
    let wrong = sound.replace(&fixture.bench.npm_token, "canary-wrong-token");
    std::fs::write(&npmrc, wrong).unwrap();
    ends(ROWS[0]);
    // Another registry than was planned for.
    let elsewhere = sound.replace(&fixture.bench.npm.url().to_string(), "http://127.0.0.1:1");
    assert_ne!(elsewhere, sound);
    std::fs::write(&npmrc, elsewhere).unwrap();
    ends(ROWS[2]);
    std::fs::write(&npmrc, &sound).unwrap();
    // A login that cannot be tried.
    fixture
        .bench
        .pypi
        .inject(Rule::once("POST", "/", Fault::CutBefore));
    ends(ROWS[1]);
    // All of it is put right, and the printed line goes through.
    let done = literally(&fixture.environment, "relplan apply release.json", &project);
    assert_eq!(done.code, Some(0), "{done}");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}

/// 77, 5 and 8: nothing is begun until credential, endpoint and login are right, and then the same command goes through.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_e5_what_a_registry_refuses_is_put_right_on_files() {
    walk(false).await;
}

/// The same with the journal in a repository.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d10_e5_what_a_registry_refuses_is_put_right_on_git() {
    if has_git() {
        walk(true).await;
    }
}
