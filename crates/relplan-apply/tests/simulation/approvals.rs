//! Approvals as the walk sees them: asked when the plan is claimed and before each effect, written down by the claim, and
//! the end of everything that was not begun when they are gone.

use std::sync::atomic::{AtomicU64, Ordering};

use relplan_apply::{ExitClass, Options, StepEnd, Stop};
use relplan_model::{
    approval::{ApprovalGrade, Approved, CountedApproval, PinnedPolicy},
    digest::Sha256,
    journal::{Entry, Record},
    port::{Approvals, BoxFuture, StateStore as _, Withheld},
    step::Class,
};
use relplan_testkit::world::{Faults, Ran, Row, World};

use super::session::{
    End, apply_if, check_finished, check_laws, ended, once, plan, state, undisturbed,
};

/// Nobody has to say anything.
pub(crate) struct Ungated;

impl Approvals for Ungated {
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// Approved for a number of questions, and no longer.
struct Until {
    asked: AtomicU64,
    last: u64,
    approved: Approved,
}

impl Until {
    fn new(last: u64, person: &str, version: u64) -> Self {
        let approval = CountedApproval {
            person: person.to_owned(),
            grade: ApprovalGrade::Touched,
            digest: Sha256::of(person.as_bytes()),
            record: format!("record of {person}"),
        };
        Self {
            asked: AtomicU64::new(0),
            last,
            approved: Approved {
                policy: PinnedPolicy {
                    version,
                    digest: Sha256::of(b"policy"),
                },
                approvals: vec![approval],
            },
        }
    }
}

impl Approvals for Until {
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>> {
        let answer = if self.asked.fetch_add(1, Ordering::Relaxed) < self.last {
            Ok(Some(self.approved.clone()))
        } else {
            Err(Withheld {
                reason: "bob's key is revoked".to_owned(),
            })
        };
        Box::pin(std::future::ready(answer))
    }
}

fn world() -> World {
    let rows = [
        Row::release("one:a").exists(),
        Row::release("one:b").needs("one:a").exists(),
        Row::release("two:c"),
    ];
    World::new(0, plan(&rows), Faults::none())
}

fn run(world: &World, approvals: &dyn Approvals) -> End {
    ended(world.run(apply_if(
        approvals,
        world,
        "runner",
        &Options::default(),
        &Stop::new(),
    )))
}

fn records(world: &World) -> Vec<Record> {
    let store = world.store();
    let Ran::Ended(lines) = world.run(store.load()) else {
        unreachable!()
    };
    let lines = lines.unwrap();
    let entry = |line: &Vec<u8>| Entry::from_line(line).unwrap().record;
    lines.iter().map(entry).collect()
}

#[test]
fn a_plan_that_is_not_approved_is_not_claimed() {
    let world = world();
    let end = run(&world, &Until::new(0, "alice", 1));
    assert_eq!(end.exit, ExitClass::Approval, "{}", end.words);
    assert_eq!(end.exit.code(), 4);
    assert_eq!(records(&world), [], "nothing was written");
    assert!(world.uploads().is_empty());
}

#[test]
fn the_claim_writes_down_who_allowed_it() {
    let world = world();
    let approvals = Until::new(u64::MAX, "alice", 1);
    let end = run(&world, &approvals);
    assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
    let claimed = records(&world).into_iter().find_map(|record| match record {
        Record::Claim { approved, .. } => approved,
        _ => None,
    });
    assert_eq!(claimed, Some(approvals.approved));
    assert_eq!(state(&world).policy.unwrap().version, 1);
    let effects = world.plan().steps.iter();
    let effects = effects.filter(|step| step.effect.class() != Class::Inert);
    let asked = approvals.asked.load(Ordering::Relaxed);
    assert_eq!(
        asked,
        1 + effects.count() as u64,
        "asked at the claim, and before each effect"
    );
}

#[test]
fn an_approval_taken_back_stops_every_effect_that_has_not_begun() {
    let expected = undisturbed(world().plan());
    let effects = world().plan().steps.len() as u64;
    let mut stopped = 0;
    for last in 1..effects {
        let world = world();
        let end = run(&world, &Until::new(last, "alice", 1));
        check_laws(&world);
        if end.exit == ExitClass::Done {
            continue;
        }
        stopped += 1;
        assert_eq!(end.exit, ExitClass::Approval, "{last}: {}", end.words);
        let report = end.report.unwrap();
        let withheld = |end: &StepEnd| matches!(end, StepEnd::Withheld { detail } if detail.contains("revoked"));
        assert!(
            report.steps.iter().any(|step| withheld(&step.end)),
            "{last}"
        );
        let intents = records(&world)
            .into_iter()
            .filter(|record| matches!(record, Record::Intent { .. }));
        assert_eq!(intents.count() as u64, last - 1, "no intent without a yes");
        assert!(state(&world).open.is_some(), "the plan stays open");

        // Approved again, by somebody else: the same plan goes on, and who allowed that is written down.
        let again = run(&world, &Until::new(u64::MAX, "carol", 2));
        assert_eq!(again.exit, ExitClass::Done, "{last}: {}", again.words);
        check_finished(&world, &expected);
        let resumed = records(&world).into_iter().find_map(|record| match record {
            Record::Resumed { approved, .. } => approved,
            _ => None,
        });
        let resumed = resumed.unwrap();
        assert_eq!(resumed.approvals[0].person, "carol");
        assert_eq!(state(&world).policy.unwrap().version, 2);
    }
    assert!(stopped >= 5, "{stopped}");
}

#[test]
fn a_policy_never_goes_away_and_never_goes_back() {
    for last in [1, 2] {
        let world = world();
        let end = run(&world, &Until::new(last, "alice", 2));
        assert_eq!(end.exit, ExitClass::Approval, "{}", end.words);
        let before = records(&world);
        assert_eq!(
            ended(once(&world)).exit,
            ExitClass::Store,
            "without a policy"
        );
        let older = run(&world, &Until::new(u64::MAX, "alice", 1));
        assert_eq!(older.exit, ExitClass::Store, "with an older one");
        assert_eq!(records(&world), before, "nothing was written");
    }
}
