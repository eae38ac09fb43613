//! Statements and records that are not what they should be, letter by letter.

use super::*;

pub const CASES: &[Case] = &[
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
];
