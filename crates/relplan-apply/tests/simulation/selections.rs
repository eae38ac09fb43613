//! D3: whatever plan is open and however it was left, a run of some targets touches no other.

use std::collections::BTreeSet;

use relplan_apply::{Options, Stop};
use relplan_model::{
    journal::{Entry, Record},
    port::StateStore as _,
};
use relplan_testkit::world::{Chance, Faults, Ran, Row, World};

use super::session::{apply, apply_part, check_laws, plan};

const TARGETS: [&str; 4] = ["one", "one-b", "many", "many-b"];

fn random_rows(chance: &mut Chance) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut released: Vec<String> = Vec::new();
    for number in 0..3 + chance.below(5) {
        let target = chance.one_of(&TARGETS).copied().unwrap();
        let address = format!("{target}:p{number}");
        let kind = chance.below(5);
        rows.push(match (kind, chance.one_of(&released)) {
            (0, _) => Row::adopt(&address),
            (1, _) => Row::yank(&address),
            (2, _) => Row::release(&address).exists(),
            (_, Some(need)) => Row::release(&address).needs(need),
            (_, None) => Row::release(&address),
        });
        if kind > 1 {
            released.push(address);
        }
    }
    rows
}

fn touched(world: &World) -> Vec<String> {
    let store = world.store();
    world.kill_at(None);
    let Ran::Ended(lines) = world.run(store.load()) else {
        panic!("killed")
    };
    let step = |line: &Vec<u8>| match Entry::from_line(line).unwrap().record {
        Record::Intent { step, .. } | Record::Receipt { step, .. } => Some(step.to_string()),
        _ => None,
    };
    lines.unwrap().iter().filter_map(step).collect()
}

/// D3: 1,000 worlds: a plan is opened by a run that is killed somewhere, then a run of random targets goes on.
#[test]
fn l13_a_run_of_some_targets_touches_no_other_whatever_is_open() {
    let options = Options {
        together: false,
        patience: std::time::Duration::from_secs(1),
        ..Options::default()
    };
    let (mut moved, mut kept) = (0, 0);
    for seed in 0..1_000 {
        let mut chance = Chance::new(seed);
        let world = World::new(seed, plan(&random_rows(&mut chance)), Faults::of_network());
        world.kill_at(Some(world.calls() + 5 + chance.below(60)));
        let _ = world.run(apply(&world, "first", &options, &Stop::new()));
        world.kill_at(None);
        // What is on the wire already is the first run's doing.
        let (before, known) = (world.contents(), touched(&world).len());
        let selected: Vec<&str> = TARGETS
            .iter()
            .copied()
            .filter(|_| chance.per_mille(500))
            .collect();
        let stop = Stop::new();
        let Ran::Ended(end) = world.run(apply_part(&world, ("part", &selected), &options, &stop))
        else {
            panic!("killed")
        };
        let is_selected = |at: &str| {
            selected
                .iter()
                .any(|name| at.starts_with(&format!("{name}:")))
        };
        let after = world.contents();
        let addresses: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for address in addresses {
            let same = before.get(address) == after.get(address);
            assert!(
                same || is_selected(address),
                "seed {seed}: {address}: {}",
                end.words
            );
            moved += u32::from(!same);
            kept += u32::from(same);
        }
        for step in &touched(&world)[known..] {
            let (_, at) = step.split_once(' ').unwrap();
            assert!(is_selected(at), "seed {seed}: {step}: {}", end.words);
        }
        check_laws(&world);
    }
    assert!(moved > 300 && kept > 300, "{moved} {kept}");
}
