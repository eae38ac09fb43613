//! Processes that foreign code leaves behind. A test of its own: what is adopted and ended here is this whole process's.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops where something is not as it should be"
)]
#![cfg(target_os = "linux")]

use std::{
    fs,
    path::Path,
    process::{Child, Command},
    time::{Duration, Instant},
};

use relplan_system::programs::ForeignCode;

/// A shell that goes on in the background once the one that was started has ended.
fn run(script: &str, folder: &Path) -> Child {
    let mut command = Command::new("sh");
    command.args(["-c", script]).current_dir(folder);
    command.spawn().unwrap()
}

fn number_in(file: &Path) -> u32 {
    let begin = Instant::now();
    loop {
        let text = fs::read_to_string(file).unwrap_or_default();
        if let Ok(number) = text.trim().parse() {
            return number;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "no {file:?}");
        std::thread::yield_now();
    }
}

fn is_there(process: u32) -> bool {
    Path::new(&format!("/proc/{process}")).exists()
}

/// B7: a process that foreign code leaves behind ends with it, in a session of its own too; relplan's own go on.
#[test]
fn l14_what_foreign_code_leaves_behind_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut own = run("exec sleep 600", folder);
    let foreign = ForeignCode::begin();
    let stays = "(setsid sh -c 'echo $$ >one; (sleep 600 & echo $! >two.new; mv two.new two); exec sleep 600' >/dev/null 2>&1 &) ; :";
    assert!(run(stays, folder).wait().unwrap().success());
    let left = ["one", "two"].map(|name| number_in(&folder.join(name)));
    assert!(left.into_iter().all(is_there), "{left:?}");
    foreign.end().unwrap();
    for process in left {
        assert!(!is_there(process), "{process} is still there");
    }
    assert!(own.try_wait().unwrap().is_none(), "its own child was ended");
    own.kill().unwrap();
    own.wait().unwrap();
    // Without a child of its own, the system itself says that there is none left.
    let foreign = ForeignCode::begin();
    let stays = "sleep 600 & echo $! >three";
    assert!(run(stays, folder).wait().unwrap().success());
    let left = number_in(&folder.join("three"));
    foreign.end().unwrap();
    assert!(!is_there(left), "{left} is still there");
}
