//! The pictures of a plan, as the binary writes them.

use relplan_testkit::environment::{Environment, Session, copy_folder};

use crate::fixture::{binary, repository};

/// The quickstart with a saved plan of it.
fn planned() -> (Environment, Session) {
    let mut environment = Environment::new(binary()).unwrap();
    let quickstart = repository().join("examples/quickstart");
    copy_folder(&quickstart, &environment.project()).unwrap();
    for left in [".relplan", "out"] {
        let _ = std::fs::remove_dir_all(environment.project().join(left));
    }
    environment.only_toolchain();
    let arguments = ["plan", "-o", "PLAN", "--html", "made/page.html"];
    let session = environment.relplan_session(&arguments).unwrap();
    assert_eq!(session.code, Some(0), "{session}");
    (environment, session)
}

#[test]
fn a_saved_plan_is_drawn_in_every_format() {
    let (environment, _) = planned();
    let draw = |arguments: &[&str]| {
        let session = environment.relplan_session(&[&["graph", "PLAN"], arguments].concat());
        let session = session.unwrap();
        assert_eq!(session.code, Some(0), "{session}");
        session.stdout
    };
    let mermaid = draw(&[]);
    assert!(mermaid.starts_with("flowchart "), "{mermaid}");
    assert!(draw(&["--format", "dot"]).starts_with("digraph "));
    assert!(draw(&["--format", "svg"]).starts_with("<svg "));
    // Uploads and the waits for them are one box, unless every step is asked for.
    assert!(!mermaid.contains("await "), "{mermaid}");
    let full = draw(&["--full"]);
    for line in [
        "await shelf#58;quickstart-greet-core 0.1.0",
        "publish shelf#58;@quickstart/greet 0.1.0",
    ] {
        assert!(full.contains(line), "{full}");
    }
    assert_eq!(draw(&["--format", "svg", "-o", "graph.svg"]), "");
    let file = std::fs::read_to_string(environment.project().join("graph.svg")).unwrap();
    assert_eq!(file, draw(&["--format", "svg"]));
}

#[test]
fn the_page_of_a_plan_is_the_same_whenever_it_is_written() {
    let (environment, planned) = planned();
    assert!(planned.stdout.contains("Plan: 5 to publish"), "{planned}");
    assert!(planned.stderr.contains("made/page.html"), "{planned}");
    let shown = environment
        .relplan_session(&["show", "PLAN", "--html", "again.html"])
        .unwrap();
    assert_eq!(shown.code, Some(0), "{shown}");
    let read = |name: &str| std::fs::read_to_string(environment.project().join(name)).unwrap();
    let page = read("made/page.html");
    assert_eq!(page, read("again.html"));
    assert!(page.starts_with("<!doctype html>"));
    for url in ["http:", "https:", "//"].map(|start| format!("=\"{start}")) {
        let own = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
        assert!(!own.contains(&url), "the page points to another one");
    }
}

#[test]
fn what_is_no_plan_is_not_drawn() {
    let (environment, _) = planned();
    let spec = environment
        .relplan_session(&["graph", "relplan.kdl"])
        .unwrap();
    assert_eq!(spec.code, Some(65), "{spec}");
    assert!(spec.stderr.contains("relplan plan -o"), "{spec}");
    let missing = environment.relplan_session(&["graph"]).unwrap();
    assert_eq!(missing.code, Some(64), "{missing}");
    let format = environment
        .relplan_session(&["graph", "PLAN", "--format", "png"])
        .unwrap();
    assert_eq!(format.code, Some(64), "{format}");
    assert!(format.stderr.contains("mermaid"), "{format}");
}
