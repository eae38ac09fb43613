//! What a journal keeps when it is begun anew or names change; approvals of plans that were renamed, and what they witness.

use crate::{
    one_journal::{SEEN, policy, says, set_version},
    state_commands::{expect, flat, project},
};

/// D5, D6: a rebuild asks for the policy again, says what is lost before it does it, records what registries show users
/// today, and keeps the name of what it takes the place of, so that `check` has nothing against it.
#[test]
fn a_rebuilt_journal_keeps_the_policy_and_what_it_takes_the_place_of() {
    let environment = project();
    let (pinned, key) = policy(&environment, 1, "");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "one.json"]);
    let approve = [
        "approve", "one.json", "--policy", &pinned, "--key", &key, "--yes", SEEN,
    ];
    expect(&environment, 0, &approve);
    expect(&environment, 0, &["apply", "one.json", "--policy", &pinned]);
    // The sources are further than what is published.
    set_version(&environment, "0.1.0", "0.2.0");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "two.json"]);
    let state = environment.project().join(".relplan/state");
    std::fs::rename(&state, environment.project().join(".relplan/state.damaged")).unwrap();
    // Neither this machine's memory nor what is left of the journal is walked around.
    let asked = expect(&environment, 4, &["state", "rebuild"]);
    says(
        &asked,
        &[
            "this machine remembers version 1",
            "relplan state rebuild --policy",
        ],
    );
    let home = environment.home().join(".local/state/relplan");
    std::fs::rename(&home, environment.root().join("memory")).unwrap();
    let asked = expect(
        &environment,
        4,
        &["state", "rebuild", "--lost", ".relplan/state.damaged"],
    );
    says(&asked, &["version 1 of a policy"]);
    assert!(!state.exists(), "nothing was written");
    let arguments = [
        "state",
        "rebuild",
        "--lost",
        ".relplan/state.damaged",
        "--policy",
        &pinned,
    ];
    let rebuilt = expect(&environment, 0, &arguments);
    says(
        &rebuilt,
        &[
            "What the new journal cannot know:",
            "It takes the place of the journal",
            "Releases need approval by version 1",
            "records 5 versions",
        ],
    );
    expect(&environment, 0, &["state", "check"]);
    expect(&environment, 0, &["state", "check", "--plan", "two.json"]);
    says(
        &expect(&environment, 0, &["state", "log"]),
        &["in the place of"],
    );
    let approve = [
        "approve",
        "two.json",
        "--policy",
        &pinned,
        "--key",
        &key,
        "--yes",
        "quickstart-greet-core@0.2.0",
    ];
    expect(&environment, 0, &approve);
    let stale = expect(&environment, 5, &["apply", "two.json", "--policy", &pinned]);
    says(
        &stale,
        &["the plan is for the state in", "relplan plan -o two.json"],
    );
    expect(&environment, 0, &["plan", "-o", "three.json"]);
    expect(&environment, 4, &["apply", "three.json"]);
    // Where nobody knows of one, that is said.
    std::fs::rename(&state, environment.root().join("second")).unwrap();
    std::fs::remove_dir_all(&home).unwrap();
    std::fs::remove_dir_all(environment.project().join(".relplan/plans")).unwrap();
    let none = expect(&environment, 0, &["state", "rebuild"]);
    says(&none, &["No policy is known"]);
}

/// D18: names that change are recorded as such, and patterns forget many at once.
#[test]
fn renamed_targets_and_packages_keep_their_records() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let spec = environment.project().join("relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    std::fs::write(&spec, text.replace("\"shelf\"", "\"rack\"")).unwrap();
    let moved = expect(&environment, 0, &["state", "mv", "shelf", "rack"]);
    says(&moved, &["the target shelf is called rack"]);
    let plan = expect(&environment, 0, &["plan", "--detailed-exitcode"]);
    says(&plan, &["Nothing to do"]);
    let list = expect(&environment, 0, &["state", "list"]);
    assert!(!list.stdout.contains("shelf"), "{list}");
    expect(&environment, 64, &["state", "mv", "shelf", "rack"]);
    expect(
        &environment,
        64,
        &[
            "state",
            "mv",
            "rack:@quickstart/none",
            "rack:@quickstart/other",
        ],
    );
    expect(
        &environment,
        0,
        &[
            "state",
            "mv",
            "rack:@quickstart/greet",
            "rack:@quickstart/hello",
        ],
    );
    let forgot = expect(&environment, 0, &["state", "forget", "rack:@quickstart/*"]);
    says(&forgot, &["Forgot 2 packages", "rack:@quickstart/hello"]);
    let list = expect(&environment, 0, &["state", "list"]);
    assert!(
        !list.stdout.contains("@quickstart") && list.stdout.contains("rack:"),
        "{list}"
    );
    says(
        &expect(&environment, 64, &["state", "forget", "shelf:*"]),
        &["nothing that is recorded matches"],
    );
}

/// D19: a plan that was renamed since it was approved is approved still: records go by the digest, not by a file's name.
#[test]
fn approvals_of_a_plan_that_was_renamed_are_found_by_its_digest() {
    let environment = project();
    let (pinned, key) = policy(&environment, 1, "");
    expect(&environment, 0, &["pack", "--offline"]);
    expect(&environment, 0, &["plan", "-o", "release.json"]);
    expect(
        &environment,
        0,
        &["plan", "-o", "other.json", "--lifetime", "2h"],
    );
    for plan in ["release.json", "other.json"] {
        let approve = [
            "approve", plan, "--policy", &pinned, "--key", &key, "--yes", SEEN,
        ];
        expect(&environment, 0, &approve);
    }
    let project = environment.project();
    std::fs::rename(project.join("release.json"), project.join("approved.json")).unwrap();
    let listed = expect(
        &environment,
        0,
        &["approvals", "approved.json", "--policy", &pinned],
    );
    assert!(!flat(&listed.stdout).contains("other-plan"), "{listed}");
    expect(
        &environment,
        0,
        &["apply", "approved.json", "--policy", &pinned],
    );
}

/// D7: people who approved a plan remember the journal that it was made on, also where nothing else is left.
#[test]
fn l9_approvals_of_whatever_plan_are_witnesses_of_the_journal() {
    let environment = project();
    let (pinned, key) = policy(&environment, 1, "");
    let approve = |plan: &str, seen: &str| {
        expect(&environment, 0, &["pack", "--offline"]);
        expect(&environment, 0, &["plan", "-o", plan]);
        let approve = ["approve", plan, "--policy", &pinned, "--key", &key];
        expect(&environment, 0, &[&approve[..], &["--yes", seen]].concat());
    };
    approve("one.json", SEEN);
    expect(&environment, 0, &["apply", "one.json", "--policy", &pinned]);
    let journal = environment.project().join(".relplan/state/journal.jsonl");
    let backup = std::fs::read(&journal).unwrap();
    for (from, to, plan) in [
        ("0.1.0", "0.1.1", "two.json"),
        ("0.1.1", "0.1.2", "three.json"),
    ] {
        set_version(&environment, from, to);
        approve(plan, &format!("quickstart-greet-core@{to}"));
        if plan == "two.json" {
            expect(&environment, 0, &["apply", plan, "--policy", &pinned]);
        }
    }
    // Another machine, a restored backup, and nothing of the plans but what people signed of the third.
    std::fs::write(&journal, backup).unwrap();
    let remove = |path: &str| std::fs::remove_dir_all(environment.root().join(path)).unwrap();
    remove("home/.local/state/relplan");
    remove("project/.relplan/plans");
    for left in ["one.json", "two.json", "three.json"] {
        std::fs::remove_file(environment.project().join(left)).unwrap();
    }
    for command in [
        &["plan"][..],
        &["status"],
        &["apply", "--yes"],
        &["state", "check"],
    ] {
        let refused = expect(&environment, 10, command);
        says(
            &refused,
            &[
                "alice@acme.example, who signed",
                "relplan state check --accept",
            ],
        );
    }
    let accepted = expect(&environment, 0, &["state", "check", "--accept"]);
    says(
        &accepted,
        &["Approvals that remember more were put aside: 1 record"],
    );
    expect(&environment, 0, &["status"]);
}
