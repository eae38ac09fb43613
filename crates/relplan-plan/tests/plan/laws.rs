//! Laws that hold for every plan, tried on generated worlds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use relplan_model::{
    address::{Address, PackageId},
    canonical,
    observation::{Freshness, Seen},
    plan::{Action, Plan},
    release::DependencyKind,
    step::{Effect, Phase, StepId},
};
use relplan_plan::{PlanInput, check, plan, queries};

use crate::{
    apply,
    generated::{Dice, text},
    render::render,
    world::{address, world},
};

fn dice() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..300)
}

fn shuffled(input: &PlanInput, dice: &mut Dice<'_>) -> PlanInput {
    let mut other = input.clone();
    dice.shuffle(&mut other.targets);
    dice.shuffle(&mut other.releases);
    dice.shuffle(&mut other.observations);
    dice.shuffle(&mut other.findings);
    if let Some(bundle) = &mut other.bundle {
        dice.shuffle(&mut bundle.artifacts);
    }
    for release in &mut other.releases {
        dice.shuffle(&mut release.destinations);
        dice.shuffle(&mut release.dependencies);
        dice.shuffle(&mut release.yank);
        dice.shuffle(&mut release.deprecate);
    }
    other
}

/// The steps in an order that a walk could take: the plan's own.
fn places(plan: &Plan) -> BTreeMap<&StepId, usize> {
    plan.steps
        .iter()
        .enumerate()
        .map(|(place, step)| (&step.id, place))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn l1_the_order_of_the_input_does_not_reach_the_plan(bytes in dice(), more in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let input = world(&text);
        let other = shuffled(&input, &mut Dice::new(&more));
        prop_assert_eq!(plan(&input).to_bytes().unwrap(), plan(&other).to_bytes().unwrap(), "{}", text);
    }

    #[test]
    fn l1_a_saved_input_makes_the_same_plan(bytes in dice()) {
        let input = world(&text(&mut Dice::new(&bytes)));
        let saved = canonical::to_bytes(&input).unwrap();
        let read: PlanInput = canonical::from_bytes(&saved, saved.len()).unwrap();
        let made = plan(&read).to_bytes().unwrap();
        prop_assert_eq!(&made, &plan(&input).to_bytes().unwrap());
        prop_assert_eq!(Plan::from_bytes(&made).unwrap().to_bytes().unwrap(), made);
    }

    #[test]
    fn the_check_finds_nothing(bytes in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let made = plan(&world(&text));
        prop_assert_eq!(check(&made), [], "{}\n{}", text, render(&made));
    }

    #[test]
    fn l5_the_unknown_is_held_and_l6_nothing_goes_over_what_is_there(bytes in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let input = world(&text);
        let made = plan(&input);
        let seen: BTreeMap<&Address, &Seen> =
            input.observations.iter().map(|look| (&look.address, &look.seen)).collect();
        for change in &made.changes {
            if matches!(seen.get(&change.address), None | Some(Seen::Unknown { .. })) {
                prop_assert_eq!(change.action, Action::Hold, "{}", &text);
            }
        }
        for step in &made.steps {
            let Effect::Publish(publish) = &step.effect else { continue };
            let Some(Seen::Present(facts)) = seen.get(&step.address) else { continue };
            let Some(shown) = facts.versions.get(&step.version) else { continue };
            prop_assert_eq!(step.address.target.as_str(), "pypi", "{}", &text);
            let file = publish.artifact.as_ref().unwrap();
            prop_assert!(!shown.files.contains_key(file), "{}", &text);
        }
    }

    #[test]
    fn l7_nothing_goes_before_what_it_depends_on(bytes in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let input = world(&text);
        let made = plan(&input);
        let places = places(&made);
        let releases: BTreeMap<&PackageId, _> =
            input.releases.iter().map(|release| (&release.package, release)).collect();
        for release in &input.releases {
            for dependency in &release.dependencies {
                let hard = !matches!(dependency.kind, DependencyKind::Dev | DependencyKind::Peer | DependencyKind::Optional);
                let Some(on) = releases.get(&dependency.on).filter(|_| hard) else { continue };
                for destination in &release.destinations {
                    let own = Address::new(destination.target.clone(), release.package.name.clone());
                    let Some(first) = made.steps.iter().position(|step| {
                        step.address == own && matches!(step.effect, Effect::Publish(_))
                    }) else { continue };
                    let same = on.destinations.iter().any(|one| one.target == destination.target);
                    for there in on.destinations.iter().filter(|one| !same || one.target == destination.target) {
                        let theirs = Address::new(there.target.clone(), on.package.name.clone());
                        let wait = StepId::of(&theirs, &on.version, &Effect::Await);
                        let row = made.changes.iter().find(|row| row.address == theirs).unwrap();
                        prop_assert!(!matches!(row.action, Action::Hold | Action::Drift), "{}", &text);
                        if row.action == Action::Publish {
                            prop_assert!(places[&wait] < first, "{}\n{}", &text, render(&made));
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn l8_pointers_of_known_names_move_after_every_create(bytes in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let input = world(&text);
        let made = plan(&input);
        let last = made.steps.iter().rposition(|step| step.phase == Phase::Create);
        for (place, step) in made.steps.iter().enumerate() {
            match &step.effect {
                Effect::Point { .. } => prop_assert!(last.is_none_or(|last| last < place), "{}", &text),
                Effect::Publish(publish) if step.address.target.as_str() == "npm" && !publish.first => {
                    let pointer = publish.pointer.as_ref().unwrap();
                    prop_assert_eq!(pointer.as_str(), "relplan", "{}", &text);
                }
                _ => {}
            }
        }
    }

    #[test]
    fn l12_the_plan_after_a_perfect_apply_is_empty(bytes in dice()) {
        let text = text(&mut Dice::new(&bytes));
        let input = world(&text);
        let made = plan(&input);
        prop_assume!(made.applicable);
        let again = plan(&apply::perfectly(&input, &made));
        prop_assert!(!again.has_steps(), "{}\n{}\nand again\n{}", text, render(&made), render(&again));
        prop_assert_eq!(check(&again), []);
        let calm = |plan: &Plan| plan.changes.iter().all(|row| !matches!(row.action, Action::Hold | Action::Drift));
        if calm(&made) {
            let kept = again.changes.iter().all(|row| row.action == Action::Keep);
            prop_assert!(kept, "{}\n{}\nand again\n{}", text, render(&made), render(&again));
        }
    }
}

#[test]
fn the_generated_worlds_are_not_all_alike() {
    use proptest::{strategy::ValueTree as _, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut actions: BTreeMap<Action, usize> = BTreeMap::new();
    let mut applicable = 0;
    for _ in 0..300 {
        let bytes = dice().new_tree(&mut runner).unwrap().current();
        let made = plan(&world(&text(&mut Dice::new(&bytes))));
        applicable += usize::from(made.applicable && made.has_steps());
        for row in made.changes {
            *actions.entry(row.action).or_default() += 1;
        }
    }
    // Every action but staging, which no target does yet.
    assert_eq!(actions.len(), 8, "{actions:?}");
    assert!(applicable > 60, "{applicable} of 300");
}

#[test]
fn queries_ask_once_per_address_for_what_the_rules_read() {
    let input = world(
        "want npm:widget 1.1.0
         want crates:widget 1.1.0
         yank crates:widget 1.0.0 broken
         deprecate npm:widget <1.2 old
         deprecate mirror:widget <1.2 old
         recorded npm:widget @latest=1.0.0
         recorded npm:other @latest=1.0.0",
    );
    let asked: Vec<String> = queries(&input.releases, &input.state, Freshness::Revalidated)
        .into_iter()
        .map(|query| {
            format!(
                "{} {:?} {:?}",
                query.address,
                query
                    .versions
                    .iter()
                    .map(|one| one.as_str())
                    .collect::<Vec<_>>(),
                query.ranges
            )
        })
        .collect();
    assert_eq!(
        asked,
        [
            r#"crates:widget ["1.0.0", "1.1.0"] []"#,
            r#"mirror:widget [] ["<1.2"]"#,
            r#"npm:widget ["1.0.0", "1.1.0"] ["<1.2"]"#,
        ]
    );
}

#[test]
fn l5_answers_that_contradict_each_other_are_an_unknown() {
    let mut input =
        world("want npm:widget 1.0.0\npacked npm/widget 1.0.0 aa\nseen npm:widget absent");
    let mut other = world("seen npm:widget 1.0.0 bb").observations;
    input.observations.append(&mut other);
    let made = plan(&input);
    assert!(!made.has_steps());
    assert!(matches!(made.observations[0].seen, Seen::Unknown { .. }));
    assert_eq!(made.observations[0].address, address("npm:widget"));
}

#[test]
fn a_chain_as_long_as_a_large_project_is_planned() {
    let count = 3_000;
    let mut text = String::new();
    for number in 0..count {
        text.push_str(&format!("want crates:p{number} 1.0.0\npacked cargo/p{number} 1.0.0 aa\nseen crates:p{number} absent\n"));
        if number > 0 {
            text.push_str(&format!(
                "dep cargo/p{number} normal cargo/p{}\n",
                number - 1
            ));
        }
    }
    let made = plan(&world(&text));
    assert_eq!(check(&made), []);
    assert_eq!(made.steps.last().unwrap().wave, 2 * count - 1);
}
