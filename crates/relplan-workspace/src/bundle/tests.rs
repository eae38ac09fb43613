//! What a bundle's folder refuses, and what is left of it when something goes wrong.

use std::io::Read as _;

use relplan_model::{
    address::{Ecosystem, PackageId, PackageName, Version},
    digest::Digests,
};

use super::*;

struct Bench {
    root: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> Utf8PathBuf {
        Utf8Path::from_path(self.root.path()).unwrap().join(name)
    }

    fn addition(&self, package: &str, file: &str, bytes: &[u8]) -> Addition {
        let source = self.path(&format!(
            "src-{}-{file}",
            Digests::of(bytes).to_string().replace(':', "-")
        ));
        fs::write(&source, bytes).unwrap();
        Addition {
            artifact: Artifact {
                package: PackageId {
                    ecosystem: Ecosystem::new("npm").unwrap(),
                    name: PackageName::new(package).unwrap(),
                },
                version: Version::new("1.0.0").unwrap(),
                kind: "npm-tarball".to_owned(),
                file: FileName::new(file).unwrap(),
                size: bytes.len() as u64,
                digests: Digests::of(bytes),
                commit: None,
                dirty: false,
                packer: "npm 11.0.0".to_owned(),
            },
            source,
        }
    }
}

fn read(folder: &Folder, index: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    ArtifactSource::open(folder, &folder.bundle().artifacts[index])
        .unwrap()
        .read_to_end(&mut bytes)
        .unwrap();
    bytes
}

#[test]
fn what_is_added_is_read_back_by_another_process() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    let additions = vec![
        bench.addition("b", "b.tgz", b"bb"),
        bench.addition("a", "a.tgz", b"a"),
    ];
    folder.add(additions, Replace::Refused).unwrap();
    let again = Folder::open(&bench.path("out")).unwrap();
    assert_eq!(again.bundle(), folder.bundle());
    again.verify().unwrap();
    assert_eq!(read(&again, 0), b"a");
    assert_eq!(read(&again, 1), b"bb");
    let left: Vec<_> = fs::read_dir(bench.path("out")).unwrap().collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn l3_a_name_that_occurs_twice_with_other_bytes_is_refused_and_nothing_is_written() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    folder
        .add(vec![bench.addition("a", "a.tgz", b"one")], Replace::Refused)
        .unwrap();
    folder
        .add(vec![bench.addition("a", "a.tgz", b"one")], Replace::Refused)
        .unwrap();
    let more = vec![
        bench.addition("b", "b.tgz", b"b"),
        bench.addition("a", "a.tgz", b"two"),
    ];
    let error = folder.add(more, Replace::Refused).unwrap_err();
    assert!(matches!(error, BundleError::Clash { .. }), "{error}");
    // Another package's file is never replaced, nor are two that come in together.
    let error = folder
        .add(vec![bench.addition("b", "a.tgz", b"two")], Replace::Allowed)
        .unwrap_err();
    assert!(matches!(error, BundleError::Clash { .. }), "{error}");
    let pair = vec![
        bench.addition("c", "c.tgz", b"1"),
        bench.addition("c", "c.tgz", b"2"),
    ];
    let error = folder.add(pair, Replace::Allowed).unwrap_err();
    assert!(matches!(error, BundleError::Clash { .. }), "{error}");

    let again = Folder::open(&bench.path("out")).unwrap();
    assert_eq!(again.bundle().artifacts.len(), 1);
    assert_eq!(read(&again, 0), b"one");
    assert!(!bench.path("out/b.tgz").exists());
}

#[test]
fn a_package_can_be_packed_again_on_purpose() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    for bytes in [b"one", b"two"] {
        folder
            .add(vec![bench.addition("a", "a.tgz", bytes)], Replace::Allowed)
            .unwrap();
    }
    let again = Folder::open(&bench.path("out")).unwrap();
    again.verify().unwrap();
    assert_eq!(read(&again, 0), b"two");
}

#[test]
fn a_replacement_that_fails_half_way_leaves_no_wrong_description() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    let first = vec![
        bench.addition("a", "a.tgz", b"one"),
        bench.addition("b", "b.tgz", b"b"),
    ];
    folder.add(first, Replace::Allowed).unwrap();
    let mut bad = bench.addition("a", "a.tgz", b"two");
    bad.source = bench.path("nowhere");
    folder.add(vec![bad], Replace::Allowed).unwrap_err();
    let again = Folder::open(&bench.path("out")).unwrap();
    again.verify().unwrap();
    let left: Vec<_> = again
        .bundle()
        .artifacts
        .iter()
        .map(|a| a.file.as_str())
        .collect();
    assert_eq!(left, ["b.tgz"]);
}

#[test]
fn l3_bytes_that_differ_from_their_description_are_noticed() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    let mut lying = bench.addition("a", "a.tgz", b"one");
    fs::write(&lying.source, b"two").unwrap();
    let error = folder
        .add(vec![lying.clone()], Replace::Allowed)
        .unwrap_err();
    assert!(matches!(error, BundleError::Altered { .. }), "{error}");
    lying.artifact.size = 3;
    fs::write(&lying.source, b"one").unwrap();
    folder.add(vec![lying], Replace::Allowed).unwrap();
    fs::write(bench.path("out/a.tgz"), b"two").unwrap();
    let error = folder.verify().unwrap_err();
    assert!(matches!(error, BundleError::Altered { .. }), "{error}");
    fs::remove_file(bench.path("out/a.tgz")).unwrap();
    assert!(matches!(folder.verify(), Err(BundleError::Io { .. })));
}

#[test]
fn bundles_of_several_machines_merge_when_they_agree() {
    let bench = Bench::new();
    let make = |name: &str, additions: Vec<Addition>| {
        let mut folder = Folder::create_or_open(&bench.path(name)).unwrap();
        folder.add(additions, Replace::Refused).unwrap();
        bench.path(name)
    };
    let linux = make(
        "linux",
        vec![
            bench.addition("a", "a.tgz", b"a"),
            bench.addition("l", "l.tgz", b"l"),
        ],
    );
    let mac = make(
        "mac",
        vec![
            bench.addition("a", "a.tgz", b"a"),
            bench.addition("m", "m.tgz", b"m"),
        ],
    );
    let other = make("other", vec![bench.addition("a", "a.tgz", b"A")]);
    let merged = Folder::merge(&bench.path("all"), &[linux.clone(), mac]).unwrap();
    merged.verify().unwrap();
    assert_eq!(merged.bundle().artifacts.len(), 3);
    let error = Folder::merge(&bench.path("all"), &[other]).unwrap_err();
    assert!(matches!(error, BundleError::Clash { .. }), "{error}");
    fs::write(linux.join("l.tgz"), b"x").unwrap();
    let error = Folder::merge(&bench.path("fresh"), &[linux]).unwrap_err();
    assert!(matches!(error, BundleError::Altered { .. }), "{error}");
    assert!(!bench.path("fresh").exists());
}

#[test]
fn l13_a_description_that_could_mislead_is_refused() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    folder
        .add(vec![bench.addition("a", "a.tgz", b"a")], Replace::Refused)
        .unwrap();
    let good = fs::read_to_string(bench.path("out/bundle.json")).unwrap();
    let listed = good
        .split_once('[')
        .and_then(|(_, rest)| rest.rsplit_once(']'))
        .unwrap()
        .0
        .to_owned();
    let bad = [
        good.replace("a.tgz", ".."),
        good.replace("a.tgz", "../a.tgz"),
        good.replace("a.tgz", "bundle.json"),
        good.replace("a.tgz", ".hidden"),
        good.replace("bundle/1", "bundle/9"),
        good.replace("\"dirty\"", "\"dirtier\""),
        good.replace("\"sha256\":\"", "\"sha256\":\"0"),
        good.replace(&listed, &format!("{listed},{listed}")),
        good.replace(
            &listed,
            &format!("{listed},{}", listed.replace("a.tgz", "A.tgz")),
        ),
        format!("{listed}\n"),
        format!("{good}\n"),
    ];
    for text in bad {
        assert_ne!(text, good);
        fs::write(bench.path("out/bundle.json"), &text).unwrap();
        Folder::open(&bench.path("out")).expect_err(&text);
    }
    assert!(matches!(
        Folder::open(Utf8Path::from_path(bench.root.path()).unwrap()),
        Err(BundleError::Missing { .. })
    ));
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_does_not_lead_out_of_the_folder() {
    let bench = Bench::new();
    let mut folder = Folder::create_or_open(&bench.path("out")).unwrap();
    let addition = bench.addition("a", "a.tgz", b"a");
    let (artifact, source) = (addition.artifact.clone(), addition.source.clone());
    folder.add(vec![addition], Replace::Refused).unwrap();
    fs::remove_file(bench.path("out/a.tgz")).unwrap();
    std::os::unix::fs::symlink(&source, bench.path("out/a.tgz")).unwrap();
    assert!(ArtifactSource::open(&folder, &artifact).is_err());
    assert!(folder.verify().is_err());
    let mut unlisted = artifact;
    unlisted.file = FileName::new("other.tgz").unwrap();
    assert!(ArtifactSource::open(&folder, &unlisted).is_err());
}

#[test]
fn git_passes_over_a_bundle_in_relplans_own_folder_and_over_no_other() {
    let root = tempfile::tempdir().unwrap();
    let root = Utf8Path::from_path(root.path()).unwrap();
    for (folder, ignored) in [(".relplan/bundle", true), ("out", false)] {
        let folder = root.join(folder);
        Folder::create_or_open(&folder).unwrap();
        let rules = fs::read_to_string(folder.join(".gitignore")).ok();
        assert_eq!(rules.as_deref(), ignored.then_some("*\n"), "{folder}");
    }
}
