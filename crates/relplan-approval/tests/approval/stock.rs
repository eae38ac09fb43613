//! Whatever is accepted here, stock `ssh-keygen -Y verify` accepts too. The other direction need not hold.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use proptest::prelude::*;
use relplan_approval::{
    record::{Record, verify_signature},
    statement::NAMESPACE,
};
use relplan_testkit::signing::{Kind, Manner, Signer};

use crate::scene::{ALICE, Scene};

/// Whether stock OpenSSH finds a signature good.
fn is_good(folder: &Path, public: &str, message: &[u8], armour: &str) -> bool {
    let (allowed, signature) = (folder.join("allowed"), folder.join("signature"));
    std::fs::write(&allowed, format!("somebody@acme.example {public}\n")).unwrap();
    std::fs::write(&signature, armour).unwrap();
    let mut child = Command::new("ssh-keygen")
        .args([
            "-Y",
            "verify",
            "-I",
            "somebody@acme.example",
            "-n",
            NAMESPACE,
            "-f",
        ])
        .arg(&allowed)
        .arg("-s")
        .arg(&signature)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), message).unwrap();
    child.wait().unwrap().success()
}

fn manners() -> impl Strategy<Value = Manner> {
    (any::<u8>(), any::<u32>(), 0..12_u8).prop_map(|(flags, counter, odd)| {
        let mut manner = Manner {
            flags,
            counter,
            ..Manner::default()
        };
        match odd {
            0 => manner.hash = "sha256",
            1 => manner.version = 0,
            2 => manner.version = 2,
            3 => manner.reserved = b"reserved".to_vec(),
            4 => manner.algorithm = Some("ed25519@acme.example"),
            5 => manner.algorithm = Some("ssh-ed25519"),
            6 => manner.algorithm = Some("sk-ssh-ed25519@openssh.com"),
            7 => manner.altered_flags = Some(flags ^ 1),
            8 => manner.claimed = Some(Signer::new(Kind::Ed25519, "other").blob()),
            _ => {}
        }
        manner
    })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop::sample::select(Kind::ALL.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_accepted_here_stock_openssh_accepts_too(
        kind in kinds(),
        seed in "[a-z]{1,8}",
        message in prop::collection::vec(any::<u8>(), 0..200),
        manner in manners(),
        cut in 0..400_usize,
        spoil in 0..8_u8,
    ) {
        let signer = Signer::new(kind, &seed);
        let mut armour = signer.sign_as(NAMESPACE, &message, &manner);
        match spoil {
            0 => armour.insert(0, '\n'),
            1 => armour = armour.replace('\n', "\r\n"),
            2 => armour.push_str("more\n"),
            3 => drop(armour.remove(cut % armour.len())),
            4 => armour = armour.replacen('\n', "\n\n", 2),
            _ => {}
        }
        let folder = tempfile::tempdir().unwrap();
        if let Ok((key, presence)) = verify_signature(NAMESPACE, &message, &armour) {
            let public = signer.public();
            prop_assert_eq!(key.as_str(), public.as_str());
            prop_assert!(is_good(folder.path(), &public, &message, &armour), "stock refuses what is accepted here");
            let is_hardware = matches!(kind, Kind::SkEd25519 | Kind::SkEcdsa);
            prop_assert_eq!(presence.touched, is_hardware && manner.flags & 1 != 0);
            prop_assert_eq!(presence.verified, is_hardware && manner.flags & 4 != 0);
            prop_assert_eq!(presence.counter, is_hardware.then_some(manner.counter));
        } else {
            let is_plain = spoil > 4 && manner.version == 1 && manner.hash == "sha512" && manner.reserved.is_empty()
                && manner.algorithm.is_none() && manner.claimed.is_none() && manner.altered_flags.is_none();
            prop_assert!(!is_plain, "an ordinary signature is refused");
        }
    }
}

#[test]
fn each_kind_of_key_is_accepted_by_both() {
    let folder = tempfile::tempdir().unwrap();
    for kind in Kind::ALL {
        let signer = Signer::new(kind, "both");
        let armour = signer.sign(NAMESPACE, b"bytes");
        verify_signature(NAMESPACE, b"bytes", &armour).unwrap();
        assert!(
            is_good(folder.path(), &signer.public(), b"bytes", &armour),
            "{kind:?}"
        );
        assert!(
            !is_good(folder.path(), &signer.public(), b"other", &armour),
            "{kind:?}"
        );
    }
}

#[test]
fn stock_openssh_finds_a_signature_without_touch_good_and_a_rule_does_not() {
    let signer = Signer::new(Kind::SkEd25519, "alice");
    let untouched = Manner {
        flags: 0,
        ..Manner::default()
    };
    let mut scene = Scene::silent();
    scene.rule = "touch=#true".to_owned();
    scene.signs(ALICE, &signer, &untouched, |_| {});
    let record = Record::from_bytes(&scene.records[0].bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let message = record.statement.as_bytes();
    assert!(is_good(
        folder.path(),
        &signer.public(),
        message,
        &record.signature
    ));
    let verdict = scene.verdict();
    assert_eq!(verdict.rules[0].discounted[0].code, "no-touch");
}
