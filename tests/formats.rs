//! Formats grow (D2): documents of each released format are kept in `tests/formats/`, and every reader still reads them;
//! of one that a later relplan might write, every reader says just that.
//!
//! The kept documents are never changed. A new version of a format gets a folder of its own beside `1`.

use std::path::PathBuf;

use relplan_testkit::{documents, environment::Session};
use serde_json::Value;

use crate::{
    endings::shelves::{Shelves, flat},
    fixture::repository,
};

fn kept(name: &str) -> PathBuf {
    repository().join("tests/formats/1").join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(kept(name)).unwrap()
}

/// One reader: what it reads, where that lies, and how it is asked.
struct Reader {
    /// The kept document.
    kept: &'static str,
    /// Where it is put, below the environment's root.
    put: &'static str,
    /// How the document says its version, and how a later one would.
    version: (&'static str, &'static str),
    /// The command that reads it.
    command: &'static [&'static str],
    /// How that may end today, and what it says.
    today: (&'static [i32], &'static str),
    /// How it ends with a later one.
    later: i32,
}

const READERS: [Reader; 7] = [
    Reader {
        kept: "plan.json",
        put: "project/release.json",
        version: ("relplan.plan/1", "relplan.plan/2"),
        command: &["show", "release.json"],
        today: (&[0], "7 to publish"),
        later: 65,
    },
    Reader {
        kept: "bundle/bundle.json",
        put: "project/.relplan/bundle/bundle.json",
        version: ("relplan.bundle/1", "relplan.bundle/2"),
        command: &["plan"],
        today: (&[0], "14 steps"),
        later: 65,
    },
    Reader {
        kept: "journal.jsonl",
        put: "project/.relplan/state/journal.jsonl",
        version: ("\"format\":1", "\"format\":2"),
        command: &["state", "check"],
        today: (&[0], "is sound"),
        later: 10,
    },
    Reader {
        kept: "policy.json",
        put: "project/its.json",
        version: ("relplan.policy/1", "relplan.policy/2"),
        command: &["policy", "check", "its.json"],
        today: (&[0], "version 1"),
        later: 65,
    },
    Reader {
        kept: "approval.json",
        put: "project/release.json.approvals/alice.json",
        version: ("relplan.approval/1", "relplan.approval/2"),
        command: &["approvals", "release.json", "--policy", "policy.json"],
        // Whether the record counts is a matter of time; it is read either way.
        today: (&[0, 4, 5], "alice@acme.example"),
        later: 4,
    },
    Reader {
        kept: "rotation.json",
        put: "project/new.json.rotations/1-to-2.json",
        version: ("relplan.rotation/1", "relplan.rotation/2"),
        command: &["policy", "rotate", "policy.json", "new.json"],
        today: (&[0], "version 2 may replace version 1"),
        later: 65,
    },
    Reader {
        kept: "memory.json",
        put: "home/.local/state/relplan/projects/d7615f8f3d9dda0f840e36645389459f.json",
        version: (
            "\"acme/shelves\",\"version\":1}",
            "\"acme/shelves\",\"version\":2}",
        ),
        command: &["apply", "--yes"],
        today: (&[4], "approved under version 1 of a policy"),
        later: 10,
    },
];

/// Lays out what a reader needs beside its document, and asks it.
fn ask(reader: &Reader, document: &str) -> Session {
    let shelves = Shelves::new();
    let put = |path: &str, text: &str| shelves.environment.write(path, text).unwrap();
    put("project/policy.json", &text("policy.json"));
    let rotation: Value = serde_json::from_str(&text("rotation.json")).unwrap();
    put("project/new.json", rotation["to"].as_str().unwrap());
    if reader.kept == "approval.json" {
        put("project/release.json", &text("plan.json"));
    }
    for name in ["acme-a-1.0.0.tgz", "acme-b-1.0.0.tgz", "acme-c-1.0.0.tgz"] {
        let folder = shelves.project().join(".relplan/bundle");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::copy(kept("bundle").join(name), folder.join(name)).unwrap();
    }
    put(reader.put, document);
    shelves.relplan(reader.command)
}

/// D2: what is kept is read, and a later one is said to be that: never damaged, and with no word of throwing it away.
#[test]
fn l13_each_kept_document_is_read_and_a_later_one_is_told_as_such() {
    for reader in READERS {
        let document = text(reader.kept);
        let (codes, words) = reader.today;
        let session = ask(&reader, &document);
        let said = flat(&format!("{}\n{}", session.stdout, session.stderr));
        let code = session.code.unwrap();
        assert!(codes.contains(&code), "{}\n{session}", reader.kept);
        assert!(said.contains(words), "{}: {words}\n{session}", reader.kept);
        assert!(
            !said.contains("later relplan"),
            "{}\n{session}",
            reader.kept
        );

        let (now, then) = reader.version;
        assert!(document.contains(now), "{}", reader.kept);
        // A later one has more to say, too.
        let later = document.replacen(now, then, 1);
        let later = later.replacen('{', "{\"aaa\":[{\"needs\":\"9.1.0\"}],", 1);
        let later = match reader.kept {
            // Each line stands in a chain; the first is enough.
            "journal.jsonl" => document.replacen(now, then, 1),
            _ => later,
        };
        let session = ask(&reader, &later);
        let said = flat(&format!("{}\n{}", session.stdout, session.stderr));
        assert_eq!(
            session.code,
            Some(reader.later),
            "{}\n{session}",
            reader.kept
        );
        assert!(said.contains("later relplan"), "{}\n{session}", reader.kept);
        for misleading in ["damaged", "delete", "$ mv", "rebuild", "restore it"] {
            let is_there = said.contains(misleading);
            assert!(!is_there, "{}: {misleading}\n{session}", reader.kept);
        }
    }
}

/// Programs of others read these with the schemas: a kept document stays valid.
#[test]
fn l13_each_kept_document_fits_its_schema() {
    for (name, format) in [
        ("plan.json", "relplan.plan/1"),
        ("bundle/bundle.json", "relplan.bundle/1"),
        ("journal.jsonl", "relplan.journal/1"),
        ("approval.json", "relplan.approval/1"),
        ("rotation.json", "relplan.rotation/1"),
        ("events.jsonl", "relplan.events/1"),
        ("state.json", "relplan.state/1"),
    ] {
        let whole = text(name);
        let found: Vec<&str> = match name.ends_with(".jsonl") {
            true => whole.lines().collect(),
            false => vec![&whole],
        };
        assert!(!found.is_empty(), "{name}");
        for document in found {
            let value: Value = serde_json::from_str(document).unwrap();
            documents::validate(name, format, &value).unwrap();
        }
    }
}
