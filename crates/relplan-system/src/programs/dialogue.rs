//! A program that is spoken to line by line.

use std::{io, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

use super::call::{Call, end_group};

/// A program that runs, and whose next line can be waited for. It is ended when this is dropped.
#[derive(Debug)]
pub struct Dialogue {
    child: Child,
    apart: bool,
    said: Option<ChildStdin>,
    lines: BufReader<ChildStdout>,
}

/// Why there was no line.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// It took too long.
    #[error("it was silent for {} s", .0.as_secs())]
    Silent(Duration),
    /// Its output ended, or a line was too long.
    #[error("it did not answer with a line")]
    NoLine,
    /// Its pipes broke.
    #[error("it could not be spoken to")]
    Io(#[source] io::Error),
}

impl Call {
    /// Starts it, to be spoken to. What it writes on its standard error goes where relplan's own does.
    ///
    /// # Errors
    /// When it does not start.
    pub fn converse(self) -> io::Result<Dialogue> {
        let (mut command, apart) = self.into_parts();
        #[cfg(unix)]
        if apart {
            use std::os::unix::process::CommandExt as _;
            command.process_group(0);
        }
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit());
        let mut child = tokio::process::Command::from(command)
            .kill_on_drop(true)
            .spawn()?;
        let said = child.stdin.take();
        let lines = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Dialogue {
            child,
            apart,
            said,
            lines: BufReader::new(lines),
        })
    }
}

impl Dialogue {
    /// Writes a line, which ends with a newline.
    ///
    /// # Errors
    /// When it does not listen.
    pub async fn say(&mut self, line: &[u8]) -> io::Result<()> {
        let said = self.said.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        said.write_all(line).await?;
        said.flush().await
    }

    /// Waits for the next line of at most so many bytes.
    ///
    /// # Errors
    /// When none comes in time.
    pub async fn line(&mut self, patience: Duration, most: u64) -> Result<Vec<u8>, Unanswered> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.lines).take(most);
        match timeout(patience, bounded.read_until(b'\n', &mut line)).await {
            Err(_) => Err(Unanswered::Silent(patience)),
            Ok(Err(error)) => Err(Unanswered::Io(error)),
            Ok(Ok(_)) if line.ends_with(b"\n") => Ok(line),
            Ok(Ok(_)) => Err(Unanswered::NoLine),
        }
    }
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        if let Some(leader) = self.child.id().filter(|_| self.apart) {
            end_group(leader);
        }
    }
}
