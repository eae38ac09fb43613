//! Trees as a pull request could make them.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{Checkout, Kind, PlaceError, ReadError, Tree, open_to_write, read_named};

/// A project in a repository, and a folder beside it with a canary.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for path in ["repo/.git", "repo/project/sub/deep", "outside/deep"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        for (path, text) in [
            ("repo/project/file", "inside"),
            ("repo/project/sub/deep/file", "deep"),
            ("repo/neighbour", "neighbour"),
            ("outside/file", "canary"),
            ("outside/deep/file", "canary"),
        ] {
            fs::write(folder.path().join(path), text).unwrap();
        }
        Self { folder }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    fn link(&self, to: impl AsRef<Path>, name: &str) {
        symlink(to, self.path("repo/project").join(name)).unwrap();
    }

    fn tree(&self) -> Tree {
        Tree::open(&self.path("repo/project")).unwrap()
    }
}

/// In words, so that one table can hold all outcomes.
fn outcome(read: Result<Vec<u8>, ReadError>) -> String {
    match read {
        Ok(bytes) => String::from_utf8(bytes).unwrap(),
        Err(ReadError::Missing { .. }) => "missing".to_owned(),
        Err(ReadError::Outside { .. }) => "outside".to_owned(),
        Err(ReadError::OfGit { .. }) => "of git".to_owned(),
        Err(ReadError::NotAFile { .. }) => "not a file".to_owned(),
        Err(ReadError::TooLarge { .. }) => "too large".to_owned(),
        Err(ReadError::Io { source, .. }) => format!("error {:?}", source.kind()),
    }
}

/// S7: every way out of the tree is closed, and links within it stay open.
#[test]
fn l14_no_link_leads_out_of_the_tree_and_links_within_it_work() {
    let scene = Scene::new();
    let inside = scene.path("repo/project/sub");
    scene.link("sub/deep/file", "to-file");
    scene.link("sub", "to-folder");
    scene.link("to-file", "to-link");
    scene.link(inside.join("deep/file"), "absolute-inside");
    scene.link("../../file", "sub/deep/up");
    scene.link("../../outside/file", "out");
    scene.link(scene.path("outside/file"), "absolute-out");
    scene.link("../../outside", "out-folder");
    scene.link("sub/deep/../../../neighbour", "by-way-of-inside");
    scene.link("out-folder/../../project/file", "out-and-back");
    scene.link("nothing", "dangling");
    scene.link("circle", "circle");
    scene.link("/proc/self/environ", "environment");
    scene.link("/proc/self/root/etc", "magic");
    let tree = scene.tree();
    for (path, expected) in [
        ("file", "inside"),
        ("./sub/deep/file", "deep"),
        ("sub/../file", "inside"),
        ("to-file", "deep"),
        ("to-folder/deep/file", "deep"),
        ("to-link", "deep"),
        ("absolute-inside", "deep"),
        ("sub/deep/up", "inside"),
        ("out", "outside"),
        ("absolute-out", "outside"),
        ("out-folder/file", "outside"),
        ("out-folder/deep/../file", "outside"),
        // Whoever can change the project can change the checkout that it is in.
        ("by-way-of-inside", "neighbour"),
        ("out-and-back", "outside"),
        ("../neighbour", "outside"),
        ("sub/../../neighbour", "outside"),
        ("/etc/passwd", "outside"),
        ("environment", "outside"),
        ("magic/hostname", "outside"),
        ("dangling", "missing"),
        ("missing", "missing"),
        ("file/below", "missing"),
        ("circle", "error FilesystemLoop"),
        ("sub", "not a file"),
        (".", "not a file"),
    ] {
        assert_eq!(outcome(tree.read(path, 100)), expected, "{path}");
        // What old kernels and other systems do must come to the same.
        let by_hand = tree
            .below(Path::new(path))
            .and_then(|below| tree.folder.open_by_parts(&below));
        let by_hand = by_hand
            .map_err(|failed| failed.about(Path::new(path)))
            .and_then(|file| super::regular(file, Path::new(path)))
            .and_then(|file| super::bounded(file, Path::new(path), 100));
        assert_eq!(outcome(by_hand), expected, "{path} by hand");
    }
    let absolute = scene.path("repo/project/sub/deep/file");
    assert_eq!(outcome(tree.read(absolute, 100)), "deep");
}

/// S7: git's own folder is no part of the project, whatever leads there, also where the project is the repository's top.
#[test]
fn l11_nothing_in_git_is_opened_by_its_name_or_through_a_link() {
    let scene = Scene::new();
    fs::write(scene.path("repo/.git/config"), "canary").unwrap();
    fs::write(scene.path("repo/.gitignore"), "rules").unwrap();
    fs::create_dir(scene.path("repo/project/.GIT")).unwrap();
    fs::write(scene.path("repo/project/.GIT/config"), "canary").unwrap();
    fs::write(scene.path("repo/project/sub/.git"), "gitdir: canary").unwrap();
    scene.link("../.git/config", "config");
    scene.link("../.git", "folder");
    scene.link(scene.path("repo/.git"), "absolute");
    scene.link("sub/../../.git/../project/config", "roundabout");
    let tree = Tree::open(&scene.path("repo")).unwrap();
    for path in [
        ".git",
        ".git/config",
        "./project/../.git/config",
        "project/.GIT/config",
        "project/sub/.git",
        "project/config",
        "project/folder/config",
        "project/absolute/config",
        "project/roundabout",
        ".git./config",
        "GIT~1/config",
        ".git::$INDEX_ALLOCATION/config",
        ".g\u{200c}it/config",
    ] {
        assert_eq!(outcome(tree.read(path, 100)), "of git", "{path}");
        let by_hand = tree.folder.open_by_parts(Path::new(path));
        assert!(matches!(by_hand, Err(super::Failed::OfGit)), "{path}");
    }
    assert_eq!(outcome(tree.read(".gitignore", 100)), "rules");
    assert_eq!(tree.look(".git").unwrap(), Kind::Folder);
    let checkout = Checkout::around(&scene.path("repo/project")).unwrap();
    for path in ["../.git/config", ".GIT/config", "sub/.git"] {
        assert_eq!(
            outcome(checkout.read(Path::new(path), 100)),
            "of git",
            "{path}"
        );
    }
}

/// S8: what has no end or no other end is neither read nor waited for.
#[test]
fn l14_pipes_devices_sockets_and_huge_files_are_not_read() {
    let scene = Scene::new();
    let project = scene.path("repo/project");
    let fifo = project.join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(project.join("socket")).unwrap();
    let sparse = fs::File::create(project.join("sparse")).unwrap();
    sparse.set_len(6 << 30).unwrap();
    scene.link("/dev/zero", "zero");
    let tree = scene.tree();
    for (path, expected) in [
        ("fifo", "not a file"),
        ("socket", "not a file"),
        ("sparse", "too large"),
        ("zero", "outside"),
    ] {
        assert_eq!(outcome(tree.read(path, 10)), expected, "{path}");
    }
    for (path, expected) in [
        (fifo.as_path(), "not a file"),
        (&project.join("socket"), "not a file"),
        (&project.join("sparse"), "too large"),
        (&project.join("zero"), "not a file"),
        (Path::new("/dev/zero"), "not a file"),
        (Path::new("/dev/null"), ""),
        (Path::new("/no/such/file"), "missing"),
    ] {
        assert_eq!(outcome(read_named(path, 10)), expected, "{path:?}");
    }
    // The bound counts what is read: files of /proc have no size.
    if Path::new("/proc/self/maps").exists() {
        assert_eq!(
            outcome(read_named(Path::new("/proc/self/maps"), 10)),
            "too large"
        );
    }
    assert_eq!(outcome(tree.read("file", 6)), "inside");
    assert_eq!(outcome(tree.read("file", 5)), "too large");
    assert!(open_to_write(&fifo).is_err(), "a pipe is not written to");
    assert!(open_to_write(Path::new("/dev/zero")).is_err());
}

#[test]
fn what_there_is_can_be_seen_without_opening_it() {
    let scene = Scene::new();
    let locked = scene.path("repo/project/locked");
    fs::write(&locked, "x").unwrap();
    fs::set_permissions(&locked, std::os::unix::fs::PermissionsExt::from_mode(0o000)).unwrap();
    scene.link("../../outside", "out");
    let tree = scene.tree();
    assert_eq!(tree.look("locked").unwrap(), Kind::File);
    assert_eq!(tree.look("sub").unwrap(), Kind::Folder);
    assert!(tree.look("nothing").unwrap_err().is_missing());
    assert!(matches!(
        tree.look("out/file"),
        Err(ReadError::Outside { .. })
    ));
}

/// S12: what lies in the checkout as it is written stays there; what is written as lying elsewhere is a person's choice.
#[test]
fn l14_nothing_in_the_checkout_is_written_through_a_link_out_of_it() {
    let scene = Scene::new();
    scene.link("../../outside", "out");
    scene.link("../../outside", "sub/out");
    scene.link("../../outside/new", "dangling");
    scene.link("sub", "to-folder");
    scene.link("../beside", "to-repository");
    fs::create_dir(scene.path("repo/beside")).unwrap();
    symlink("../outside", scene.path("repo/up-and-out")).unwrap();
    let checkout = Checkout::around(&scene.path("repo/project")).unwrap();
    for (path, expected) in [
        ("", Some("repo/project")),
        ("new/folder", Some("repo/project/new/folder")),
        ("to-folder/new", Some("repo/project/sub/new")),
        ("to-folder/../new", Some("repo/project/new")),
        ("out", None),
        ("out/new/folder", None),
        ("sub/out/deep/new", None),
        ("to-folder/out/new", None),
        ("dangling", None),
        ("dangling/new", None),
        ("to-repository/new", Some("repo/beside/new")),
        ("../beside/new", Some("repo/beside/new")),
        ("../up-and-out/new", None),
        ("../../outside/new", Some("outside/new")),
        ("out/../../../outside/new", Some("outside/new")),
    ] {
        match (checkout.place(Path::new(path)), expected) {
            (Ok(found), Some(expected)) => assert_eq!(found, scene.path(expected), "{path}"),
            (Err(PlaceError::Outside { .. }), None) => {}
            (found, _) => panic!("{path}: {found:?}"),
        }
        assert_eq!(
            checkout.leads_out(Path::new(path)),
            expected.is_none(),
            "{path}"
        );
    }
}

/// S12: what git keeps is as good as code, so nothing is written there, under whatever name.
#[test]
fn l14_nothing_is_written_into_git() {
    let scene = Scene::new();
    scene.link("../.git", "to-git");
    scene.link("to-git", "to-link");
    let checkout = Checkout::around(&scene.path("repo/project")).unwrap();
    for path in [
        "../.git",
        "../.git/hooks/post-checkout",
        "../.GIT/config",
        ".git/objects",
        "new/.Git/x",
        "sub/.git./x",
        "sub/git~1/x",
        "to-git/hooks",
        "to-link/hooks",
        "../../outside/.git/hooks",
    ] {
        let place = checkout.place(Path::new(path));
        assert!(
            matches!(place, Err(PlaceError::OfGit { .. })),
            "{path}: {place:?}"
        );
    }
    for path in [".gitignore", "sub/.github/x", "x.git/y"] {
        assert!(checkout.place(Path::new(path)).is_ok(), "{path}");
    }
}

#[test]
fn a_checkout_reads_its_own_files_strictly_and_others_as_a_persons() {
    let scene = Scene::new();
    scene.link("../../outside/file", "out");
    scene.link("../neighbour", "neighbour");
    symlink("file", scene.path("outside/link")).unwrap();
    let checkout = Checkout::around(&scene.path("repo/project")).unwrap();
    for (path, expected) in [
        ("file", "inside"),
        ("out", "outside"),
        ("neighbour", "neighbour"),
        ("../neighbour", "neighbour"),
        ("../project/out", "outside"),
        ("../../outside/link", "canary"),
    ] {
        assert_eq!(
            outcome(checkout.read(Path::new(path), 100)),
            expected,
            "{path}"
        );
    }
    let message = checkout
        .read(Path::new("out"), 100)
        .unwrap_err()
        .to_string();
    assert_eq!(message, "out is a link that leads out of the project");
}
