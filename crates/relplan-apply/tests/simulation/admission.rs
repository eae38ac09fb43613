//! What is refused before anything happens: no line is written and nothing is sent that could change a registry.

use std::io;

use relplan_apply::{Admission, Admitted, Denied, ExitClass, Standing, admit};
use relplan_model::{
    address::{TargetName, Version},
    bundle::Artifact,
    digest::Sha256,
    finding::{Finding, FindingCode, Severity},
    observation::{Observation, Query},
    plan::Plan,
    port::{
        ArtifactRead, ArtifactSource, BoxFuture, Drivers, EffectInput, Identity, Observe, Outcome,
        Publish,
    },
    state::State,
    step::{Effect, Step},
    target::{Endpoint, GateGrade, Target},
    time::Timestamp,
};
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{ended, once, plan, state};

/// Drivers that answer as they are told to, for everything that admission asks.
struct Told {
    target: Target,
    describe: Option<Finding>,
    preflight: Option<Finding>,
    identity: Option<Identity>,
}

impl Told {
    fn of(plan: &Plan) -> Self {
        Self {
            target: plan.targets[0].clone(),
            describe: None,
            preflight: None,
            identity: None,
        }
    }
}

impl Observe for Told {
    fn describe(&self) -> BoxFuture<'_, Result<Target, Finding>> {
        let answer = self.describe.clone().map_or(Ok(self.target.clone()), Err);
        Box::pin(async { answer })
    }

    fn observe<'a>(&'a self, _: &'a Query) -> BoxFuture<'a, Observation> {
        panic!("admission observes nothing")
    }
}

impl Publish for Told {
    fn preflight<'a>(&'a self, _: &'a [&'a Step]) -> BoxFuture<'a, Result<(), Finding>> {
        let answer = self.preflight.clone().map_or(Ok(()), Err);
        Box::pin(async { answer })
    }

    fn inspect<'a>(
        &'a self,
        artifact: &'a Artifact,
        _: &'a dyn ArtifactSource,
    ) -> BoxFuture<'a, Result<Identity, Finding>> {
        let own = Identity {
            name: artifact.package.name.clone(),
            version: artifact.version.clone(),
        };
        let answer = self.identity.clone().unwrap_or(own);
        Box::pin(async { Ok(answer) })
    }

    fn perform<'a>(&'a self, _: EffectInput<'a>) -> BoxFuture<'a, Outcome> {
        panic!("admission performs nothing")
    }
}

impl Drivers for Told {
    fn driver(&self, target: &TargetName) -> Option<&dyn Publish> {
        (*target == self.target.name).then_some(self as &dyn Publish)
    }
}

/// Admits a plan on an empty journal with a world's artifacts.
fn ask(
    plan: &Plan,
    drivers: &dyn Drivers,
    now: Timestamp,
    state: State,
) -> Result<Admitted, Denied> {
    let world = World::new(0, plan.clone(), Faults::none());
    let admission = Admission {
        part: relplan_apply::Part::whole(),
        bytes: &plan.to_bytes().unwrap(),
        now,
        state,
        drivers,
        source: &world,
    };
    match world.run(admit(admission)) {
        Ran::Ended(answer) => answer,
        Ran::Killed => unreachable!(),
    }
}

fn refused(plan: &Plan, told: &Told) -> (ExitClass, String) {
    let denied = ask(plan, told, plan.created, State::default()).unwrap_err();
    (denied.exit(), denied.to_string())
}

fn one() -> Plan {
    plan(&[Row::release("one:a").exists()])
}

#[test]
fn a_plan_that_fits_is_admitted() {
    let plan = one();
    let admitted = ask(&plan, &Told::of(&plan), plan.not_after, State::default()).unwrap();
    assert_eq!(admitted.standing, Standing::Fresh);
    assert_eq!(admitted.digest, Sha256::of(&plan.to_bytes().unwrap()));
}

#[test]
fn l13_a_plan_whose_steps_do_not_fit_is_invalid() {
    type Change = fn(&mut Plan);
    let table: [(&str, Change); 9] = [
        ("effect", |plan| {
            plan.steps[0].version = Version::new("2.0.0").unwrap();
        }),
        ("phase", |plan| {
            plan.steps[0].phase = relplan_model::step::Phase::Clean;
        }),
        ("twice", |plan| plan.steps.push(plan.steps[0].clone())),
        ("gone", |plan| drop(plan.steps.remove(0))),
        ("cycle", |plan| {
            let last = plan.steps.last().unwrap().id.clone();
            plan.steps[0].needs.push(last);
        }),
        ("itself", |plan| {
            let own = plan.steps[0].id.clone();
            plan.steps[0].needs.push(own);
        }),
        ("no artifact", |plan| plan.artifacts.clear()),
        ("no target", |plan| plan.targets.clear()),
        ("unknown bytes", |plan| {
            if let Effect::Publish(publish) = &mut plan.steps[0].effect {
                publish.artifact = None;
            }
        }),
    ];
    for (name, change) in table {
        let mut plan = one();
        let told = Told::of(&plan);
        change(&mut plan);
        let (exit, words) = refused(&plan, &told);
        assert_eq!(exit, ExitClass::Invalid, "{name}: {words}");
    }
}

#[test]
fn l13_other_spellings_of_a_plan_are_invalid() {
    let plan = one();
    let mut bytes = plan.to_bytes().unwrap();
    bytes.push(b'\n');
    let world = World::new(0, plan.clone(), Faults::none());
    let admission = Admission {
        part: relplan_apply::Part::whole(),
        bytes: &bytes,
        now: plan.created,
        state: State::default(),
        drivers: &world,
        source: &world,
    };
    let Ran::Ended(Err(denied)) = world.run(admit(admission)) else {
        panic!("it was admitted")
    };
    assert_eq!(denied.exit(), ExitClass::Invalid);
}

#[test]
fn a_plan_without_its_artifacts_cannot_be_applied() {
    let mut plan = one();
    plan.applicable = false;
    assert_eq!(refused(&plan, &Told::of(&plan)).0, ExitClass::Invalid);
}

#[test]
fn time_and_state_make_a_plan_stale() {
    let plan = one();
    let told = Told::of(&plan);
    let late = plan.not_after.plus_seconds(1);
    let denied = ask(&plan, &told, late, State::default()).unwrap_err();
    assert_eq!(denied.exit(), ExitClass::Stale);

    // Another plan was applied meanwhile.
    let world = World::new(
        0,
        super::session::plan(&[Row::release("one:z")]),
        Faults::none(),
    );
    ended(once(&world));
    let denied = ask(&plan, &told, plan.created, state(&world)).unwrap_err();
    assert!(matches!(denied, Denied::Stale { .. }), "{denied}");
    assert_eq!(denied.exit(), ExitClass::Stale);

    // A crash between the genesis and the claim of the first write leaves a journal that is as good as empty.
    let mut genesis = State::default();
    let entry = &relplan_testkit::world::contract::chain(Sha256::ZERO, 0, 1, "x")[0];
    genesis.fold(entry, Sha256::of(b"line")).unwrap();
    assert!(ask(&plan, &told, plan.created, genesis).is_ok());
}

#[test]
fn a_plan_without_steps_is_done_at_once_and_writes_nothing() {
    let mut plan = one();
    plan.steps.clear();
    let world = World::new(0, plan, Faults::none());
    let end = ended(once(&world));
    assert_eq!(
        (end.exit, end.words.as_str()),
        (ExitClass::Done, "nothing to do")
    );
    assert_eq!(state(&world), State::default());
}

#[test]
fn l14_an_endpoint_that_was_not_reviewed_is_refused() {
    let endpoint = |role: &str, url: &str, source: &str| Endpoint {
        role: role.to_owned(),
        url: url.to_owned(),
        source: source.to_owned(),
    };
    let mut plan = one();
    plan.targets[0].endpoints = vec![endpoint("registry", "https://one.example/", "spec")];
    let mut told = Told::of(&plan);
    told.target.endpoints[0].source = "environment".to_owned();
    let admitted = ask(&plan, &told, plan.created, State::default());
    assert!(admitted.is_ok(), "where it was configured may differ");

    told.target.endpoints[0].url = "https://evil.example/".to_owned();
    let (exit, words) = refused(&plan, &told);
    assert_eq!(exit, ExitClass::Stale);
    assert!(words.contains("https://evil.example/"), "{words}");
    assert!(words.contains("https://one.example/"), "{words}");

    let mut told = Told::of(&plan);
    let extra = endpoint("upload", "https://evil.example/", "spec");
    told.target.endpoints.push(extra);
    assert_eq!(refused(&plan, &told).0, ExitClass::Stale);

    let mut told = Told::of(&plan);
    told.target.name = TargetName::new("elsewhere").unwrap();
    assert_eq!(refused(&plan, &told).0, ExitClass::Stale);

    let mut told = Told::of(&plan);
    told.describe = Some(Finding::new(
        FindingCode::Unreachable,
        Severity::Error,
        None,
        "no answer",
    ));
    assert_eq!(
        refused(&plan, &told),
        (ExitClass::Unknown, "no answer".to_owned())
    );
}

/// P2: whoever approved the plan was shown its grade.
#[test]
fn l15_a_better_grade_than_the_real_one_is_refused_and_a_worse_one_is_not() {
    let mut plan = one();
    let told = Told::of(&plan);
    plan.targets[0].grade = GateGrade::Brokered;
    let (exit, words) = refused(&plan, &told);
    assert_eq!(exit, ExitClass::Invalid);
    assert!(
        words.contains("brokered") && words.contains("open"),
        "{words}"
    );

    plan.targets[0].grade = GateGrade::Open;
    let mut told = Told::of(&plan);
    told.target.grade = GateGrade::HumanHeld;
    assert!(ask(&plan, &told, plan.created, State::default()).is_ok());
}

#[test]
fn l8_a_missing_credential_is_told_before_the_first_write() {
    let plan = one();
    let mut told = Told::of(&plan);
    told.preflight = Some(Finding::new(
        FindingCode::Credential,
        Severity::Error,
        None,
        "no token",
    ));
    assert_eq!(
        refused(&plan, &told),
        (ExitClass::Credential, "no token".to_owned())
    );
}

#[test]
fn l3_who_the_artifact_says_that_it_is_must_be_who_the_plan_says() {
    let plan = one();
    let mut told = Told::of(&plan);
    told.identity = Some(Identity {
        name: plan.steps[0].address.package.clone(),
        version: Version::new("6.6.6").unwrap(),
    });
    let (exit, words) = refused(&plan, &told);
    assert_eq!(exit, ExitClass::Invalid);
    assert!(
        words.contains("6.6.6") && words.contains("1.0.0"),
        "{words}"
    );
}

#[test]
fn l3_bytes_altered_after_planning_are_never_sent() {
    let plan = one();
    let file = plan.artifacts[0].file.clone();
    let size = plan.artifacts[0].size as usize;
    for bytes in [vec![b'x'; size], b"short".to_vec(), vec![b'x'; 300_000]] {
        let world = World::new(0, plan.clone(), Faults::none());
        world.alter(&file, &bytes);
        let end = ended(once(&world));
        assert_eq!(end.exit, ExitClass::Invalid, "{}", end.words);
        assert!(
            end.words.contains("altered after planning"),
            "{}",
            end.words
        );
        assert_eq!(state(&world), State::default(), "nothing was written");
        assert!(world.uploads().is_empty());
    }
}

/// A source without any artifact.
struct Nothing;

impl ArtifactSource for Nothing {
    fn open(&self, _: &Artifact) -> io::Result<Box<dyn ArtifactRead>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[test]
fn what_is_done_already_need_not_be_at_hand_to_go_on() {
    let plan = plan(&[
        Row::release("one:a").exists(),
        Row::release("one:b").exists(),
    ]);
    let world = World::new(0, plan.clone(), Faults::none());
    ended(once(&world));
    let calls = world.calls();
    let going_on = |at: u64| {
        let world = World::new(0, plan.clone(), Faults::none());
        world.kill_at(Some(at));
        assert!(matches!(once(&world), Ran::Killed));
        let state = state(&world);
        let uploads_done = world.uploads().len() == 2
            && state.open.as_ref().is_some_and(|open| {
                let done = |p: &&relplan_model::state::Progress| {
                    matches!(p, relplan_model::state::Progress::Done(_))
                };
                open.steps.values().filter(done).count() >= 3
            });
        let admission = Admission {
            part: relplan_apply::Part::whole(),
            bytes: world.plan_bytes(),
            now: plan.created,
            state,
            drivers: &world,
            source: &Nothing,
        };
        let Ran::Ended(answer) = world.run(admit(admission)) else {
            panic!("killed")
        };
        (uploads_done, answer)
    };
    let (_, early) = going_on(10);
    assert!(matches!(early, Err(Denied::Artifacts { .. })), "{early:?}");
    let late = (1..=calls).rev().map(going_on).find(|(done, _)| *done);
    let (_, late) = late.unwrap();
    assert_eq!(late.unwrap().standing, Standing::Open);
}
