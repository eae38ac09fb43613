//! What a packed manifest points at and the tarball does not hold: `main`, `bin`, `exports`, `types`, `files` (npm
//! documentation: package.json; Node.js documentation: Packages, package entry points; TypeScript documentation:
//! Publishing).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// What Node.js tries for `main` and its like.
const SCRIPT_ENDINGS: [&str; 9] = [
    "",
    ".js",
    ".cjs",
    ".mjs",
    ".json",
    ".node",
    "/index.js",
    "/index.json",
    "/index.node",
];
/// What TypeScript tries for `types`.
const TYPE_ENDINGS: [&str; 7] = [
    "",
    ".d.ts",
    ".d.mts",
    ".d.cts",
    ".ts",
    "/index.d.ts",
    "/index.d.mts",
];
/// More are not listed.
const LISTED: usize = 20;

/// The entries of a manifest that lead nowhere, as a fragment each: `` `main` (dist/index.js) ``. `files` are the paths in
/// the tarball, without its folder.
#[must_use]
pub fn missing_entries(manifest: &Map<String, Value>, files: &BTreeSet<&str>) -> Vec<String> {
    let mut search = Search {
        files,
        missing: Vec::new(),
    };
    let text = |key: &str| manifest.get(key).and_then(Value::as_str);
    for key in ["main", "module", "browser"] {
        search.file(key, text(key), &SCRIPT_ENDINGS);
    }
    for key in ["types", "typings"] {
        search.file(key, text(key), &TYPE_ENDINGS);
    }
    match manifest.get("bin") {
        Some(Value::Object(programs)) => {
            for (name, path) in programs {
                search.file(&format!("bin.{name}"), path.as_str(), &[""]);
            }
        }
        other => search.file("bin", other.and_then(Value::as_str), &[""]),
    }
    if let Some(exports) = manifest.get("exports") {
        search.exports(exports);
    }
    let listed = manifest.get("files").and_then(Value::as_array);
    for pattern in listed.into_iter().flatten().filter_map(Value::as_str) {
        search.listed(pattern);
    }
    let license = text("license").and_then(|text| text.strip_prefix("SEE LICENSE IN "));
    search.file("license", license, &[""]);
    search.missing.dedup();
    search.missing.truncate(LISTED);
    search.missing
}

struct Search<'a> {
    files: &'a BTreeSet<&'a str>,
    missing: Vec<String>,
}

impl Search<'_> {
    fn file(&mut self, key: &str, path: Option<&str>, endings: &[&str]) {
        let Some(path) = path.map(plain).filter(|path| !path.is_empty()) else {
            return;
        };
        let is_there = |ending: &str| self.files.contains(format!("{path}{ending}").as_str());
        if !endings.iter().any(|ending| is_there(ending)) {
            self.missing.push(format!("`{key}` ({path})"));
        }
    }

    /// Of alternatives in a list Node.js takes the first that it can.
    fn exports(&mut self, value: &Value) {
        match value {
            Value::String(path) => {
                if !self.has_export(path) {
                    self.missing.push(format!("`exports` ({})", plain(path)));
                }
            }
            Value::Object(conditions) => conditions.values().for_each(|one| self.exports(one)),
            Value::Array(alternatives) => {
                let mut texts = alternatives.iter().filter_map(Value::as_str);
                if !texts.any(|path| self.has_export(path))
                    && let Some(first) = alternatives.first()
                {
                    self.exports(first);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn has_export(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix("./") else {
            return true;
        };
        match path.split_once('*') {
            Some((start, end)) => {
                let fits = |file: &&&str| {
                    let rest = file.strip_prefix(start);
                    rest.is_some_and(|rest| rest.ends_with(end))
                };
                // `*` may stand twice for the same text; one is enough to look at.
                end.contains('*') || self.files.iter().any(|file| fits(&file))
            }
            None if path.is_empty() || path.ends_with('/') => {
                self.files.iter().any(|file| file.starts_with(path))
            }
            None => self.files.contains(path),
        }
    }

    /// A plain path in `files` that took nothing: not there, or a link, which npm leaves out.
    fn listed(&mut self, pattern: &str) {
        if pattern.contains(['*', '?', '[', '{', '!', '\\']) {
            return;
        }
        let path = plain(pattern);
        let folder = format!("{path}/");
        let takes = |file: &&&str| **file == path || file.starts_with(&folder);
        if !path.is_empty() && !self.files.iter().any(|file| takes(&file)) {
            self.missing.push(format!("`files` ({path})"));
        }
    }
}

/// A path without `.` parts and the slashes around it.
fn plain(path: &str) -> String {
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A9: whoever imports the package would not find it.
    #[test]
    fn what_a_manifest_points_at_is_looked_for_as_its_readers_do() {
        let files = BTreeSet::from([
            "package.json",
            "index.js",
            "lib/index.js",
            "lib/a.mjs",
            "types/main.d.ts",
            "LICENSE",
        ]);
        for (manifest, missing) in [
            (r#"{"main":"./index"}"#, vec![]),
            (r#"{"main":"lib/"}"#, vec![]),
            (
                r#"{"main":"dist/index.js"}"#,
                vec!["`main` (dist/index.js)"],
            ),
            (
                r#"{"types":"types/main","typings":"./x.d.ts"}"#,
                vec!["`typings` (x.d.ts)"],
            ),
            (
                r#"{"bin":{"a":"./index.js","b":"bin/b"}}"#,
                vec!["`bin.b` (bin/b)"],
            ),
            (r#"{"bin":"index"}"#, vec!["`bin` (index)"]),
            (
                r#"{"exports":{".":{"import":"./lib/a.mjs","require":"./lib/a.cjs"},"./*":"./lib/*.js","./x/*":"./x/*.js","./n":null}}"#,
                vec!["`exports` (lib/a.cjs)", "`exports` (x/*.js)"],
            ),
            (r#"{"exports":["./gone.js","./index.js"]}"#, vec![]),
            (
                r#"{"files":["lib","/LICENSE","dist/","!x","*.md"]}"#,
                vec!["`files` (dist)"],
            ),
            (
                r#"{"license":"SEE LICENSE IN TERMS"}"#,
                vec!["`license` (TERMS)"],
            ),
        ] {
            let value: Map<String, Value> = serde_json::from_str(manifest).unwrap();
            assert_eq!(missing_entries(&value, &files), missing, "{manifest}");
        }
    }
}
