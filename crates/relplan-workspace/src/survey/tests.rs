//! Surveys of small trees: what a spec would be written about, and what it would not.

use std::fmt::Write as _;

use super::{Why, survey};
use crate::discover::fixture::Fixture;

/// One line for each workspace, each package that may go, and each manifest that was passed over.
fn shown(files: &[(&str, &str)]) -> String {
    let project = Fixture::new(files);
    let survey = survey(&project.root).unwrap();
    let mut text = String::new();
    for sighting in &survey.workspaces {
        let workspace = &sighting.workspace;
        write!(text, "{} {}", workspace.ecosystem, workspace.path).unwrap();
        for pattern in &workspace.exclude {
            write!(text, " -{pattern}").unwrap();
        }
        text.push('\n');
        for package in sighting.publishable() {
            writeln!(text, "  {} in {}", package.id.name, package.path).unwrap();
        }
        for package in &sighting.examples {
            writeln!(text, "  like an example: {}", package.path).unwrap();
        }
    }
    for passed in &survey.passed_over {
        let why = match &passed.why {
            Why::Private(packages) => format!("private {packages}"),
            Why::NotAMember { of } => format!("no member of {of}"),
            Why::Unusable(why) => format!("unusable: {why}"),
        };
        writeln!(text, "not {} {}: {why}", passed.ecosystem, passed.path).unwrap();
    }
    text
}

const CRATE: &str = "[package]\nname = \"a\"\nversion = \"1.0.0\"\n";
const NPM: &str = r#"{"name": "a", "version": "1.0.0"}"#;
const PYTHON: &str = "[project]\nname = \"a\"\nversion = \"1.0\"\n";

#[test]
fn workspaces_are_found_at_the_root_and_below_it() {
    let found = shown(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\n"),
        ("crates/a/Cargo.toml", CRATE),
        ("clients/js/package.json", NPM),
        ("clients/py/pyproject.toml", PYTHON),
    ]);
    assert_eq!(
        found,
        "cargo .\n  a in crates/a\nnpm clients/js\n  a in clients/js\npython clients/py\n  a in clients/py\n"
    );
}

#[test]
fn what_was_installed_built_or_written_for_tests_is_not_entered() {
    let found = shown(&[
        ("pkg/node_modules/dep/package.json", NPM),
        ("target/package/a/Cargo.toml", CRATE),
        (".venv/lib/pyproject.toml", PYTHON),
        ("tests/data/pyproject.toml", PYTHON),
        ("examples/hello/Cargo.toml", CRATE),
        ("vendor/a/Cargo.toml", CRATE),
        ("module/.git", "gitdir: elsewhere"),
        ("module/Cargo.toml", CRATE),
        ("one/two/three/four/five/Cargo.toml", CRATE),
    ]);
    assert_eq!(found, "");
}

#[test]
fn members_that_look_like_examples_are_excluded_and_told() {
    let found = shown(&[
        (
            "package.json",
            r#"{"private": true, "workspaces": ["packages/*", "playground/*"]}"#,
        ),
        ("packages/a/package.json", NPM),
        (
            "playground/b/package.json",
            r#"{"name": "b", "version": "0.0.0"}"#,
        ),
        (
            "playground/c/package.json",
            r#"{"name": "c", "private": true}"#,
        ),
    ]);
    assert_eq!(
        found,
        "npm . -**/playground\n  a in packages/a\n  like an example: playground/b\n"
    );
}

#[test]
fn a_package_below_a_workspace_that_does_not_count_it_is_passed_over_and_below_a_lone_one_it_is_not()
 {
    let found = shown(&[
        (
            "package.json",
            r#"{"private": true, "workspaces": ["packages/*"]}"#,
        ),
        ("packages/a/package.json", NPM),
        (
            "packages/a/starter/package.json",
            r#"{"name": "b", "version": "0.0.0"}"#,
        ),
        (
            "packages/a/other/package.json",
            r#"{"name": "c", "private": true}"#,
        ),
        ("pyproject.toml", PYTHON),
        (
            "backend/pyproject.toml",
            "[project]\nname = \"b\"\ndynamic = [\"version\"]\n",
        ),
    ]);
    assert_eq!(
        found,
        "npm .\n  a in packages/a\npython .\n  a in .\npython backend\n  b in backend\nnot npm packages/a/starter: no member of .\n"
    );
}

#[test]
fn what_cannot_be_used_is_told_and_the_configuration_of_tools_is_not() {
    let found = shown(&[
        ("pyproject.toml", "[tool.ruff]\nline-length = 100\n"),
        ("old/setup.py", "setup()\n"),
        ("old/pyproject.toml", "[build-system]\nrequires = []\n"),
        ("older/setup.cfg", "[metadata]\nname = a\n"),
        ("broken/Cargo.toml", "[package\n"),
        (
            "closed/Cargo.toml",
            "[package]\nname = \"a\"\nversion = \"1.0.0\"\npublish = false\n",
        ),
        ("app/package.json", r#"{"private": true}"#),
    ]);
    let lines: Vec<&str> = found.lines().collect();
    assert_eq!(lines.len(), 4, "{found}");
    assert!(
        lines[0].starts_with("not cargo broken: unusable: broken/Cargo.toml:1"),
        "{found}"
    );
    assert_eq!(lines[1], "not cargo closed: private 1");
    assert!(
        lines[2].starts_with("not python old: unusable: old/pyproject.toml: it has neither"),
        "{found}"
    );
    assert!(
        lines[3].starts_with(
            "not python older: unusable: there is no older/pyproject.toml; relplan reads"
        ),
        "{found}"
    );
}
