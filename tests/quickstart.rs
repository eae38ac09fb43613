//! The README's first command: the quickstart with nothing but the Rust toolchain.

use relplan_testkit::environment::{Environment, copy_folder};

use crate::fixture::{binary, repository};

fn quickstart() -> Environment {
    let mut environment = Environment::new(binary()).unwrap();
    copy_folder(
        &repository().join("examples/quickstart"),
        &environment.project(),
    )
    .unwrap();
    for left in [".relplan", "out"] {
        let _ = std::fs::remove_dir_all(environment.project().join(left));
    }
    environment.only_toolchain();
    environment
}

#[test]
fn the_quickstart_needs_nothing_but_rust_and_is_done_once() {
    let environment = quickstart();
    let first = environment.relplan_session(&["apply", "--yes"]).unwrap();
    assert_eq!(first.code, Some(0), "{first}");
    for package in [
        "quickstart-greet-core",
        "quickstart-greet-cli",
        "@quickstart/greet-cli",
        "quickstart-greet ",
    ] {
        assert!(
            first.stdout.contains(package),
            "the plan shows {package}\n{first}"
        );
    }
    let out = environment.project().join("out/registry");
    assert!(out.is_dir());

    let before = listing(&out);
    let second = environment.relplan_session(&["apply", "--yes"]).unwrap();
    assert_eq!(second.code, Some(0), "{second}");
    assert!(second.stdout.contains("Nothing to do"), "{second}");
    assert_eq!(listing(&out), before, "a second apply touches nothing");

    let detailed = environment
        .relplan_session(&["plan", "--detailed-exitcode"])
        .unwrap();
    assert_eq!(
        detailed.code,
        Some(0),
        "l12: no changes are left\n{detailed}"
    );
}

#[test]
fn a_raised_version_is_the_only_change() {
    let environment = quickstart();
    assert_eq!(
        environment
            .relplan_session(&["apply", "--yes"])
            .unwrap()
            .code,
        Some(0)
    );
    let manifest = environment.project().join("js/packages/greet/package.json");
    let text = std::fs::read_to_string(&manifest)
        .unwrap()
        .replace("\"0.1.0\"", "\"0.1.1\"");
    std::fs::write(&manifest, text).unwrap();
    let plan = environment
        .relplan_session(&["plan", "--detailed-exitcode"])
        .unwrap();
    assert_eq!(plan.code, Some(2), "{plan}");
    assert!(plan.stdout.contains("0.1.0 → 0.1.1"), "{plan}");
    assert!(plan.stdout.contains("4 unchanged"), "{plan}");
    let apply = environment.relplan_session(&["apply", "--yes"]).unwrap();
    assert_eq!(apply.code, Some(0), "{apply}");
}

#[test]
fn only_what_registries_lack_is_packed_when_that_is_asked_for() {
    let environment = quickstart();
    let all = environment.relplan_session(&["apply", "--yes"]).unwrap();
    assert_eq!(all.code, Some(0), "{all}");
    // A change without a new version: what is published already is not packed, so it is no conflict.
    let source = environment.project().join("crates/greet-core/src/lib.rs");
    std::fs::write(&source, "//! Changed.\n").unwrap();
    let manifest = environment.project().join("js/packages/greet/package.json");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("\"0.1.0\"", "\"0.1.1\"")).unwrap();
    let packed = environment.relplan_session(&["pack", "--missing"]).unwrap();
    assert_eq!(packed.code, Some(0), "{packed}");
    assert!(packed.stdout.contains("1 artifact "), "{packed}");
    let plan = environment
        .relplan_session(&["plan", "--detailed-exitcode"])
        .unwrap();
    assert_eq!(plan.code, Some(2), "{plan}");
    // Packed all the same, it is one.
    let packed = environment.relplan_session(&["pack"]).unwrap();
    assert_eq!(packed.code, Some(0), "{packed}");
    let plan = environment.relplan_session(&["plan"]).unwrap();
    assert_eq!(plan.code, Some(3), "l6\n{plan}");
}

fn listing(folder: &std::path::Path) -> Vec<(std::path::PathBuf, std::time::SystemTime)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            found.extend(listing(&entry.path()));
        } else {
            found.push((entry.path(), metadata.modified().unwrap()));
        }
    }
    found.sort();
    found
}
