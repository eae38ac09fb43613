//! Who waits for whom: dependencies between what is published, and what follows for those who need what is held.
//!
//! Hard edges (normal, build and the spec's `needs`) are always honoured. Soft ones (dev, peer, optional) are honoured
//! unless they are part of a cycle.
//!
//! Invariant: among the units that are published in the end, the edges have no cycle (law L7).

mod cycle;
pub(crate) mod outside;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};
use relplan_model::{
    address::PackageId,
    finding::{Finding, FindingCode, Severity},
    release::{Dependency, DependencyKind},
};

use crate::{
    diff::{Decision, Verdict},
    index::{Index, Unit},
    remark::{reason, some_of},
};

/// For each unit, by its place, the units whose version must be resolvable first.
pub(crate) type Waits = Vec<BTreeSet<usize>>;

/// One unit's need of another.
#[derive(Clone, Copy)]
struct Need {
    on: usize,
    hard: bool,
    /// Whether it gave way in a cycle, so that nobody waits for it.
    dropped: bool,
}

/// Finds the order, and holds what cannot go because something that it needs cannot.
pub(crate) fn order(
    index: &Index<'_>,
    decisions: &mut [Decision<'_>],
    findings: &mut Vec<Finding>,
) -> Waits {
    outside::hold(index, decisions, findings);
    let mut needs = needs(index, decisions, findings);
    loosen(index, &mut needs, findings);
    let cyclic = cycle::hold(index, &needs, decisions, findings);
    hold_dependents(index, &needs, &cyclic, decisions);
    warn_of_held(index, &needs, decisions, findings);
    let is_published = |place: usize| publishes(decisions, place);
    needs
        .iter()
        .enumerate()
        .map(|(place, needs)| {
            let waits = needs
                .iter()
                .filter(|need| !need.dropped)
                .map(|need| need.on);
            waits
                .filter(|on| is_published(place) && is_published(*on))
                .collect()
        })
        .collect()
}

fn publishes(decisions: &[Decision<'_>], place: usize) -> bool {
    let decision = decisions.get(place);
    decision.is_some_and(|decision| matches!(decision.verdict, Verdict::Publish(_)))
}

/// Whether nothing that needs it may go: its version is not there, or not as it should be.
fn is_held(decisions: &[Decision<'_>], place: usize) -> bool {
    let decision = decisions.get(place);
    decision.is_some_and(|decision| matches!(decision.verdict, Verdict::Hold | Verdict::Drift))
}

/// Whether a dependency of this kind is honoured even in a cycle.
pub(crate) fn is_hard(kind: DependencyKind) -> bool {
    match kind {
        DependencyKind::Normal | DependencyKind::Build | DependencyKind::Needs => true,
        DependencyKind::Dev | DependencyKind::Peer | DependencyKind::Optional => false,
    }
}

/// The needs of each unit that is to be published. What is there already needs nothing.
fn needs(
    index: &Index<'_>,
    decisions: &[Decision<'_>],
    findings: &mut Vec<Finding>,
) -> Vec<Vec<Need>> {
    let of_unit = |(place, unit)| {
        if publishes(decisions, place) {
            needs_of(index, place, unit, findings)
        } else {
            Vec::new()
        }
    };
    index.units.iter().enumerate().map(of_unit).collect()
}

fn needs_of(
    index: &Index<'_>,
    place: usize,
    unit: &Unit<'_>,
    findings: &mut Vec<Finding>,
) -> Vec<Need> {
    let mut hard_by_place: BTreeMap<usize, bool> = BTreeMap::new();
    for dependency in &unit.release.dependencies {
        let hard = is_hard(dependency.kind);
        let places = index
            .places
            .get(&dependency.on)
            .map_or(&[][..], Vec::as_slice);
        if places.is_empty() {
            findings.extend(nowhere(index, unit, dependency));
        }
        let here = places.iter().find(|other| {
            let other = index.units.get(**other);
            other.is_some_and(|other| other.address.target == unit.address.target)
        });
        let wanted = here.map_or(places, std::slice::from_ref);
        for on in wanted.iter().copied().filter(|on| hard || *on != place) {
            *hard_by_place.entry(on).or_default() |= hard;
        }
    }
    hard_by_place
        .into_iter()
        .map(|(on, hard)| Need {
            on,
            hard,
            dropped: false,
        })
        .collect()
}

/// A remark on a dependency that this plan does not bring anywhere.
fn nowhere(index: &Index<'_>, unit: &Unit<'_>, dependency: &Dependency) -> Option<Finding> {
    let Dependency {
        on,
        kind,
        requirement,
    } = dependency;
    if *kind == DependencyKind::Dev && requirement.is_empty() {
        return None;
    }
    let (code, message, hint) = if index.places.contains_key(on) {
        (
            FindingCode::DependencyNotReleased,
            format!("it needs {}, which the spec sends nowhere", on.name),
            "give that package a destination, or make sure that users can get it otherwise",
        )
    } else {
        (
            FindingCode::DependencyLeftOut,
            format!("it needs {}, which is not part of this plan", on.name),
            "make sure that it is released already, or select it as well",
        )
    };
    Some(Finding::new(code, Severity::Warning, Some(&unit.address), message).hint(hint))
}

/// Groups of units that need each other, dependencies before dependents.
fn groups(needs: &[Vec<Need>]) -> Vec<Vec<usize>> {
    let mut graph: DiGraph<(), ()> =
        DiGraph::with_capacity(needs.len(), needs.iter().map(Vec::len).sum());
    for _ in needs {
        graph.add_node(());
    }
    for (place, needs) in needs.iter().enumerate() {
        for need in needs.iter().filter(|need| !need.dropped) {
            graph.add_edge(NodeIndex::new(place), NodeIndex::new(need.on), ());
        }
    }
    // Why: the iterative one of petgraph's two algorithms; a chain as long as the project must not exhaust the stack.
    kosaraju_scc(&graph)
        .into_iter()
        .map(|group| {
            let mut places: Vec<usize> = group.into_iter().map(NodeIndex::index).collect();
            places.sort_unstable();
            places
        })
        .collect()
}

/// Drops soft needs within each group of units that need each other.
fn loosen(index: &Index<'_>, needs: &mut [Vec<Need>], findings: &mut Vec<Finding>) {
    let mut group_of = vec![0; needs.len()];
    for (number, group) in groups(needs).iter().enumerate() {
        for place in group {
            if let Some(slot) = group_of.get_mut(*place) {
                *slot = number;
            }
        }
    }
    let together = |a: usize, b: usize| group_of.get(a) == group_of.get(b);
    for (place, needs) in needs.iter_mut().enumerate() {
        let mut names = Vec::new();
        for need in needs
            .iter_mut()
            .filter(|need| !need.hard && together(place, need.on))
        {
            need.dropped = true;
            names.push(name(index, need.on));
        }
        if let (Some(unit), false) = (index.units.get(place), names.is_empty()) {
            let message = format!(
                "it does not wait for {}, which in turn needs it: a dev, peer or optional dependency gives way",
                some_of(&names)
            );
            let finding = Finding::new(
                FindingCode::CycleBroken,
                Severity::Note,
                Some(&unit.address),
                message,
            );
            findings.push(finding);
        }
    }
}

/// Holds everything that has a hard need of something held, from the bottom up. What is at the bottom is named, however
/// many others are between (D15): a reader looks for one cause, not for a chain.
fn hold_dependents(
    index: &Index<'_>,
    needs: &[Vec<Need>],
    cyclic: &BTreeSet<usize>,
    decisions: &mut [Decision<'_>],
) {
    // More than are named; the sets stay small however many are held.
    const MOST: usize = 4;
    let mut roots: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for place in groups(needs).into_iter().flatten() {
        // What is held for a reason of its own is at the bottom itself.
        if is_held(decisions, place) || cyclic.contains(&place) {
            continue;
        }
        let mut bottom = BTreeSet::new();
        for need in needs.get(place).into_iter().flatten() {
            match roots.get(&need.on) {
                _ if !need.hard => {}
                Some(deeper) => bottom.extend(deeper),
                None if is_held(decisions, need.on) => {
                    bottom.insert(need.on);
                }
                None => {}
            }
        }
        let bottom: BTreeSet<usize> = bottom.into_iter().take(MOST).collect();
        if bottom.is_empty() {
            continue;
        }
        let units = bottom.iter().filter_map(|root| index.units.get(*root));
        let named: Vec<String> = units.map(|unit| unit.address.to_string()).collect();
        let named = match named.split_at_checked(MOST - 1) {
            Some((first, [_, ..])) => format!("{} and others", first.join(", ")),
            _ => named.join(", "),
        };
        let message = format!("it needs {named}, held back itself");
        hold(decisions, place, "needs-held", message);
        roots.insert(place, bottom);
    }
}

/// Tells what goes though something that it has a soft need of is held.
fn warn_of_held(
    index: &Index<'_>,
    needs: &[Vec<Need>],
    decisions: &[Decision<'_>],
    findings: &mut Vec<Finding>,
) {
    for (place, unit) in index.units.iter().enumerate() {
        let held = held(index, needs, decisions, place);
        if !held.is_empty() && publishes(decisions, place) {
            let message = format!(
                "it goes without {}, held back and only a dev, peer or optional dependency",
                some_of(&held)
            );
            let severity = Severity::Warning;
            findings.push(Finding::new(
                FindingCode::DependencyHeld,
                severity,
                Some(&unit.address),
                message,
            ));
        }
    }
}

/// The addresses that one unit has a soft need of and that are held.
fn held(
    index: &Index<'_>,
    needs: &[Vec<Need>],
    decisions: &[Decision<'_>],
    place: usize,
) -> Vec<String> {
    let needs = needs.get(place).into_iter().flatten();
    needs
        .filter(|need| !need.hard && is_held(decisions, need.on))
        .filter_map(|need| index.units.get(need.on))
        .map(|unit| unit.address.to_string())
        .collect()
}

fn hold(decisions: &mut [Decision<'_>], place: usize, code: &str, message: String) {
    if let Some(decision) = decisions.get_mut(place) {
        decision.verdict = Verdict::Hold;
        decision.pointing = None;
        decision.reasons.insert(0, reason(code, message));
    }
}

fn package<'a>(index: &'a Index<'_>, place: usize) -> Option<&'a PackageId> {
    index.units.get(place).map(|unit| &unit.release.package)
}

fn name<'a>(index: &'a Index<'_>, place: usize) -> &'a str {
    package(index, place).map_or("", |package| package.name.as_str())
}
