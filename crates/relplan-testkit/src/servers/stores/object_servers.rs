//! S3-compatible servers: moto, which honours conditions; s3rver and rclone, which take no notice of them; and s3s-fs,
//! which looks first and writes later.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    super::{BenchError, Server, process::free_port},
    install::{installed, rclone as installed_rclone, s3s_fs as installed_s3s_fs},
};
use crate::proxy;

/// The bucket that there is.
pub const BUCKET: &str = "relplan-bench";
/// The key that signs requests.
pub const ACCESS_KEY: &str = "S3RVER";
/// Its secret. The servers do not look at it, or have it built in.
pub const SECRET_KEY: &str = "S3RVER";

/// A running server with its bucket.
pub struct ObjectServer {
    server: Server,
}

impl ObjectServer {
    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.server.address())
    }

    /// The variables that clients sign with.
    #[must_use]
    pub fn variables() -> [(String, String); 3] {
        [
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY),
            ("AWS_REGION", "us-east-1"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    }
}

/// Runs moto so that it does one request after another. Its own server does many at once, and a condition is looked at
/// first and kept later: on a busy machine two of eight writers that allow no other were let in.
const ONE_BY_ONE: &str = "
import sys, threading, moto.server
run, lock = moto.server.run_simple, threading.Lock()
def one_by_one(host, port, application, **settings):
    def alone(environ, start_response):
        with lock:
            return list(application(environ, start_response))
    run(host, port, alone, **settings)
moto.server.run_simple = one_by_one
moto.server.main(sys.argv[1:])
";

/// Starts moto.
///
/// # Errors
/// When it cannot be installed or does not start.
pub async fn moto(folder: &Path) -> Result<ObjectServer, BenchError> {
    let tools = blocking(installed).await?;
    let port = free_port()?;
    let mut command = Command::new(tools.python.join("bin/python"));
    command
        .args(["-c", ONE_BY_ONE, "-H", "127.0.0.1", "-p", &port.to_string()])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("HOME", folder);
    let server = Server::start("moto", command, port, folder).await?;
    let (status, answer) = proxy::request(
        server.address(),
        "PUT",
        &format!("/{BUCKET}"),
        &[("authorization", "AWS4-HMAC-SHA256 Credential=S3RVER/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0")],
        Vec::new(),
    )
    .await?;
    if status != 200 {
        return Err(BenchError::Tool {
            what: "making moto's bucket".to_owned(),
            detail: format!("{status}: {}", String::from_utf8_lossy(&answer)),
        });
    }
    Ok(ObjectServer { server })
}

/// Starts s3rver.
///
/// # Errors
/// When it cannot be installed or does not start.
pub async fn s3rver(folder: &Path) -> Result<ObjectServer, BenchError> {
    let tools = blocking(installed).await?;
    let port = free_port()?;
    let mut command = Command::new("node");
    command
        .arg(&tools.s3rver)
        .args(["--address", "127.0.0.1", "--port", &port.to_string()])
        .arg("--directory")
        .arg(folder.join("buckets"))
        .args(["--configure-bucket", BUCKET])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder);
    let server = Server::start("s3rver", command, port, folder).await?;
    Ok(ObjectServer { server })
}

/// Starts rclone's server of a folder.
///
/// # Errors
/// When it cannot be installed or does not start.
pub async fn rclone(folder: &Path) -> Result<ObjectServer, BenchError> {
    let program = blocking(installed_rclone).await?;
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .args(["serve", "s3", "--addr", &format!("127.0.0.1:{port}")])
        .arg(buckets(folder)?)
        .env_clear()
        .env("HOME", folder);
    let server = Server::start("rclone", command, port, folder).await?;
    Ok(ObjectServer { server })
}

/// Starts s3s-fs.
///
/// # Errors
/// When it cannot be installed or does not start.
pub async fn s3s_fs(folder: &Path) -> Result<ObjectServer, BenchError> {
    let program = blocking(installed_s3s_fs).await?;
    let port = free_port()?;
    let mut command = Command::new(program);
    command
        .args(["--host", "127.0.0.1", "--port", &port.to_string()])
        .args(["--access-key", ACCESS_KEY, "--secret-key", SECRET_KEY])
        .arg(buckets(folder)?)
        .env_clear()
        .env("HOME", folder);
    let server = Server::start("s3s-fs", command, port, folder).await?;
    Ok(ObjectServer { server })
}

/// A folder with a folder for the bucket.
fn buckets(folder: &Path) -> Result<PathBuf, BenchError> {
    let buckets = folder.join("buckets");
    std::fs::create_dir_all(buckets.join(BUCKET)).map_err(|source| BenchError::Io {
        what: "making the bucket's folder".to_owned(),
        source,
    })?;
    Ok(buckets)
}

async fn blocking<T: Send + 'static>(
    install: impl FnOnce() -> Result<T, BenchError> + Send + 'static,
) -> Result<T, BenchError> {
    tokio::task::spawn_blocking(install)
        .await
        .map_err(|joined| BenchError::Tool {
            what: "installing the stores' bench".to_owned(),
            detail: joined.to_string(),
        })?
}
