//! pypiserver: a real Python package index, without fallback to another.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use super::{BenchError, Installed, PASSWORD, Server, USER, process::free_port};

/// Writes the password file that pypiserver checks uploads against; the password goes by standard input.
const HTPASSWD: &str = "\
import sys
from passlib.apache import HtpasswdFile
f = HtpasswdFile(sys.argv[1], new=True)
f.set_password(sys.argv[2], sys.stdin.read())
f.save()
";

pub(super) async fn start(tools: &Installed, folder: &Path) -> Result<Server, BenchError> {
    let io = |source| BenchError::Io {
        what: "setting pypiserver up".to_owned(),
        source,
    };
    let packages = folder.join("packages");
    fs::create_dir_all(&packages).map_err(io)?;
    let htpasswd = folder.join("htpasswd");
    let mut child = Command::new(tools.python.join("bin/python"))
        .args(["-c", HTPASSWD])
        .arg(&htpasswd)
        .arg(USER)
        .stdin(Stdio::piped())
        .spawn()
        .map_err(io)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(PASSWORD.as_bytes()).map_err(io)?;
    }
    if !child.wait().map_err(io)?.success() {
        return Err(BenchError::Tool {
            what: "writing pypiserver's password file".to_owned(),
            detail: String::new(),
        });
    }
    let port = free_port()?;
    let mut command = Command::new(tools.python.join("bin/pypi-server"));
    command
        .args([
            "run",
            "-i",
            "127.0.0.1",
            "-p",
            &port.to_string(),
            "-a",
            "update",
            "--hash-algo",
            "sha256",
        ])
        .args(["--disable-fallback", "-v", "-P"])
        .arg(&htpasswd)
        .arg(&packages)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder);
    Server::start("pypiserver", command, port, folder).await
}
