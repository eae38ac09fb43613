//! Runs seeds in numbers, without the rest of the workspace: `SEEDS=100000 cargo run --release` in this folder.
//!
//! With `ORDINARY` set, the seeds that ever failed do not come first. Prints runs per second, or the first failure with its tale, and ends with 1 then.

mod failing;
mod laws;
mod machine;
mod one_journal;
mod operator;
mod project;
mod remedy;
mod runners;
mod scenario;
mod session;
mod upheaval;

use std::{
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use failing::Wish;
use relplan_testkit::world::Flaw;

fn main() -> ExitCode {
    let mut wish = Wish::read(10_000);
    if !wish.is_single && std::env::var_os("ORDINARY").is_none() {
        wish.seeds.splice(0..0, failing::failed_before());
    }
    let jobs: usize = std::env::var("JOBS").map_or(1, |jobs| jobs.parse().unwrap_or(1));
    let flaw = match std::env::var("FLAW").as_deref() {
        Ok("unsynced") => Some(Flaw::Unsynced),
        Ok("unswapped") => Some(Flaw::Unswapped),
        Ok("blind-is-absent") => Some(Flaw::BlindIsAbsent),
        _ => None,
    };
    // A panic is told as part of the failure.
    std::panic::set_hook(Box::new(|_| ()));
    let begin = Instant::now();
    let next = AtomicUsize::new(0);
    let failed = Mutex::new(None);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(seed) = wish.seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if seed % 1_000 == 0 {
                        eprintln!("seed {seed} after {:.0} s", begin.elapsed().as_secs_f64());
                    }
                    if let Err(broken) = failing::run(*seed, wish.size, flaw) {
                        failed.lock().unwrap().get_or_insert((*seed, broken));
                        next.store(wish.seeds.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    if let Some((seed, broken)) = failed.into_inner().unwrap() {
        println!("seed {seed} breaks {}: {}", broken.law, broken.detail);
        if std::env::var_os("BRIEF").is_none() {
            let failure = failing::shrunk(seed, wish.size, flaw, broken);
            println!("{}", failure.narrative(flaw));
        }
        return ExitCode::FAILURE;
    }
    let seconds = begin.elapsed().as_secs_f64();
    let rate = wish.seeds.len() as f64 / seconds;
    println!(
        "{} seeds in {seconds:.1} s: {rate:.0} runs per second",
        wish.seeds.len()
    );
    println!("{}", upheaval::counted());
    ExitCode::SUCCESS
}
