//! Approvals end to end: people with keys that stock `ssh-keygen` made, the real binary, and the real servers.

use std::{path::PathBuf, process::Stdio};

use relplan_testkit::{
    environment::Session,
    proxy::{Fault, Rule},
};

use crate::fixture::{Fixture, ONE_OF_EACH, Packers, Uploads, events};

pub const NOTHING: Uploads = Uploads {
    crates: 0,
    npm: 0,
    python: 0,
};

pub const SEEN: &str = "quickstart-greet-core@0.1.0";

/// Alice, bob and carol, of whom two must agree.
pub struct Team {
    pub fixture: Fixture,
}

impl Team {
    /// A plan is made and saved, and the policy stands where whoever applies keeps it: outside of the project.
    async fn new() -> Self {
        Self::of(Fixture::new(Packers::BuiltIn).await)
    }

    /// The same for a project that was prepared.
    pub fn of(fixture: Fixture) -> Self {
        let team = Self { fixture };
        for name in ["alice", "bob", "carol"] {
            team.keygen(name);
        }
        team.write_policy(1, "");
        team.fixture.expect(0, &["pack", "--offline"]);
        team.fixture.expect(0, &["plan", "-o", "release.json"]);
        team.fixture.clear_logs();
        team
    }

    fn keygen(&self, name: &str) {
        let mut command = self.fixture.environment.command("ssh-keygen");
        command
            .args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"])
            .arg(self.key(name));
        let session = self.fixture.environment.run(command).unwrap();
        assert_eq!(session.code, Some(0), "{session}");
    }

    pub fn key(&self, name: &str) -> PathBuf {
        self.fixture.environment.root().join(format!("key-{name}"))
    }

    fn public(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.key(name).with_extension("pub")).unwrap();
        text.trim().to_owned()
    }

    pub fn pinned(&self) -> String {
        let path = self.fixture.environment.root().join("pinned.kdl");
        path.to_str().unwrap().to_owned()
    }

    fn policy(&self, version: u64, previous: &str, more: &str) -> String {
        let person = |name: &str| {
            let key = self.public(name);
            format!("person \"{name}@acme.example\" {{ key \"{key}\"; }}\n")
        };
        let people = ["alice", "bob", "carol"].map(person).concat();
        format!(
            "policy version={version} project=\"relplan/quickstart\"{previous}\n{people}\
             rule \"ship\" threshold=2 max-age=\"24h\" {{\n    \
             of \"alice@acme.example\" \"bob@acme.example\" \"carol@acme.example\"\n}}\n{more}"
        )
    }

    fn write_policy(&self, version: u64, more: &str) {
        let text = self.policy(version, "", more);
        std::fs::write(self.pinned(), text).unwrap();
    }

    /// Somebody agrees, or not.
    pub fn says(&self, name: &str, plan: &str, more: &[&str]) -> Session {
        let (key, policy) = (self.key(name), self.pinned());
        let mut arguments = vec!["approve", plan, "--policy", &policy, "--key"];
        arguments.push(key.to_str().unwrap());
        arguments.extend(more);
        self.fixture.expect(0, &arguments)
    }

    pub fn approves(&self, name: &str, plan: &str) {
        self.says(name, plan, &["--yes", SEEN]);
    }

    pub fn apply(&self, code: i32, plan: &str) -> Session {
        let policy = self.pinned();
        self.fixture.expect(
            code,
            &["apply", plan, "--policy", &policy, "--settle", "1s"],
        )
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_approve_and_apply_publishes_once() {
    let team = Team::new().await;
    let fixture = &team.fixture;
    let nobody = team.apply(4, "release.json");
    for name in [
        "alice@acme.example",
        "bob@acme.example",
        "carol@acme.example",
    ] {
        assert!(nobody.stderr.contains(name), "{nobody}");
    }
    team.approves("alice", "release.json");
    // Once more by the same person is no second person.
    team.approves("alice", "release.json");
    let short = team.apply(4, "release.json");
    assert!(
        short.stderr.contains("short of 1 approval of 2")
            && short.stderr.contains("relplan approve release.json"),
        "{short}"
    );
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    let policy = team.pinned();
    let listed = fixture.expect(4, &["approvals", "release.json", "--policy", &policy]);
    assert!(
        listed.stdout.contains("1 of 2: alice@acme.example"),
        "{listed}"
    );

    team.approves("bob", "release.json");
    fixture.expect(0, &["approvals", "release.json", "--policy", &policy]);
    let applied = fixture.expect(0, &["apply", "release.json", "--policy", &policy, "--json"]);
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH, "{applied}");
    let told = events(&applied);
    let approval = told
        .iter()
        .map(|line| &line["event"])
        .find(|event| event["type"] == "approval")
        .unwrap();
    assert_eq!(approval["approved"], true, "{approval}");
    assert_eq!(approval["people"][1], "bob@acme.example");

    let again = team.apply(0, "release.json");
    assert!(again.stdout.contains("Nothing to do"), "{again}");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    let log = fixture.expect(0, &["state", "log", "--approvals"]);
    for words in [
        "alice@acme.example (signed)",
        "bob@acme.example",
        "policy version 1",
        "witness of an empty journal",
    ] {
        assert!(log.stdout.contains(words), "{words}\n{log}");
    }

    // From now on the journal remembers: without a policy nothing is applied, whatever the plan says.
    fixture.set_version("0.1.0", "0.1.1");
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "next.json"]);
    let forgotten = fixture.expect(4, &["apply", "next.json", "--yes"]);
    assert!(
        forgotten.stderr.contains("version 1 of a policy"),
        "{forgotten}"
    );
    fixture.expect(4, &["apply", "--yes", "--offline-pack"]);
    // The same policy beside the spec counts, since it is the one that is remembered; a weaker one does not.
    let beside = fixture.environment.project().join("policy.kdl");
    std::fs::write(&beside, team.policy(1, "", "// The same.\n")).unwrap();
    let short = fixture.expect(4, &["apply", "next.json", "--yes"]);
    assert!(short.stderr.contains("short of 2 approvals"), "{short}");
    let weaker = team.policy(1, "", "").replace("threshold=2", "threshold=0");
    for version in ["version=1", "version=2"] {
        std::fs::write(&beside, weaker.replace("version=1", version)).unwrap();
        let refused = fixture.expect(4, &["apply", "next.json", "--yes"]);
        assert!(
            refused.stderr.contains("journal remembers version 1"),
            "{refused}"
        );
    }
    // Nor may the pinned one itself go back, or say something else under the same version.
    std::fs::write(team.pinned(), &weaker).unwrap();
    let refused = team.apply(4, "next.json");
    assert!(refused.stderr.contains("needs a new version"), "{refused}");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    let said = team.fixture.expect(
        4,
        &[
            "approve",
            "next.json",
            "--yes",
            SEEN,
            "--key",
            team.key("alice").to_str().unwrap(),
            "--as",
            "bob@acme.example",
        ],
    );
    assert!(
        said.stderr
            .contains("alice@acme.example, not of bob@acme.example"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plan_made_again_a_reject_and_an_unpinned_policy_are_refused_before_any_effect() {
    let team = Team::new().await;
    let fixture = &team.fixture;
    team.approves("alice", "release.json");
    team.approves("bob", "release.json");
    let project = fixture.environment.project();
    // The same wishes planned a second later are other bytes; the old approvals do not fit.
    let before = std::fs::read(project.join("release.json")).unwrap();
    loop {
        fixture.expect(0, &["plan", "-o", "again.json"]);
        if std::fs::read(project.join("again.json")).unwrap() != before {
            break;
        }
    }
    let records = project.join("release.json.approvals");
    let policy = team.pinned();
    let folder = records.to_str().unwrap();
    let again = fixture.expect(
        4,
        &[
            "apply",
            "again.json",
            "--policy",
            &policy,
            "--approvals",
            folder,
        ],
    );
    assert!(again.stderr.contains("[other-plan]"), "{again}");

    // One no is enough.
    let said = team.says(
        "carol",
        "release.json",
        &["--reject", "--comment", "not on a Friday"],
    );
    assert!(said.stdout.contains("Not approved"), "{said}");
    let rejected = team.apply(4, "release.json");
    assert!(
        rejected.stderr.contains("carol@acme.example rejected it")
            && rejected.stderr.contains("not on a Friday"),
        "{rejected}"
    );
    for entry in std::fs::read_dir(&records).unwrap() {
        let path = entry.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("reject")
        {
            std::fs::remove_file(path).unwrap();
        }
    }
    // A policy that lies beside the plan is not pinned by lying there, and is not passed over either.
    std::fs::copy(team.pinned(), project.join("policy.kdl")).unwrap();
    let unpinned = fixture.expect(4, &["apply", "release.json", "--yes"]);
    assert!(
        unpinned.stderr.contains("--policy policy.kdl"),
        "{unpinned}"
    );
    std::fs::remove_file(project.join("policy.kdl")).unwrap();
    // A record that was altered says so.
    let record = std::fs::read_dir(&records)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let good = std::fs::read_to_string(&record).unwrap();
    std::fs::write(&record, good.replace("quickstart", "quickstarz")).unwrap();
    let altered = team.apply(4, "release.json");
    assert!(altered.stderr.contains("[signature]"), "{altered}");
    std::fs::write(&record, good).unwrap();
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    team.apply(0, "release.json");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    fixture.no_canary_in_files();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plans_own_gate_needs_a_pinned_policy_and_only_adds_to_it() {
    let team = Team::new().await;
    let fixture = &team.fixture;
    let spec = fixture.environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    let gate = "gate \"all\" before=\"publish\" {\n    threshold 3\n    from \"alice@acme.example\" \"bob@acme.example\" \"carol@acme.example\"\n}\n";
    std::fs::write(&spec, format!("{text}{gate}")).unwrap();
    let planned = fixture.expect(0, &["plan", "-o", "gated.json"]);
    assert!(planned.stdout.contains("gate all"), "{planned}");
    let unpinned = fixture.expect(4, &["apply", "gated.json", "--yes"]);
    assert!(
        unpinned.stderr.contains("no policy is pinned"),
        "{unpinned}"
    );
    team.approves("alice", "gated.json");
    team.approves("bob", "gated.json");
    let short = team.apply(4, "gated.json");
    assert!(
        short
            .stderr
            .contains("gate all is short of 1 approval of 3"),
        "{short}"
    );
    assert_eq!(fixture.accepted_uploads(), NOTHING);
    team.approves("carol", "gated.json");
    team.apply(0, "gated.json");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_revoked_while_a_release_runs_stops_what_has_not_begun() {
    let team = Team::new().await;
    let fixture = &team.fixture;
    team.approves("alice", "release.json");
    team.approves("bob", "release.json");
    let cargo = &fixture.bench.cargo;
    cargo.inject(Rule::once("PUT", "/crates/new", Fault::HoldBefore));
    let policy = team.pinned();
    let command = fixture.environment.relplan(&[
        "apply",
        "release.json",
        "--policy",
        &policy,
        "--settle",
        "1s",
    ]);
    let mut command = tokio::process::Command::from(command);
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    cargo.log().until_stalled().await;
    // Bob's key turns out to be stolen. Whoever keeps the policy revokes it, in a version that follows the last one.
    let digest = fixture.expect(0, &["policy", "digest", &policy]).stdout;
    let previous = format!(" previous=\"{}\"", digest.trim());
    let revoked = format!("revoked \"{}\" since=\"2020-01-01\"\n", team.public("bob"));
    std::fs::write(&policy, team.policy(2, &previous, &revoked)).unwrap();
    // The upload that was under way loses its connection without having had an effect.
    fixture.heal();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(4),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("not approved") && said.contains("revoked"),
        "{said}"
    );
    assert_eq!(
        fixture.accepted_uploads().crates,
        0,
        "no crate was begun any more"
    );
    let after = fixture.accepted_uploads();

    // Nothing goes on by itself.
    let still = team.apply(4, "release.json");
    assert!(still.stderr.contains("[revoked]"), "{still}");
    assert_eq!(fixture.accepted_uploads(), after);
    // Carol agrees to the same bytes; what alice said under the policy before still counts.
    team.approves("carol", "release.json");
    team.apply(0, "release.json");
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
    let log = fixture.expect(0, &["state", "log", "--approvals"]);
    for words in [
        "policy version 1",
        "bob@acme.example",
        "resumed plan",
        "policy version 2",
        "carol@acme.example",
    ] {
        assert!(log.stdout.contains(words), "{words}\n{log}");
    }
    fixture.expect(0, &["state", "check"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_beside_the_spec_follows_the_remembered_one_if_both_roots_signed() {
    let team = Team::new().await;
    let fixture = &team.fixture;
    let root = "root threshold=2 { of \"alice@acme.example\" \"bob@acme.example\" \"carol@acme.example\"; }\n";
    team.write_policy(1, root);
    team.approves("alice", "release.json");
    team.approves("bob", "release.json");
    team.apply(0, "release.json");
    fixture.set_version("0.1.0", "0.1.1");
    fixture.expect(0, &["pack", "--offline"]);
    let digest = fixture
        .expect(0, &["policy", "digest", &team.pinned()])
        .stdout;
    let previous = format!(" previous=\"{}\"", digest.trim());
    let next = team
        .policy(2, &previous, root)
        .replace("threshold=2 max-age", "threshold=1 max-age");
    let beside = fixture.environment.project().join("policy.kdl");
    std::fs::write(&beside, next).unwrap();
    let old = team.pinned();
    let sign = |name: &str, code: i32| {
        let key = team.key(name);
        let key = key.to_str().unwrap().to_owned();
        fixture.expect(
            code,
            &["policy", "rotate", &old, "policy.kdl", "--key", &key],
        )
    };
    let one = sign("alice", 4);
    assert!(one.stdout.contains("bob@acme.example"), "{one}");
    fixture.expect(0, &["plan", "-o", "next.json"]);
    fixture.clear_logs();
    let early = fixture.expect(4, &["apply", "next.json", "--yes"]);
    assert!(early.stderr.contains("old root is short of 1"), "{early}");
    assert_eq!(fixture.accepted_uploads(), NOTHING);

    sign("carol", 0);
    fixture.expect(0, &["plan", "-o", "next.json"]);
    let key = team.key("bob");
    let arguments = [
        "approve",
        "next.json",
        "--yes",
        "quickstart-greet-core@0.1.1",
        "--key",
    ];
    let mut arguments = arguments.to_vec();
    arguments.push(key.to_str().unwrap());
    let said = fixture.expect(0, &arguments);
    assert!(
        said.stdout.contains("Since the last approved plan"),
        "{said}"
    );
    assert!(
        said.stdout
            .contains("+ publish crates:quickstart-greet-core@0.1.1"),
        "{said}"
    );
    fixture.expect(0, &["apply", "next.json", "--yes"]);
    assert_eq!(fixture.accepted_uploads(), ONE_OF_EACH);
}

#[test]
fn what_the_threat_model_calls_stopped_names_tests_that_are_there() {
    let root = crate::fixture::repository();
    let page = std::fs::read_to_string(root.join("docs/threat-model.md")).unwrap();
    let table = page.split("## What is stopped").nth(1).unwrap();
    let table = table.split("\n## ").next().unwrap();
    let mut sources = String::new();
    let mut folders = vec![root.join("crates"), root.join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                sources.push_str(&std::fs::read_to_string(path).unwrap());
            }
        }
    }
    let rows: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert!(rows.len() > 15, "{}", rows.len());
    for row in rows {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        let names: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        assert!(!names.is_empty(), "no test is named: {row}");
        for name in names {
            let is_there = sources.contains(&format!("fn {name}("));
            assert!(is_there, "there is no test {name}");
        }
    }
}
