//! Fuzzes the readers of policies, records, signatures and rotations for a number of seconds, and tells the seed of what
//! it finds:
//!
//! ```sh
//! cargo run --release -p relplan-approval --example fuzz_readers -- 600
//! cargo run --release -p relplan-approval --example fuzz_readers -- replay policy-text 12345
//! ```
#![expect(
    unreachable_pub,
    reason = "nothing outside of an example can reach anything"
)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for developers, not a part of what is pure"
)]

mod reading;
mod world;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
    time::{Duration, Instant},
};

/// The longest that one document may take to read.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (scene, targets) = world::targets();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["replay", name, seed] => {
            for target in targets.iter().filter(|target| target.name == *name) {
                reading::once(target, &scene, seed.parse().unwrap());
            }
            println!("nothing was found");
            ExitCode::SUCCESS
        }
        rest => {
            let seconds = rest.first().map_or(10, |seconds| seconds.parse().unwrap());
            run(&scene, &targets, Duration::from_secs(seconds))
        }
    }
}

fn run(scene: &reading::Scene, targets: &[reading::Target], limit: Duration) -> ExitCode {
    let begin = Instant::now();
    let mut count = 0_u64;
    let mut slowest = Duration::ZERO;
    while begin.elapsed() < limit {
        for target in targets {
            let start = Instant::now();
            let read = AssertUnwindSafe(|| reading::once(target, scene, count));
            let found = catch_unwind(read).is_err();
            let took = start.elapsed();
            slowest = slowest.max(took);
            if found || took > PATIENCE {
                println!("found by: replay {} {count}", target.name);
                return ExitCode::FAILURE;
            }
        }
        count += 1;
    }
    let seconds = begin.elapsed().as_secs().max(1);
    let documents = count * u64::try_from(targets.len()).unwrap_or(0);
    println!(
        "{documents} documents in {seconds} s ({} a second), {} readers, nothing was found; the slowest took {} ms",
        documents / seconds,
        targets.len(),
        slowest.as_millis()
    );
    ExitCode::SUCCESS
}
