//! L4 with lying servers: answers that get lost, errors after success, refusals that are not true.

use relplan_testkit::proxy::{Fault, Rule};

use crate::fixture::{Fixture, ONE_OF_EACH, Packers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_lost_and_false_answers_change_nothing() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    let bench = &fixture.bench;
    let mut version = "0.1.0".to_owned();
    fixture.expect(0, &["apply", "--yes", "--offline-pack"]);
    let faults = [
        Fault::LoseResponse,
        Fault::AnswerAfter(503),
        Fault::AnswerAfter(409),
        Fault::AnswerAfter(403),
        Fault::RefuseBefore(409),
        Fault::RefuseBefore(403),
        Fault::CutBefore,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let next = format!("0.1.{}", number + 1);
        fixture.set_version(&version, &next);
        version = next;
        fixture.expect(0, &["pack", "--offline"]);
        fixture.expect(0, &["plan", "-o", "release.json"]);
        fixture.clear_logs();
        // Every upload of the release meets it once; dist-tags are moved by PUT as well, and meet it too.
        bench
            .npm
            .inject(Rule::once("PUT", "/@quickstart%2fgreet", fault));
        bench
            .npm
            .inject(Rule::once("PUT", "/@quickstart%2fgreet-cli", fault));
        bench.npm.inject(Rule::once("PUT", "/dist-tags/", fault));
        bench
            .cargo
            .inject(Rule::once("PUT", "/crates/new", fault).times(2));
        // The first form has no file: it only has the index look at the login.
        bench
            .pypi
            .inject(Rule::once("POST", "/", fault).times(2).after(1));
        let session = fixture.expect(0, &["apply", "release.json", "--yes", "--settle", "1s"]);
        fixture.heal();
        assert_eq!(
            fixture.accepted_uploads(),
            ONE_OF_EACH,
            "{fault:?}\n{session}"
        );
        let plan = fixture.expect(0, &["plan", "--detailed-exitcode"]);
        assert!(
            plan.stdout.contains("Nothing to do"),
            "{fault:?}: l12\n{plan}"
        );
    }
    fixture.no_canary_in_files();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l5_a_registry_out_of_reach_holds_its_branch_and_no_other() {
    let fixture = Fixture::new(Packers::BuiltIn).await;
    fixture.expect(0, &["pack", "--offline"]);
    fixture.bench.npm.inject(Rule::always(
        "GET",
        "/@quickstart",
        Fault::RefuseBefore(500),
    ));
    let session = fixture.expect(8, &["plan", "-o", "release.json"]);
    assert!(session.stdout.contains("unknown"), "{session}");
    fixture.clear_logs();
    let applied = fixture.relplan(&["apply", "release.json", "--yes"]);
    let uploads = fixture.accepted_uploads();
    assert_eq!(
        (uploads.crates, uploads.npm, uploads.python),
        (2, 0, 0),
        "the Python package needs an npm one\n{applied}"
    );
}
