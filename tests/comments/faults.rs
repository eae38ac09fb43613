//! What goes wrong on the way to a comment: tokens that may not, limits of rates, answers that are lost.

use relplan_testkit::{
    proxy::{Fault, Reply, Rule},
    servers::Forge,
};

use super::site::Site;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_may_only_read_is_77_after_plan_and_summary() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    // The stand-in itself refuses: the token is an app's, with `pull-requests: read`.
    site.environment.set("GITHUB_TOKEN", &site.forge.app.reader);
    let session = site.expect(77, &["plan", "--comment"]);
    assert!(session.stdout.contains("@quickstart/greet"), "{session}");
    assert!(
        session.stderr.contains("`pull-requests: write`"),
        "{session}"
    );
    assert!(
        session.stderr.contains("relplan show PLAN --comment"),
        "{session}"
    );
    assert!(site.read("summary").contains("relplan/quickstart"));
    assert_eq!(site.outputs()[2], ("exit-code".to_owned(), "0".to_owned()));
    assert_eq!(site.writes(), ["POST"], "a refusal is not repeated");

    // No token at all ends the same way; one that the server does not know, too.
    site.environment.unset("GITHUB_TOKEN");
    let session = site.expect(77, &["plan", "--comment"]);
    assert!(session.stdout.contains("@quickstart/greet"), "{session}");
    assert!(session.stderr.contains("set GITHUB_TOKEN"), "{session}");
    site.environment.set("GH_TOKEN", Forge::EVE);
    let unknown = Reply::new(401, &[], r#"{"message":"Bad credentials"}"#);
    site.forge
        .github
        .inject(Rule::once("GET", "/comments", Fault::Answer(unknown)));
    let session = site.expect(77, &["plan", "--comment"]);
    assert!(
        session.stderr.contains("does not accept the token"),
        "{session}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_a_server_that_sends_the_token_back_does_not_get_it_shown() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    let echo = format!(r#"{{"message":"no {} \u001b[2J here"}}"#, Forge::TOKEN);
    for status in [403, 422, 500] {
        let reply = Reply::new(status, &[], &echo);
        site.forge.github.heal();
        site.forge
            .github
            .inject(Rule::always("GET", "/comments", Fault::Answer(reply)));
        let session = site.expect(if status == 403 { 77 } else { 1 }, &["plan", "--comment"]);
        assert!(!session.stderr.contains('\u{1b}'), "{session}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_rates_is_waited_for_where_it_is_short() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    let secondary = Reply::new(
        403,
        &[("retry-after", "1")],
        r#"{"message":"You have exceeded a secondary rate limit."}"#,
    );
    site.forge
        .github
        .inject(Rule::once("GET", "/comments", Fault::Answer(secondary)));
    let primary = Reply::new(
        403,
        &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1")],
        r#"{"message":"API rate limit exceeded"}"#,
    );
    site.forge
        .github
        .inject(Rule::once("POST", "/comments", Fault::Answer(primary)));
    site.expect(0, &["plan", "--comment"]);
    site.only_comment().await;

    let hour = Reply::new(
        403,
        &[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "99999999999"),
        ],
        r#"{"message":"API rate limit exceeded"}"#,
    );
    site.raise_version();
    site.forge
        .github
        .inject(Rule::once("PATCH", "/comments", Fault::Answer(hour)));
    let session = site.expect(1, &["plan", "--comment"]);
    assert!(
        session.stderr.contains("rate limit is used up"),
        "{session}"
    );
    assert!(
        !session.stderr.contains("pull-requests: write"),
        "{session}"
    );
    assert!(!site.only_comment().await.body.contains("~~"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_whose_answer_is_lost_makes_no_second_comment() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    for (fault, sent) in [
        // It was done, and nobody said so.
        (Fault::AnswerAfter(502), 1),
        (Fault::LoseResponse, 1),
        // It was not done, and looks the same to a client.
        (Fault::RefuseBefore(502), 2),
        (Fault::CutBefore, 2),
    ] {
        site.forge.github.log().clear();
        site.forge
            .github
            .inject(Rule::once("POST", "/comments", fault));
        let session = site.expect(0, &["plan", "--comment"]);
        assert!(session.stderr.contains("comment created: "), "{session}");
        assert_eq!(site.asked("POST", "/comments").len(), sent, "{fault:?}");
        let comment = site.only_comment().await;
        site.forge.delete(comment.id).await.unwrap();
    }
    // GitHub is down for writes: an end, and the way on.
    site.forge
        .github
        .inject(Rule::always("POST", "/comments", Fault::RefuseBefore(502)));
    let session = site.expect(1, &["plan", "--comment"]);
    assert!(
        session.stderr.contains("it looks before it writes"),
        "{session}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reads_and_edits_are_repeated_when_github_has_a_fault() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    site.expect(0, &["plan", "--comment"]);
    site.raise_version();
    let github = &site.forge.github;
    github.inject(Rule::once("GET", "/comments", Fault::RefuseBefore(503)));
    github.inject(Rule::once("GET", "/user", Fault::RefuseBefore(502)));
    github.inject(Rule::once("PATCH", "/comments", Fault::AnswerAfter(502)));
    site.expect(0, &["plan", "--comment"]);
    let comment = site.only_comment().await;
    // The edit was done twice, to the same text.
    assert_eq!(comment.body.matches("~~").count(), 2, "{}", comment.body);
    github.inject(Rule::always("GET", "/comments", Fault::RefuseBefore(502)));
    let session = site.expect(1, &["plan", "--comment"]);
    assert!(session.stderr.contains("502"), "{session}");
}

/// GITHUB_TOKEN may not ask `GET /user`; GitHub answers so, and emulate does not, so the proxy does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_knows_its_own_comments_by_its_bot() {
    let mut site = Site::start().await;
    site.in_actions("pull_request");
    site.environment.set("GITHUB_TOKEN", &site.forge.app.writer);
    site.expect(0, &["plan", "--comment", "-o", "release.json"]);
    let ours = site.only_comment().await;
    assert_eq!(ours.author, "github-actions[bot]");
    site.forge.comment(Forge::EVE, &ours.body).await.unwrap();
    let github = &site.forge.github;
    let integration = Reply::new(
        403,
        &[],
        r#"{"message":"Resource not accessible by integration"}"#,
    );
    github.inject(Rule::always("GET", "/user", Fault::Answer(integration)));
    for viewer in [
        Some(r#"{"data":{"viewer":{"login":"github-actions[bot]"}}}"#),
        // emulate has no GraphQL: in GitHub Actions the name is known all the same.
        None,
    ] {
        if let Some(viewer) = viewer {
            let reply = Reply::new(200, &[], viewer);
            github.inject(Rule::once("POST", "/graphql", Fault::Answer(reply)));
        }
        let session = site.expect(0, &["show", "release.json", "--comment"]);
        assert!(session.stderr.contains("comment unchanged: "), "{session}");
    }
    // Another app's bot does not take it for its own.
    let other = Reply::new(200, &[], r#"{"data":{"viewer":{"login":"acme[bot]"}}}"#);
    github.inject(Rule::once("POST", "/graphql", Fault::Answer(other)));
    let session = site.expect(0, &["show", "release.json", "--comment"]);
    assert!(session.stderr.contains("comment created: "), "{session}");
    assert_eq!(site.forge.comments().await.unwrap().len(), 3);
}
