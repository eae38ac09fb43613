//! The plan as one page: the verdict, what needs a look, the rows, the picture, costs, and what is inside the artifacts.
//!
//! Invariant: the page asks no network for anything, and its own policy forbids that; nothing runs but the script that
//! was built into relplan, and without it everything can be read. Text from outside stays text (`markup.rs`).

mod attention;
mod inside;
mod rows;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use relplan_model::{
    address::Address,
    digest::Sha256,
    plan::{Action, Plan},
};

use super::{
    graph::{Band, Graph, svg},
    markup::Markup,
    rows::{Group, groups},
    style::count,
    verdict::{self, cost_lines, least_time},
};

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/filter.js");

/// How many boxes the picture on the page has at most: it stands among other things.
const BOXES: usize = 30;

/// A text difference of one path inside of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diff {
    /// The package at its target.
    pub address: Address,
    /// The path inside. Text from outside.
    pub path: String,
    /// The difference in the unified form. Text from outside.
    pub text: String,
}

/// The page of a plan.
pub fn page(plan: &Plan, digest: Sha256, diffs: &[Diff]) -> String {
    let groups = groups(plan);
    let mut page = Markup::new();
    head(&mut page, plan, digest);
    page.tags("<body>\n");
    masthead(&mut page, plan, &groups, digest, diffs);
    page.tags("<main>\n");
    attention::section(&mut page, plan);
    rows::section(&mut page, plan, &groups);
    picture(&mut page, plan);
    costs(&mut page, plan);
    inside::section(&mut page, plan, diffs);
    attention::notes(&mut page, plan);
    page.tags("</main>\n");
    foot(&mut page, plan, digest);
    page.tags("<script>")
        .tags(SCRIPT)
        .tags("</script>\n</body>\n</html>\n");
    page.into_string()
}

fn head(page: &mut Markup, plan: &Plan, digest: Sha256) {
    let style = [STYLE, svg::STYLE].concat();
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; base-uri 'none'; form-action 'none'",
        source(&style),
        source(SCRIPT)
    );
    page.tags("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.tags("<meta http-equiv=\"Content-Security-Policy\"")
        .attribute("content", &policy)
        .tags(">\n");
    page.tags(
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n",
    );
    let title = format!("relplan plan {} \u{b7} {}", digest.short(), plan.project);
    page.element("title", &title).tags("\n");
    page.tags("<style>")
        .tags(STYLE)
        .tags(svg::STYLE)
        .tags("</style>\n</head>\n");
}

/// What a content security policy calls a text that stands in the page itself.
fn source(text: &str) -> String {
    let digest =
        relplan_model::digest::unhex(&Sha256::of(text.as_bytes()).hex()).unwrap_or_default();
    let digits = base64::engine::general_purpose::STANDARD.encode(digest);
    format!("'sha256-{digits}'")
}

fn masthead(page: &mut Markup, plan: &Plan, groups: &[Group<'_>], digest: Sha256, diffs: &[Diff]) {
    page.tags("<header>\n<p class=\"about\"><span class=\"brand\">relplan plan</span> ");
    page.element("code", &digest.short())
        .tags(" <span>")
        .element("b", &plan.project);
    if let Some(commit) = &plan.commit {
        let short: String = commit.chars().take(12).collect();
        page.tags(" at ").element("code", &short);
    }
    page.tags("</span></p>\n<h1 class=\"")
        .tags(mood(plan))
        .tags("\">");
    page.text(&verdict::sentence(plan, groups))
        .tags("</h1>\n<p class=\"soft\">");
    page.text(&format!(
        "Made {}, may be applied until {}.",
        plan.created, plan.not_after
    ));
    page.tags("</p>\n");
    selection(page, plan);
    if let Some(least) = least_time(plan) {
        page.tags("<p class=\"soft\">Takes at least ")
            .element("strong", &least)
            .tags(" by the registries\u{2019} rate limits.</p>\n");
    }
    page.tags("<nav aria-label=\"On this page\">");
    for (here, link) in [
        (true, "<a href=\"#rows\">Rows</a>"),
        (plan.has_steps(), "<a href=\"#picture\">Order of steps</a>"),
        (!cost_lines(plan).is_empty(), "<a href=\"#cost\">Cost</a>"),
        (
            inside::has_any(plan, diffs),
            "<a href=\"#inside\">Inside the artifacts</a>",
        ),
        (attention::has_notes(plan), "<a href=\"#notes\">Remarks</a>"),
    ] {
        page.tags(if here { link } else { "" });
    }
    page.tags("</nav>\n</header>\n");
}

/// How the verdict is dressed: by whether somebody must look before anything else.
fn mood(plan: &Plan) -> &'static str {
    let any = |action: Action| plan.changes.iter().any(|change| change.action == action);
    if any(Action::Hold) || any(Action::Drift) || !plan.blocking_findings().is_empty() {
        "look"
    } else if !plan.has_steps() {
        "nothing"
    } else if plan.applicable {
        "ready"
    } else {
        "pending"
    }
}

fn selection(page: &mut Markup, plan: &Plan) {
    let selection = &plan.selection;
    let targets: Vec<String> = selection.targets.iter().map(ToString::to_string).collect();
    for (words, patterns) in [
        ("Only packages ", selection.packages.as_slice()),
        ("Without packages ", &selection.exclude),
        ("Only targets ", &targets),
    ] {
        if patterns.is_empty() {
            continue;
        }
        page.tags("<p class=\"soft\">").text(words);
        for (place, pattern) in patterns.iter().enumerate() {
            page.tags(if place > 0 { ", " } else { "" })
                .element("code", pattern);
        }
        page.tags("</p>\n");
    }
}

fn picture(page: &mut Markup, plan: &Plan) {
    if !plan.has_steps() {
        return;
    }
    let graph = Graph::fitting(plan, BOXES);
    page.tags("<section id=\"picture\">\n<h2>Order of steps</h2>\n<p class=\"soft\">");
    page.text(&format!("{}. ", graph.summary()));
    if graph.nodes.len() < graph.steps {
        page.text("A box stands for several steps; ")
            .element("code", "relplan graph --full")
            .text(" draws each. ");
    }
    let phases = graph
        .bands()
        .into_iter()
        .filter(|(band, _)| *band != Band::Held);
    if phases.count() > 1 {
        page.text("Nothing of a phase starts before all of the one before it has ended.");
    }
    page.tags("</p>\n<div class=\"graph\" role=\"region\" aria-label=\"Order of steps\" tabindex=\"0\">\n");
    page.piece(&svg::inline(&graph))
        .tags("</div>\n</section>\n");
}

fn costs(page: &mut Markup, plan: &Plan) {
    let lines = cost_lines(plan);
    if lines.is_empty() {
        return;
    }
    page.tags("<section id=\"cost\">\n<h2>Cost</h2>\n<ul class=\"plain\">\n");
    for line in lines {
        let (target, cost) = line.split_once(": ").unwrap_or(("", &line));
        page.tags("<li>")
            .element("b", target)
            .text(" ")
            .text(cost)
            .tags("</li>\n");
    }
    page.tags("</ul>\n");
    if let Some(least) = least_time(plan) {
        page.tags("<p>At least ")
            .element("strong", &least)
            .tags(" by the registries\u{2019} rate limits.</p>\n");
    }
    page.tags("</section>\n");
}

fn foot(page: &mut Markup, plan: &Plan, digest: Sha256) {
    page.tags("<footer>\n<p>This page shows the plan with the digest<br>");
    page.element("code", &digest.to_string());
    page.tags("<br>It is the plan that counts: compare the digest with the one that is approved or applied.</p>\n<p>");
    page.text(&format!(
        "relplan {} \u{b7} spec {} \u{b7} {}",
        plan.tool,
        plan.spec.short(),
        match &plan.base.lineage {
            Some(lineage) => format!("state {lineage}, serial {}", plan.base.serial),
            None => "no state yet".to_owned(),
        }
    ));
    page.text(&format!(
        " \u{b7} {}",
        count(plan.observations.len(), "observation", "observations")
    ));
    page.tags("</p>\n</footer>\n");
}
