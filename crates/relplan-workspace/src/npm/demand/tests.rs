//! The table of demands is the one that people read.

use std::collections::BTreeSet;

use super::*;

const BEGIN: &str = "<!-- begin: what npm's packers do -->\n";
const END: &str = "<!-- end: what npm's packers do -->";

/// One line for a demand: what each packer makes of it, in workspaces of npm, pnpm and Yarn.
fn line(words: &str, demand: &Demand) -> String {
    let cell = |by: By| {
        let said = |keeper: By| match demand.outcome(by, keeper) {
            Outcome::Done => "done",
            Outcome::Warned => "warned",
            Outcome::Refused => "refused",
        };
        let (alone, with_pnpm, with_yarn) = (said(By::Npm), said(By::Pnpm), said(By::Yarn));
        let mut keepers = Vec::new();
        for (keeper, other) in [("pnpm", with_pnpm), ("yarn", with_yarn)] {
            if other != alone {
                keepers.push(format!("{other} in {keeper} workspaces"));
            }
        }
        match keepers.is_empty() {
            true => alone.to_owned(),
            false => format!("{alone}; {}", keepers.join(", ")),
        }
    };
    let cells: Vec<String> = By::ALL.into_iter().map(cell).collect();
    format!("| {words} | {} |\n", cells.join(" | "))
}

fn table() -> String {
    let mut text = "| the manifest has | npm | pnpm | yarn 1 | yarn 2 and later | builtin |\n|---|---|---|---|---|---|\n".to_owned();
    for script in SCRIPTS {
        text += &line(&format!("the script `{script}`"), &Demand::Script(script));
    }
    let config = |keys: &[&'static str]| {
        let words: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
        let all: BTreeSet<String> = keys
            .iter()
            .map(|key| line("", &Demand::Config(key)))
            .collect();
        assert_eq!(all.len(), 1, "{keys:?}");
        line(
            &format!("`publishConfig`: {}", words.join(", ")),
            &Demand::Config(keys[0]),
        )
    };
    for keys in [&FOLDERS[..], &MOVED_BY_BOTH, &MOVED_BY_PNPM, &[EXECUTABLE]] {
        text += &config(keys);
    }
    text += &line("`publishConfig.provenance` is true", &Demand::Provenance);
    text += &line(
        "`bundleDependencies`, `bundledDependencies`",
        &Demand::Bundled("bundleDependencies"),
    );
    for (words, protocol) in [
        ("`workspace:^`, `workspace:*`, …", Protocol::Workspace),
        (
            "`workspace:../a`, `workspace:^ \\|\\| ^1`",
            Protocol::WorkspacePath,
        ),
        ("`catalog:`", Protocol::Catalog),
        (
            "`../a`, `file:`, `link:`, `portal:`, `patch:`, `exec:`",
            Protocol::Local,
        ),
    ] {
        text += &line(words, &Demand::Protocol(protocol, String::new()));
    }
    text
}

/// A2, A4, A5, A12, A13, B7, C13: what the reference says is what is done. `RELPLAN_WRITE_DOCS=1` writes it.
#[test]
fn l16_the_reference_has_the_table_of_what_packers_do() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/pack.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    if std::env::var_os("RELPLAN_WRITE_DOCS").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{}{END}{after}", table())).unwrap();
        return;
    }
    assert_eq!(written, table());
}

/// A4, A5, A12: what no packer can do is refused for all of them, and a bundled dependency is not looked for elsewhere.
#[test]
fn l16_manifests_say_what_they_demand() {
    let demands = |text: &str| {
        let manifest: Map<String, Value> = serde_json::from_str(text).unwrap();
        Demand::all_of(&manifest)
    };
    for text in [
        "../a",
        "./a",
        "file:../a",
        "link:../a",
        "portal:../a",
        "patch:a@npm%3A1#x.patch",
        "~/a",
    ] {
        for table in PUBLISHED {
            let found = demands(&format!(r#"{{"{table}":{{"a":"{text}"}}}}"#));
            let [local @ Demand::Protocol(Protocol::Local, _)] = found.as_slice() else {
                panic!("{table} {text}: {found:?}");
            };
            for by in By::ALL {
                assert_eq!(local.outcome(by, By::Npm), Outcome::Refused);
            }
        }
        assert_eq!(
            demands(&format!(r#"{{"devDependencies":{{"a":"{text}"}}}}"#)),
            []
        );
        let bundled = demands(&format!(
            r#"{{"bundledDependencies":["a"],"dependencies":{{"a":"{text}"}}}}"#
        ));
        assert_eq!(bundled, [Demand::Bundled("bundledDependencies")]);
    }
    for text in [
        "^1",
        "latest",
        "npm:b@1",
        "git+https://x.example/a.git",
        "owner/repo",
        "https://x.example/a.tgz",
    ] {
        assert_eq!(
            demands(&format!(r#"{{"dependencies":{{"a":"{text}"}}}}"#)),
            [],
            "{text}"
        );
    }
    let all = demands(
        r#"{"scripts":{"prepublishOnly":"x","test":"y"},"publishConfig":{"main":"a","tag":"b","directory":"c","provenance":true},"bundleDependencies":[]}"#,
    );
    assert_eq!(
        all,
        [
            Demand::Script("prepublishOnly"),
            Demand::Config("directory"),
            Demand::Config("main"),
            Demand::Provenance,
        ]
    );
}
