//! Situations of plans: saved, stale, expired, open, and ended with something left.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    process::{Child, Stdio},
};

use nix::{sys::signal::Signal, unistd::Pid};
use relplan_testkit::environment::Session;
use serde_json::Value;

use super::{super::shelves::flat, Walk, commands};

const PART: [&str; 8] = [
    "apply",
    "release.json",
    "--target",
    "one",
    "--at-once",
    "--wait",
    "0s",
    "--yes",
];

/// A plan is saved.
fn planned(walk: &Walk) {
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "release.json"]);
}

/// A plan is open, and the steps of one of its three targets are done.
pub(super) fn half_open(walk: &Walk) {
    planned(walk);
    walk.expect(0, &PART);
}

/// 0 and 2: nothing is left to do, or a plan was saved and goes on by what it prints.
pub(super) fn saved(walk: &Walk) {
    walk.expect(0, &["pack"]);
    walk.ends(0, "apply-saved", &["plan", "-o", "release.json"]);
    let plan = ["plan", "-o", "release.json", "--detailed-exitcode"];
    let planned = walk.ends(2, "apply-saved", &plan);
    assert_eq!(walk.follow(planned, 1), ["relplan apply release.json"]);
    let done = walk.expect(0, &["apply", "release.json"]);
    assert!(done.stdout.contains("Nothing to do"), "{done}");
    assert_eq!(walk.next(), Value::Null);
}

/// 64: the plan is saved and applied.
pub(super) fn nobody_to_ask(walk: &Walk) {
    let refused = walk.ends(64, "save-plan", &["apply"]);
    let said = commands(&refused);
    assert_eq!(
        said,
        ["relplan plan -o release.json", "relplan apply release.json"]
    );
    // The bundle is packed by the first apply.
    walk.all_good(&said);
}

/// 3, E8: a person looks; `apply`, `status`, `unlock` and `plan` say the same, and it goes on from there.
pub(super) fn conflict(walk: &Walk) {
    planned(walk);
    somebody_publishes(walk);
    let conflict = walk.ends(3, "decide-conflict", &["apply", "release.json"]);
    let status = walk.expect(0, &["status"]);
    let unlock = walk.expect(0, &["state", "unlock"]);
    let planned = walk.relplan(&["plan"]);
    let said = commands(&conflict);
    assert_eq!(said, commands(&status), "{conflict}{status}");
    assert_eq!(said, commands(&unlock), "{unlock}");
    assert!(planned.stdout.contains("plan-open"), "{planned}");
    let told = flat(&planned.stdout);
    assert!(told.contains("state abandon --reason"), "{planned}");
    assert_eq!(walk.next(), "decide-conflict");
    let abandons = said[0].contains("state abandon --reason 'conflict at publish");
    assert!(abandons, "{said:?}");
    walk.all_good(&said[..1]);
    // The next plan holds what conflicts, and says so.
    let held = walk.literally(&said[1]);
    assert_eq!(held.code, Some(3), "{held}");
}

/// Somebody publishes one of the versions with other bytes.
fn somebody_publishes(walk: &Walk) {
    let file = "js/packages/c/index.js";
    walk.write(file, "export const name = \"another\";\n");
    let elsewhere = ["--state", "elsewhere", "--bundle", "elsewhere-bundle"];
    let rival = ["apply", "--yes", "-p", "@acme/c", "--target", "one"];
    walk.expect(0, &[&rival[..], &elsewhere].concat());
    walk.on_another_machine();
    let _ = std::fs::remove_dir_all(walk.project().join(".relplan/plans"));
    walk.write(file, "export const name = \"@acme/c\";\n");
}

/// 5: a stale plan is made again.
pub(super) fn stale(walk: &Walk) {
    walk.expect(0, &["pack"]);
    walk.expect(0, &["plan", "-o", "older.json", "--lifetime", "2h"]);
    walk.expect(0, &["plan", "-o", "release.json"]);
    walk.expect(0, &["apply", "release.json"]);
    let stale = walk.ends(5, "plan", &["apply", "older.json"]);
    assert_eq!(walk.follow(stale, 1), ["relplan plan -o older.json"]);
}

/// 65: a plan that was made before packing.
pub(super) fn unpacked(walk: &Walk) {
    walk.expect(0, &["plan", "-o", "release.json"]);
    walk.expect(0, &["pack"]);
    let unpacked = walk.ends(65, "plan", &["apply", "release.json"]);
    let said = commands(&unpacked);
    assert_eq!(said, ["relplan pack", "relplan plan -o release.json"]);
    walk.all_good(&said);
    walk.expect(0, &["apply", "release.json"]);
}

/// 5, D11: what expired half applied says at once what to do, all of it; the state's JSON has the time.
pub(super) fn expired(walk: &Walk) {
    planned(walk);
    let end = walk.expire_soon("release.json");
    walk.expect(0, &PART);
    walk.wait_until_past(&end);
    let expired = walk.ends(5, "plan-again-expired", &["apply", "release.json"]);
    let said = commands(&expired);
    let word = |line: &String| line.split(' ').nth(1).unwrap().to_owned();
    let words: Vec<String> = said.iter().map(word).collect();
    assert_eq!(words, ["state", "pack", "plan", "apply"], "{expired}");
    let status = walk.expect(0, &["status"]);
    assert_eq!(commands(&status)[0], said[0], "{status}");
    assert_eq!(walk.next(), "plan-again-expired");
    let shown = walk.expect(0, &["state", "show"]);
    let state: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(state["open"]["not-after"], end, "{shown}");
    assert_eq!(state["open"]["total"], 14, "{shown}");
    walk.all_good(&said);
    walk.expect(0, &["plan", "--detailed-exitcode"]);
}

/// 6 and 64: what another command says finishes the open plan.
pub(super) fn another_open(walk: &Walk) {
    half_open(walk);
    walk.expect(0, &["plan", "-o", "other.json"]);
    for command in [
        &["apply", "other.json"][..],
        &["pack"],
        &["adopt", "--yes"],
        &["state", "forget", "one:@acme/a"],
    ] {
        let refused = walk.ends(6, "apply", command);
        assert_eq!(commands(&refused)[0], "relplan apply", "{refused}");
    }
    let less = walk.ends(64, "apply", &["apply", "--target", "two"]);
    assert_eq!(walk.follow(less, 1), ["relplan apply"]);
}

/// 6: only a person can know where the plan's file is.
pub(super) fn elsewhere(walk: &Walk) {
    half_open(walk);
    std::fs::remove_dir_all(walk.project().join(".relplan/plans")).unwrap();
    let refused = walk.ends(6, "apply-plan-file", &["apply"]);
    assert_eq!(commands(&refused)[0], "relplan apply PLAN");
    assert_eq!(walk.next(), "apply-plan-file");
    // The person finds it.
    walk.all_good(&["relplan apply release.json".to_owned()]);
}

/// 7, D14: a run that waited in vain says for whom, and how to go on.
pub(super) fn in_vain(walk: &Walk) {
    planned(walk);
    let alone = ["apply", "release.json", "--target", "two", "--wait", "1s"];
    let vain = walk.ends(7, "apply-others", &alone);
    let said = flat(&vain.stdout);
    assert!(said.contains("no run of one has begun"), "{vain}");
    assert!(said.contains("no run of three has begun"), "{vain}");
    let told = flat(&vain.stderr);
    assert!(
        told.contains("waiting for the runs to begin of one, three"),
        "{vain}"
    );
    assert_eq!(walk.follow(vain, 1), ["relplan apply release.json"]);
}

/// Starts relplan, and comes back when it has said something.
fn begin(walk: &Walk, arguments: &[&str], words: &str) -> Child {
    let mut command = walk.environment.relplan(arguments);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = lines.by_ref().map(Result::unwrap);
    assert!(said.any(|line| line.contains(words)), "{words}");
    // Whoever writes to a pipe that nobody reads any more is ended by it.
    std::thread::spawn(move || lines.count());
    child
}

fn signal(child: &Child, signal: Signal) {
    let id = i32::try_from(child.id()).unwrap();
    nix::sys::signal::kill(Pid::from_raw(id), signal).unwrap();
}

/// 6: another run has the same steps. It is looked at; and when it is gone, the same command goes through.
pub(super) fn at_work(walk: &Walk) {
    planned(walk);
    let two = ["apply", "release.json", "--target", "two"];
    let waits = [&two[..], &["--wait", "5m"]].concat();
    let mut child = begin(walk, &waits, "waiting for the runs to begin");
    let refused = walk.ends(6, "look", &two);
    let said = commands(&refused);
    assert_eq!(
        said,
        [
            "relplan status",
            "relplan apply release.json --target two --take-over"
        ]
    );
    walk.all_good(&said[..1]);
    signal(&child, Signal::SIGTERM);
    child.wait().unwrap();
    walk.all_good(&["relplan apply release.json".to_owned()]);
}

/// 7: a person clears the way, then the same command goes through.
pub(super) fn in_the_way(walk: &Walk) {
    planned(walk);
    walk.write("out/two", "in the way");
    let refused = walk.ends(7, "put-right", &["apply", "release.json"]);
    std::fs::remove_file(walk.project().join("out/two")).unwrap();
    assert_eq!(walk.follow(refused, 1), ["relplan apply release.json"]);
}

/// 7, D12: a step was refused for good. A person removes the reason, and the same plan goes on.
pub(super) fn refused(walk: &Walk) {
    planned(walk);
    walk.write("out/three/npm-tarballs", "a file");
    let refused = walk.ends(7, "decide-refused", &["apply", "release.json"]);
    assert_eq!(walk.next(), "decide-refused");
    std::fs::remove_file(walk.project().join("out/three/npm-tarballs")).unwrap();
    assert_eq!(walk.follow(refused, 1), ["relplan apply release.json"]);
}

/// 8: what became of a step cannot be found out.
pub(super) fn unknown_step(walk: &Walk) {
    half_open(walk);
    walk.write("out/two/npm/@acme/a", "{");
    let unknown = walk.ends(8, "apply", &["apply", "release.json"]);
    std::fs::remove_file(walk.project().join("out/two/npm/@acme/a")).unwrap();
    assert_eq!(walk.follow(unknown, 1), ["relplan apply release.json"]);
}

/// An apply in the middle of which something happens: it is held up by a folder that another process has locked.
pub(super) fn in_the_middle(walk: &Walk, happens: impl FnOnce(&Child)) -> Session {
    half_open(walk);
    walk.write("out/two/.relplan/lock", "");
    let lock = walk.project().join("out/two/.relplan/lock");
    let lock = File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    let arguments = ["apply", "release.json", "--parallelism", "1"];
    let child = begin(walk, &arguments, "done publish three");
    happens(&child);
    drop(lock);
    let output = child.wait_with_output().unwrap();
    Session {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::new(),
    }
}

/// 130: somebody stops it.
pub(super) fn interrupted(walk: &Walk) {
    let session = in_the_middle(walk, |child| signal(child, Signal::SIGINT));
    walk.says(130, "apply", &session);
    assert_eq!(walk.follow(session, 1), ["relplan apply release.json"]);
}

/// 8, E4: a held row is no step; the last lines say what the exit code says.
pub(super) fn held_unknown(walk: &Walk) {
    walk.expect(0, &["pack"]);
    let first = ["apply", "--yes", "-p", "@acme/a"];
    walk.expect(0, &[&first[..], &["--bundle", ".relplan/bundle"]].concat());
    // The registry's document of another version's package cannot be read.
    let spoilt = walk.spoil("two", "@acme/a");
    walk.set_version("1.1.0");
    walk.expect(0, &["pack"]);
    walk.expect(8, &["plan", "-o", "release.json"]);
    let applied = walk.ends(8, "plan-again-unknown", &["apply", "release.json"]);
    let said = flat(&applied.stdout);
    assert!(said.starts_with("Not all applied:"), "{applied}");
    assert!(said.contains("held back"), "{applied}");
    assert!(said.contains("held two:@acme/a"), "{applied}");
    assert_eq!(commands(&applied), ["relplan plan"], "{applied}");
    walk.unspoil(spoilt);
    let left = walk.literally(&commands(&applied)[0]);
    assert_eq!(left.code, Some(0), "{left}");
    assert!(left.stdout.contains("1.1.0"), "{left}");
}

/// 3: the plan itself held what conflicts, and the rest is done.
pub(super) fn held_conflict(walk: &Walk) {
    walk.expect(0, &["pack"]);
    somebody_publishes(walk);
    walk.expect(3, &["plan", "-o", "release.json"]);
    let held = walk.ends(3, "decide-held", &["apply", "release.json"]);
    assert_eq!(commands(&held), ["relplan plan"]);
    // A plan that has nothing else to do says the same, for people and for programs.
    walk.ends(3, "decide-held", &["plan"]);
    let events = walk.expect(
        3,
        &["apply", "--yes", "--json", "--bundle", ".relplan/bundle"],
    );
    let last: Value = serde_json::from_str(events.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last["event"]["next"]["code"], "decide-held", "{events}");
    // The person takes the version out of the way.
    walk.write(
        "js/packages/c/index.js",
        "export const name = \"another\";\n",
    );
    walk.set_version("1.1.0");
    walk.expect(0, &["pack"]);
    walk.all_good(&commands(&held));
}

/// 65: a package that its manifest keeps private and the spec releases ends it all.
pub(super) fn held_invalid(walk: &Walk) {
    let manifest = "js/packages/c/package.json";
    let sound = std::fs::read_to_string(walk.project().join(manifest)).unwrap();
    let private = sound.replace('}', ",\"private\":true}");
    walk.expect(0, &["pack"]);
    walk.write(manifest, &private);
    walk.expect(65, &["pack"]);
    walk.expect(65, &["plan", "-o", "release.json"]);
    let refused = walk.ends(65, "plan", &["apply", "release.json"]);
    // Where there is nothing else to do, the plan says it itself.
    walk.ends(65, "decide-held", &["plan", "-p", "@acme/c"]);
    // The person says that it is for everybody.
    walk.write(manifest, &sound);
    walk.expect(0, &["pack"]);
    assert_eq!(walk.follow(refused, 1), ["relplan plan -o release.json"]);
}

/// 65, D8: the bundle of an open plan is packed again, and the same plan goes on with the same bytes.
pub(super) fn bundle_lost(walk: &Walk) {
    half_open(walk);
    std::fs::remove_dir_all(walk.project().join(".relplan/bundle")).unwrap();
    let lost = walk.ends(65, "pack-again", &["apply"]);
    let status = walk.expect(0, &["status"]);
    assert_eq!(commands(&lost), commands(&status), "{lost}{status}");
    assert_eq!(walk.next(), "pack-again");
    assert_eq!(commands(&lost)[..2], ["relplan pack", "relplan apply"]);
    walk.all_good(&commands(&lost)[..2]);
    walk.expect(0, &["plan", "--detailed-exitcode"]);
}

/// 65, D8: where it comes out with other bytes, only a new plan helps, and that is said.
pub(super) fn not_reproduced(walk: &Walk) {
    half_open(walk);
    std::fs::remove_dir_all(walk.project().join(".relplan/bundle")).unwrap();
    let file = "js/packages/c/index.js";
    walk.write(file, "export const name = \"another\";\n");
    let other = walk.ends(65, "abandon-lost", &["pack"]);
    let told = flat(&other.stderr);
    assert!(
        told.contains("did not come out with the planned bytes"),
        "{other}"
    );
    let run = walk.follow(other, 1);
    assert!(run[0].contains("state abandon --reason"), "{run:?}");
}

/// 1: the machine is in the way.
pub(super) fn file_in_the_way(walk: &Walk) {
    walk.write("plans", "a file");
    let failed = walk.ends(1, "again", &["plan", "-o", "plans/it's.json"]);
    std::fs::remove_file(walk.project().join("plans")).unwrap();
    let line = r"relplan plan -o 'plans/it'\''s.json'";
    assert_eq!(walk.follow(failed, 1), [line]);
}

/// 64: nobody can be asked, and the word that is missing is said.
pub(super) fn adopt_asks(walk: &Walk) {
    walk.expect(0, &["apply", "--yes", "--state", "elsewhere"]);
    walk.on_another_machine();
    let _ = std::fs::remove_dir_all(walk.project().join(".relplan/plans"));
    let asked = walk.ends(64, "again", &["adopt", "-p", "@acme/*"]);
    let line = "relplan adopt -p '@acme/*' --yes";
    assert_eq!(walk.follow(asked, 1), [line]);
}
