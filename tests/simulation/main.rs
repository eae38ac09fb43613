//! Whole histories in a simulated world: the real planner, applier and fold, release after release, while everything
//! goes wrong that can. `docs/simulation.md` tells what the world can do and how to repeat what failed.

#![expect(
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and tells its seed"
)]

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

use failing::Wish;
use relplan_testkit::world::Flaw;
use scenario::Size;

/// Runs the seeds that are asked for, and those that ever failed.
#[test]
fn seeds_keep_the_laws() {
    let wish = Wish::read(150);
    let before = if wish.is_single {
        Vec::new()
    } else {
        failing::failed_before()
    };
    for seed in before.into_iter().chain(wish.seeds) {
        if let Err(broken) = failing::run(seed, wish.size, None) {
            let failure = failing::shrunk(seed, wish.size, None, broken);
            eprintln!("{}", failure.narrative(None));
            panic!(
                "seed {seed}: {}: {}",
                failure.broken.law, failure.broken.detail
            );
        }
    }
    eprintln!("{}", upheaval::counted());
}

#[test]
fn one_seed_is_one_history() {
    for seed in 0..12 {
        let tale = || failing::tale(seed, Size::WHOLE, None);
        let first = tale();
        assert!(first.len() > 10, "{first:?}");
        assert_eq!(first, tale(), "seed {seed}");
    }
}

/// Broken ports are noticed: by this seed, for this law, and the tale ends with a command that repeats it.
#[test]
fn broken_parts_are_caught() {
    for (flaw, seed, law) in [
        (Flaw::Unsynced, 0, "L9"),
        (Flaw::Unswapped, 1, "L9"),
        (Flaw::BlindIsAbsent, 0, "L4"),
    ] {
        let Err(broken) = failing::run(seed, Size::WHOLE, Some(flaw)) else {
            panic!("{flaw:?} is not caught by seed {seed}")
        };
        assert_eq!(broken.law, law, "{flaw:?}: {}", broken.detail);
        let failure = failing::shrunk(seed, Size::WHOLE, Some(flaw), broken);
        assert!(failure.size.packages <= Size::WHOLE.packages);
        let command = failure.command();
        assert!(command.starts_with(&format!("SEED={seed} ")), "{command}");
        assert!(failure.narrative(Some(flaw)).contains(&command));
    }
}
