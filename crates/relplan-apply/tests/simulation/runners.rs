//! Several runs of one plan at once, each with the steps of its own targets.

use std::time::Duration;

use futures_util::future::{join, join3};
use relplan_apply::{ExitClass, Options, Stop};
use relplan_model::{
    event::Event,
    journal::{Entry, Record},
    plan::Plan,
    port::{Clock as _, StateStore as _},
};
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{
    End, apply, apply_part, check_finished, check_laws, converge, plan, state, undisturbed,
};

/// Two targets that need each other's steps, and pointers that wait for all of them.
fn crossing() -> Plan {
    plan(&[
        Row::release("one:a"),
        Row::release("many:b").files(2).needs("one:a"),
        Row::release("one:c").exists().needs("many:b"),
        Row::release("many:d").exists(),
    ])
}

async fn later(world: &World, wait: Duration, run: impl Future<Output = End>) -> End {
    world.clock().sleep(wait).await;
    run.await
}

fn records(world: &World) -> Vec<Record> {
    let store = world.store();
    let Ran::Ended(lines) = world.run(store.load()) else {
        panic!("killed")
    };
    let record = |line: &Vec<u8>| Entry::from_line(line).unwrap().record;
    lines.unwrap().iter().map(record).collect()
}

/// L4, L7, L8 (watched at every effect): what crosses from one run to the other is waited for, and one of them closes.
#[test]
fn two_runs_with_a_part_each_end_as_one_with_all() {
    let plan = crossing();
    let expected = undisturbed(&plan);
    for seed in 0..150 {
        let mut faults = Faults::of_network();
        faults.budget = seed % 10;
        let world = World::new(seed, plan.clone(), faults);
        let (options, stop) = (Options::default(), Stop::new());
        let second = apply_part(&world, ("second", &["many"]), &options, &stop);
        let both = join(
            apply_part(&world, ("first", &["one"]), &options, &stop),
            later(&world, Duration::from_millis(seed % 7 * 900), second),
        );
        let Ran::Ended(ends) = world.run(both) else {
            panic!("killed")
        };
        let exits = [ends.0.exit, ends.1.exit];
        if exits == [ExitClass::Done; 2] {
            assert!(
                state(&world).open.is_none(),
                "seed {seed}: nobody closed it"
            );
        } else {
            let is_bounded = |exit| {
                matches!(
                    exit,
                    ExitClass::Done | ExitClass::Partial | ExitClass::Unknown
                )
            };
            assert!(exits.into_iter().all(is_bounded), "seed {seed}: {ends:?}");
            converge(&world, |_| None);
        }
        check_finished(&world, &expected);
    }
}

/// A kill at any moment, of both at once, leaves nothing that the same two cannot go on from.
#[test]
fn l4_l9_parts_are_gone_on_from_after_a_kill_at_any_port_call() {
    let plan = crossing();
    let expected = undisturbed(&plan);
    let (options, stop) = (Options::default(), Stop::new());
    let run = |world: &World| {
        world.run(join(
            apply_part(world, ("first", &["one"]), &options, &stop),
            apply_part(world, ("second", &["many"]), &options, &stop),
        ))
    };
    let mut at = 0;
    loop {
        at += 1;
        let world = World::new(7, plan.clone(), Faults::none());
        world.kill_at(Some(world.calls() + at));
        let is_over = matches!(run(&world), Ran::Ended(_));
        world.kill_at(None);
        world.pass(1);
        let Ran::Ended(ends) = run(&world) else {
            panic!("killed")
        };
        assert_eq!(
            [ends.0.exit, ends.1.exit],
            [ExitClass::Done; 2],
            "{at}: {ends:?}"
        );
        check_finished(&world, &expected);
        if is_over {
            break;
        }
    }
    assert!(at > 60, "only {at} port calls");
}

/// L8 across runs: what one of them lacks is found out before another has published anything.
#[test]
fn nothing_begins_before_a_run_of_each_target_is_there() {
    for together in [true, false] {
        let world = World::new(0, crossing(), Faults::none());
        let (stop, options) = (
            Stop::new(),
            Options {
                together,
                patience: Duration::from_secs(60),
                ..Options::default()
            },
        );
        let Ran::Ended(end) = world.run(apply_part(&world, ("first", &["one"]), &options, &stop))
        else {
            panic!("killed")
        };
        assert_eq!(end.exit, ExitClass::Partial, "{}", end.words);
        assert!(
            end.words
                .contains("what waits for the run of many was not begun"),
            "{}",
            end.words
        );
        assert_eq!(world.uploads().is_empty(), together, "{}", end.words);
        let awaited = world.events().into_iter().find_map(|event| match event {
            Event::RunnersAwaited {
                targets,
                begun,
                seconds,
            } => Some((targets[0].to_string(), begun, seconds)),
            _ => None,
        });
        // No run of that target has begun, and that is told at once, whether or not this one begins without it.
        assert_eq!(awaited, Some(("many".to_owned(), false, 60)));
        check_laws(&world);
    }
}

/// Patience is measured from the moment from which there is something to wait for: who was busy itself has not waited.
#[test]
fn a_run_that_was_busy_itself_does_not_lose_patience_at_once() {
    let plan = plan(&[
        Row::release("one:a"),
        Row::release("one:b").needs("one:a"),
        Row::release("many:c").needs("one:b"),
        Row::release("one:d").needs("many:c"),
    ]);
    let expected = undisturbed(&plan);
    let mut slow = Faults::none();
    slow.client_lag_millis = 60_000;
    let world = World::new(0, plan, slow);
    let stop = Stop::new();
    let options = Options {
        patience: Duration::from_secs(90),
        ..Options::default()
    };
    let Ran::Ended((first, second)) = world.run(join(
        apply_part(&world, ("first", &["one"]), &options, &stop),
        apply_part(&world, ("second", &["many"]), &options, &stop),
    )) else {
        panic!("killed")
    };
    assert_eq!(first.exit, ExitClass::Done, "{}", first.words);
    assert_eq!(second.exit, ExitClass::Done, "{}", second.words);
    check_finished(&world, &expected);
}

/// Whoever ends without having done its part says so, and is not waited for; whoever was skipped goes on another time.
#[test]
fn a_run_that_ends_undone_is_not_waited_for() {
    let plan = crossing();
    let expected = undisturbed(&plan);
    let world = World::new(3, plan, Faults::none());
    let (options, stop, stopped) = (Options::default(), Stop::new(), Stop::new());
    let begin = world.clock().now();
    let request = async {
        let is_done = |event: &Event| matches!(event, Event::StepDone { .. });
        while !world.events().iter().any(is_done) {
            world.clock().sleep(Duration::from_millis(1)).await;
        }
        stopped.request();
    };
    let Ran::Ended((first, second, ())) = world.run(join3(
        apply_part(&world, ("first", &["one"]), &options, &stopped),
        apply_part(&world, ("second", &["many"]), &options, &stop),
        request,
    )) else {
        panic!("killed")
    };
    assert_eq!(first.exit, ExitClass::Interrupted, "{}", first.words);
    assert_eq!(second.exit, ExitClass::Partial, "{}", second.words);
    let took = world.clock().now().unix() - begin.unix();
    assert!(took < 300, "it waited for {took} s");
    let is_left = |record: &Record| matches!(record, Record::Left { .. });
    assert_eq!(records(&world).iter().filter(|r| is_left(r)).count(), 2);
    assert!(
        state(&world)
            .open
            .unwrap()
            .parts
            .values()
            .all(|part| part.left)
    );
    converge(&world, |_| None);
    check_finished(&world, &expected);
}

/// L10: a later run of the same target takes over from the first, which writes nothing more; the others go on.
#[test]
fn l10_a_later_run_of_a_target_takes_over_that_target_alone() {
    let plan = crossing();
    let expected = undisturbed(&plan);
    let mut overtaken = 0;
    for seed in 0..60 {
        let world = World::new(seed, plan.clone(), Faults::none());
        world.expect_rivals();
        let (options, stop) = (Options::default(), Stop::new());
        let again = apply_part(&world, ("again", &["one"]), &options, &stop);
        let Ran::Ended((first, second, again)) = world.run(join3(
            apply_part(&world, ("first", &["one"]), &options, &stop),
            apply_part(&world, ("second", &["many"]), &options, &stop),
            later(&world, Duration::from_millis(500 + seed * 40), again),
        )) else {
            panic!("killed")
        };
        assert_eq!(
            second.exit,
            ExitClass::Done,
            "seed {seed}: {}",
            second.words
        );
        assert_eq!(again.exit, ExitClass::Done, "seed {seed}: {}", again.words);
        assert!(
            matches!(first.exit, ExitClass::Busy | ExitClass::Done),
            "seed {seed}: {:?} {}",
            first.exit,
            first.words
        );
        overtaken += u32::from(first.exit == ExitClass::Busy);
        check_finished(&world, &expected);
    }
    assert!(overtaken > 10, "{overtaken}");
}

/// L10: a run of the whole plan takes over everything.
#[test]
fn l10_a_run_of_the_whole_plan_takes_over_from_all() {
    let plan = crossing();
    let expected = undisturbed(&plan);
    let world = World::new(5, plan, Faults::none());
    world.expect_rivals();
    let (options, stop) = (Options::default(), Stop::new());
    let whole = apply(&world, "whole", &options, &stop);
    let Ran::Ended((first, second, whole)) = world.run(join3(
        apply_part(&world, ("first", &["one"]), &options, &stop),
        apply_part(&world, ("second", &["many"]), &options, &stop),
        later(&world, Duration::from_millis(900), whole),
    )) else {
        panic!("killed")
    };
    assert_eq!(
        [first.exit, second.exit, whole.exit],
        [ExitClass::Busy, ExitClass::Busy, ExitClass::Done]
    );
    check_finished(&world, &expected);
}
