//! The specs that the documents show are specs: every block that begins with the language's version is read without a
//! problem, so that what people copy works.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "the documents are read from files, and a test may stop at what it did not expect"
)]

use std::{fs, path::Path};

use relplan_kdl::{RenderStyle, render};
use relplan_spec::parse;

mod vocabulary;

const STYLE: RenderStyle = RenderStyle {
    color: false,
    width: 80,
    unicode: true,
};

/// The text of a document with line ends of one kind.
fn document(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(path))
        .unwrap()
        .replace("\r\n", "\n")
}

/// The `kdl` blocks of a document, each with the number of its first line.
fn blocks(text: &str) -> Vec<(usize, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, line) in text.lines().enumerate() {
        match &mut open {
            Some(_) if line.trim_end() == "```" => blocks.extend(open.take()),
            Some((_, block)) => {
                block.push_str(line);
                block.push('\n');
            }
            None if line.trim_end() == "```kdl" => open = Some((number + 2, String::new())),
            None => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Reads the whole specs of a document; returns how many there are.
fn read_all(path: &str) -> usize {
    let text = document(path);
    let mut failures = Vec::new();
    let mut count = 0;
    for (line, block) in blocks(&text) {
        if !block.starts_with("relplan 1") {
            continue;
        }
        count += 1;
        let parsed = parse(path, &block, &vocabulary::vocabulary());
        if !parsed.problems.is_empty() || parsed.spec.is_none() {
            let shown = render(&parsed.problems, path, &block, STYLE);
            failures.push(format!("{path}, the block at line {line}:\n{shown}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    count
}

#[test]
fn the_specs_of_the_reference_are_read_without_a_problem() {
    assert!(read_all("docs/reference/spec.md") >= 8);
}

#[test]
fn the_specs_of_the_readme_are_read_without_a_problem() {
    assert!(read_all("README.md") >= 1);
}

#[test]
fn the_reference_explains_every_word_of_the_language() {
    // The reader itself lists the words: those of the top, and those of each block.
    let text = document("docs/reference/spec.md");
    let mut words = Vec::new();
    for block in [
        "nothing",
        "workspace \"npm\" path=\".\" { nothing; }",
        "release \"a\" { nothing; }",
        "gate \"g\" before=\"publish\" { nothing; threshold 1; from \"a@acme.example\"; }",
    ] {
        let spec = format!("relplan 1\nproject \"acme\"\n{block}\n");
        let parsed = parse("relplan.kdl", &spec, &vocabulary::vocabulary());
        let hints = parsed
            .problems
            .iter()
            .filter_map(|problem| problem.hint.as_deref());
        for hint in hints.filter(|hint| hint.starts_with("the words are ")) {
            words.extend(hint.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    assert!(words.len() >= 15, "{words:?}");
    for word in words {
        assert!(
            text.contains(&format!("| `{word}` | `"))
                || text.contains(&format!("| [`{word}`](#{word}) |")),
            "docs/reference/spec.md has no row for `{word}`"
        );
    }
}
