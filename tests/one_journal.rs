//! One journal, the one that counts: which it is, and that nobody walks around it by naming another.

use std::path::Path;

use relplan_testkit::{
    environment::{Environment, Session, copy_folder},
    servers::stores::has_git,
};

use crate::state_commands::{add_to_spec, bare, expect, flat, project};

/// What an approver types.
const SEEN: &str = "quickstart-greet-core@0.1.0";

/// A key, and a policy outside of the project by which its owner's yes is enough. The policy's file, and the key's.
fn policy(environment: &Environment, version: u64, more: &str) -> (String, String) {
    let key = environment.root().join("key-alice");
    if !key.exists() {
        let mut command = environment.command("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", "alice", "-f"]);
        command.arg(&key);
        assert_eq!(environment.run(command).unwrap().code, Some(0));
    }
    let public = std::fs::read_to_string(key.with_extension("pub")).unwrap();
    let text = format!(
        "policy version={version} project=\"relplan/quickstart\"\n\
         person \"alice@acme.example\" {{ key \"{}\"; }}\n\
         rule \"ship\" threshold=1 {{ of \"alice@acme.example\"; }}\n{more}",
        public.trim()
    );
    let file = environment.root().join("pinned.kdl");
    std::fs::write(&file, text).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    (text(&file), text(&key))
}

fn set_version(environment: &Environment, from: &str, to: &str) {
    for file in [
        "crates/Cargo.toml",
        "js/packages/greet/package.json",
        "js/packages/greet-cli/package.json",
        "py/pyproject.toml",
    ] {
        let path = environment.project().join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace(from, to)).unwrap();
    }
}

/// How many files the target, which is a folder, has.
fn published(environment: &Environment) -> usize {
    fn count(folder: &Path) -> usize {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return 0;
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .map(|path| if path.is_dir() { count(&path) } else { 1 })
            .sum()
    }
    count(&environment.project().join("out"))
}

/// A folder with nothing but the plan and its bundle.
fn empty_folder(environment: &Environment, plan: &str, name: &str) -> String {
    let folder = environment.root().join(name);
    let project = environment.project();
    copy_folder(&project.join(".relplan/bundle"), &folder.join("bundle")).unwrap();
    std::fs::copy(project.join(plan), folder.join("plan.json")).unwrap();
    folder.to_str().unwrap().to_owned()
}

fn says(session: &Session, words: &[&str]) {
    let text = flat(&format!("{}\n{}", session.stdout, session.stderr));
    for word in words {
        assert!(text.contains(word), "{word}\n{session}");
    }
}

/// P1: a policy that this machine has seen for a project holds for every journal that somebody names: one that the plan
/// names, one that `--state` names, and one that an empty folder leaves to the plan.
#[test]
fn a_policy_once_seen_is_not_walked_around_by_another_journal() {
    if !has_git() {
        return;
    }
    let mut environment = project();
    let (pinned, key) = policy(&environment, 1, "");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "one.json"]);
    let approve = [
        "approve", "one.json", "--policy", &pinned, "--key", &key, "--yes", SEEN,
    ];
    expect(&environment, 0, &approve);
    expect(&environment, 0, &["apply", "one.json", "--policy", &pinned]);
    set_version(&environment, "0.1.0", "0.1.1");
    expect(&environment, 0, &["pack", "--offline"]);

    // A plan that was made on a journal of its maker's own.
    let evil = bare(&environment);
    let place = format!("git+file://{}", evil.display());
    expect(
        &environment,
        0,
        &["plan", "-o", "three.json", "--state", &place],
    );
    let before = published(&environment);
    let other = expect(&environment, 64, &["apply", "three.json"]);
    says(
        &other,
        &[&place, "in .relplan/state", "relplan apply PLAN --state"],
    );
    let named = expect(&environment, 4, &["apply", "three.json", "--state", &place]);
    says(
        &named,
        &[
            "this machine remembers version 1",
            "relplan policy forget relplan/quickstart",
        ],
    );
    // A policy of one's own beside it, and a journal that has pinned it, are worth no more.
    let weaker = std::fs::read_to_string(&pinned)
        .unwrap()
        .replace("threshold=1", "threshold=0");
    std::fs::write(environment.project().join("policy.kdl"), &weaker).unwrap();
    let weak = expect(&environment, 4, &["apply", "three.json", "--state", &place]);
    says(&weak, &["this machine remembers version 1"]);
    std::fs::remove_file(environment.project().join("policy.kdl")).unwrap();
    let folder = empty_folder(&environment, "three.json", "empty");
    let arguments = ["-C", &folder, "apply", "plan.json", "--bundle", "bundle"];
    let alone = expect(&environment, 4, &arguments);
    says(&alone, &["this machine remembers version 1"]);
    assert_eq!(published(&environment), before);

    // A machine that knows nothing says so, and does nothing where that is not enough.
    let home = environment.root().join("another-machine");
    environment.set("XDG_STATE_HOME", &home);
    let mut required = arguments.to_vec();
    required.push("--require-policy");
    let refused = expect(&environment, 4, &required);
    says(&refused, &["no policy is in force here"]);
    environment.set("RELPLAN_REQUIRE_POLICY", "1");
    expect(&environment, 4, &arguments);
    environment.unset("RELPLAN_REQUIRE_POLICY");
    let ran = expect(&environment, 0, &arguments);
    says(
        &ran,
        &[
            "no policy is in force here for relplan/quickstart",
            "steps done",
        ],
    );

    // A person may leave the policy, by a word of their own.
    environment.unset("XDG_STATE_HOME");
    let unknown = expect(&environment, 64, &["policy", "forget", "acme/widgets"]);
    says(&unknown, &["it remembers one of relplan/quickstart"]);
    let left = expect(&environment, 0, &["policy", "forget", "relplan/quickstart"]);
    says(&left, &["has forgotten version 1", "remembers it still"]);
    // What the project's own journal remembers is as it was.
    expect(&environment, 0, &["plan", "-o", "own.json"]);
    expect(&environment, 4, &["apply", "own.json"]);
}

/// P1, D1: which journal counts is said where the plan is applied: by `--state`, by `RELPLAN_STATE`, or by the spec; one
/// plan is applied on one journal, and the message names both places.
#[test]
fn l2_the_journal_that_counts_is_the_one_that_is_named_where_the_plan_is_applied() {
    if !has_git() {
        return;
    }
    let mut environment = project();
    let remote = bare(&environment);
    let place = format!("git+file://{}", remote.display());
    expect(&environment, 0, &["pack", "--offline"]);
    environment.set("RELPLAN_STATE", &place);
    let planned = expect(&environment, 0, &["plan", "-o", "one.json"]);
    says(&planned, &["no policy is in force here"]);
    environment.unset("RELPLAN_STATE");
    expect(&environment, 64, &["apply", "one.json"]);
    expect(&environment, 64, &["approvals", "one.json"]);
    assert!(!environment.project().join(".relplan/state").exists());
    // In an empty folder the plan's own word is the only one (L2).
    let folder = empty_folder(&environment, "one.json", "alone");
    expect(
        &environment,
        0,
        &["-C", &folder, "apply", "plan.json", "--bundle", "bundle"],
    );
    environment.set("RELPLAN_STATE", &place);
    let again = expect(&environment, 0, &["apply", "one.json"]);
    says(&again, &["has been applied before"]);
    environment.unset("RELPLAN_STATE");
    // The same place by another spelling is the same place.
    add_to_spec(
        &environment,
        &format!("state \"git\" remote=\"file://{}/\"", remote.display()),
    );
    expect(&environment, 0, &["apply", "one.json"]);
}
