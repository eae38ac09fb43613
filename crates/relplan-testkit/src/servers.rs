//! Real third-party registry servers on loopback: verdaccio (npm), ferro (Cargo) and pypiserver (PyPI); and
//! two stand-ins for GitHub.
//!
//! Each stands behind a [`Proxy`] that keeps a log of every exchange and injects faults, so that a test can say what
//! the server accepted rather than what the client believes. What they need is installed once, under the build's own
//! target folder. They listen on loopback, on free ports, and are ended by process id.

mod ferro;
mod forge;
pub(crate) mod install;
mod process;
mod pypiserver;
pub mod stores;
mod verdaccio;

pub use forge::{Forge, OnForge, Tokens};
pub use install::{Installed, InstalledForge, installed, installed_forge};
pub use process::Server;

use std::path::Path;

use crate::proxy::Proxy;

/// What may go wrong while the servers are being set up.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A tool that the bench needs could not be run, or failed.
    #[error("{what} failed: {detail}")]
    Tool {
        /// The command.
        what: String,
        /// What it said.
        detail: String,
    },
    /// A file or a socket.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A server did not come up.
    #[error("{name} was not ready within {seconds} s; its log ends with: {log}")]
    NotReady {
        /// The server.
        name: &'static str,
        /// How long it was waited for.
        seconds: u64,
        /// The end of what it printed.
        log: String,
    },
}

/// The credentials that the servers accept; they are canaries too, so each is a text that occurs nowhere else.
pub const PASSWORD: &str = "canary-pypi-7f3a9c51d2";

/// The user at pypiserver and verdaccio.
pub const USER: &str = "bench";

/// The three servers, each behind its proxy.
pub struct Bench {
    /// verdaccio.
    pub npm: Proxy,
    /// A token that verdaccio gave out for [`USER`].
    pub npm_token: String,
    /// ferro.
    pub cargo: Proxy,
    /// pypiserver.
    pub pypi: Proxy,
    servers: Vec<Server>,
}

impl Bench {
    /// Installs what is missing and starts all three, with their data in `folder`.
    ///
    /// # Errors
    /// When something cannot be installed or does not start.
    pub async fn start(folder: &Path) -> Result<Self, BenchError> {
        let tools = tokio::task::spawn_blocking(installed)
            .await
            .map_err(|joined| BenchError::Tool {
                what: "installing the bench".to_owned(),
                detail: joined.to_string(),
            })??;
        let folders = ["verdaccio", "pypiserver", "ferro"].map(|name| folder.join(name));
        let [npm_folder, pypi_folder, cargo_folder] = &folders;
        let (npm, pypi, cargo) = tokio::join!(
            verdaccio::start(&tools, npm_folder),
            pypiserver::start(&tools, pypi_folder),
            ferro::start(cargo_folder),
        );
        let (npm, pypi) = (npm?, pypi?);
        let npm_proxy = Proxy::start(npm.address()).await?;
        let npm_token = verdaccio::token(npm_proxy.address()).await?;
        let pypi_proxy = Proxy::start(pypi.address()).await?;
        Ok(Self {
            npm: npm_proxy,
            npm_token,
            cargo: cargo?,
            pypi: pypi_proxy,
            servers: vec![npm, pypi],
        })
    }

    /// How the servers that are processes are, and the end of what each printed: for a test that fails because of one.
    #[must_use]
    pub fn condition(&self) -> String {
        let servers = self.servers.iter();
        servers.map(|server| server.condition() + "\n").collect()
    }

    /// The process ids of the servers that are processes of their own.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.servers.iter().map(Server::id).collect()
    }
}
