//! The order of a walk, on plans of the simulated world's kind.

use std::collections::BTreeSet;

use relplan_model::plan::Plan;
use relplan_testkit::world::{Row, plan_of};

use super::{Schedule, Skipped};
use crate::index::Index;

fn id(plan: &Plan, place: usize) -> &str {
    plan.steps[place].id.as_str()
}

/// Starts all that can start.
fn start_all<'p>(schedule: &mut Schedule<'_>, plan: &'p Plan) -> Vec<(usize, &'p str)> {
    let mut started = Vec::new();
    while schedule.can_start() {
        let place = schedule.start().unwrap();
        started.push((place, id(plan, place)));
    }
    started
}

fn names<'p>(started: &[(usize, &'p str)]) -> Vec<&'p str> {
    started.iter().map(|(_, id)| *id).collect()
}

#[test]
fn l7_a_step_starts_when_all_that_it_needs_has_ended_well() {
    let plan = plan_of(&[
        Row::release("one:a"),
        Row::release("one:b"),
        Row::release("one:c").needs("one:a").needs("one:b"),
    ])
    .unwrap();
    let mut schedule = Schedule::new(&Index::new(&plan).unwrap(), |_| false, |_| true);
    let first = start_all(&mut schedule, &plan);
    assert_eq!(
        names(&first),
        ["publish one:a@1.0.0", "publish one:b@1.0.0"]
    );
    schedule.ended_well(first[0].0);
    schedule.ended_well(first[1].0);
    let second = start_all(&mut schedule, &plan);
    assert_eq!(names(&second), ["await one:a@1.0.0", "await one:b@1.0.0"]);
    schedule.ended_well(second[0].0);
    assert!(
        start_all(&mut schedule, &plan).is_empty(),
        "one of two needs is left"
    );
    schedule.ended_well(second[1].0);
    assert_eq!(
        names(&start_all(&mut schedule, &plan)),
        ["publish one:c@1.0.0"]
    );
}

#[test]
fn steps_of_one_address_go_one_after_another() {
    let plan = plan_of(&[Row::release("many:a").files(3), Row::release("many:b")]).unwrap();
    let mut schedule = Schedule::new(&Index::new(&plan).unwrap(), |_| false, |_| true);
    let mut seen = BTreeSet::new();
    let started = start_all(&mut schedule, &plan);
    assert_eq!(started.len(), 2, "{started:?}");
    let mut running = started;
    while let Some((place, name)) = running.pop() {
        assert!(seen.insert(place), "{name} was started twice");
        schedule.ended_well(place);
        running.extend(start_all(&mut schedule, &plan));
        let addresses: BTreeSet<_> = running
            .iter()
            .map(|(p, _)| &plan.steps[*p].address)
            .collect();
        assert_eq!(addresses.len(), running.len(), "{running:?}");
    }
    assert_eq!(seen.len(), plan.steps.len());
    assert_eq!(schedule.left().count(), 0);
}

#[test]
fn l8_no_pointer_moves_until_every_create_has_ended_and_none_if_one_failed() {
    let plan = plan_of(&[Row::release("one:a").exists(), Row::release("one:b")]).unwrap();
    let index = Index::new(&plan).unwrap();
    let step = |name: &str| {
        plan.steps
            .iter()
            .position(|s| s.id.as_str() == name)
            .unwrap()
    };
    let (a, b) = (step("publish one:a@1.0.0"), step("publish one:b@1.0.0"));
    let (shown, point) = (step("await one:a@1.0.0"), step("point one:a#latest 1.0.0"));

    let mut schedule = Schedule::new(&index, |_| false, |_| true);
    start_all(&mut schedule, &plan);
    schedule.ended_well(a);
    start_all(&mut schedule, &plan);
    schedule.ended_well(shown);
    assert!(
        start_all(&mut schedule, &plan).is_empty(),
        "b is not there yet"
    );

    let skipped = schedule.ended_badly(b);
    let because_of = |name: &str, because| Skipped {
        step: step(name),
        because,
    };
    assert_eq!(
        skipped,
        [
            because_of("await one:b@1.0.0", b),
            because_of("point one:a#latest 1.0.0", b),
            because_of("unpoint one:a#holding", b),
        ]
    );
    assert!(start_all(&mut schedule, &plan).is_empty());
    assert_eq!(schedule.left().count(), 0);

    // With all creates done, the point starts, and the cleaning up only after it.
    let creates = |s: &relplan_model::step::Step| s.phase == relplan_model::step::Phase::Create;
    let mut schedule = Schedule::new(&index, creates, |_| true);
    assert_eq!(start_all(&mut schedule, &plan), [(point, id(&plan, point))]);
    schedule.ended_well(point);
    assert_eq!(
        names(&start_all(&mut schedule, &plan)),
        ["unpoint one:a#holding"]
    );
}
