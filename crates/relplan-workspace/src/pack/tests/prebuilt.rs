//! Files that something else has built.

use std::fs;

use crate::pack::{Job, PackError, Packer, fixture::Tree};

/// A tree in which npm packages are built already, by the built-in packer.
fn built() -> Tree {
    let tree = Tree::new(&[]);
    for (folder, name, version) in [("x", "x", "1.0.0"), ("y", "@acme/y", "2.0.0")] {
        tree.write(
            &format!("{folder}/package.json"),
            &format!(r#"{{"name":"{name}","version":"{version}"}}"#),
        );
        let packed = tree
            .pack(&[tree.job(name, version, folder, Packer::NpmBuiltin)])
            .unwrap();
        fs::create_dir_all(tree.path("dist/deep")).unwrap();
        fs::write(tree.path("dist").join(packed.files()[0]), packed.bytes(0)).unwrap();
    }
    tree
}

fn prebuilt(tree: &Tree, name: &str, version: &str, globs: &[&str]) -> Job {
    let globs = globs.iter().map(|glob| (*glob).to_owned()).collect();
    tree.job(name, version, "", Packer::Prebuilt(globs))
}

#[test]
fn files_go_to_the_package_that_is_named_inside_of_them() {
    let tree = built();
    let jobs = [
        prebuilt(&tree, "x", "1.0.0", &["dist/*.tgz"]),
        prebuilt(&tree, "@acme/y", "", &["./dist/**/*.tgz"]),
    ];
    let packed = tree.pack(&jobs).unwrap();
    let found: Vec<_> = packed
        .artifacts
        .iter()
        .map(|artifact| {
            format!(
                "{} {} {}",
                artifact.file, artifact.package.name, artifact.version
            )
        })
        .collect();
    assert_eq!(
        found,
        ["acme-y-2.0.0.tgz @acme/y 2.0.0", "x-1.0.0.tgz x 1.0.0"]
    );
    assert_eq!(packed.artifacts[0].packer, "prebuilt");
}

#[test]
fn l3_a_file_that_is_not_what_was_asked_for_is_refused() {
    let tree = built();
    fs::write(tree.path("dist/deep/a.zip"), "x").unwrap();
    fs::write(tree.path("dist/deep/b.tgz"), "no archive").unwrap();
    for (name, version, glob, why) in [
        (
            "x",
            "1.0.1",
            "dist/x-*.tgz",
            "holds x (npm) 1.0.0 instead of x (npm) 1.0.1",
        ),
        (
            "x",
            "1.0.0",
            "dist/*.tgz",
            "holds @acme/y (npm) 2.0.0 instead of x (npm) 1.0.0",
        ),
        ("x", "1.0.0", "dist/*.whl", "matches dist/*.whl"),
        (
            "x",
            "1.0.0",
            "dist/*/*.zip",
            "a.zip is not an artifact that can be released",
        ),
        (
            "x",
            "1.0.0",
            "dist/**/b.tgz",
            "b.tgz is not an artifact that can be released",
        ),
        ("x", "1.0.0", "../*.tgz", "below the package's folder"),
        ("x", "1.0.0", "/tmp/*.tgz", "below the package's folder"),
        ("x", "1.0.0", "dist/[", "is not acceptable"),
    ] {
        let error = tree
            .pack(&[prebuilt(&tree, name, version, &[glob])])
            .map(|_| ())
            .unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let tree = built();
    let outside = built();
    fs::remove_file(tree.path("dist/x-1.0.0.tgz")).unwrap();
    std::os::unix::fs::symlink(outside.path("dist"), tree.path("dist/linked")).unwrap();
    std::os::unix::fs::symlink(
        outside.path("dist/x-1.0.0.tgz"),
        tree.path("dist/x-1.0.0.tgz"),
    )
    .unwrap();
    let error = tree
        .pack(&[prebuilt(&tree, "x", "1.0.0", &["dist/**/x-*.tgz"])])
        .map(|_| ())
        .unwrap_err();
    assert!(matches!(error, PackError::Nothing { .. }), "{error}");
}
