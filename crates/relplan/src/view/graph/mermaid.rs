//! The graph for Mermaid, as GitHub draws it inside of Markdown.
//!
//! Phases stand below each other, and waves go from left to right within: comments are narrow.
//!
//! Invariant: what stands between quotes is letters, digits and a few marks; everything else is written as Mermaid's
//! own entities (`#35;`), so no text can end a label, start HTML or Markdown, or give an instruction.

use std::fmt::Write as _;

use relplan_model::plan::Plan;

use super::{Band, Graph, palette};
use crate::view::style::harmless;

/// How many bytes the picture inside of a comment may have.
const SMALL: usize = 4096;

/// The graph in Mermaid's language.
pub fn render(graph: &Graph) -> String {
    let mut out = String::from("flowchart TB\n");
    let _ = writeln!(out, "  accTitle: {}", label(&graph.summary()));
    if graph.nodes.is_empty() {
        out.push_str("  nothing[\"Nothing to do\"]\n");
        return out;
    }
    for (band, columns) in graph.bands() {
        let _ = writeln!(
            out,
            "  subgraph {}[\"{}\"]\n    direction LR",
            band.word(),
            band.title()
        );
        for (place, node) in graph.nodes.iter().enumerate() {
            if columns.contains(&node.column) {
                let _ = writeln!(out, "    n{place}[\"{}\"]", label(&graph.label(node)));
            }
        }
        out.push_str("  end\n");
    }
    for (from, to) in &graph.edges {
        let _ = writeln!(out, "  n{from} --> n{to}");
    }
    for pair in graph.bands().windows(2) {
        if let [(before, _), (after, _)] = pair {
            // An arrow that is not drawn keeps what is held below the rest.
            let arrow = if *after == Band::Held { "~~~" } else { "==>" };
            let _ = writeln!(out, "  {} {arrow} {}", before.word(), after.word());
        }
    }
    classes(&mut out, graph);
    out
}

/// The graph for a block inside of a comment: the finest that fits into 4 kB.
pub fn collapsed(plan: &Plan) -> String {
    let mut text = String::new();
    for boxes in [super::READABLE, 24, 12, 0] {
        text = render(&Graph::fitting(plan, boxes));
        if text.len() <= SMALL {
            break;
        }
    }
    text
}

fn classes(out: &mut String, graph: &Graph) {
    let mut class = |name: &str, color: &palette::Color, more: &str, members: Vec<usize>| {
        if members.is_empty() {
            return;
        }
        let ids: Vec<String> = members.iter().map(|place| format!("n{place}")).collect();
        let _ = writeln!(
            out,
            "  classDef {name} fill:{},stroke:{},color:#1b1f24{more}",
            color.fill, color.line
        );
        let _ = writeln!(out, "  class {} {name}", ids.join(","));
    };
    let places = |fits: &dyn Fn(&super::Node) -> bool| -> Vec<usize> {
        let all = graph.nodes.iter().enumerate();
        all.filter(|(_, node)| fits(node))
            .map(|(place, _)| place)
            .collect()
    };
    for (number, color) in palette::COLORS.iter().enumerate() {
        let own = |node: &super::Node| {
            !node.is_left_alone() && graph.color(node).map(palette::number) == Some(number)
        };
        class(&format!("t{number}"), color, "", places(&own));
    }
    let several = |node: &super::Node| !node.is_left_alone() && node.target.is_none();
    class("several", &palette::SEVERAL, "", places(&several));
    let held = super::Node::is_left_alone;
    class(
        "held",
        &palette::HELD,
        ",stroke-dasharray:5 4",
        places(&held),
    );
}

/// A text that is safe between quotes.
fn label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        let plain = c.is_ascii_alphanumeric()
            || matches!(
                c,
                ' ' | '.' | ',' | '-' | '+' | '/' | '@' | '\u{2192}' | '\u{2026}' | '\u{2013}'
            );
        match c {
            '"' => out.push_str("#quot;"),
            c if plain => out.push(c),
            c => {
                let _ = write!(out, "#{};", u32::from(c));
            }
        }
    }
    out
}
