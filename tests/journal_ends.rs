//! What is noticed of a journal that lacks its end, though the plan that it broke off in was begun in it.

use crate::{
    one_journal::says,
    state_commands::{expect, project},
};

/// D1, D7: a journal that lacks its end is noticed though the plan's claim is in it: this machine remembers how far an apply
/// had come when it ended, and how much a push was to carry, which goes on where it was interrupted.
#[test]
fn l9_a_journal_that_was_cut_off_within_a_plan_is_noticed() {
    let environment = project();
    expect(&environment, 0, &["apply", "--yes"]);
    let cut_off = |folder: &str| {
        let journal = environment.project().join(folder).join("journal.jsonl");
        let whole = std::fs::read_to_string(&journal).unwrap();
        let begun: String = whole.split_inclusive('\n').take(3).collect();
        assert!(begun.contains("\"claim\"") && begun.len() < whole.len());
        std::fs::write(&journal, begun).unwrap();
        whole
    };
    let whole = cut_off(".relplan/state");
    for command in [&["plan"][..], &["apply", "--yes"], &["status"]] {
        let refused = expect(&environment, 10, command);
        says(
            &refused,
            &["this machine, which last wrote to it", "it is at serial 1"],
        );
    }
    let journal = environment.project().join(".relplan/state/journal.jsonl");
    std::fs::write(&journal, whole).unwrap();

    let there = ["--state", "elsewhere"];
    let push = [&["state", "push", "--from", ".relplan/state"][..], &there].concat();
    expect(&environment, 0, &push);
    cut_off("elsewhere");
    for command in [
        &["plan"][..],
        &["apply", "--yes"],
        &["state", "pull", "--into", "copy"],
    ] {
        let refused = expect(&environment, 10, &[command, &there].concat());
        says(&refused, &["this machine, which last wrote to it"]);
    }
    let onward = ["state", "push", "--from", "elsewhere", "--state", "further"];
    says(
        &expect(&environment, 10, &onward),
        &["this machine, which last wrote to it"],
    );
    expect(&environment, 0, &push);
    let plan = [&["plan", "--detailed-exitcode"][..], &there].concat();
    says(&expect(&environment, 0, &plan), &["Nothing to do"]);
}
