//! What every reader of approvals promises of any bytes at all: no panic, no endless loop, and nothing accepted that
//! says something else than its only spelling. Shared by the long run (the example) and the short one (the tests).

use relplan_approval::{
    Key, Offered, Question, Subject,
    policy::{self, Policy},
    record::{Record, verify_signature},
    rotation::Rotation,
    statement::{NAMESPACE, Statement},
    verify,
};
use relplan_testkit::mutation::{Dice, mutated};

/// One reader with the documents that it starts from.
pub struct Target {
    pub name: &'static str,
    pub seeds: Vec<Vec<u8>>,
    pub read: fn(&Scene, &[u8]),
}

/// What verification needs besides a record.
pub struct Scene {
    pub subject: Subject,
    pub policy: Policy,
    /// The statement that was really signed.
    pub signed: String,
}

/// Pieces that mean something to these readers.
pub const WORDS: &[&[u8]] = &[
    b"policy",
    b"person",
    b"rule",
    b"root",
    b"revoked",
    b"key ",
    b"of ",
    b"accept",
    b"github",
    b"threshold=",
    b"touch=#true",
    b"pin=#false",
    b"max-age=\"24h\"",
    b"version=",
    b"previous=",
    b"since=",
    b"{",
    b"}",
    b";",
    b"\n",
    b"\"",
    b"\\\"",
    b"\\",
    b"//",
    b"/*",
    b"/-",
    b"#\"",
    b"\"\"\"",
    b"(t)",
    b"!",
    b"*",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"true",
    b"-1",
    b"1e9",
    b"9007199254740993",
    b"\xff",
    b"\xe2\x80\xae",
    b"\xef\xbb\xbf",
    b"\\u0000",
    b"ssh-ed25519 ",
    b"ssh-rsa ",
    b"-cert-v01@openssh.com",
    b"SHA256:",
    b"sha256:",
    b"approve",
    b"reject",
    b"-----BEGIN SSH SIGNATURE-----\n",
    b"\n-----END SSH SIGNATURE-----",
    b"U1NIU0lH",
    b"AAAA",
    b"//////",
    b"====",
    b"2027-02-01",
    b"9999-12-31T23:59:60Z",
    b"-999999-01-01",
    b"\"statement\":",
    b"\"signature\":",
];

/// Reads one mutation of one seed.
pub fn once(target: &Target, scene: &Scene, seed: u64) {
    let mut dice = Dice::new(seed);
    let others: Vec<&[u8]> = target.seeds.iter().map(Vec::as_slice).collect();
    let start = dice.one_of(&others).copied().unwrap_or_default();
    let bytes = mutated(&mut dice, start, WORDS, &others);
    (target.read)(scene, &bytes);
}

/// A policy's text: what is accepted has one spelling, and is KDL.
pub fn policy_text(_: &Scene, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    match policy::parse(text) {
        Ok(policy) => {
            let canonical = policy.to_bytes().unwrap();
            assert_eq!(
                Policy::from_bytes(&canonical).unwrap(),
                policy,
                "another reading"
            );
            let document = kdl::KdlDocument::parse_v2(text);
            assert!(document.is_ok(), "accepted, and not KDL: {text}");
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                let end = problem.span.offset + problem.span.len;
                assert!(
                    text.get(problem.span.offset..end).is_some(),
                    "a place outside of the text: {problem:?}"
                );
                let is_plain = !problem.message.chars().any(char::is_control);
                assert!(is_plain, "a message that steers: {problem:?}");
            }
        }
    }
}

/// A policy's canonical form.
pub fn policy_bytes(_: &Scene, bytes: &[u8]) {
    if let Ok(policy) = Policy::from_bytes(bytes) {
        assert_eq!(policy.to_bytes().unwrap(), bytes, "a second spelling");
    }
}

/// A record, by itself and verified.
pub fn record(scene: &Scene, bytes: &[u8]) {
    if let Ok(record) = Record::from_bytes(bytes) {
        let again = record.to_bytes().unwrap();
        assert_eq!(
            again,
            bytes.strip_suffix(b"\n").unwrap_or(bytes),
            "a second spelling"
        );
    }
    let offered = [Offered {
        name: "fuzzed".to_owned(),
        bytes: bytes.to_vec(),
    }];
    let verdict = verify(&Question {
        subject: &scene.subject,
        policy: &scene.policy,
        started: false,
        records: &offered,
        evidence: &[],
        now: scene.subject.plan().created.plus_seconds(600),
    });
    if !verdict.accepted.is_empty() || !verdict.rejected.is_empty() {
        let record = Record::from_bytes(bytes).unwrap();
        assert_eq!(
            record.statement, scene.signed,
            "accepted, and nobody signed it"
        );
    }
    assert_eq!(
        verdict.accepted.len() + verdict.rejected.len() + verdict.refused.len(),
        1,
        "a record vanished"
    );
    assert!(!verdict.is_approved(), "one person is not two");
}

/// A statement's text.
pub fn statement(_: &Scene, bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(statement) = Statement::from_text(text) {
        assert_eq!(statement.to_text().unwrap(), text, "a second spelling");
        assert!(statement.plan().is_some());
    }
}

/// An armoured signature.
pub fn signature(scene: &Scene, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok((key, _)) = verify_signature(NAMESPACE, scene.signed.as_bytes(), &text) {
        assert!(
            scene.policy.owner(&key).is_some(),
            "signed by a key of nobody"
        );
    }
}

/// A public key's line.
pub fn key(_: &Scene, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(key) = Key::parse(&text) {
        assert_eq!(Key::parse(key.as_str()).unwrap(), key, "another reading");
        assert!(key.fingerprint().starts_with("SHA256:"));
    }
}

/// A rotation.
pub fn rotation(scene: &Scene, bytes: &[u8]) {
    let Ok(rotation) = Rotation::from_bytes(bytes) else {
        return;
    };
    let pin = scene.policy.pin().unwrap();
    let now = scene.subject.plan().created;
    let _ = relplan_approval::rotation::follow(pin, &[rotation], now);
}
