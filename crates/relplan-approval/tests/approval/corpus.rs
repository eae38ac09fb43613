//! The corpus of policies: every one in `ok/` reads as its `.expected` says, in its canonical form; every one in `err/`
//! is refused with the words that stand beside it. `UPDATE_EXPECT=1` writes what stands beside them anew.

use std::path::{Path, PathBuf};

use relplan_approval::policy;
use relplan_kdl::Problem;

fn texts(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(folder);
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "kdl"))
        .collect();
    found.sort();
    found
}

fn expect(path: &Path, found: &str) {
    let beside = path.with_extension("expected");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&beside, found).unwrap();
    }
    let expected = std::fs::read_to_string(&beside).unwrap_or_default();
    assert_eq!(found, expected, "{}", path.display());
}

fn shown(problem: &Problem, text: &str) -> String {
    let before = &text[..problem.span.offset];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    let mut shown = format!(
        "{line}:{column} {}: {} ({})\n",
        problem.code, problem.message, problem.label
    );
    for (span, label) in &problem.related {
        let line = text[..span.offset].matches('\n').count() + 1;
        shown.push_str(&format!("  see line {line}: {label}\n"));
    }
    if let Some(hint) = &problem.hint {
        shown.push_str(&format!("  hint: {hint}\n"));
    }
    shown
}

#[test]
fn policies_in_order_read_as_they_say() {
    let paths = texts("ok");
    assert!(paths.len() >= 3);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let policy = match policy::parse(&text) {
            Ok(policy) => policy,
            Err(problems) => panic!("{}: {problems:#?}", path.display()),
        };
        let bytes = policy.to_bytes().unwrap();
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        expect(
            &path,
            &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()),
        );
        assert_eq!(policy::Policy::from_bytes(&bytes).unwrap(), policy);
    }
}

#[test]
fn policies_that_are_wrong_are_refused_with_their_place() {
    let paths = texts("err");
    assert!(paths.len() >= 50);
    for path in paths {
        let text = std::fs::read_to_string(&path).unwrap();
        let problems = policy::parse(&text).unwrap_err();
        let found: String = problems
            .iter()
            .map(|problem| shown(problem, &text))
            .collect();
        expect(&path, &found);
    }
}

/// What is read is a part of KDL: another reader of the same text finds the same lines and values.
#[test]
fn every_policy_in_order_is_kdl() {
    for path in texts("ok") {
        let text = std::fs::read_to_string(&path).unwrap();
        let document = kdl::KdlDocument::parse_v2(&text).unwrap();
        let persons = document
            .nodes()
            .iter()
            .filter(|node| node.name().value() == "person");
        let mut names: Vec<&str> = persons
            .filter_map(|node| node.get(0)?.as_string())
            .collect();
        names.sort_unstable();
        let policy = policy::parse(&text).unwrap();
        let people: Vec<&str> = policy
            .people
            .iter()
            .map(|person| person.name.as_str())
            .collect();
        assert_eq!(names, people, "{}", path.display());
    }
}

#[test]
fn the_policies_of_the_reference_are_in_order() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/policy.md");
    let text = std::fs::read_to_string(page).unwrap();
    let mut blocks = 0;
    for block in text.split("```kdl\n").skip(1) {
        let block = block.split("```").next().unwrap();
        if let Err(problems) = policy::parse(block) {
            panic!("{problems:#?}");
        }
        blocks += 1;
    }
    assert!(blocks > 0);
}

#[test]
fn every_reason_to_refuse_a_record_is_in_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("../../docs/reference/approval.md")).unwrap();
    let source = std::fs::read_to_string(root.join("src/verify/refusal.rs")).unwrap();
    let codes: Vec<&str> = source
        .lines()
        .filter_map(|line| {
            line.trim()
                .strip_suffix("\",")?
                .rsplit_once("=> \"")
                .map(|(_, code)| code)
        })
        .collect();
    assert!(codes.len() > 25, "{codes:?}");
    for code in codes {
        assert!(
            page.contains(&format!("`{code}`")),
            "docs/reference/approval.md leaves {code} out"
        );
    }
}
