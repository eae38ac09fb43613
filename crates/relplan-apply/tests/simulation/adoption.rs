//! Adopting outside of a plan: all or nothing, on the state that was looked at, and never beside an open plan.

use relplan_apply::{AdoptError, ExitClass, adopt};
use relplan_model::{
    digest::Digests,
    journal::{Entry, Fact, Record},
    port::StateStore as _,
    state::State,
};
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{ended, once, plan, state};

/// A world, with the facts that a registry full of packages would give.
fn world(packages: usize) -> (World, Vec<Fact>) {
    let world = World::new(1, plan(&[Row::release("one:a")]), Faults::none());
    let facts = (0..packages).map(|number| Fact::File {
        address: format!("one:package-{number}").parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        file: format!("package-{number}-1.0.0.tgz").parse().unwrap(),
        digests: Digests::of(number.to_string().as_bytes()),
    });
    (world, facts.collect())
}

/// Adopts on a state, under a lineage of the tests' own.
fn adopted(world: &World, on: State, facts: Vec<Fact>) -> Result<State, AdoptError> {
    let (store, clock) = (world.store(), world.clock());
    let opening = ("adopted".to_owned(), "acme/widgets".to_owned());
    match world.run(async { adopt(&store, &clock, on, opening, facts).await }) {
        Ran::Ended(end) => end,
        Ran::Killed => panic!("it was killed"),
    }
}

fn lines(world: &World) -> Vec<Vec<u8>> {
    let store = world.store();
    match world.run(async { store.load().await.unwrap() }) {
        Ran::Ended(lines) => lines,
        Ran::Killed => panic!("it was killed"),
    }
}

#[test]
fn a_thousand_packages_are_adopted_in_lines_that_can_be_read_back() {
    let (world, facts) = world(1_000);
    let state = adopted(&world, State::default(), facts).unwrap();
    assert_eq!(state.releases.len(), 1_000);
    assert!(
        state
            .releases
            .values()
            .flat_map(|one| one.values())
            .all(|one| one.adopted && one.plan.is_none())
    );
    let lines = lines(&world);
    assert_eq!(State::replay(&lines).unwrap(), state);
    let records: Vec<Record> = lines
        .iter()
        .map(|line| Entry::from_line(line).unwrap().record)
        .collect();
    assert!(matches!(records[0], Record::Genesis { .. }));
    assert!(records.len() > 2, "more than one line would take");
    assert_eq!(state.serial, records.len() as u64 - 1);
    let again = adopted(&world, state.clone(), Vec::new()).unwrap();
    assert_eq!(again, state, "without facts nothing is written");
}

#[test]
fn l10_what_was_not_looked_at_is_not_built_upon() {
    let (world, facts) = world(2);
    adopted(&world, State::default(), facts.clone()).unwrap();
    let before = lines(&world);
    let late = adopted(&world, State::default(), facts).unwrap_err();
    assert!(matches!(late, AdoptError::Moved), "{late}");
    assert_eq!(late.exit(), ExitClass::Stale);
    assert_eq!(lines(&world), before);
}

#[test]
fn an_open_plan_records_what_it_does_itself() {
    let (world, facts) = world(1);
    world.kill_at(Some(world.calls() + 12));
    assert!(matches!(once(&world), Ran::Killed));
    world.kill_at(None);
    let open = state(&world);
    assert!(open.open.is_some());
    let refused = adopted(&world, open, facts.clone()).unwrap_err();
    assert_eq!(refused.exit(), ExitClass::Busy, "{refused}");
    assert_eq!(ended(once(&world)).exit, ExitClass::Done);
    let state = adopted(&world, state(&world), facts).unwrap();
    assert_eq!(
        state.lineage.as_deref(),
        Some("simulated"),
        "a journal keeps its name"
    );
}
