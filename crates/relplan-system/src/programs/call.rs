//! A program that is about to run, and the ways to run it.
//!
//! A program that is only asked something runs in a process group of its own, so that it ends with all that it started
//! when it takes too long or says too much. One that may ask a person stays in relplan's group, or the terminal would
//! not be its own; so does a packer, so that Ctrl-C at a terminal ends it as well.

use std::{
    ffi::{OsStr, OsString},
    io::{self, BufRead as _, BufReader, IsTerminal as _, Read, Write as _},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

/// How long to go on reading after a child has ended, while something that it left behind keeps its output open.
const GRACE: Duration = Duration::from_secs(2);
/// How often a child that keeps its output open is asked whether it has ended.
const TICK: Duration = Duration::from_millis(50);
/// How much is kept of what a child says on its standard error, in bytes.
const SAID: usize = 64 << 10;
/// Longer lines of a packer are cut into pieces, in bytes.
const LINE: u64 = 8 << 10;

/// How long a program may take, and how much it may answer.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// The whole time.
    pub time: Duration,
    /// What it may write on its standard output, in bytes.
    pub bytes: usize,
}

impl Bounds {
    /// Bounds of seconds and bytes.
    #[must_use]
    pub const fn of(seconds: u64, bytes: usize) -> Self {
        Self {
            time: Duration::from_secs(seconds),
            bytes,
        }
    }
}

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The beginning of its standard error.
    pub stderr: Vec<u8>,
}

impl Answer {
    /// The standard output as text, if the program ended well.
    #[must_use]
    pub fn text(self) -> Option<String> {
        String::from_utf8(self.stdout)
            .ok()
            .filter(|_| self.status.success())
    }
}

/// A program with its variables and arguments.
#[derive(Debug)]
pub struct Call {
    command: Command,
    apart: bool,
}

impl Call {
    pub(super) fn new(
        program: &Path,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            command,
            apart: true,
        }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// The folder that it runs in.
    #[must_use]
    pub fn within(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Variables that relplan sets.
    #[must_use]
    pub fn envs(
        mut self,
        variables: impl IntoIterator<Item = (impl AsRef<OsStr>, impl AsRef<OsStr>)>,
    ) -> Self {
        self.command.envs(variables);
        self
    }

    /// For a program that may ask a person: where there is a terminal, it stays in relplan's process group.
    #[must_use]
    pub fn may_ask(mut self) -> Self {
        self.apart = !io::stdin().is_terminal() && !io::stderr().is_terminal();
        self
    }

    /// The program and its first arguments, for people. Arguments hold no secrets, and later ones are long.
    #[must_use]
    pub fn in_words(&self) -> String {
        let program = self.command.get_program();
        let name = Path::new(program).file_name().unwrap_or(program);
        self.command
            .get_args()
            .take_while(|argument| !argument.to_string_lossy().starts_with("--"))
            .take(2)
            .fold(name.to_string_lossy().into_owned(), |text, argument| {
                format!("{text} {}", argument.to_string_lossy())
            })
    }

    /// Runs it with this on its standard input, and takes its answer.
    ///
    /// # Errors
    /// When it does not start, takes too long or answers too much; in the last two cases it is ended, and with it what
    /// it started.
    pub fn answer(mut self, input: &[u8], bounds: Bounds) -> io::Result<Answer> {
        let words = self.in_words();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        if !input.is_empty() {
            self.command.stdin(Stdio::piped());
        }
        let mut running = self.spawn()?;
        if let Some(mut stdin) = running.child.stdin.take() {
            let input = input.to_vec();
            // A program that ends early, with a reason that it tells, reads no further.
            thread::spawn(move || stdin.write_all(&input));
        }
        let (ended, told) = mpsc::channel();
        let out = running.child.stdout.take();
        let said = running.child.stderr.take();
        let out = out.map(|pipe| Kept::read(pipe, bounds.bytes, true, ended.clone()));
        let said = said.map(|pipe| Kept::read(pipe, SAID, false, ended));
        let status = running.wait_until_read(&told, bounds.time, || {
            out.as_ref().is_some_and(Kept::is_too_much)
        });
        let status = match status {
            Ok(status) => status,
            Err(Overrun::Io(error)) => return Err(error),
            Err(Overrun::Time) => {
                let text = format!(
                    "{words} took longer than {} s and was stopped",
                    bounds.time.as_secs()
                );
                return Err(io::Error::new(io::ErrorKind::TimedOut, text));
            }
            Err(Overrun::Bytes) => {
                let text = format!("{words} answered more than {} bytes", bounds.bytes);
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, text));
            }
        };
        Ok(Answer {
            status,
            stdout: out.map(|kept| kept.take()).unwrap_or_default(),
            stderr: said.map(|kept| kept.take()).unwrap_or_default(),
        })
    }

    /// Runs it to its end, however long that takes, and passes on each line of both of its outputs.
    ///
    /// # Errors
    /// When it does not start.
    pub fn follow(mut self, mut line: impl FnMut(String)) -> io::Result<ExitStatus> {
        self.apart = false;
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = self.spawn()?;
        let (sender, lines) = mpsc::channel();
        let outputs: [Option<Box<dyn Read + Send>>; 2] = [
            running.child.stdout.take().map(|pipe| Box::new(pipe) as _),
            running.child.stderr.take().map(|pipe| Box::new(pipe) as _),
        ];
        for output in outputs.into_iter().flatten() {
            let sender = sender.clone();
            // Not joined: a process that the child left behind may hold the pipe open for as long as it likes.
            thread::spawn(move || {
                let mut reader = BufReader::new(output);
                let mut bytes = Vec::new();
                while let Ok(1..) = reader.by_ref().take(LINE).read_until(b'\n', &mut bytes) {
                    let text = String::from_utf8_lossy(&bytes).trim_end().to_owned();
                    bytes.clear();
                    if sender.send(text).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let mut ended: Option<Instant> = None;
        loop {
            match lines.recv_timeout(TICK) {
                Ok(text) => line(text),
                Err(RecvTimeoutError::Disconnected) => return running.end(),
                Err(RecvTimeoutError::Timeout) => {}
            }
            if ended.is_none() && running.child.try_wait()?.is_some() {
                ended = Some(Instant::now());
            }
            if ended.is_some_and(|at| at.elapsed() > GRACE) {
                return running.end();
            }
        }
    }

    /// Runs it with relplan's own standard input and standard error, for a person to answer it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn attended(mut self) -> io::Result<ExitStatus> {
        self.apart = false;
        self.command
            .stdin(Stdio::inherit())
            .stderr(Stdio::inherit());
        self.spawn()?.end()
    }

    fn spawn(mut self) -> io::Result<Running> {
        #[cfg(unix)]
        if self.apart {
            use std::os::unix::process::CommandExt as _;
            self.command.process_group(0);
        }
        Ok(Running {
            child: self.command.spawn()?,
            apart: self.apart,
            ended: false,
        })
    }

    /// The command, and whether it runs in a group of its own, for [`super::Dialogue`].
    pub(super) fn into_parts(self) -> (Command, bool) {
        (self.command, self.apart)
    }
}

/// A child that is ended when this is dropped before it has ended by itself.
struct Running {
    child: Child,
    apart: bool,
    ended: bool,
}

/// Why a child was not waited for any longer.
enum Overrun {
    Time,
    Bytes,
    Io(io::Error),
}

impl Running {
    fn end(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.ended = true;
        Ok(status)
    }

    /// Waits until both outputs are read to their ends and the child has ended.
    fn wait_until_read(
        &mut self,
        told: &mpsc::Receiver<()>,
        time: Duration,
        is_too_much: impl Fn() -> bool,
    ) -> Result<ExitStatus, Overrun> {
        let begin = Instant::now();
        let mut ended: Option<(Instant, ExitStatus)> = None;
        loop {
            let read = match told.recv_timeout(TICK) {
                // One of the two is at its end, or has given too much.
                Ok(()) => false,
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            if is_too_much() {
                return Err(Overrun::Bytes);
            }
            if ended.is_none() {
                let status = self.child.try_wait().map_err(Overrun::Io)?;
                self.ended = status.is_some();
                ended = status.map(|status| (Instant::now(), status));
            }
            match ended {
                Some((at, status)) if read || at.elapsed() > GRACE => return Ok(status),
                Some(_) => {}
                None if begin.elapsed() > time => return Err(Overrun::Time),
                // Its outputs are closed, and it is about to end.
                None if read => thread::sleep(Duration::from_millis(1)),
                None => {}
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        if self.apart {
            end_group(self.child.id());
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends a process group, by the id of the process that leads it.
pub(super) fn end_group(leader: u32) {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process_group};
        let pid = i32::try_from(leader).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process_group(pid, Signal::KILL);
        }
    }
    #[cfg(not(unix))]
    let _ = leader;
}

/// What was read of one output so far.
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    most: usize,
}

impl Kept {
    /// Reads in a thread of its own, which is not joined: a process that the child left behind may hold the pipe open
    /// for as long as it likes. What is beyond the bound is the end of reading, or is read and dropped.
    fn read(
        mut pipe: impl Read + Send + 'static,
        most: usize,
        stop: bool,
        ended: mpsc::Sender<()>,
    ) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Self {
            bytes: Arc::clone(&bytes),
            most,
        };
        thread::spawn(move || {
            let mut piece = vec![0; 64 << 10];
            while let Ok(count @ 1..) = pipe.read(&mut piece) {
                let mut bytes = bytes.lock().unwrap_or_else(PoisonError::into_inner);
                let room = most.saturating_add(1).saturating_sub(bytes.len());
                bytes.extend_from_slice(piece.get(..count.min(room)).unwrap_or_default());
                if stop && bytes.len() > most {
                    break;
                }
            }
            let _ = ended.send(());
        });
        kept
    }

    fn is_too_much(&self) -> bool {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len()
            > self.most
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.bytes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
