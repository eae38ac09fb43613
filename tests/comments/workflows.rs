//! The example workflows: what they run is what relplan takes, and they ask for no more than they need.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use relplan_testkit::environment::Environment;

use crate::fixture::{binary, repository};

fn workflow(name: &str) -> String {
    let folder = repository().join("examples/github-actions");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

#[test]
fn the_example_workflows_run_commands_that_relplan_takes() {
    let mut environment = Environment::new(binary()).unwrap();
    environment.set("GITHUB_REPOSITORY", "acme/widgets");
    environment.set("GITHUB_REF", "refs/pull/1/merge");
    for (name, commands) in [
        ("relplan.yml", 1),
        ("relplan-comment.yml", 1),
        ("relplan-release.yml", 3),
    ] {
        let text = workflow(name);
        let run: Vec<&str> = text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("run: relplan "))
            .collect();
        assert_eq!(run.len(), commands, "{name}");
        for line in run {
            let line = line.replace(['"', '$'], "");
            let arguments: Vec<&str> = line.split(' ').collect();
            let session = environment.relplan_session(&arguments).unwrap();
            // There is neither spec nor plan here; usage errors would be told before.
            assert_eq!(session.code, Some(65), "{name}: {line}\n{session}");
        }
    }
}

#[test]
fn the_example_workflows_keep_to_the_least_permissions_and_to_pinned_actions() {
    let granted = |name: &str| -> Vec<String> {
        workflow(name)
            .lines()
            .map(|line| line.split('#').next().unwrap().trim().to_owned())
            .filter(|line| line.ends_with(": read") || line.ends_with(": write"))
            .collect()
    };
    assert_eq!(granted("relplan.yml"), ["contents: read"]);
    assert_eq!(
        granted("relplan-comment.yml"),
        ["actions: read", "pull-requests: write"]
    );
    assert_eq!(
        granted("relplan-release.yml"),
        ["contents: read", "contents: read", "contents: write"]
    );
    for name in ["relplan.yml", "relplan-comment.yml", "relplan-release.yml"] {
        let text = workflow(name);
        assert!(text.contains("\npermissions: {}\n"), "{name}");
        let checkouts = text.matches("uses: actions/checkout@").count();
        let without = text.matches("persist-credentials: false").count();
        assert_eq!(
            checkouts, without,
            "{name}: a checkout leaves a token behind"
        );
        for line in text.lines().filter(|line| line.contains("uses: ")) {
            let (_, commit) = line.split_once('@').unwrap();
            let (commit, release) = commit.split_once(" # v").unwrap();
            assert!(
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()),
                "{name}: {line}"
            );
            assert!(!release.is_empty(), "{name}: {line}");
        }
    }
    // The one that may write looks at no file of the pull request's.
    assert!(!workflow("relplan-comment.yml").contains("actions/checkout"));
}

/// One step of a job: the action that it uses, or what it runs and where.
#[derive(Debug, Default)]
struct Step {
    uses: String,
    run: String,
    folder: String,
    secret: bool,
}

/// The steps of each job, as far as these workflows use the language.
fn jobs(text: &str) -> Vec<(String, Vec<Step>)> {
    let mut jobs: Vec<(String, Vec<Step>)> = Vec::new();
    let mut block = false;
    let (_, text) = text.split_once("\njobs:\n").unwrap();
    for line in text.lines() {
        let words = line.trim();
        let indent = line.len() - line.trim_start().len();
        if indent == 2 && words.ends_with(':') {
            jobs.push((words.trim_end_matches(':').to_owned(), Vec::new()));
            continue;
        }
        let Some((_, steps)) = jobs.last_mut() else {
            continue;
        };
        if indent == 6 && words.starts_with("- ") {
            steps.push(Step::default());
        }
        let Some(step) = steps.last_mut().filter(|_| indent >= 6) else {
            continue;
        };
        let words = words.trim_start_matches("- ");
        block &= indent >= 10;
        if block {
            step.run.push_str(words);
            step.run.push('\n');
        } else if words == "run: |" {
            block = true;
        } else if let Some(run) = words.strip_prefix("run: ") {
            run.clone_into(&mut step.run);
        } else if let Some(action) = words.strip_prefix("uses: ") {
            action.clone_into(&mut step.uses);
        } else if let Some(folder) = words.strip_prefix("working-directory: ") {
            folder.clone_into(&mut step.folder);
        }
        step.secret |= words.contains("github.token") || words.contains("secrets.");
    }
    jobs
}

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// S10: no job has both the repository's code and a credential, and what a job runs of its own is not the tree's to shape.
#[test]
fn l14_the_example_workflows_keep_foreign_code_and_credentials_apart() {
    for name in ["relplan.yml", "relplan-comment.yml", "relplan-release.yml"] {
        for (job, steps) in jobs(&workflow(name)) {
            let root = tempfile::tempdir().unwrap();
            let folders = ["bin", "temp", "tree", "home"].map(|name| root.path().join(name));
            let [bin, temp, tree, home] = &folders;
            folders
                .iter()
                .for_each(|folder| fs::create_dir(folder).unwrap());
            // Whoever starts a tool of the toolchain's within the tree runs what the tree says.
            let seen = root.path().join("seen");
            let log = format!("echo \"$(basename \"$0\") $PWD\" >> {}", seen.display());
            program(bin, "cargo", &log);
            program(bin, "relplan", &format!("{log}\necho '{{\"include\":[]}}'"));
            let (mut packs, mut secrets) = (false, false);
            for step in &steps {
                if step.uses.starts_with("actions/checkout@") {
                    fs::write(tree.join("rust-toolchain.toml"), "").unwrap();
                }
                packs |= step.run.starts_with("relplan pack");
                secrets |= step.secret;
                if step.run.is_empty() {
                    continue;
                }
                let folder = match step.folder.as_str() {
                    "" => tree,
                    "${{ runner.temp }}" => temp,
                    other => panic!("{name}: {other}"),
                };
                // As the runner does it.
                let output = Command::new("bash")
                    .args([
                        "--noprofile",
                        "--norc",
                        "-e",
                        "-o",
                        "pipefail",
                        "-c",
                        &step.run,
                    ])
                    .current_dir(folder)
                    .env_clear()
                    .env("PATH", format!("{}:/usr/bin:/bin", bin.display()))
                    .env("HOME", home)
                    .env("RUNNER_TEMP", temp)
                    .env("GITHUB_OUTPUT", temp.join("output"))
                    .env("GITHUB_SERVER_URL", "https://git.acme.example")
                    .env("GITHUB_REPOSITORY", "acme/widgets")
                    .env("RELPLAN", "0".repeat(40))
                    .env("TARGET", "npm")
                    .env("TOKEN", "canary")
                    .output()
                    .unwrap();
                assert!(
                    output.status.success(),
                    "{name} {job}: {step:?}\n{output:?}"
                );
                assert!(
                    output.stderr.is_empty(),
                    "{name} {job}: {step:?}\n{output:?}"
                );
            }
            assert!(
                !(packs && secrets),
                "{name} {job}: packers run beside a credential"
            );
            let seen = fs::read_to_string(&seen).unwrap();
            let first = format!("cargo {}", temp.display());
            assert_eq!(seen.lines().next(), Some(first.as_str()), "{name} {job}");
            assert_eq!(seen.matches("cargo ").count(), 1, "{name} {job}: {seen}");
            let install = steps
                .iter()
                .position(|step| step.run.contains("cargo install"));
            let checkout = steps
                .iter()
                .position(|step| step.uses.contains("/checkout@"));
            assert!(checkout.is_none_or(|at| install < Some(at)), "{name} {job}");
            if steps.iter().any(|step| step.run.contains(".gitconfig")) {
                let answer = |url: &str| {
                    let mut git = Command::new("git");
                    git.args(["config", "--file"]).arg(home.join(".gitconfig"));
                    git.args(["--get-urlmatch", "http.extraheader", url]);
                    String::from_utf8(git.output().unwrap().stdout).unwrap()
                };
                assert_eq!(
                    answer("https://git.acme.example/acme/widgets").trim(),
                    "AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46Y2FuYXJ5"
                );
                assert_eq!(answer("https://evil.example/acme/widgets"), "");
            }
        }
    }
}
