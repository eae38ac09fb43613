//! What opens the state: neither a database's variable nor a bucket's host is of the tree's choice.

use super::{CANARY, Hostile, folded, sink::Sink};

/// S4: the state's connection string, too, is in no variable of the tree's choice: a branch's name may be in one.
#[test]
fn s4_l14_a_spec_names_only_variables_that_are_meant_for_a_database() {
    let sink = Sink::closed();
    let mut hostile = Hostile::new("target \"shelf\" kind=\"directory\" path=\"out\"");
    let (host, port) = sink
        .host()
        .split_once(':')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    hostile.environment.set(
        "GITHUB_HEAD_REF",
        format!("host={host} port={port} user=x dbname=x"),
    );
    hostile.environment.set("PGPASSWORD", CANARY);
    for variable in ["GITHUB_HEAD_REF", "DATABASE_URL", "RELPLAN_DATABASES"] {
        hostile.project(
            "relplan.kdl",
            &format!(
                "relplan 1\nproject \"acme/widgets\"\nstate \"postgres\" url-from=\"{variable}\"\n"
            ),
        );
        for arguments in [&["plan"][..], &["adopt", "--yes"], &["status"]] {
            let session = hostile.expect(65, arguments);
            assert!(
                folded(&session.stderr).contains(&format!("RELPLAN_TOKEN_ENV_ALLOW={variable}")),
                "{session}"
            );
        }
    }
    assert!(sink.requests().is_empty());
}

/// A bucket's requests carry the session token, and go to no host that only the spec names.
#[test]
fn s4_l14_a_spec_does_not_choose_the_host_of_a_bucket() {
    let sink = Sink::closed();
    let mut hostile = Hostile::new("target \"shelf\" kind=\"directory\" path=\"out\"");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN"] {
        hostile.environment.set(name, CANARY);
    }
    hostile.project(
        "relplan.kdl",
        &format!(
            "relplan 1\nproject \"acme/widgets\"\nstate \"s3\" bucket=\"evil\" endpoint=\"{}\" region=\"eu-west-1\"\n",
            sink.url()
        ),
    );
    let hint = format!("AWS_ENDPOINT_URL_S3={}", sink.url());
    hostile
        .environment
        .set("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    for arguments in [&["plan"][..], &["adopt", "--yes"], &["status"]] {
        let session = hostile.expect(65, arguments);
        assert!(folded(&session.stderr).contains(&hint), "{session}");
    }
    assert!(sink.requests().is_empty());
    // Where the person names it too, it is asked.
    hostile.environment.set("AWS_ENDPOINT_URL_S3", sink.url());
    hostile.expect(10, &["status"]);
    assert!(!sink.authorizations().is_empty());
}
