//! Running a packer: its output is passed on line by line, and the end of it is kept for the error.
//!
//! The child stays in relplan's process group, so that Ctrl-C at a terminal ends both.

use std::{
    collections::VecDeque,
    io::{self, BufRead as _, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::{PackError, workshop::Workshop};

/// How many lines an error shows at most.
const TAIL: usize = 40;
/// Longer lines are cut into pieces, in bytes.
const LINE: u64 = 8 << 10;
/// How long to go on reading after the child has ended, while something that it left behind keeps its output open.
const GRACE: Duration = Duration::from_secs(2);

/// Runs a packer to its end. `package` names in the error what should have been packed.
pub(super) fn run(
    mut command: Command,
    package: &str,
    shop: &Workshop<'_>,
    say: &dyn Fn(String),
) -> Result<(), PackError> {
    let name = in_words(&command);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(PackError::io("run", name.clone()))?;
    let mut tail = VecDeque::new();
    let status = follow(&mut child, |line| {
        let line = shop.redact(line);
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.clone());
        say(line);
    })
    .map_err(PackError::io("run", name.clone()))?;
    if status.success() {
        return Ok(());
    }
    Err(PackError::Packer {
        command: name,
        package: package.to_owned(),
        status: status.to_string(),
        tail: tail.into(),
    })
}

/// Reads both of a child's outputs until it has ended.
fn follow(child: &mut Child, mut line: impl FnMut(String)) -> io::Result<ExitStatus> {
    let (sender, lines) = mpsc::channel();
    let outputs: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as _),
        child.stderr.take().map(|pipe| Box::new(pipe) as _),
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
        match lines.recv_timeout(Duration::from_millis(100)) {
            Ok(text) => line(text),
            Err(RecvTimeoutError::Disconnected) => return child.wait(),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if ended.is_none() && child.try_wait()?.is_some() {
            ended = Some(Instant::now());
        }
        if ended.is_some_and(|at| at.elapsed() > GRACE) {
            return child.wait();
        }
    }
}

/// A command's program and first arguments, for people. Arguments hold no secrets, and later ones are long.
fn in_words(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program())
        .to_string_lossy()
        .into_owned();
    command
        .get_args()
        .take_while(|argument| !argument.to_string_lossy().starts_with("--"))
        .take(2)
        .fold(program, |text, argument| {
            format!("{text} {}", argument.to_string_lossy())
        })
}
