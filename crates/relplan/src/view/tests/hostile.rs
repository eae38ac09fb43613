//! Plans in which each text in turn is hostile: no view lets it steer a terminal, hide, or begin a line.
//!
//! The texts are found by walking the plan's JSON, so that a new member is tried without anybody thinking of it.

use relplan_model::{plan::Plan, text::is_hidden};
use serde_json::Value;

use super::situations;
use crate::{
    exit::Exit,
    failure::Failure,
    view::{
        explain,
        graph::{Grain, Graph, dot, mermaid, svg},
        html, markdown, matrix, plan_text, report_text, since_text,
        style::Style,
    },
};

/// Escape sequences in both spellings, a reversed and an invisible word, and lines of its own.
const HOSTILE: &str =
    "x\u{1b}]0;t\u{7}\u{9b}2J\u{202e}y\u{200b}\u{2028}\u{e0041}\r\nINJECTED \u{1b}[31m\nINJECTED";

/// Nothing is wrapped, so that a line begins with a word only where a view lets it.
const WIDE: Style = Style {
    color: false,
    width: 1_000_000,
};

/// Where the texts of a value are, keys of objects aside, each array's first two items standing for all.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(at.to_owned()),
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate().take(2) {
                places(item, &format!("{at}/{number}"), found);
            }
        }
        Value::Object(members) => {
            for (key, member) in members {
                let key = key.replace('~', "~0").replace('/', "~1");
                places(member, &format!("{at}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Every plan that can be read among those with one text changed, with the place of the change.
fn hostile_plans() -> Vec<(String, Plan, Plan)> {
    let mut plans = Vec::new();
    for situation in situations() {
        if situation.plan.steps.len() > 30 {
            continue;
        }
        let honest = serde_json::to_value(&situation.plan).unwrap();
        let mut found = Vec::new();
        places(&honest, "", &mut found);
        for place in found {
            for keeps in [true, false] {
                let mut changed = honest.clone();
                let text = changed.pointer_mut(&place).unwrap();
                let said = text.as_str().unwrap();
                let said = if keeps {
                    format!("{said}{HOSTILE}")
                } else {
                    HOSTILE.to_owned()
                };
                *text = Value::String(said);
                if let Ok(plan) = serde_json::from_value(changed) {
                    let place = format!("{}{place}", situation.name);
                    plans.push((place, plan, situation.plan.clone()));
                }
            }
        }
    }
    plans
}

/// P2: whatever a plan says, and wherever, it stays a word among ours in every view and every message.
#[test]
fn l13_no_text_of_a_plan_steers_hides_or_begins_a_line_in_any_view() {
    let plans = hostile_plans();
    assert!(plans.len() > 500, "{}", plans.len());
    for (place, plan, honest) in plans {
        let digest = Plan::digest(place.as_bytes());
        let mut addresses: Vec<_> = plan.changes.iter().map(|one| &one.address).collect();
        addresses.dedup();
        let graph = Graph::of(&plan, Grain::Steps);
        let violations = relplan_plan::check(&plan);
        let broken = violations.iter().map(ToString::to_string);
        let failure = Failure::new(Exit::Invalid, format!("cannot use {}", plan.project))
            .details(broken.collect::<Vec<_>>().join("\n"));
        let views = [
            ("text", plan_text::render(&plan, digest, WIDE, false)),
            ("verbose", plan_text::render(&plan, digest, WIDE, true)),
            (
                "markdown",
                markdown::render(&plan, digest, markdown::BUDGET),
            ),
            ("explain", explain::render(&plan, &addresses, None, WIDE)),
            ("page", body(&html::page(&plan, digest, &[]))),
            ("since", since_text::render(&plan, digest, &honest, WIDE)),
            ("since", since_text::render(&honest, digest, &plan, WIDE)),
            ("matrix", relplan_model::text::json(&matrix::render(&plan))),
            ("dot", dot::render(&graph)),
            ("mermaid", mermaid::render(&graph)),
            ("svg", svg::render(&graph)),
            ("failure", report_text::failure(&failure, WIDE)),
        ];
        for (view, text) in views {
            let steers = text.chars().find(|c| *c != '\n' && is_hidden(*c));
            assert_eq!(steers, None, "{view} of {place}:\n{text}");
            let begun = text
                .lines()
                .find(|line| line.trim_start().starts_with("INJECTED"));
            assert_eq!(begun, None, "{view} of {place}:\n{text}");
        }
    }
}

/// A page without its style and script, which are the same on every page.
fn body(page: &str) -> String {
    let body = page.split("<body>").nth(1).unwrap();
    body.split("<script>").next().unwrap().to_owned()
}
