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

mod people;
mod plans;
mod signatures;
mod texts;
mod vouched;

type Break = fn(&mut Scene);
/// What it is, the code of the reason, and what breaks the scene.
type Case = (&'static str, &'static str, Break);

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
    let records = [texts::CASES, signatures::CASES, people::CASES].concat();
    let names: std::collections::BTreeSet<&str> = records.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), records.len(), "a case is there twice");
    assert!(records.len() >= 60, "{}", records.len());
    for (name, code, hostile) in &records {
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

#[test]
fn each_hostile_plan_is_denied_for_the_right_reason() {
    for (name, code, hostile) in plans::CASES {
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
    // Nor is whoever could not touch what the rule wants touched.
    let mut scene = Scene::silent();
    scene.rule = "touch=#true".to_owned();
    scene.says(ALICE, &alice());
    assert_eq!(scene.verdict().rules[0].awaited, [CAROL]);
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
