//! `relplan schema`: the JSON Schemas of this relplan's formats, so that nobody needs the repository for them.

use std::fmt::Write as _;

use crate::{exit::Exit, failure::Failure, terminal::Terminal};

macro_rules! schemas {
    ($($name:literal),*) => {
        /// Name and text of each schema. The texts are generated from the types; a test compares them.
        const SCHEMAS: &[(&str, &str)] = &[$((
            $name,
            include_str!(concat!("../../../../schemas/", $name, ".schema.json")),
        )),*];
    };
}

schemas!(
    "approval",
    "approvals",
    "bundle",
    "event",
    "journal-entry",
    "plan",
    "problems",
    "rotation",
    "state"
);

/// The names that may be asked for.
pub fn names() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(name, _)| *name)
}

/// Runs it.
pub fn run(terminal: &Terminal, name: Option<&str>) -> Result<Exit, Failure> {
    let mut out = String::new();
    for (known, text) in SCHEMAS {
        match name {
            Some(name) if name == *known => out.push_str(text),
            Some(_) => {}
            None => {
                let _ = writeln!(out, "{known:13}  {}", title(text)?);
            }
        }
    }
    terminal.result(&out);
    Ok(Exit::Done)
}

fn title(text: &str) -> Result<String, Failure> {
    let schema: serde_json::Value =
        serde_json::from_str(text).map_err(|error| Failure::of(Exit::Internal, &error))?;
    let title = schema.get("title").and_then(serde_json::Value::as_str);
    Ok(title.unwrap_or_default().to_owned())
}
