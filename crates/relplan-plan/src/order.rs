//! Who waits for whom: dependencies between what is published, and what follows for those who need what is held.
//!
//! Hard edges (normal, build and the spec's `needs`) are always honoured. Soft ones (dev, peer, optional) are honoured
//! unless they are part of a cycle.
//!
//! Invariant: among the units that are published in the end, the edges have no cycle (law L7).

mod cycle;

use std::collections::{BTreeMap, BTreeSet};

use petgraph::{
    algo::kosaraju_scc,
    graph::{DiGraph, NodeIndex},
};
use relplan_model::{
    address::PackageId,
    finding::{Finding, Severity},
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
}

/// Finds the order, and holds what cannot go because something that it needs cannot.
pub(crate) fn order(
    index: &Index<'_>,
    decisions: &mut [Decision<'_>],
    findings: &mut Vec<Finding>,
) -> Waits {
    let mut needs = needs(index, decisions, findings);
    loosen(index, &mut needs, findings);
    let cyclic = cycle::hold(index, &needs, decisions, findings);
    hold_dependents(index, &needs, &cyclic, decisions, findings);
    let is_published = |place: usize| publishes(decisions, place);
    needs
        .iter()
        .enumerate()
        .map(|(place, needs)| {
            let waits = needs.iter().map(|need| need.on);
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
fn is_hard(kind: DependencyKind) -> bool {
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
        .map(|(on, hard)| Need { on, hard })
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
            "dependency-not-released",
            format!("it needs {}, which the spec sends nowhere", on.name),
            "give that package a destination, or make sure that users can get it otherwise",
        )
    } else {
        (
            "dependency-left-out",
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
        for need in needs {
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
        let (dropped, kept): (Vec<_>, Vec<_>) = needs
            .iter()
            .partition(|need| !need.hard && together(place, need.on));
        *needs = kept;
        if let (Some(unit), false) = (index.units.get(place), dropped.is_empty()) {
            let names: Vec<_> = dropped.iter().map(|need| name(index, need.on)).collect();
            let message = format!(
                "it does not wait for {}, which in turn needs it: a dev, peer or optional dependency gives way",
                some_of(&names)
            );
            let finding =
                Finding::new("cycle-broken", Severity::Note, Some(&unit.address), message);
            findings.push(finding);
        }
    }
}

/// Holds everything that needs something held, from the bottom up.
fn hold_dependents(
    index: &Index<'_>,
    needs: &[Vec<Need>],
    cyclic: &BTreeSet<usize>,
    decisions: &mut [Decision<'_>],
    findings: &mut Vec<Finding>,
) {
    for place in groups(needs).into_iter().flatten() {
        let (Some(unit), Some(needs)) = (index.units.get(place), needs.get(place)) else {
            continue;
        };
        let held = |hard| {
            let held = needs.iter().filter(move |need| need.hard == hard);
            held.filter(|need| is_held(decisions, need.on))
                .map(|need| address(index, need.on))
        };
        let hard: Vec<String> = held(true).collect();
        let soft: Vec<String> = held(false).collect();
        if !soft.is_empty() && hard.is_empty() && publishes(decisions, place) {
            let message = format!(
                "it goes without {}, held back and only a dev, peer or optional dependency",
                some_of(&soft)
            );
            findings.push(Finding::new(
                "dependency-held",
                Severity::Warning,
                Some(&unit.address),
                message,
            ));
        }
        if !hard.is_empty() && !cyclic.contains(&place) {
            let message = format!("it needs {}, held back itself", some_of(&hard));
            hold(decisions, place, "needs-held", message);
        }
    }
}

fn hold(decisions: &mut [Decision<'_>], place: usize, code: &str, message: String) {
    if let Some(decision) = decisions.get_mut(place) {
        decision.verdict = Verdict::Hold;
        decision.pointing = None;
        decision.reasons.insert(0, reason(code, message));
    }
}

fn address(index: &Index<'_>, place: usize) -> String {
    let unit = index.units.get(place);
    unit.map(|unit| unit.address.to_string())
        .unwrap_or_default()
}

fn package<'a>(index: &'a Index<'_>, place: usize) -> Option<&'a PackageId> {
    index.units.get(place).map(|unit| &unit.release.package)
}

fn name<'a>(index: &'a Index<'_>, place: usize) -> &'a str {
    package(index, place).map_or("", |package| package.name.as_str())
}
