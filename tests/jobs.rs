//! One job for each target: real processes that share one plan and one store, each with no credential but its own.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use relplan_testkit::{
    environment::Session,
    proxy::{Fault, Rule},
    servers::stores::has_git,
};
use serde_json::Value;
use tokio::process::{Child, Command};

use crate::{
    fixture::{Fixture, VERSION, events},
    runners::{another_runner, is_whole, plans, prepare, shared},
};

/// What one job has: a folder with plan and bundle, a home with the configuration and the credential of its target.
struct Job {
    target: String,
    folder: PathBuf,
    home: PathBuf,
}

impl Job {
    fn new(fixture: &Fixture, target: &str) -> Self {
        let folder = another_runner(fixture, &format!("job-{target}"));
        // What a person keeps lies outside of the folder that is worked in: what lies there counts as the tree's.
        let home = fixture.environment.root().join(format!("home-{target}"));
        let from = fixture.environment.home();
        std::fs::create_dir_all(home.join(".cargo")).unwrap();
        let own = match target {
            "crates" => ".cargo/config.toml",
            "npm" => ".npmrc",
            _ => ".pypirc",
        };
        std::fs::copy(from.join(own), home.join(own)).unwrap();
        Self {
            target: target.to_owned(),
            folder,
            home,
        }
    }

    fn start(&self, fixture: &Fixture, more: &[&str]) -> Child {
        let mut arguments = vec![
            "-C",
            self.folder.to_str().unwrap(),
            "apply",
            "release.json",
            "--target",
            &self.target,
            "--bundle",
            "bundle",
            "--json",
        ];
        arguments.extend(more);
        let mut command = fixture.environment.relplan(&arguments);
        command.env("HOME", &self.home);
        command.env("CARGO_HOME", self.home.join(".cargo"));
        command.env("GITHUB_ACTIONS", "true").env("CI", "true");
        if self.target != "crates" {
            command.env_remove("CARGO_REGISTRIES_BENCH_TOKEN");
        }
        let mut command = Command::from(command);
        command.stdin(Stdio::null());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true).spawn().unwrap()
    }

    async fn run(&self, fixture: &Fixture, more: &[&str]) -> Session {
        ended(self.start(fixture, more)).await
    }
}

async fn ended(child: Child) -> Session {
    let output = child.wait_with_output().await.unwrap();
    Session {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The jobs that the plan's matrix asks for.
fn jobs(fixture: &Fixture) -> Vec<Job> {
    let shown = fixture.expect(0, &["show", "release.json", "--format", "github-matrix"]);
    assert_eq!(shown.stdout.lines().count(), 1, "a step output is one line");
    let matrix: Value = serde_json::from_str(&shown.stdout).unwrap();
    let jobs = matrix["include"].as_array().unwrap();
    jobs.iter()
        .map(|job| Job::new(fixture, job["target"].as_str().unwrap()))
        .collect()
}

fn of<'s>(happened: &'s [Value], kind: &str) -> Vec<&'s Value> {
    let is = |line: &&Value| line["event"]["type"] == kind;
    happened.iter().filter(is).collect()
}

/// A registry that is configured for no other job than its own cannot have been asked by another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_target_is_published_by_a_job_of_its_own_with_no_other_credential() {
    if !has_git() {
        return;
    }
    let (fixture, _repository) = shared().await;
    fixture.expect(0, &["pack", "--offline"]);
    let planned = fixture.expect(
        0,
        &["plan", "-o", "release.json", "--format", "github-matrix"],
    );
    let matrix: Value = serde_json::from_str(&planned.stdout).unwrap();
    let job = |target: &str, kind: &str| (target.to_owned(), kind.to_owned());
    let found: Vec<(String, String)> = matrix["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            job(
                one["target"].as_str().unwrap(),
                one["kind"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [
        job("crates", "cargo"),
        job("npm", "npm"),
        job("pypi", "pypi"),
    ];
    assert_eq!(found, expected);
    let steps: u64 = matrix["include"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["steps"].as_u64().unwrap())
        .sum();
    let jobs = jobs(&fixture);
    let running: Vec<Child> = jobs.iter().map(|job| job.start(&fixture, &[])).collect();
    for (job, child) in jobs.iter().zip(running) {
        let session = ended(child).await;
        assert_eq!(session.code, Some(0), "{}: {session}", job.target);
        let happened = events(&session);
        // PyPI's package needs an npm package, which is another job's.
        let names = |line: &&Value| line["event"]["step"].to_string().contains(&job.target);
        let started = of(&happened, "step-started");
        assert!(
            !started.is_empty() && started.iter().all(names),
            "{}: {session}",
            job.target
        );
        assert!(session.stderr.contains("its part of"), "{session}");
    }
    is_whole(&fixture, VERSION, "three jobs").await;
    let plan = plans(&fixture).pop().unwrap();
    assert_eq!(plan["steps"].as_array().unwrap().len() as u64, steps);
    let mut targets: Vec<&Value> = plan["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["targets"][0])
        .collect();
    targets.sort_by_key(|target| target.to_string());
    assert_eq!(targets, ["crates", "npm", "pypi"]);
    let log = fixture.expect(0, &["state", "log"]);
    let words: Vec<&str> = log.stdout.split_whitespace().collect();
    assert!(words.join(" ").contains(", for npm"), "{log}");
    // Afterwards there is nothing to be shared out, and nothing to be done.
    let again = jobs[0].run(&fixture, &[]).await;
    assert_eq!(again.code, Some(0), "{again}");
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let matrix = fixture.expect(0, &["show", "release.json", "--format", "github-matrix"]);
    assert_eq!(matrix.stdout.trim(), r#"{"include":[]}"#);
}

/// L9: one job is killed in the middle of an upload while another waits for it; run again, it goes on, and so does the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l9_a_job_that_was_killed_is_run_again_while_the_others_wait_for_it() {
    if !has_git() {
        return;
    }
    let (fixture, _repository) = shared().await;
    prepare(&fixture, VERSION, "0.1.1");
    let jobs = jobs(&fixture);
    let job = |target: &str| jobs.iter().find(|job| job.target == target).unwrap();
    let hold = Rule::once("PUT", "/@quickstart", Fault::HoldAfter);
    fixture.bench.npm.inject(hold);
    let stalled = fixture.bench.npm.log().until_stalled();
    let (crates, pypi) = (
        job("crates").start(&fixture, &[]),
        job("pypi").start(&fixture, &[]),
    );
    let mut npm = job("npm").start(&fixture, &["--settle", "1s"]);
    tokio::select! {
        () = stalled => {}
        code = npm.wait() => panic!("it came to no upload: {code:?}"),
    }
    npm.kill().await.unwrap();
    fixture.heal();
    // What does not need it goes on meanwhile.
    let crates = ended(crates).await;
    assert_eq!(crates.code, Some(0), "{crates}");
    let npm = job("npm").run(&fixture, &["--settle", "1s"]).await;
    assert_eq!(npm.code, Some(0), "{npm}");
    let pypi = ended(pypi).await;
    assert_eq!(pypi.code, Some(0), "{pypi}");
    let happened = events(&pypi);
    let awaited = of(&happened, "runners-awaited");
    let last = &awaited.last().unwrap()["event"];
    assert_eq!(
        (&last["targets"][0], &last["begun"]),
        (&Value::from("npm"), &Value::from(true)),
        "{pypi}"
    );
    is_whole(&fixture, "0.1.1", "one job was run again").await;
}

/// L8: a job that lacks its credential is told before any other job has published.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l8_nothing_is_published_before_every_job_is_known_to_be_able_to() {
    if !has_git() {
        return;
    }
    let (fixture, _repository) = shared().await;
    prepare(&fixture, VERSION, "0.1.1");
    let jobs = jobs(&fixture);
    let job = |target: &str| jobs.iter().find(|job| job.target == target).unwrap();
    std::fs::write(
        job("npm").home.join(".npmrc"),
        format!("registry={}/\n", fixture.bench.npm.url()),
    )
    .unwrap();
    let waiting = [
        job("crates").start(&fixture, &["--wait", "60s"]),
        job("pypi").start(&fixture, &["--wait", "60s"]),
    ];
    let npm = job("npm").run(&fixture, &[]).await;
    assert_eq!(npm.code, Some(77), "{npm}");
    for child in waiting {
        let session = ended(child).await;
        assert_eq!(session.code, Some(7), "{session}");
        assert!(
            session
                .stdout
                .contains("what waits for the run of npm was not begun"),
            "{session}"
        );
        // D14: each of them names the culprit, its reason, and a command.
        let culprit = "the run of npm cannot begin: there is no credential for target npm";
        assert!(session.stdout.contains(culprit), "{session}");
        let happened = events(&session);
        let next = &happened.last().unwrap()["event"]["next"];
        assert_eq!(next["code"], "apply-others", "{session}");
        assert!(
            next["commands"]
                .to_string()
                .contains("apply release.json --target npm --bundle bundle"),
            "{next}"
        );
    }
    let uploads = fixture.accepted_uploads();
    assert_eq!((uploads.crates, uploads.npm, uploads.python), (0, 0, 0));
}

/// A part makes sense only where the others see what it does, and only of what the plan has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_cannot_be_are_refused() {
    if !has_git() {
        return;
    }
    let fixture = Fixture::new(crate::fixture::Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.expect(0, &["plan", "-o", "release.json"]);
    let other = fixture.expect(64, &["apply", "release.json", "--target", "maven"]);
    assert!(
        other.stderr.contains("its targets are crates, npm, pypi"),
        "{other}"
    );
    let package = fixture.expect(64, &["apply", "release.json", "-p", "greet"]);
    assert!(package.stderr.contains("when a plan is made"), "{package}");
    let job = Job::new(&fixture, "crates");
    let alone = job.run(&fixture, &[]).await;
    assert_eq!(alone.code, Some(64), "{alone}");
    assert!(
        alone.stdout.contains("would not see what this one does"),
        "{alone}"
    );
    assert!(alone.stderr.contains("state \"git\""), "{alone}");
    assert!(
        !Path::new(&job.folder)
            .join(".relplan/state/journal.jsonl")
            .exists()
    );
    let uploads = fixture.accepted_uploads();
    assert_eq!(uploads.crates, 0);
}
