//! The command line: exit codes, typical mistakes and what is said about them.

use relplan_testkit::environment::Environment;

use crate::fixture::{binary, repository};

fn session(arguments: &[&str], spec: Option<&str>) -> relplan_testkit::environment::Session {
    let environment = Environment::new(binary()).unwrap();
    if let Some(spec) = spec {
        environment.write("project/relplan.kdl", spec).unwrap();
    }
    environment.relplan_session(arguments).unwrap()
}

#[test]
fn a_usage_error_is_64_and_help_is_0() {
    assert_eq!(session(&["--no-such-flag"], None).code, Some(64));
    assert_eq!(session(&["plam"], None).code, Some(64));
    assert_eq!(session(&[], None).code, Some(64));
    let help = session(&["--help"], None);
    assert_eq!(help.code, Some(0));
    assert!(
        help.stdout.lines().all(|line| line.chars().count() <= 100),
        "{help}"
    );
    assert_eq!(session(&["--version"], None).code, Some(0));
    assert_eq!(
        session(&["plan", "--lifetime", "soon"], None).code,
        Some(64)
    );
    assert_eq!(session(&["-C", "nowhere", "plan"], None).code, Some(64));
}

#[test]
fn a_missing_or_faulty_spec_is_65_and_shown_with_its_place() {
    let missing = session(&["plan"], None);
    assert_eq!(missing.code, Some(65), "{missing}");
    assert!(
        missing.stderr.contains("relplan.kdl") && missing.stderr.contains("hint:"),
        "{missing}"
    );
    let spec = "relplan 1\nproject \"a/b\"\ntarget \"shelf\" kind=\"directory\" path=\"out\"\nrelease \"x\" { to \"shlef\"; }\n";
    let faulty = session(&["check"], Some(spec));
    assert_eq!(faulty.code, Some(65), "{faulty}");
    assert!(
        faulty.stderr.contains("relplan.kdl:4") && faulty.stderr.contains("shelf"),
        "{faulty}"
    );
}

/// A runner takes `##vso[…]` and `##[…]` for commands wherever in a line they stand, in JSON too.
#[test]
fn l13_json_in_the_log_of_a_runner_holds_no_command_and_says_the_same() {
    let path = "##vso[task.setvariable variable=x]y##[add-mask]z";
    let spec = format!("relplan 1\nproject \"a/b\"\nworkspace \"npm\" path=\"{path}\"\n");
    let mut environment = Environment::new(binary()).unwrap();
    environment.write("project/relplan.kdl", &spec).unwrap();
    for runner in [None, Some("TF_BUILD"), Some("GITHUB_ACTIONS")] {
        if let Some(runner) = runner {
            environment.set(runner, "true");
        }
        let arguments = ["check", "--format", "json"];
        let session = environment.relplan_session(&arguments).unwrap();
        assert_eq!(session.code, Some(65), "{session}");
        let report: serde_json::Value = serde_json::from_str(&session.stdout).unwrap();
        assert!(report.to_string().contains("##vso[task"), "{session}");
        let is_command = session.stdout.contains("##vso[") || session.stdout.contains("##[");
        assert_eq!(is_command, runner.is_none(), "{session}");
    }
}

#[test]
fn exit_codes_are_documented_as_they_are() {
    let documented =
        std::fs::read_to_string(repository().join("docs/reference/exit-codes.md")).unwrap();
    let source = std::fs::read_to_string(repository().join("crates/relplan/src/exit.rs")).unwrap();
    let numbers =
        |text: &str, of: fn(&str) -> Option<u8>| text.lines().filter_map(of).collect::<Vec<_>>();
    let in_source = numbers(&source, |line| {
        line.trim()
            .strip_suffix(',')?
            .split_once(" = ")?
            .1
            .parse()
            .ok()
    });
    let in_documents = numbers(&documented, |line| {
        line.strip_prefix("| ")?.split_once(" | ")?.0.parse().ok()
    });
    assert_eq!(
        in_source,
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 64, 65, 77, 130]
    );
    assert_eq!(in_documents, in_source);
}

#[test]
fn completions_are_written_for_the_usual_shells() {
    for shell in ["bash", "zsh", "fish"] {
        let session = session(&["completions", shell], None);
        assert_eq!(session.code, Some(0));
        assert!(session.stdout.contains("relplan"), "{session}");
    }
}

#[test]
fn a_pattern_that_fits_no_package_is_told_with_the_nearest_one() {
    let environment = Environment::new(binary()).unwrap();
    let quickstart = repository().join("examples/quickstart");
    relplan_testkit::environment::copy_folder(&quickstart, &environment.project()).unwrap();
    for arguments in [
        ["plan", "-p", "quickstart-gret"],
        ["plan", "--exclude", "quickstart-gret"],
    ] {
        let session = environment.relplan_session(&arguments).unwrap();
        assert_eq!(session.code, Some(64), "{session}");
        assert!(
            session
                .stderr
                .contains("did you mean \"quickstart-greet\"?"),
            "{session}"
        );
    }
}
