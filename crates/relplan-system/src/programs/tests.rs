//! Programs on a hostile path, children that take too long or say too much, and repositories that are none.
#![cfg(unix)]

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{Bounds, ProgramError, Programs, git::Checkout, variables};

struct World(tempfile::TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("tree")).unwrap();
        world
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    fn program(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn programs(&self, vars: &[(&str, &str)]) -> Programs {
        let vars: BTreeMap<String, String> = vars
            .iter()
            .map(|(name, value)| {
                let root = self.path("").display().to_string();
                let root = root.trim_end_matches('/');
                ((*name).to_owned(), value.replace('@', root))
            })
            .collect();
        Programs::around(&self.path("tree"), &vars)
    }
}

/// S6: relative entries of `PATH` and those in the tree count for nothing, nor do links into the tree.
#[test]
fn l14_programs_are_found_outside_the_tree_alone() {
    let world = World::new();
    for path in ["tree/bin/tool", "outside/tool", "tree/bin/own"] {
        world.program(path, "");
    }
    fs::create_dir(world.path("links")).unwrap();
    symlink(world.path("tree/bin"), world.path("into")).unwrap();
    symlink(world.path("tree/bin/tool"), world.path("links/tool")).unwrap();
    for path in [
        "./bin:@/outside",
        "bin:@/tree/bin:@/outside",
        "@/outside/../tree/bin:@/into:@/links:@/outside",
        ":@/nowhere:@/outside",
    ] {
        let programs = world.programs(&[("PATH", path)]);
        assert_eq!(
            programs.find("tool").unwrap(),
            world.path("outside/tool"),
            "{path}"
        );
    }
    let programs = world.programs(&[("PATH", "@/links:@/tree/bin:@/outside")]);
    let own = programs.find("own").unwrap_err();
    assert_eq!(
        own,
        ProgramError::OfTheTree {
            program: "own".to_owned(),
            found: world.path("tree/bin/own")
        }
    );
    assert!(own.to_string().contains("outside the project"), "{own}");
    let missing = programs.find("nothing").unwrap_err();
    assert!(matches!(missing, ProgramError::Missing { .. }));
    assert!(programs.at(&world.path("tree/bin/own")).is_err());
    assert!(programs.at(&world.path("into/own")).is_err());
    assert!(programs.at(Path::new("sh")).is_err());
    assert!(programs.at(&world.path("outside/tool")).is_ok());
}

/// S1, S6: with `-C sub` all of the checkout is the tree, also where it is the home folder; a home folder that is a
/// checkout is no tree for a project with a repository of its own below it, as with settings that are kept in git.
#[test]
fn l14_the_tree_is_the_whole_checkout_and_home_only_where_the_project_has_no_other() {
    let world = World::new();
    world.program("tree/bin/tool", "");
    let repository = |folder: &str| {
        fs::create_dir_all(world.path(folder)).unwrap();
        fs::write(world.path(folder).join("HEAD"), "ref: refs/heads/main\n").unwrap();
    };
    for folder in [
        "tree/sub/deep",
        "tree/own/deep",
        "tree/module",
        "tree/worktree",
    ] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    let finds = |project: &str, home: &str| {
        let vars = [("PATH", "tree/bin"), ("HOME", home)]
            .map(|(name, path)| (name.to_owned(), world.path(path).display().to_string()));
        let programs = Programs::around(&world.path(project), &BTreeMap::from(vars));
        programs.find("tool").is_ok()
    };
    // Without a repository, the project's folder is all that is known of the tree.
    assert!(finds("tree/sub", "home"));
    assert!(!finds("tree", "tree"), "the project is the home folder");
    assert!(finds("tree/sub", "tree"), "a project in the home folder");

    repository("tree/.git");
    repository("tree/own/.git");
    repository("tree/.git/modules/module");
    repository("tree/.git/worktrees/worktree");
    repository("elsewhere");
    for (folder, named) in [
        ("module", "../.git/modules/module"),
        ("worktree", "../.git/worktrees/worktree"),
    ] {
        let file = world.path("tree").join(folder).join(".git");
        fs::write(file, format!("gitdir: {named}\n")).unwrap();
    }
    for (project, home, outside) in [
        ("tree", "home", false),
        ("tree/sub", "home", false),
        ("tree", "tree", false),
        ("tree/sub", "tree", false),
        ("tree/sub/deep", "tree", false),
        ("tree/module", "tree", false),
        ("tree/worktree", "tree", false),
        ("tree/own", "tree", true),
        ("tree/own/deep", "tree", true),
        ("tree/own", "home", false),
        ("tree/sub", "tree/sub", false),
    ] {
        assert_eq!(finds(project, home), outside, "{project} with {home}");
    }
    // A `.git` that is no repository makes no checkout of its own; one that is kept elsewhere does.
    fs::create_dir(world.path("tree/sub/.git")).unwrap();
    assert!(!finds("tree/sub", "tree"), "an empty .git");
    fs::remove_dir(world.path("tree/sub/.git")).unwrap();
    let elsewhere = format!("gitdir: {}\n", world.path("elsewhere").display());
    fs::write(world.path("tree/sub/.git"), elsewhere).unwrap();
    assert!(finds("tree/sub", "tree"), "a repository kept elsewhere");
}

/// S9: a child sees what is listed, and the entries of `PATH` that count.
#[test]
fn l14_a_child_gets_what_is_named_and_nothing_else() {
    let world = World::new();
    world.program("outside/tool", "/usr/bin/env");
    let programs = world.programs(&[
        ("PATH", "bin:@/tree/bin:@/outside"),
        ("HOME", "@/home"),
        ("LC_TIME", "C"),
        ("XDG_CONFIG_HOME", "@/tree/config"),
        ("GIT_SSH_COMMAND", "ssh -F @/tree/ssh"),
        ("SSH_AUTH_SOCK", "@/agent"),
        ("MIRROR_TOKEN", "canary"),
        ("AWS_SECRET_ACCESS_KEY", "canary"),
        ("Npm_Config_Registry", "canary"),
        ("ACME_TOKEN", "named"),
        ("RELPLAN_HELPER_ENV", "ACME_TOKEN, NOT_SET"),
    ]);
    let seen = |variables| {
        let call = programs.call("tool", variables).unwrap();
        let text = call.answer(&[], Bounds::of(20, 1 << 20)).unwrap().text();
        let mut lines: Vec<String> = text
            .unwrap()
            .lines()
            .map(|line| line.replace(&world.path("").display().to_string(), "@/"))
            .filter(|line| !line.starts_with("PWD=") && !line.starts_with("_="))
            .filter(|line| !line.starts_with("SHLVL="))
            .collect();
        lines.sort();
        lines
    };
    let plain = [variables::PLAIN, variables::GIT_SSH];
    let expected = ["HOME=@/home", "LC_TIME=C", "PATH=@/outside"];
    assert_eq!(seen(programs.variables(&plain)), expected);
    let helpers = programs.variables_of_helpers(&[variables::SSH_AGENT]);
    let expected = [
        "ACME_TOKEN=named",
        "PATH=@/outside",
        "SSH_AUTH_SOCK=@/agent",
    ];
    assert_eq!(seen(helpers), expected);
}

#[test]
fn a_child_that_takes_too_long_or_says_too_much_ends_with_what_it_started() {
    let world = World::new();
    let mark = world.path("mark").display().to_string();
    world.program(
        "outside/slow",
        &format!("(sleep 3; touch {mark}) & sleep 30"),
    );
    world.program("outside/loud", "while :; do echo yes yes yes yes; done");
    world.program("outside/left", "sleep 30 & echo done");
    world.program("outside/copy", "cat; echo said >&2; exit 3");
    let programs = world.programs(&[("PATH", "@/outside:/usr/bin:/bin")]);
    let ask = |name: &str, bounds| {
        let call = programs.call(name, programs.variables(&[])).unwrap();
        call.answer(b"text", bounds)
    };
    let begin = Instant::now();
    let slow = ask("slow", Bounds::of(1, 100)).unwrap_err();
    assert_eq!(slow.kind(), std::io::ErrorKind::TimedOut, "{slow}");
    let loud = ask("loud", Bounds::of(60, 1 << 20)).unwrap_err();
    assert_eq!(loud.kind(), std::io::ErrorKind::FileTooLarge, "{loud}");
    // What it left behind holds its output open, and is not waited for.
    let left = ask("left", Bounds::of(60, 100)).unwrap();
    assert_eq!(left.text().unwrap(), "done\n");
    assert!(begin.elapsed() < Duration::from_secs(20));
    let copy = ask("copy", Bounds::of(20, 4)).unwrap();
    assert_eq!(copy.stdout, b"text");
    assert_eq!(copy.stderr, b"said\n");
    assert_eq!(copy.status.code(), Some(3));
    std::thread::sleep(Duration::from_secs(4).saturating_sub(begin.elapsed()));
    assert!(!Path::new(&mark).exists(), "the group was ended");
}

fn git(folder: &Path, arguments: &[&str]) {
    let done = std::process::Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@acme.example"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// S1: a committed folder that is laid out like a repository is none, and a repository's configuration runs nothing.
#[test]
fn l14_only_a_true_repository_is_asked_and_nothing_that_it_names_runs() {
    let world = World::new();
    let tree = world.path("tree");
    let path = std::env::var("PATH").unwrap();
    let home = world.path("home").display().to_string();
    let programs = world.programs(&[("PATH", path.as_str()), ("HOME", home.as_str())]);
    let bare = world.path("tree/bare");
    git(&tree, &["init", "--quiet", "--bare", "bare"]);
    assert_eq!(Checkout::around(&bare), None);
    fs::write(tree.join(".git"), "gitdir: bare\n").unwrap();
    assert_eq!(Checkout::around(&tree), None, "a .git file into the tree");
    fs::remove_file(tree.join(".git")).unwrap();
    symlink("bare", tree.join(".git")).unwrap();
    assert_eq!(Checkout::around(&tree), None, "a .git link into the tree");
    fs::remove_file(tree.join(".git")).unwrap();

    fs::remove_dir_all(&bare).unwrap();
    git(&tree, &["init", "--quiet"]);
    fs::create_dir(tree.join("sub")).unwrap();
    fs::write(tree.join("sub/kept.f"), "1").unwrap();
    fs::write(
        tree.join("shared"),
        "[credential]\n\thelper = \"!touch ran\"\n",
    )
    .unwrap();
    fs::write(tree.join(".gitattributes"), "*.f filter=evil\n").unwrap();
    git(&tree, &["add", "."]);
    git(&tree, &["commit", "--quiet", "-m", "x"]);
    let ran = world.path("ran").display().to_string();
    for (name, value) in [
        ("filter.evil.clean", format!("touch {ran}; cat")),
        ("filter.evil.process", format!("touch {ran}")),
        ("core.fsmonitor", format!("touch {ran}; true")),
        ("core.sshCommand", format!("touch {ran}")),
        ("include.path", "../shared".to_owned()),
    ] {
        git(&tree, &["config", name, &value]);
    }
    fs::write(tree.join("sub/kept.f"), "2").unwrap();
    fs::write(tree.join("sub/new"), "").unwrap();
    fs::write(tree.join(".git/info/exclude"), "ignored\n").unwrap();
    fs::write(tree.join("ignored"), "").unwrap();
    let checkout = Checkout::around(&tree.join("sub")).unwrap();
    assert_eq!(checkout.top(), tree);
    assert_eq!(checkout.head(&programs).unwrap().len(), 40);
    let changed = checkout.changed(&programs).unwrap();
    assert_eq!(changed, " M sub/kept.f\0?? sub/new\0");
    let settings = checkout.settings(&programs);
    assert!(
        settings
            .iter()
            .any(|it| it.name == "core.sshcommand" && it.is_local)
    );
    assert!(!settings.iter().any(|it| it.name == "credential.helper"));
    assert!(
        !Path::new(&ran).exists(),
        "a program of the repository's ran"
    );

    // Git itself would run them now.
    for name in ["filter.evil.clean", "filter.evil.process", "core.fsmonitor"] {
        git(&tree, &["config", "--unset", name]);
    }
    git(&tree, &["worktree", "add", "--quiet", "../other"]);
    let other = Checkout::around(&world.path("other")).unwrap();
    assert_eq!(other.head(&programs), checkout.head(&programs));
    assert_eq!(other.changed(&programs).unwrap(), "");
    git(
        &tree,
        &["init", "--quiet", "--object-format=sha256", "../long"],
    );
    git(
        &world.path("long"),
        &["commit", "--quiet", "--allow-empty", "-m", "x"],
    );
    let long = Checkout::around(&world.path("long")).unwrap();
    assert_eq!(long.head(&programs).unwrap().len(), 64);
    fs::write(world.path("long/new"), "").unwrap();
    assert_eq!(long.changed(&programs).unwrap(), "?? new\0");
}
