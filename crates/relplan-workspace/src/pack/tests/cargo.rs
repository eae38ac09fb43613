//! `cargo package` for crates that are released together.

use crate::pack::{
    PackError, Packer,
    fixture::{Tree, options},
};

const WORKSPACE: &str = "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"3\"\n";

fn manifest(name: &str, more: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.3.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n\
         description = \"{name}\"\nrepository = \"https://acme.example\"\n{more}\n"
    )
}

fn workspace(root: &str, a: &str, b: &str) -> Tree {
    Tree::new(&[
        ("Cargo.toml", &format!("{WORKSPACE}{root}")),
        ("a/Cargo.toml", &manifest("zz-relplan-a", a)),
        ("a/src/lib.rs", "pub fn a() -> u8 { 1 }\n"),
        ("b/Cargo.toml", &manifest("zz-relplan-b", b)),
        ("b/src/lib.rs", "pub fn b() -> u8 { zz_relplan_a::a() }\n"),
    ])
}

fn jobs(tree: &Tree) -> [crate::pack::Job; 2] {
    ["b", "a"].map(|name| tree.job(&format!("zz-relplan-{name}"), "0.3.0", name, Packer::Cargo))
}

#[test]
fn crates_that_depend_on_each_other_are_packed_before_either_is_published() {
    let tree = workspace(
        "[workspace.dependencies]\nalias = { package = \"zz-relplan-a\", path = \"a\", version = \"0.3\" }\n",
        "",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\" }\n\
         [target.'cfg(windows)'.build-dependencies]\nalias.workspace = true\n",
    );
    let packed = tree.pack(&jobs(&tree)).unwrap();
    assert_eq!(
        packed.files(),
        ["zz-relplan-a-0.3.0.crate", "zz-relplan-b-0.3.0.crate"]
    );
    let artifact = &packed.artifacts[1];
    assert_eq!(
        (artifact.kind.as_str(), artifact.version.as_str()),
        ("crate", "0.3.0")
    );
    assert!(
        artifact.packer.starts_with("cargo 1."),
        "{}",
        artifact.packer
    );
    let inside = packed.unpacked(1);
    let published = String::from_utf8(inside["zz-relplan-b-0.3.0/Cargo.toml"].clone()).unwrap();
    assert!(!published.contains("path = \"../a\""), "{published}");
    let lock = String::from_utf8(inside["zz-relplan-b-0.3.0/Cargo.lock"].clone()).unwrap();
    // The lock file holds the digest of the other one, as it is in the bundle.
    let digest = packed.artifacts[0].digests.to_string();
    assert!(
        lock.contains(digest.trim_start_matches("sha256:")),
        "{lock}"
    );
    assert!(!tree.path("target").exists());
}

#[test]
fn so_are_those_that_expect_each_other_in_a_registry_of_their_own() {
    let tree = workspace(
        "",
        "",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\", registry = \"bench\" }\n",
    );
    let index = [(
        "CARGO_REGISTRIES_BENCH_INDEX",
        "sparse+http://127.0.0.1:9/index/",
    )];
    let packed = tree.pack_with(&jobs(&tree), &options(&index)).unwrap();
    assert_eq!(
        packed.files(),
        ["zz-relplan-a-0.3.0.crate", "zz-relplan-b-0.3.0.crate"]
    );
}

/// A15: Cargo leaves a dev-dependency without a version out of what it packs, so it closes no cycle and expects nothing
/// of any registry.
#[test]
fn l16_dev_dependencies_by_path_alone_count_for_nothing() {
    let tree = workspace(
        "[workspace.dependencies]\nzz-relplan-b = { path = \"b\" }\n",
        "[dev-dependencies]\nzz-relplan-b.workspace = true\n",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\", registry = \"bench\" }\n\
         [dev-dependencies]\nzz-relplan-a = { path = \"../a\" }\n",
    );
    let index = [(
        "CARGO_REGISTRIES_BENCH_INDEX",
        "sparse+http://127.0.0.1:9/index/",
    )];
    let packed = tree.pack_with(&jobs(&tree), &options(&index)).unwrap();
    assert_eq!(packed.files().len(), 2);
}

/// A14: what a crate inherits belongs to it, as Cargo sees it.
#[test]
fn l16_a_crate_is_dirty_when_what_it_inherits_is() {
    let tree = workspace(
        "[workspace.package]\nreadme = \"README.md\"\n",
        "readme.workspace = true\n",
        "exclude = [\"notes\"]\n",
    );
    tree.write("README.md", "one\n");
    tree.write("LICENSE", "one\n");
    tree.write("b/notes/x.md", "one\n");
    tree.write(".gitignore", "Cargo.lock\n");
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["commit", "-qm", "one"],
    ] {
        tree.git(arguments);
    }
    let dirty = || {
        let packed = tree.pack(&jobs(&tree)).unwrap();
        let dirty = packed.artifacts.iter().map(|artifact| artifact.dirty);
        dirty.collect::<Vec<_>>()
    };
    assert_eq!(dirty(), [false, false]);
    tree.write("README.md", "two\n");
    assert_eq!(dirty(), [true, false]);
    tree.git(&["checkout", "-q", "."]);
    // What is not packed does not count.
    tree.write("b/notes/x.md", "two\n");
    assert_eq!(dirty(), [false, false]);
    tree.write("b/src/lib.rs", "pub fn b() {}\n");
    assert_eq!(dirty(), [false, true]);
}

#[test]
fn verifying_builds_what_was_packed() {
    let tree = workspace(
        "",
        "",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\" }\n",
    );
    let mut verify = options(&[]);
    verify.verify = true;
    tree.pack_with(&jobs(&tree), &verify).unwrap();

    // A file that the crate needs and that is not packed shows only then.
    tree.write(
        "b/src/lib.rs",
        "const X: &str = include_str!(\"../../a/src/lib.rs\");\n",
    );
    tree.pack(&jobs(&tree)).unwrap();
    let error = tree
        .pack_with(&jobs(&tree), &verify)
        .map(|_| ())
        .unwrap_err();
    let PackError::Packer { command, tail, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(command, "cargo package");
    assert!(
        tail.iter().any(|line| line.contains("include_str")),
        "{error}"
    );
}

#[test]
fn registries_that_disagree_are_told_before_cargo_runs() {
    let tree = workspace(
        "",
        "[dev-dependencies]\nzz-relplan-b = { path = \"../b\", version = \"0.3.0\" }\n",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\", registry = \"bench\" }\n",
    );
    let error = tree.pack(&jobs(&tree)).map(|_| ()).unwrap_err();
    assert!(
        error.to_string().contains("the default one, bench"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn an_old_cargo_is_named_with_what_it_lacks() {
    use std::os::unix::fs::PermissionsExt as _;
    let tree = workspace(
        "",
        "",
        "[dependencies]\nzz-relplan-a = { path = \"../a\", version = \"0.3.0\" }\n",
    );
    tree.write(
        "bin/cargo",
        "#!/bin/sh\necho 'cargo 1.89.0 (abc 2025-08-01)'\n",
    );
    let path = tree.path("bin/cargo");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let bin = tree.path("bin");
    let error = tree
        .pack_with(&jobs(&tree), &options(&[("PATH", bin.as_str())]))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "cargo 1.89.0 is too old to pack zz-relplan-b, zz-relplan-a; \
         crates that depend on each other are packed together by cargo 1.90 and later"
    );
}
