//! Mermaid's own parser, run by Node: whether a text is a flowchart to it, and what it shows.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::servers::{BenchError, install};

/// Raised whenever what is installed changes.
const EDITION: &str = "mermaid-1";

/// The parser cleans labels with a library that wants a document, which `jsdom` provides outside of a browser.
const PACKAGE_JSON: &str = r#"{
  "private": true,
  "type": "module",
  "dependencies": { "mermaid": "11.17.2", "jsdom": "29.1.1" }
}
"#;

const SCRIPT: &str = include_str!("mermaid/parse.mjs");

/// What the parser made of one text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Parsed {
    /// Why it is no flowchart, if it is none.
    pub error: Option<String>,
    /// The labels of its boxes as a reader sees them, in order.
    pub labels: Vec<String>,
    /// Its arrows, as ids of boxes or of groups.
    pub edges: Vec<(String, String)>,
    /// The groups: id, and the ids within.
    pub groups: Vec<(String, Vec<String>)>,
}

/// Parses texts, in their order. Mermaid is installed first if it is missing.
///
/// # Errors
/// When npm or Node is missing or fails.
pub fn parse(texts: &[String]) -> Result<Vec<Parsed>, BenchError> {
    let node = install::installed()?.node;
    let folder = install::npm_packages(EDITION, PACKAGE_JSON)?;
    let output = run(&node, &folder, texts).map_err(|source| BenchError::Io {
        what: "running Mermaid's parser".to_owned(),
        source,
    })?;
    serde_json::from_slice(&output.stdout).map_err(|error| BenchError::Tool {
        what: "Mermaid's parser".to_owned(),
        detail: format!("{error}: {}", String::from_utf8_lossy(&output.stderr)),
    })
}

fn run(node: &Path, folder: &Path, texts: &[String]) -> std::io::Result<std::process::Output> {
    // Modules are looked for beside the script. Tests that write it at once write the same.
    let script = folder.join(format!("parse-{}.mjs", std::process::id()));
    std::fs::write(&script, SCRIPT)?;
    let mut child = Command::new(node)
        .arg(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(serde_json::json!(texts).to_string().as_bytes())?;
    }
    let output = child.wait_with_output();
    std::fs::remove_file(&script)?;
    output
}
