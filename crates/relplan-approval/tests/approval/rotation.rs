//! Replacing a policy: both roots sign, versions follow one another, and nothing else will do.

use relplan_approval::{
    Key,
    policy::{Policy, Revocation, Root},
    rotation::{self, NAMESPACE, Rotation, RotationError, RotationSignature, follow, verify},
    statement,
};
use relplan_model::time::Timestamp;
use relplan_testkit::signing::{Kind, Signer};

use crate::scene::{BOB, CAROL, Scene, alice, bob, bob2, carol};

fn now() -> Timestamp {
    Scene::silent().now
}

/// The policy, and the one after it: dave comes, and alice leaves the root.
fn two() -> (Policy, Policy) {
    let scene = Scene::silent();
    let old = scene.policy();
    let mut scene = scene;
    scene.more = format!(
        "person \"dave@acme.example\" {{ key \"{}\"; }}",
        dave().public()
    );
    let mut new = scene.policy();
    new.version = old.version + 1;
    new.previous = Some(old.pin().unwrap().digest);
    new.root = Some(Root {
        threshold: 2,
        of: vec![
            BOB.to_owned(),
            CAROL.to_owned(),
            "dave@acme.example".to_owned(),
        ],
    });
    (old, new)
}

fn dave() -> Signer {
    Signer::new(Kind::Ed25519, "dave")
}

fn signed(old: &Policy, new: &Policy, signers: &[Signer]) -> Rotation {
    let mut rotation = rotation::unsigned(old, new).unwrap();
    let text = rotation::statement(old, new).unwrap();
    for signer in signers {
        let signature = signer.sign(NAMESPACE, text.as_bytes());
        rotation.signatures.push(RotationSignature {
            statement: text.clone(),
            signature,
        });
    }
    rotation
}

fn short(result: Result<(), RotationError>) -> (&'static str, u64) {
    match result {
        Err(RotationError::Short { which, missing, .. }) => (which, missing),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_thresholds_of_both_roots_sign() {
    let (old, new) = two();
    let check = |signers: &[Signer]| verify(&signed(&old, &new, signers), &old, &new, now());
    // Bob and carol are in both; alice only in the old one, dave only in the new one.
    check(&[bob(), carol()]).unwrap();
    check(&[alice(), bob(), dave()]).unwrap();
    assert_eq!(short(check(&[])), ("old", 2));
    assert_eq!(short(check(&[bob()])), ("old", 1));
    assert_eq!(
        short(check(&[bob(), dave()])),
        ("old", 1),
        "without the old threshold"
    );
    assert_eq!(
        short(check(&[alice(), bob()])),
        ("new", 1),
        "without the new threshold"
    );
    assert_eq!(
        short(check(&[bob(), bob2()])),
        ("old", 1),
        "one person with two keys"
    );
    let mallory = Signer::new(Kind::Ed25519, "mallory");
    assert_eq!(short(check(&[mallory, bob()])), ("old", 1), "a stranger");
}

#[test]
fn nothing_else_will_do() {
    type Change = fn(&mut Policy);
    let table: [(&str, Change); 6] = [
        ("directly follow", |new| new.version += 1),
        ("directly follow", |new| new.version -= 1),
        ("previous", |new| new.previous = None),
        ("previous", |new| {
            new.previous = Some(relplan_model::digest::Sha256::of(b"x"))
        }),
        ("another project", |new| {
            new.project = "acme/other".to_owned()
        }),
        ("expired", |new| new.expires = Some(Timestamp::from_unix(0))),
    ];
    for (words, change) in table {
        let (old, mut new) = two();
        change(&mut new);
        let error = verify(&signed(&old, &new, &[bob(), carol()]), &old, &new, now()).unwrap_err();
        assert!(error.to_string().contains(words), "{error}, not {words}");
    }
    let (mut old, mut new) = two();
    old.root = None;
    new.previous = Some(old.pin().unwrap().digest);
    let error = verify(&signed(&old, &new, &[bob(), carol()]), &old, &new, now()).unwrap_err();
    assert!(
        matches!(error, RotationError::NoRoot { which: "old" }),
        "{error}"
    );
}

#[test]
fn signatures_for_other_purposes_and_of_keys_that_do_not_count_are_none() {
    let (old, new) = two();
    let text = rotation::statement(&old, &new).unwrap();
    for namespace in [statement::NAMESPACE, "git", "file"] {
        let mut rotation = signed(&old, &new, &[bob()]);
        rotation.signatures.push(RotationSignature {
            statement: text.clone(),
            signature: carol().sign(namespace, text.as_bytes()),
        });
        assert_eq!(
            short(verify(&rotation, &old, &new, now())),
            ("old", 1),
            "{namespace}"
        );
    }
    // Signed for another pair of policies.
    let mut other = new.clone();
    other.rules[0].threshold = 1;
    let mut rotation = signed(&old, &other, &[bob(), carol()]);
    rotation.to = rotation::unsigned(&old, &new).unwrap().to;
    assert_eq!(short(verify(&rotation, &old, &new, now())), ("old", 2));
    // A key that the old policy has revoked.
    let (mut old, mut new) = two();
    old.revoked.push(Revocation {
        key: Key::parse(&carol().public()).unwrap().fingerprint(),
        since: now(),
    });
    new.previous = Some(old.pin().unwrap().digest);
    assert_eq!(
        short(verify(
            &signed(&old, &new, &[bob(), carol()]),
            &old,
            &new,
            now()
        )),
        ("old", 1)
    );
}

#[test]
fn a_chain_begins_at_the_trusted_policy_and_leaves_no_step_out() {
    let (first, second) = two();
    let mut third = second.clone();
    third.version += 1;
    third.previous = Some(second.pin().unwrap().digest);
    let one = signed(&first, &second, &[bob(), carol()]);
    let two = signed(&second, &third, &[bob(), dave()]);
    let trusted = first.pin().unwrap();
    let chain = [one.clone(), two.clone()];
    assert_eq!(follow(trusted, &chain, now()).unwrap(), Some(third));
    assert_eq!(follow(trusted, &[], now()).unwrap(), None);
    let error = follow(trusted, std::slice::from_ref(&two), now()).unwrap_err();
    assert!(matches!(error, RotationError::OtherBeginning), "{error}");
    let error = follow(trusted, &[one.clone(), one.clone()], now()).unwrap_err();
    assert!(matches!(error, RotationError::OtherBeginning), "{error}");
    // It travels as a file.
    let bytes = one.to_bytes().unwrap();
    assert_eq!(Rotation::from_bytes(&bytes).unwrap(), one);
    let mut spaced = bytes.clone();
    spaced.insert(1, b' ');
    assert!(Rotation::from_bytes(&spaced).is_err());
}
