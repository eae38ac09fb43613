//! Every view of many situations, as a reader sees them.
//!
//! A situation is a folder in `situations/`: `world.txt` in the planner's own test language (`for 1..9: …{n}…` repeats a
//! line), and what each view makes of its plan. `UPDATE_EXPECT=1 cargo test -p relplan view::` writes the views anew; read
//! the difference before committing it.

mod hostile;

use std::{collections::BTreeMap, fs, path::PathBuf};

use relplan_model::plan::Plan;
use relplan_plan::PlanInput;

use super::{explain, html, markdown, plan_text, style::Style};

#[path = "../../../relplan-plan/tests/plan/world.rs"]
mod world;

/// A situation's name and the plan that follows from its world.
pub(super) struct Situation {
    pub(super) name: String,
    pub(super) folder: PathBuf,
    pub(super) plan: Plan,
}

/// All situations, in order of name.
pub(super) fn situations() -> Vec<Situation> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/view/situations");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let read = |folder: PathBuf| {
        let text = fs::read_to_string(folder.join("world.txt")).unwrap();
        let name = folder.file_name().unwrap().to_str().unwrap();
        Situation {
            folder: folder.clone(),
            ..situation(name, &text)
        }
    };
    folders.into_iter().map(read).collect()
}

/// A situation of a test's own, without a folder.
pub(super) fn situation(name: &str, world: &str) -> Situation {
    Situation {
        name: name.to_owned(),
        folder: PathBuf::new(),
        plan: relplan_plan::plan(&input(world)),
    }
}

fn input(text: &str) -> PlanInput {
    let mut lines = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((range, rest)) = line
            .strip_prefix("for ")
            .and_then(|line| line.split_once(": "))
        else {
            lines.push_str(line);
            lines.push('\n');
            continue;
        };
        let (from, to) = range.split_once("..").unwrap();
        for n in from.parse::<u64>().unwrap()..=to.parse().unwrap() {
            lines.push_str(&rest.replace("{n}", &n.to_string()));
            lines.push('\n');
        }
    }
    // Characters that a line of the test language cannot hold are written as their pictures.
    let json = serde_json::to_string(&world::world(&lines)).unwrap();
    let json = json
        .replace('␤', "\\n")
        .replace('␛', "\\u001b")
        .replace('␇', "\\u0007");
    serde_json::from_str(&json).unwrap()
}

const NARROW: Style = Style {
    color: false,
    width: 80,
};

/// What each view makes of a plan, by file name.
fn views(plan: &Plan) -> BTreeMap<&'static str, String> {
    let bytes = plan.to_bytes().unwrap();
    let digest = Plan::digest(&bytes);
    let wide = Style {
        color: false,
        width: 120,
    };
    let color = Style {
        color: true,
        width: 80,
    };
    let mut addresses: Vec<_> = plan.changes.iter().map(|one| &one.address).collect();
    addresses.dedup();
    addresses.truncate(3);
    let mut views = BTreeMap::from([
        (
            "text-80.txt",
            plan_text::render(plan, digest, NARROW, false),
        ),
        (
            "text-120-verbose.txt",
            plan_text::render(plan, digest, wide, true),
        ),
        (
            "markdown.md",
            markdown::render(plan, digest, markdown::BUDGET),
        ),
        (
            "explain-80.txt",
            explain::render(plan, &addresses, None, NARROW),
        ),
    ]);
    if plan.steps.len() < 100 {
        // What the page says, without the style and the script that are the same on every page.
        let page = html::page(plan, digest, &[]);
        let body = page.split("<body>").nth(1).unwrap();
        views.insert(
            "page-body.html",
            body.split("<script>").next().unwrap().to_owned(),
        );
        views.insert("plan.json", String::from_utf8(bytes).unwrap() + "\n");
    }
    if plan.steps.len() < 30 {
        let text = plan_text::render(plan, digest, color, false);
        views.insert("text-80-color.txt", text.replace('\u{1b}', "␛"));
    }
    views
}

#[test]
fn every_view_of_every_situation() {
    let update = std::env::var("UPDATE_EXPECT").is_ok();
    let situations = situations();
    assert!(situations.len() >= 12);
    let mut wrong = Vec::new();
    for Situation { name, folder, plan } in &situations {
        assert_eq!(relplan_plan::check(plan), [], "{name}");
        for (file, text) in views(plan) {
            let path = folder.join(file);
            if update {
                fs::write(&path, &text).unwrap();
            } else if fs::read_to_string(&path).unwrap_or_default() != text {
                wrong.push(format!("{name}/{file} is now:\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_in_a_terminal_view_is_wider_than_asked_for_or_steers_the_terminal() {
    for Situation { name, plan, .. } in situations() {
        let digest = Plan::digest(&plan.to_bytes().unwrap());
        let text = plan_text::render(&plan, digest, NARROW, true);
        for line in text.lines() {
            let one_word = line.split_whitespace().count() <= 3;
            assert!(line.chars().count() <= 80 || one_word, "{name}: {line}");
        }
        let steers =
            |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
        assert!(!text.contains(steers), "{name}");
    }
}

#[test]
fn markdown_fits_any_budget_and_tables_end_at_a_rows_end() {
    for Situation { name, plan, .. } in situations() {
        let digest = Plan::digest(&plan.to_bytes().unwrap());
        for budget in (6_000..markdown::BUDGET).step_by(1_777) {
            let text = markdown::render(&plan, digest, budget);
            assert!(text.len() <= budget, "{name}: {} of {budget}", text.len());
            let lines = |start| text.lines().filter(|line| line.starts_with(start)).count();
            assert_eq!(
                lines("<details>"),
                lines("</details>"),
                "{name} at {budget}"
            );
            for line in text.lines().filter(|line| line.starts_with('|')) {
                assert!(line.ends_with('|'), "{name} at {budget}: {line}");
            }
            assert!(text.contains(&digest.to_string()), "{name} at {budget}");
        }
    }
}

#[test]
fn every_reason_has_a_rule() {
    for Situation { name, plan, .. } in situations() {
        for reason in plan.changes.iter().flat_map(|change| &change.reasons) {
            assert!(
                explain::rules::rule(&reason.code).is_some(),
                "{name}: {}",
                reason.code
            );
        }
    }
}

#[test]
fn rows_are_found_by_address_pointer_version_or_name() {
    let situations = situations();
    let plan = &situations
        .iter()
        .find(|one| one.name == "one-bump")
        .unwrap()
        .plan;
    for text in [
        "npm:@acme/widget",
        "npm:@acme/widget#latest",
        "npm:@acme/widget@1.3.0",
        "@acme/widget",
    ] {
        let found = explain::find(plan, text).unwrap();
        assert_eq!(found.len(), 1, "{text}");
        assert_eq!(found[0].to_string(), "npm:@acme/widget");
    }
    let near = explain::find(plan, "npm:@acme/wigdet").unwrap_err();
    assert_eq!(near[0], "npm:@acme/widget");
}

#[test]
fn the_reference_lists_every_rule() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/plan.md");
    let page = fs::read_to_string(page).unwrap();
    for (code, rule) in explain::rules::RULES {
        let row = format!("| `{code}` | {rule} |\n");
        assert!(page.contains(&row), "docs/reference/plan.md lacks: {row}");
    }
}
