//! What each way in which a write goes wrong leads to: outcome, exit class, attempts, time.

use std::{collections::BTreeMap, time::Duration};

use relplan_apply::{ExitClass, Options, StepEnd, Stop};
use relplan_model::{
    address::{PointerName, Version},
    event::Event,
    journal::{Entry, How, Record, Resolution},
    port::{Clock as _, StateStore as _},
    state::Progress,
    step::Effect,
};
use relplan_testkit::world::{BEGINNING, Fault, Faults, Limit, Ran, Row, Upload, World};

use super::session::{
    End, apply, check_finished, check_laws, ended, once, plan, state, undisturbed,
};

/// Applies a release of one package while its first writes go wrong in this way.
fn with_fault(fault: Fault, times: u64) -> (World, End) {
    let plan = plan(&[Row::release("one:a")]);
    let world = World::new(1, plan, Faults::always(fault, times));
    let end = ended(once(&world));
    check_laws(&world);
    (world, end)
}

fn publish_end(end: &End) -> &StepEnd {
    &end.report.as_ref().unwrap().steps[0].end
}

fn attempts(world: &World) -> usize {
    let is_start = |event: &&Event| matches!(event, Event::StepStarted { .. });
    world.events().iter().filter(is_start).count()
}

fn seconds(world: &World) -> i64 {
    world.clock().now().unix() - BEGINNING
}

#[test]
fn l4_lost_and_false_answers_end_well_without_a_second_effect() {
    // What went wrong, how it is told, attempts, and how long it takes in seconds: a request without an answer may
    // still be on its way for a minute, one with an answer may take ten seconds to show.
    let table = [
        (Fault::LostResponse, How::FoundAfterUnknown, 1, 0..=1),
        (Fault::ErrorAfterCommit, How::FoundAfterUnknown, 1, 0..=1),
        (Fault::FalseRefusal, How::FoundAfterUnknown, 1, 0..=1),
        // E6: one look finds that the no was not true.
        (Fault::FalseNo, How::FoundAfterUnknown, 1, 0..=1),
        (Fault::RivalSame, How::FoundAfterUnknown, 1, 0..=1),
        (Fault::ErrorBeforeCommit, How::Done, 2, 10..=11),
        (Fault::Forbidden, How::Done, 2, 10..=11),
        (Fault::LostRequest, How::Done, 2, 60..=61),
        (Fault::Later, How::Done, 2, 1..=125),
    ];
    for (fault, how, tries, takes) in table {
        let (world, end) = with_fault(fault, 1);
        assert_eq!(end.exit, ExitClass::Done, "{fault:?}: {}", end.words);
        assert_eq!(publish_end(&end), &StepEnd::Done(how), "{fault:?}");
        assert_eq!(attempts(&world), tries, "{fault:?}");
        let took = seconds(&world);
        assert!(takes.contains(&took), "{fault:?}: {took} s");
        check_finished(&world, &undisturbed(world.plan()));
    }
}

#[test]
fn l4_what_lands_late_is_waited_for() {
    let plan = plan(&[Row::release("one:a")]);
    let expected = undisturbed(&plan);
    let mut by_attempts = [0, 0, 0];
    for seed in 0..40 {
        let world = World::new(seed, plan.clone(), Faults::script(&[Fault::LandsLate]));
        assert_eq!(ended(once(&world)).exit, ExitClass::Done);
        check_finished(&world, &expected);
        by_attempts[attempts(&world)] += 1;
        if attempts(&world) == 2 {
            assert!(
                seconds(&world) >= 60,
                "seed {seed}: sent again after {}",
                seconds(&world)
            );
        }
    }
    assert!(by_attempts[1] > 10 && by_attempts[2] > 5, "{by_attempts:?}");
}

/// The first attempt lands while the second is being refused: perhaps that is what it was refused for.
#[test]
fn l4_a_refusal_after_a_lost_attempt_is_not_the_last_word() {
    let plan = plan(&[Row::release("one:a")]);
    let expected = undisturbed(&plan);
    let mut found = 0;
    for seed in 0..60 {
        let faults = Faults::script(&[Fault::LandsLate, Fault::Refused]);
        let world = World::new(seed, plan.clone(), faults);
        let end = ended(once(&world));
        check_laws(&world);
        if end.exit == ExitClass::Done && attempts(&world) == 2 {
            found += 1;
            check_finished(&world, &expected);
        }
        if end.exit == ExitClass::Partial {
            assert!(seconds(&world) >= 70, "seed {seed}: {} s", seconds(&world));
        }
    }
    assert!(
        found > 0,
        "no seed has the late landing in the time in question"
    );
}

/// A crash in the middle of an attempt, and a registry that then shows no digests: what is there may well be ours, so
/// that this is no conflict.
#[test]
fn l5_a_cut_off_attempt_that_cannot_be_compared_is_unknown_and_no_conflict() {
    let plan = plan(&[Row::release("one:a")]);
    let mut digestless = Faults::none();
    (digestless.digestless_reads, digestless.budget) = (1000, 1_000_000);
    let mut cut_off = 0;
    for at in 1..40 {
        let world = World::new(0, plan.clone(), Faults::none());
        world.kill_at(Some(at));
        if matches!(once(&world), Ran::Ended(_)) {
            break;
        }
        world.kill_at(None);
        let is_open = state(&world).open.is_some_and(|open| {
            open.steps
                .values()
                .any(|p| matches!(p, Progress::Attempted { .. }))
        });
        if is_open && !world.uploads().is_empty() {
            cut_off += 1;
            world.turn_to(digestless.clone());
            let end = ended(once(&world));
            assert_eq!(
                end.exit,
                ExitClass::Unknown,
                "killed at {at}: {}",
                end.words
            );
            assert_eq!(attempts(&world), 1, "nothing is sent again");
        }
    }
    assert!(cut_off > 0);
}

#[test]
fn l2_no_effect_begins_after_the_plan_has_expired() {
    let mut plan = plan(&[Row::release("one:a"), Row::release("one:b").needs("one:a")]);
    plan.not_after = plan.created.plus_seconds(100);
    let mut faults = Faults::none();
    faults.client_lag_millis = 300_000;
    let world = World::new(0, plan, faults);
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Stale, "{}", end.words);
    check_laws(&world);
    assert_eq!(world.uploads().len(), 1, "what it waited for came too late");
}

#[test]
fn after_three_attempts_the_outcome_is_left_unknown() {
    for (fault, most) in [(Fault::ErrorBeforeCommit, 31), (Fault::LostRequest, 181)] {
        let (world, end) = with_fault(fault, 100);
        assert_eq!(end.exit, ExitClass::Unknown, "{fault:?}");
        assert_eq!(attempts(&world), 3);
        assert!(seconds(&world) <= most, "{fault:?}: {} s", seconds(&world));
        assert!(matches!(publish_end(&end), StepEnd::Unknown { .. }));
        world.calm();
        assert_eq!(
            ended(once(&world)).exit,
            ExitClass::Done,
            "it goes on later"
        );
        check_finished(&world, &undisturbed(world.plan()));
    }
}

#[test]
fn a_403_that_persists_is_a_refused_credential() {
    let (world, end) = with_fault(Fault::Forbidden, 100);
    assert_eq!(end.exit, ExitClass::Credential, "{}", end.words);
    let StepEnd::Failed {
        outcome,
        credential,
        detail,
    } = publish_end(&end)
    else {
        panic!("{end:?}")
    };
    assert_eq!((*outcome, *credential), (Resolution::Refused, true));
    assert!(detail.contains("403 Forbidden"), "{detail}");
    assert_eq!(attempts(&world), 3);
    world.calm();
    assert_eq!(
        ended(once(&world)).exit,
        ExitClass::Done,
        "a mended credential goes on"
    );
}

#[test]
fn a_definite_no_fails_its_branch_and_the_others_go_on() {
    let rows = [
        Row::release("one:a"),
        Row::release("one:b").needs("one:a"),
        Row::release("many:c"),
        Row::release("many:d").needs("many:c"),
        Row::yank("one:e"),
    ];
    let faults = Faults::always(Fault::Refused, 1);
    let world = World::new(0, plan(&rows), faults);
    let end = ended(once(&world));
    check_laws(&world);
    assert_eq!(end.exit, ExitClass::Partial, "{}", end.words);
    let report = end.report.unwrap();
    let of = |step: &str| {
        let found = report
            .steps
            .iter()
            .find(|report| report.step.as_str() == step);
        &found.unwrap().end
    };
    // Steps start in the plan's order, so that the fault meets the first by id.
    let failed = "publish many:c@1.0.0";
    assert!(matches!(of(failed), StepEnd::Failed { .. }), "{report:?}");
    for (step, because) in [
        ("await many:c@1.0.0", failed),
        ("publish many:d@1.0.0", "await many:c@1.0.0"),
        ("await many:d@1.0.0", "publish many:d@1.0.0"),
        ("yank one:e@0.9.0", failed),
    ] {
        let StepEnd::NotStarted {
            because: Some(cause),
        } = of(step)
        else {
            panic!("{step}: {:?}", of(step))
        };
        assert_eq!(cause.as_str(), because, "{step}");
    }
    assert_eq!(of("await one:b@1.0.0"), &StepEnd::Done(How::Done));
    assert_eq!((report.done, report.failed, report.skipped), (4, 1, 4));
    assert!(!report.closed);
}

#[test]
fn l6_other_bytes_are_a_conflict_before_and_after_the_attempt() {
    let (world, end) = with_fault(Fault::RivalOther, 1);
    assert_eq!(end.exit, ExitClass::Conflict, "{}", end.words);
    assert!(matches!(
        publish_end(&end),
        StepEnd::Failed { outcome: Resolution::Conflict, detail, .. } if detail.contains("other bytes")
    ));
    assert_eq!(attempts(&world), 1);
    // A second apply looks first, and finds the same without an attempt.
    assert_eq!(ended(once(&world)).exit, ExitClass::Conflict);
    assert_eq!(attempts(&world), 1);
}

#[test]
fn l6_what_appeared_since_the_plan_is_compared_and_not_uploaded_again() {
    let plan = plan(&[Row::release("many:a")]);
    let artifact = &plan.artifacts[0];
    for (bytes, exit) in [
        (artifact.digests.clone(), ExitClass::Done),
        (
            relplan_model::digest::Digests::of(b"other"),
            ExitClass::Conflict,
        ),
        (
            relplan_model::digest::Digests::default(),
            ExitClass::Conflict,
        ),
    ] {
        let world = World::new(0, plan.clone(), Faults::none());
        let upload = Upload {
            address: plan.steps[0].address.clone(),
            version: plan.steps[0].version.clone(),
            file: artifact.file.clone(),
            ours: false,
        };
        world.by_hand(|registries, now| {
            assert!(registries.upload(upload, bytes.clone(), now));
        });
        let end = ended(once(&world));
        assert_eq!(end.exit, exit, "{}", end.words);
        assert_eq!(attempts(&world), 0, "nothing was sent");
        if exit == ExitClass::Done {
            assert_eq!(publish_end(&end), &StepEnd::Done(How::FoundDone));
        }
    }
}

#[test]
fn a_pointer_that_somebody_moved_is_a_conflict_and_stays() {
    let plan = plan(&[Row::release("one:a").exists()]);
    let world = World::new(0, plan, Faults::none());
    let address = world.plan().steps[0].address.clone();
    let elsewhere = relplan_model::address::Version::new("0.9.5").unwrap();
    world.by_hand(|registries, now| {
        registries.change(&address, now, |contents| {
            for version in contents.pointers.values_mut() {
                *version = elsewhere.clone();
            }
        });
    });
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Conflict, "{}", end.words);
    check_laws(&world);
    let contents = &world.contents()["one:a"];
    assert!(
        contents
            .pointers
            .values()
            .any(|version| *version == elsewhere)
    );
    let report = end.report.unwrap();
    assert_eq!((report.done, report.failed, report.skipped), (2, 1, 1));
}

#[test]
fn l5_a_registry_that_cannot_be_asked_is_not_written_to() {
    let mut faults = Faults::none();
    (faults.blind_reads, faults.budget) = (1000, 1_000_000);
    let world = World::new(0, plan(&[Row::release("one:a")]), faults);
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Unknown);
    assert_eq!(attempts(&world), 0);
    let state = state(&world);
    assert!(
        state.open.unwrap().steps.is_empty(),
        "nothing was attempted"
    );
    assert!(world.uploads().is_empty());
}

#[test]
fn l6_a_registry_that_shows_no_digest_leaves_the_outcome_unknown() {
    let mut faults = Faults::none();
    (faults.digestless_reads, faults.budget) = (1000, 1_000_000);
    let world = World::new(0, plan(&[Row::release("one:a")]), faults);
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Unknown, "{}", end.words);
    assert_eq!(attempts(&world), 1);
}

#[test]
fn a_plan_that_expires_on_the_way_stops_before_the_next_effect() {
    let mut faults = Faults::always(Fault::Later, 1_000_000);
    faults.latency_millis = 0;
    let mut plan = plan(&[Row::release("one:a")]);
    plan.not_after = plan.created.plus_seconds(3_600);
    let world = World::new(0, plan, faults);
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Stale, "{}", end.words);
    assert!(seconds(&world) <= 3_600, "{}", seconds(&world));
    check_laws(&world);
}

#[test]
fn a_version_that_clients_are_never_shown_fails_only_its_branch() {
    let mut faults = Faults::none();
    faults.client_lag_millis = 3_600_000;
    let rows = [Row::release("one:a"), Row::release("one:b").needs("one:a")];
    let world = World::new(0, plan(&rows), faults);
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Partial, "{}", end.words);
    assert!(
        (600..=610).contains(&seconds(&world)),
        "{}",
        seconds(&world)
    );
    assert_eq!(
        world.uploads().len(),
        1,
        "L7: nothing that needs it was uploaded"
    );
    world.pass(3_600);
    assert_eq!(ended(once(&world)).exit, ExitClass::Partial);
    world.pass(3_600);
    assert_eq!(ended(once(&world)).exit, ExitClass::Done);
}

/// While one target asks for patience, one step at a time asks it again, and other targets are not kept waiting.
#[test]
fn a_rate_limit_narrows_its_own_lane_alone() {
    let mut rows: Vec<Row> = (0..30)
        .map(|n| Row::release(&format!("one:p{n}")))
        .collect();
    rows.extend((0..30).map(|n| Row::release(&format!("two:q{n}"))));
    let mut faults = Faults::none();
    faults.limit = Some(Limit {
        burst: 5,
        seconds: 600,
        dated: true,
    });
    let mut plan = plan(&rows);
    plan.not_after = plan.created.plus_seconds(7 * 24 * 3_600);
    let world = World::new(3, plan, faults);
    let options = Options {
        parallelism: 8,
        ..Options::default()
    };
    let stop = Stop::new();
    let end = ended(world.run(apply(&world, "runner", &options, &stop)));
    assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
    check_laws(&world);
    let waits = seconds(&world) / 600;
    assert!((25..=27).contains(&waits), "{} s", seconds(&world));
    // 60 that are accepted, and for each that waits one that is told to; 8 may be under way when the limit is met.
    let tries = attempts(&world);
    assert!(tries <= 60 + 25 + 8, "{tries}");
    let Ran::Ended(Ok(lines)) = world.run(async { world.store().load().await }) else {
        panic!("no journal")
    };
    let is_other = |entry: &Entry| match &entry.record {
        Record::Receipt { step, .. } => step.as_str().starts_with("await two:"),
        _ => false,
    };
    let last = lines
        .iter()
        .map(|line| Entry::from_line(line).unwrap())
        .filter(is_other)
        .map(|entry| entry.at.unix() - BEGINNING)
        .max();
    assert!(
        last.unwrap() < 60,
        "the other target was kept waiting: {last:?}"
    );
}

#[test]
fn l9_a_journal_that_cannot_be_written_stops_everything() {
    let mut faults = Faults::none();
    (faults.store_failures, faults.budget) = (200, 1);
    let rows: Vec<Row> = (0..6).map(|n| Row::release(&format!("one:p{n}"))).collect();
    let mut exits = Vec::new();
    for seed in 0..40 {
        let world = World::new(seed, plan(&rows), faults.clone());
        let end = ended(once(&world));
        exits.push(end.exit);
        check_laws(&world);
        if end.exit == ExitClass::Store {
            world.calm();
            assert_eq!(ended(once(&world)).exit, ExitClass::Done);
            check_finished(&world, &undisturbed(world.plan()));
        }
    }
    assert!(exits.contains(&ExitClass::Store), "{exits:?}");
}

/// Ten thousand steps: nothing may grow with the square of the plan.
#[test]
fn ten_thousand_steps_are_walked_in_time_linear_in_them() {
    let walk = |count: usize| {
        let mut rows = Vec::new();
        for n in 0..count {
            let mut row = Row::release(&format!("many:p{n}"));
            for earlier in [n / 2, n / 3, n.saturating_sub(40)] {
                if earlier < n && n % 50 != 0 {
                    row = row.needs(&format!("many:p{earlier}"));
                    break;
                }
            }
            rows.push(row);
        }
        let world = World::new(0, plan(&rows), Faults::none());
        world.expect_rivals();
        let begin = std::time::Instant::now();
        let end = ended(once(&world));
        assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
        begin.elapsed()
    };
    let (few, many) = (walk(500), walk(5_000));
    assert!(
        many < few * 40 + Duration::from_millis(500),
        "{few:?} for 1,000 steps, {many:?} for 10,000"
    );
}

/// Somebody publishes another version of the package by hand, under the pointer that everybody follows.
fn publishes_by_hand(world: &World, address: &str, version: &str) {
    let (address, version) = (address.parse().unwrap(), Version::new(version).unwrap());
    let latest = PointerName::new("latest").unwrap();
    world.by_hand(|registries, now| {
        registries.change(&address, now, |contents| {
            contents.versions.insert(version.clone(), BTreeMap::new());
            contents.pointers.insert(latest, version.clone());
        });
    });
}

/// I4: a name that was new when the plan was made and is not any more is a conflict, whether or not the upload itself
/// moves a pointer; nothing is sent.
#[test]
fn l8_a_name_that_was_new_and_is_not_any_more_is_a_conflict() {
    for address in ["one:a", "many:a"] {
        let world = World::new(1, plan(&[Row::release(address)]), Faults::none());
        publishes_by_hand(&world, address, "7.0.0");
        let before = world.contents();
        let end = ended(once(&world));
        assert_eq!(end.exit, ExitClass::Conflict, "{}", end.words);
        let StepEnd::Failed { detail, .. } = publish_end(&end) else {
            panic!("{end:?}")
        };
        assert!(
            detail.contains("was a new name when the plan was made"),
            "{detail}"
        );
        assert_eq!((attempts(&world), world.contents()), (0, before));
        check_laws(&world);
    }
}

/// I4: the same while the answer to a first attempt is lost: it is given its time, and nothing is sent again.
#[test]
fn l8_a_name_that_somebody_takes_after_a_lost_request_is_a_conflict() {
    let world = World::new(
        1,
        plan(&[Row::release("one:a")]),
        Faults::always(Fault::LostRequest, 1),
    );
    let (options, stop) = (Options::default(), Stop::new());
    let taken = async {
        let is_lost = |event: &Event| matches!(event, Event::StepUnknown { .. });
        while !world.events().iter().any(is_lost) {
            world.clock().sleep(Duration::from_millis(1)).await;
        }
        publishes_by_hand(&world, "one:a", "7.0.0");
    };
    let both = futures_util::future::join(apply(&world, "runner", &options, &stop), taken);
    let Ran::Ended((end, ())) = world.run(both) else {
        panic!("killed")
    };
    assert_eq!(end.exit, ExitClass::Conflict, "{}", end.words);
    assert_eq!(attempts(&world), 1);
    assert!(world.uploads().is_empty());
    assert!(seconds(&world) >= 60, "a lost request is given its time");
    check_laws(&world);
}

/// I4: an upload that moves a pointer of a known name itself moves it from where the plan found it alone.
#[test]
fn l8_an_upload_moves_a_pointer_from_where_the_plan_found_it_alone() {
    let mut plan = plan(&[Row::release("one:a").exists()]);
    // As where a registry has no holding pointer, or the spec names the pointer itself.
    plan.steps.truncate(2);
    for step in &mut plan.steps {
        if let Effect::Publish(publish) = &mut step.effect {
            publish.pointer = Some(PointerName::new("latest").unwrap());
        }
    }
    for (moved, exit) in [(false, ExitClass::Done), (true, ExitClass::Conflict)] {
        let world = World::new(1, plan.clone(), Faults::none());
        if moved {
            publishes_by_hand(&world, "one:a", "7.0.0");
        }
        let end = ended(once(&world));
        assert_eq!(end.exit, exit, "{}", end.words);
        assert_eq!(world.uploads().is_empty(), moved);
        check_laws(&world);
    }
}

/// D15: a chain of steps that were not started has one cause, which is the step at its beginning.
#[test]
fn a_chain_that_was_not_started_has_one_cause_with_a_count() {
    let plan = plan(&[
        Row::release("one:a"),
        Row::release("many:b").needs("one:a"),
        Row::release("many:c").needs("many:b"),
    ]);
    let world = World::new(1, plan, Faults::always(Fault::Refused, 1));
    let end = ended(once(&world));
    let report = end.report.unwrap();
    let roots: Vec<(Option<&str>, usize)> = report
        .roots()
        .into_iter()
        .map(|(root, number)| (root.map(|step| step.as_str()), number))
        .collect();
    assert_eq!(roots, [(Some("publish one:a@1.0.0"), 5)]);
}
