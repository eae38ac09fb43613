//! What git knows of the checkout, asked from git. None where there is no git, no repository or no commit.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use relplan_workspace::pack::scrubbed_environment;

type Vars = std::collections::BTreeMap<String, String>;

/// The id of the commit that is checked out, in hexadecimal digits.
pub fn head(root: &Utf8Path, vars: &Vars) -> Option<String> {
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
