//! What is against a plan as a whole, or what it lacks.

use relplan_model::{address::Version, step::Effect};

use super::*;

pub const CASES: &[Case] = &[
    ("nobody said anything", "short:ship", |scene| {
        scene.records.clear()
    }),
    ("one approval short", "short:ship", |scene| {
        drop(scene.records.pop())
    }),
    ("one person twice with two keys", "short:ship", |scene| {
        scene.records.clear();
        scene.says(BOB, &bob());
        scene.says(BOB, &bob2());
    }),
    ("one record twice", "short:ship", |scene| {
        scene.records[1] = scene.records[0].clone();
    }),
    ("one reject among approvals", "rejected", |scene| {
        scene.signs(CAROL, &carol(), &Manner::default(), |it| {
            it.decision = Decision::Reject
        });
    }),
    ("a person who approves and rejects", "rejected", |scene| {
        scene.signs(BOB, &bob2(), &Manner::default(), |it| {
            it.decision = Decision::Reject
        });
    }),
    ("a reject that has expired", "rejected", |scene| {
        scene.signs(CAROL, &carol(), &Manner::default(), |it| {
            it.decision = Decision::Reject;
            it.expires = it.issued + 1;
        });
    }),
    (
        "a reject without touch where touch is wanted",
        "rejected",
        |scene| {
            scene.rule = "touch=#true".to_owned();
            scene.records.clear();
            scene.says(ALICE, &alice());
            scene.says(CAROL, &carol());
            scene.signs(BOB, &bob(), &Manner::default(), |it| {
                it.decision = Decision::Reject
            });
        },
    ),
    ("a plan that expired", "plan-expired", |scene| {
        scene.plan.not_after = scene.now.plus_seconds(-1);
        again(scene);
    }),
    ("a plan without its artifacts", "not-applicable", |scene| {
        scene.plan.applicable = false;
        again(scene);
    }),
    ("another project's plan", "other-project", |scene| {
        scene.plan.project = "acme/other".to_owned();
        again(scene);
    }),
    (
        "a plan that was made under another policy",
        "other-policy",
        |scene| {
            scene.plan.policy = Some(Sha256::of(b"weaker"));
            again(scene);
        },
    ),
    ("a policy that expired", "policy-expired", |scene| {
        scene.replaced = vec![("2030-01-01".to_owned(), scene.now.to_string())];
        again(scene);
    }),
    ("a target that no rule knows", "no-rule", |scene| {
        scene.extra = "targets \"two\"".to_owned();
        again(scene);
    }),
    ("a package that a rule leaves out", "no-rule", |scene| {
        scene.extra = "packages \"*\" \"!b\"".to_owned();
        again(scene);
    }),
    ("an action that no rule knows", "no-rule", |scene| {
        scene.extra = "actions \"yank\"".to_owned();
        again(scene);
    }),
    ("a second rule that is stricter", "short:strict", |scene| {
        scene.more = format!(
            "rule \"strict\" threshold=3 {{ packages \"b\"; of \"{ALICE}\" \"{BOB}\" \"{CAROL}\"; }}"
        );
        again(scene);
    }),
    ("a rule for prereleases alone", "no-rule", |scene| {
        scene.rule = "prerelease=#true".to_owned();
        again(scene);
    }),
    // B11: whoever asks for a release chooses its version.
    (
        "a version whose build metadata look like a prerelease's mark",
        "short:strict",
        |scene| {
            scene.more = format!(
                "rule \"strict\" threshold=3 prerelease=#false {{ of \"{ALICE}\" \"{BOB}\" \"{CAROL}\"; }}"
            );
            let version = Version::new("1.0.0+a-b").unwrap();
            for step in &mut scene.plan.steps {
                step.version = version.clone();
                if let Effect::Point { to, .. } = &mut step.effect {
                    *to = version.clone();
                }
            }
            again(scene);
        },
    ),
    ("a second rule of other people", "short:owners", |scene| {
        scene.more = format!("rule \"owners\" threshold=1 {{ packages \"b\"; of \"{CAROL}\"; }}");
        again(scene);
    }),
    ("the plan's own gate", "short:own", |scene| {
        scene.plan.gates = vec![gate(3, &[ALICE, BOB, CAROL], false)];
        again(scene);
    }),
    ("the plan's own gate wants touch", "short:own", |scene| {
        scene.plan.gates = vec![gate(2, &[ALICE, BOB, CAROL], true)];
        again(scene);
    }),
    (
        "the plan's own gate names a stranger",
        "short:own",
        |scene| {
            scene.plan.gates = vec![gate(1, &["stranger@acme.example"], false)];
            again(scene);
        },
    ),
    ("too many records to look at", "too-many-records", |scene| {
        while scene.records.len() <= relplan_approval::MOST_RECORDS {
            scene.bytes(b"junk".to_vec());
        }
    }),
];
