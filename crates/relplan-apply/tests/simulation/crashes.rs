//! A kill at every port call, exhaustively, for small plans of every shape.

use relplan_apply::ExitClass;
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{check_finished, converge, ended, once, plan, undisturbed};

fn shapes() -> Vec<(&'static str, Vec<Row>)> {
    vec![
        ("one", vec![Row::release("one:a")]),
        ("several files", vec![Row::release("many:a").files(3)]),
        (
            "chain",
            vec![
                Row::release("one:a"),
                Row::release("one:b").needs("one:a"),
                Row::release("one:c").needs("one:b"),
            ],
        ),
        (
            "diamond over two targets",
            vec![
                Row::release("one:a"),
                Row::release("many:b").needs("one:a").files(2),
                Row::release("one:c").exists().needs("one:a"),
                Row::release("one:d").needs("many:b").needs("one:c"),
            ],
        ),
        (
            "pointers and cleaning up",
            vec![
                Row::release("one:a").exists(),
                Row::release("one:b").exists(),
            ],
        ),
        (
            "everything else",
            vec![
                Row::adopt("one:a"),
                Row::yank("one:b"),
                Row::deprecate("many:c"),
                Row::release("one:d"),
            ],
        ),
    ]
}

#[test]
fn l4_l9_a_kill_at_any_port_call_changes_nothing_in_the_end() {
    for (name, rows) in shapes() {
        let plan = plan(&rows);
        let expected = undisturbed(&plan);
        let world = World::new(0, plan.clone(), Faults::none());
        ended(once(&world));
        let calls = world.calls();
        assert!(calls > 10, "{name}: {calls}");
        for at in 1..=calls {
            let world = World::new(0, plan.clone(), Faults::none());
            let end = converge(&world, |run| (run == 0).then_some(at));
            assert_eq!(end.exit, ExitClass::Done, "{name}, killed at {at}");
            check_finished(&world, &expected);
        }
    }
}

#[test]
fn l4_l9_two_kills_change_nothing_either() {
    let plan = plan(&[
        Row::release("one:a"),
        Row::release("one:b").exists().needs("one:a"),
    ]);
    let expected = undisturbed(&plan);
    let world = World::new(0, plan.clone(), Faults::none());
    ended(once(&world));
    let calls = world.calls();
    for first in 1..=calls {
        for second in (1..=calls).step_by(7) {
            let world = World::new(0, plan.clone(), Faults::none());
            let end = converge(&world, |run| [first, second].get(run as usize).copied());
            assert_eq!(
                end.exit,
                ExitClass::Done,
                "killed at {first}, then {second}"
            );
            check_finished(&world, &expected);
        }
    }
}

#[test]
fn a_kill_at_each_call_of_each_run_still_comes_to_an_end() {
    // Each run gets a little further before it is killed: some run must get through.
    let plan = plan(&[Row::release("one:a"), Row::release("one:b").needs("one:a")]);
    let expected = undisturbed(&plan);
    let world = World::new(0, plan, Faults::none());
    let end = converge(&world, |run| Some(8 + 4 * run));
    assert_eq!(end.exit, ExitClass::Done);
    check_finished(&world, &expected);
}

#[test]
fn l12_an_apply_after_the_end_does_nothing() {
    let plan = plan(&[Row::release("one:a")]);
    let world = World::new(0, plan, Faults::none());
    ended(once(&world));
    let before = (world.contents(), super::session::state(&world));
    let Ran::Ended(again) = once(&world) else {
        panic!("killed")
    };
    assert_eq!(again.exit, ExitClass::Done);
    assert_eq!((world.contents(), super::session::state(&world)), before);
}
