//! Plans that somebody made up: what they say steers no terminal, and what they claim is found out before it counts.

use std::path::PathBuf;

use relplan_model::text::is_hidden;
use relplan_testkit::environment::{Session, copy_folder};
use serde_json::{Value, json};

use crate::{
    approvals::{NOTHING, SEEN, Team},
    fixture::{Fixture, Packers},
};

/// Escape sequences in both spellings, a reversed and an invisible word, and a line of its own.
const HOSTILE: &str =
    "x\u{1b}]0;t\u{7}\u{9b}2J\u{202e}y\u{200b}\u{2028}\u{e0041}\r\n::add-mask::INJECTED";

/// A team whose npm package brings a script that runs on users' machines.
async fn team() -> Team {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let path = fixture
        .environment
        .project()
        .join("js/packages/greet/package.json");
    let mut manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    manifest["scripts"] = json!({"postinstall": "node steal.js"});
    std::fs::write(&path, manifest.to_string()).unwrap();
    Team::of(fixture)
}

fn saved(team: &Team, name: &str) -> PathBuf {
    team.fixture.environment.project().join(name)
}

fn honest(team: &Team) -> Value {
    let text = std::fs::read_to_string(saved(team, "release.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Saves a plan that somebody changed, in the one spelling that is read.
fn save(team: &Team, name: &str, plan: &Value) {
    let bytes = relplan_model::canonical::to_bytes(plan).unwrap();
    std::fs::write(saved(team, name), bytes).unwrap();
}

/// Where texts are, each array's first item standing for all.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            if let Some(item) = items.first() {
                places(item, &format!("{at}/0"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[track_caller]
fn is_clean(session: &Session, about: &str) {
    for text in [&session.stdout, &session.stderr] {
        let steers = text.chars().find(|c| *c != '\n' && is_hidden(*c));
        assert_eq!(steers, None, "{about}\n{session:?}");
        let command = text
            .lines()
            .find(|line| line.trim_start().starts_with("::"));
        assert_eq!(command, None, "{about}\n{session}");
    }
}

/// P2: each text of a plan in turn is hostile, and every command that takes one keeps the terminal.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_no_text_of_a_plan_reaches_a_terminal_as_it_is() {
    let mut team = team().await;
    // Where a line can be a command to the runner, too.
    team.fixture.environment.set("CI", "true");
    let plan = honest(&team);
    let mut found = Vec::new();
    places(&plan, "", &mut found);
    assert!(found.len() > 40, "{found:?}");
    let (key, policy) = (team.key("alice"), team.pinned());
    let key = key.to_str().unwrap();
    for (number, place) in found.iter().enumerate() {
        let mut changed = plan.clone();
        let text = changed.pointer_mut(place).unwrap();
        *text = json!(format!("{}{HOSTILE}", text.as_str().unwrap()));
        save(&team, "odd.json", &changed);
        let all: [&[&str]; 6] = [
            &["show", "odd.json", "--verbose"],
            &["show", "odd.json", "--format", "markdown"],
            &["graph", "odd.json"],
            &["diff", "odd.json"],
            &[
                "approve", "odd.json", "--policy", &policy, "--key", key, "--yes", SEEN,
            ],
            &["apply", "odd.json", "--policy", &policy],
        ];
        // All commands for some, and some commands for all: they read a plan in one place.
        for (turn, command) in all.into_iter().enumerate() {
            if turn == 0 || turn == 1 + number % 5 {
                let session = team.fixture.relplan(command);
                is_clean(&session, &format!("{command:?} with {place}"));
                if command[0] == "apply" {
                    assert!(matches!(session.code, Some(4 | 65)), "{place}\n{session}");
                }
            }
        }
    }
    assert_eq!(team.fixture.accepted_uploads(), NOTHING);
}

/// P2: a kind goes into job matrices, so a word that is none is refused by whoever reads the plan.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l13_a_kind_that_nobody_knows_is_refused_by_every_command() {
    let team = team().await;
    for kind in ["$(id)", "no-such-kind"] {
        let mut plan = honest(&team);
        plan["targets"][0]["kind"] = json!(kind);
        save(&team, "odd.json", &plan);
        for command in [
            &["show", "odd.json", "--format", "github-matrix"][..],
            &["graph", "odd.json"],
            &["apply", "odd.json"],
        ] {
            let session = team.fixture.expect(65, command);
            assert!(session.stderr.contains("kind"), "{session}");
        }
    }
}

/// P2: a grade is what this machine can tell, whatever the plan claims.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l15_a_better_grade_than_the_real_one_is_shown_as_a_claim_and_refused() {
    let team = team().await;
    let mut plan = honest(&team);
    let name = plan["targets"][0]["name"].as_str().unwrap().to_owned();
    plan["targets"][0]["grade"] = json!("brokered");
    save(&team, "claims.json", &plan);
    let shown = team.says("alice", "claims.json", &["--yes", SEEN]);
    assert!(
        shown
            .stdout
            .contains("gate: the plan says brokered; here: open"),
        "{shown}"
    );
    team.approves("bob", "claims.json");
    let refused = team.apply(65, "claims.json");
    assert!(
        refused.stderr.contains(&format!(
            "the plan says that the target {name} is brokered, and here it is open"
        )),
        "{refused}"
    );
    assert_eq!(team.fixture.accepted_uploads(), NOTHING);
}

/// P3: what a plan does not say about its artifacts is found out where it is approved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_contents_and_findings_that_a_plan_dropped_are_found_out() {
    let team = team().await;
    let fixture = &team.fixture;
    let plan = honest(&team);
    let is_due = |finding: &Value| finding["code"] == "install-script";
    assert!(plan["findings"].as_array().unwrap().iter().any(is_due));
    let without = |plan: &Value| {
        let mut plan = plan.clone();
        plan["findings"]
            .as_array_mut()
            .unwrap()
            .retain(|finding| !is_due(finding));
        plan
    };
    let (key, policy) = (team.key("alice"), team.pinned());
    let approve = |code, plan: &str, more: &[&str]| {
        let key = key.to_str().unwrap();
        let arguments = [
            "approve", plan, "--policy", &policy, "--key", key, "--yes", SEEN,
        ];
        fixture.expect(code, &[&arguments[..], more].concat())
    };

    let good = approve(0, "release.json", &[]);
    assert!(
        good.stdout.contains("Checked: what the plan says"),
        "{good}"
    );
    let blind = approve(0, "release.json", &["--bundle", "nowhere"]);
    assert!(
        blind.stdout.contains("Not checked: what the plan says"),
        "{blind}"
    );

    // What is said of the bundle's files is true of them.
    let bundle = fixture.environment.project().join(".relplan/bundle");
    let other = fixture.environment.project().join("other");
    let number = plan["artifacts"].as_array().unwrap().len();
    for (what, said) in [
        ("gone", "does not hold"),
        ("other", "holds with other bytes"),
        ("folder", "cannot be read, or are no regular files"),
    ] {
        let _ = std::fs::remove_dir_all(&other);
        copy_folder(&bundle, &other).unwrap();
        for artifact in plan["artifacts"].as_array().unwrap() {
            let file = other.join(artifact["file"].as_str().unwrap());
            std::fs::remove_file(&file).unwrap();
            match what {
                "gone" => {}
                "other" => std::fs::write(file, "other").unwrap(),
                _ => std::fs::create_dir(file).unwrap(),
            }
        }
        let approved = approve(0, "release.json", &["--bundle", "other"]);
        let words: Vec<&str> = approved.stdout.split_whitespace().collect();
        assert!(
            words.join(" ").contains(said),
            "{number} {what}\n{approved}"
        );
    }

    // The finding alone: whoever reads the plan refuses it.
    save(&team, "quiet.json", &without(&plan));
    for command in ["show", "apply"] {
        fixture.expect(65, &[command, "quiet.json"]);
    }
    // The finding and what it follows from, or all contents.
    let mut silent = without(&plan);
    for contents in silent["contents"].as_array_mut().unwrap() {
        contents["notable"] = json!([]);
    }
    let mut empty = without(&plan);
    empty["contents"] = json!([]);
    for (name, plan) in [("silent.json", silent), ("empty.json", empty)] {
        save(&team, name, &plan);
        fixture.expect(0, &["show", name]);
        let refused = approve(65, name, &[]);
        let said: Vec<&str> = refused.stderr.split_whitespace().collect();
        let said = said.join(" ");
        assert!(
            said.contains("nothing was signed") && said.contains("postinstall: node steal.js"),
            "{name}\n{refused}"
        );
        assert!(!saved(&team, &format!("{name}.approvals")).exists());
    }
}

/// The row of this subject of the package that the plan brings to npm, and its place.
fn row_of<'p>(plan: &'p mut Value, subject: &str) -> &'p mut Value {
    let rows = plan["changes"].as_array_mut().unwrap();
    rows.iter_mut()
        .find(|row| {
            let is_npm = row["address"].as_str().unwrap().starts_with("npm:");
            is_npm && row["subject"].to_string().contains(subject)
        })
        .unwrap()
}

/// B3 and B4: a row that tells of another version or pointer than its step brings is refused by whoever reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l16_rows_that_tell_of_something_else_than_their_steps_are_refused() {
    let team = team().await;
    let told = |change: &dyn Fn(&mut Value), expected: &str| {
        let mut plan = honest(&team);
        change(&mut plan);
        save(&team, "odd.json", &plan);
        let policy = team.pinned();
        let key = team.key("alice");
        let approve = [
            "approve",
            "odd.json",
            "--policy",
            &policy,
            "--key",
            key.to_str().unwrap(),
            "--yes",
            SEEN,
        ];
        for command in [&["show", "odd.json"][..], &approve, &["apply", "odd.json"]] {
            let session = team.fixture.expect(65, command);
            let said: Vec<&str> = session.stderr.split_whitespace().collect();
            assert!(said.join(" ").contains(expected), "{expected}\n{session}");
        }
    };
    told(
        &|plan| row_of(plan, "version")["after"] = json!("0.0.9"),
        "a row tells of something else after than what its steps do",
    );
    told(
        &|plan| row_of(plan, "version")["before"] = json!("0.0.9"),
        "a row tells of something else before than what was observed",
    );
    told(
        &|plan| row_of(plan, "version")["bump"] = json!("patch"),
        "a row calls its step from before to after something else",
    );
    told(
        &|plan| row_of(plan, "latest")["subject"] = json!({"pointer": "next"}),
        "it sets a pointer that no row tells of",
    );
    assert_eq!(team.fixture.accepted_uploads(), NOTHING);
}

/// B4: what a target can do is the driver's word, not the plan's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l14_a_plan_that_claims_other_abilities_of_a_target_is_refused() {
    let team = team().await;
    let holding = |plan: &mut Value| {
        let targets = plan["targets"].as_array_mut().unwrap();
        let npm = targets.iter_mut().find(|one| one["kind"] == "npm").unwrap();
        npm["capabilities"]["holding-pointer"] = json!("next");
    };
    let mut plan = honest(&team);
    holding(&mut plan);
    save(&team, "odd.json", &plan);
    team.approves("alice", "odd.json");
    team.approves("bob", "odd.json");
    let policy = team.pinned();
    let refused = team
        .fixture
        .relplan(&["apply", "odd.json", "--policy", &policy]);
    let said: Vec<&str> = refused.stderr.split_whitespace().collect();
    assert!(
        said.join(" ")
            .contains("the holding pointer: next; here it is: relplan-pending"),
        "{refused}"
    );
    assert_ne!(refused.code, Some(0), "{refused}");
    assert_eq!(team.fixture.accepted_uploads(), NOTHING);
}

/// B6: whatever a plan says about credentials, the variable that `apply` reads is shown, and so is who may read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_the_variable_that_is_read_and_the_access_that_is_set_are_shown() {
    let team = team().await;
    let set = |sources: Value| {
        let mut plan = honest(&team);
        let targets = plan["targets"].as_array_mut().unwrap();
        let npm = targets.iter_mut().find(|one| one["kind"] == "npm").unwrap();
        npm["settings"]["token-env"] = json!({"text": "RELPLAN_TOKEN_OTHER"});
        match sources {
            Value::Null => drop(npm.as_object_mut().unwrap().remove("credentials")),
            sources => npm["credentials"] = sources,
        }
        for step in plan["steps"].as_array_mut().unwrap() {
            if step["id"].as_str().unwrap().starts_with("publish npm:") {
                step["effect"]["publish"]["settings"]["access"] = json!({"text": "restricted"});
            }
        }
        save(&team, "odd.json", &plan);
    };
    let role = "registry";
    for sources in [
        Value::Null,
        json!([{"role": role}]),
        json!([{"role": role, "source": "the user's .npmrc"}]),
    ] {
        set(sources);
        for format in ["text", "markdown"] {
            let shown = team
                .fixture
                .expect(0, &["show", "odd.json", "--format", format]);
            for word in ["the variable RELPLAN_TOKEN_OTHER", "access: restricted"] {
                let said: Vec<&str> = shown.stdout.split_whitespace().collect();
                let said = said.join(" ").replace('\\', "");
                assert!(said.contains(word), "{format}: {word}\n{shown}");
            }
        }
    }
    set(json!([{"role": role, "source": "the variable RELPLAN_TOKEN_X"}]));
    for command in ["show", "apply"] {
        team.fixture.expect(65, &[command, "odd.json"]);
    }
}
