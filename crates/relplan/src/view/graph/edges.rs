//! Which arrows are drawn: those that say something which no path of other arrows says already.

use std::collections::BTreeSet;

use super::{Column, Grain, Node};

/// Above this many boxes all arrows are drawn: finding the needless ones takes time that grows with the square.
const MOST: usize = 400;

/// The arrows between boxes, each once, in order, without those that follow from others.
///
/// Between phases none is drawn, but in the picture of every step: the bands say that order for all of them.
pub(super) fn reduced(
    edges: impl Iterator<Item = (usize, usize)>,
    nodes: &[Node],
    columns: &[Column],
    grain: Grain,
) -> Vec<(usize, usize)> {
    let column = |place: usize| nodes.get(place).map(|node| node.column);
    let band = |place: usize| Some(columns.get(column(place)?)?.band);
    let forward: BTreeSet<(usize, usize)> = edges
        .filter(|(from, to)| {
            // Within a column of several waves boxes may need each other in turn; its heading says that.
            column(*from) < column(*to) && (grain == Grain::Steps || band(*from) == band(*to))
        })
        .collect();
    if nodes.len() > MOST {
        return forward.into_iter().collect();
    }
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    for (from, to) in &forward {
        if let Some(list) = next.get_mut(*from) {
            list.push(*to);
        }
    }
    // Boxes are in order of column and arrows go to later columns, so from the last box on all reaches are final.
    let mut reach: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes.len()];
    let mut kept = Vec::new();
    for from in (0..nodes.len()).rev() {
        let targets = next.get(from).cloned().unwrap_or_default();
        let beyond: BTreeSet<usize> = targets
            .iter()
            .filter_map(|to| reach.get(*to))
            .flatten()
            .copied()
            .collect();
        kept.extend(
            targets
                .iter()
                .filter(|to| !beyond.contains(to))
                .map(|to| (from, *to)),
        );
        if let Some(own) = reach.get_mut(from) {
            own.extend(targets);
            own.extend(beyond);
        }
    }
    kept.sort_unstable();
    kept
}
