//! The documents that fuzzing starts from: those in `fuzz-seeds/`, and fresh ones that fit together.

use std::path::Path;

use relplan_approval::{
    Subject, policy,
    record::Record,
    rotation,
    statement::{Decision, NAMESPACE, Predicate, Statement},
};
use relplan_testkit::{
    signing::{Kind, Signer},
    world::{Row, plan_of},
};

use super::reading::{self, Scene, Target};

/// A plan, its policy, and every reader with its seeds.
pub fn targets() -> (Scene, Vec<Target>) {
    let plan = plan_of(&[Row::release("one:a")]).unwrap();
    let subject = Subject::read(&plan.to_bytes().unwrap()).unwrap();
    let (alice, bob) = (
        Signer::new(Kind::SkEd25519, "alice"),
        Signer::new(Kind::Ecdsa, "bob"),
    );
    let text = format!(
        "policy version=1 project=\"acme/simulated\"\nperson \"alice@acme.example\" {{ key \"{}\"; }}\nperson \"bob@acme.example\" {{ key \"{}\" valid-before=\"2030-01-01\"; github \"bob\" id=2; }}\nroot threshold=1 {{ of \"alice@acme.example\" \"bob@acme.example\"; }}\nrule \"ship\" threshold=2 max-age=\"24h\" {{ of \"alice@acme.example\" \"bob@acme.example\"; packages \"*\" \"!x\"; }}\nrevoked \"SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\" since=\"2026-01-01\"\n",
        alice.public(),
        bob.public()
    );
    let policy = policy::parse(&text).unwrap();
    let issued = u64::try_from(plan.created.unix()).unwrap();
    let predicate = Predicate {
        decision: Decision::Approve,
        principal: "alice@acme.example".to_owned(),
        audience: "acme/simulated".to_owned(),
        base: plan.base.clone(),
        policy: policy.pin().unwrap(),
        issued,
        expires: issued + 3_600,
        nonce: "0".repeat(32),
        comment: Some("looks good".to_owned()),
    };
    let signed = Statement::of(subject.digest(), predicate)
        .to_text()
        .unwrap();
    let armour = alice.sign(NAMESPACE, signed.as_bytes());
    let record = Record::of(signed.clone(), armour.clone())
        .to_bytes()
        .unwrap();
    let mut next = policy.clone();
    next.version = 2;
    next.previous = Some(policy.pin().unwrap().digest);
    let mut rotation = rotation::unsigned(&policy, &next).unwrap();
    let rotating = rotation::statement(&policy, &next).unwrap();
    let rotated = alice.sign(relplan_approval::rotation::NAMESPACE, rotating.as_bytes());
    rotation.signatures.push(rotation::RotationSignature {
        statement: rotating,
        signature: rotated,
    });
    let target = |name: &'static str, fresh: Vec<Vec<u8>>, read| Target {
        name,
        seeds: fresh.into_iter().chain(kept(name)).collect(),
        read,
    };
    let keys = [&alice, &bob]
        .map(|signer| signer.public().into_bytes())
        .to_vec();
    let targets = vec![
        target("policy-text", vec![text.into_bytes()], reading::policy_text),
        target(
            "policy-bytes",
            vec![policy.to_bytes().unwrap()],
            reading::policy_bytes,
        ),
        target("record", vec![record], reading::record),
        target(
            "statement",
            vec![signed.clone().into_bytes()],
            reading::statement,
        ),
        target("signature", vec![armour.into_bytes()], reading::signature),
        target("key", keys, reading::key),
        target(
            "rotation",
            vec![rotation.to_bytes().unwrap()],
            reading::rotation,
        ),
    ];
    let scene = Scene {
        subject,
        policy,
        signed,
    };
    (scene, targets)
}

/// The seeds that are kept: every document of the corpus, and whatever once found something.
fn kept(name: &str) -> Vec<Vec<u8>> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![own.join("fuzz-seeds").join(name)];
    if name == "policy-text" {
        folders.extend([own.join("corpus/ok"), own.join("corpus/err")]);
    }
    let mut files: Vec<_> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}
