//! Adoption outside of a plan: what is taken, what is refused, and that a plan made afterwards has nothing to say.

use std::fmt::Write as _;

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Fact, Record},
    time::Timestamp,
};
use relplan_plan::{PlanInput, Standing, adoption_queries, adoptions, plan, queries};

use crate::{render::render, world::world};

/// One line for each package and each fact.
fn shown(input: &PlanInput) -> String {
    let mut text = String::new();
    for adoption in adoptions(input, &mut Vec::new()) {
        let standing = match adoption.standing {
            Standing::There => "there".to_owned(),
            Standing::NotThere => "not there".to_owned(),
            Standing::Unknown { reason } => format!("unknown: {reason}"),
            Standing::Refused { reasons } => {
                let first = reasons.first().cloned().unwrap_or_default();
                let words: Vec<&str> = first.split_whitespace().take(3).collect();
                let is_packed = first.contains(" here and ");
                let told = words.join(" ");
                format!("refused: {}", if is_packed { "other bytes" } else { &told })
            }
        };
        writeln!(
            text,
            "{} {}: {standing}",
            adoption.address, adoption.desired
        )
        .unwrap();
        for fact in adoption.facts {
            let line = match fact {
                Fact::File { version, file, .. } => format!("file {version} {file}"),
                Fact::Resolvable { version, .. } => format!("shown {version}"),
                Fact::Pointer {
                    pointer, version, ..
                } => format!(
                    "{pointer}={}",
                    version.map_or_else(String::new, |v| v.to_string())
                ),
                Fact::Yanked { version, .. } => format!("yanked {version}"),
                Fact::Deprecated { version, .. } => format!("deprecated {version}"),
            };
            writeln!(text, "  {line}").unwrap();
        }
    }
    text
}

/// The same world after everything that there is to be adopted was recorded.
fn adopted(mut input: PlanInput) -> PlanInput {
    let facts: Vec<Fact> = adoptions(&input, &mut Vec::new())
        .into_iter()
        .flat_map(|one| one.facts)
        .collect();
    let entry = Entry {
        seq: input.state.length,
        prev: input.state.head,
        at: Timestamp::from_unix(crate::world::NOW),
        record: Record::Adopted {
            facts,
            serial: input.state.serial + 1,
        },
    };
    let line = Sha256::of(&entry.to_line().unwrap());
    input.state.fold(&entry, line).unwrap();
    input
}

/// What is seen is adopted, and then `later` is seen instead.
fn planned_later(before: &str, later: &str) -> String {
    let mut input = adopted(world(before));
    input.observations = world(later).observations;
    render(&plan(&input))
}

#[test]
fn what_is_there_is_adopted_with_what_users_get_and_a_plan_is_empty_then() {
    let input = world(
        "want npm:widget 1.4.0
         want crates:gadget 2.0.0
         seen npm:widget 1.4.0 aa
         seen npm:widget 1.5.0 bb
         seen npm:widget @latest=1.5.0
         seen npm:widget @relplan=1.3.0
         seen crates:gadget 2.0.0 cc yanked
         seen crates:gadget 1.0.0 dd
         seen crates:gadget current=1.0.0",
    );
    assert_eq!(
        shown(&input),
        "crates:gadget 2.0.0: there
  file 1.0.0 gadget-1.0.0.crate
  shown 1.0.0
  file 2.0.0 gadget-2.0.0.crate
  shown 2.0.0
  yanked 2.0.0
npm:widget 1.4.0: there
  file 1.4.0 widget-1.4.0.tgz
  shown 1.4.0
  file 1.5.0 widget-1.5.0.tgz
  shown 1.5.0
  latest=1.5.0
"
    );
    let input = adopted(input);
    assert_eq!(
        shown(&input),
        "crates:gadget 2.0.0: there\nnpm:widget 1.4.0: there\n",
        "a second run has nothing to do"
    );
    let made = plan(&input);
    assert!(!made.has_steps());
    assert!(!render(&made).contains("drift"), "{}", render(&made));
}

#[test]
fn l5_l6_what_is_unknown_or_has_other_bytes_is_not_adopted_and_the_rest_is() {
    let input = world(
        "want npm:a 1.0.0
         want npm:b 1.0.0
         want npm:c 1.0.0
         want npm:d 1.0.0
         want weak:e 1.0.0
         packed npm/b 1.0.0 bb
         recorded npm:c 1.0.0 cc
         seen npm:a unknown
         seen npm:b 1.0.0 ff
         seen npm:b @latest=1.0.0
         seen npm:c 1.0.0 ff
         seen npm:d 1.0.0 dd
         seen weak:e 1.0.0 weak:ee",
    );
    assert_eq!(
        shown(&input),
        "npm:a 1.0.0: unknown: the connection timed out
npm:b 1.0.0: refused: other bytes
npm:c 1.0.0: refused: c-1.0.0.tgz is recorded
npm:d 1.0.0: there
  file 1.0.0 d-1.0.0.tgz
  shown 1.0.0
weak:e 1.0.0: refused: the target shows
"
    );
}

#[test]
fn a_version_that_is_not_there_yet_is_left_to_a_plan_and_one_that_is_gone_is_not_forgotten() {
    let input = world(
        "want npm:new 1.0.0
         want npm:next 1.1.0
         want crates:gone 1.0.0
         recorded crates:gone 1.0.0 aa
         seen npm:new absent
         seen npm:next 1.0.0 aa
         seen npm:next @latest=1.0.0
         seen crates:gone empty",
    );
    assert_eq!(
        shown(&input),
        "crates:gone 1.0.0: refused: recorded as published,
npm:new 1.0.0: not there
npm:next 1.1.0: not there
  file 1.0.0 next-1.0.0.tgz
  shown 1.0.0
  latest=1.0.0
"
    );
    let rendered = render(&plan(&adopted(input)));
    assert!(rendered.contains("+ npm:next 1.0.0 -> 1.1.0"), "{rendered}");
}

#[test]
fn what_changes_after_adoption_is_drift() {
    let there = "want npm:widget 1.0.0
                 seen npm:widget 1.0.0 aa
                 seen npm:widget @latest=1.0.0";
    for (later, expected) in [
        (
            "seen npm:widget 1.0.0 ff\nseen npm:widget @latest=1.0.0",
            "conflict npm:widget: ",
        ),
        (
            "seen npm:widget 0.9.0 bb\nseen npm:widget 1.0.0 aa\nseen npm:widget @latest=0.9.0",
            "drift-pointer npm:widget: latest named 1.0.0 when that was adopted",
        ),
        ("seen npm:widget empty", "drift-deleted npm:widget: "),
        ("seen npm:widget absent", "drift-deleted npm:widget: "),
    ] {
        let rendered = planned_later(there, later);
        assert!(rendered.contains(expected), "{later}\n{rendered}");
    }
    let rendered = planned_later(
        "want crates:widget 1.0.0\nseen crates:widget 1.0.0 aa",
        "seen crates:widget 1.0.0 aa yanked",
    );
    assert!(
        rendered.contains("drift-yanked crates:widget"),
        "{rendered}"
    );
    // The manifest is behind what users get, and somebody moves the pointer to the version of the manifest's past.
    let rendered = planned_later(
        "want npm:widget 1.0.0\nseen npm:widget 1.0.0 aa\nseen npm:widget 1.1.0 bb\nseen npm:widget 0.9.0 cc\nseen npm:widget @latest=1.1.0\nseen npm:widget @old=0.9.0",
        "seen npm:widget 1.0.0 aa\nseen npm:widget 1.1.0 bb\nseen npm:widget 0.9.0 cc\nseen npm:widget @latest=0.9.0\nseen npm:widget @old=0.9.0",
    );
    assert!(
        rendered.contains(
            "drift-pointer npm:widget: latest is recorded as naming 1.1.0, and now it names 0.9.0"
        ),
        "{rendered}"
    );
}

#[test]
fn versions_that_only_a_first_look_shows_are_asked_about() {
    let input = world(
        "want npm:widget 1.0.0
         want npm:gadget 1.0.0
         seen npm:widget 1.0.0 aa
         seen npm:widget @latest=1.1.0
         seen npm:gadget 1.0.0 aa
         seen npm:gadget @latest=1.0.0",
    );
    let first = queries(
        &input.releases,
        &input.state,
        relplan_model::observation::Freshness::Revalidated,
    );
    let further = adoption_queries(&first, &input.observations);
    let asked: Vec<String> = further
        .iter()
        .map(|query| format!("{} {:?}", query.address, query.versions))
        .collect();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(
        asked[0].starts_with("npm:widget ") && asked[0].contains("1.1.0"),
        "{asked:?}"
    );
}
