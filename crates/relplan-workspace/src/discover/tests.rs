//! Discovery as a whole: several ecosystems, names, bounds, hostile trees.

use std::fs;

use super::{
    DiscoverError,
    fixture::{Fixture, check, workspace},
    tree::MAX_MANIFEST,
};

const LIB: &str = "[package]\nname = \"acme\"\nversion = \"1.0.0\"\n";

#[test]
fn a_project_may_hold_all_kinds_of_workspaces() {
    let project = Fixture::new(&[
        ("rs/Cargo.toml", LIB),
        ("js/package.json", r#"{"name": "acme", "version": "1.0.0"}"#),
        (
            "py/pyproject.toml",
            "[project]\nname = \"Acme_Tools\"\nversion = \"1.0\"\n",
        ),
    ]);
    let found = project
        .discover(&[
            workspace("python", "py", &[]),
            workspace("npm", "./js/", &[]),
            workspace("cargo", "rs", &[]),
        ])
        .unwrap();
    check(
        &found,
        "
         acme 1.0.0 in rs
         acme 1.0.0 in js
         acme-tools 1.0 in py",
    );
    let facts: Vec<_> = found
        .packages
        .iter()
        .map(|package| {
            let manager = package.manager.as_deref();
            (
                package.manifest.as_str(),
                package.workspace_root.as_str(),
                manager,
            )
        })
        .collect();
    assert_eq!(
        facts,
        [
            ("rs/Cargo.toml", "rs", None),
            ("js/package.json", "js", Some("npm")),
            ("py/pyproject.toml", "py", None)
        ]
    );
}

#[test]
fn a_name_that_occurs_twice_is_reported_with_both_places() {
    let package = |name: &str, private: bool| {
        format!(r#"{{"name": "{name}", "version": "1.0.0", "private": {private}}}"#)
    };
    let project = Fixture::new(&[
        ("package.json", r#"{"private": true, "workspaces": ["*"]}"#),
        ("a/package.json", &package("twice", false)),
        ("b/package.json", &package("twice", false)),
        ("c/package.json", &package("once", true)),
        ("d/package.json", &package("once", false)),
        ("e/package.json", &package("never", true)),
        ("f/package.json", &package("never", true)),
    ]);
    check(
        &project.found("npm"),
        r#"
        never 1.0.0 in e, nowhere
        once 1.0.0 in d
        twice 1.0.0 in a
        . duplicate-name: never (npm) is declared 2 times, and none of them may be published: "e/package.json", "f/package.json"
        ! duplicate-name: once (npm) is declared 2 times, and one of them may be published: "d/package.json", "c/package.json"
        E duplicate-name: twice (npm) is declared 2 times, and more than one of them may be published: "a/package.json", "b/package.json""#,
    );
}

#[test]
fn the_spec_may_leave_folders_out() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\", \"demo/x\"]\n",
        ),
        ("crates/acme/Cargo.toml", LIB),
        ("crates/broken/Cargo.toml", "not toml"),
    ]);
    let found = project
        .discover(&[workspace("cargo", ".", &["crates/bro*", "demo", "typo/*"])])
        .unwrap();
    check(
        &found,
        r#"
        acme 1.0.0 in crates/acme
        ! exclude-without-effect: the cargo workspace "." excludes "typo/*", which matches no package"#,
    );
}

#[test]
fn l13_a_workspace_that_cannot_be_looked_at_is_an_error() {
    let project = Fixture::new(&[
        ("bad/Cargo.toml", "[package]\nname = \"x\"\nversion =\n"),
        ("virtual/Cargo.toml", "[profile.dev]\nopt-level = 1\n"),
        ("setup/pyproject.toml", "[build-system]\nrequires = []\n"),
        ("list/package.json", "[]"),
        ("none/readme.md", ""),
    ]);
    let error = |ecosystem: &str, path: &str, exclude: &[&str]| {
        let error = project
            .discover(&[workspace(ecosystem, path, exclude)])
            .unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string);
        (error.to_string(), source.unwrap_or_default())
    };
    for (ecosystem, path, message, cause) in [
        (
            "cargo",
            "bad",
            "no usable root manifest",
            "bad/Cargo.toml:3: ",
        ),
        (
            "cargo",
            "virtual",
            "no usable root manifest",
            "virtual/Cargo.toml: it has neither",
        ),
        (
            "cargo",
            "none",
            "no usable root manifest",
            "there is no none/Cargo.toml",
        ),
        (
            "npm",
            "list",
            "no usable root manifest",
            "list/package.json: it does not hold",
        ),
        (
            "npm",
            "none",
            "no usable root manifest",
            "there is no none/package.json",
        ),
        (
            "python",
            "setup",
            "no usable root manifest",
            "setup/pyproject.toml: it has neither",
        ),
        (
            "cargo",
            "missing",
            "is not a folder below the project's root",
            "",
        ),
        (
            "cargo",
            "../",
            "is not a folder below the project's root",
            "",
        ),
        (
            "cargo",
            "/etc",
            "is not a folder below the project's root",
            "",
        ),
        (
            "maven",
            ".",
            "\"maven\" is not an ecosystem; there are cargo, npm and python",
            "",
        ),
    ] {
        let (found, source) = error(ecosystem, path, &[]);
        assert!(found.contains(message), "{found}");
        assert!(source.starts_with(cause), "{source}");
    }
    let (found, _) = error("cargo", "bad", &["a["]);
    assert!(found.contains("which is not a pattern"), "{found}");
}

#[test]
fn l14_manifests_that_are_too_large_or_no_text_are_refused() {
    let project = Fixture::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
        ("large/Cargo.toml", &" ".repeat(MAX_MANIFEST as usize + 1)),
        ("folder/Cargo.toml/x", ""),
    ]);
    fs::create_dir(project.root.join("bytes")).unwrap();
    fs::write(
        project.root.join("bytes/Cargo.toml"),
        b"[package]\nname = \"\xff\"",
    )
    .unwrap();
    let found = project.found("cargo");
    check(
        &found,
        "
        E manifest-unreadable: bytes/Cargo.toml:2: this is not UTF-8
        E manifest-unreadable: folder/Cargo.toml is not a regular file
        E manifest-unreadable: large/Cargo.toml has more than the 4194304 bytes that are read of a manifest",
    );
}

#[cfg(unix)]
#[test]
fn l14_links_do_not_lead_out_of_the_project_nor_in_circles() {
    use std::os::unix::fs::symlink;

    let outside = Fixture::new(&[
        ("Cargo.toml", LIB),
        ("package.json", r#"{"name": "x", "version": "1.0.0"}"#),
    ]);
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"out\", \"crates/**\", \"file\", \"alias\"]\n",
        ),
        ("crates/acme/Cargo.toml", LIB),
        ("file/x", ""),
    ]);
    symlink(&outside.root, project.root.join("out")).unwrap();
    symlink(
        outside.root.join("Cargo.toml"),
        project.root.join("file/Cargo.toml"),
    )
    .unwrap();
    symlink(
        project.root.join("crates"),
        project.root.join("crates/acme/loop"),
    )
    .unwrap();
    symlink(project.root.join("crates/acme"), project.root.join("alias")).unwrap();
    check(
        &project.found("cargo"),
        "
         acme 1.0.0 in crates/acme
         E manifest-unreadable: file/Cargo.toml is a link that leads out of the project
         E manifest-unreadable: there is no out/Cargo.toml",
    );
    let error = project
        .discover(&[workspace("cargo", "out", &[])])
        .unwrap_err();
    assert!(matches!(error, DiscoverError::NoSuchFolder { .. }));
}

#[cfg(unix)]
#[test]
fn l14_a_pipe_is_not_opened() {
    let project = Fixture::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"pipe\"]\n"),
        ("pipe/x", ""),
    ]);
    let made = std::process::Command::new("mkfifo")
        .arg(project.root.join("pipe/Cargo.toml"))
        .status()
        .unwrap();
    assert!(made.success());
    check(
        &project.found("cargo"),
        "E manifest-unreadable: pipe/Cargo.toml is not a regular file",
    );
}

#[test]
fn l1_the_same_tree_gives_the_same_value() {
    let project = Fixture::new(&[
        (
            "package.json",
            r#"{"private": true, "workspaces": ["z", "a", "**"]}"#,
        ),
        ("z/package.json", r#"{"name": "b", "version": "1.0.0"}"#),
        (
            "a/package.json",
            r#"{"name": "c", "version": "1.0.0", "dependencies": {"b": "*", "a": "1"}}"#,
        ),
        (
            "deep/er/package.json",
            r#"{"name": "a", "version": "1.0.0"}"#,
        ),
    ]);
    let first = project.found("npm");
    check(
        &first,
        "
         a 1.0.0 in deep/er
         b 1.0.0 in z
         c 1.0.0 in a
           normal a 1
           normal b *",
    );
    let twice = [workspace("npm", ".", &[]), workspace("npm", ".", &[])];
    assert_eq!(project.discover(&twice).unwrap(), first);
}
