//! D16: who waits says for what.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::Stdio,
};

use relplan_testkit::servers::stores::has_git;

use super::shelves::Shelves;

/// D16: a store that takes a connection and never answers is named while it is waited for.
#[test]
fn d16_a_store_that_does_not_answer_is_named() {
    if !has_git() {
        return;
    }
    let shelves = Shelves::new();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/state.git", silent.local_addr().unwrap());
    let place = format!("git+{url}");
    let mut command = shelves.environment.relplan(&["status", "--state", &place]);
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
    let line = told.find(|line| line.as_ref().unwrap().contains("waiting for the state in"));
    child.kill().unwrap();
    child.wait().unwrap();
    let line = line.unwrap().unwrap();
    assert!(line.contains(&url), "{line}");
}
