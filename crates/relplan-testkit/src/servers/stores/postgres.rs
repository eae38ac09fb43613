//! PostgreSQL: a cluster of its own in a folder, on a free loopback port.
//!
//! Its programs refuse to run as root, so that root runs them as the user `postgres`, whom the system's package makes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    super::{BenchError, Server, install::run, process::free_port},
    Certificate,
};

/// The password of the cluster's one user: a canary.
const PASSWORD: &str = "canary-postgres-91c4d0be";

/// A running cluster.
pub struct PostgresServer {
    server: Server,
    folder: PathBuf,
}

impl PostgresServer {
    /// The connection string.
    #[must_use]
    pub fn url(&self) -> String {
        format!(
            "postgres://bench:{PASSWORD}@{}/postgres",
            self.server.address()
        )
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // The server that was started may be a wrapper around the one that listens; its own id file names that.
        let file = self.folder.join("data/postmaster.pid");
        let pid = fs::read_to_string(&file);
        let pid = pid
            .ok()
            .and_then(|text| text.lines().next().map(str::to_owned));
        if let Some(pid) = pid.filter(|pid| pid.parse::<u32>().is_ok()) {
            let _ = Command::new("kill").args(["-INT", &pid]).status();
            // It takes its children with it and removes its id file; killed right away it would leave them.
            for _ in 0..250 {
                if !file.exists() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
    }
}

/// The folder of its programs: the newest there is.
pub(super) fn programs() -> Option<PathBuf> {
    let mut folders: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|folder| folder.join("initdb").exists())
        .collect();
    folders.sort();
    folders.pop()
}

/// A program of its, as a user that it runs as.
fn program(name: &str, folder: &Path) -> Command {
    let path = programs().unwrap_or_default().join(name);
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .args([
            "--reuid=postgres",
            "--regid=postgres",
            "--clear-groups",
            "--",
        ])
        .arg(path)
        .current_dir(folder);
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout == b"0\n")
}

/// Starts a cluster in a new folder below the system's temporary one: its user must be able to reach it.
///
/// # Errors
/// When it cannot be set up or does not start.
pub async fn postgres(folder: &Path) -> Result<PostgresServer, BenchError> {
    started(folder, None).await
}

/// The same, and it offers encryption with this certificate.
///
/// # Errors
/// As [`postgres`].
pub async fn postgres_with_certificate(
    folder: &Path,
    certificate: &Certificate,
) -> Result<PostgresServer, BenchError> {
    started(folder, Some(certificate)).await
}

async fn started(
    folder: &Path,
    certificate: Option<&Certificate>,
) -> Result<PostgresServer, BenchError> {
    let io = |source| BenchError::Io {
        what: "setting PostgreSQL up".to_owned(),
        source,
    };
    fs::create_dir_all(folder).map_err(io)?;
    let password = folder.join("password");
    fs::write(&password, PASSWORD).map_err(io)?;
    let (chain, key) = (folder.join("chain.pem"), folder.join("key.pem"));
    if let Some(certificate) = certificate {
        fs::copy(&certificate.chain, &chain).map_err(io)?;
        fs::copy(&certificate.key, &key).map_err(io)?;
        // It refuses a key that others may read.
        run(Command::new("chmod").arg("600").arg(&key))?;
    }
    if is_root() {
        run(Command::new("chown")
            .args(["-R", "postgres:postgres"])
            .arg(folder))?;
    }
    let mut initdb = program("initdb", folder);
    initdb
        .args([
            "--auth=scram-sha-256",
            "--username=bench",
            "--encoding=UTF8",
        ])
        .args(["--locale=C", "--no-sync", "--pwfile"])
        .arg(&password)
        .arg("-D")
        .arg(folder.join("data"));
    run(&mut initdb)?;
    let port = free_port()?;
    let mut command = program("postgres", folder);
    command
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-h", "127.0.0.1", "-p", &port.to_string()])
        .args(["-c", "unix_socket_directories="]);
    if certificate.is_some() {
        command
            .args(["-c", "ssl=on", "-c"])
            .arg(format!("ssl_cert_file={}", chain.display()))
            .arg("-c")
            .arg(format!("ssl_key_file={}", key.display()));
    }
    let server = Server::start("postgres", command, port, folder).await?;
    // It listens before it lets anybody in.
    for _ in 0..600 {
        let mut ready = Command::new(programs().unwrap_or_default().join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        if ready.status().map_err(io)?.success() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(PostgresServer {
        server,
        folder: folder.to_owned(),
    })
}
