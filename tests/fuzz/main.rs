//! No bytes from outside make a reader panic, hang or grow without bound: the seeds of `seeds/`, and many changes to
//! each. `guided.sh` runs the same readers under a fuzzer that is guided by coverage; what it finds becomes a seed.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tells its input"
)]

mod answers;
mod mutation;
mod readers;

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    path::Path,
    time::{Duration, Instant},
};

use readers::Reader;
use relplan_testkit::world::Chance;

/// How long one input may take, on a busy machine and without optimisation: a reader that hangs takes longer than any.
const MOST: Duration = Duration::from_secs(60);

fn seeds(reader: &Reader) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/fuzz/seeds")
        .join(reader.name);
    let mut files: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

fn read(reader: &Reader, bytes: &[u8]) {
    let begin = Instant::now();
    let read = catch_unwind(AssertUnwindSafe(|| (reader.read)(bytes)));
    if let Err(panic) = read {
        eprintln!("{}: {}", reader.name, bytes.escape_ascii());
        resume_unwind(panic);
    }
    assert!(
        begin.elapsed() < MOST,
        "{} hangs: {}",
        reader.name,
        bytes.escape_ascii()
    );
}

fn fuzz(all: &[Reader], count: u64) {
    for (number, reader) in all.iter().enumerate() {
        let seeds = seeds(reader);
        assert!(!seeds.is_empty(), "{} has no seeds", reader.name);
        for seed in &seeds {
            read(reader, seed);
        }
        let mut chance = Chance::new(number as u64);
        for _ in 0..count {
            read(reader, &mutation::mutated(&mut chance, &seeds));
        }
    }
}

/// `FUZZ=n` makes n changes to the seeds of each reader.
fn count() -> u64 {
    let asked = std::env::var("FUZZ").ok();
    asked.and_then(|count| count.parse().ok()).unwrap_or(400)
}

#[test]
fn l13_what_people_and_stores_give_us_is_read_or_refused() {
    fuzz(readers::READERS, count());
}

#[test]
fn l13_what_registries_and_artifacts_say_is_read_or_refused() {
    fuzz(answers::READERS, count());
}

/// Seeds that nothing reads are worth nothing: some of each are accepted.
#[test]
fn the_seeds_are_accepted() {
    use relplan_model::{journal::Entry, plan::Plan, state::State};
    let one = |name: &str| {
        let reader = readers::READERS.iter().find(|one| one.name == name);
        seeds(reader.unwrap())
    };
    assert!(
        one("plan")
            .iter()
            .all(|bytes| Plan::from_bytes(bytes).is_ok())
    );
    let journal = one("journal");
    assert!(journal.iter().any(|bytes| Entry::from_line(bytes).is_ok()));
    let whole = one("state");
    let lines = |bytes: &Vec<u8>| {
        let lines: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'\n').map(Vec::from).collect();
        State::replay(&lines).is_ok()
    };
    assert!(whole.iter().any(lines));
}
