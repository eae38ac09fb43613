//! Thousands of worlds from seeds: random plans, random faults, random kills. A failure names its seed, and
//! `SEED=n cargo test` repeats it.

use relplan_apply::ExitClass;
use relplan_testkit::world::{Chance, Fault, Faults, Row, World};

use super::session::{check_finished, check_laws, converge, plan, state, undisturbed};

/// The seeds of a test: one if it is asked for, else the first ones.
fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let only: Option<u64> = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    match only {
        Some(seed) => seed..seed + 1,
        None => 0..count,
    }
}

/// Runs a test for each seed and says which one failed.
fn for_each_seed(count: u64, test: impl Fn(u64) + std::panic::RefUnwindSafe) {
    for seed in seeds(count) {
        if let Err(panic) = std::panic::catch_unwind(|| test(seed)) {
            eprintln!("the seed is {seed}: repeat it with SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

fn rows(chance: &mut Chance) -> Vec<Row> {
    let count = 1 + chance.below(6);
    let mut released: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for number in 0..count {
        let target = ["one", "many", "one-b"][chance.below(3) as usize];
        let address = format!("{target}:p{number}");
        let row = match chance.below(10) {
            0 => Row::adopt(&address),
            1 => Row::yank(&address),
            2 => Row::deprecate(&address),
            _ => {
                let mut row = Row::release(&address);
                if target == "many" {
                    row = row.files(1 + chance.below(3) as usize);
                }
                if chance.per_mille(400) {
                    row = row.exists();
                }
                for earlier in &released {
                    if chance.per_mille(300) {
                        row = row.needs(earlier);
                    }
                }
                released.push(address);
                row
            }
        };
        rows.push(row);
    }
    rows
}

#[test]
fn l4_l7_l8_l9_every_world_converges_to_the_undisturbed_one() {
    for_each_seed(800, |seed| {
        let mut chance = Chance::new(seed ^ 0x5eed);
        let plan = plan(&rows(&mut chance));
        let expected = undisturbed(&plan);
        let mut faults = Faults::of_network();
        faults.store_failures = chance.below(3) * 20;
        let world = World::new(seed, plan, faults);
        let kills = chance.per_mille(500);
        let end = converge(&world, |_| kills.then(|| 1 + chance.below(150)));
        assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
        check_finished(&world, &expected);
    });
}

#[test]
fn l6_what_somebody_else_did_is_a_conflict_and_is_never_overwritten() {
    let conflicts = std::cell::Cell::new(0);
    let conflicts = std::panic::AssertUnwindSafe(&conflicts);
    for_each_seed(400, |seed| {
        let mut chance = Chance::new(seed ^ 0xc0f1);
        let plan = plan(&rows(&mut chance));
        let expected = undisturbed(&plan);
        let mut faults = Faults::of_network();
        faults.kinds.extend([Fault::RivalOther; 3]);
        faults.client_lag_millis = 0;
        let world = World::new(seed, plan.clone(), faults);
        let end = converge(&world, |_| {
            chance.per_mille(200).then(|| 1 + chance.below(100))
        });
        check_laws(&world);
        match end.exit {
            ExitClass::Done => check_finished(&world, &expected),
            ExitClass::Conflict => {
                conflicts.set(conflicts.get() + 1);
                assert!(state(&world).open.is_some(), "the plan stays open");
                let contents = world.contents();
                let theirs: Vec<_> = world.uploads().into_iter().filter(|u| !u.ours).collect();
                for (address, expected) in &expected {
                    let is_touched = theirs.iter().any(|u| u.address.to_string() == *address);
                    let Some(now) = contents.get(address) else {
                        continue;
                    };
                    for (version, files) in &now.versions {
                        for (file, digests) in files {
                            let same = expected.versions[version].get(file) == Some(digests);
                            assert!(same || is_touched, "{address} {file} is not as planned");
                        }
                    }
                }
            }
            other => panic!("{other:?}: {}", end.words),
        }
    });
    if std::env::var("SEED").is_err() {
        assert!(conflicts.get() > 60, "{} of 400", conflicts.get());
    }
}

/// A world is worth something only if what can go wrong does go wrong in it.
#[test]
fn one_seed_is_one_history() {
    let history = |seed| {
        let mut chance = Chance::new(seed);
        let world = World::new(seed, plan(&rows(&mut chance)), Faults::of_network());
        converge(&world, |run| (run < 3).then_some(40));
        (world.calls(), world.events(), state(&world).head)
    };
    for seed in 0..20 {
        assert_eq!(history(seed), history(seed));
    }
    assert_ne!(history(1), history(2));
}
