//! The file store under damage, crashes and races.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use relplan_model::{
    digest::Sha256,
    port::{StateStore, StoreError},
};
use relplan_testkit::world::contract::{self, Open};

use super::FileStore;
use crate::load_state;

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

/// A store with this many entries, and its folder.
fn filled(count: u64) -> (tempfile::TempDir, FileStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = FileStore::new(folder.path());
    wait(store.append(
        Sha256::ZERO,
        &contract::chain(Sha256::ZERO, 0, count, "filler"),
    ))
    .unwrap();
    (folder, store)
}

#[test]
fn it_is_a_store() {
    let root = tempfile::tempdir().unwrap();
    let count = std::cell::Cell::new(0);
    contract::store_contract(|| {
        count.set(count.get() + 1);
        let folder = root.path().join(format!("deep/er/{}", count.get()));
        let open: Open = Box::new(move || Box::new(FileStore::new(&folder)));
        open
    });
}

#[test]
fn it_works_without_a_runtime_as_well() {
    let (_folder, store) = filled(2);
    let lines = poll_once(store.load()).unwrap();
    assert_eq!(lines.len(), 2);
}

/// Polls a future that is ready at once.
fn poll_once<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => value,
        std::task::Poll::Pending => panic!("it waits for something"),
    }
}

#[test]
fn damage_before_the_end_is_told_and_never_loaded() {
    type Damage = fn(&mut Vec<String>);
    let table: [(&str, Damage); 9] = [
        ("edited", |lines| {
            lines[2] = lines[2].replace("filler", "fillet")
        }),
        ("white space", |lines| lines[2].insert(1, ' ')),
        ("removed first", |lines| drop(lines.remove(0))),
        ("removed", |lines| drop(lines.remove(2))),
        ("swapped", |lines| lines.swap(2, 3)),
        ("duplicated", |lines| lines.insert(2, lines[2].clone())),
        ("last duplicated", |lines| lines.push(lines[4].clone())),
        ("cut in the middle", |lines| lines[2].truncate(20)),
        ("empty line", |lines| lines.insert(3, String::new())),
    ];
    for (name, damage) in table {
        let (_folder, store) = filled(5);
        let text = fs::read_to_string(store.journal()).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        damage(&mut lines);
        fs::write(store.journal(), lines.join("\n") + "\n").unwrap();
        let answer = wait(load_state(&store));
        assert!(
            matches!(answer, Err(StoreError::Damaged { .. })),
            "{name}: {answer:?}"
        );
    }
}

#[test]
fn l10_an_edited_last_line_no_longer_carries_the_head() {
    let (_folder, store) = filled(3);
    let text = fs::read_to_string(store.journal()).unwrap();
    let head = Sha256::of(text.lines().last().unwrap().as_bytes());
    fs::write(store.journal(), text.replace("filler 2", "fillet 2")).unwrap();
    let answer = wait(store.append(head, &contract::chain(head, 3, 1, "a")));
    assert!(
        matches!(answer, Err(StoreError::Conflict { .. })),
        "{answer:?}"
    );
}

#[test]
fn a_last_line_that_is_no_entry_is_damage_not_an_end_to_write_behind() {
    for garbage in ["{}\n", "\n", "\0\0\0\0\n"] {
        let (_folder, store) = filled(2);
        let mut text = fs::read_to_string(store.journal()).unwrap();
        let head = Sha256::of(text.lines().last().unwrap().as_bytes());
        text.push_str(garbage);
        fs::write(store.journal(), &text).unwrap();
        let answer = wait(store.append(head, &contract::chain(head, 2, 1, "a")));
        assert!(
            matches!(answer, Err(StoreError::Damaged { .. })),
            "{answer:?}"
        );
        assert_eq!(fs::read_to_string(store.journal()).unwrap(), text);
    }
}

/// A crash may leave any piece of what was being written, and zeros where the file had grown already.
#[test]
fn l9_every_torn_end_is_old_or_new_and_never_half() {
    let (_folder, store) = filled(3);
    let old = fs::read(store.journal()).unwrap();
    let head = wait(load_state(&store)).unwrap().state.head;
    let block: Vec<u8> = contract::chain(head, 3, 2, "torn")
        .iter()
        .flat_map(|entry| [entry.to_line().unwrap(), b"\n".to_vec()].concat())
        .collect();
    for zeros in [0, 17] {
        for cut in 0..=block.len() {
            let piece = [&old[..], &block[..cut], &vec![0; zeros]].concat();
            fs::write(store.journal(), &piece).unwrap();
            let loaded = wait(load_state(&store)).unwrap();
            let whole = block[..cut].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(loaded.state.length, 3 + whole as u64, "cut at {cut}");
            assert_eq!(loaded.torn, *piece.last().unwrap() != b'\n', "cut at {cut}");

            let state = loaded.state;
            let next = contract::chain(state.head, state.length, 1, "next");
            wait(store.append(state.head, &next)).unwrap();
            let healed = wait(load_state(&store)).unwrap();
            assert_eq!(healed.state.length, state.length + 1, "cut at {cut}");
            assert!(!healed.torn);
        }
    }
}

#[test]
fn a_journal_of_one_torn_line_is_empty() {
    let (_folder, store) = filled(1);
    let text = fs::read_to_string(store.journal()).unwrap();
    fs::write(store.journal(), text.trim_end()).unwrap();
    let loaded = wait(load_state(&store)).unwrap();
    assert_eq!((loaded.state.length, loaded.torn), (0, true));
    let entries = contract::chain(Sha256::ZERO, 0, 1, "again");
    wait(store.append(Sha256::ZERO, &entries)).unwrap();
    assert!(!wait(load_state(&store)).unwrap().torn);
}

#[test]
fn lines_longer_than_the_first_read_are_found() {
    for length in [3_000, 5_000, 40_000, 1_000_000] {
        let (_folder, store) = filled(2);
        let head = wait(load_state(&store)).unwrap().state.head;
        let long = contract::chain(head, 2, 1, &"x".repeat(length));
        let head = wait(store.append(head, &long)).unwrap();
        wait(store.append(head, &contract::chain(head, 3, 1, "after"))).unwrap();
        assert_eq!(wait(load_state(&store)).unwrap().state.length, 4);
    }
}

/// Started again as a child by the test below; on its own it races with nobody.
#[test]
fn racing_process() {
    let Ok(folder) = std::env::var("RELPLAN_TEST_RACE_FOLDER") else {
        return;
    };
    let who = format!("process {}", std::process::id());
    let won = contract::race(&FileStore::new(folder), 10, &who);
    assert_eq!(won.len(), 10);
}

#[test]
fn l10_of_processes_that_race_one_wins_each_entry() {
    let folder = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "file::tests::racing_process"])
                .env("RELPLAN_TEST_RACE_FOLDER", folder.path())
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let state = wait(load_state(&FileStore::new(folder.path())))
        .unwrap()
        .state;
    assert_eq!(state.length, 40, "each of the four won ten times");
}

/// The cost of recording a step must not grow with the steps recorded (design §8).
#[test]
fn appending_reads_the_end_alone() {
    let (_folder, store) = filled(2);
    let few = cost_of_appends(&store);
    let state = wait(load_state(&store)).unwrap().state;
    let filler = contract::chain(state.head, state.length, 30_000, "filler");
    wait(store.append(state.head, &filler)).unwrap();
    let many = cost_of_appends(&store);
    assert!(
        many < few * 10 + Duration::from_millis(50),
        "20 appends took {few:?} at first and {many:?} behind 30,000 lines"
    );
}

/// The best of five rounds, since other work on the machine only ever adds.
fn cost_of_appends(store: &FileStore) -> Duration {
    let lines = wait(store.load()).unwrap();
    let mut head = Sha256::of(lines.last().unwrap());
    let mut seq = lines.len() as u64;
    let round = |_| {
        let begin = Instant::now();
        for _ in 0..20 {
            head = wait(store.append(head, &contract::chain(head, seq, 1, "timed"))).unwrap();
            seq += 1;
        }
        begin.elapsed()
    };
    (0..5).map(round).min().unwrap()
}
