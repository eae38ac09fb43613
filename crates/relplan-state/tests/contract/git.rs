//! git: the contract over `file://` and over HTTP, and what is git's own: the history, hooks, credentials, lost answers.

use std::{
    cell::Cell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use relplan_model::{
    digest::Sha256,
    port::{StateStore, StoreError},
    state::State,
};
use relplan_state::{GitStore, Remote};
use relplan_testkit::{
    servers::stores::{GIT_PASSWORD, GitServer, has_git},
    world::contract::{Open, chain, line_digest, store_contract},
};

use crate::{beside, client, says_that_it_cannot_be_reached, vars};

const REF: &str = "refs/relplan/state";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "git {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

fn bare(root: &Path) -> (PathBuf, String) {
    let folder = root.join("state.git");
    std::fs::create_dir_all(&folder).unwrap();
    git(&folder, &["init", "--quiet", "--bare"]);
    let place = format!("git+file://{}#{REF}", folder.display());
    (folder, place)
}

fn fresh(url: String, vars: BTreeMap<String, String>) -> impl Fn() -> Open {
    let count = Cell::new(0);
    move || {
        count.set(count.get() + 1);
        let place = format!("git+{url}#refs/relplan/state-{}", count.get());
        let vars = vars.clone();
        let open: Open = Box::new(move || client(&place, &vars));
        open
    }
}

#[test]
fn it_is_a_store_over_files() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, _) = bare(root.path());
    let url = format!("file://{}", folder.display());
    store_contract(fresh(url, vars(root.path())));
    git(&folder, &["fsck", "--strict"]);
}

#[test]
fn it_is_a_store_over_http_with_credentials_of_gits_own() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (_runtime, server) = beside(GitServer::start(root.path()));
    let server = server.unwrap();
    // The user's own credential helper knows the password; relplan does not.
    let helper = server.url_with_password().replace("/state.git", "\n");
    std::fs::write(root.path().join("credentials"), helper).unwrap();
    let config = format!(
        "[credential]\n\thelper = store --file={}\n",
        root.path().join("credentials").display()
    );
    std::fs::write(root.path().join(".gitconfig"), config).unwrap();
    store_contract(fresh(server.url(), vars(root.path())));
    git(server.repository(), &["fsck", "--strict"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l11_a_password_in_the_remotes_url_is_in_no_argument_and_no_message() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let server = GitServer::start(root.path()).await.unwrap();
    let project = root.path().join("project");
    std::fs::create_dir(&project).unwrap();
    git(&project, &["init", "--quiet"]);
    git(
        &project,
        &["remote", "add", "origin", &server.url_with_password()],
    );
    // A git that writes down what it was called with.
    let bin = root.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let calls = root.path().join("calls");
    let real =
        String::from_utf8(Command::new("which").arg("git").output().unwrap().stdout).unwrap();
    let script = format!(
        "#!/bin/sh\necho \"$@\" >> {}\nfor p in /proc/[0-9]*; do tr '\\0' ' ' < $p/cmdline; done >> {} 2>/dev/null\nexec {} \"$@\"\n",
        calls.display(),
        calls.display(),
        real.trim()
    );
    std::fs::write(bin.join("git"), script).unwrap();
    git(&bin, &["init", "--quiet", "--bare", "x"]);
    Command::new("chmod")
        .args(["+x"])
        .arg(bin.join("git"))
        .status()
        .unwrap();
    let mut vars = vars(root.path());
    vars.insert(
        "PATH".to_owned(),
        format!("{}:{}", bin.display(), vars["PATH"]),
    );
    let remote = Remote::named("origin", &project, &vars).unwrap();
    assert_eq!(remote.url, server.url());
    let store = GitStore::new(remote, REF);
    assert!(!store.location().contains(GIT_PASSWORD));
    let entries = chain(Sha256::ZERO, 0, 2, "a");
    let head = store.append(Sha256::ZERO, &entries).await.unwrap();
    assert_eq!(server.pushes(), 1, "one append is one push");
    assert_eq!(store.load().await.unwrap().len(), 2);

    // Without the credential it is refused, and the message says by whom without the credential of anybody.
    let stranger = GitStore::new(Remote::at(&server.url(), root.path(), &vars).unwrap(), REF);
    let refused = stranger
        .append(head, &chain(head, 2, 1, "b"))
        .await
        .unwrap_err();
    let told = format!("{refused:?}");
    assert!(matches!(refused, StoreError::Io { .. }), "{told}");
    assert!(
        told.contains("terminal prompts disabled") || told.contains("Authentication failed"),
        "{told}"
    );
    assert!(!told.contains(GIT_PASSWORD), "{told}");

    let calls = std::fs::read_to_string(calls).unwrap();
    assert!(calls.contains("push"), "{calls}");
    assert!(
        !calls.contains(GIT_PASSWORD),
        "l11: the password was an argument"
    );
}

#[tokio::test]
async fn the_history_is_a_log_of_appends_and_the_tree_is_the_journal() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, place) = bare(root.path());
    // A hook of the receiving folder would be foreign code beside credentials (law L14).
    let hook = folder.join("hooks/pre-receive");
    std::fs::create_dir_all(folder.join("hooks")).unwrap();
    std::fs::write(&hook, "#!/bin/sh\ntouch hook-ran\nexit 1\n").unwrap();
    Command::new("chmod").arg("+x").arg(&hook).status().unwrap();
    let store = client(&place, &vars(root.path()));
    let mut head = Sha256::ZERO;
    for (seq, count) in [(0, 2), (2, 1), (3, 4)] {
        head = store
            .append(head, &chain(head, seq, count, "alice@host"))
            .await
            .unwrap();
    }
    assert!(!folder.join("hook-ran").exists(), "l14: no hook runs");
    let log = git(&folder, &["log", "--format=%s", REF]);
    let subjects: Vec<&str> = log.lines().collect();
    assert_eq!(subjects.len(), 3, "one commit an append: {log}");
    assert!(subjects[2].starts_with("claim "), "{log}");
    assert!(
        subjects[2].ends_with("on alice@host (of 2 entries)"),
        "{log}"
    );
    // With git alone, the journal is the files of the newest tree in order.
    let names = git(&folder, &["ls-tree", "-r", "--name-only", REF]);
    let text: String = names
        .lines()
        .map(|name| git(&folder, &["show", &format!("{REF}:{name}")]))
        .collect();
    let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
    assert_eq!(State::replay(&lines).unwrap().head, head);
}

#[tokio::test]
async fn a_ref_that_was_set_back_is_a_conflict_and_never_written_over() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, place) = bare(root.path());
    let vars = vars(root.path());
    let store = client(&place, &vars);
    let first = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await
        .unwrap();
    let second = store.append(first, &chain(first, 2, 1, "a")).await.unwrap();
    // Somebody sets the ref back: a plain push would quietly bring the cut off line again.
    git(&folder, &["update-ref", REF, &format!("{REF}~1")]);
    let answer = store.append(second, &chain(second, 3, 1, "a")).await;
    assert!(
        matches!(answer, Err(StoreError::Conflict { found, .. }) if found == first),
        "{answer:?}"
    );
    assert_eq!(client(&place, &vars).load().await.unwrap().len(), 2);
}

#[tokio::test]
async fn foreign_and_damaged_histories_are_told_and_never_loaded() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, place) = bare(root.path());
    let vars = vars(root.path());
    let store = client(&place, &vars);
    let head = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 3, "a"))
        .await
        .unwrap();
    store.append(head, &chain(head, 3, 2, "a")).await.unwrap();
    type Damage = fn(&str) -> String;
    let table: [(&str, Damage); 4] = [
        ("a file more", |tree| {
            format!("{tree}100644 blob e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\tREADME\n")
        }),
        ("an empty tree", |_| String::new()),
        ("another name", |tree| {
            tree.replace("000000/00/0000000003.jsonl", "000000/00/0000000004.jsonl")
        }),
        ("the first file gone", |tree| {
            tree.lines()
                .filter(|line| !line.contains("0000000000.jsonl"))
                .map(|line| format!("{line}\n"))
                .collect()
        }),
    ];
    git(&folder, &["hash-object", "-w", "-t", "blob", "/dev/null"]);
    let tree = git(&folder, &["ls-tree", "-r", REF]);
    for (name, damage) in table {
        let index = root.path().join("index");
        let _ = std::fs::remove_file(&index);
        let mut update = Command::new("git")
            .args(["update-index", "--index-info"])
            .env("GIT_INDEX_FILE", &index)
            .current_dir(&folder)
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        std::io::Write::write_all(&mut update.stdin.take().unwrap(), damage(&tree).as_bytes())
            .unwrap();
        assert!(update.wait().unwrap().success());
        let written = Command::new("git")
            .arg("write-tree")
            .env("GIT_INDEX_FILE", &index)
            .current_dir(&folder)
            .output()
            .unwrap();
        let written = String::from_utf8(written.stdout).unwrap();
        let commit = git(
            &folder,
            &[
                "-c",
                "user.name=x",
                "-c",
                "user.email=x@localhost",
                "commit-tree",
                "-m",
                "x",
                written.trim(),
            ],
        );
        git(&folder, &["update-ref", REF, commit.trim()]);
        let answer = client(&place, &vars).load().await;
        let is_empty = name == "an empty tree" && answer.as_ref().is_ok_and(Vec::is_empty);
        assert!(
            is_empty || matches!(answer, Err(StoreError::Damaged { .. })),
            "{name}: {answer:?}"
        );
    }
}

/// A push whose answer is lost has come about all the same, or not; the ref tells.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn l4_a_push_whose_answer_is_lost_is_found_out_and_not_repeated() {
    use relplan_testkit::proxy::{Fault, Proxy, Rule};
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let server = GitServer::start(root.path()).await.unwrap();
    let address = server.url();
    let address = address
        .trim_start_matches("http://")
        .trim_end_matches("/state.git");
    let proxy = Proxy::start(address.parse().unwrap()).await.unwrap();
    let url = server
        .url_with_password()
        .replace(address, &proxy.address().to_string());
    let vars = vars(root.path());
    let store = GitStore::new(Remote::at(&url, root.path(), &vars).unwrap(), REF);
    let mut head = Sha256::ZERO;
    for (seq, fault) in [
        (0, Fault::LoseResponse),
        (1, Fault::CutBefore),
        (2, Fault::LoseResponse),
    ] {
        proxy.inject(Rule::once("POST", "git-receive-pack", fault));
        let entries = chain(head, seq, 1, "a");
        head = store.append(head, &entries).await.unwrap();
        assert_eq!(head, line_digest(&entries[0]));
    }
    assert_eq!(store.load().await.unwrap().len(), 3);
    let commits = git(server.repository(), &["rev-list", "--count", REF]);
    assert_eq!(commits.trim(), "3", "each line was appended once");
}

#[tokio::test]
async fn it_says_when_it_cannot_be_reached_and_how_long_it_tried() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let vars = vars(root.path());
    let begin = Instant::now();
    for place in [
        "git+file:///no/such/place.git",
        "git+http://127.0.0.1:1/state.git",
    ] {
        says_that_it_cannot_be_reached(&*client(place, &vars)).await;
    }
    assert!(begin.elapsed() < Duration::from_secs(60));
    // Without git at all, it says that.
    let mut without = vars;
    without.insert("PATH".to_owned(), root.path().display().to_string());
    let (_, place) = bare(root.path());
    let error = client(&place, &without).load().await.unwrap_err();
    assert!(
        format!("{error:?}").contains("git is not installed"),
        "{error:?}"
    );
}

/// The cost of an append must not grow with the journal (design §8).
#[tokio::test]
async fn an_append_costs_what_it_appends() {
    if !has_git() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let (folder, place) = bare(root.path());
    let store = client(&place, &vars(root.path()));
    let head = store
        .append(Sha256::ZERO, &chain(Sha256::ZERO, 0, 2, "a"))
        .await
        .unwrap();
    let few = size(&folder);
    let head = store.append(head, &chain(head, 2, 1, "a")).await.unwrap();
    let few = size(&folder) - few;
    let head = store
        .append(head, &chain(head, 3, 20_000, "filler"))
        .await
        .unwrap();
    let many = size(&folder);
    store
        .append(head, &chain(head, 20_003, 1, "a"))
        .await
        .unwrap();
    let many = size(&folder) - many;
    assert!(
        many <= few * 2,
        "an append took {few} bytes at first and {many} behind 20,000 lines"
    );
}

/// The bytes of all files in a folder.
fn size(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                size(&path)
            } else {
                path.metadata().unwrap().len()
            }
        })
        .sum()
}
