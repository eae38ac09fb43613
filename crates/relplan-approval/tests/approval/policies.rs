//! What the canonical form of a policy refuses, whoever wrote it.

use relplan_approval::policy::{Policy, parse};

use crate::scene::{Scene, alice};

#[test]
fn the_digest_follows_from_what_a_policy_says_and_not_from_how() {
    let scene = Scene::silent();
    let text = scene.policy_text();
    let pin = scene.policy().pin().unwrap();
    let spread = format!("// A comment.\n{}", text.replace('\n', "\n\n"));
    assert_eq!(parse(&spread).unwrap().pin().unwrap(), pin);
    let reordered = text.replace(
        "\"alice@acme.example\" \"bob@acme.example\"",
        "\"bob@acme.example\" \"alice@acme.example\"",
    );
    assert_ne!(reordered, text);
    assert_eq!(parse(&reordered).unwrap().pin().unwrap(), pin);
    let commented = text.replace(
        &alice().public(),
        &format!("{} alice's first key", alice().public()),
    );
    assert_ne!(commented, text);
    assert_eq!(parse(&commented).unwrap().pin().unwrap(), pin);
    let stricter = text.replace("threshold=2 max-age", "threshold=3 max-age");
    assert_ne!(parse(&stricter).unwrap().pin().unwrap(), pin);
}

#[test]
fn l13_a_canonical_policy_keeps_the_same_rules() {
    type Change = fn(&mut Policy);
    let table: [(&str, Change); 21] = [
        ("format", |policy| {
            policy.format = "relplan.policy/2".to_owned()
        }),
        ("version 0", |policy| policy.version = 0),
        ("no project", |policy| policy.project.clear()),
        ("no audience", |policy| policy.audience = " ".to_owned()),
        ("nobody", |policy| policy.people.clear()),
        ("people out of order", |policy| policy.people.reverse()),
        ("a person twice", |policy| {
            policy.people[1] = policy.people[0].clone()
        }),
        ("a key twice", |policy| {
            let key = policy.people[0].keys[0].clone();
            policy.people[1].keys.push(key);
        }),
        ("an account twice", |policy| {
            let account = policy.people[0].accounts[0].clone();
            policy.people[1].accounts.push(account);
        }),
        ("a person without means", |policy| {
            policy.people[0].keys.clear();
            policy.people[0].accounts.clear();
        }),
        ("a name with a star", |policy| {
            policy.people[0].name = "*".to_owned()
        }),
        ("no rule", |policy| policy.rules.clear()),
        ("a rule's name", |policy| {
            policy.rules[0].name = "Ship".to_owned()
        }),
        ("a stranger in a rule", |policy| {
            policy.rules[0].of = vec!["zoe".to_owned(), "zora".to_owned()]
        }),
        ("one person named twice", |policy| {
            policy.rules[0].of[1] = policy.rules[0].of[0].clone()
        }),
        ("a threshold that cannot be met", |policy| {
            policy.rules[0].threshold = 4
        }),
        ("nothing accepted", |policy| policy.rules[0].accept.clear()),
        ("an unknown action", |policy| {
            policy.rules[0].actions = vec!["delete".to_owned()]
        }),
        ("an age without end", |policy| {
            policy.rules[0].max_age_seconds = Some(u64::MAX >> 12)
        }),
        ("a root of nobody", |policy| {
            policy.root.as_mut().unwrap().threshold = 0
        }),
        ("a root of strangers", |policy| {
            policy.root.as_mut().unwrap().of[0] = "aa".to_owned()
        }),
    ];
    for (name, change) in table {
        let mut policy = Scene::silent().policy();
        change(&mut policy);
        let bytes = policy.to_bytes().unwrap();
        assert!(Policy::from_bytes(&bytes).is_err(), "{name}");
    }
    let policy = Scene::silent().policy();
    let text = String::from_utf8(policy.to_bytes().unwrap()).unwrap();
    assert!(Policy::from_bytes(text.as_bytes()).is_ok());
    for (name, other) in [
        ("a space", text.replacen(':', ": ", 1)),
        ("an unknown member", text.replacen('{', "{\"aaa\":1,", 1)),
        ("a newline", format!("{text}\n")),
        (
            "a pattern of nothing",
            text.replacen("\"targets\":[]", "\"targets\":[\"\"]", 1),
        ),
        (
            "an RSA key",
            text.replacen("\"ssh-ed25519 ", "\"ssh-rsa ", 1),
        ),
    ] {
        assert_ne!(other, text, "{name}");
        assert!(Policy::from_bytes(other.as_bytes()).is_err(), "{name}");
    }
}
