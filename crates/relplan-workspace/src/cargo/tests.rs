//! Cargo workspaces as people write them.

use crate::discover::fixture::{Fixture, check, workspace};

fn package(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.2.0\"\nedition = \"2024\"\n{rest}\n")
}

#[test]
fn members_are_what_cargo_takes_for_members() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            &package(
                "root",
                "[workspace]\nmembers = [\"crates/*\", \"tools/cli\"]\nexclude = [\"crates/old\", \"tools\"]\ndefault-members = [\".\"]\n[dependencies]\nimplied = { path = \"implied\", version = \"1\" }\n",
            ),
        ),
        ("crates/a/Cargo.toml", &package("a", "")),
        ("crates/a/nested/Cargo.toml", &package("not-a-member", "")),
        ("crates/old/Cargo.toml", &package("old", "")),
        ("crates/notes/readme.md", ""),
        ("crates/.hidden/Cargo.toml", &package("hidden", "")),
        (
            "tools/cli/Cargo.toml",
            &package(
                "cli",
                "[dev-dependencies]\nother = { path = \"../other\" }\n",
            ),
        ),
        ("tools/other/Cargo.toml", &package("other", "")),
        (
            "implied/Cargo.toml",
            &package(
                "implied",
                "[dependencies]\nfar = { path = \"../far/away\", version = \"1\" }\n",
            ),
        ),
        ("far/away/Cargo.toml", &package("far", "")),
    ]);
    let found = project.found("cargo");
    check(
        &found,
        "
        a 1.2.0 in crates/a
        cli 1.2.0 in tools/cli
        far 1.2.0 in far/away
        implied 1.2.0 in implied
          normal far 1
        root 1.2.0 in .
          normal implied 1",
    );
    assert!(
        found
            .packages
            .iter()
            .all(|package| package.workspace_root == ".")
    );
}

#[test]
fn fields_and_dependencies_are_inherited() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\n\
             [workspace.package]\nversion = \"3.1.4\"\npublish = [\"inner\"]\n\
             [workspace.dependencies]\n\
             acme-base = { path = \"crates/base\", version = \"=3.1.4\" }\n\
             b = { package = \"acme-base\", path = \"crates/base\", version = \"3\" }\n\
             bare = { package = \"acme-base\", path = \"crates/base\" }\n\
             serde = \"1\"\n",
        ),
        (
            "crates/base/Cargo.toml",
            "[package]\nname = \"acme-base\"\nversion.workspace = true\npublish.workspace = true\n",
        ),
        (
            "crates/top/Cargo.toml",
            "[package]\nname = \"acme-top\"\nversion = { workspace = true }\n\
             [dependencies]\nacme-base.workspace = true\nserde.workspace = true\n\
             [build-dependencies]\nb = { workspace = true, optional = true }\n\
             [dev-dependencies]\nbare.workspace = true\nb.workspace = true\n",
        ),
    ]);
    check(
        &project.found("cargo"),
        "
        acme-base 3.1.4 in crates/base, only inner
        acme-top 3.1.4 in crates/top
          normal acme-base =3.1.4
          dev acme-base 3
          optional acme-base 3",
    );
}

#[test]
fn every_table_of_dependencies_makes_edges() {
    let project = Fixture::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n"),
        ("a/Cargo.toml", &package("a", "")),
        (
            "b/Cargo.toml",
            &package(
                "b",
                "[dependencies.a]\npath = \"../a\"\nversion = \"1.2\"\n\
                 [target.'cfg(unix)'.dependencies]\nax = { package = \"a\", path = \"../a\", version = \"^1.1\", optional = true }\n\
                 [target.x86_64-pc-windows-msvc.build-dependencies]\na = { path = \"../a\", version = \"1\" }\n\
                 [dev-dependencies]\na = { path = \"../a\" }\nb = { path = \".\", version = \"1\" }\n",
            ),
        ),
    ]);
    check(
        &project.found("cargo"),
        "
        a 1.2.0 in a
        b 1.2.0 in b
          normal a 1.2
          build a 1
          optional a ^1.1",
    );
}

#[test]
fn development_dependencies_count_as_cargo_publishes_them() {
    // A cycle that a published version requirement closes, and one that Cargo strips.
    let project = Fixture::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
        (
            "a/Cargo.toml",
            &package(
                "a",
                "[dev-dependencies]\nb = { path = \"../b\", version = \"1\" }\nc = { path = \"../c\" }\n",
            ),
        ),
        (
            "b/Cargo.toml",
            &package(
                "b",
                "[dependencies]\na = { path = \"../a\", version = \"1\" }\n",
            ),
        ),
        (
            "c/Cargo.toml",
            &package(
                "c",
                "[dependencies]\na = { path = \"../a\", version = \"1\" }\n",
            ),
        ),
    ]);
    check(
        &project.found("cargo"),
        "
        a 1.2.0 in a
          dev b 1
          ! dev-cycle: a/Cargo.toml:6: a needs \"b\" for development, which needs it in turn; Cargo packs neither while no published version of the other fits
        b 1.2.0 in b
          normal a 1
        c 1.2.0 in c
          normal a 1",
    );
}

#[test]
fn a_patch_by_path_makes_an_edge_where_it_fits() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n[patch.crates-io]\na = { path = \"a\" }\nother = { package = \"c\", path = \"c\" }\n",
        ),
        ("a/Cargo.toml", &package("a", "")),
        (
            "b/Cargo.toml",
            &package(
                "b",
                "[dependencies]\na = \"1\"\nc = \"0.9\"\n[build-dependencies]\na = { version = \"1\", registry = \"inner\" }\n",
            ),
        ),
        ("c/Cargo.toml", &package("c", "")),
    ]);
    check(
        &project.found("cargo"),
        "
        a 1.2.0 in a
        b 1.2.0 in b
          normal a 1
        c 1.2.0 in c",
    );
}

#[test]
fn who_may_publish_is_read_from_the_manifest() {
    let mut project = vec![(
        "Cargo.toml".to_owned(),
        "[workspace]\nmembers = [\"*\"]\n[workspace.package]\npublish = false\n".to_owned(),
    )];
    for (name, field) in [
        ("any", ""),
        ("yes", "publish = true"),
        ("no", "publish = false"),
        ("empty", "publish = []"),
        ("some", "publish = [\"one\", \"two\"]"),
        ("inherited", "publish.workspace = true"),
    ] {
        project.push((format!("{name}/Cargo.toml"), package(name, field)));
    }
    project.push((
        "bare/Cargo.toml".to_owned(),
        "[package]\nname = \"bare\"\n".to_owned(),
    ));
    let files: Vec<(&str, &str)> = project
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    check(
        &Fixture::new(&files).found("cargo"),
        "
        any 1.2.0 in any
        bare 0.0.0 in bare, nowhere
        empty 1.2.0 in empty, nowhere
        inherited 1.2.0 in inherited, nowhere
        no 1.2.0 in no, nowhere
        some 1.2.0 in some, only one two
        yes 1.2.0 in yes",
    );
}

#[test]
fn what_cargo_would_refuse_to_publish_is_said_beforehand() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"a\", \"b\", \"c\", \"hidden\"]\n",
        ),
        ("a/Cargo.toml", &package("a", "")),
        (
            "b/Cargo.toml",
            &package(
                "b",
                "[dependencies]\na = { path = \"../a\" }\nh = { path = \"../hidden\", version = \"1\", package = \"hidden\" }\n\
                 g = { git = \"https://git.example/g\" }\nout = { path = \"../../out\" }\n\
                 [build-dependencies]\nold = { package = \"a\", path = \"../a\", version = \"0.9\" }\n",
            ),
        ),
        (
            "c/Cargo.toml",
            &package(
                "c",
                "publish = false\n[dependencies]\na = { path = \"../a\" }\n",
            ),
        ),
        ("hidden/Cargo.toml", &package("hidden", "publish = false")),
    ]);
    let found = project.found("cargo");
    check(
        &found,
        r#"
        a 1.2.0 in a
        b 1.2.0 in b
          normal a
          build a 0.9
          normal hidden 1
          ! depends-on-unpublishable: b/Cargo.toml: b depends on hidden, which by manifest may not be published
          E path-without-version: b/Cargo.toml:6: b depends on "a" by path "../a" without a version, and Cargo does not publish that
          E path-without-version: b/Cargo.toml:8: b depends on "g" by git without a version, and Cargo does not publish that
          E path-without-version: b/Cargo.toml:9: b depends on "out" by path "../../out" without a version, and Cargo does not publish that
          E requirement-excludes-member: b/Cargo.toml:11: b requires "a" "0.9", and the package at that path has version 1.2.0
        c 1.2.0 in c, nowhere
          normal a
        hidden 1.2.0 in hidden, nowhere"#,
    );
    let hints: Vec<_> = found.packages[1]
        .findings
        .iter()
        .filter_map(|finding| finding.hint.as_deref())
        .collect();
    assert!(
        hints.contains(&"add `version = \"1.2.0\"` to the dependency"),
        "{hints:?}"
    );
}

#[test]
fn what_is_wrong_with_one_manifest_does_not_hide_the_others() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"*\", \"gone\", \"../out\"]\n[workspace.package]\nedition = \"2024\"\n",
        ),
        ("a/Cargo.toml", &package("a", "")),
        (
            "bad-version/Cargo.toml",
            "[package]\nname = \"x\"\nversion = \"1.2\"\n",
        ),
        ("no-name/Cargo.toml", "[package]\nversion = \"1.2.0\"\n"),
        (
            "spoof/Cargo.toml",
            "[package]\nname = \"a\\u202Eb\"\nversion = \"1.2.0\"\n",
        ),
        (
            "orphan/Cargo.toml",
            "[package]\nname = \"o\"\nversion.workspace = true\n",
        ),
        (
            "lost/Cargo.toml",
            &package("lost", "[dependencies]\nx.workspace = true\n"),
        ),
        ("nested/Cargo.toml", &package("nested", "[workspace]\n")),
        ("syntax/Cargo.toml", "[package\n"),
    ]);
    let found = project.found("cargo");
    let codes: Vec<_> = found
        .findings
        .iter()
        .map(|finding| finding.code.as_str())
        .collect();
    assert_eq!(found.packages.len(), 1, "{codes:?}");
    let text = crate::discover::fixture::show(&found);
    for wanted in [
        "E nested-workspace: nested/Cargo.toml has",
        "bad-version/Cargo.toml: \"1.2\" is not a version",
        "no-name/Cargo.toml: the package has no name",
        "spoof/Cargo.toml: the package name \"a\\u{202e}b\" is not valid",
        "orphan/Cargo.toml:3: `version` is inherited, but Cargo.toml has no `workspace.package.version`",
        "lost/Cargo.toml:6: \"x\" is inherited, but Cargo.toml has no such `workspace.dependencies`",
        "syntax/Cargo.toml:1: ",
        "there is no gone/Cargo.toml",
        "Cargo.toml: the member \"../out\" is not usable: it leads out of the project",
    ] {
        assert!(text.contains(wanted), "{wanted}\nis not in\n{text}");
    }
}

#[test]
fn a_root_without_a_workspace_is_followed_by_path() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            &package(
                "top",
                "[dependencies]\nsub = { path = \"sub\", version = \"1\" }\nbare = \"1\"\n",
            ),
        ),
        ("sub/Cargo.toml", &package("sub", "")),
        ("unrelated/Cargo.toml", &package("unrelated", "")),
    ]);
    let found = project.found("cargo");
    check(
        &found,
        "
        sub 1.2.0 in sub
        top 1.2.0 in .
          normal sub 1",
    );
    assert_eq!(found.packages[0].workspace_root, "sub");
}

#[test]
fn a_member_that_is_named_alone_still_inherits() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/alone\"]\n[workspace.package]\nversion = \"2.0.0\"\n",
        ),
        (
            "crates/a/Cargo.toml",
            "[package]\nname = \"a\"\nversion.workspace = true\n",
        ),
        ("crates/alone/Cargo.toml", &package("alone", "")),
    ]);
    let found = project
        .discover(&[
            workspace("cargo", "crates/a", &[]),
            workspace("cargo", "crates/alone", &[]),
        ])
        .unwrap();
    check(&found, "a 2.0.0 in crates/a\nalone 1.2.0 in crates/alone");
    let roots: Vec<_> = found
        .packages
        .iter()
        .map(|package| package.workspace_root.as_str())
        .collect();
    assert_eq!(roots, [".", "crates/alone"]);
}

#[test]
fn edges_cross_from_one_workspace_to_another() {
    let project = Fixture::new(&[
        (
            "one/Cargo.toml",
            &package(
                "one",
                "[workspace]\n[dependencies]\ntwo = { path = \"../two\", version = \"1\" }\n",
            ),
        ),
        ("two/Cargo.toml", &package("two", "[workspace]\n")),
    ]);
    let found = project
        .discover(&[
            workspace("cargo", "one", &[]),
            workspace("cargo", "two", &[]),
        ])
        .unwrap();
    check(
        &found,
        "
        one 1.2.0 in one
          normal two 1
        two 1.2.0 in two",
    );
}

/// A17: `check` names both crates of a cycle, and what ends it.
#[test]
fn l16_two_versioned_dev_dependencies_that_form_a_cycle_are_told_with_the_cure() {
    let dev = |on: &str| {
        format!("[dev-dependencies]\n{on} = {{ path = \"../{on}\", version = \"1\" }}\n")
    };
    let files = |one: &str, other: &str| {
        Fixture::new(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"*\"]\n"),
            ("a/Cargo.toml", &package("a", one)),
            ("b/Cargo.toml", &package("b", other)),
            ("c/Cargo.toml", &package("c", &dev("a"))),
        ])
    };
    let found = files(&dev("b"), &dev("a")).found("cargo");
    let told: Vec<_> = found
        .packages
        .iter()
        .flat_map(|one| &one.findings)
        .collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].message.starts_with("a/Cargo.toml:6: a needs \"b\""),
        "{told:?}"
    );
    assert!(
        told[1].message.starts_with("b/Cargo.toml:6: b needs \"a\""),
        "{told:?}"
    );
    let hint = told[0].hint.clone().unwrap();
    assert!(hint.starts_with("take the version of \"b\" out"), "{hint}");
    // The cure works.
    let found = files(&dev("b"), "[dev-dependencies]\na = { path = \"../a\" }\n").found("cargo");
    assert!(found.packages.iter().all(|one| one.findings.is_empty()));
}

/// C12: what is inherited can be changed in the workspace's root alone.
#[test]
fn an_inherited_dependency_without_a_version_is_shown_where_it_stands() {
    let project = Fixture::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"*\"]\n[workspace.dependencies]\na = { path = \"a\" }\n",
        ),
        ("a/Cargo.toml", &package("a", "")),
        (
            "b/Cargo.toml",
            &package("b", "[dependencies]\na.workspace = true\n"),
        ),
    ]);
    let found = project.found("cargo");
    let told = &found.packages[1].findings[0].message;
    assert!(
        told.starts_with("Cargo.toml:4: b depends on \"a\""),
        "{told}"
    );
}

/// C11: what the registry would refuse in the middle of a release is known from the manifest.
#[test]
fn l16_what_the_public_registry_demands_is_known_from_the_manifest() {
    let refused = |rest: &str| {
        let project = Fixture::new(&[("Cargo.toml", &package("a", rest))]);
        let found = project.found("cargo");
        let refusals = found.packages[0].refusals.iter();
        let told = refusals.map(|one| {
            one.message
                .rsplit_once(" refuses a: ")
                .unwrap()
                .1
                .to_owned()
        });
        told.collect::<Vec<_>>()
    };
    let whole = "description = \"x\"\nlicense = \"MIT\"\n";
    assert_eq!(refused(""), ["it has no description", "it has no licence"]);
    assert_eq!(
        refused("description = \" \"\nlicense-file = \"L\"\n"),
        ["it has no description"]
    );
    for (more, told) in [
        ("", None),
        ("keywords = [\"a\", \"b-c\", \"d_e\", \"f+\", \"0\"]", None),
        (
            "keywords = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]",
            Some("it has 6 keywords, and may have 5"),
        ),
        (
            "keywords = [\"two words\"]",
            Some("\"two words\" is no keyword"),
        ),
        (
            "keywords = [\"abcdefghijklmnopqrstu\"]",
            Some("\"abcdefghijklmnopqrstu\" is no keyword"),
        ),
        (
            "categories = [\"Command line\"]",
            Some("\"Command line\" is no category"),
        ),
        (
            "categories = [\"command-line-utilities\", \"os::unix-apis\"]",
            None,
        ),
        (
            "homepage = \"acme.example\"",
            Some("its homepage \"acme.example\" is no URL of the web"),
        ),
    ] {
        let told: Vec<&str> = told.into_iter().collect();
        assert_eq!(refused(&format!("{whole}{more}\n")), told, "{more}");
    }
}
