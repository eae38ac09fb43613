//! relplan under `strace`: which programs were started with what, which addresses were connected to, which files were
//! opened.

use std::{
    fs,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::place::Place;

/// How long one command may take. All that it can wait for is on this machine and answers at once, or is bounded.
const MOST: Duration = Duration::from_secs(100);

/// A run of relplan and what it did.
pub struct Run {
    pub code: Option<i32>,
    pub printed: String,
    /// The lines of the recorder: one call each.
    pub calls: Vec<String>,
    pub took: Duration,
}

pub fn is_there() -> bool {
    let asked = Command::new("strace")
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    asked.is_ok_and(|status| status.success())
}

pub fn run(place: &Place, arguments: &[String]) -> Run {
    run_program(place, env!("CARGO_BIN_EXE_relplan"), arguments)
}

/// Runs a program in the tree. Its memory is bounded, so that an endless file is an error and no end of the machine.
pub fn run_program(place: &Place, program: &str, arguments: &[String]) -> Run {
    let record = place.root().join("record");
    let printed = place.root().join("printed");
    let output = fs::File::create(&printed).unwrap();
    let errors = output.try_clone().unwrap();
    let began = Instant::now();
    let mut command = Command::new("/bin/sh");
    command
        .arg("-c")
        .arg("ulimit -v 4000000; record=$1; shift; exec strace -f --seccomp-bpf -qq -v -y -s 65536 -e trace=execve,connect,openat,open,creat,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,symlink,symlinkat -e signal=none -o \"$record\" env \"$@\"")
        .arg("sh")
        .arg(&record)
        // strace itself runs with an environment of its own; the child's is set by `env`.
        .arg("-i")
        .args(place.variables.iter().map(|(name, value)| format!("{name}={value}")))
        .arg(program)
        .args(arguments)
        .current_dir(place.project())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(output)
        .stderr(errors);
    let mut child = command.spawn().unwrap();
    let code = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status.code();
        }
        if began.elapsed() > MOST {
            // The whole group: strace would leave what it traces running.
            let group = i32::try_from(child.id()).unwrap();
            let _ = nix::sys::signal::killpg(
                nix::unistd::Pid::from_raw(group),
                nix::sys::signal::Signal::SIGKILL,
            );
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let calls = String::from_utf8_lossy(&fs::read(&record).unwrap_or_default())
        .lines()
        .map(str::to_owned)
        .collect();
    let printed = String::from_utf8_lossy(&fs::read(&printed).unwrap_or_default()).into_owned();
    Run {
        code,
        printed,
        calls,
        took: began.elapsed(),
    }
}
