//! Applying a plan in a world, once or until nothing is left to do, and what must be true afterwards.

use std::collections::{BTreeMap, BTreeSet};

use super::approvals::Ungated;
use relplan_apply::{
    Admission, ExitClass, Opening, Options, Part, Ports, Report, Stop, admit, claim, walk,
};
use relplan_model::{
    address::TargetName,
    digest::{Comparison, Sha256},
    plan::Plan,
    port::{Approvals, Clock as _, StateStore as _},
    state::{Ended, State},
    step::Effect,
};
use relplan_testkit::world::{Contents, Faults, Ran, Row, World, plan_of};

/// How one apply ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) exit: ExitClass,
    pub(crate) report: Option<Report>,
    pub(crate) words: String,
}

impl End {
    fn early(exit: ExitClass, error: &dyn std::error::Error) -> Self {
        Self {
            exit,
            report: None,
            words: error.to_string(),
        }
    }
}

pub(crate) fn plan(rows: &[Row]) -> Plan {
    plan_of(rows).unwrap()
}

/// What the binary does for `apply PLAN`: load, admit, claim, walk.
pub(crate) async fn apply(world: &World, runner: &str, options: &Options, stop: &Stop) -> End {
    apply_if(&Ungated, world, runner, options, stop).await
}

/// What the binary does for `apply PLAN --target …`.
pub(crate) async fn apply_part(
    world: &World,
    (runner, targets): (&str, &[&str]),
    options: &Options,
    stop: &Stop,
) -> End {
    let targets = targets.iter().map(|name| TargetName::new(*name).unwrap());
    let part = Part::of(targets.collect());
    apply_as(&Ungated, world, (runner, part), options, stop).await
}

/// The same where somebody has to say yes.
pub(crate) async fn apply_if(
    approvals: &dyn Approvals,
    world: &World,
    runner: &str,
    options: &Options,
    stop: &Stop,
) -> End {
    apply_as(approvals, world, (runner, Part::whole()), options, stop).await
}

async fn apply_as(
    approvals: &dyn Approvals,
    world: &World,
    (runner, part): (&str, Part),
    options: &Options,
    stop: &Stop,
) -> End {
    let store = world.store();
    let clock = world.clock();
    let ports = Ports {
        drivers: world,
        source: world,
        store: &store,
        clock: &clock,
        events: world,
        approvals,
    };
    let state = State::replay(&store.load().await.unwrap()).unwrap();
    let admission = Admission {
        part,
        bytes: world.plan_bytes(),
        now: clock.now(),
        state,
        drivers: world,
        source: world,
    };
    let admitted = match admit(admission).await {
        Ok(admitted) => admitted,
        Err(denied) => return End::early(denied.exit(), &denied),
    };
    let opening = Opening {
        lineage: "simulated".to_owned(),
        tool: "0.0.0".to_owned(),
        runner: runner.to_owned(),
        run: format!("{runner} {}", world.calls()),
    };
    let claimed = match claim(admitted, opening, &ports).await {
        Ok(claimed) => claimed,
        Err(error) => return End::early(error.exit(), &error),
    };
    let report = walk(claimed, &ports, options, stop).await;
    End {
        exit: report.exit,
        words: report.message(),
        report: Some(report),
    }
}

/// One apply with nothing special.
pub(crate) fn once(world: &World) -> Ran<End> {
    world.run(apply(world, "runner", &Options::default(), &Stop::new()))
}

pub(crate) fn ended(ran: Ran<End>) -> End {
    match ran {
        Ran::Ended(end) => end,
        Ran::Killed => panic!("it was killed"),
    }
}

/// Applies again and again, as a person would who is told that the same plan goes on. `kill` says at which port call,
/// counted from each run's beginning, that run is killed.
pub(crate) fn converge(world: &World, mut kill: impl FnMut(u64) -> Option<u64>) -> End {
    const RUNS: u64 = 60;
    let mut is_calm = false;
    for run in 0..RUNS {
        if run == RUNS / 2 {
            world.calm();
            is_calm = true;
        }
        let at = if is_calm { None } else { kill(run) };
        world.kill_at(at.map(|at| world.calls() + at));
        match once(world) {
            Ran::Killed => {}
            Ran::Ended(end) => match end.exit {
                ExitClass::Done | ExitClass::Stale | ExitClass::Invalid => return end,
                ExitClass::Conflict if is_calm => return end,
                // What a person would look at; a conflict stays one, whatever else is done.
                ExitClass::Conflict => {
                    world.calm();
                    is_calm = true;
                }
                _ => {}
            },
        }
        world.pass(1);
    }
    panic!("it did not come to an end in {RUNS} runs")
}

/// What the registries hold after an undisturbed apply, which must succeed at once.
pub(crate) fn undisturbed(plan: &Plan) -> BTreeMap<String, Contents> {
    let world = World::new(0, plan.clone(), Faults::none());
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
    check_laws(&world);
    world.contents()
}

pub(crate) fn state(world: &World) -> State {
    let store = world.store();
    world.kill_at(None);
    match world.run(store.load()) {
        Ran::Ended(lines) => State::replay(&lines.unwrap()).unwrap(),
        Ran::Killed => unreachable!(),
    }
}

/// What must be true of a world whatever happened in it.
pub(crate) fn check_laws(world: &World) {
    assert_eq!(world.breaches(), [], "laws were broken");
    let mut seen = BTreeSet::new();
    for upload in world.uploads() {
        let at = upload.address.at(&upload.version);
        assert!(
            seen.insert((at, upload.file.clone())),
            "L4: {} was uploaded twice with effect",
            upload.file
        );
    }
    // L6: what is ours holds the planned bytes, and the journal says nothing that the registry does not show.
    let state = state(world);
    let contents = world.contents();
    for (address, versions) in &state.releases {
        for (version, recorded) in versions {
            for (file, digests) in &recorded.files {
                let shown = &contents[&address.to_string()].versions[version][file];
                assert_eq!(shown.compare(digests), Comparison::Same, "{address} {file}");
            }
        }
    }
}

/// What must be true once a plan was applied to its end.
pub(crate) fn check_finished(world: &World, expected: &BTreeMap<String, Contents>) {
    check_laws(world);
    assert_eq!(
        &world.contents(),
        expected,
        "L4: as after an undisturbed run"
    );
    let state = state(world);
    let plan = world.plan();
    let digest = Sha256::of(world.plan_bytes());
    assert_eq!(state.open, None);
    assert_eq!(state.ended.get(&digest), Some(&Ended::Closed));
    assert_eq!(
        state.serial, 2,
        "the serial moves at the claim and at the end"
    );
    for step in &plan.steps {
        if let Effect::Await = step.effect {
            let recorded = state.recorded(&step.address, &step.version).unwrap();
            assert!(recorded.resolvable, "{}", step.id);
        }
    }
}
