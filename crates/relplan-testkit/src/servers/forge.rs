//! Two third-party stand-ins for GitHub: emulate, which keeps state, and where asked for Prism between the client and
//! emulate, which holds every request and answer against GitHub's own OpenAPI description.
//!
//! ```text
//! client ──▶ fault proxy ──▶ (Prism ──▶) emulate
//! ```
//!
//! What emulate does otherwise than GitHub: an app's token may ask `GET /user` and is told the account that the app is
//! installed on; there is no GraphQL; nobody is kept from writing to a public repository but apps; no limit of rates is
//! ever met. Tests that need GitHub's answer there have the fault proxy give it.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use serde::Deserialize;
use serde_json::{Value, json};

use super::{BenchError, InstalledForge, Server, installed_forge, process::free_port};
use crate::proxy::{Proxy, request};

/// Starts emulate with what the tests need in it.
const START: &str = include_str!("forge/start.mjs");

/// The tokens of an app, `github-actions`.
#[derive(Debug, Clone, Deserialize)]
pub struct Tokens {
    /// It may write comments.
    pub writer: String,
    /// It may read them.
    pub reader: String,
}

/// A comment on the pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnForge {
    /// Its number.
    pub id: u64,
    /// Who wrote it.
    pub author: String,
    /// Its text.
    pub body: String,
}

/// GitHub's stand-ins with a repository, `octo/demo`, that has one pull request.
pub struct Forge {
    /// Where clients go.
    pub github: Proxy,
    /// The pull request's number.
    pub pull_request: u64,
    /// The last commit of the pull request's branch, `topic`.
    pub commit: String,
    /// Tokens of an app.
    pub app: Tokens,
    emulate: Server,
    _prism: Option<Server>,
}

impl Forge {
    /// The token of the user `octo`: a canary.
    pub const TOKEN: &str = "canary-forge-octo-58c1f0aa";
    /// The token of the user `eve`: a canary.
    pub const EVE: &str = "canary-forge-eve-90d2b7ce";
    /// The repository.
    pub const REPOSITORY: &str = "octo/demo";

    /// Installs what is missing and starts it, with its data in `folder`. Prism takes some ten seconds and 600 MB.
    ///
    /// # Errors
    /// When something cannot be installed or does not start.
    pub async fn start(folder: &Path, validating: bool) -> Result<Self, BenchError> {
        let tools = tokio::task::spawn_blocking(installed_forge)
            .await
            .map_err(|joined| BenchError::Tool {
                what: "installing GitHub's stand-ins".to_owned(),
                detail: joined.to_string(),
            })??;
        let port = free_port()?;
        let emulated = SocketAddr::from(([127, 0, 0, 1], port));
        let prism = match validating {
            true => Some(prism(&tools, emulated, &folder.join("prism")).await?),
            false => None,
        };
        let github = Proxy::start(prism.as_ref().map_or(emulated, Server::address)).await?;
        let (emulate, app) = emulate(&tools, port, &github.url(), &folder.join("emulate")).await?;
        let mut forge = Self {
            github,
            pull_request: 0,
            commit: String::new(),
            app,
            emulate,
            _prism: prism,
        };
        forge.open_pull_request().await?;
        Ok(forge)
    }

    /// All comments on the pull request, past the proxy.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn comments(&self) -> Result<Vec<OnForge>, BenchError> {
        let mut all = Vec::new();
        for page in 1.. {
            let path = format!("{}?per_page=100&page={page}", self.comments_path());
            let listed = self.call(Self::TOKEN, "GET", &path, &Value::Null).await?;
            let Some(listed) = listed.as_array().filter(|listed| !listed.is_empty()) else {
                break;
            };
            all.extend(listed.iter().map(|comment| OnForge {
                id: number(comment, "/id"),
                author: text(comment, "/user/login"),
                body: text(comment, "/body"),
            }));
        }
        Ok(all)
    }

    /// Writes a comment, past the proxy.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn comment(&self, token: &str, body: &str) -> Result<(), BenchError> {
        let path = self.comments_path();
        self.call(token, "POST", &path, &json!({ "body": body }))
            .await?;
        Ok(())
    }

    /// Deletes a comment, past the proxy.
    ///
    /// # Errors
    /// When the server does not.
    pub async fn delete(&self, id: u64) -> Result<(), BenchError> {
        let path = format!("/repos/{}/issues/comments/{id}", Self::REPOSITORY);
        self.call(Self::TOKEN, "DELETE", &path, &Value::Null)
            .await?;
        Ok(())
    }

    fn comments_path(&self) -> String {
        format!(
            "/repos/{}/issues/{}/comments",
            Self::REPOSITORY,
            self.pull_request
        )
    }

    async fn open_pull_request(&mut self) -> Result<(), BenchError> {
        let repository = format!("/repos/{}", Self::REPOSITORY);
        let main = self
            .call(
                Self::TOKEN,
                "GET",
                &format!("{repository}/git/ref/heads/main"),
                &Value::Null,
            )
            .await?;
        for (method, path, body) in [
            (
                "POST",
                "git/refs",
                json!({ "ref": "refs/heads/topic", "sha": text(&main, "/object/sha") }),
            ),
            (
                "PUT",
                "contents/a.txt",
                json!({ "message": "a", "content": "YQ==", "branch": "topic" }),
            ),
        ] {
            self.call(Self::TOKEN, method, &format!("{repository}/{path}"), &body)
                .await?;
        }
        let opened = self
            .call(
                Self::TOKEN,
                "POST",
                &format!("{repository}/pulls"),
                &json!({ "title": "A change", "head": "topic", "base": "main" }),
            )
            .await?;
        self.pull_request = number(&opened, "/number");
        self.commit = text(&opened, "/head/sha");
        Ok(())
    }

    /// One request past the proxy, which must succeed.
    async fn call(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<Value, BenchError> {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let bytes = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let (status, answer) =
            request(self.emulate.address(), method, path, &headers, bytes).await?;
        if (200..300).contains(&status) {
            return Ok(serde_json::from_slice(&answer).unwrap_or_default());
        }
        Err(BenchError::Tool {
            what: format!("{method} {path}"),
            detail: format!("{status}: {}", String::from_utf8_lossy(&answer)),
        })
    }
}

async fn emulate(
    tools: &InstalledForge,
    port: u16,
    url: &str,
    folder: &Path,
) -> Result<(Server, Tokens), BenchError> {
    let io = |source| BenchError::Io {
        what: "setting emulate up".to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(io)?;
    let script = folder.join("start.mjs");
    std::fs::write(&script, START).map_err(io)?;
    let tokens = folder.join("tokens.json");
    let mut command = node(tools, folder);
    command
        .arg(script)
        .arg(&tools.emulate)
        .args([&port.to_string(), url])
        .arg(&tokens);
    let server = Server::start("emulate", command, port, folder).await?;
    for _ in 0..600 {
        if let Ok(text) = std::fs::read(&tokens) {
            let read = serde_json::from_slice(&text).map_err(|error| BenchError::Tool {
                what: "reading emulate's tokens".to_owned(),
                detail: error.to_string(),
            })?;
            return Ok((server, read));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err(BenchError::NotReady {
        name: "emulate",
        seconds: 30,
        log: server.log_end(),
    })
}

async fn prism(
    tools: &InstalledForge,
    upstream: SocketAddr,
    folder: &Path,
) -> Result<Server, BenchError> {
    let port = free_port()?;
    let mut command = node(tools, folder);
    command
        .arg("--max-old-space-size=4096")
        .arg(&tools.prism)
        .args(["proxy", "--host", "127.0.0.1", "--port", &port.to_string()])
        .arg(&tools.openapi)
        .arg(format!("http://{upstream}"));
    Server::start("prism", command, port, folder).await
}

fn node(tools: &InstalledForge, folder: &Path) -> Command {
    let mut command = Command::new(&tools.node);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder);
    command
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

fn number(value: &Value, pointer: &str) -> u64 {
    value.pointer(pointer).and_then(Value::as_u64).unwrap_or(0)
}
