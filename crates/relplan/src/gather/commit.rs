//! What git knows of the checkout, asked from git. None where there is no git, no repository or no commit.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    sync::{Mutex, OnceLock, PoisonError},
    thread::JoinHandle,
};

use camino::Utf8Path;
use relplan_workspace::pack::scrubbed_environment;

type Vars = BTreeMap<String, String>;

/// The commit that is checked out, asked while other things are done.
pub struct Head {
    asked: Mutex<Option<JoinHandle<Option<String>>>>,
    commit: OnceLock<Option<String>>,
}

impl Head {
    /// Asks git.
    pub fn ask(root: &Utf8Path, vars: &Vars) -> Self {
        let (root, vars) = (root.to_owned(), vars.clone());
        Self {
            asked: Mutex::new(Some(std::thread::spawn(move || head(&root, &vars)))),
            commit: OnceLock::new(),
        }
    }

    /// The commit's id in hexadecimal digits.
    pub fn commit(&self) -> Option<String> {
        let wait = || {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            asked.take()?.join().ok()?
        };
        self.commit.get_or_init(wait).clone()
    }
}

/// The id of the commit that is checked out, in hexadecimal digits.
fn head(root: &Utf8Path, vars: &Vars) -> Option<String> {
    let text = git(root, vars, &["rev-parse", "--verify", "HEAD"])?;
    let commit = text.trim();
    let is_id =
        (40..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| commit.to_owned())
}

/// The URL of the remote `origin` as it is configured; it may hold a user name and a password.
pub fn origin(root: &Utf8Path, vars: &Vars) -> Option<String> {
    let text = git(root, vars, &["config", "--get", "remote.origin.url"])?;
    let url = text.trim();
    (!url.is_empty()).then(|| url.to_owned())
}

/// What a command of git's prints, if it ends well.
///
/// A repository's own configuration can name programs that git runs (a file system monitor, hooks); those are turned
/// off, and git gets no credential either (law L14).
fn git(root: &Utf8Path, vars: &Vars, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
        ])
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .envs(scrubbed_environment(
            vars.iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        ))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}
