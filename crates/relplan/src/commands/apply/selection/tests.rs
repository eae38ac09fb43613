//! Random selections and open plans: what goes on has nothing left to do outside of the selection.

use relplan_model::{
    address::TargetName,
    plan::{Plan, Selection},
    step::{Effect, Step},
};
use relplan_testkit::world::{Chance, Row, plan_of};

use super::is_inside;
use crate::arguments::Selected;

const TARGETS: [&str; 3] = ["one", "one-b", "many"];
const PACKAGES: [&str; 3] = ["a", "b", "c"];

fn some(chance: &mut Chance, all: &[&str]) -> Vec<String> {
    let taken = all.iter().filter(|_| chance.per_mille(400));
    taken.map(|one| (*one).to_owned()).collect()
}

fn random(chance: &mut Chance) -> Selected {
    Selected {
        packages: some(chance, &PACKAGES),
        exclude: some(chance, &PACKAGES),
        targets: some(chance, &TARGETS),
    }
}

fn takes(selected: &Selected, target: &str, package: &str) -> bool {
    let has = |list: &[String], name: &str| list.iter().any(|one| one == name);
    (selected.targets.is_empty() || has(&selected.targets, target))
        && takes_package(selected, package)
}

fn takes_package(selected: &Selected, package: &str) -> bool {
    let has = |list: &[String]| list.iter().any(|one| one == package);
    (selected.packages.is_empty() || has(&selected.packages)) && !has(&selected.exclude)
}

/// The plan of everything that a selection takes.
fn planned(selected: &Selected) -> Plan {
    let mut rows = Vec::new();
    for target in TARGETS {
        for package in PACKAGES {
            if takes(selected, target, package) {
                rows.push(Row::release(&format!("{target}:{package}")));
            }
        }
    }
    let mut plan = plan_of(&rows).unwrap();
    plan.selection = Selection {
        packages: selected.packages.clone(),
        exclude: selected.exclude.clone(),
        targets: selected
            .targets
            .iter()
            .map(|name| TargetName::new(name).unwrap())
            .collect(),
    };
    plan
}

/// D3: whatever is selected, and by whatever selection the open plan was made: a step outside is never taken for one
/// inside, with and without the workspaces at hand. The same selection always goes on.
#[test]
fn l13_no_step_outside_of_a_selection_is_taken_for_one_inside() {
    let mut chance = Chance::new(3);
    let (mut inside, mut outside) = (0, 0);
    for _ in 0..1_000 {
        let (made_by, now) = (random(&mut chance), random(&mut chance));
        let plan = planned(&made_by);
        let at_hand = chance.per_mille(500);
        let judged = |selected: &Selected, step: &Step| {
            let package = step.address.package.as_str();
            let takes = at_hand.then(|| takes_package(selected, package));
            is_inside(selected, &plan.selection, step, takes)
        };
        for step in &plan.steps {
            assert!(judged(&made_by, step), "{made_by:?} and {}", step.id);
            let (target, package) = (step.address.target.as_str(), step.address.package.as_str());
            let is_meant = takes(&now, target, package);
            if judged(&now, step) {
                assert!(is_meant, "{now:?} and {} of {made_by:?}", step.id);
                inside += 1;
            } else {
                // Without the workspaces a step may be left that is inside; with them, none is.
                assert!(!(is_meant && at_hand), "{now:?} and {}", step.id);
                outside += 1;
            }
            assert!(matches!(step.effect, Effect::Publish(_) | Effect::Await));
        }
    }
    assert!(inside > 100 && outside > 1_000, "{inside} {outside}");
}
