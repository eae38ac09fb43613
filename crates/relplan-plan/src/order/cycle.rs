//! Cycles that nothing can break, told in words: the shortest way round is named.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use relplan_model::finding::{Finding, FindingCode, Severity};

use super::{Need, groups, hold as hold_one, name, package};
use crate::{diff::Decision, index::Index};

/// From how many members of a group the shortest way round is sought; the rest of a larger one is not looked at.
const STARTS: usize = 200;

/// Holds every unit in a cycle, and returns their places.
pub(super) fn hold(
    index: &Index<'_>,
    needs: &[Vec<Need>],
    decisions: &mut [Decision<'_>],
    findings: &mut Vec<Finding>,
) -> BTreeSet<usize> {
    let mut cyclic = BTreeSet::new();
    for group in groups(needs) {
        let Some(way) = shortest(needs, &group) else {
            continue;
        };
        let message = in_words(index, &way);
        findings.push(
            Finding::new(FindingCode::Cycle, Severity::Error, None, &message)
                .hint("remove one of these needs, or make it a dev dependency"),
        );
        for place in group {
            hold_one(decisions, place, "cycle", message.clone());
            cyclic.insert(place);
        }
    }
    cyclic
}

/// The shortest way round within a group, from its smallest member; `None`: there is none.
fn shortest(needs: &[Vec<Need>], group: &[usize]) -> Option<Vec<usize>> {
    let members: BTreeSet<usize> = group.iter().copied().collect();
    let mut best: Option<Vec<usize>> = None;
    for start in group.iter().take(STARTS) {
        let bound = best.as_ref().map_or(usize::MAX, Vec::len);
        if let Some(way) = round(needs, &members, *start).filter(|way| way.len() < bound) {
            best = Some(way);
        }
    }
    best
}

/// The shortest way from a unit back to itself, without the return.
fn round(needs: &[Vec<Need>], members: &BTreeSet<usize>, start: usize) -> Option<Vec<usize>> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(place) = queue.pop_front() {
        let onward = needs.get(place).into_iter().flatten();
        for Need { on, .. } in onward.filter(|need| !need.dropped) {
            if *on == start {
                let mut way = vec![place];
                while let Some(before) = way.last().and_then(|last| came_from.get(last)) {
                    way.push(*before);
                }
                way.reverse();
                return Some(way);
            }
            if members.contains(on) && !came_from.contains_key(on) {
                came_from.insert(*on, place);
                queue.push_back(*on);
            }
        }
    }
    None
}

fn in_words(index: &Index<'_>, way: &[usize]) -> String {
    if let [one] = way {
        return format!("{} needs itself", name(index, *one));
    }
    let ecosystems: BTreeSet<_> = way
        .iter()
        .filter_map(|place| package(index, *place).map(|package| &package.ecosystem))
        .collect();
    let called = |place: &usize| match package(index, *place) {
        Some(package) if ecosystems.len() > 1 => package.to_string(),
        _ => name(index, *place).to_owned(),
    };
    let onward = way.iter().cycle().skip(1);
    let links: Vec<String> = way
        .iter()
        .zip(onward)
        .map(|(from, to)| format!("{} needs {}", called(from), called(to)))
        .collect();
    format!("{}: none of them can go first", links.join(", "))
}
