//! Runs the tables in `tests/tables`: each case is a name, a world, and the plan that follows from it.
//!
//! `UPDATE_EXPECT=1 cargo test -p relplan-plan` writes the plans anew; read the difference before committing it.

use std::{collections::BTreeSet, fs, path::PathBuf};

use relplan_model::plan::Plan;
use relplan_plan::{check, plan};

use crate::{apply, render::render, world::world};

/// One case of a table.
struct Case {
    name: String,
    world: String,
    expected: String,
}

fn read(text: &str) -> Vec<Case> {
    text.split("\n## ")
        .skip(1)
        .map(|case| {
            let (name, rest) = case.split_once('\n').unwrap();
            let (world, expected) = rest.split_once("\n---\n").unwrap_or((rest, ""));
            Case {
                name: name.to_owned(),
                world: world.trim().to_owned(),
                expected: expected.trim_matches('\n').to_owned(),
            }
        })
        .collect()
}

/// Plans a case's world, and holds the plan against everything that is true of any plan.
fn run(case: &Case) -> String {
    let input = world(&case.world);
    let made = plan(&input);
    assert_eq!(check(&made), [], "{}", case.name);
    let bytes = made.to_bytes().unwrap();
    assert_eq!(Plan::from_bytes(&bytes).unwrap(), made, "{}", case.name);
    if made.applicable {
        let again = plan(&apply::perfectly(&input, &made));
        assert!(
            !again.has_steps(),
            "{}: L12, again:\n{}",
            case.name,
            render(&again)
        );
    }
    render(&made).trim_end().to_owned()
}

fn write(title: &str, cases: &[(Case, String)]) -> String {
    let mut text = title.trim_end().to_owned();
    for (case, plan) in cases {
        text.push_str(&format!(
            "\n\n## {}\n{}\n---\n{plan}",
            case.name, case.world
        ));
    }
    text.push('\n');
    text
}

#[test]
fn every_row_of_desired_observed_and_recorded() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tables");
    #[expect(
        clippy::disallowed_methods,
        reason = "tests choose whether to rewrite what they expect"
    )]
    let update = std::env::var("UPDATE_EXPECT").is_ok();
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut names = BTreeSet::new();
    let mut wrong = Vec::new();
    for file in files {
        #[expect(clippy::disallowed_methods, reason = "tables are files")]
        let text = fs::read_to_string(&file).unwrap();
        let title = text.split("\n## ").next().unwrap_or_default();
        let cases: Vec<(Case, String)> = read(&text)
            .into_iter()
            .map(|case| {
                let plan = run(&case);
                (case, plan)
            })
            .collect();
        for (case, plan) in &cases {
            assert!(
                names.insert(case.name.clone()),
                "two cases are called {}",
                case.name
            );
            if *plan != case.expected {
                wrong.push(format!(
                    "## {}\n{}\n--- expected\n{}\n--- planned\n{plan}\n",
                    case.name, case.world, case.expected
                ));
            }
        }
        if update {
            #[expect(clippy::disallowed_methods, reason = "asked for by UPDATE_EXPECT")]
            fs::write(&file, write(title, &cases)).unwrap();
        }
    }
    assert!(names.len() >= 40, "only {} cases were found", names.len());
    assert!(update || wrong.is_empty(), "\n{}", wrong.join("\n"));
}
