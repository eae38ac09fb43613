//! Packing with the ecosystems' real packers, as a user does.

mod cargo;
mod npm;
mod pep517;
mod prebuilt;

use std::cell::RefCell;

use super::{
    PackError, PackEvent, Packer,
    fixture::{Tree, options},
    run,
};
use crate::bundle::Folder;

#[test]
fn the_commit_and_what_differs_from_it_are_recorded() {
    let manifest = |name: &str| format!(r#"{{"name":"{name}","version":"1.0.0"}}"#);
    let tree = Tree::new(&[
        ("a/package.json", &manifest("a")),
        ("b/package.json", &manifest("b")),
        ("b/.gitignore", "dist\n"),
        ("c/package.json", &manifest("c")),
    ]);
    let jobs = ["a", "b", "c"].map(|name| tree.job(name, "1.0.0", name, Packer::NpmBuiltin));
    let before = tree.pack(&jobs).unwrap();
    assert!(
        before
            .artifacts
            .iter()
            .all(|a| a.commit.is_none() && !a.dirty)
    );

    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.git(&["commit", "-q", "-m", "x"]);
    tree.write("a/index.js", "new");
    tree.write("b/dist/index.js", "ignored");
    let packed = tree.pack(&jobs).unwrap();
    let dirty: Vec<_> = packed
        .artifacts
        .iter()
        .map(|artifact| artifact.dirty)
        .collect();
    assert_eq!(dirty, [true, false, false]);
    let commit = packed.artifacts[0].commit.clone().unwrap();
    assert_eq!(commit.len(), 40);

    let mut named = options(&[]);
    named.commit = Some("f".repeat(40));
    let packed = tree.pack_with(&jobs, &named).unwrap();
    assert_eq!(packed.artifacts[1].commit, named.commit);
}

#[test]
fn state_beside_a_package_changes_nothing_of_it() {
    let tree = Tree::new(&[("package.json", r#"{"name":"a","version":"1.0.0"}"#)]);
    tree.git(&["init", "-q"]);
    tree.git(&["add", "."]);
    tree.git(&["commit", "-q", "-m", "x"]);
    let job = [tree.job("a", "1.0.0", "", Packer::NpmBuiltin)];
    let before = tree.pack(&job).unwrap();
    tree.write(".relplan/state/journal", "1");
    let after = tree.pack(&job).unwrap();
    assert_eq!(before.artifacts, after.artifacts);
    assert!(!after.artifacts[0].dirty);
}

#[test]
fn a_job_that_fails_leaves_the_bundle_as_it_was() {
    let tree = Tree::new(&[
        ("a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("b/package.json", r#"{"name":"b","version":"2.0.0"}"#),
    ]);
    let out = tempfile::tempdir().unwrap();
    let out = camino::Utf8Path::from_path(out.path()).unwrap();
    let mut folder = Folder::create_or_open(out).unwrap();
    // The manifest says another version than the job: it was changed after the packages were read.
    let jobs = [
        tree.job("a", "1.0.0", "a", Packer::NpmBuiltin),
        tree.job("b", "1.0.0", "b", Packer::NpmBuiltin),
    ];
    let error = run(&jobs, &mut folder, &options(&[]), &|_| {}).unwrap_err();
    assert!(matches!(error, PackError::Mismatch { .. }), "{error}");
    assert!(Folder::open(out).unwrap().bundle().artifacts.is_empty());

    let twins = [jobs[0].clone(), jobs[0].clone()];
    let error = run(&twins, &mut folder, &options(&[]), &|_| {}).unwrap_err();
    assert!(matches!(error, PackError::Twice { .. }), "{error}");
}

#[test]
fn events_tell_of_each_package_from_start_to_end() {
    let tree = Tree::new(&[
        ("a/package.json", r#"{"name":"a","version":"1.0.0"}"#),
        ("b/package.json", r#"{"name":"b","version":"1.0.0"}"#),
    ]);
    let jobs = ["a", "b"].map(|name| tree.job(name, "1.0.0", name, Packer::NpmBuiltin));
    let out = tempfile::tempdir().unwrap();
    let mut folder =
        Folder::create_or_open(camino::Utf8Path::from_path(out.path()).unwrap()).unwrap();
    let mut one = options(&[]);
    one.parallel = 1;
    let told = RefCell::new(Vec::new());
    run(&jobs, &mut folder, &one, &|event| {
        told.borrow_mut().push(event)
    })
    .unwrap();
    let started = |index: usize| PackEvent::Started {
        package: jobs[index].package.clone(),
    };
    let finished = |index: usize, file: &str| PackEvent::Finished {
        package: jobs[index].package.clone(),
        files: vec![file.parse().unwrap()],
    };
    assert_eq!(
        told.into_inner(),
        [
            started(0),
            finished(0, "a-1.0.0.tgz"),
            started(1),
            finished(1, "b-1.0.0.tgz")
        ]
    );
}

/// Each word that a spec may say for an ecosystem stands for a packer of that ecosystem.
#[test]
fn l13_every_packer_that_the_spec_knows_is_there() {
    for ecosystem in relplan_ecosystem::Ecosystem::ALL {
        for word in ecosystem.packers() {
            let packer = super::Packer::named(ecosystem, Some(word)).unwrap();
            assert_eq!(packer.word(), *word);
        }
        let own = super::Packer::named(ecosystem, None);
        assert_eq!(
            own,
            super::Packer::named(ecosystem, ecosystem.packers().first().copied())
        );
        assert_eq!(super::Packer::named(ecosystem, Some("make")), None);
    }
}
