//! D3: a selection is a promise, whatever plan is open.

use relplan_testkit::world::Chance;
use serde_json::Value;

use super::shelves::{PACKAGES, Shelves, TARGETS, flat};

/// How many random rounds with the real binary.
const ROUNDS: &str = "RELPLAN_SELECTION_ROUNDS";

/// Opens a plan of everything, of which the steps of one target are done.
fn half_open(shelves: &Shelves) {
    shelves.expect(0, &["pack"]);
    shelves.expect(0, &["plan", "-o", "open.json"]);
    let part = [
        "apply",
        "open.json",
        "--target",
        "one",
        "--at-once",
        "--wait",
        "0s",
    ];
    shelves.expect(0, &part);
}

/// D3: a bare `apply` with a selection does not carry out more of the open plan than is selected.
#[test]
fn l13_a_selection_holds_or_is_refused_while_a_plan_is_open() {
    let shelves = Shelves::new();
    half_open(&shelves);
    let before = (shelves.files("out"), shelves.records());
    for selection in [
        &["--target", "two"][..],
        &["-p", "@acme/c"],
        &["--exclude", "@acme/b"],
        &["--target", "one"],
    ] {
        let session = shelves.expect(64, &[&["apply", "--yes"], selection].concat());
        let said = flat(&session.stderr);
        assert!(said.contains("the selection leaves out"), "{session}");
        assert!(said.contains("relplan apply"), "{session}");
    }
    let typo = shelves.expect(64, &["apply", "--yes", "--target", "twoo"]);
    assert!(typo.stderr.contains("did you mean \"two\"?"), "{typo}");
    let typo = shelves.expect(64, &["apply", "--yes", "-p", "@acme/d"]);
    assert!(typo.stderr.contains("matches no package"), "{typo}");
    let typo = shelves.expect(64, &["apply", "open.json", "--target", "twoo"]);
    assert!(typo.stderr.contains("did you mean \"two\"?"), "{typo}");
    assert_eq!((shelves.files("out"), shelves.records()), before);
    // What takes all that is left goes on, and so does no selection at all.
    let rest = ["apply", "--yes", "--target", "two", "--target", "three"];
    shelves.expect(0, &rest);
    shelves.expect(0, &["plan", "--detailed-exitcode"]);
}

/// The addresses of the steps that the journal says were attempted or done.
fn touched(records: &[Value]) -> Vec<(String, String)> {
    let steps = records.iter().filter_map(|record| {
        let of = |kind: &str| record[kind]["step"].as_str();
        of("intent").or_else(|| of("receipt"))
    });
    let address = |step: &str| {
        let (_, at) = step.split_once(' ').unwrap();
        let (target, rest) = at.split_once(':').unwrap();
        let end = rest[1..].find(['@', '#']).unwrap() + 1;
        (target.to_owned(), rest[..end].to_owned())
    };
    steps.map(address).collect()
}

fn some<'a>(chance: &mut Chance, option: &'a str, all: &[&'a str], often: u64) -> Vec<&'a str> {
    let taken: Vec<&str> = all
        .iter()
        .copied()
        .filter(|_| chance.per_mille(often))
        .collect();
    taken.into_iter().flat_map(|one| [option, one]).collect()
}

/// D3: random selections meet random open plans, over and over; no write leaves the selection.
#[test]
fn l13_no_write_leaves_the_selection() {
    let rounds = std::env::var(ROUNDS).map_or(3, |rounds| rounds.parse().unwrap());
    let shelves = Shelves::new();
    shelves.expect(0, &["pack"]);
    let (mut went_on, mut refused) = (0, 0);
    for round in 0..rounds {
        let mut chance = Chance::new(round);
        shelves.begin_again();
        let bundle = ["--bundle", ".relplan/bundle"];
        let planned = [
            some(&mut chance, "--target", &TARGETS, 250),
            some(&mut chance, "-p", &PACKAGES, 250),
        ]
        .concat();
        let plan = [&["plan", "-o", "open.json"], &bundle[..], &planned].concat();
        let made = shelves.relplan(&plan);
        // What is needed and left out by the selection is held back.
        assert!(matches!(made.code, Some(0 | 3)), "{made}");
        let part = some(&mut chance, "--target", &TARGETS, 500);
        let begin = ["apply", "open.json", "--at-once", "--wait", "0s"];
        if !part.is_empty() && chance.per_mille(800) {
            let begun = shelves.relplan(&[&begin[..], &part].concat());
            assert!(matches!(begun.code, Some(0 | 3 | 7 | 64)), "{begun}");
        }
        for _ in 0..3 {
            let targets = some(&mut chance, "--target", &TARGETS, 400);
            let packages = some(&mut chance, "-p", &PACKAGES, 300);
            let exclude = some(&mut chance, "--exclude", &PACKAGES, 150);
            let is_saved = chance.per_mille(300);
            let (command, selected) = match is_saved {
                true => (begin.to_vec(), targets.clone()),
                false => (
                    [&["apply", "--yes"], &bundle[..]].concat(),
                    [&targets[..], &packages, &exclude].concat(),
                ),
            };
            let before: Vec<_> = TARGETS
                .iter()
                .map(|target| shelves.files(&format!("out/{target}")))
                .collect();
            let known = shelves.records().len();
            let session = shelves.relplan(&[&command[..], &selected].concat());
            let label = format!("round {round}: {selected:?}\n{session}");
            assert!(matches!(session.code, Some(0 | 3 | 5 | 7 | 64)), "{label}");
            let has = |list: &[&str], name: &str| list.contains(&name);
            for (target, before) in TARGETS.iter().zip(before) {
                let is_selected = targets.is_empty() || has(&targets, target);
                let same = shelves.files(&format!("out/{target}")) == before;
                assert!(is_selected || same, "{target} changed; {label}");
            }
            let touched = touched(&shelves.records()[known..]);
            for (target, package) in &touched {
                let is_inside = (targets.is_empty() || has(&targets, target))
                    && (is_saved || packages.is_empty() || has(&packages, package))
                    && (is_saved || !has(&exclude, package));
                assert!(is_inside, "{target}:{package}; {label}");
            }
            went_on += usize::from(!touched.is_empty());
            refused += usize::from(session.code == Some(64));
        }
    }
    eprintln!(
        "{rounds} rounds: {went_on} runs wrote, all within their selection, and {refused} were refused"
    );
    assert!(
        went_on > 0 && (refused > 0 || rounds < 10),
        "{went_on} {refused}"
    );
}
