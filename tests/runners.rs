//! Several runners, one store: the state at a ref of a git repository, real processes, the three real registries.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use relplan_testkit::{
    environment::copy_folder,
    proxy::{Fault, Rule, request},
    servers::stores::has_git,
};
use serde_json::Value;

use crate::fixture::{Fixture, NPM, ONE_OF_EACH, Packers, killed};

const REF: &str = "refs/relplan/state";

/// The environment variable that says how many rounds of two runners are played.
const ROUNDS: &str = "RELPLAN_TEST_ROUNDS";

pub fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A fixture whose spec keeps the state in a repository beside the project, and that repository.
pub async fn shared() -> (Fixture, PathBuf) {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let root = fixture.environment.root().to_owned();
    let repository = root.join("servers/state.git");
    std::fs::create_dir_all(&repository).unwrap();
    git(&repository, &["init", "--quiet", "--bare"]);
    let spec = root.join("project/relplan.kdl");
    let text = std::fs::read_to_string(&spec).unwrap();
    let state = format!("state \"git\" remote=\"file://{}\"\n", repository.display());
    std::fs::write(&spec, text + &state).unwrap();
    (fixture, repository)
}

/// A folder with nothing but a plan and its bundle: what another runner has.
pub fn another_runner(fixture: &Fixture, name: &str) -> PathBuf {
    let project = fixture.environment.project();
    let folder = fixture.environment.root().join(name);
    let _ = std::fs::remove_dir_all(&folder);
    copy_folder(&project.join(".relplan/bundle"), &folder.join("bundle")).unwrap();
    std::fs::copy(project.join("release.json"), folder.join("release.json")).unwrap();
    folder
}

const APPLY: [&str; 7] = [
    "apply",
    "release.json",
    "--bundle",
    "bundle",
    "--yes",
    "--settle",
    "1s",
];

/// The same, in a folder.
fn apply_in(folder: &Path) -> Vec<&str> {
    let mut arguments = vec!["-C", folder.to_str().unwrap()];
    arguments.extend(APPLY);
    arguments
}

pub fn prepare(fixture: &Fixture, from: &str, to: &str) {
    fixture.set_version(from, to);
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
}

/// The chapters of the journal that are about plans.
pub fn plans(fixture: &Fixture) -> Vec<Value> {
    let log = fixture.expect(0, &["state", "log", "--json"]);
    let lines: Vec<&str> = log.stdout.lines().collect();
    let plan = |chapter| serde_json::to_value(chapter).unwrap().get("plan").cloned();
    let chapters = relplan_state::audit(&lines).unwrap();
    chapters.into_iter().filter_map(plan).collect()
}

/// What an undisturbed run would have left: each file accepted once, pointers moved, every step recorded, nothing open.
pub async fn is_whole(fixture: &Fixture, version: &str, what: &str) {
    let uploads = fixture.accepted_uploads();
    assert_eq!(
        uploads, ONE_OF_EACH,
        "{what}: l4, each file was accepted once"
    );
    for name in NPM {
        let path = format!("/-/package/{}/dist-tags", name.replace('/', "%2f"));
        let proxy = fixture.bench.npm.address();
        let (_, body) = request(proxy, "GET", &path, &[], Vec::new()).await.unwrap();
        let tags: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(
            tags,
            serde_json::json!({ "latest": version }),
            "{what}: {name}"
        );
    }
    let plan = plans(fixture).pop().unwrap();
    assert_eq!(plan["end"]["how"], "closed", "{what}: {plan}");
    let text = std::fs::read(fixture.environment.project().join("release.json")).unwrap();
    let planned: Value = serde_json::from_slice(&text).unwrap();
    let steps = plan["steps"].as_array().unwrap();
    assert_eq!(
        steps.len(),
        planned["steps"].as_array().unwrap().len(),
        "{what}: no record is lost"
    );
    for step in steps {
        assert!(step["outcome"].get("done").is_some(), "{what}: {step}");
    }
    fixture.expect(0, &["state", "check", "--plan", "release.json"]);
    let again = fixture.expect(0, &["plan", "--detailed-exitcode"]);
    assert!(
        again.stdout.contains("Nothing to do"),
        "{what}: l12\n{again}"
    );
    let temporary = fixture.environment.root().join("tmp");
    let left = std::fs::read_dir(temporary).unwrap();
    let left: Vec<_> = left
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().starts_with("relplan-git-"))
        .collect();
    assert!(
        left.is_empty(),
        "{what}: what killed processes left: {left:?}"
    );
}

/// Numbers that differ from round to round and are the same in every run of the test.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l10_two_processes_that_apply_one_plan_at_once_end_as_one() {
    if !has_git() {
        return;
    }
    let rounds = std::env::var(ROUNDS).map_or(4, |rounds| rounds.parse().unwrap());
    let (fixture, repository) = shared().await;
    // An undisturbed run, for the time that it takes.
    prepare(&fixture, "0.1.0", "0.1.1");
    let alone = another_runner(&fixture, "alone");
    let begin = std::time::Instant::now();
    fixture.expect(0, &apply_in(&alone));
    let usual = u64::try_from(begin.elapsed().as_millis()).unwrap();
    is_whole(&fixture, "0.1.1", "undisturbed").await;

    let (mut dice, mut kills, mut both) = (Dice(20_261_127), 0, 0);
    for round in 0..rounds {
        let (from, to) = (format!("0.1.{}", round + 1), format!("0.1.{}", round + 2));
        prepare(&fixture, &from, &to);
        let folders = ["a", "b"].map(|name| another_runner(&fixture, name));
        let mut running = folders.each_ref().map(|folder| {
            let mut command =
                tokio::process::Command::from(fixture.environment.relplan(&apply_in(folder)));
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        });
        // Neither is killed, one of the two, or both, each at some moment of the run.
        let victims = [[false, false], [true, false], [false, true], [true, true]];
        let mut ends = Vec::new();
        for (child, is_victim) in running.iter_mut().zip(victims[dice.below(4) as usize]) {
            let moment = Duration::from_millis(dice.below(usual));
            if is_victim && tokio::time::timeout(moment, child.wait()).await.is_err() {
                child.kill().await.unwrap();
                kills += 1;
            }
        }
        for child in &mut running {
            let Some(code) = child.wait().await.unwrap().code() else {
                continue;
            };
            assert!(
                matches!(code, 0 | 6 | 7 | 8),
                "round {round}: done, overtaken, or left to a later run: {code}"
            );
            ends.push(code);
        }
        both += usize::from(ends.len() == 2);
        // Whoever is left runs it again, until it is done.
        let mut last = None;
        for attempt in 0..4 {
            let session = fixture.relplan(&apply_in(&folders[attempt % 2]));
            if session.code == Some(0) {
                last = None;
                break;
            }
            last = Some(session);
        }
        assert!(last.is_none(), "round {round}, {ends:?}: {}", last.unwrap());
        is_whole(&fixture, &to, &format!("round {round}, {ends:?}")).await;
    }
    fixture.no_canary_in_files();
    git(&repository, &["fsck", "--strict"]);
    println!(
        "{rounds} rounds, {kills} kills, {both} rounds in which both ran to an end, {usual} ms undisturbed"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_a_runner_that_is_gone_with_its_folder_is_taken_over_from_by_plan_and_bundle_alone() {
    if !has_git() {
        return;
    }
    let (fixture, repository) = shared().await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    let first = another_runner(&fixture, "first");
    let second = another_runner(&fixture, "second");
    // The first one dies while the server has done its work and its answer has not come.
    fixture
        .bench
        .cargo
        .inject(Rule::once("PUT", "/crates/new", Fault::HoldAfter));
    let stalled = fixture.bench.cargo.log().until_stalled();
    assert!(
        killed(&fixture, &apply_in(&first), stalled).await,
        "it came to its upload"
    );
    std::fs::remove_dir_all(&first).unwrap();
    std::fs::remove_dir_all(fixture.environment.project().join(".relplan")).unwrap();
    fixture.heal();

    // It had told the store what it was about to do (law L9).
    let log = git(&repository, &["log", "--reverse", "--format=%s", REF]);
    assert!(log.lines().next().unwrap().starts_with("claim "), "{log}");
    assert!(log.contains("intent publish crates:"), "{log}");

    let taken_over = fixture.expect(0, &apply_in(&second));
    assert!(taken_over.stdout.contains("steps done"), "{taken_over}");
    is_whole(&fixture, crate::fixture::VERSION, "taken over").await;
    let plan = plans(&fixture).pop().unwrap();
    assert_eq!(plan["runs"].as_array().unwrap().len(), 2, "{plan}");
    let found = plan["steps"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|step| step["outcome"]["done"] == "found-after-unknown");
    assert!(
        found.count() >= 1,
        "what the first one uploaded was found, not sent again: {plan}"
    );
}

/// Without the claim in the store nothing may be sent: a store out of reach ends it before the first write.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_no_write_is_sent_when_the_claim_cannot_be_stored() {
    if !has_git() {
        return;
    }
    let (fixture, repository) = shared().await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    fixture.clear_logs();
    // It can be read, and takes no push.
    git(
        &repository,
        &["config", "receive.denyCurrentBranch", "refuse"],
    );
    git(
        &repository,
        &["config", "transfer.hideRefs", "refs/relplan"],
    );
    let runner = another_runner(&fixture, "runner");
    let refused = fixture.expect(10, &apply_in(&runner));
    assert!(refused.stderr.contains("refs/relplan/state"), "{refused}");
    let uploads = fixture.accepted_uploads();
    assert_eq!((uploads.crates, uploads.npm, uploads.python), (0, 0, 0));
}
