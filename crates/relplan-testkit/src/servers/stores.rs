//! Real state stores on loopback: a git server over HTTP, S3-compatible servers good and bad, and PostgreSQL.
//!
//! What they need is installed once under the build's target folder, apart from git and PostgreSQL, which come with the
//! system. Where one of those is missing, tests say so and pass over it; in CI (`CI=true`) that is a failure.

mod certificates;
mod git_http;
mod install;
mod object_servers;
mod postgres;

use std::{path::PathBuf, process::Command};

pub use certificates::{Certificate, certificate};
pub use git_http::GitServer;
pub use object_servers::{
    ACCESS_KEY, BUCKET, ObjectServer, SECRET_KEY, moto, rclone, s3rver, s3s_fs,
};
pub use postgres::{PostgresServer, postgres, postgres_with_certificate};

/// The user and password that may push to the git server: a canary.
pub const GIT_USER: &str = "pusher";
/// The password.
pub const GIT_PASSWORD: &str = "canary-git-0b5e77e2a9";

/// Whether a part that comes with the system is there. Says so if it is not.
///
/// # Panics
/// In CI, where nothing may be passed over.
#[must_use]
pub fn has(part: &str, is_there: bool) -> bool {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(
        is_there || !in_ci,
        "{part} is not installed, and this is CI"
    );
    if !is_there {
        use std::io::Write as _;
        // Not printed by `eprintln!`: that is kept from whoever runs the tests as long as they pass.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {part} is not installed");
    }
    is_there
}

/// Whether git is there.
#[must_use]
pub fn has_git() -> bool {
    has("git", git_exec_path().is_some())
}

/// Whether PostgreSQL's server programs are there.
#[must_use]
pub fn has_postgres() -> bool {
    has("PostgreSQL", postgres::programs().is_some())
}

/// Whether OpenSSL's program is there.
#[must_use]
pub fn has_openssl() -> bool {
    let asked = Command::new("openssl").arg("version").output();
    has("OpenSSL", asked.is_ok_and(|asked| asked.status.success()))
}

/// Where git's own programs are.
fn git_exec_path() -> Option<PathBuf> {
    let output = Command::new("git").arg("--exec-path").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim())).filter(|path| path.is_dir())
}
