//! The table: each command line that it prints is one that relplan reads, and says again what was typed.

use std::collections::BTreeSet;

use clap::Parser as _;

use super::{Aside, Next, Objection, Situation, Typed};
use crate::arguments::Arguments;

fn all() -> Vec<Situation> {
    vec![
        Situation::Unfinished,
        Situation::Refused {
            what: "publish npm:a@1.0.0: 422".to_owned(),
        },
        Situation::Credential { open: true },
        Situation::Credential { open: false },
        Situation::FileElsewhere,
        Situation::BundleLost { missing: 2 },
        Situation::Conflict {
            step: "publish npm:it's@1.0.0".to_owned(),
            left_behind: vec!["npm:a#relplan-pending".to_owned()],
        },
        Situation::Expired { approvals: true },
        Situation::Expired { approvals: false },
        Situation::Unapproved,
        Situation::TakenOver,
        Situation::JournalLost,
        Situation::JournalDamaged,
        Situation::WaitedInVain {
            targets: vec!["npm".to_owned()],
        },
        Situation::PlanAgain { pack: true },
        Situation::HeldBack { unknown: true },
        Situation::HeldBack { unknown: false },
        Situation::GivenUp,
        Situation::Saved { approvals: true },
        Situation::PutRight,
        Situation::Save,
        Situation::SaveAndApprove,
        Situation::NotReproduced,
        Situation::AtWork,
        Situation::LaterFormat,
        Situation::PinPolicy {
            words: "name it:",
            file: Some("policy.kdl"),
            forget: Some("acme/it's".to_owned()),
        },
        Situation::OtherPolicy {
            file: "policy.kdl",
            forget: None,
        },
        Situation::PlanApart { words: "make one:" },
        Situation::again("or so:", &["--yes"]),
        Situation::Journal(Objection::Missing),
        Situation::Journal(Objection::SetBack),
        Situation::Journal(Objection::Moved {
            from: "it's".to_owned(),
            to: "st2".to_owned(),
        }),
        Situation::Journal(Objection::OtherProject {
            recorded: "acme/it's".to_owned(),
            here: "acme/b".to_owned(),
        }),
        Situation::Journal(Objection::TwoPlaces {
            planned: "st2".to_owned(),
        }),
        Situation::Journal(Objection::Damaged {
            aside: Aside {
                words: None,
                commands: vec!["mv st2 st2.damaged".to_owned()],
                lost: Some("it's".to_owned()),
            },
        }),
    ]
}

/// Splits a line as a POSIX shell does, as far as single quotes and backslashes go.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for letter in line.chars() {
        let word = words.last_mut().unwrap();
        match letter {
            _ if escaped => {
                word.push(letter);
                escaped = false;
            }
            '\'' => quoted = !quoted,
            '\\' if !quoted => escaped = true,
            ' ' if !quoted => words.push(String::new()),
            _ => word.push(letter),
        }
    }
    words
}

fn typed(line: &[&str]) -> Typed {
    let said = line.iter().map(|word| (*word).to_owned()).collect();
    let words = std::iter::once("relplan").chain(line.iter().copied());
    Typed::of(&Arguments::try_parse_from(words).unwrap(), said)
}

/// D10: nothing that was typed to say where things are is dropped, and each line is one that relplan reads.
#[test]
fn l13_each_command_line_is_read_and_says_again_where_things_are() {
    let everywhere = ["-C", "a folder", "--spec", "other.kdl"];
    let apply = [
        "apply",
        "my plan.json",
        "--state",
        "st2",
        "--bundle",
        "it's",
    ];
    let more = [
        "--policy",
        "p.kdl",
        "--approvals",
        "said",
        "--target",
        "npm",
    ];
    let typed = typed(&[&everywhere[..], &apply, &more].concat());
    for situation in all() {
        let next = Next::of(&situation, &typed);
        assert!(!next.ways.is_empty(), "{situation:?}");
        for command in next.printed().commands {
            let words = split(&command);
            if words[0] != "relplan" {
                continue;
            }
            let read = Arguments::try_parse_from(&words);
            assert!(read.is_ok(), "{situation:?}: {command}: {:?}", read.err());
            let has =
                |option: &str, value: &str| words.windows(2).any(|two| two == [option, value]);
            assert!(
                has("-C", "a folder") && has("--spec", "other.kdl"),
                "{command}"
            );
            let word = words.get(5).map_or("", String::as_str);
            // A policy is no journal's.
            let is_elsewhere = word == "policy" || has("--state", "PLACE");
            assert!(is_elsewhere || has("--state", "st2"), "{command}");
            if matches!(word, "apply" | "plan" | "pack") {
                assert!(has("--bundle", "it's"), "{command}");
            }
            if matches!(word, "apply" | "plan" | "approve") {
                let is_named = has("--policy", "policy.kdl");
                assert!(has("--policy", "p.kdl") || is_named, "{command}");
            }
        }
    }
    let again = Next::of(&Situation::Unfinished, &typed);
    let first = again.ways.first().unwrap().commands.first().unwrap();
    assert_eq!(
        first,
        "relplan -C 'a folder' --spec other.kdl apply 'my plan.json' --target npm --state st2 --bundle 'it'\\''s' --policy p.kdl --approvals said"
    );
}

/// The page on exit codes has a row for each code, and no others.
#[test]
fn every_code_has_its_row_on_the_page() {
    let page = include_str!("../../../../docs/reference/exit-codes.md");
    let row = |line: &str| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned());
    let documented: BTreeSet<String> = page
        .lines()
        .filter_map(row)
        .filter(|code| code != "code")
        .collect();
    let known: BTreeSet<String> = all()
        .iter()
        .map(|situation| Next::of(situation, &Typed::default()).code.to_owned())
        .collect();
    assert_eq!(documented, known);
}

#[test]
fn codes_are_words_for_programs() {
    for situation in all() {
        let code = Next::of(&situation, &Typed::default()).code;
        let is_word = code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(is_word && !code.is_empty(), "{situation:?}: {code}");
    }
}

/// D10: a command line is printed by the table or not at all.
#[test]
fn no_hint_spells_a_command_line_itself() {
    fn visit(folder: &std::path::Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            if text.contains(concat!("\"$", " ")) {
                found.push(path.display().to_string());
            }
        }
    }
    let source = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    visit(&source, &mut found);
    let allowed = ["next.rs", "failure.rs", "report_text.rs"];
    found.retain(|file| !allowed.iter().any(|name| file.ends_with(name)));
    assert_eq!(found, Vec::<String>::new());
}
