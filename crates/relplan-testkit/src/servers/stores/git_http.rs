//! A git server over HTTP: git's own `git-http-backend` behind a small host for it, with a password for pushes.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::{
    body::{Body, Bytes},
    http::{Request, Response, StatusCode, header},
};
use http_body_util::BodyExt as _;
use tokio::io::AsyncWriteExt as _;

use super::{super::BenchError, GIT_PASSWORD, GIT_USER, git_exec_path};

/// A running server with one bare repository.
pub struct GitServer {
    address: SocketAddr,
    repository: PathBuf,
    pushes: Arc<AtomicU64>,
}

struct Host {
    backend: PathBuf,
    folder: PathBuf,
    pushes: Arc<AtomicU64>,
}

impl GitServer {
    /// Makes a bare repository `state.git` in a folder and serves it. It ends with the runtime that it was started on.
    ///
    /// # Errors
    /// When git fails, or nothing can be listened on.
    pub async fn start(folder: &Path) -> Result<Self, BenchError> {
        let io = |source| BenchError::Io {
            what: "starting the git server".to_owned(),
            source,
        };
        let repository = folder.join("state.git");
        std::fs::create_dir_all(folder).map_err(io)?;
        super::super::install::run(
            std::process::Command::new("git")
                .args(["init", "--quiet", "--bare"])
                .arg(&repository),
        )?;
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(io)?;
        let address = listener.local_addr().map_err(io)?;
        let pushes = Arc::new(AtomicU64::new(0));
        let host = Arc::new(Host {
            backend: git_exec_path().unwrap_or_default().join("git-http-backend"),
            folder: folder.to_owned(),
            pushes: Arc::clone(&pushes),
        });
        let app = axum::Router::new().fallback(move |request| {
            let host = Arc::clone(&host);
            async move { host.answer(request).await }
        });
        tokio::spawn(async move {
            let _ = axum::serve(listener, app).await;
        });
        Ok(Self {
            address,
            repository,
            pushes,
        })
    }

    /// The repository's URL.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/state.git", self.address)
    }

    /// The repository's URL with the password in it, as careless people have it.
    #[must_use]
    pub fn url_with_password(&self) -> String {
        format!(
            "http://{GIT_USER}:{GIT_PASSWORD}@{}/state.git",
            self.address
        )
    }

    /// The repository's folder.
    #[must_use]
    pub fn repository(&self) -> &Path {
        &self.repository
    }

    /// How many pushes it has taken.
    #[must_use]
    pub fn pushes(&self) -> u64 {
        self.pushes.load(Ordering::SeqCst)
    }
}

impl Host {
    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let path = request.uri().path().to_owned();
        let is_push = query.contains("git-receive-pack") || path.ends_with("git-receive-pack");
        if is_push && !is_allowed(&request) {
            return answer(StatusCode::UNAUTHORIZED, "who are you?");
        }
        match self.run(request, &path, &query, is_push).await {
            Ok(response) => response,
            Err(error) => answer(StatusCode::BAD_GATEWAY, &error.to_string()),
        }
    }

    async fn run(
        &self,
        request: Request<Body>,
        path: &str,
        query: &str,
        is_push: bool,
    ) -> std::io::Result<Response<Body>> {
        let (request, body) = request.into_parts();
        let header = |name: &str| request.headers.get(name)?.to_str().ok();
        let mut command = tokio::process::Command::new(&self.backend);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("GIT_PROJECT_ROOT", &self.folder)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "safe.directory")
            .env("GIT_CONFIG_VALUE_0", "*")
            .env("REQUEST_METHOD", request.method.as_str())
            .env("PATH_INFO", path)
            .env("QUERY_STRING", query)
            .env("REMOTE_ADDR", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        if is_push {
            command.env("REMOTE_USER", GIT_USER);
        }
        for (variable, name) in [
            ("CONTENT_TYPE", "content-type"),
            ("HTTP_CONTENT_ENCODING", "content-encoding"),
            ("HTTP_GIT_PROTOCOL", "git-protocol"),
            ("GIT_PROTOCOL", "git-protocol"),
        ] {
            if let Some(value) = header(name) {
                command.env(variable, value);
            }
        }
        let is_write = is_push && request.method == "POST";
        let body = body.collect().await;
        let body = body.map_err(std::io::Error::other)?.to_bytes();
        command.env("CONTENT_LENGTH", body.len().to_string());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            tokio::spawn(async move {
                let _ = stdin.write_all(&body).await;
            });
        }
        let output = child.wait_with_output().await?;
        if is_write && output.status.success() {
            self.pushes.fetch_add(1, Ordering::SeqCst);
        }
        Ok(response(output.stdout.into()))
    }
}

fn is_allowed(request: &Request<Body>) -> bool {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let expected = format!(
        "Basic {}",
        STANDARD.encode(format!("{GIT_USER}:{GIT_PASSWORD}"))
    );
    let given = request.headers().get(header::AUTHORIZATION);
    given.is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

fn answer(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::WWW_AUTHENTICATE,
        header::HeaderValue::from_static("Basic realm=\"state\""),
    );
    response
}

/// A CGI program's output as an answer: headers, an empty line, the body.
fn response(output: Bytes) -> Response<Body> {
    let end = output.windows(4).position(|four| four == b"\r\n\r\n");
    let Some(end) = end else {
        return answer(StatusCode::BAD_GATEWAY, "the program said nothing");
    };
    let head = String::from_utf8_lossy(output.get(..end).unwrap_or_default()).into_owned();
    let mut response = Response::new(Body::from(output.slice(end + 4..)));
    for line in head.split("\r\n") {
        let Some((name, value)) = line.split_once(": ") else {
            continue;
        };
        if name.eq_ignore_ascii_case("status") {
            let code = value.get(..3).and_then(|code| code.parse().ok());
            *response.status_mut() = code.unwrap_or(StatusCode::OK);
        } else if let (Ok(name), Ok(value)) = (
            header::HeaderName::from_bytes(name.as_bytes()),
            header::HeaderValue::from_str(value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
