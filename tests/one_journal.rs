//! One journal, the one that counts: which it is, and that nobody walks around it by naming another.

use std::path::Path;

use relplan_testkit::{
    environment::{Environment, Session, copy_folder},
    servers::stores::has_git,
};

use crate::state_commands::{add_to_spec, bare, expect, flat, project};

/// What an approver types.
pub const SEEN: &str = "quickstart-greet-core@0.1.0";

/// A key, and a policy outside of the project by which its owner's yes is enough. The policy's file, and the key's.
pub fn policy(environment: &Environment, version: u64, more: &str) -> (String, String) {
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

pub fn set_version(environment: &Environment, from: &str, to: &str) {
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

pub fn says(session: &Session, words: &[&str]) {
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

    // A plan that was made on a journal of its maker's own, on a machine of its maker's own.
    let evil = bare(&environment);
    let place = format!("git+file://{}", evil.display());
    environment.set("XDG_STATE_HOME", environment.root().join("attacker"));
    let elsewhere = ["--state", &place];
    let adopt = [&["adopt", "--yes"][..], &elsewhere].concat();
    expect(&environment, 0, &adopt);
    let plan = [&["plan", "-o", "three.json"][..], &elsewhere].concat();
    expect(&environment, 0, &plan);
    environment.unset("XDG_STATE_HOME");
    let before = published(&environment);
    let other = expect(&environment, 64, &["apply", "three.json"]);
    says(
        &other,
        &[
            &place,
            "in .relplan/state",
            "relplan apply three.json --state",
        ],
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

/// A journal's line that follows another: what a program that knows how to write one would write.
fn line_after(journal: &str, record: &str) -> String {
    let last = journal.lines().last().unwrap();
    let prev = relplan_model::digest::Sha256::of(last.as_bytes());
    let seq = journal.lines().count();
    format!(
        "{{\"at\":\"2026-11-30T12:00:00Z\",\"prev\":\"{prev}\",\"record\":{record},\"seq\":{seq}}}\n"
    )
}

/// D1: after a move there is one journal. The place that it was moved from says where it is, and takes no claim; a plan
/// that was saved before goes on where the journal is now.
#[test]
fn l10_a_journal_that_was_moved_takes_no_claims_where_it_was() {
    if !has_git() {
        return;
    }
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    set_version(&environment, "0.1.0", "0.1.1");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "saved.json"]);
    let remote = bare(&environment);
    let spec = environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    let state = format!("state \"git\" remote=\"file://{}\"\n", remote.display());
    std::fs::write(&spec, format!("{text}\n{state}")).unwrap();
    expect(&environment, 0, &["state", "push"]);

    let folder = ["--state", ".relplan/state"];
    let before = published(&environment);
    for command in [
        &["apply", "saved.json"][..],
        &["apply", "--yes"],
        &["plan"],
        &["status"],
        &["state", "unlock"],
        &["state", "list"],
        &["state", "abandon", "--reason", "no"],
        &["adopt", "--yes"],
    ] {
        let arguments = [command, &folder[..]].concat();
        let refused = expect(&environment, 10, &arguments);
        says(
            &refused,
            &["it was moved to git+file://", "relplan status --state"],
        );
    }
    assert_eq!(published(&environment), before);
    // Nothing but the move was recorded since: the plan is as good as it was, in the one place that counts.
    let applied = expect(&environment, 0, &["apply", "saved.json"]);
    says(&applied, &["steps done"]);

    // And back: a plan that names the repository is not applied there any more.
    set_version(&environment, "0.1.1", "0.1.2");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "third.json"]);
    std::fs::write(&spec, text).unwrap();
    let place = format!("git+file://{}", remote.display());
    expect(&environment, 0, &["state", "push", "--from", &place]);
    let two = expect(&environment, 64, &["apply", "third.json"]);
    says(&two, &[&place, "in .relplan/state"]);
    let moved = expect(
        &environment,
        10,
        &["apply", "third.json", "--state", &place],
    );
    says(&moved, &["it was moved to .relplan/state"]);
    expect(
        &environment,
        0,
        &["apply", "third.json", "--state", ".relplan/state"],
    );
    expect(&environment, 0, &["state", "check"]);
}

/// D4: a journal is one project's; a rename is a command.
#[test]
fn l13_a_journal_of_another_project_is_refused_until_the_rename_is_recorded() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let spec = environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, text.replace("relplan/quickstart", "relplan/renamed")).unwrap();
    for command in [
        &["plan"][..],
        &["apply", "--yes"],
        &["adopt", "--yes"],
        &["status"],
        &["state", "forget", "shelf:*"],
    ] {
        let refused = expect(&environment, 10, command);
        says(
            &refused,
            &[
                "of the project relplan/quickstart, and this is relplan/renamed",
                "relplan state mv --project relplan/quickstart relplan/renamed",
            ],
        );
    }
    let mv = [
        "state",
        "mv",
        "--project",
        "relplan/quickstart",
        "relplan/renamed",
    ];
    expect(&environment, 0, &mv);
    let plan = expect(&environment, 0, &["plan", "--detailed-exitcode"]);
    says(&plan, &["Nothing to do"]);
    let again = expect(&environment, 10, &mv);
    says(&again, &["of the project relplan/renamed"]);
    let log = expect(&environment, 0, &["state", "log"]);
    says(&log, &["the project is called relplan/renamed"]);
}

/// D7: a journal that was set back, and one that somebody expects to be further, is noticed by every command, with both
/// heads; a person may say that it counts all the same.
#[test]
fn l9_a_journal_that_was_set_back_is_noticed_by_every_command() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let journal = environment.project().join(".relplan/state/journal.jsonl");
    let backup = std::fs::read_to_string(&journal).unwrap();
    for (from, to) in [("0.1.0", "0.1.1"), ("0.1.1", "0.1.2")] {
        set_version(&environment, from, to);
        expect(&environment, 0, &["apply", "--yes"]);
    }
    let newest = std::fs::read_to_string(&journal).unwrap();
    let head = |text: &str| {
        let last = text.lines().last().unwrap();
        relplan_model::digest::Sha256::of(last.as_bytes()).to_string()
    };
    set_version(&environment, "0.1.2", "0.1.3");
    std::fs::write(&journal, &backup).unwrap();
    let before = published(&environment);
    for command in [
        &["plan"][..],
        &["apply", "--yes"],
        &["adopt", "--yes"],
        &["status"],
        &["state", "log"],
        &["state", "forget", "shelf:*"],
        &["state", "check"],
    ] {
        let refused = expect(&environment, 10, command);
        says(&refused, &["sha256:"]);
    }
    let refused = expect(&environment, 10, &["plan"]);
    says(
        &refused,
        &["it is at serial 2 with the head", &head(&backup)],
    );
    // The plans that were started here are enough, and so is this machine.
    let home = environment.home().join(".local/state/relplan");
    let aside = environment.root().join("memory");
    std::fs::rename(&home, &aside).unwrap();
    says(
        &expect(&environment, 10, &["plan"]),
        &["that was started here remembers serial"],
    );
    std::fs::rename(&aside, &home).unwrap();
    let plans = environment.project().join(".relplan/plans");
    std::fs::rename(&plans, environment.root().join("plans")).unwrap();
    says(
        &expect(&environment, 10, &["plan"]),
        &["this machine, which last wrote to it"],
    );
    assert_eq!(published(&environment), before);
    // On a machine that knows nothing, CI says what it expects.
    let head = head(&newest);
    std::fs::rename(&home, &aside).unwrap();
    expect(&environment, 0, &["plan"]);
    let expected = expect(&environment, 10, &["plan", "--expect-head", &head]);
    says(&expected, &["--expect-head names", &head]);
    expect(&environment, 64, &["plan", "--expect-head", "deadbeef"]);
    std::fs::write(&journal, &newest).unwrap();
    expect(&environment, 0, &["plan", "--expect-head", &head]);
    // A person takes the older one.
    std::fs::rename(&aside, &home).unwrap();
    std::fs::write(&journal, &backup).unwrap();
    expect(&environment, 10, &["plan"]);
    expect(&environment, 0, &["state", "check", "--accept"]);
    expect(&environment, 0, &["plan"]);
}

/// D7 on a shared store: the ref was set back, was put on an unrelated history, or is gone.
#[test]
fn l9_a_ref_that_was_set_back_or_is_gone_is_noticed() {
    if !has_git() {
        return;
    }
    let environment = project();
    let remote = bare(&environment);
    add_to_spec(
        &environment,
        &format!("state \"git\" remote=\"file://{}\"", remote.display()),
    );
    let git = |arguments: &[&str]| crate::runners::git(&remote, arguments);
    expect(&environment, 0, &["apply", "--yes"]);
    let first = git(&["rev-parse", "refs/relplan/state"]);
    set_version(&environment, "0.1.0", "0.1.1");
    expect(&environment, 0, &["apply", "--yes"]);
    git(&["update-ref", "refs/relplan/state", first.trim()]);
    says(
        &expect(&environment, 10, &["plan"]),
        &["is not what it was", "which this journal does not have"],
    );
    git(&["update-ref", "-d", "refs/relplan/state"]);
    says(
        &expect(&environment, 10, &["apply", "--yes"]),
        &["there is no journal in", "relplan state rebuild"],
    );
}

/// D17: an empty store that this machine or a kept plan contradicts is said; so is a folder without a spec.
#[test]
fn an_empty_store_that_somebody_contradicts_is_not_taken_for_a_beginning() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    for command in [&["status"][..], &["plan"], &["apply", "--yes"]] {
        let arguments = [command, &["--state", ".relplan/stat"][..]].concat();
        let mistyped = expect(&environment, 10, &arguments);
        says(
            &mistyped,
            &["there is no journal in", "name the right one:"],
        );
    }
    let folder = environment.project().join("js");
    let below = expect(&environment, 0, &["-C", folder.to_str().unwrap(), "status"]);
    says(&below, &["there is no spec in this folder", "status"]);
}

/// D2: what a later relplan wrote is said to be that, and nobody is told to put it aside.
#[test]
fn l13_a_journal_and_documents_of_a_later_relplan_are_not_called_damaged() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    set_version(&environment, "0.1.0", "0.1.1");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "release.json"]);
    let project = environment.project();
    let journal = project.join(".relplan/state/journal.jsonl");
    let sound = std::fs::read_to_string(&journal).unwrap();
    assert!(
        sound.lines().next().unwrap().contains("\"format\":1"),
        "the genesis has a version"
    );
    let unknown = [
        r#"{"witnessed":{"needs":"9.1.0","people":["alice"]}}"#,
        r#"{"witnessed":{"people":["alice"]}}"#,
    ];
    for (record, words) in unknown
        .into_iter()
        .zip(["it needs 9.1.0 or later", "of a later relplan"])
    {
        let mut later = sound.clone();
        later.push_str(&line_after(&later, record));
        // Also where it is not the last line.
        later.push_str(&line_after(&later, record));
        std::fs::write(&journal, &later).unwrap();
        for command in [
            &["plan"][..],
            &["status"],
            &["apply", "release.json"],
            &["state", "check"],
            &["state", "log"],
            &["state", "rebuild"],
            &["adopt", "--yes"],
        ] {
            let refused = expect(&environment, 10, command);
            says(&refused, &[words, "nothing is wrong with it"]);
            let text = flat(&refused.stderr);
            assert!(
                !text.contains("damaged") && !text.contains("$ mv"),
                "{refused}"
            );
        }
    }
    let genesis = sound.replace("\"format\":1", "\"format\":2");
    std::fs::write(&journal, &genesis).unwrap();
    says(
        &expect(&environment, 10, &["status"]),
        &["of a later relplan"],
    );
    // One that does not follow is damaged all the same.
    let stray = line_after(&sound, unknown[0]).replace("\"prev\":\"sha256:", "\"prev\":\"sha256:0");
    std::fs::write(
        &journal,
        format!("{sound}{}", stray.replace("sha256:0", "sha256:")),
    )
    .unwrap();
    expect(&environment, 10, &["status"]);
    std::fs::write(&journal, sound.replace("\"claim\"", "\"clam\"")).unwrap();
    says(&expect(&environment, 10, &["status"]), &["is damaged"]);
    std::fs::write(&journal, &sound).unwrap();

    // Plans, bundles and policies.
    let later = |file: &str, format: &str| {
        let path = project.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let one = format!("{format}/1");
        assert!(text.contains(&one), "{file}");
        std::fs::write(&path, text.replace(&one, &format!("{format}/2"))).unwrap();
        text
    };
    let plan = later("release.json", "relplan.plan");
    for command in ["show", "apply", "approvals"] {
        let refused = expect(&environment, 65, &[command, "release.json"]);
        says(&refused, &["written by a later relplan", "relplan.plan/2"]);
        assert!(!flat(&refused.stderr).contains("make it anew"), "{refused}");
    }
    std::fs::write(project.join("release.json"), plan).unwrap();
    let bundle = later(".relplan/bundle/bundle.json", "relplan.bundle");
    let refused = expect(&environment, 65, &["apply", "release.json"]);
    says(
        &refused,
        &["written by a later relplan", "relplan.bundle/2"],
    );
    std::fs::write(project.join(".relplan/bundle/bundle.json"), bundle).unwrap();
    expect(&environment, 0, &["apply", "release.json"]);
    let canonical = environment.root().join("policy.json");
    std::fs::write(&canonical, "{\"format\":\"relplan.policy/2\"}").unwrap();
    let refused = expect(
        &environment,
        65,
        &["policy", "check", canonical.to_str().unwrap()],
    );
    says(
        &refused,
        &["written by a later relplan", "relplan.policy/2"],
    );
}

/// P1: a journal and a policy that a pull request brought along are worth nothing where a policy is demanded.
#[test]
fn a_policy_that_only_a_journal_of_the_tree_remembers_is_none_where_one_is_demanded() {
    let mut environment = project();
    let (pinned, _) = policy(&environment, 1, "");
    let weak = std::fs::read_to_string(&pinned)
        .unwrap()
        .replace("threshold=1", "threshold=0");
    std::fs::write(&pinned, &weak).unwrap();
    // The attacker's own machine makes the journal that is committed.
    environment.set("XDG_STATE_HOME", environment.root().join("attacker"));
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "one.json"]);
    expect(&environment, 0, &["apply", "one.json", "--policy", &pinned]);
    std::fs::write(environment.project().join("policy.kdl"), &weak).unwrap();
    set_version(&environment, "0.1.0", "0.1.1");
    expect(&environment, 0, &["pack", "--offline"]);
    let before = published(&environment);

    environment.set("XDG_STATE_HOME", environment.root().join("runner"));
    expect(&environment, 0, &["plan", "-o", "two.json"]);
    environment.set("RELPLAN_REQUIRE_POLICY", "1");
    for arguments in [&["apply", "two.json"][..], &["apply", "--yes"]] {
        let refused = expect(&environment, 4, arguments);
        says(
            &refused,
            &["that journal was named by the spec or the plan", "--policy"],
        );
    }
    assert_eq!(published(&environment), before);
}
