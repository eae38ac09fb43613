//! A server process: started on a free loopback port, waited for until it answers, ended by its own process id.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use super::BenchError;

/// A running server; it ends when this is dropped.
pub struct Server {
    name: &'static str,
    child: Child,
    address: SocketAddr,
    log: PathBuf,
}

/// Ports below those that systems hand out for port 0: nothing that binds that can take one of these in between.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A loopback port that is free now, and that no other call in this process gets.
pub(super) fn free_port() -> Result<u16, BenchError> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let count = u32::from(PORTS.end - PORTS.start);
    // Processes that run side by side begin at places of their own.
    let begin = std::process::id().wrapping_mul(97);
    for _ in 0..count {
        let place = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % count;
        let port = PORTS.start + u16::try_from(place).unwrap_or(0);
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    Err(BenchError::Io {
        what: "no free loopback port".to_owned(),
        source: std::io::ErrorKind::AddrInUse.into(),
    })
}

impl Server {
    /// Starts `command` with its output in `folder`, and waits until it accepts connections on `port`.
    pub(super) async fn start(
        name: &'static str,
        mut command: Command,
        port: u16,
        folder: &Path,
    ) -> Result<Self, BenchError> {
        const SECONDS: u64 = 120;
        let io = |what: &str| {
            let what = format!("{name}: {what}");
            move |source| BenchError::Io { what, source }
        };
        std::fs::create_dir_all(folder).map_err(io("making its folder"))?;
        let log = folder.join("log");
        let out = std::fs::File::create(&log).map_err(io("making its log"))?;
        let err = out.try_clone().map_err(io("making its log"))?;
        let child = command
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(io("starting it"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let mut server = Self {
            name,
            child,
            address,
            log,
        };
        for _ in 0..SECONDS * 20 {
            if tokio::net::TcpStream::connect(address).await.is_ok() {
                return Ok(server);
            }
            if server.child.try_wait().ok().flatten().is_some() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(BenchError::NotReady {
            name,
            seconds: SECONDS,
            log: server.log_end(),
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The server's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it runs, and the end of what it printed.
    #[must_use]
    pub fn condition(&self) -> String {
        // The kernel's word for it; a child that ended and was not waited for is a zombie there.
        let path = format!("/proc/{}/stat", self.child.id());
        let stat = std::fs::read_to_string(path).unwrap_or_default();
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next());
        let how = match state {
            None | Some("Z") => "has ended",
            Some(_) => "runs",
        };
        format!("{} {how}:\n{}", self.name, self.log_end())
    }

    /// The end of what it printed.
    #[must_use]
    pub fn log_end(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines
            .iter()
            .skip(lines.len().saturating_sub(20))
            .copied()
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A child that has ended already is no concern of ours.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
