//! The example workflows: what they run is what relplan takes, and they ask for no more than they need.

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
        ["contents: read", "contents: write"]
    );
    for name in ["relplan.yml", "relplan-comment.yml", "relplan-release.yml"] {
        let text = workflow(name);
        assert!(text.contains("\npermissions: {}\n"), "{name}");
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
