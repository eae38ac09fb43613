//! What a large plan costs, counted and not timed: journal, looks and appends grow as the steps do, and no faster.

use relplan_apply::ExitClass;
use relplan_testkit::world::{Appended, Faults, Row, World};

use super::session::{ended, once, plan, state};

/// Applies a plan of releases in chains of ten, with this many steps; returns what was appended, and the port calls.
fn cost(steps: usize) -> (Appended, u64) {
    let releases = steps / 2;
    let row = |number: usize| {
        let row = Row::release(&format!("one:p{number:05}"));
        if number.is_multiple_of(10) {
            row
        } else {
            row.needs(&format!("one:p{:05}", number - 1))
        }
    };
    let rows: Vec<Row> = (0..releases).map(row).collect();
    let plan = plan(&rows);
    assert_eq!(plan.steps.len(), steps);
    let world = World::new(0, plan, Faults::none());
    let end = ended(once(&world));
    assert_eq!(end.exit, ExitClass::Done, "{}", end.words);
    assert_eq!(state(&world).open, None);
    (world.appended(), world.calls())
}

#[test]
fn l9_ten_thousand_steps_cost_ten_times_what_a_thousand_do() {
    let (small, few) = cost(1_000);
    let (large, many) = cost(10_000);
    // Genesis, claim and close, an intent and a receipt for each upload, a receipt for each wait.
    assert_eq!(small.lines, 3 + 1_500);
    assert_eq!(large.lines, 3 + 15_000);
    let per_line = |appended: &Appended| appended.bytes / appended.lines;
    assert!(
        per_line(&large) <= per_line(&small) + 16,
        "a line grows with the journal: {} bytes, then {}",
        per_line(&small),
        per_line(&large)
    );
    assert!(large.bytes < 15_003 * 600, "{} bytes", large.bytes);
    // What comes together is written together: 32 steps are under way at once, and all of them write in one append.
    assert!(
        large.calls * 8 < large.lines,
        "{} appends for {} lines",
        large.calls,
        large.lines
    );
    assert!(many < few * 11, "{few} port calls, then {many}");
}
