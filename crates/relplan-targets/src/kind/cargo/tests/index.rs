//! The index: paths, lines read and lines written.

use relplan_ecosystem::cargo::manifest::Manifest;
use relplan_model::{
    address::{PackageName, Version},
    digest::Algorithm,
    observation::Freshness,
};

use super::query;
use crate::kind::cargo::{
    frame::Registries,
    index::{is_crate_name, line, lines, path},
    observe::facts,
};

const OTHER_INDEX: &str = "sparse+https://other.example/index/";
const OWN_INDEX: &str = "sparse+https://own.example/index/";

#[test]
fn index_files_lie_where_cargo_looks_for_them() {
    for (name, wanted) in [
        ("a", "1/a"),
        ("ab", "2/ab"),
        ("abc", "3/a/abc"),
        ("A-c", "3/a/a-c"),
        ("abcd", "ab/cd/abcd"),
        ("Serde_JSON", "se/rd/serde_json"),
    ] {
        assert_eq!(path(name), wanted);
    }
    for name in [
        "",
        "../../etc",
        "@acme/widget",
        "1a",
        "-a",
        "a.b",
        "ünï",
        &"a".repeat(65),
    ] {
        assert!(!is_crate_name(name), "{name:?}");
    }
}

/// A manifest that has every way to depend on something.
const TRICKY: &str = r#"
[package]
name = "tricky"
version = "1.2.3-beta.1+build.5"
links = "z"
rust-version = "1.70"
readme = false

[dependencies.plain]
version = "0.1"

[dependencies.renamed]
version = ">=1, <3"
package = "original"
optional = true
default-features = false
features = ["std", "x"]

[dependencies.elsewhere]
version = "=2.0.0"
registry-index = "sparse+https://other.example/index/"

[dependencies.here]
version = "*"
registry-index = "sparse+https://own.example/index"

[dependencies.sibling]
version = "1.0.0"

[dev-dependencies.tester]
version = "3"

[dev-dependencies.unversioned]
path = "../unversioned"

[build-dependencies.cc]
version = "1"

[target."cfg(windows)".dependencies.win]
version = "0.5.1"

[target.x86_64-unknown-linux-gnu.dev_dependencies.nix]
version = "~0.2"
default_features = false

[features]
default = ["std"]
std = ["plain/std"]
new = ["dep:renamed"]
weak = ["renamed?/x"]
"#;

#[test]
fn a_line_tells_all_that_the_manifest_says() {
    let manifest = Manifest::read(TRICKY.as_bytes()).unwrap();
    let siblings = [PackageName::new("sibling").unwrap()];
    let registries = Registries {
        own_index: OWN_INDEX,
        own_is_crates_io: false,
        crates_io: "https://default.example/index",
        siblings: &siblings,
    };
    let written = line(&manifest, &"ab".repeat(32), false, &registries).unwrap();
    let dependency = |name: &str, req: &str, more: &str| {
        let default = r#""features":[],"optional":false,"default_features":true"#;
        let features = match more.split_once('|') {
            Some((features, _)) if !features.is_empty() => features,
            _ => default,
        };
        let rest = more.split_once('|').map_or(more, |(_, rest)| rest);
        format!(r#"{{"name":"{name}","req":"{req}",{features},{rest}}}"#)
    };
    let external = r#""registry":"https://default.example/index""#;
    let deps = [
        dependency(
            "elsewhere",
            "=2.0.0",
            &format!(r#"|"target":null,"kind":"normal","registry":"{OTHER_INDEX}""#),
        ),
        dependency("here", "*", r#"|"target":null,"kind":"normal""#),
        dependency(
            "plain",
            "^0.1",
            &format!(r#"|"target":null,"kind":"normal",{external}"#),
        ),
        dependency(
            "renamed",
            ">=1, <3",
            &format!(
                r#""features":["std","x"],"optional":true,"default_features":false|"target":null,"kind":"normal",{external},"package":"original""#
            ),
        ),
        dependency("sibling", "^1.0.0", r#"|"target":null,"kind":"normal""#),
        dependency(
            "tester",
            "^3",
            &format!(r#"|"target":null,"kind":"dev",{external}"#),
        ),
        dependency(
            "cc",
            "^1",
            &format!(r#"|"target":null,"kind":"build",{external}"#),
        ),
        dependency(
            "win",
            "^0.5.1",
            &format!(r#"|"target":"cfg(windows)","kind":"normal",{external}"#),
        ),
        dependency(
            "nix",
            "~0.2",
            &format!(
                r#""features":[],"optional":false,"default_features":false|"target":"x86_64-unknown-linux-gnu","kind":"dev",{external}"#
            ),
        ),
    ];
    let wanted = format!(
        r#"{{"name":"tricky","vers":"1.2.3-beta.1+build.5","deps":[{}],"cksum":"{}","features":{{"default":["std"],"std":["plain/std"]}},"features2":{{"new":["dep:renamed"],"weak":["renamed?/x"]}},"yanked":false,"links":"z","rust_version":"1.70","v":2}}"#,
        deps.join(","),
        "ab".repeat(32),
    );
    assert_eq!(written, wanted);
}

#[test]
fn manifests_that_no_registry_can_be_told_are_refused() {
    let with = |rest: &str| {
        let text = format!("[package]\nname = \"a\"\nversion = \"1.0.0\"\n{rest}");
        Manifest::read(text.as_bytes()).and_then(|manifest| manifest.dependencies())
    };
    assert!(with("[dependencies]\nb = \"1\"\n").is_ok());
    for bad in [
        "[dependencies.b]\nversion = \"one\"\n",
        "[dependencies.b]\nversion = \"1\"\nartifact = \"bin\"\n",
        "[dependencies.b]\nversion = 1\n",
        "[dependencies\n",
    ] {
        assert!(with(bad).is_err(), "{bad}");
    }
}

fn index_line(name: &str, version: &str, digit: &str, yanked: bool) -> String {
    format!(
        r#"{{"name":"{name}","vers":"{version}","deps":[{{"name":"x","req":"^1"}}],"cksum":"{}","features":{{}},"yanked":{yanked},"v":9,"pubtime":"2026-01-01T00:00:00Z"}}"#,
        digit.repeat(64)
    )
}

fn index_file() -> String {
    [
        index_line("widget", "1.0.0", "a", false),
        index_line("widget", "2.0.0", "b", true),
        String::new(),
        index_line("widget", "1.5.0+one", "c", false),
        index_line("widget", "3.0.0-rc.1", "d", false),
    ]
    .join("\n")
}

#[test]
fn only_what_is_asked_is_told() {
    let file = index_file();
    let mut asked = query(
        "widget",
        &["2.0.0", "4.0.0-alpha", "9.0.0"],
        Freshness::Revalidated,
    );
    asked.ranges = vec!["^1".to_owned()];
    let facts = facts(&asked, &lines(file.as_bytes()).unwrap()).unwrap();
    let shown: Vec<String> = facts
        .versions
        .iter()
        .map(|(version, about)| {
            let files: Vec<String> = about
                .files
                .iter()
                .map(|(file, about)| {
                    format!(
                        "{file} {}",
                        about
                            .digests
                            .get(Algorithm::Sha256)
                            .unwrap()
                            .get(..1)
                            .unwrap()
                    )
                })
                .collect();
            format!("{version} {files:?} {}", about.yanked)
        })
        .collect();
    assert_eq!(
        shown,
        [
            r#"1.0.0 ["widget-1.0.0.crate a"] false"#,
            r#"1.5.0+one ["widget-1.5.0+one.crate c"] false"#,
            r#"2.0.0 ["widget-2.0.0.crate b"] true"#,
        ]
    );
    let texts = |versions: &[Version]| versions.iter().map(Version::to_string).collect::<Vec<_>>();
    assert_eq!(
        facts.current.as_ref().map(Version::as_str),
        Some("1.5.0+one")
    );
    assert_eq!(
        texts(&facts.order),
        ["1.5.0+one", "2.0.0", "4.0.0-alpha", "9.0.0"]
    );
    assert_eq!(texts(&facts.prerelease), ["4.0.0-alpha"]);
    assert_eq!(
        texts(facts.ranges.get("^1").unwrap()),
        ["1.0.0", "1.5.0+one"]
    );
}

/// B10: it was told as if it were the asked one, and adopted under that version.
#[test]
fn l6_a_version_that_differs_in_build_metadata_only_is_told_as_what_it_is() {
    let file = index_file();
    let asked = query("widget", &["1.5.0", "1.0.0+two"], Freshness::Authoritative);
    let facts = facts(&asked, &lines(file.as_bytes()).unwrap()).unwrap();
    let versions: Vec<&str> = facts.versions.keys().map(Version::as_str).collect();
    assert_eq!(versions, ["1.0.0", "1.5.0+one"]);
}

#[test]
fn l5_a_line_that_cannot_be_read_is_not_skipped() {
    let file = format!(
        "{}\n{{\"name\":\"widget\"}}\n",
        index_line("widget", "1.0.0", "a", false)
    );
    let (at, _) = lines(file.as_bytes()).unwrap_err();
    assert_eq!(at, 2);
    let odd = index_line("widget", "one", "a", false);
    let asked = query("widget", &["1.0.0"], Freshness::Revalidated);
    assert!(facts(&asked, &lines(odd.as_bytes()).unwrap()).is_err());
}

#[test]
fn l5_a_name_that_differs_in_case_is_another_crate() {
    let file = index_line("Widget", "1.0.0", "a", false);
    let asked = query("widget", &["1.0.0"], Freshness::Revalidated);
    let error = facts(&asked, &lines(file.as_bytes()).unwrap()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the registry has Widget, which it takes for the same name as widget"
    );
}

#[test]
fn an_odd_checksum_proves_nothing() {
    let file = r#"{"name":"widget","vers":"1.0.0","cksum":"none"}"#;
    let asked = query("widget", &["1.0.0"], Freshness::Revalidated);
    let facts = facts(&asked, &lines(file.as_bytes()).unwrap()).unwrap();
    let (_, about) = facts.versions.first_key_value().unwrap();
    assert!(about.files.values().all(|file| file.digests.0.is_empty()));
}
