//! The comment on the pull request: the real binary against two third-party stand-ins for GitHub (see
//! [`relplan_testkit::servers::Forge`]), with faults from the proxy before them.

mod faults;
mod site;
mod workflows;

use relplan_testkit::{proxy::Rule, servers::Forge};
use site::{Site, digest_of};

/// The first line of a comment.
fn marker(body: &str) -> &str {
    body.lines().next().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_github_actions_a_comment_is_created_and_then_updated_in_place() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    let first = site.expect(0, &["plan", "--comment", "-o", "release.json"]);
    assert!(first.stderr.contains("comment created: "), "{first}");
    let made = site.only_comment().await;
    let old = digest_of(&site);
    assert_eq!(
        marker(&made.body),
        format!("<!-- relplan:plan scope=relplan/quickstart digest=sha256:{old} -->")
    );
    assert!(made.body.contains(&old), "{}", made.body);
    assert!(!made.body.contains("~~"), "{}", made.body);

    // The same plan again: nothing to write.
    site.forge.github.log().clear();
    let same = site.expect(0, &["show", "release.json", "--comment"]);
    assert!(same.stderr.contains("comment unchanged: "), "{same}");
    assert_eq!(site.writes(), Vec::<String>::new());

    // Another plan: the same comment, which tells what it showed before.
    site.raise_version();
    let second = site.expect(0, &["plan", "--comment", "-o", "release.json"]);
    assert!(second.stderr.contains("comment updated: "), "{second}");
    let updated = site.only_comment().await;
    assert_eq!(updated.id, made.id);
    let new = digest_of(&site);
    assert_ne!(new, old);
    assert!(marker(&updated.body).contains(&format!("digest=sha256:{new} ")));
    let struck = format!("~~{}~~", &old[..12]);
    assert!(updated.body.contains(&struck), "{}", updated.body);
    assert!(!updated.body.contains(&old), "{}", updated.body);
    assert_eq!(site.writes(), ["PATCH"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elsewhere_the_place_is_typed_and_another_selection_has_its_own_comment() {
    let site = Site::start().await;
    let place = ["--comment", "--repo", Forge::REPOSITORY, "--pr"];
    let number = site.forge.pull_request.to_string();
    let typed: Vec<&str> = [&["plan"], &place[..], &[number.as_str()]].concat();
    site.expect(0, &typed);
    site.expect(0, &[&typed[..], &["-p", "quickstart-greet-c*"]].concat());
    site.expect(
        0,
        &[&typed[..], &["--comment-scope", "nightly -->"]].concat(),
    );
    let comments = site.forge.comments().await.unwrap();
    let scopes: Vec<&str> = comments
        .iter()
        .filter_map(|comment| marker(&comment.body).split(' ').nth(2))
        .collect();
    assert_eq!(
        scopes,
        [
            "scope=relplan/quickstart",
            "scope=relplan/quickstart%20package%3Dquickstart%2Dgreet%2Dc%2A",
            "scope=nightly%20%2D%2D%3E"
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_alike_by_someone_else_is_left_alone() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    site.expect(0, &["plan", "--comment", "-o", "release.json"]);
    let ours = site.only_comment().await;
    site.forge.delete(ours.id).await.unwrap();
    // Byte for byte what we would write, but eve's; and ours, but quoted by ourselves.
    site.forge.comment(Forge::EVE, &ours.body).await.unwrap();
    let quoted = format!("> {}", ours.body);
    site.forge.comment(Forge::TOKEN, &quoted).await.unwrap();
    let session = site.expect(0, &["show", "release.json", "--comment"]);
    assert!(session.stderr.contains("comment created: "), "{session}");
    let comments = site.forge.comments().await.unwrap();
    let told: Vec<(&str, &str)> = comments
        .iter()
        .map(|comment| (comment.author.as_str(), comment.body.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("eve", ours.body.as_str()),
            ("octo", quoted.as_str()),
            ("octo", ours.body.as_str())
        ]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn among_300_comments_ours_is_found_on_the_third_page() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    for number in 0..250 {
        let text = format!("comment {number}");
        site.forge.comment(Forge::EVE, &text).await.unwrap();
    }
    site.expect(0, &["plan", "--comment"]);
    for number in 251..300 {
        let text = format!("comment {number}");
        site.forge.comment(Forge::EVE, &text).await.unwrap();
    }
    site.raise_version();
    site.forge.github.log().clear();
    let session = site.expect(0, &["plan", "--comment"]);
    assert!(session.stderr.contains("comment updated: "), "{session}");
    let comments = site.forge.comments().await.unwrap();
    assert_eq!(comments.len(), 300);
    assert_eq!(comments[250].author, "octo");
    assert!(comments[250].body.contains("~~"), "{}", comments[250].body);
    let pages = site.asked("GET", "/comments?");
    assert_eq!(pages.len(), 3, "{pages:?}");
    assert!(pages.iter().all(|page| page.contains("per_page=100")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_that_was_deleted_meanwhile_is_created_anew() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    site.expect(0, &["plan", "--comment"]);
    let first = site.only_comment().await;
    site.raise_version();
    site.forge.github.inject(Rule::once(
        "PATCH",
        "/issues/comments/",
        relplan_testkit::proxy::Fault::PauseBefore,
    ));
    let running = tokio::process::Command::from(site.environment.relplan(&["plan", "--comment"]))
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    // It has found the comment, and is about to edit it.
    site.forge.github.log().until_stalled().await;
    site.forge.delete(first.id).await.unwrap();
    site.forge.github.heal();
    let output = running.wait_with_output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("comment created: "), "{said}");
    let anew = site.only_comment().await;
    assert_ne!(anew.id, first.id);
    assert!(!anew.body.contains("~~"), "{}", anew.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn summary_and_outputs_are_written_and_no_name_can_forge_an_output() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    site.environment.write("summary", "before\n").unwrap();
    let hostile = "release\nplan-digest=forged\nEOF\n.json";
    site.expect(0, &["plan", "--github-output", "-o", hostile]);
    let outputs = site.outputs();
    let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "plan-digest",
            "has-changes",
            "exit-code",
            "steps",
            "held",
            "plan-file"
        ]
    );
    assert!(outputs[0].1.starts_with("sha256:"), "{outputs:?}");
    assert_eq!(outputs[1].1, "true");
    assert_eq!(outputs[2].1, "0");
    assert_eq!(outputs[5].1, hostile);
    let summary = site.read("summary");
    assert!(summary.starts_with("before\n"), "{summary}");
    assert!(summary.contains("relplan/quickstart"), "{summary}");
    assert!(site.forge.comments().await.unwrap().is_empty());

    // A summary that is full already stays as it is: GitHub drops one that is too large whole.
    site.environment
        .write("summary", "x".repeat(1 << 20))
        .unwrap();
    site.expect(2, &["plan", "--github-output", "--detailed-exitcode"]);
    assert_eq!(site.read("summary").len(), 1 << 20);
}

/// A run of a pull request from a fork tells its branch and commit alone: the pull request is looked up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_prism_no_request_breaks_githubs_contract() {
    let mut site = Site::validating().await;
    site.in_actions("workflow_run");
    site.expect(0, &["plan", "-o", "release.json"]);
    site.expect(0, &["show", "release.json", "--comment"]);
    site.raise_version();
    site.expect(0, &["plan", "--comment", "-o", "release.json"]);
    let comment = site.only_comment().await;
    assert!(comment.body.contains("~~"), "{}", comment.body);
    site.forge.delete(comment.id).await.unwrap();
    for number in 0..101 {
        let text = format!("comment {number}");
        site.forge.comment(Forge::EVE, &text).await.unwrap();
    }
    site.expect(0, &["show", "release.json", "--comment"]);
    site.in_actions("workflow_run of an older commit");
    let stale = site.expect(5, &["show", "release.json", "--comment"]);
    assert!(stale.stderr.contains("newer commits"), "{stale}");

    let exchanges = site.forge.github.log().all();
    for (method, part) in [
        ("GET", "/user"),
        ("GET", "/pulls?"),
        ("GET", "page=2"),
        ("POST", "/comments"),
        ("PATCH", "/issues/comments/"),
    ] {
        assert!(!site.asked(method, part).is_empty(), "{method} {part}");
    }
    let broken: Vec<String> = exchanges
        .iter()
        .filter_map(|exchange| {
            let found = exchange.violations.as_ref()?;
            Some(format!("{} {}: {found}", exchange.method, exchange.path))
        })
        .collect();
    // emulate's own answers keep the contract here too, so there is no list of exceptions.
    assert_eq!(broken, Vec::<String>::new());
    // The validation is no empty word: a body that the contract does not allow is told.
    let bearer = format!("Bearer {}", Forge::TOKEN);
    let (status, _) = relplan_testkit::proxy::request(
        site.forge.github.address(),
        "POST",
        &format!(
            "/repos/{}/issues/{}/comments",
            Forge::REPOSITORY,
            site.forge.pull_request
        ),
        &[
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ],
        b"{\"text\":1}".to_vec(),
    )
    .await
    .unwrap();
    assert_eq!(status, 422);
    let last = site.forge.github.log().all().pop().unwrap();
    assert!(last.violations.unwrap().contains("'body'"));
}

#[test]
fn without_a_place_it_is_a_usage_error_before_any_work() {
    let environment =
        relplan_testkit::environment::Environment::new(crate::fixture::binary()).unwrap();
    for (arguments, said) in [
        (&["plan", "--comment"][..], "--repo owner/name --pr 123"),
        (
            &["plan", "--comment", "--repo", "a", "--pr", "1"],
            "owner/name",
        ),
        (&["plan", "--repo", "a/b"], "--comment"),
        (&["show", "x.json", "--comment", "--repo", "a/b"], "--pr"),
    ] {
        let session = environment.relplan_session(arguments).unwrap();
        assert_eq!(session.code, Some(64), "{session}");
        assert!(session.stderr.contains(said), "{said}: {session}");
    }
}
