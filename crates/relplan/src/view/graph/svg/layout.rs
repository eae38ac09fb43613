//! Where boxes and lines go: columns are waves, rows are sorted so that lines cross little.
//!
//! Rows are ordered by the mean place of their neighbours in the column beside (the barycentre), forth and back a few
//! times; a line that passes a column has a place of its own there. Then each box moves to the height of what it needs.

use crate::view::graph::{Graph, Node};

/// A box's height, in pixels.
pub(super) const NODE_HEIGHT: i64 = 48;

/// The space above the boxes: the headings of band and wave.
pub(super) const HEADING: i64 = 64;

const ROW_GAP: i64 = 14;
const COLUMN_GAP: i64 = 52;
const BAND_GAP: i64 = 36;
const PADDING: i64 = 16;
/// What a line takes that passes a column.
const LANE_HEIGHT: i64 = 6;
/// Above this many lines, those that pass columns get no places of their own there.
const MOST_LANES: usize = 400;
/// The width of a character of a box's two lines, in tenths of a pixel; the fonts have a fixed width.
const CHARACTER: (i64, i64) = (75, 67);
const SWEEPS: usize = 6;

/// A place in the picture, in pixels.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) x: i64,
    pub(super) y: i64,
}

/// A column's or a band's place from left to right.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) x: i64,
    pub(super) width: i64,
}

/// The picture's measures.
pub(super) struct Layout {
    pub(super) width: i64,
    pub(super) height: i64,
    /// In order of the graph's bands.
    pub(super) bands: Vec<Span>,
    /// In order of the graph's columns.
    pub(super) columns: Vec<Span>,
    /// The upper left corners of the boxes, in the graph's order.
    pub(super) places: Vec<Point>,
    /// The lines, each from box to box, in order of the graph's edges.
    pub(super) paths: Vec<Vec<Point>>,
}

/// What stands in a column: a box, or a line that passes it.
struct Item {
    node: Option<usize>,
    column: usize,
    /// Its row in the column.
    row: usize,
    /// Its upper end.
    y: i64,
    left: Vec<usize>,
    right: Vec<usize>,
}

impl Item {
    fn height(&self) -> i64 {
        if self.node.is_some() {
            NODE_HEIGHT
        } else {
            LANE_HEIGHT
        }
    }

    fn middle(&self) -> i64 {
        self.y + self.height() / 2
    }
}

impl Layout {
    /// Lays a graph out. `lengths` tells how many characters the two lines of a box have.
    pub(super) fn of(graph: &Graph, lengths: impl Fn(&Node) -> (usize, usize)) -> Self {
        let (mut items, chains) = items(graph);
        let mut order: Vec<Vec<usize>> = vec![Vec::new(); graph.columns.len()];
        for (place, item) in items.iter_mut().enumerate() {
            if let Some(column) = order.get_mut(item.column) {
                item.row = column.len();
                column.push(place);
            }
        }
        for sweep in 0..SWEEPS {
            sort(&mut items, &mut order, sweep % 2 == 0);
        }
        settle(&mut items, &order);
        let (columns, bands, width) = spans(graph, lengths);
        let bottom = items.iter().map(|item| item.y + item.height()).max();
        let at = |item: &Item| columns.get(item.column).copied().unwrap_or_default();
        let places = items
            .iter()
            .take(graph.nodes.len())
            .map(|item| Point {
                x: at(item).x,
                y: item.y,
            })
            .collect();
        let paths = chains
            .iter()
            .map(|chain| {
                let steps = chain.iter().filter_map(|place| items.get(*place));
                let last = chain.len().saturating_sub(1);
                let mut points = Vec::new();
                for (place, item) in steps.enumerate() {
                    let (span, y) = (at(item), item.middle());
                    if place > 0 {
                        points.push(Point { x: span.x, y });
                    }
                    if place < last {
                        points.push(Point {
                            x: span.x + span.width,
                            y,
                        });
                    }
                }
                points
            })
            .collect();
        Self {
            width: width.max(160),
            height: bottom.map_or(HEADING, |bottom| bottom + PADDING),
            bands,
            columns,
            places,
            paths,
        }
    }
}

/// Boxes first, in the graph's order, then places for the lines that pass columns; and each line as a chain of items.
fn items(graph: &Graph) -> (Vec<Item>, Vec<Vec<usize>>) {
    let item = |node, column| Item {
        node,
        column,
        row: 0,
        y: 0,
        left: Vec::new(),
        right: Vec::new(),
    };
    let mut items: Vec<Item> = graph
        .nodes
        .iter()
        .enumerate()
        .map(|(place, node)| item(Some(place), node.column))
        .collect();
    let lanes = graph.edges.len() <= MOST_LANES;
    let mut chains = Vec::new();
    for (from, to) in &graph.edges {
        let column = |place: &usize| graph.nodes.get(*place).map_or(0, |node| node.column);
        let mut chain = vec![*from];
        if lanes {
            for between in column(from) + 1..column(to) {
                chain.push(items.len());
                items.push(item(None, between));
            }
        }
        chain.push(*to);
        for pair in chain.windows(2) {
            if let [a, b] = pair {
                if let Some(item) = items.get_mut(*a) {
                    item.right.push(*b);
                }
                if let Some(item) = items.get_mut(*b) {
                    item.left.push(*a);
                }
            }
        }
        chains.push(chain);
    }
    (items, chains)
}

/// Orders each column by its neighbours on one side. What has none there keeps its place.
fn sort(items: &mut [Item], order: &mut [Vec<usize>], forth: bool) {
    let columns: Vec<usize> = if forth {
        (0..order.len()).collect()
    } else {
        (0..order.len()).rev().collect()
    };
    for column in columns {
        let Some(members) = order.get_mut(column) else {
            continue;
        };
        let weight = |place: usize| {
            let item = items.get(place)?;
            let beside = if forth { &item.left } else { &item.right };
            let rows = beside
                .iter()
                .filter_map(|place| Some(items.get(*place)?.row));
            // Twelve digits of a fraction would decide nothing more than three do.
            let mean = match beside.len() {
                0 => item.row * 1_000,
                number => rows.sum::<usize>() * 1_000 / number,
            };
            Some((mean, item.row))
        };
        let mut weighed: Vec<_> = members
            .iter()
            .map(|place| (weight(*place), *place))
            .collect();
        weighed.sort();
        *members = weighed.into_iter().map(|(_, place)| place).collect();
        for (row, place) in members.iter().enumerate() {
            if let Some(item) = items.get_mut(*place) {
                item.row = row;
            }
        }
    }
}

/// Gives each item its height: beside what it needs, and below what stands above it.
fn settle(items: &mut [Item], order: &[Vec<usize>]) {
    for members in order {
        let mut free = HEADING;
        for place in members {
            let wanted = items.get(*place).and_then(|item| {
                let middles = item
                    .left
                    .iter()
                    .filter_map(|on| items.get(*on))
                    .map(Item::middle);
                let number = i64::try_from(item.left.len())
                    .ok()
                    .filter(|number| *number > 0)?;
                Some(middles.sum::<i64>() / number - item.height() / 2)
            });
            if let Some(item) = items.get_mut(*place) {
                item.y = wanted.unwrap_or(free).max(free);
                free = item.y + item.height() + ROW_GAP;
            }
        }
    }
}

/// The columns and bands from left to right, and where the last one ends.
fn spans(graph: &Graph, lengths: impl Fn(&Node) -> (usize, usize)) -> (Vec<Span>, Vec<Span>, i64) {
    let mut columns = vec![Span::default(); graph.columns.len()];
    for node in &graph.nodes {
        let (first, second) = lengths(node);
        let pixels = |characters: usize, tenths: i64| {
            i64::try_from(characters).unwrap_or(0) * tenths / 10 + 28
        };
        let width = pixels(first, CHARACTER.0).max(pixels(second, CHARACTER.1));
        if let Some(column) = columns.get_mut(node.column) {
            column.width = column.width.max(width).max(150);
        }
    }
    let (mut x, mut bands) = (1, Vec::new());
    for (_, members) in graph.bands() {
        if !bands.is_empty() {
            x += BAND_GAP;
        }
        let start = x;
        x += PADDING;
        for (place, column) in members.enumerate() {
            if place > 0 {
                x += COLUMN_GAP;
            }
            if let Some(column) = columns.get_mut(column) {
                column.x = x;
                x += column.width;
            }
        }
        x += PADDING;
        bands.push(Span {
            x: start,
            width: x - start,
        });
    }
    (columns, bands, x + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{graph::Grain, tests::situations};

    #[test]
    fn boxes_stand_inside_of_the_picture_and_on_no_other() {
        for situation in situations() {
            for grain in [Grain::Steps, Grain::Versions, Grain::Waves] {
                let graph = Graph::of(&situation.plan, grain);
                let layout = Layout::of(&graph, |node| (node.subject.len(), node.note.len()));
                let boxes: Vec<(Point, i64)> = graph
                    .nodes
                    .iter()
                    .zip(&layout.places)
                    .map(|(node, place)| (*place, layout.columns[node.column].width))
                    .collect();
                assert_eq!(boxes.len(), graph.nodes.len());
                for (at, (place, width)) in boxes.iter().enumerate() {
                    let name = format!("{} {grain:?} {}", situation.name, graph.nodes[at].line());
                    assert!(place.x > 0 && place.x + width < layout.width, "{name}");
                    assert!(
                        place.y >= HEADING && place.y + NODE_HEIGHT < layout.height,
                        "{name}"
                    );
                    for (other, other_width) in &boxes[..at] {
                        let apart = place.x >= other.x + other_width
                            || other.x >= place.x + width
                            || (place.y - other.y).abs() >= NODE_HEIGHT;
                        assert!(apart, "{name} stands on another box");
                    }
                }
            }
        }
    }
}
