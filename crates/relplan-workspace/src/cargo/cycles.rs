//! Cycles that a dev-dependency with a version closes.
//!
//! Why: Cargo keeps such a dependency in what it packs, and writes a lock file that has it from the registry. Of two new
//! versions that need each other, neither can then be packed first.

use std::collections::BTreeMap;

use petgraph::{algo::kosaraju_scc, graph::DiGraph};
use relplan_model::{
    address::PackageId,
    finding::{Finding, FindingCode, Severity},
    release::DependencyKind,
};

use super::Crate;
use crate::discover::Folder;

/// The remarks on each crate whose dev-dependency closes a cycle.
pub(super) fn remarks(crates: &BTreeMap<Folder, Crate>) -> BTreeMap<PackageId, Vec<Finding>> {
    let mut graph = DiGraph::<&Folder, ()>::new();
    let nodes: BTreeMap<&Folder, _> = crates
        .keys()
        .map(|folder| (folder, graph.add_node(folder)))
        .collect();
    let mut closing = Vec::new();
    for (folder, one) in crates {
        for declared in &one.declared {
            let (Some(edge), Some(on)) = (one.edge(declared, crates), &declared.folder) else {
                continue;
            };
            if let (Some(from), Some(to)) = (nodes.get(folder), nodes.get(on)) {
                graph.add_edge(*from, *to, ());
            }
            if edge.kind == DependencyKind::Dev {
                closing.push((folder, one, on, declared));
            }
        }
    }
    let groups: BTreeMap<_, usize> = kosaraju_scc(&graph)
        .into_iter()
        .enumerate()
        .flat_map(|(group, nodes)| nodes.into_iter().map(move |node| (node, group)))
        .collect();
    let group = |folder: &Folder| groups.get(nodes.get(folder)?);
    let mut remarks: BTreeMap<PackageId, Vec<Finding>> = BTreeMap::new();
    for (folder, one, on, declared) in closing {
        if group(folder) != group(on) {
            continue;
        }
        let message = format!(
            "{}: {} needs {:?} for development, which needs it in turn; Cargo packs neither while no published \
             version of the other fits",
            declared.place, one.id.name, declared.name
        );
        let finding = Finding::new(FindingCode::DevCycle, Severity::Warning, None, message).hint(format!(
            "take the version of {:?} out of the dev-dependency and leave its path: Cargo then leaves it out of what it packs",
            declared.name
        ));
        remarks.entry(one.id.clone()).or_default().push(finding);
    }
    remarks
}
