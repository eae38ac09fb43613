//! The table of hostile cases: each breaks one thing in a plan that is approved, and is denied for that reason and no
//! other.

use relplan_approval::{
    evidence::Deed,
    record::Record,
    statement::{Decision, NAMESPACE, Statement},
};
use relplan_model::digest::Sha256;
use relplan_testkit::signing::{Kind, Manner, Signer, string};

use crate::scene::{ALICE, BOB, CAROL, COMMIT, Scene, alice, bob, bob2, carol, codes, gate};

type Break = fn(&mut Scene);

/// A change to the text that bob signed, made after he had.
fn altered(scene: &mut Scene, change: impl Fn(&str) -> String) {
    let record = Record::from_bytes(&scene.records[1].bytes).unwrap();
    let text = change(&record.statement);
    assert_ne!(text, record.statement);
    scene.records.pop();
    scene.offers(&text, &record.signature);
}

/// A text that bob did sign as it is, though it is no statement as relplan writes it.
fn odd(scene: &mut Scene, change: impl Fn(&str) -> String) {
    let text = change(
        &Record::from_bytes(&scene.records[1].bytes)
            .unwrap()
            .statement,
    );
    scene.records.pop();
    let signature = bob().sign(NAMESPACE, text.as_bytes());
    scene.offers(&text, &signature);
}

/// Bob's approval once more, with something else in it.
fn bob_says(scene: &mut Scene, change: impl FnOnce(&mut relplan_approval::statement::Predicate)) {
    scene.records.pop();
    scene.signs(BOB, &bob(), &Manner::default(), change);
}

/// Alice's, in another manner.
fn alice_signs(scene: &mut Scene, manner: &Manner) {
    scene.records.remove(0);
    scene.signs(ALICE, &alice(), manner, |_| {});
}

/// Bob's record bytes, changed.
fn bytes(scene: &mut Scene, change: impl Fn(String) -> String) {
    let text = String::from_utf8(scene.records.pop().unwrap().bytes).unwrap();
    scene.bytes(change(text).into_bytes());
}

fn claims(key: Vec<u8>) -> Manner {
    Manner {
        claimed: Some(key),
        ..Manner::default()
    }
}

fn key_of(kind: &str, rest: &[&[u8]]) -> Vec<u8> {
    let mut blob = string(kind.as_bytes());
    for field in rest {
        blob.extend(string(field));
    }
    blob
}

const RECORDS: &[(&str, &str, Break)] = &[
    ("another plan", "other-plan", |scene| {
        let mut other = Scene::silent();
        other.plan.project = "acme/other".to_owned();
        other.replaced = vec![("acme/simulated".to_owned(), "acme/other".to_owned())];
        other.says(BOB, &bob());
        scene.records.pop();
        scene.records.extend(other.records);
    }),
    ("the plan was made again", "other-plan", |scene| {
        scene.plan.created = scene.plan.created.plus_seconds(1);
    }),
    ("another plan's digest written in", "signature", |scene| {
        let own = scene.subject().digest().hex();
        let mut other = Scene::silent();
        other.plan.commit = None;
        other.says(BOB, &bob());
        let record = Record::from_bytes(&other.records[0].bytes).unwrap();
        let text = record
            .statement
            .replace(&other.subject().digest().hex(), &own);
        scene.records.pop();
        scene.offers(&text, &record.signature);
    }),
    (
        "a space added to the statement",
        "not-a-statement",
        |scene| {
            altered(scene, |text| text.replacen("\":", "\": ", 1));
        },
    ),
    ("a space that was signed", "not-a-statement", |scene| {
        odd(scene, |text| text.replacen("\":", "\": ", 1));
    }),
    ("a duplicate key", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("{\"_type\"", "{\"_type\":\"x\",\"_type\"", 1)
        });
    }),
    ("a duplicate decision", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("\"decision\"", "\"decision\":\"reject\",\"decision\"", 1)
        });
    }),
    ("a number beyond 2^53", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("\"issued\":", "\"issued\":9007199254740993,\"x\":", 1)
        });
    }),
    (
        "a number beyond 2^53 as the end",
        "not-a-statement",
        |scene| {
            odd(scene, |text| {
                let at = text.find("\"expires\":").unwrap() + 10;
                format!("{}9007199254740993{}", &text[..at], &text[at + 10..])
            });
        },
    ),
    ("a number with a fraction", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("\"serial\":0", "\"serial\":0.0", 1)
        });
    }),
    ("a negative number", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("\"serial\":0", "\"serial\":-0", 1)
        });
    }),
    ("an unknown member", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("{\"_type\"", "{\"_extra\":1,\"_type\"", 1)
        });
    }),
    ("keys in another order", "not-a-statement", |scene| {
        odd(scene, |text| {
            let inner = text.trim_start_matches('{').replacen(
                "\"_type\":\"https://in-toto.io/Statement/v1\",",
                "",
                1,
            );
            format!(
                "{{{}",
                inner.trim_end_matches('}').to_owned()
                    + "}],\"_type\":\"https://in-toto.io/Statement/v1\"}"
            )
        });
    }),
    (
        "an escape instead of the letter",
        "not-a-statement",
        |scene| {
            odd(scene, |text| text.replacen("approve", "\\u0061pprove", 1));
        },
    ),
    (
        "a newline behind the statement",
        "not-a-statement",
        |scene| {
            odd(scene, |text| format!("{text}\n"));
        },
    ),
    ("another statement type", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("Statement/v1", "Statement/v0.1", 1)
        });
    }),
    ("another predicate type", "not-a-statement", |scene| {
        odd(scene, |text| text.replacen("approval/v1", "approval/v2", 1));
    }),
    ("two subjects", "not-a-statement", |scene| {
        odd(scene, |text| {
            let at = text.find("\"subject\":[").unwrap() + 11;
            let one = text[at..].trim_end_matches("]}").to_owned();
            format!("{}{one},{one}]}}", &text[..at])
        });
    }),
    ("no subject", "not-a-statement", |scene| {
        odd(scene, |text| {
            let at = text.find("\"subject\":[").unwrap() + 11;
            format!("{}]}}", &text[..at])
        });
    }),
    ("a subject of another name", "not-a-statement", |scene| {
        odd(scene, |text| {
            text.replacen("\"name\":\"plan\"", "\"name\":\"pl\"", 1)
        });
    }),
    ("a digest in capitals", "not-a-statement", |scene| {
        let hex = scene.subject().digest().hex();
        odd(scene, |text| text.replace(&hex, &hex.to_uppercase()));
    }),
    ("a nonce that is none", "not-a-statement", |scene| {
        bob_says(scene, |it| it.nonce = "1".to_owned())
    }),
    ("it ends before it begins", "not-a-statement", |scene| {
        bob_says(scene, |it| it.expires = it.issued)
    }),
    ("a comment without end", "not-a-statement", |scene| {
        bob_says(scene, |it| it.comment = Some("x".repeat(1_001)));
    }),
    ("a statement without end", "not-a-statement", |scene| {
        odd(scene, |text| format!("{}{text}", " ".repeat(20_000)));
    }),
    ("no record at all", "not-a-record", |scene| {
        bytes(scene, |_| "approve".to_owned())
    }),
    ("an empty record", "not-a-record", |scene| {
        bytes(scene, |_| String::new())
    }),
    ("a record with a space", "not-a-record", |scene| {
        bytes(scene, |text| text.replacen(':', ": ", 1))
    }),
    ("a record of another format", "not-a-record", |scene| {
        bytes(scene, |text| {
            text.replacen("relplan.approval/1", "relplan.approval/2", 1)
        });
    }),
    ("a record with more in it", "not-a-record", |scene| {
        bytes(scene, |text| {
            text.replacen('{', "{\"decision\":\"approve\",", 1)
        });
    }),
    ("a record without end", "not-a-record", |scene| {
        bytes(scene, |text| text.replacen("BEGIN", &"B".repeat(70_000), 1));
    }),
    ("evidence that came as a file", "not-a-record", |scene| {
        let mut other = Scene::silent();
        other.vouches(
            "bob",
            1002,
            Deed::Review {
                pull_request: 1,
                commit: COMMIT.to_owned(),
            },
        );
        scene.records.pop();
        scene.bytes(other.evidence[0].to_bytes().unwrap());
    }),
    ("no signature", "not-a-signature", |scene| {
        let text = Record::from_bytes(&scene.records[1].bytes)
            .unwrap()
            .statement;
        scene.records.pop();
        scene.offers(&text, "");
    }),
    ("text before the armour", "not-a-signature", |scene| {
        let record = Record::from_bytes(&scene.records[1].bytes).unwrap();
        scene.records.pop();
        scene.offers(&record.statement, &format!("hello\n{}", record.signature));
    }),
    ("text behind the armour", "not-a-signature", |scene| {
        let record = Record::from_bytes(&scene.records[1].bytes).unwrap();
        scene.records.pop();
        scene.offers(&record.statement, &format!("{}hello\n", record.signature));
    }),
    ("a signature of version 2", "not-a-signature", |scene| {
        alice_signs(
            scene,
            &Manner {
                version: 2,
                ..Manner::default()
            },
        );
    }),
    ("a filled reserved field", "not-a-signature", |scene| {
        alice_signs(
            scene,
            &Manner {
                reserved: b"x".to_vec(),
                ..Manner::default()
            },
        );
    }),
    ("a git signature used again", "namespace", |scene| {
        let text = Record::from_bytes(&scene.records[1].bytes)
            .unwrap()
            .statement;
        scene.records.pop();
        scene.offers(&text, &bob().sign("git", text.as_bytes()));
    }),
    ("a file signature used again", "namespace", |scene| {
        let text = Record::from_bytes(&scene.records[1].bytes)
            .unwrap()
            .statement;
        scene.records.pop();
        scene.offers(&text, &bob().sign("file", text.as_bytes()));
    }),
    ("a signature of a policy used again", "namespace", |scene| {
        let text = Record::from_bytes(&scene.records[1].bytes)
            .unwrap()
            .statement;
        scene.records.pop();
        scene.offers(
            &text,
            &bob().sign(relplan_approval::rotation::NAMESPACE, text.as_bytes()),
        );
    }),
    ("sha256 instead of sha512", "hash", |scene| {
        alice_signs(
            scene,
            &Manner {
                hash: "sha256",
                ..Manner::default()
            },
        );
    }),
    ("a certificate", "certificate", |scene| {
        let key = key_of("ssh-ed25519-cert-v01@openssh.com", &[b"nonce", &[1; 32]]);
        alice_signs(scene, &claims(key));
    }),
    ("a certificate of a security key", "certificate", |scene| {
        let key = key_of(
            "sk-ssh-ed25519-cert-v01@openssh.com",
            &[b"nonce", &[1; 32], b"ssh:"],
        );
        alice_signs(scene, &claims(key));
    }),
    ("an RSA key", "key-type", |scene| {
        alice_signs(
            scene,
            &claims(key_of("ssh-rsa", &[&[1, 0, 1], &[0x7f; 256]])),
        );
    }),
    ("a key type of tomorrow", "key-type", |scene| {
        alice_signs(scene, &claims(key_of("ssh-mldsa44-ed25519", &[&[9; 64]])));
    }),
    ("a curve that is not taken", "key-type", |scene| {
        alice_signs(
            scene,
            &claims(key_of("ecdsa-sha2-nistp384", &[b"nistp384", &[4; 97]])),
        );
    }),
    (
        "another algorithm's name than the key's",
        "algorithm",
        |scene| {
            alice_signs(
                scene,
                &Manner {
                    algorithm: Some("ed25519@acme.example"),
                    ..Manner::default()
                },
            );
        },
    ),
    (
        "another person's key in the envelope",
        "signature",
        |scene| {
            scene.records.pop();
            let mallory = Signer::new(Kind::Ed25519, "mallory");
            scene.signs(BOB, &mallory, &claims(bob().blob()), |_| {});
        },
    ),
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

/// Both approve once more, after the scene was changed.
fn again(scene: &mut Scene) {
    scene.records.clear();
    scene.says(ALICE, &alice());
    scene.says(BOB, &bob());
}

/// Bob's key gets a window.
fn valid(scene: &mut Scene, window: &str) {
    let key = format!("\"{}\"", bob().public());
    scene.replaced = vec![(key.clone(), format!("{key} {window}"))];
    again(scene);
}

fn revoked(scene: &mut Scene, since: &str) {
    scene.more = format!("revoked \"{}\" since=\"{since}\"", bob().public());
    again(scene);
}

#[test]
fn each_hostile_record_is_refused_for_the_right_reason() {
    let names: std::collections::BTreeSet<&str> = RECORDS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), RECORDS.len(), "a case is there twice");
    assert!(RECORDS.len() >= 60, "{}", RECORDS.len());
    for (name, code, hostile) in RECORDS {
        let mut scene = Scene::approved();
        assert!(
            scene.verdict().is_approved(),
            "{:?}",
            codes(&scene.verdict())
        );
        hostile(&mut scene);
        let verdict = scene.verdict();
        let found = codes(&verdict);
        assert!(!verdict.is_approved(), "{name}: approved");
        assert!(
            found.iter().any(|one| one == code),
            "{name}: {found:?}, not {code}"
        );
        let reasons: Vec<&String> = found
            .iter()
            .filter(|one| !one.starts_with("short:"))
            .collect();
        let is_alone = reasons.iter().all(|one| *one == code);
        assert!(is_alone, "{name}: {reasons:?} besides {code}");
        // Without the hostile part a third person makes it good, so nothing else stood in the way.
        if !code.contains("requester") && !["other-plan", "too-old"].contains(code) {
            let manner = Manner {
                flags: 5,
                ..Manner::default()
            };
            scene.signs(CAROL, &carol(), &manner, |_| {});
            scene.signs(ALICE, &alice(), &manner, |_| {});
            let verdict = scene.verdict();
            assert!(verdict.is_approved(), "{name}: {:?}", codes(&verdict));
        }
    }
}

const PLANS: &[(&str, &str, Break)] = &[
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

#[test]
fn each_hostile_plan_is_denied_for_the_right_reason() {
    for (name, code, hostile) in PLANS {
        let mut scene = Scene::approved();
        hostile(&mut scene);
        let verdict = scene.verdict();
        let found = codes(&verdict);
        assert!(!verdict.is_approved(), "{name}: approved");
        assert!(
            found.iter().any(|one| one == code),
            "{name}: {found:?}, not {code}"
        );
        assert!(!verdict.shortfalls().is_empty(), "{name}: nothing is said");
    }
}

#[test]
fn a_plan_cannot_weaken_the_policy() {
    // Its own gate asks for less: the policy's rule still stands.
    let mut scene = Scene::silent();
    scene.plan.gates = vec![gate(1, &[ALICE], false)];
    scene.says(ALICE, &alice());
    let verdict = scene.verdict();
    assert!(!verdict.is_approved());
    assert_eq!(codes(&verdict), ["short:ship"]);
    scene.says(BOB, &bob());
    assert!(scene.verdict().is_approved());
}

#[test]
fn who_is_missing_is_named() {
    let mut scene = Scene::silent();
    scene.says(ALICE, &alice());
    let verdict = scene.verdict();
    assert_eq!(
        verdict.shortfalls(),
        [
            "the rule ship is short of 1 approval of 2: it can come from bob@acme.example, carol@acme.example"
        ]
    );
    assert_eq!(verdict.rules[0].counted, [ALICE]);
    // Who has no valid key any more is not waited for.
    let mut scene = Scene::silent();
    scene.more = format!("revoked \"{}\" since=\"2020-01-01\"", carol().public());
    scene.says(ALICE, &alice());
    assert_eq!(scene.verdict().rules[0].awaited, [BOB]);
}

#[test]
fn a_policy_may_ask_for_nobody_and_a_reject_denies_all_the_same() {
    let mut scene = Scene::silent();
    scene.replaced = vec![(
        "threshold=2 max-age".to_owned(),
        "threshold=0 max-age".to_owned(),
    )];
    assert!(scene.verdict().is_approved());
    scene.signs(BOB, &bob(), &Manner::default(), |it| {
        it.decision = Decision::Reject
    });
    assert!(!scene.verdict().is_approved());
}

#[test]
fn a_plan_without_effects_needs_nobody() {
    let mut scene = Scene::silent();
    scene.plan.steps.clear();
    let verdict = scene.verdict();
    assert!(verdict.is_approved() && verdict.rules.is_empty());
}

#[test]
fn an_answer_holds_until_the_first_moment_that_could_change_it() {
    let mut scene = Scene::silent();
    let until = scene.now.plus_seconds(1_000);
    let key = format!("\"{}\"", carol().public());
    scene.replaced = vec![(key.clone(), format!("{key} valid-before=\"{until}\""))];
    again(&mut scene);
    let verdict = scene.verdict();
    assert_eq!((verdict.is_approved(), verdict.holds_until), (true, until));
    // A revocation that is announced.
    scene.more = format!(
        "revoked \"{}\" since=\"{}\"",
        bob().public(),
        scene.now.plus_seconds(30)
    );
    again(&mut scene);
    let verdict = scene.verdict();
    assert_eq!(
        (verdict.is_approved(), verdict.holds_until),
        (true, scene.now.plus_seconds(30))
    );
    scene.now = verdict.holds_until;
    assert!(!scene.verdict().is_approved());
    // The age that the rule takes.
    let mut scene = Scene::approved();
    let issued = scene.plan.created.plus_seconds(60);
    assert_eq!(
        scene.verdict().holds_until,
        scene.plan.not_after.plus_seconds(1)
    );
    scene.replaced = vec![("max-age=\"24h\"".to_owned(), "max-age=\"1h\"".to_owned())];
    again(&mut scene);
    let verdict = scene.verdict();
    assert_eq!(verdict.holds_until, issued.plus_seconds(3_600));
    scene.now = verdict.holds_until.plus_seconds(-1);
    assert!(scene.verdict().is_approved());
    scene.now = verdict.holds_until;
    assert!(!scene.verdict().is_approved());
}

#[test]
fn a_policy_that_follows_keeps_the_approvals_of_those_whom_it_keeps() {
    let scene = Scene::approved();
    let before = scene.policy();
    let mut next = before.clone();
    next.version += 1;
    next.previous = Some(before.pin().unwrap().digest);
    assert!(scene.verdict_under(&next).is_approved());
    // The one after that does not: nobody skips a policy.
    let mut third = next.clone();
    third.version += 1;
    third.previous = Some(next.pin().unwrap().digest);
    let verdict = scene.verdict_under(&third);
    assert!(!verdict.is_approved());
    assert!(codes(&verdict).contains(&"other-policy".to_owned()));
    // A version that is the next one without saying whom it follows does not either.
    next.previous = None;
    assert!(!scene.verdict_under(&next).is_approved());
    // A key revoked in the one that follows: its owner's approval is gone, the other's stays.
    next.previous = Some(before.pin().unwrap().digest);
    next.revoked.push(relplan_approval::policy::Revocation {
        key: relplan_approval::Key::parse(&bob().public())
            .unwrap()
            .fingerprint(),
        since: scene.now,
    });
    let verdict = scene.verdict_under(&next);
    assert!(!verdict.is_approved());
    assert_eq!(verdict.rules[0].counted, [ALICE]);
    assert_eq!(codes(&verdict), ["revoked", "short:ship"]);
}

#[test]
fn a_plan_that_was_started_may_be_finished_under_the_policy_that_follows() {
    let mut scene = Scene::silent();
    scene.plan.policy = Some(scene.policy().pin().unwrap().digest);
    again(&mut scene);
    let mut next = scene.policy();
    next.version += 1;
    next.previous = Some(scene.policy().pin().unwrap().digest);
    assert_eq!(codes(&scene.verdict_under(&next)), ["other-policy"]);
    scene.started = true;
    assert!(scene.verdict_under(&next).is_approved());
}

#[test]
fn what_a_claim_records_can_be_verified_again() {
    let scene = Scene::approved();
    let pin = scene.policy().pin().unwrap();
    let approved = scene.verdict().approved(pin);
    assert_eq!(approved.policy, pin);
    let people: Vec<&str> = approved
        .approvals
        .iter()
        .map(|one| one.person.as_str())
        .collect();
    assert_eq!(people, [ALICE, BOB]);
    let mut later = Scene::silent();
    for one in &approved.approvals {
        assert_eq!(Sha256::of(one.record.as_bytes()), one.digest);
        later.bytes(one.record.clone().into_bytes());
    }
    assert!(later.verdict().is_approved());
    let record = Record::from_bytes(approved.approvals[0].record.as_bytes()).unwrap();
    let statement = Statement::from_text(&record.statement).unwrap();
    assert_eq!(
        statement.predicate.base, scene.plan.base,
        "approvers witness the journal before them"
    );
}

mod vouched {
    //! What GitHub says.

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
}
