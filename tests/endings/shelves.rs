//! A small project whose targets are three folders: packed and released in a moment, with no server.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use relplan_testkit::environment::{Environment, Session};
use serde_json::Value;

use crate::fixture::binary;

/// The targets.
pub const TARGETS: [&str; 3] = ["one", "two", "three"];

/// The packages.
pub const PACKAGES: [&str; 3] = ["@acme/a", "@acme/b", "@acme/c"];

const SPEC: &str = r#"relplan 1
project "acme/shelves"
workspace "npm" path="js" packer="builtin"
target "one" kind="directory" path="out/one"
target "two" kind="directory" path="out/two"
target "three" kind="directory" path="out/three"
release "@acme/a" { to "one"; to "two"; }
release "@acme/b" { to "two"; to "three"; }
release "@acme/c" { to "one"; to "two"; to "three"; }
"#;

/// The project in an environment of its own.
pub struct Shelves {
    pub environment: Environment,
}

impl Shelves {
    pub fn new() -> Self {
        let environment = Environment::new(binary()).unwrap();
        let shelves = Self { environment };
        shelves.write("relplan.kdl", SPEC);
        shelves.write(
            "js/package.json",
            r#"{"private":true,"workspaces":["packages/*"]}"#,
        );
        shelves.set_version("1.0.0");
        shelves
    }

    /// The same with its journal in a repository.
    pub fn with_git() -> Self {
        let shelves = Self::new();
        let bare = shelves.environment.root().join("state.git");
        let mut git = shelves.environment.command("git");
        git.args(["init", "--quiet", "--bare"]).arg(&bare);
        assert_eq!(shelves.environment.run(git).unwrap().code, Some(0));
        let state = format!("state \"git\" remote=\"file://{}\"\n", bare.display());
        shelves.add_to_spec(&state);
        shelves
    }

    /// Adds a line to the spec.
    pub fn add_to_spec(&self, line: &str) {
        let path = self.project().join("relplan.kdl");
        let spec = std::fs::read_to_string(path).unwrap();
        self.write("relplan.kdl", &format!("{spec}{line}"));
    }

    /// Writes the manifests with this version.
    pub fn set_version(&self, version: &str) {
        for name in PACKAGES {
            let short = name.rsplit('/').next().unwrap();
            // b needs a, so that a chain goes through the second target.
            let needs = match short {
                "b" => format!(r#","dependencies":{{"@acme/a":"{version}"}}"#),
                _ => String::new(),
            };
            let manifest = format!(
                r#"{{"name":"{name}","version":"{version}","license":"MIT","files":["index.js"]{needs}}}"#
            );
            self.write(&format!("js/packages/{short}/package.json"), &manifest);
            let code = format!("export const name = \"{name}\";\n");
            self.write(&format!("js/packages/{short}/index.js"), &code);
        }
    }

    pub fn project(&self) -> PathBuf {
        self.environment.project()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = Path::new("project").join(path);
        self.environment.write(path, text).unwrap();
    }

    pub fn relplan(&self, arguments: &[&str]) -> Session {
        self.environment.relplan_session(arguments).unwrap()
    }

    pub fn expect(&self, code: i32, arguments: &[&str]) -> Session {
        let session = self.relplan(arguments);
        assert_eq!(
            session.code,
            Some(code),
            "relplan {}\n{session}",
            arguments.join(" ")
        );
        session
    }

    /// Forgets everything but what was packed.
    pub fn begin_again(&self) {
        for left in ["out", ".relplan/state", ".relplan/plans"] {
            let _ = std::fs::remove_dir_all(self.project().join(left));
        }
        self.on_another_machine();
    }

    /// From here on it is another machine, which remembers nothing of the project's journals.
    pub fn on_another_machine(&self) {
        let memory = self.environment.home().join(".local/state/relplan");
        let _ = std::fs::remove_dir_all(memory);
    }

    /// The records of the journal.
    pub fn records(&self) -> Vec<Value> {
        let path = self.project().join(".relplan/state/journal.jsonl");
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let record = |line: &str| serde_json::from_str::<Value>(line).unwrap()["record"].clone();
        text.lines().map(record).collect()
    }

    /// Lets a saved plan expire in a few seconds, as if it had been made long ago. Returns when.
    pub fn expire_soon(&self, plan: &str) -> String {
        let path = self.project().join(plan);
        let text = std::fs::read_to_string(&path).unwrap();
        let saved: Value = serde_json::from_str(&text).unwrap();
        let end = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(10);
        let end = end.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let then = saved["not-after"].as_str().unwrap();
        std::fs::write(&path, text.replace(then, &end)).unwrap();
        end
    }

    /// Waits for the clock.
    pub fn wait_until_past(&self, end: &str) {
        let end: jiff::Timestamp = end.parse().unwrap();
        while jiff::Timestamp::now() <= end + jiff::SignedDuration::from_secs(1) {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
    }

    /// Makes what a shelf says of a package unreadable.
    pub fn spoil(&self, target: &str, package: &str) -> (PathBuf, Vec<u8>) {
        let path = self.project().join(format!("out/{target}/npm/{package}"));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(&path, "{").unwrap();
        (path, bytes)
    }

    pub fn unspoil(&self, (path, bytes): (PathBuf, Vec<u8>)) {
        std::fs::write(path, bytes).unwrap();
    }

    /// Every file below a folder of the project, with its bytes.
    pub fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.project().join(folder)];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.insert(path.clone(), std::fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

/// A text without its line breaks: messages are wrapped.
pub fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
