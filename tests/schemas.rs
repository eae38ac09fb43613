//! The JSON Schemas: generated from the types, checked in, printed by the binary, and true of what every command writes.

mod agreement;
mod changed;
mod sample;

use std::collections::BTreeSet;

use relplan_model::schema::{FORMATS, Format};
use relplan_testkit::{
    documents::{self, Files},
    environment::{Environment, Session, copy_folder},
};
use serde_json::{Value, json};

use crate::fixture::{binary, repository};

#[test]
fn the_checked_in_schemas_are_those_of_the_types() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    for format in FORMATS {
        let path = documents::folder().join(format!("{}.schema.json", format.name));
        if update {
            std::fs::write(&path, format.text()).unwrap();
        }
        let checked_in = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            checked_in == format.text(),
            "{} differs from its type: run with UPDATE_EXPECT=1 and read the difference",
            path.display()
        );
        jsonschema::meta::validate(&format.schema()).unwrap();
    }
    let files: BTreeSet<String> = std::fs::read_dir(documents::folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    let named: BTreeSet<String> = FORMATS
        .iter()
        .map(|format| format!("{}.schema.json", format.name))
        .collect();
    assert_eq!(files, named);
    for page in ["schemas/README.md", "docs/reference/json.md"] {
        let text = std::fs::read_to_string(repository().join(page)).unwrap();
        for format in FORMATS {
            assert!(
                text.contains(format.format),
                "{page} leaves {} out",
                format.name
            );
            let id = page != "schemas/README.md" || text.contains(&format!("`{}`", format.id()));
            assert!(id, "{page} has another id for {}", format.name);
        }
    }
}

#[test]
fn the_binary_prints_them() {
    let environment = Environment::new(binary()).unwrap();
    let listed = environment.relplan_session(&["schema"]).unwrap();
    assert_eq!(listed.code, Some(0), "{listed}");
    let names: Vec<&str> = listed
        .stdout
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert_eq!(
        names,
        FORMATS.iter().map(|format| format.name).collect::<Vec<_>>()
    );
    for Format { name, .. } in FORMATS {
        let printed = environment.relplan_session(&["schema", name]).unwrap();
        let path = documents::folder().join(format!("{name}.schema.json"));
        let checked_in = std::fs::read_to_string(path).unwrap();
        assert!(
            printed.stdout == checked_in,
            "build the binary anew: {name} differs"
        );
    }
    let unknown = environment.relplan_session(&["schema", "plam"]).unwrap();
    assert_eq!(unknown.code, Some(64));
    assert!(unknown.stderr.contains("plan"), "{unknown}");
}

/// The quickstart, which publishes into a folder and needs nothing but Rust.
fn quickstart() -> Environment {
    let mut environment = Environment::new(binary()).unwrap();
    let from = repository().join("examples/quickstart");
    copy_folder(&from, &environment.project()).unwrap();
    for left in [".relplan", "out"] {
        let _ = std::fs::remove_dir_all(environment.project().join(left));
    }
    environment.only_toolchain();
    environment
}

/// Runs it and counts the documents that it printed; [`Environment::relplan_session`] has validated them.
fn documents_of(environment: &Environment, code: i32, arguments: &[&str]) -> (Session, usize) {
    let session = environment.relplan_session(arguments).unwrap();
    assert_eq!(session.code, Some(code), "{arguments:?}\n{session}");
    let count = documents::check_session(&environment.project(), arguments, &session).unwrap();
    (session, count)
}

fn json_file(environment: &Environment, path: &str) -> Value {
    let text = std::fs::read_to_string(environment.project().join(path)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_command_that_speaks_json_keeps_to_its_schema() {
    let environment = quickstart();
    let printed = |code, arguments: &[&str]| documents_of(&environment, code, arguments);
    assert_eq!(printed(0, &["check", "--format", "json"]).1, 1);
    assert_eq!(printed(0, &["status", "--format", "json"]).1, 1);
    assert_eq!(printed(0, &["state", "show"]).1, 1);
    let files = Files::below(environment.root()).unwrap();
    printed(0, &["pack"]);
    assert_eq!(files.check_written_since().unwrap(), 1, "bundle.json");
    assert_eq!(
        printed(0, &["plan", "--format", "json", "-o", "release.json"]).1,
        1
    );
    let (shown, count) = printed(0, &["show", "release.json", "--format", "json"]);
    assert_eq!(count, 1);
    let plan = json_file(&environment, "release.json");
    assert_eq!(serde_json::from_str::<Value>(&shown.stdout).unwrap(), plan);
    let apply = [
        "apply",
        "release.json",
        "--yes",
        "--json",
        "--json-into",
        "events.jsonl",
    ];
    let files = Files::below(environment.root()).unwrap();
    let (applied, count) = printed(0, &apply);
    let events = applied.stdout.lines().count();
    assert!(events > 10 && count == 2 * events, "{count} documents");
    // The events once more, the journal's lines and the plan that was started.
    assert!(files.check_written_since().unwrap() > events + 10);
    // A failure is told in the same form.
    assert_eq!(printed(65, &["apply", "nowhere.json", "--json"]).1, 2);
    assert_eq!(printed(0, &["status", "--format", "json"]).1, 1);
    let (state, _) = printed(0, &["state", "show"]);
    assert!(
        serde_json::from_str::<Value>(&state.stdout).unwrap()["releases"]
            .as_object()
            .is_some_and(|releases| !releases.is_empty()),
        "{state}"
    );

    let line = std::fs::read_to_string(environment.project().join(".relplan/state/journal.jsonl"));
    let line: Value = serde_json::from_str(line.unwrap().lines().nth(3).unwrap()).unwrap();
    let bundle = json_file(&environment, ".relplan/bundle/bundle.json");
    changed::is_refused(&plan, &bundle, &line);
}

#[test]
fn the_plans_of_the_situations_validate() {
    let folder = repository().join("crates/relplan/src/view/situations");
    let mut count = 0;
    for situation in std::fs::read_dir(folder).unwrap() {
        let path = situation.unwrap().path().join("plan.json");
        // Of the large situations only the views are kept.
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let plan: Value = serde_json::from_str(&text).unwrap();
        documents::validate(&path.display().to_string(), "relplan.plan/1", &plan).unwrap();
        count += 1;
    }
    assert!(count >= 8, "{count} plans");
}

#[test]
fn a_check_for_programs_is_one_document_however_it_ends() {
    let environment = quickstart();
    let report = |spec: &str| {
        environment.write("project/relplan.kdl", spec).unwrap();
        let (session, count) = documents_of(&environment, 65, &["check", "--format", "json"]);
        assert_eq!((count, session.stderr.as_str()), (1, ""), "{session}");
        serde_json::from_str::<Value>(&session.stdout).unwrap()
    };
    let good = std::fs::read_to_string(environment.project().join("relplan.kdl")).unwrap();
    let misspelt =
        report(&good.replace("release \"crates/*\" {", "release \"crates/*\" colour=1 {"));
    assert_eq!(misspelt["problems"][0]["severity"], "error", "{misspelt}");
    assert!(
        misspelt["problems"][0]["line"]
            .as_u64()
            .is_some_and(|line| line > 1)
    );
    let unfitting = report(&format!(
        "{good}\nrelease \"no-such-package\" {{ to \"shelf\"; }}\n"
    ));
    assert_eq!(unfitting["findings"], json!([]), "{unfitting}");
    assert!(!unfitting["problems"].as_array().unwrap().is_empty());
    std::fs::remove_file(environment.project().join("js/package.json")).unwrap();
    let unreadable = report(&good.replace("path=\"js\"", "path=\"nowhere\""));
    assert_eq!(unreadable["problems"], json!([]), "{unreadable}");
    assert_eq!(unreadable["findings"][0]["code"], "failed");
}

#[test]
fn a_session_whose_json_does_not_fit_fails_its_test() {
    for (script, arguments, complaint) in [
        (
            "echo '{}'",
            ["check", "--format", "json"],
            "member `format`",
        ),
        (
            "echo '{\"format\":\"relplan.new/1\"}'",
            ["check", "--format", "json"],
            "no schema",
        ),
        (
            "echo '{\"format\":\"relplan.problems/1\"}'",
            ["check", "--format", "json"],
            "required",
        ),
        (
            "echo '{\"seq\":0,\"event\":{}}'",
            ["apply", "x", "--json"],
            "is no relplan.events/1",
        ),
        (
            "echo '{\"format\":\"relplan.plan/1\"}' > x.json",
            ["plan", "-o", "x.json"],
            "required",
        ),
        (
            "echo '{}' > x.jsonl",
            ["plan", "-o", "x.jsonl"],
            "is no relplan.journal/1",
        ),
    ] {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("relplan");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let environment = Environment::new(program).unwrap();
        let error = environment
            .relplan_session(&arguments)
            .unwrap_err()
            .to_string();
        assert!(error.contains(complaint), "{script}: {error}");
    }
}
