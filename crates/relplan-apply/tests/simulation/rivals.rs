//! Two appliers at once (law L10), and stops and plans that come in between.

use std::time::Duration;

use futures_util::future::join;
use relplan_apply::{AbandonError, ExitClass, Options, Stop, abandon};
use relplan_model::{digest::Sha256, event::Event, plan::Plan, port::Clock as _};
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{
    apply, check_finished, check_laws, converge, ended, once, plan, state, undisturbed,
};

fn digest(plan: &Plan) -> Sha256 {
    Sha256::of(&plan.to_bytes().unwrap())
}

#[test]
fn l10_two_appliers_of_one_plan_end_as_one() {
    let plan = plan(&[
        Row::release("one:a"),
        Row::release("many:b").files(2).needs("one:a"),
        Row::release("one:c").exists().needs("one:a"),
    ]);
    let expected = undisturbed(&plan);
    let (mut first_won, mut second_won) = (0, 0);
    for seed in 0..150 {
        let mut faults = Faults::of_network();
        faults.budget = seed % 12;
        let world = World::new(seed, plan.clone(), faults);
        world.expect_rivals();
        let (options, stop) = (Options::default(), Stop::new());
        let late = async {
            let clock = world.clock();
            let wait = Duration::from_millis(seed % 7 * 300);
            clock.sleep(wait).await;
            apply(&world, "second", &options, &stop).await
        };
        let both = join(apply(&world, "first", &options, &stop), late);
        let Ran::Ended((first, second)) = world.run(both) else {
            panic!("killed")
        };
        for end in [&first, &second] {
            assert!(
                !matches!(end.exit, ExitClass::Conflict | ExitClass::Store),
                "seed {seed}: {:?} {}",
                end.exit,
                end.words
            );
        }
        first_won += u32::from(first.exit == ExitClass::Done);
        second_won += u32::from(second.exit == ExitClass::Done);
        let end = converge(&world, |_| None);
        assert_eq!(end.exit, ExitClass::Done, "seed {seed}: {}", end.words);
        check_finished(&world, &expected);
    }
    assert!(first_won > 0 && second_won > 0, "{first_won} {second_won}");
}

#[test]
fn l10_another_plan_is_refused_while_one_is_open() {
    let world = World::new(0, plan(&[Row::release("one:a")]), Faults::none());
    world.kill_at(Some(20));
    assert!(matches!(once(&world), Ran::Killed));
    world.kill_at(None);
    assert!(state(&world).open.is_some());

    let mut other = plan(&[Row::release("one:b")]);
    other.project = "acme/other".to_owned();
    let bytes = other.to_bytes().unwrap();
    let admission = relplan_apply::Admission {
        part: relplan_apply::Part::whole(),
        bytes: &bytes,
        now: other.created,
        state: state(&world),
        drivers: &world,
        source: &world,
    };
    let Ran::Ended(Err(denied)) = world.run(relplan_apply::admit(admission)) else {
        panic!("it was admitted")
    };
    assert_eq!(denied.exit(), ExitClass::Busy);
    let words = denied.to_string();
    assert!(words.contains(&digest(world.plan()).short()), "{words}");
    assert!(words.contains("apply that one again"), "{words}");
    assert!(words.contains("abandon"), "{words}");
}

#[test]
fn an_abandoned_plan_is_over_and_what_it_did_stays_recorded() {
    let rows = [Row::release("one:a"), Row::release("one:b").needs("one:a")];
    let (options, stop) = (Options::default(), Stop::new());
    let mut slow = Faults::none();
    slow.latency_millis = 50;
    let world = World::new(0, plan(&rows), slow);
    let Ran::Ended((end, ())) = world.run(join(
        apply(&world, "runner", &options, &stop),
        stop_after_first(&world, &stop),
    )) else {
        panic!("killed")
    };
    assert_eq!(end.exit, ExitClass::Interrupted, "{}", end.words);

    let plan = digest(world.plan());
    let before = state(&world);
    let (store, clock) = (world.store(), world.clock());
    let reason = || "changed our minds".to_owned();
    let Ran::Ended(Err(AbandonError::NotOpen { .. })) = world.run(abandon(
        &store,
        &clock,
        before.clone(),
        (Sha256::of(b"other"), reason()),
    )) else {
        panic!("a plan that is not open cannot be abandoned")
    };
    let Ran::Ended(Ok(after)) = world.run(abandon(&store, &clock, before, (plan, reason()))) else {
        panic!("it could not be abandoned")
    };
    assert_eq!((after.open.is_none(), after.serial), (true, 2));
    assert_eq!(after.releases.len(), 1, "what was done stays recorded");
    let again = ended(once(&world));
    assert_eq!(again.exit, ExitClass::Stale, "{}", again.words);
    check_laws(&world);
}

async fn stop_after_first(world: &World, stop: &Stop) {
    let clock = world.clock();
    let is_done = |event: &Event| matches!(event, Event::StepDone { .. });
    while !world.events().iter().any(is_done) {
        clock.sleep(Duration::from_millis(1)).await;
    }
    stop.request();
}

#[test]
fn a_stop_at_any_moment_is_graceful_and_can_be_gone_on_from() {
    let plan = plan(&[
        Row::release("one:a"),
        Row::release("one:b").needs("one:a"),
        Row::release("many:c").files(2).exists(),
    ]);
    let expected = undisturbed(&plan);
    for seed in 0..150 {
        let world = World::new(seed, plan.clone(), Faults::of_network());
        let (options, stop) = (Options::default(), Stop::new());
        let stopper = async {
            let clock = world.clock();
            let wait = Duration::from_millis(seed * 37);
            clock.sleep(wait).await;
            let asked = clock.now();
            stop.request();
            asked
        };
        let Ran::Ended((end, asked)) =
            world.run(join(apply(&world, "runner", &options, &stop), stopper))
        else {
            panic!("killed")
        };
        let after = world.clock().now().unix() - asked.unix();
        assert!(after <= 8, "seed {seed}: it went on for {after} s");
        assert!(
            matches!(
                end.exit,
                ExitClass::Interrupted | ExitClass::Done | ExitClass::Credential
            ),
            "seed {seed}: {:?}",
            end.exit
        );
        let end = converge(&world, |_| None);
        assert_eq!(end.exit, ExitClass::Done, "seed {seed}: {}", end.words);
        check_finished(&world, &expected);
    }
}
