//! Signatures that were made in another way, for another purpose, or by another key.

use super::*;

pub const CASES: &[Case] = &[
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
];
