//! Where a comment goes, by what the command line and GitHub Actions say.

use std::io::Write as _;

use super::*;

/// The place as a line, or the error.
fn found(repo: Option<&str>, pr: Option<u64>, vars: &[(&str, &str)], event: &str) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(event.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap().to_owned();
    let mut vars: std::collections::BTreeMap<String, String> = vars
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    if !event.is_empty() {
        vars.insert("GITHUB_EVENT_PATH".to_owned(), path);
    }
    let report = Report {
        comment: true,
        repo: repo.map(str::to_owned),
        pr,
        ..Report::default()
    };
    let surroundings = Surroundings {
        vars,
        ..Surroundings::default()
    };
    match find(&report, &surroundings) {
        Ok(Place {
            repository,
            pull_request: PullRequest::Number(number),
        }) => format!("{repository}#{number}"),
        Ok(Place {
            repository,
            pull_request:
                PullRequest::Head {
                    owner,
                    branch,
                    commit,
                },
        }) => format!("{repository} {owner}:{branch} at {commit}"),
        Err(error) => format!("{error}"),
    }
}

const HERE: (&str, &str) = ("GITHUB_REPOSITORY", "acme/widgets");

#[test]
fn every_event_about_a_pull_request_names_it() {
    let table = [
        (
            r#"{"action":"opened","number":7,"pull_request":{"number":7},"repository":{"id":1}}"#,
            "acme/widgets#7",
        ),
        (
            r#"{"issue":{"number":8,"pull_request":{"url":"x"}}}"#,
            "acme/widgets#8",
        ),
        (
            r#"{"issue":{"number":8}}"#,
            "--comment needs to know the pull request",
        ),
        (
            r#"{"repository":{"id":1},"workflow_run":{"event":"pull_request","head_sha":"abc","head_branch":"b","head_repository":{"owner":{"login":"eve"}},"pull_requests":[{"number":9,"base":{"repo":{"id":2}}},{"number":10,"base":{"repo":{"id":1}}}]}}"#,
            "acme/widgets#10",
        ),
        (
            r#"{"repository":{"id":1},"workflow_run":{"event":"pull_request","head_sha":"abc","head_branch":"b","head_repository":{"owner":{"login":"eve"}},"pull_requests":[]}}"#,
            "acme/widgets eve:b at abc",
        ),
        (
            r#"{"repository":{"id":1},"workflow_run":{"event":"push","head_sha":"abc","head_branch":"b","head_repository":{"owner":{"login":"eve"}}}}"#,
            "--comment needs to know the pull request",
        ),
    ];
    for (event, expected) in table {
        assert_eq!(found(None, None, &[HERE], event), expected, "{event}");
    }
    let merge = ("GITHUB_REF", "refs/pull/11/merge");
    assert_eq!(found(None, None, &[HERE, merge], ""), "acme/widgets#11");
    let push = [
        HERE,
        ("GITHUB_REF", "refs/heads/main"),
        ("GITHUB_EVENT_NAME", "push"),
    ];
    assert_eq!(
        found(None, None, &push, r#"{"ref":"refs/heads/main"}"#),
        "this run of GitHub Actions is not about a pull request, but about \"push\""
    );
}

#[test]
fn what_is_typed_counts_more_and_another_repository_has_another_pull_request() {
    let event = r#"{"pull_request":{"number":7}}"#;
    assert_eq!(found(None, Some(3), &[HERE], event), "acme/widgets#3");
    assert_eq!(
        found(Some("acme/other"), Some(3), &[HERE], event),
        "acme/other#3"
    );
    assert_eq!(
        found(Some("acme/other"), None, &[HERE], event),
        "--comment needs to know the pull request"
    );
    assert_eq!(
        found(None, Some(3), &[], ""),
        "--comment needs to know the repository"
    );
    for wrong in [
        "acme",
        "acme/",
        "acme/../user",
        "acme/a?b",
        "../..",
        "a/b/c",
    ] {
        assert_eq!(
            found(Some(wrong), Some(3), &[], ""),
            format!("{wrong:?} is not a repository")
        );
    }
}
