//! Specs that send things elsewhere, and what relplan keeps in the tree.

use relplan_testkit::mutation::Dice;

use crate::{canary, place::Place};

/// Adds lines to the spec, if it is still a file.
pub fn add(place: &Place, lines: &str) {
    let spec = place.project().join("relplan.kdl");
    let plain = std::fs::symlink_metadata(&spec)
        .is_ok_and(|facts| facts.is_file() && facts.len() < 1 << 20);
    if plain && let Ok(text) = std::fs::read_to_string(&spec) {
        place.write("project/relplan.kdl", format!("{text}\n{lines}\n"));
    }
}

/// Adds a target and sends packages to it as well.
pub fn target(place: &Place, dice: &mut Dice, words: &str, selector: &str) {
    let name = format!("t{}", dice.below(1_000_000));
    let spec = place.project().join("relplan.kdl");
    let plain = std::fs::symlink_metadata(&spec)
        .is_ok_and(|facts| facts.is_file() && facts.len() < 1 << 20);
    if plain && let Ok(text) = std::fs::read_to_string(&spec) {
        let from = format!("release \"{selector}\" {{");
        let text = text.replace(&from, &format!("{from}\n    to \"{name}\""));
        place.write(
            "project/relplan.kdl",
            format!("{text}\ntarget \"{name}\" {words}\n"),
        );
    }
}

pub fn target_elsewhere(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("http://127.0.0.1:{}/", place.sink.port());
    let (variable, _) = dice.one_of(canary::VARIABLES).copied().unwrap_or_default();
    let with = match dice.below(3) {
        0 => String::new(),
        _ => format!(" token-env=\"{variable}\""),
    };
    let (words, selector) = match dice.below(6) {
        0 => (
            format!("kind=\"npm\" url=\"{evil}\"{with}"),
            "js/packages/*",
        ),
        1 => (
            format!("kind=\"npm\" url=\"{evil}${{{variable}}}/\"{with}"),
            "js/packages/*",
        ),
        2 => (
            format!("kind=\"cargo\" url=\"sparse+{evil}\"{with}"),
            "crates/*",
        ),
        3 => (
            format!("kind=\"cargo\" index=\"sparse+{evil}\"{with}"),
            "crates/*",
        ),
        4 => (
            format!("kind=\"pypi\" url=\"{evil}\" read-url=\"{evil}simple/\"{with}"),
            "quickstart-greet",
        ),
        _ => (format!("kind=\"npm\"{with}"), "js/packages/*"),
    };
    target(place, dice, &words, selector);
    words.replace(&evil, "EVIL/")
}

pub fn state_elsewhere(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("http://127.0.0.1:{}", place.sink.port());
    let (variable, _) = dice.one_of(canary::VARIABLES).copied().unwrap_or_default();
    let line = match dice.below(4) {
        0 => format!("state \"s3\" bucket=\"x\" endpoint=\"{evil}\" region=\"x\""),
        1 => format!("state \"postgres\" url-from=\"{variable}\""),
        2 => "state \"file\" path=\"../elsewhere\"".to_owned(),
        _ => format!(
            "state \"file\" path=\"{}\"",
            place.root().join("elsewhere").display()
        ),
    };
    add(place, &line);
    line.replace(&evil, "EVIL")
}

pub fn own_folder(place: &mut Place, dice: &mut Dice) -> String {
    let evil = format!("http://127.0.0.1:{}/", place.sink.port());
    let path = dice
        .one_of(&["kept.json", "0000.json", "x\u{1b}[2J.json"])
        .copied()
        .unwrap_or_default();
    let plan = format!(
        r#"{{"format":"relplan.plan/1","targets":[{{"endpoints":[{{"role":"registry","source":"project .npmrc","url":"{evil}"}}],"grade":"brokered","kind":"npm\u001b[2J","name":"npm"}}]}}"#
    );
    place.write(&format!("project/.relplan/plans/{path}"), plan);
    place.write(
        "project/.relplan/state/journal",
        "{\"kind\":\"genesis\",\"format\":\"relplan.journal/99\"}\n".repeat(1 + dice.below(3)),
    );
    place.write(
        "project/.relplan/bundle/bundle.json",
        r#"{"artifacts":[{"file":"../../../outside/secret"}],"format":"relplan.bundle/1"}"#,
    );
    place.write(
        "project/policy.kdl",
        "policy version=1 project=\"relplan/quickstart\"\n",
    );
    place.write(
        "project/.relplan/cache/http/known",
        "x".repeat(1 + dice.below(100_000)),
    );
    format!("files of relplan's own, {path}")
}
