//! People, keys, places and times that do not fit.

use super::*;

pub const CASES: &[Case] = &[
    ("a key that nobody has", "unknown-key", |scene| {
        scene.records.pop();
        scene.says(BOB, &Signer::new(Kind::Ed25519, "mallory"));
    }),
    ("another person's name", "principal", |scene| {
        bob_says(scene, |it| it.principal = CAROL.to_owned());
    }),
    ("a name of nobody", "principal", |scene| {
        bob_says(scene, |it| it.principal = "root".to_owned())
    }),
    ("a byte of the statement changed", "signature", |scene| {
        altered(scene, |text| {
            text.replacen("acme-releases", "acme-releasez", 1)
        });
    }),
    ("a reject turned into an approve", "signature", |scene| {
        bob_says(scene, |it| it.decision = Decision::Reject);
        altered(scene, |text| text.replacen("\"reject\"", "\"approve\"", 1));
    }),
    (
        "the flags of a security key changed",
        "signature",
        |scene| {
            scene.rule = "touch=#true".to_owned();
            let manner = Manner {
                flags: 0,
                altered_flags: Some(1),
                ..Manner::default()
            };
            *scene = Scene {
                records: Vec::new(),
                ..std::mem::replace(scene, Scene::silent())
            };
            scene.signs(ALICE, &alice(), &manner, |_| {});
            scene.says(CAROL, &carol());
        },
    ),
    ("a wrong audience", "audience", |scene| {
        bob_says(scene, |it| it.audience = "acme-staging".to_owned())
    }),
    ("another serial", "base", |scene| {
        bob_says(scene, |it| it.base.serial = 1)
    }),
    ("another journal", "base", |scene| {
        bob_says(scene, |it| it.base.lineage = Some("other".to_owned()))
    }),
    ("another head of the journal", "base", |scene| {
        bob_says(scene, |it| it.base.head = Sha256::of(b"x"))
    }),
    (
        "a policy weaker than the pinned one",
        "other-policy",
        |scene| {
            let mut weaker = Scene::silent();
            weaker.replaced = vec![(
                "threshold=2 max-age".to_owned(),
                "threshold=1 max-age".to_owned(),
            )];
            let pin = weaker.policy().pin().unwrap();
            bob_says(scene, |it| it.policy = pin);
        },
    ),
    (
        "an older policy that was not followed by this one",
        "other-policy",
        |scene| {
            bob_says(scene, |it| {
                it.policy.version = 2;
                it.policy.digest = Sha256::of(b"older");
            });
        },
    ),
    (
        "a newer policy than the pinned one",
        "newer-policy",
        |scene| {
            bob_says(scene, |it| it.policy.version = 4);
        },
    ),
    ("issued in the future", "future", |scene| {
        let ahead = u64::try_from(scene.now.unix()).unwrap() + 121;
        bob_says(scene, |it| {
            it.issued = ahead;
            it.expires = ahead + 60;
        });
    }),
    ("an approval that expired", "expired", |scene| {
        let now = u64::try_from(scene.now.unix()).unwrap();
        bob_says(scene, |it| it.expires = now);
    }),
    ("a time beyond all years", "future", |scene| {
        bob_says(scene, |it| {
            it.issued = (1 << 53) - 2;
            it.expires = (1 << 53) - 1;
        });
    }),
    ("an expired key", "key-expired", |scene| {
        let until = scene.now;
        valid(scene, &format!("valid-before=\"{until}\""));
    }),
    ("a key that is not valid yet", "key-too-early", |scene| {
        let from = scene.now.plus_seconds(1);
        valid(scene, &format!("valid-after=\"{from}\""));
    }),
    ("a revoked key", "revoked", |scene| {
        let since = scene.now;
        revoked(scene, &since.to_string());
    }),
    ("a key revoked after it signed", "revoked", |scene| {
        let since = scene.now.plus_seconds(-1);
        revoked(scene, &since.to_string());
    }),
    (
        "an approval older than the rule takes",
        "too-old",
        |scene| {
            scene.rule = String::new();
            scene.replaced = vec![("max-age=\"24h\"".to_owned(), "max-age=\"9m\"".to_owned())];
            again(scene);
        },
    ),
    ("a signature without touch", "no-touch", |scene| {
        scene.rule = "touch=#true".to_owned();
        scene.records.clear();
        scene.says(ALICE, &alice());
        scene.signs(
            CAROL,
            &carol(),
            &Manner {
                flags: 0,
                ..Manner::default()
            },
            |_| {},
        );
    }),
    ("a plain key where touch is wanted", "no-touch", |scene| {
        scene.rule = "touch=#true".to_owned();
        again(scene);
    }),
    ("a PIN without a touch", "no-touch", |scene| {
        scene.rule = "touch=#true pin=#true".to_owned();
        scene.records.clear();
        scene.signs(
            ALICE,
            &alice(),
            &Manner {
                flags: 5,
                ..Manner::default()
            },
            |_| {},
        );
        scene.signs(
            CAROL,
            &carol(),
            &Manner {
                flags: 4,
                ..Manner::default()
            },
            |_| {},
        );
    }),
    ("a missing PIN", "no-pin", |scene| {
        scene.rule = "touch=#true pin=#true".to_owned();
        scene.records.clear();
        scene.signs(
            ALICE,
            &alice(),
            &Manner {
                flags: 5,
                ..Manner::default()
            },
            |_| {},
        );
        scene.signs(
            CAROL,
            &carol(),
            &Manner {
                flags: 1,
                ..Manner::default()
            },
            |_| {},
        );
    }),
    ("the requester approving", "requester", |scene| {
        scene.rule = "not-requester=#true".to_owned();
        scene.plan.requester = Some(BOB.to_owned());
        again(scene);
    }),
    (
        "the requester approving, named by account",
        "requester",
        |scene| {
            scene.rule = "not-requester=#true".to_owned();
            scene.plan.requester = Some("github:Bob".to_owned());
            again(scene);
        },
    ),
    (
        "the requester approving, in capitals",
        "requester",
        |scene| {
            scene.rule = "not-requester=#true".to_owned();
            scene.plan.requester = Some("Bob@Acme.Example".to_owned());
            again(scene);
        },
    ),
    ("nobody asked for it", "no-requester", |scene| {
        scene.rule = "not-requester=#true".to_owned();
        again(scene);
    }),
];
