//! The graph for Graphviz.

use std::{fmt::Write as _, ops::Range};

use super::{Band, Graph, palette};
use crate::view::style::harmless;

/// The graph in DOT.
pub fn render(graph: &Graph) -> String {
    let mut out = String::from("digraph plan {\n");
    let _ = writeln!(out, "  label=\"{}\"", label(&graph.summary()));
    out.push_str(
        "  graph [rankdir=LR, compound=true, newrank=true, nodesep=0.2, ranksep=0.6, fontname=\"sans-serif\", fontsize=12]\n  \
         node [shape=box, style=\"rounded,filled\", fontname=\"sans-serif\", fontsize=11, fontcolor=\"#1b1f24\"]\n  \
         edge [color=\"#5b6472\", arrowsize=0.7]\n",
    );
    let bands = graph.bands();
    for (band, columns) in &bands {
        let _ = writeln!(out, "  subgraph cluster_{} {{", band.word());
        let _ = writeln!(
            out,
            "    label=\"{}\"; style=\"rounded\"; color=\"#9aa3af\"",
            band.title()
        );
        let of_band = |node: &&super::Node| columns.contains(&node.column);
        let first = graph.nodes.iter().take_while(|node| !of_band(node)).count();
        let of_band: Vec<_> = (first..).zip(graph.nodes.iter().filter(of_band)).collect();
        for column in of_band.chunk_by(|(_, a), (_, b)| a.column == b.column) {
            for (place, node) in column {
                let _ = writeln!(out, "    n{place} [{}]", attributes(graph, node));
            }
            let ids: Vec<String> = column
                .iter()
                .map(|(place, _)| format!("n{place}"))
                .collect();
            let _ = writeln!(out, "    {{ rank=same; {} }}", ids.join("; "));
        }
        out.push_str("  }\n");
    }
    for (from, to) in &graph.edges {
        let _ = writeln!(out, "  n{from} -> n{to}");
    }
    barriers(&mut out, graph, &bands);
    out.push_str("}\n");
    out
}

fn attributes(graph: &Graph, node: &super::Node) -> String {
    let color = match graph.color(node) {
        _ if node.is_left_alone() => &palette::HELD,
        Some(place) => palette::COLORS
            .get(palette::number(place))
            .unwrap_or(&palette::SEVERAL),
        None => &palette::SEVERAL,
    };
    let style = if node.is_left_alone() {
        ", style=\"rounded,filled,dashed\""
    } else {
        ""
    };
    let shown: Vec<&str> = node.members.iter().take(20).map(String::as_str).collect();
    format!(
        "label=\"{}\", tooltip=\"{}\", fillcolor=\"{}\", color=\"{}\"{style}",
        label(&graph.label(node)),
        label(&shown.join("; ")),
        color.fill,
        color.line
    )
}

/// Thick arrows from phase to phase, and an invisible one that keeps what is held to the right.
fn barriers(out: &mut String, graph: &Graph, bands: &[(Band, Range<usize>)]) {
    let any = |columns: &Range<usize>, last: bool| {
        let column = if last { columns.end - 1 } else { columns.start };
        graph.nodes.iter().position(|node| node.column == column)
    };
    for pair in bands.windows(2) {
        if let [(before, earlier), (after, later)] = pair
            && let (Some(from), Some(to)) = (any(earlier, true), any(later, false))
        {
            let style = if *after == Band::Held {
                "style=invis".to_owned()
            } else {
                format!(
                    "ltail=cluster_{}, lhead=cluster_{}, penwidth=2.5",
                    before.word(),
                    after.word()
                )
            };
            let _ = writeln!(out, "  n{from} -> n{to} [{style}]");
        }
    }
}

/// A text that is safe between quotes: no escape of DOT's own, and no HTML entity.
fn label(text: &str) -> String {
    harmless(text)
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('&', "&amp;")
}
