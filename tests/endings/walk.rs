//! D10: the table of what to do next, walked: each situation is made with the real binary, the command that it prints is
//! run as it stands, and that comes to an end, or to something that only a person can decide.

use std::path::Path;

use relplan_testkit::{environment::Session, servers::stores::has_git};
use serde_json::Value;

use super::shelves::{Shelves, flat};

/// The commands that a session prints, each on a line of its own.
fn commands(session: &Session) -> Vec<String> {
    let printed = format!("{}\n{}", session.stdout, session.stderr);
    let command = |line: &str| line.strip_prefix("    relplan ").map(str::to_owned);
    let found = printed.lines().filter_map(command);
    found.map(|rest| format!("relplan {rest}")).collect()
}

/// Runs a printed line as it stands.
fn literally(shelves: &Shelves, line: &str, folder: &Path) -> Session {
    let mut shell = shelves.environment.command("sh");
    let binary = Path::new(crate::fixture::binary()).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    shell
        .env("PATH", format!("{}:{path}", binary.display()))
        .args(["-c", line])
        .current_dir(folder);
    shelves.environment.run(shell).unwrap()
}

/// Follows what is printed until something ends with 0: at most this many lines, each run as it stands.
fn follow(shelves: &Shelves, mut session: Session, most: usize) -> Vec<String> {
    let mut run = Vec::new();
    while session.code != Some(0) {
        let said = commands(&session);
        assert!(!said.is_empty(), "nothing is said: {run:?}\n{session}");
        assert!(run.len() < most, "it comes to no end: {run:?}\n{session}");
        session = literally(shelves, &said[0], &shelves.project());
        run.push(said[0].clone());
    }
    run
}

fn each_store(walk: impl Fn(&Shelves)) {
    walk(&Shelves::new());
    if has_git() {
        walk(&Shelves::with_git());
    }
}

const PART: [&str; 6] = [
    "apply",
    "release.json",
    "--target",
    "one",
    "--at-once",
    "--wait",
];

/// A plan is open, and the steps of one of its three targets are done.
fn half_open(shelves: &Shelves) {
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "release.json"]);
    shelves.expect(0, &[&PART[..], &["0s"]].concat());
}

/// The code for what is next, as the state's JSON has it.
fn next(shelves: &Shelves) -> Value {
    let status = shelves.expect(0, &["status", "--format", "json"]);
    let state: Value = serde_json::from_str(&status.stdout).unwrap();
    state["next"]["code"].clone()
}

/// 0 and 2: nothing is left to do, or a plan was saved and goes on by what it prints.
#[test]
fn d10_a_saved_plan_is_applied_by_what_it_prints() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        let planned = shelves.expect(2, &["plan", "-o", "release.json", "--detailed-exitcode"]);
        assert_eq!(follow(shelves, planned, 1), ["relplan apply release.json"]);
        let done = shelves.expect(0, &["apply", "release.json"]);
        assert!(done.stdout.contains("Nothing to do"), "{done}");
        assert_eq!(next(shelves), Value::Null);
    });
}

/// 3, E8: a conflict is a person's to look at; `apply` and `status` say the same, and it goes on from there.
#[test]
fn d10_e8_a_conflict_says_the_same_everywhere_and_ends() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        shelves.expect(0, &["plan", "-o", "release.json"]);
        // Somebody publishes the same version with other bytes.
        let file = "js/packages/c/index.js";
        shelves.write(file, "export const name = \"another\";\n");
        let elsewhere = ["--state", "elsewhere", "--bundle", "elsewhere-bundle"];
        let rival = ["apply", "--yes", "-p", "@acme/c", "--target", "one"];
        shelves.expect(0, &[&rival[..], &elsewhere].concat());
        shelves.on_another_machine();
        shelves.write(file, "export const name = \"@acme/c\";\n");
        let conflict = shelves.expect(3, &["apply", "release.json"]);
        let status = shelves.expect(0, &["status"]);
        let unlock = shelves.expect(0, &["state", "unlock"]);
        let planned = shelves.relplan(&["plan"]);
        let said = commands(&conflict);
        assert_eq!(said, commands(&status), "{conflict}{status}");
        assert_eq!(said, commands(&unlock), "{unlock}");
        assert!(planned.stdout.contains("plan-open"), "{planned}");
        assert!(
            flat(&planned.stdout).contains("state abandon --reason"),
            "{planned}"
        );
        assert_eq!(next(shelves), "decide-conflict");
        assert!(
            said[0].contains("state abandon --reason 'conflict at publish"),
            "{said:?}"
        );
        let abandoned = literally(shelves, &said[0], &shelves.project());
        assert_eq!(abandoned.code, Some(0), "{abandoned}");
        // The next plan holds what conflicts, and says so.
        let held = literally(shelves, &said[1], &shelves.project());
        assert_eq!(held.code, Some(3), "{held}");
    });
}

/// 4: a plan that needs approvals names the person's part.
#[test]
fn d10_a_plan_that_needs_approvals_says_what_people_do() {
    let shelves = Shelves::new();
    let gate = "gate \"ship\" before=\"publish\" { targets \"one\"; threshold 1; from \"alice@acme.example\"; }\n";
    shelves.add_to_spec(gate);
    shelves.expect(0, &["pack"]);
    let refused = shelves.expect(4, &["apply", "--yes"]);
    assert!(flat(&refused.stderr).contains("policy"), "{refused}");
    assert!(!commands(&refused).is_empty(), "{refused}");
}

/// 5: a stale plan is made again.
#[test]
fn d10_a_stale_plan_is_made_again() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        shelves.expect(0, &["plan", "-o", "older.json", "--lifetime", "2h"]);
        shelves.expect(0, &["plan", "-o", "release.json"]);
        shelves.expect(0, &["apply", "release.json"]);
        let stale = shelves.expect(5, &["apply", "older.json"]);
        assert_eq!(follow(shelves, stale, 1), ["relplan plan -o older.json"]);
    });
}

/// 5, D11: a plan that expired half applied says at once what to do, all of it; the state's JSON has the time.
#[test]
fn d11_an_expired_plan_says_the_whole_way_out_at_once() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        shelves.expect(0, &["plan", "-o", "release.json"]);
        let end = shelves.expire_soon("release.json");
        shelves.expect(0, &[&PART[..], &["0s"]].concat());
        shelves.wait_until_past(&end);
        let expired = shelves.expect(5, &["apply", "release.json"]);
        let said = commands(&expired);
        let words: Vec<&str> = said
            .iter()
            .map(|one| one.split(' ').nth(1).unwrap())
            .collect();
        assert_eq!(words, ["state", "pack", "plan", "apply"], "{expired}");
        let status = shelves.expect(0, &["status"]);
        assert_eq!(commands(&status)[0], said[0], "{status}");
        assert_eq!(next(shelves), "plan-again-expired");
        let shown = shelves.expect(0, &["state", "show"]);
        let state: Value = serde_json::from_str(&shown.stdout).unwrap();
        assert_eq!(state["open"]["not-after"], end, "{shown}");
        assert_eq!(state["open"]["total"], 14, "{shown}");
        for line in said {
            let session = literally(shelves, &line, &shelves.project());
            assert_eq!(session.code, Some(0), "{line}\n{session}");
        }
        shelves.expect(0, &["plan", "--detailed-exitcode"]);
    });
}

/// 6: another plan is open: what it says finishes that one.
#[test]
fn d10_an_open_plan_is_finished_by_what_another_is_told() {
    each_store(|shelves| {
        half_open(shelves);
        shelves.expect(0, &["plan", "-o", "other.json"]);
        for refused in [
            shelves.expect(6, &["apply", "other.json"]),
            shelves.expect(6, &["pack"]),
            shelves.expect(6, &["adopt", "--yes"]),
            shelves.expect(6, &["state", "forget", "one:@acme/a"]),
        ] {
            assert_eq!(commands(&refused)[0], "relplan apply", "{refused}");
        }
        let refused = shelves.expect(6, &["apply", "other.json"]);
        assert_eq!(follow(shelves, refused, 1), ["relplan apply"]);
    });
}

/// 6: the plan's file is not here, and only a person can know where it is.
#[test]
fn d10_a_plan_whose_file_is_elsewhere_names_what_a_person_does() {
    let shelves = Shelves::new();
    half_open(&shelves);
    std::fs::remove_dir_all(shelves.project().join(".relplan/plans")).unwrap();
    let refused = shelves.expect(6, &["apply"]);
    assert!(
        flat(&refused.stderr).contains("its file is not kept here"),
        "{refused}"
    );
    assert_eq!(commands(&refused)[0], "relplan apply PLAN");
    assert_eq!(next(&shelves), "apply-plan-file");
    // The person finds it.
    let found = literally(&shelves, "relplan apply release.json", &shelves.project());
    assert_eq!(found.code, Some(0), "{found}");
}

/// 7, D14: a run that waited in vain says for whom and how to go on.
#[test]
fn d14_a_run_that_waited_in_vain_says_how_to_go_on() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        shelves.expect(0, &["plan", "-o", "release.json"]);
        let alone = ["apply", "release.json", "--target", "two", "--wait", "1s"];
        let vain = shelves.expect(7, &alone);
        let said = flat(&vain.stdout);
        assert!(said.contains("no run of one has begun"), "{vain}");
        assert!(said.contains("no run of three has begun"), "{vain}");
        let told = flat(&vain.stderr);
        assert!(
            told.contains("waiting for the runs to begin of one, three"),
            "{vain}"
        );
        assert_eq!(follow(shelves, vain, 1), ["relplan apply release.json"]);
    });
}

/// 7: a target that cannot be written to is put right by a person, then the same command goes through.
#[test]
fn d10_what_is_in_the_way_is_put_right_and_the_same_plan_goes_on() {
    let shelves = Shelves::new();
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "release.json"]);
    shelves.write("out/two", "in the way");
    let refused = shelves.expect(7, &["apply", "release.json"]);
    assert!(
        flat(&refused.stderr).contains("put right what is named above"),
        "{refused}"
    );
    assert!(shelves.records().is_empty(), "nothing was begun");
    std::fs::remove_file(shelves.project().join("out/two")).unwrap();
    assert_eq!(follow(&shelves, refused, 1), ["relplan apply release.json"]);
}

/// 8, E4: a held row is no step; the last lines say what the exit code says.
#[test]
fn e4_what_was_held_back_is_told_where_the_exit_code_tells_it() {
    each_store(|shelves| {
        shelves.expect(0, &["pack"]);
        shelves.expect(
            0,
            &[
                "apply",
                "--yes",
                "-p",
                "@acme/a",
                "--bundle",
                ".relplan/bundle",
            ],
        );
        // The registry's document of another version's package cannot be read.
        let spoilt = shelves.spoil("two", "@acme/a");
        shelves.set_version("1.1.0");
        shelves.expect(0, &["pack"]);
        let planned = shelves.relplan(&["plan", "-o", "release.json"]);
        assert_eq!(planned.code, Some(8), "{planned}");
        let applied = shelves.expect(8, &["apply", "release.json"]);
        let said = flat(&applied.stdout);
        assert!(said.starts_with("Not all applied:"), "{applied}");
        assert!(said.contains("held back"), "{applied}");
        assert!(said.contains("held two:@acme/a"), "{applied}");
        assert_eq!(commands(&applied), ["relplan plan"], "{applied}");
        shelves.unspoil(spoilt);
        let left = literally(shelves, &commands(&applied)[0], &shelves.project());
        assert_eq!(left.code, Some(0), "{left}");
        assert!(left.stdout.contains("1.1.0"), "{left}");
    });
}

/// 10: a damaged journal names the command that looks at it.
#[test]
fn d10_a_damaged_journal_says_how_to_look_at_it() {
    let shelves = Shelves::new();
    shelves.expect(0, &["apply", "--yes"]);
    let journal = shelves.project().join(".relplan/state/journal.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen("acme", "acne", 1)).unwrap();
    let damaged = shelves.expect(10, &["status"]);
    assert_eq!(commands(&damaged), ["relplan state check"]);
    let checked = literally(&shelves, &commands(&damaged)[0], &shelves.project());
    assert!(!commands(&checked).is_empty(), "{checked}");
}

/// 10, D16: plans that cannot be kept stop an apply before anything is begun.
#[test]
fn d16_a_plan_that_cannot_be_kept_is_not_begun() {
    let shelves = Shelves::new();
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "release.json"]);
    shelves.write(".relplan/plans", "a file");
    let refused = shelves.expect(10, &["apply", "release.json"]);
    // Paths are broken over lines.
    let said: String = refused.stderr.split_whitespace().collect();
    assert!(said.contains("/.relplan/plans/"), "{refused}");
    assert!(shelves.records().is_empty());
    assert!(shelves.files("out").is_empty());
}

/// 64: nobody can be asked, so the plan is saved and applied.
#[test]
fn d10_where_nobody_can_be_asked_the_plan_is_saved_and_applied() {
    let shelves = Shelves::new();
    let refused = shelves.expect(64, &["apply"]);
    let said = commands(&refused);
    assert_eq!(
        said,
        ["relplan plan -o release.json", "relplan apply release.json"]
    );
    for line in said {
        let session = literally(&shelves, &line, &shelves.project());
        assert!(matches!(session.code, Some(0 | 65)), "{session}");
    }
}

/// 65, D8: the bundle of an open plan is packed again, and the same plan goes on with the same bytes.
#[test]
fn d8_a_lost_bundle_is_packed_again_under_the_same_digests() {
    each_store(|shelves| {
        half_open(shelves);
        std::fs::remove_dir_all(shelves.project().join(".relplan/bundle")).unwrap();
        let lost = shelves.expect(65, &["apply"]);
        let status = shelves.expect(0, &["status"]);
        assert_eq!(commands(&lost), commands(&status), "{lost}{status}");
        assert_eq!(next(shelves), "pack-again");
        assert_eq!(commands(&lost)[..2], ["relplan pack", "relplan apply"]);
        for line in &commands(&lost)[..2] {
            let session = literally(shelves, line, &shelves.project());
            assert_eq!(session.code, Some(0), "{line}\n{session}");
        }
        shelves.expect(0, &["plan", "--detailed-exitcode"]);
    });
}

/// 65, D8: where it comes out with other bytes, only a new plan helps, and that is said.
#[test]
fn d8_l3_a_bundle_that_comes_out_otherwise_does_not_go_on() {
    let shelves = Shelves::new();
    half_open(&shelves);
    std::fs::remove_dir_all(shelves.project().join(".relplan/bundle")).unwrap();
    shelves.write(
        "js/packages/c/index.js",
        "export const name = \"another\";\n",
    );
    let other = shelves.expect(65, &["pack"]);
    assert!(
        flat(&other.stderr).contains("did not come out with the planned bytes"),
        "{other}"
    );
    let run = follow(&shelves, other, 1);
    assert!(run[0].contains("state abandon --reason"), "{run:?}");
}

/// D10: what was typed to say where things are stands in the next step, in a folder with a space and from elsewhere.
#[test]
fn d10_the_next_step_says_again_where_things_are() {
    let shelves = Shelves::new();
    let moved = shelves.environment.root().join("it's here");
    std::fs::rename(shelves.project(), &moved).unwrap();
    std::fs::create_dir(shelves.project()).unwrap();
    let at = ["-C", moved.to_str().unwrap()];
    let run = |arguments: &[&str]| shelves.relplan(&[&at[..], arguments].concat());
    let pack = run(&["pack", "--bundle", "b 2"]);
    assert_eq!(pack.code, Some(0), "{pack}");
    let places = ["--state", "st2", "--bundle", "b 2"];
    let planned = run(&[&["plan", "-o", "release.json"], &places[..]].concat());
    assert_eq!(planned.code, Some(0), "{planned}");
    let begun = run(&[&PART[..], &["0s"], &places].concat());
    assert_eq!(begun.code, Some(0), "{begun}");
    let status = run(&["status", "--state", "st2", "--bundle", "b 2"]);
    let line = &commands(&status)[0];
    let finished = literally(&shelves, line, &shelves.project());
    assert_eq!(finished.code, Some(0), "{line}\n{finished}");
    assert!(!moved.join(".relplan/state").exists(), "no second journal");
}

/// D9: a plan that is made while another is open says so, for people and for programs.
#[test]
fn d9_an_open_plan_is_a_finding_of_the_next() {
    each_store(|shelves| {
        half_open(shelves);
        let text = shelves.expect(0, &["plan"]);
        let markdown = shelves.expect(0, &["plan", "--format", "markdown"]);
        let page = shelves.expect(0, &["plan", "--html", "page.html"]);
        let html = std::fs::read_to_string(shelves.project().join("page.html")).unwrap();
        for told in [&text.stdout, &markdown.stdout, &html] {
            assert!(
                flat(told).contains("4 of 14 of its steps are done"),
                "{told}{page}"
            );
        }
        let json = shelves.expect(0, &["plan", "--format", "json"]);
        let plan: Value = serde_json::from_str(&json.stdout).unwrap();
        let findings = plan["findings"].as_array().unwrap();
        let open = findings
            .iter()
            .find(|one| one["code"] == "plan-open")
            .unwrap();
        assert!(
            open["hint"].as_str().unwrap().contains("`relplan apply`"),
            "{open}"
        );
    });
}
