//! The shape of the house: which crate may know which, what a file must look like, which words stay out where.

mod words;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// Each crate with the siblings that it may depend on, apart from tests.
const ARROWS: &[(&str, &[&str])] = &[
    ("relplan-model", &[]),
    // Ground, as the model is: the only room that starts programs and opens files of the tree.
    ("relplan-system", &[]),
    // Ground too: what packages and their archives are, for those who pack them and those who send them.
    ("relplan-ecosystem", &["relplan-model"]),
    // Ground as well: how documents are read, for the spec and the policy.
    ("relplan-kdl", &["relplan-model"]),
    (
        "relplan-spec",
        &["relplan-ecosystem", "relplan-kdl", "relplan-model"],
    ),
    (
        "relplan-workspace",
        &["relplan-ecosystem", "relplan-model", "relplan-system"],
    ),
    ("relplan-plan", &["relplan-ecosystem", "relplan-model"]),
    (
        "relplan-targets",
        &["relplan-ecosystem", "relplan-model", "relplan-system"],
    ),
    ("relplan-state", &["relplan-model", "relplan-system"]),
    ("relplan-apply", &["relplan-ecosystem", "relplan-model"]),
    (
        "relplan-approval",
        &["relplan-ecosystem", "relplan-kdl", "relplan-model"],
    ),
    // The simulated world runs the real file store, on a disk that loses what was not synced.
    ("relplan-testkit", &["relplan-model", "relplan-state"]),
    (
        "relplan",
        &[
            "relplan-apply",
            "relplan-approval",
            "relplan-ecosystem",
            "relplan-kdl",
            "relplan-model",
            "relplan-plan",
            "relplan-spec",
            "relplan-state",
            "relplan-system",
            "relplan-targets",
            "relplan-workspace",
        ],
    ),
];

/// The only outside crates that a pure crate may use.
const PURE: &[(&str, &[&str])] = &[
    (
        "relplan-model",
        &[
            "jiff",
            "schemars",
            "serde",
            "serde_json",
            "serde_json_canonicalizer",
            "sha2",
            "thiserror",
        ],
    ),
    ("relplan-kdl", &["miette", "strsim"]),
    ("relplan-spec", &["relplan-kdl"]),
    ("relplan-plan", &["petgraph", "serde", "thiserror"]),
    (
        "relplan-ecosystem",
        &[
            "flate2",
            "pep440_rs",
            "semver",
            "serde",
            "serde_json",
            "thiserror",
            "toml_edit",
        ],
    ),
    (
        "relplan-approval",
        &[
            "relplan-ecosystem",
            "relplan-kdl",
            "serde",
            "serde_json",
            "ssh-key",
            "thiserror",
        ],
    ),
];

fn dependencies(manifest: &str, table: &str) -> Vec<String> {
    let header = format!("[{table}]");
    manifest
        .lines()
        .skip_while(|line| line.trim() != header)
        .skip(1)
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|line| line.split(['=', '.', ' ']).next())
        .map(|name| name.trim().to_owned())
        .collect()
}

fn crates() -> BTreeMap<String, PathBuf> {
    fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .collect()
}

#[test]
fn crates_form_a_star_around_the_model() {
    let crates = crates();
    let listed: Vec<&str> = ARROWS.iter().map(|(name, _)| *name).collect();
    let found: Vec<&str> = crates.keys().map(String::as_str).collect();
    let mut sorted = listed.clone();
    sorted.sort_unstable();
    assert_eq!(found, sorted, "a crate is not listed in ARROWS, or is gone");
    for (name, allowed) in ARROWS {
        let manifest = fs::read_to_string(crates[*name].join("Cargo.toml")).unwrap();
        let ours: Vec<String> = dependencies(&manifest, "dependencies")
            .into_iter()
            .filter(|name| name.starts_with("relplan-"))
            .collect();
        for sibling in &ours {
            assert!(
                allowed.contains(&sibling.as_str()),
                "{name} must not know {sibling}"
            );
        }
        for sibling in dependencies(&manifest, "dev-dependencies")
            .iter()
            .filter(|name| name.starts_with("relplan"))
        {
            // The model is named there to turn its schemas on.
            assert!(
                ["relplan-testkit", "relplan-model"].contains(&sibling.as_str()),
                "{name} may be tested with the testkit alone, not with {sibling}"
            );
        }
    }
}

#[test]
fn pure_crates_depend_on_listed_crates_alone_and_carry_their_bans() {
    let crates = crates();
    for (name, allowed) in PURE {
        let folder = &crates[*name];
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        for dependency in dependencies(&manifest, "dependencies") {
            assert!(
                ["relplan-ecosystem", "relplan-model"].contains(&dependency.as_str())
                    || allowed.contains(&dependency.as_str()),
                "{name} is pure and must not depend on {dependency}"
            );
        }
        let bans = fs::read_to_string(folder.join("clippy.toml"))
            .unwrap_or_else(|_| panic!("{name} has no clippy.toml"));
        for banned in [
            "std::fs::read_to_string",
            "std::time::SystemTime::now",
            "std::env::var",
            "HashMap",
        ] {
            assert!(
                bans.contains(banned),
                "{name}'s clippy.toml does not ban {banned}"
            );
        }
    }
}

fn rust_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            if name != "target" && !name.starts_with('.') && name != "node_modules" {
                rust_files(&entry.path(), into);
            }
        } else if name.ends_with(".rs") {
            into.push(entry.path());
        }
    }
}

#[test]
fn every_file_says_what_it_is_and_stays_readable() {
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    rust_files(&root().join("tests"), &mut files);
    assert!(files.len() > 40);
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        assert!(
            text.starts_with("//!"),
            "{} does not open with //!",
            file.display()
        );
        let code = text.split("\n#[cfg(test)]").next().unwrap_or_default();
        let lines = code.lines().count();
        assert!(
            lines <= 600,
            "{} has {lines} lines; look for the seam",
            file.display()
        );
    }
}

#[test]
fn no_room_is_a_drawer() {
    const BANNED: &[&str] = &[
        "core",
        "common",
        "util",
        "utils",
        "helper",
        "helpers",
        "misc",
        "manager",
        "handler",
        "processor",
        "imp",
    ];
    let mut files = Vec::new();
    rust_files(&root().join("crates"), &mut files);
    for file in files {
        let stem = file.file_stem().unwrap().to_str().unwrap();
        assert!(
            !BANNED.contains(&stem),
            "{} needs a name that says what is in it",
            file.display()
        );
    }
}

#[test]
fn l1_the_planner_and_the_walk_know_no_registry() {
    for name in ["relplan-plan", "relplan-apply", "relplan-model"] {
        let mut files = Vec::new();
        rust_files(&crates()[name].join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).unwrap();
            for (number, line) in text
                .split("#[cfg(test)]")
                .next()
                .unwrap_or_default()
                .lines()
                .enumerate()
            {
                let code = line.split("//").next().unwrap_or_default();
                for word in [
                    "\"npm\"",
                    "\"pypi\"",
                    "\"crates-io\"",
                    "\"cargo\"",
                    "github",
                    "KdlDocument",
                ] {
                    assert!(
                        !code.contains(word),
                        "{}:{}: knows {word}",
                        file.display(),
                        number + 1
                    );
                }
            }
        }
    }
}

/// Product code alone: tests start what they like.
fn product_files() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (name, folder) in crates() {
        if name != "relplan-testkit" {
            rust_files(&folder.join("src"), &mut files);
        }
    }
    let root = root();
    files
        .into_iter()
        .filter_map(|file| {
            let name = file.strip_prefix(&root).unwrap().to_str().unwrap();
            let is_test = name.contains("/tests/")
                || ["/tests.rs", "/fixture.rs"]
                    .iter()
                    .any(|end| name.ends_with(end));
            let text = fs::read_to_string(&file).unwrap();
            let code = text
                .split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default();
            (!is_test).then(|| (name.to_owned(), code.to_owned()))
        })
        .collect()
}

#[test]
fn l14_programs_are_started_in_one_room() {
    const ROOM: &str = "crates/relplan-system/src/programs/";
    // In pieces that no other word is made of.
    let starts = [
        "process::Command",
        "Command::new(",
        "process::{Command",
        "Command, process",
    ];
    for (name, code) in product_files() {
        for (number, line) in code.lines().enumerate() {
            let line = line.split("//").next().unwrap_or_default();
            let found = starts.iter().any(|start| line.contains(start));
            assert!(
                !found || name.starts_with(ROOM),
                "{name}:{}: programs are started by relplan-system's `programs` alone",
                number + 1
            );
        }
    }
}

/// Where a program is called, and which: whoever adds one reads the rules of the room first, and its variables.
#[test]
fn l14_each_call_of_a_program_is_known() {
    let expected = [
        ("crates/relplan-state/src/git/repository.rs", "call(\"git\""),
        ("crates/relplan-system/src/programs/git.rs", "call(\"git\""),
        (
            "crates/relplan-targets/src/kind/cargo/provider.rs",
            "call(command",
        ),
        (
            "crates/relplan-targets/src/kind/cargo/provider.rs",
            "call_at(",
        ),
        ("crates/relplan-targets/src/kind/pypi/client.rs", "call_at("),
        (
            "crates/relplan-workspace/src/pack/cargo.rs",
            "call(\"cargo\"",
        ),
        ("crates/relplan-workspace/src/pack/npm.rs", "call(tool"),
        (
            "crates/relplan-workspace/src/pack/pep517.rs",
            "call(\"python3\"",
        ),
        ("crates/relplan-workspace/src/pack/pep517.rs", "call(\"uv\""),
        (
            "crates/relplan-workspace/src/pack/workshop.rs",
            "call(program",
        ),
        (
            "crates/relplan/src/approvals/sign.rs",
            "call(\"ssh-keygen\"",
        ),
    ];
    let mut found = std::collections::BTreeSet::new();
    for (name, code) in product_files() {
        // Where the room itself says what a call is.
        if name == "crates/relplan-system/src/programs.rs" {
            continue;
        }
        let code: String = code.split_whitespace().collect();
        for (at, _) in code.match_indices(".call") {
            let call = code.get(at + 1..).unwrap_or_default();
            let is_one = ["call(", "call_at("]
                .iter()
                .any(|start| call.starts_with(start));
            let end = match call.starts_with("call_at(") {
                true => Some("call_at(".len()),
                false => call.find([',', ')']),
            };
            if let (true, Some(end)) = (is_one, end) {
                found.insert((name.clone(), call.get(..end).unwrap_or_default().to_owned()));
            }
        }
    }
    let expected = expected.map(|(file, call)| (file.to_owned(), call.to_owned()));
    assert_eq!(found, expected.into_iter().collect());
}

/// Product code that opens files by itself, and why it may: nothing of it is shaped by a tree.
const OPENS_FILES: &[(&str, &str)] = &[
    (
        "relplan-state/src/git/folder.rs",
        "the lock in a temporary folder of its own",
    ),
    (
        "relplan-workspace/src/pack/workshop.rs",
        "copies of configuration in a temporary folder of its own",
    ),
    (
        "relplan/src/runs.rs",
        "what shows that a run is alive, in the user's state folder",
    ),
    (
        "relplan/src/approvals/sign.rs",
        "the text to be signed, in a temporary folder of its own",
    ),
];

/// S7, S8, S12: whoever opens a file by itself has to remember every rule.
#[test]
fn l14_files_are_opened_in_one_room() {
    // `File::create_new` and temporary files are left out: they open nothing that is there.
    const WAYS: [&str; 8] = [
        "fs::read(",
        "fs::read_to_string(",
        "File::open(",
        "File::create(",
        "File::options(",
        "OpenOptions",
        "fs::write(",
        "fs::copy(",
    ];
    let mut found = Vec::new();
    for (name, folder) in crates() {
        if ["relplan-system", "relplan-testkit"].contains(&name.as_str()) {
            continue;
        }
        let mut files = Vec::new();
        rust_files(&folder.join("src"), &mut files);
        for file in files {
            let path = file.strip_prefix(root().join("crates")).unwrap();
            let is_test = |part: &std::ffi::OsStr| {
                ["tests", "tests.rs", "fixture.rs"].contains(&part.to_str().unwrap())
            };
            if path.iter().any(is_test) {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
            for (number, line) in code.lines().enumerate() {
                let code = line.split("//").next().unwrap_or_default();
                if WAYS.iter().any(|way| code.contains(way)) {
                    found.push((path.to_str().unwrap().to_owned(), number + 1));
                }
            }
        }
    }
    for (file, line) in &found {
        assert!(
            OPENS_FILES.iter().any(|(listed, _)| listed == file),
            "{file}:{line} opens a file by itself; relplan_system::tree does that"
        );
    }
    for (listed, _) in OPENS_FILES {
        assert!(
            found.iter().any(|(file, _)| file == listed),
            "{listed} opens no file any more"
        );
    }
}

#[test]
fn no_committed_file_names_a_public_registry() {
    // Written in pieces, or this file would name them itself.
    let hosts = [
        ["registry.npm", "js.org"],
        ["index.crates", ".io"],
        ["static.crates", ".io"],
        ["upload.pyp", "i.org"],
        ["pypi", ".org"],
        ["files.python", "hosted.org"],
        ["test.pyp", "i.org"],
    ]
    .map(|pieces| pieces.concat());
    let output = std::process::Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success());
    for name in String::from_utf8(output.stdout)
        .unwrap()
        .split('\0')
        .filter(|name| !name.is_empty())
    {
        let Ok(bytes) = fs::read(root().join(name)) else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        for host in &hosts {
            assert!(
                !text.contains(host.as_str()),
                "{name} names {host}: endpoints come from the clients' configuration"
            );
        }
    }
}

#[test]
fn the_top_level_is_what_the_design_says() {
    let output = std::process::Command::new("git")
        .args(["ls-files"])
        .current_dir(root())
        .output()
        .unwrap();
    let listed = String::from_utf8(output.stdout).unwrap();
    let mut top: Vec<&str> = listed
        .lines()
        .filter_map(|path| path.split('/').next())
        .filter(|name| !name.starts_with('.'))
        .collect();
    top.sort_unstable();
    top.dedup();
    assert_eq!(
        top,
        [
            "Cargo.lock",
            "Cargo.toml",
            "LICENSE",
            "README.md",
            "crates",
            "docs",
            "examples",
            "schemas",
            "tests"
        ]
    );
}

/// P2: five lists of characters once disagreed about what may be shown.
#[test]
fn one_room_knows_which_characters_are_not_shown() {
    let rule = Path::new("relplan-model/src/text.rs");
    // What file systems pass over in a name is a list of theirs.
    let paths = Path::new("relplan-ecosystem/src/archive/path.rs");
    let mut files = Vec::new();
    for (name, folder) in crates() {
        if name != "relplan-testkit" {
            rust_files(&folder.join("src"), &mut files);
        }
    }
    for file in files
        .iter()
        .filter(|file| !file.ends_with(rule) && !file.ends_with(paths))
    {
        if file.components().any(|part| part.as_os_str() == "tests") || file.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            // A mark that is only ever hidden, in a list of such, is a copy of the rule.
            for mark in [
                "\\u{202e}",
                "\\u{2060}",
                "\\u{200e}",
                "\\u{200b}",
                "\\u{61c}",
            ] {
                assert!(
                    !line.contains(mark),
                    "{}:{}: ask relplan_model::text::is_hidden",
                    file.display(),
                    number + 1
                );
            }
        }
    }
}

/// Whoever sees a code finds a page for it, and no page explains what is never said.
#[test]
fn every_code_of_a_finding_has_its_section() {
    let page = fs::read_to_string(root().join("docs/reference/findings.md")).unwrap();
    let sections: Vec<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    let codes = relplan_model::finding::FindingCode::ALL;
    let words: Vec<&str> = codes.iter().map(|code| code.word()).collect();
    assert_eq!(sections, words);
    let said: String = product_files().into_iter().map(|(_, code)| code).collect();
    for code in codes {
        let name = format!("FindingCode::{code:?}");
        assert!(said.contains(&name), "{name} is never said");
    }
}
