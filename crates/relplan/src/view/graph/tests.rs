//! Pictures of the shared situations, read by the programs that they are for.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    process::{Command, Stdio},
};

use relplan_model::{
    plan::Plan,
    step::{Phase, StepId},
};

use super::*;
use crate::view::tests::{Situation, situation, situations};

const GRAINS: [Grain; 6] = [
    Grain::Steps,
    Grain::Versions,
    Grain::Waves,
    Grain::Stretches(2),
    Grain::Stretches(1),
    Grain::Phases,
];

#[test]
fn every_situation_has_its_pictures() {
    let update = std::env::var("UPDATE_EXPECT").is_ok();
    let mut wrong = Vec::new();
    for Situation { name, folder, plan } in situations() {
        let graph = Graph::fitting(&plan, READABLE);
        for (file, text) in [
            ("graph.mmd", mermaid::render(&graph)),
            ("graph.dot", dot::render(&graph)),
            ("graph.svg", svg::render(&graph)),
        ] {
            let path = folder.join(file);
            if update {
                std::fs::write(&path, &text).unwrap();
            } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
                wrong.push(format!("{name}/{file} is now:\n{text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where each step went.
fn places(graph: &Graph) -> BTreeMap<&str, usize> {
    let all = graph.nodes.iter().enumerate();
    all.flat_map(|(place, node)| node.members.iter().map(move |id| (id.as_str(), place)))
        .collect()
}

#[test]
fn every_step_is_in_one_box_and_every_edge_is_said() {
    for Situation { name, plan, .. } in situations() {
        for grain in GRAINS {
            let graph = Graph::of(&plan, grain);
            let places = places(&graph);
            let members: usize = graph
                .nodes
                .iter()
                .filter(|node| !node.is_left_alone())
                .map(|node| node.members.len())
                .sum();
            assert_eq!(members, plan.steps.len(), "{name} {grain:?}");
            let mut next: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
            for (from, to) in &graph.edges {
                next.entry(*from).or_default().insert(*to);
            }
            let at = |id: &StepId| places[id.as_str()];
            for step in &plan.steps {
                for need in &step.needs {
                    let (from, to) = (at(need), at(&step.id));
                    let column = |place: usize| graph.nodes[place].column;
                    let band = |place: usize| graph.columns[column(place)].band;
                    let said = from == to
                        || band(from) < band(to)
                        || (column(from) == column(to)
                            && matches!(grain, Grain::Stretches(_) | Grain::Phases))
                        || reaches(&next, from, to);
                    assert!(said, "{name} {grain:?}: {need} before {}", step.id);
                }
            }
        }
    }
}

fn reaches(next: &BTreeMap<usize, BTreeSet<usize>>, from: usize, to: usize) -> bool {
    let mut open = vec![from];
    let mut seen = BTreeSet::new();
    while let Some(place) = open.pop() {
        if place == to {
            return true;
        }
        if seen.insert(place) {
            open.extend(next.get(&place).into_iter().flatten());
        }
    }
    false
}

#[test]
fn a_picture_has_no_more_boxes_than_asked_for() {
    for Situation { name, plan, .. } in situations().into_iter().chain([deep()]) {
        for boxes in [READABLE, 20, 12] {
            let graph = Graph::fitting(&plan, boxes);
            assert!(graph.nodes.len() <= boxes, "{name}: {}", graph.nodes.len());
        }
    }
}

/// A thousand packages with the longest names, each after the one before.
fn deep() -> Situation {
    let name = format!("@acme/{}-{{n}}", "x".repeat(200));
    let mut text =
        format!("for 1..999: want npm:{name} 1.0.0\nfor 1..999: seen npm:{name} absent\n");
    for n in 2..1000 {
        let (one, before) = (
            name.replace("{n}", &n.to_string()),
            name.replace("{n}", &(n - 1).to_string()),
        );
        text.push_str(&format!("dep npm/{one} normal npm/{before}\n"));
    }
    situation("deep", &text)
}

#[test]
fn the_picture_inside_of_a_comment_stays_small() {
    for Situation { name, plan, .. } in situations().into_iter().chain([deep()]) {
        let text = mermaid::collapsed(&plan);
        assert!(text.len() <= 4096, "{name}: {}", text.len());
        assert!(
            text.starts_with("flowchart TB\n") && !text.contains("```"),
            "{name}"
        );
    }
}

/// What a reader of a picture must find in it.
fn expected(graph: &Graph) -> Vec<String> {
    let mut lines: Vec<String> = graph.nodes.iter().map(|node| graph.label(node)).collect();
    lines.sort();
    lines
}

#[test]
fn mermaid_reads_every_picture_as_it_is_meant() {
    let mut graphs = Vec::new();
    for Situation { name, plan, .. } in situations() {
        for grain in GRAINS {
            graphs.push((format!("{name} {grain:?}"), Graph::of(&plan, grain)));
        }
        let quoted = "\"] --> x; click n0 href \"javascript:alert(1)\" %%{init: {}}%% #quot; `a` :::held <b> 1. &amp;";
        let mut graph = Graph::of(&plan, Grain::Versions);
        for node in &mut graph.nodes {
            node.subject.push_str(quoted);
            node.note = quoted.to_owned();
        }
        graphs.push((format!("{name} with hostile texts"), graph));
    }
    let texts: Vec<String> = graphs
        .iter()
        .map(|(_, graph)| mermaid::render(graph))
        .collect();
    let parsed = relplan_testkit::mermaid::parse(&texts).unwrap();
    assert_eq!(parsed.len(), texts.len());
    for (((name, graph), text), parsed) in graphs.iter().zip(&texts).zip(parsed) {
        assert_eq!(parsed.error, None, "{name}:\n{text}");
        if graph.nodes.is_empty() {
            continue;
        }
        let mut labels = parsed.labels;
        labels.sort();
        assert_eq!(labels, expected(graph), "{name}");
        // Between the groups too, from each to the next.
        let barriers = graph.bands().len() - 1;
        assert_eq!(parsed.edges.len(), graph.edges.len() + barriers, "{name}");
        assert_eq!(parsed.groups.len(), graph.bands().len(), "{name}");
    }
}

#[test]
fn graphviz_reads_every_picture_as_it_is_meant() {
    let found = Command::new("dot").arg("-V").output();
    if found.is_err() {
        assert!(
            std::env::var_os("CI").is_none(),
            "Graphviz is not installed"
        );
        println!("skipped: Graphviz is not installed");
        return;
    }
    for Situation { name, mut plan, .. } in situations() {
        for change in &mut plan.changes {
            for reason in &mut change.reasons {
                reason.message.push_str(" \"]; x -> y; \\N \\l &lt; <b>");
            }
        }
        let graph = Graph::of(&plan, Grain::Versions);
        let drawn = dot(&["-Tsvg"], &dot::render(&graph));
        assert_eq!(
            drawn.matches("class=\"node\"").count(),
            graph.nodes.len(),
            "{name}"
        );
        let clusters = drawn.matches("class=\"cluster\"").count();
        assert_eq!(clusters, graph.bands().len(), "{name}");
        for node in graph.nodes.iter().filter(|node| node.is_left_alone()) {
            assert!(!drawn.contains("<b>"), "{name}: {}", node.line());
        }
    }
}

fn dot(arguments: &[&str], text: &str) -> String {
    let mut child = Command::new("dot")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A thread of its own: the answer may be longer than a pipe holds before all has been read.
    let mut stdin = child.stdin.take().unwrap();
    let question = text.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(question.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaint.is_empty(),
        "{complaint}\n{text}"
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_held_stands_apart_with_its_reason() {
    let plan: Plan = situations()
        .into_iter()
        .find(|one| one.name == "conflict")
        .unwrap()
        .plan;
    let graph = Graph::fitting(&plan, READABLE);
    let held: Vec<&Node> = graph
        .nodes
        .iter()
        .filter(|node| node.is_left_alone())
        .collect();
    assert!(!held.is_empty());
    for node in held {
        assert_eq!(graph.columns[node.column].band, Band::Held);
        assert!(
            !node.note.is_empty() && node.line().starts_with("hold "),
            "{}",
            node.line()
        );
    }
    let text = mermaid::render(&graph);
    assert!(
        text.contains("subgraph held[\"Held\"]") && text.contains("stroke-dasharray"),
        "{text}"
    );
}

#[test]
fn phases_are_bands_in_their_order() {
    for Situation { name, plan, .. } in situations() {
        let bands: Vec<Band> = Graph::fitting(&plan, READABLE)
            .bands()
            .iter()
            .map(|(band, _)| *band)
            .collect();
        let mut sorted = bands.clone();
        sorted.sort();
        sorted.dedup();
        assert_eq!(bands, sorted, "{name}");
        let phases: BTreeSet<Phase> = plan.steps.iter().map(|step| step.phase).collect();
        for phase in phases {
            assert!(bands.contains(&Band::Phase(phase)), "{name}");
        }
    }
}
