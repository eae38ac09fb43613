//! verdaccio: a real npm registry, without uplinks, so that it knows only what the test publishes.

use std::{fs, net::SocketAddr, path::Path, process::Command};

use super::{BenchError, Installed, PASSWORD, Server, USER, process::free_port};
use crate::proxy;

/// Signed tokens: with its default ones verdaccio checks a password hash on each request, at 0.15 s of CPU apiece.
const CONFIG: &str = r#"storage: FOLDER/storage
auth:
  htpasswd:
    file: FOLDER/htpasswd
    max_users: 100
    algorithm: bcrypt
    rounds: 4
security:
  api:
    jwt:
      sign:
        expiresIn: 1d
uplinks: {}
packages:
  '**':
    access: $all
    publish: $authenticated
    unpublish: $authenticated
log: { type: stdout, format: pretty, level: http }
"#;

/// Loaded before it. This verdaccio says how long a tarball is once it has asked the file system, which on a busy machine
/// is after a small one was sent whole; setting a header then throws where nothing catches, and the server is gone.
const TOO_LATE: &str = r#"'use strict';
const { ServerResponse } = require('node:http');
const { setHeader } = ServerResponse.prototype;
ServerResponse.prototype.setHeader = function (name, value) {
  if (this.headersSent && String(name).toLowerCase() === 'content-length') return this;
  return setHeader.call(this, name, value);
};
"#;

pub(super) async fn start(tools: &Installed, folder: &Path) -> Result<Server, BenchError> {
    let io = |source| BenchError::Io {
        what: "writing verdaccio's configuration".to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(io)?;
    let config = folder.join("config.yaml");
    fs::write(
        &config,
        CONFIG.replace("FOLDER", &folder.display().to_string()),
    )
    .map_err(io)?;
    let preload = folder.join("too-late.cjs");
    fs::write(&preload, TOO_LATE).map_err(io)?;
    let port = free_port()?;
    let mut command = Command::new(&tools.node);
    command
        .arg("--require")
        .arg(&preload)
        .arg(&tools.verdaccio)
        .arg("--config")
        .arg(&config)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder);
    Server::start("verdaccio", command, port, folder).await
}

/// Registers [`USER`] and returns the token that it may publish with.
pub(super) async fn token(address: SocketAddr) -> Result<String, BenchError> {
    let body = serde_json::json!({
        "_id": format!("org.couchdb.user:{USER}"), "name": USER, "password": PASSWORD, "type": "user", "roles": [],
    });
    let path = format!("/-/user/org.couchdb.user:{USER}");
    let (status, answer) = proxy::request(
        address,
        "PUT",
        &path,
        &[("content-type", "application/json")],
        body.to_string().into_bytes(),
    )
    .await?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    match answer.get("token").and_then(|token| token.as_str()) {
        Some(token) if status == 201 => Ok(token.to_owned()),
        _ => Err(BenchError::Tool {
            what: "registering a user at verdaccio".to_owned(),
            detail: format!("{status}: {answer}"),
        }),
    }
}
