//! What a reviewer gets: selections, explanations, Markdown as GitHub renders it.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use relplan_testkit::environment::{Environment, copy_folder};
use serde_json::Value;

use crate::fixture::{binary, repository};

/// The quickstart, packed: a folder is its registry.
fn quickstart() -> Environment {
    let environment = Environment::new(binary()).unwrap();
    copy_folder(
        &repository().join("examples/quickstart"),
        &environment.project(),
    )
    .unwrap();
    for left in [".relplan", "out"] {
        let _ = fs::remove_dir_all(environment.project().join(left));
    }
    let packed = environment.relplan_session(&["pack"]).unwrap();
    assert_eq!(packed.code, Some(0), "{packed}");
    environment
}

#[test]
fn l7_what_a_selection_leaves_out_is_shown_and_held() {
    let environment = quickstart();
    let run = |arguments: &[&str]| environment.relplan_session(arguments).unwrap();

    // The command line tool needs the library, which is not published yet.
    let alone = run(&["plan", "-p", "quickstart-greet-cli"]);
    assert_eq!(alone.code, Some(3), "{alone}");
    assert!(
        alone.stdout.contains("only packages: quickstart-greet-cli"),
        "{alone}"
    );
    assert!(alone.stdout.contains("! quickstart-greet-core"), "{alone}");
    assert!(
        alone.stdout.contains("`-p quickstart-greet-core`"),
        "{alone}"
    );

    // A pattern takes both, and the selection is part of the plan.
    let both = run(&["plan", "-p", "quickstart-greet-c*", "--format", "json"]);
    assert_eq!(both.code, Some(0), "{both}");
    let plan: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(plan["selection"]["packages"][0], "quickstart-greet-c*");
    let mut rows: Vec<&str> = plan["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["address"].as_str().unwrap())
        .collect();
    rows.dedup();
    assert_eq!(
        rows,
        ["shelf:quickstart-greet-cli", "shelf:quickstart-greet-core"]
    );

    // Once the library is there, the tool goes alone.
    let library = run(&["apply", "--yes", "-p", "quickstart-greet-core"]);
    assert_eq!(library.code, Some(0), "{library}");
    let alone = run(&["plan", "-p", "quickstart-greet-cli"]);
    assert_eq!(alone.code, Some(0), "{alone}");
    assert!(alone.stdout.contains("+ quickstart-greet-cli"), "{alone}");
    assert!(alone.stdout.contains("1 unchanged"), "{alone}");

    // Leaving out is the same from the other side, and mistakes are told.
    let without = run(&[
        "plan",
        "--exclude",
        "@quickstart/*",
        "--exclude",
        "quickstart-greet",
    ]);
    assert_eq!(without.code, Some(0), "{without}");
    assert!(!without.stdout.contains("@quickstart/greet"), "{without}");
    let misspelt = run(&["plan", "--target", "shlef"]);
    assert_eq!(misspelt.code, Some(64), "{misspelt}");
    assert!(
        misspelt.stderr.contains("did you mean \"shelf\"?"),
        "{misspelt}"
    );
}

#[test]
fn a_row_is_explained_by_its_inputs_its_rule_and_the_evidence() {
    let environment = quickstart();
    let run = |arguments: &[&str]| environment.relplan_session(arguments).unwrap();
    assert_eq!(run(&["apply", "--yes"]).code, Some(0));

    let address = "shelf:@quickstart/greet";
    let explained = run(&["plan", "--explain", address]);
    assert_eq!(explained.code, Some(0), "{explained}");
    for part in [
        "desired   0.1.0",
        "observed  ",
        "evidence  ",
        "recorded  0.1.0 published at",
        "[same-bytes]",
        "rule      A digest that proves sameness agrees",
    ] {
        assert!(explained.stdout.contains(part), "{part}: {explained}");
    }

    // A saved plan explains itself; what was recorded is told where the state is still the same.
    assert_eq!(run(&["plan", "-o", "plan.json"]).code, Some(0));
    let shown = run(&["show", "plan.json", "--explain", "@quickstart/greet"]);
    assert!(
        shown.stdout.contains("recorded  0.1.0 published at"),
        "{shown}"
    );
    let elsewhere = run(&[
        "show",
        "plan.json",
        "--explain",
        address,
        "--state",
        "nowhere",
    ]);
    assert!(
        elsewhere.stdout.contains("recorded  not known here"),
        "{elsewhere}"
    );

    let misspelt = run(&["plan", "--explain", "shelf:@quickstart/great"]);
    assert_eq!(misspelt.code, Some(64), "{misspelt}");
    assert!(misspelt.stderr.contains(address), "{misspelt}");
}

/// What GitHub's own renderer makes of a text.
fn rendered(python: &Path, markdown: &str) -> Value {
    let mut child = Command::new(python.join("bin/python"))
        .arg(repository().join("tests/gfm.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(markdown.as_bytes()).unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn github_renders_the_markdown_as_it_is_meant() {
    let python = relplan_testkit::servers::installed().unwrap().python;
    let situations = repository().join("crates/relplan/src/view/situations");
    let mut folders: Vec<PathBuf> = fs::read_dir(situations)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(folders.len() >= 12);
    for folder in folders {
        let about = folder.display();
        let page = rendered(
            &python,
            &fs::read_to_string(folder.join("markdown.md")).unwrap(),
        );
        // Nothing but the tags that the view writes: no link, image, script or heading from outside.
        let ours = [
            "blockquote",
            "br",
            "code",
            "details",
            "em",
            "h3",
            "h4",
            "li",
            "p",
            "pre",
            "strong",
            "sub",
            "summary",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ];
        for tag in page["tags"].as_array().unwrap() {
            assert!(ours.contains(&tag.as_str().unwrap()), "{about}: {tag}");
        }
        assert_eq!(page["unclosed"], serde_json::json!([]), "{about}");
        for attribute in page["attributes"].as_array().unwrap() {
            let name = attribute[1].as_str().unwrap();
            assert!(
                ["align", "lang", "style"].contains(&name),
                "{about}: {attribute}"
            );
        }
        // Nobody is mentioned and no issue is referred to: what could do that is code.
        let prose = page["prose"].as_str().unwrap();
        assert!(!prose.contains(['@', '#']), "{about}: {prose}");
        // Every row of a table has as many cells as its head: no text broke out of its cell.
        for table in page["tables"].as_array().unwrap() {
            let rows = table.as_array().unwrap();
            for row in rows {
                assert_eq!(row.as_array().unwrap().len(), 4, "{about}: {row}");
            }
        }
    }
}
