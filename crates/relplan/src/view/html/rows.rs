//! The rows, a table for each target, with a bar to filter them by.

use relplan_model::{
    contents::{Basis, Contents, Notable},
    plan::{Action, Plan},
};

use super::inside;
use crate::view::{
    markup::Markup,
    rows::{Group, Row, credential, gate},
    style::count,
};

/// The actions in order of weight for a reader.
const ACTIONS: [Action; 9] = [
    Action::Hold,
    Action::Drift,
    Action::Publish,
    Action::Stage,
    Action::Point,
    Action::Yank,
    Action::Deprecate,
    Action::Adopt,
    Action::Keep,
];

/// All targets.
pub(super) fn section(page: &mut Markup, plan: &Plan, groups: &[Group<'_>]) {
    page.tags("<section id=\"rows\">\n<h2>Rows</h2>\n");
    bar(page, groups);
    for group in groups {
        target(page, plan, group);
    }
    page.tags("<p id=\"none\" hidden>No row fits the filter.</p>\n</section>\n");
}

/// The filter, hidden until the script that it needs has run.
fn bar(page: &mut Markup, groups: &[Group<'_>]) {
    let rows = || {
        groups
            .iter()
            .flat_map(|group| &group.rows)
            .filter(|row| !row.folded)
    };
    if rows().count() < 2 {
        return;
    }
    let number = |action: Action| rows().filter(|row| row.change.action == action).count();
    let actions = ACTIONS.map(|action| (action, number(action)));
    let actions: Vec<_> = actions
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .collect();
    page.tags("<form id=\"filter\" hidden>\n");
    if groups.len() > 1 {
        let choices = groups
            .iter()
            .map(|group| (group.target.name.to_string(), String::new()));
        choice(page, "target", "Target", choices);
    }
    if actions.len() > 1 {
        let choices = actions
            .iter()
            .map(|(action, number)| (word(*action).to_owned(), format!(" {number}")));
        choice(page, "action", "Action", choices);
    }
    page.tags(
        "<div class=\"find\"><label for=\"text\">Text</label>\
         <input id=\"text\" name=\"text\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         placeholder=\"name, version, reason\">\
         <output id=\"shown\" aria-live=\"polite\"></output></div>\n</form>\n",
    );
}

fn choice(
    page: &mut Markup,
    name: &'static str,
    legend: &'static str,
    choices: impl Iterator<Item = (String, String)>,
) {
    page.tags("<fieldset><legend>")
        .tags(legend)
        .tags("</legend>");
    page.tags("<label><input type=\"radio\" value=\"\" checked")
        .attribute("name", name);
    page.tags("><span>all</span></label>");
    for (value, more) in choices {
        page.tags("<label><input type=\"radio\"")
            .attribute("name", name)
            .attribute("value", &value);
        page.tags("><span>")
            .text(&value)
            .tags("<small>")
            .text(&more)
            .tags("</small></span></label>");
    }
    page.tags("</fieldset>\n");
}

fn target(page: &mut Markup, plan: &Plan, group: &Group<'_>) {
    let target = group.target;
    page.tags("<section class=\"target\"")
        .attribute("data-target", target.name.as_str());
    page.tags(">\n<h3>")
        .text(target.name.as_str())
        .tags(" <span class=\"soft\">");
    page.text(&target.kind)
        .tags(" \u{b7} gate: ")
        .text(&gate(target));
    page.tags("</span></h3>\n<p class=\"endpoints soft\">");
    for (place, endpoint) in target.endpoints.iter().enumerate() {
        page.tags(if place > 0 { "<br>" } else { "" });
        page.text(&endpoint.role)
            .text(" ")
            .element("code", &endpoint.url);
        page.text(&format!(" (from {})", endpoint.source));
        if let Some(credential) = credential(target, &endpoint.role) {
            page.text(&format!(", credential: {credential}"));
        }
    }
    page.tags("</p>\n");
    let shown: Vec<&Row<'_>> = group.rows.iter().filter(|row| row.is_shown()).collect();
    if !shown.is_empty() {
        table(page, plan, &shown);
    }
    let kept = group
        .rows
        .iter()
        .filter(|row| row.change.action == Action::Keep);
    let kept: Vec<&Row<'_>> = kept.collect();
    if !kept.is_empty() {
        page.tags("<details class=\"kept\"><summary>");
        page.text(&format!("{} unchanged", kept.len()))
            .tags("</summary>\n");
        table(page, plan, &kept);
        page.tags("</details>\n");
    }
    page.tags("</section>\n");
}

fn table(page: &mut Markup, plan: &Plan, rows: &[&Row<'_>]) {
    page.tags(
        "<table>\n<thead><tr><th scope=\"col\">Action</th><th scope=\"col\">Package</th>\
         <th scope=\"col\">Version</th><th scope=\"col\">What and why</th></tr></thead>\n<tbody>\n",
    );
    for row in rows {
        line(page, plan, row);
    }
    page.tags("</tbody>\n</table>\n");
}

fn line(page: &mut Markup, plan: &Plan, row: &Row<'_>) {
    let action = row.change.action;
    page.tags("<tr class=\"row\"")
        .attribute("data-action", word(action));
    page.tags("><td class=\"action\"><span class=\"symbol\" aria-hidden=\"true\">");
    page.text(&action.symbol().to_string())
        .tags("</span> ")
        .text(word(action));
    page.tags("</td><th scope=\"row\" class=\"package\">")
        .element("code", &row.name);
    page.tags("</th><td class=\"version\">");
    // Of a deprecation the word says nothing that the action has not said.
    if row.versions != word(action) {
        page.text(&row.versions);
    }
    page.tags("</td><td class=\"why\">");
    if !row.remarks.is_empty() {
        page.tags("<p class=\"remarks\" dir=\"auto\">")
            .text(&row.remarks.join(" \u{b7} "))
            .tags("</p>");
    }
    for contents in &row.contents {
        loud(page, contents);
        link(page, plan, contents);
    }
    // The rows that a reader looks into tell all of their reasons; elsewhere the first says it.
    let telling = matches!(action, Action::Hold | Action::Drift);
    let first = usize::from(!row.telling_reasons().is_empty() || action == Action::Keep);
    let reasons = if telling {
        row.change.reasons.len()
    } else {
        first
    };
    for reason in row.change.reasons.iter().take(reasons) {
        page.tags("<p dir=\"auto\">")
            .text(&reason.message)
            .tags("</p>");
    }
    page.tags("</td></tr>\n");
}

/// Scripts and dependencies that are new or other than before.
fn loud(page: &mut Markup, contents: &Contents) {
    let compared = matches!(contents.basis, Basis::Published { .. });
    for notable in &contents.notable {
        let (Notable::Script { after, .. } | Notable::Dependency { after, .. }) = notable;
        // Of a first release all dependencies are new; those are told below.
        if after.is_some() && (compared || matches!(notable, Notable::Script { .. })) {
            page.tags("<p class=\"loud\" dir=\"auto\">");
            inside::notable(page, notable);
            page.tags("</p>");
        }
    }
}

fn link(page: &mut Markup, plan: &Plan, contents: &Contents) {
    let place = plan
        .contents
        .iter()
        .position(|one| std::ptr::eq(one, contents));
    if let (Some(place), Basis::Published { version, .. }) = (place, &contents.basis) {
        let number = contents
            .entries
            .len()
            .saturating_add(usize::try_from(contents.omitted).unwrap_or(0));
        page.tags("<p><a")
            .attribute("href", &format!("#inside-{place}"))
            .tags(">");
        page.text(&count(number, "path differs", "paths differ"));
        page.text(&format!(" from {version}")).tags("</a></p>");
    }
}

/// An action in a word.
fn word(action: Action) -> &'static str {
    match action {
        Action::Publish => "publish",
        Action::Stage => "stage",
        Action::Point => "point",
        Action::Yank => "yank",
        Action::Deprecate => "deprecate",
        Action::Adopt => "adopt",
        Action::Keep => "unchanged",
        Action::Hold => "held",
        Action::Drift => "drifted",
    }
}
