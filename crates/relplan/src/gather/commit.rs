//! The commit that is checked out, asked from git. None where there is no git or no commit.

use std::process::{Command, Stdio};

use camino::Utf8Path;
use relplan_workspace::pack::scrubbed_environment;

/// The commit's id in hexadecimal digits.
///
/// A repository's own configuration can name programs that git runs (a file system monitor, hooks); those are turned
/// off, and git gets no credential either (law L14).
pub fn head(root: &Utf8Path, vars: &std::collections::BTreeMap<String, String>) -> Option<String> {
    let output = Command::new("git")
        .args([
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.hooksPath=/dev/null",
            "rev-parse",
            "--verify",
            "HEAD",
        ])
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
    let commit = text.trim();
    let is_id =
        (40..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    (output.status.success() && is_id).then(|| commit.to_owned())
}
