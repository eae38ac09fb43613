//! What GitHub says: where it counts, what it is called then, and what is refused.

use relplan_model::approval::ApprovalGrade;

use super::*;

fn review() -> Deed {
    Deed::Review {
        pull_request: 7,
        commit: COMMIT.to_owned(),
    }
}

fn scene() -> Scene {
    let mut scene = Scene::silent();
    scene.extra =
        "accept \"ssh\" \"github-review\" \"github-label\" \"github-environment\"".to_owned();
    scene.says(ALICE, &alice());
    scene
}

#[test]
fn it_counts_where_the_policy_accepts_it_and_says_how_weak_it_is() {
    let digest = scene().subject().digest();
    let deeds = [
        review(),
        Deed::Label {
            issue: 3,
            label: "ship".to_owned(),
            plan: digest,
        },
        Deed::Environment {
            environment: "prod".to_owned(),
            run: 9,
            commit: COMMIT.to_owned(),
        },
    ];
    for deed in deeds {
        let mut scene = scene();
        scene.vouches("bob", 1002, deed);
        let verdict = scene.verdict();
        assert!(verdict.is_approved(), "{:?}", codes(&verdict));
        let approved = verdict.approved(scene.policy().pin().unwrap());
        let grades: Vec<_> = approved.approvals.iter().map(|one| one.grade).collect();
        assert_eq!(grades, [ApprovalGrade::Touched, ApprovalGrade::Vouched]);
        assert!(
            approved.approvals[1].record.contains("\"event\":42"),
            "the evidence is kept"
        );
    }
}

#[test]
fn hostile_evidence_is_refused_for_the_right_reason() {
    type Case = (&'static str, &'static str, fn(&mut Scene));
    let table: [Case; 11] = [
        ("a commit that was pushed later", "unbound", |scene| {
            scene.vouches(
                "bob",
                1002,
                Deed::Review {
                    pull_request: 7,
                    commit: "f".repeat(40),
                },
            );
        }),
        ("a shortened commit", "unbound", |scene| {
            scene.plan.commit = Some("0123456".to_owned());
            scene.records.clear();
            scene.says(ALICE, &alice());
            scene.vouches(
                "bob",
                1002,
                Deed::Review {
                    pull_request: 7,
                    commit: "0123456".to_owned(),
                },
            );
        }),
        ("a plan without a commit", "unbound", |scene| {
            scene.plan.commit = None;
            scene.records.clear();
            scene.says(ALICE, &alice());
            scene.vouches("bob", 1002, review());
        }),
        ("a label on another plan's request", "unbound", |scene| {
            let plan = Sha256::of(b"other");
            scene.vouches(
                "bob",
                1002,
                Deed::Label {
                    issue: 3,
                    label: "ship".to_owned(),
                    plan,
                },
            );
        }),
        ("another repository", "other-repository", |scene| {
            scene.vouches("bob", 1002, review()).repository = "mallory/widgets".to_owned();
        }),
        (
            "a login taken over by another account",
            "unknown-account",
            |scene| {
                scene.vouches("bob", 6666, review());
            },
        ),
        (
            "the same person by key and by account",
            "short:ship",
            |scene| {
                scene.vouches("alice", 1001, review());
            },
        ),
        ("a change that was requested", "rejected", |scene| {
            scene.vouches("bob", 1002, review()).decision = Decision::Reject;
        }),
        ("from the future", "future", |scene| {
            let ahead = scene.now.plus_seconds(121);
            scene.vouches("bob", 1002, review()).at = ahead;
        }),
        ("another format", "not-evidence", |scene| {
            scene.vouches("bob", 1002, review()).format = "relplan.evidence/2".to_owned();
        }),
        ("a rule that takes signatures alone", "kind", |scene| {
            scene.extra = String::new();
            scene.records.clear();
            scene.says(ALICE, &alice());
            scene.vouches("bob", 1002, review());
        }),
    ];
    for (name, code, hostile) in table {
        let mut scene = scene();
        hostile(&mut scene);
        let verdict = scene.verdict();
        assert!(!verdict.is_approved(), "{name}: approved");
        let found = codes(&verdict);
        assert!(
            found.iter().any(|one| one == code),
            "{name}: {found:?}, not {code}"
        );
    }
}

#[test]
fn it_never_counts_as_a_touch() {
    let mut scene = Scene::silent();
    scene.plan.gates = vec![gate(2, &[ALICE, BOB], true)];
    scene.extra = "accept \"ssh\" \"github-review\"".to_owned();
    scene.says(ALICE, &alice());
    scene.vouches("bob", 1002, review());
    let verdict = scene.verdict();
    assert_eq!(codes(&verdict), ["no-touch", "short:own"]);
}
