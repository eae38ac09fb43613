//! The graph as SVG: a column for each wave, bands for phases, text as text.
//!
//! Invariant: no script, nothing from elsewhere, no style attribute (a page that holds it may forbid those).

mod layout;

use std::fmt::Write as _;

use self::layout::{HEADING, Layout, NODE_HEIGHT, Point};
use super::{Band, Graph, Node, palette, shorten};
use crate::view::markup::{self, Markup};

/// The style of the picture, which a page that holds it must carry.
pub const STYLE: &str = include_str!("svg/graph.css");

/// Up to this width, a picture that a page has a little less room for is still read when it is made smaller.
const SHRINKABLE: i64 = 1_500;

/// The longest lines of a box, in characters: its name, and the smaller line below.
const LINES: (usize, usize) = (40, 46);

/// A file of its own.
pub fn render(graph: &Graph) -> String {
    draw(graph, &format!("<style>{STYLE}</style>"))
}

/// A part of a page that carries [`STYLE`].
pub fn inline(graph: &Graph) -> Markup {
    Markup::escaped(draw(graph, ""))
}

fn draw(graph: &Graph, style: &str) -> String {
    let layout = Layout::of(graph, |node| {
        let (first, second) = lines(node);
        (first.chars().count(), second.chars().count())
    });
    let mut out = String::new();
    let (width, height) = (layout.width, layout.height);
    let shrinks = if width <= SHRINKABLE { " shrinks" } else { "" };
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"relplan-graph{shrinks}\" role=\"group\" \
         aria-labelledby=\"relplan-graph-title relplan-graph-desc\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\">"
    );
    let _ = writeln!(
        out,
        "<title id=\"relplan-graph-title\">Steps of the plan by wave</title>\n\
         <desc id=\"relplan-graph-desc\">{}</desc>{style}",
        markup::text(&description(graph))
    );
    out.push_str(
        "<defs><marker id=\"relplan-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
         markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0.5 L7.5 4 L0 7.5 Z\"/></marker></defs>\n",
    );
    if graph.nodes.is_empty() {
        let _ = writeln!(
            out,
            "<text class=\"wave\" x=\"16\" y=\"28\">Nothing to do</text>"
        );
    }
    bands(&mut out, graph, &layout);
    for path in &layout.paths {
        let _ = writeln!(
            out,
            "<path class=\"edge\" marker-end=\"url(#relplan-arrow)\" d=\"{}\"/>",
            curve(path)
        );
    }
    for (node, place) in graph.nodes.iter().zip(&layout.places) {
        let column = layout.columns.get(node.column);
        let width = column.map_or(0, |column| column.width);
        card(&mut out, graph, node, *place, width);
    }
    out.push_str("</svg>\n");
    out
}

fn description(graph: &Graph) -> String {
    let bands: Vec<String> = graph
        .bands()
        .iter()
        .map(|(band, columns)| {
            let boxes = graph
                .nodes
                .iter()
                .filter(|node| columns.contains(&node.column));
            let lines: Vec<String> = boxes.map(Node::line).collect();
            format!("{}: {}.", band.title(), lines.join("; "))
        })
        .collect();
    format!("{}. {}", graph.summary(), bands.join(" "))
}

fn bands(out: &mut String, graph: &Graph, layout: &Layout) {
    let mut before: Option<i64> = None;
    for ((band, columns), span) in graph.bands().iter().zip(&layout.bands) {
        let class = if *band == Band::Held {
            "band held"
        } else {
            "band"
        };
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{}\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"10\"/>\n\
             <text class=\"phase\" x=\"{}\" y=\"24\">{}</text>",
            span.x,
            span.width,
            layout.height - 2,
            span.x + 16,
            band.title()
        );
        for column in columns.clone() {
            if let (Some(shown), Some(at)) = (graph.columns.get(column), layout.columns.get(column))
            {
                let _ = writeln!(
                    out,
                    "<text class=\"wave\" x=\"{}\" y=\"{}\">{}</text>",
                    at.x,
                    HEADING - 12,
                    shown.title()
                );
            }
        }
        if let (Some(end), Band::Phase(_)) = (before, band) {
            let y = layout.height / 2;
            let _ = writeln!(
                out,
                "<path class=\"barrier\" marker-end=\"url(#relplan-arrow)\" d=\"M{} {y} H{}\"/>",
                end + 3,
                span.x - 3
            );
        }
        before = Some(span.x + span.width);
    }
}

/// A box. It is a picture of its own, so that text which is wider than expected ends at its border.
fn card(out: &mut String, graph: &Graph, node: &Node, at: Point, width: i64) {
    let (first, second) = lines(node);
    let class = match graph.color(node) {
        _ if node.is_left_alone() => "held".to_owned(),
        Some(place) => format!("t{}", palette::number(place)),
        None => "several".to_owned(),
    };
    let _ = writeln!(
        out,
        "<svg class=\"node {class}\" x=\"{}\" y=\"{}\" width=\"{width}\" height=\"{NODE_HEIGHT}\">\
         <title>{}</title>\
         <rect class=\"card\" x=\"1\" y=\"1\" width=\"{}\" height=\"{}\" rx=\"6\"/>\
         <rect class=\"bar\" x=\"1\" y=\"1\" width=\"5\" height=\"{}\" rx=\"2\"/>\
         <text class=\"name\" x=\"16\" y=\"20\">{}</text>\
         <text class=\"note\" x=\"16\" y=\"37\">{}</text></svg>",
        at.x,
        at.y,
        tooltip(node),
        width - 2,
        NODE_HEIGHT - 2,
        NODE_HEIGHT - 2,
        markup::text(&first),
        markup::text(&second)
    );
}

fn lines(node: &Node) -> (String, String) {
    let first = format!("{} {} {}", node.action.symbol(), node.verb, node.subject);
    let target = node.target.as_ref().map(ToString::to_string);
    let room = LINES
        .1
        .saturating_sub(target.as_ref().map_or(0, |name| name.len() + 3));
    let parts = [target, Some(node.brief_note(room.max(12)))];
    let parts: Vec<String> = parts
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    (shorten(first.trim_start(), LINES.0), parts.join(" \u{b7} "))
}

/// What a box stands for, one a line.
fn tooltip(node: &Node) -> String {
    const MOST: usize = 20;
    let mut lines: Vec<String> = node
        .members
        .iter()
        .take(MOST)
        .map(|id| markup::text(id))
        .collect();
    if node.single && !node.note.is_empty() && !node.is_left_alone() {
        lines.push(markup::text(&node.note));
    }
    if node.members.len() > MOST {
        lines.push(format!("and {} more", node.members.len() - MOST));
    }
    lines.join("\n")
}

/// A line through points: straight through a column, bent between two.
fn curve(points: &[Point]) -> String {
    let mut path = String::new();
    let mut before: Option<Point> = None;
    for point in points {
        match before {
            None => {
                let _ = write!(path, "M{} {}", point.x, point.y);
            }
            Some(from) if from.y == point.y => {
                let _ = write!(path, " H{}", point.x);
            }
            Some(from) => {
                let middle = i64::midpoint(from.x, point.x);
                let _ = write!(
                    path,
                    " C{middle} {} {middle} {} {} {}",
                    from.y, point.y, point.x, point.y
                );
            }
        }
        before = Some(*point);
    }
    path
}
