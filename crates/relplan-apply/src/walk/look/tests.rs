//! What an answer says about each kind of step.

use std::collections::BTreeMap;

use relplan_model::{
    address::{FileName, PointerName, Version},
    digest::Digests,
    observation::{Facts, FileFacts, Freshness, Observation, Seen, VersionFacts},
    plan::Plan,
};
use relplan_testkit::world::{Row, plan_of};

use super::{Look, judge, query};
use crate::index::Index;

fn version(text: &str) -> Version {
    Version::new(text).unwrap()
}

/// A registry with one version that has these files.
fn has(at: &str, files: &[(&str, Digests)]) -> Facts {
    let file = |(name, digests): &(&str, Digests)| {
        let facts = FileFacts {
            digests: digests.clone(),
            size: None,
        };
        (FileName::new(*name).unwrap(), facts)
    };
    let facts = VersionFacts {
        files: files.iter().map(file).collect(),
        ..VersionFacts::default()
    };
    Facts {
        versions: BTreeMap::from([(version(at), facts)]),
        ..Facts::default()
    }
}

fn pointing(mut facts: Facts, pointer: &str, to: &str) -> Facts {
    let pointer = PointerName::new(pointer).unwrap();
    facts.pointers.insert(pointer, version(to));
    facts
}

/// The first word of what an answer says about the step of this name.
fn says(plan: &Plan, step: &str, seen: Seen) -> String {
    let index = Index::new(plan).unwrap();
    let step = plan.steps.iter().find(|s| s.id.as_str() == step).unwrap();
    let observation = Observation {
        address: step.address.clone(),
        seen,
        evidence: Vec::new(),
    };
    let look = format!("{:?}", judge(&index, step, &observation));
    look.split('(').next().unwrap().to_owned()
}

#[test]
fn l4_l6_files_are_compared_by_digest_and_by_nothing_else() {
    let plan = plan_of(&[Row::release("one:a"), Row::release("many:b").files(2)]).unwrap();
    let bytes = |file: &str| {
        let artifact = plan.artifacts.iter().find(|a| a.file.as_str() == file);
        artifact.unwrap().digests.clone()
    };
    let tarball = bytes("one-a-1.0.0.0.tarball");
    let wheel = bytes("many-b-1.0.0.0.wheel");
    let (other, none) = (Digests::of(b"other"), Digests::default());
    let one = "publish one:a@1.0.0";
    let two = "publish many:b@1.0.0 many-b-1.0.0.0.wheel";
    let present = |facts| Seen::Present(facts);
    let table = [
        (one, Seen::Absent, "Open"),
        // The name was new when the plan was made.
        (one, present(Facts::default()), "Moved"),
        (
            one,
            present(has("0.9.0", &[("x.tarball", other.clone())])),
            "Moved",
        ),
        (one, present(has("1.0.0", &[])), "Open"),
        // A version is one file there, under whatever name.
        (
            one,
            present(has("1.0.0", &[("renamed", tarball.clone())])),
            "Reached",
        ),
        (
            one,
            present(has("1.0.0", &[("renamed", other.clone())])),
            "Against",
        ),
        (
            one,
            present(has("1.0.0", &[("renamed", none.clone())])),
            "Incomparable",
        ),
        // A version has several files here: only the name tells which.
        (
            two,
            present(has("1.0.0", &[("many-b-1.0.0.0.wheel", wheel.clone())])),
            "Reached",
        ),
        (
            two,
            present(has("1.0.0", &[("many-b-1.0.0.0.wheel", other.clone())])),
            "Against",
        ),
        (
            two,
            present(has("1.0.0", &[("other.wheel", other.clone())])),
            "Open",
        ),
        (
            two,
            Seen::Unknown {
                reason: "x".to_owned(),
            },
            "Blind",
        ),
        (
            "await many:b@1.0.0",
            present(has("1.0.0", &[("many-b-1.0.0.0.wheel", wheel)])),
            "Open",
        ),
        (
            "await one:a@1.0.0",
            present(has("1.0.0", &[("renamed", tarball)])),
            "Reached",
        ),
        (
            "await one:a@1.0.0",
            present(has("1.0.0", &[("renamed", other)])),
            "Against",
        ),
    ];
    for (step, seen, expected) in table {
        let shown = format!("{step}: {seen:?}");
        assert_eq!(says(&plan, step, seen), expected, "{shown}");
    }
}

#[test]
fn pointers_move_from_where_the_plan_saw_them_alone() {
    let plan = plan_of(&[Row::release("one:a").exists()]).unwrap();
    let (point, unpoint) = ("point one:a#latest 1.0.0", "unpoint one:a#holding");
    let there = || has("1.0.0", &[]);
    let table = [
        (point, pointing(there(), "latest", "0.9.0"), "Open"),
        (point, pointing(there(), "latest", "1.0.0"), "Reached"),
        (point, pointing(there(), "latest", "0.9.5"), "Against"),
        (point, there(), "Against"),
        (unpoint, pointing(there(), "holding", "1.0.0"), "Open"),
        (unpoint, pointing(there(), "holding", "0.9.5"), "Against"),
        (unpoint, there(), "Reached"),
        // An answer from before the version was there says nothing about what points to it.
        (
            point,
            pointing(Facts::default(), "latest", "0.9.0"),
            "Blind",
        ),
        (unpoint, Facts::default(), "Blind"),
    ];
    for (step, facts, expected) in table {
        let shown = format!("{step}: {facts:?}");
        assert_eq!(says(&plan, step, Seen::Present(facts)), expected, "{shown}");
    }
}

#[test]
fn what_is_to_be_yanked_or_deprecated_or_adopted_must_be_there() {
    let plan = plan_of(&[
        Row::yank("one:a"),
        Row::deprecate("one:b"),
        Row::adopt("one:c"),
    ])
    .unwrap();
    let (yank, deprecate) = ("yank one:a@0.9.0", "deprecate one:b <1");
    let adopt = "adopt one:c@1.0.0";
    let has = |at: &str, files: &[(&str, Digests)]| {
        let mut facts = has(at, files);
        facts.ranges = BTreeMap::from([("<1".to_owned(), vec![version("0.9.0")])]);
        facts
    };
    let matching = |matched: Option<&str>| {
        let mut facts = has("0.9.0", &[]);
        facts.ranges.clear();
        let matched = matched.map(|at| vec![version(at)]);
        facts
            .ranges
            .extend(matched.map(|all| ("<1".to_owned(), all)));
        facts
    };
    let with = |change: fn(&mut VersionFacts)| {
        let mut facts = has("0.9.0", &[]);
        facts.versions.values_mut().for_each(change);
        facts
    };
    let yanked = with(|facts| facts.yanked = true);
    let said = |text: &'static str| {
        let mut facts = has("0.9.0", &[]);
        for version in facts.versions.values_mut() {
            version.deprecated = Some(text.to_owned());
        }
        facts
    };
    let bytes = plan.artifacts[0].digests.clone();
    let table = [
        (yank, has("0.9.0", &[]), "Open"),
        (yank, yanked, "Reached"),
        (yank, Facts::default(), "Against"),
        (deprecate, has("0.9.0", &[]), "Open"),
        (deprecate, said("something else"), "Open"),
        (deprecate, said("use 1.0.0"), "Reached"),
        (deprecate, Facts::default(), "Against"),
        // B5: the plan's word on what the range matches is not enough.
        (deprecate, matching(Some("0.8.0")), "Against"),
        (deprecate, matching(None), "Blind"),
        (adopt, has("1.0.0", &[("x", bytes)]), "Reached"),
        (adopt, has("1.0.0", &[("x", Digests::of(b"y"))]), "Against"),
        (adopt, Facts::default(), "Against"),
    ];
    for (step, facts, expected) in table {
        let shown = format!("{step}: {facts:?}");
        assert_eq!(says(&plan, step, Seen::Present(facts)), expected, "{shown}");
    }
}

#[test]
fn l5_an_answer_about_another_package_is_no_answer() {
    let plan = plan_of(&[Row::release("one:a"), Row::release("one:b")]).unwrap();
    let index = Index::new(&plan).unwrap();
    let observation = Observation {
        address: plan.steps[1].address.clone(),
        seen: Seen::Absent,
        evidence: Vec::new(),
    };
    let look = judge(&index, &plan.steps[0], &observation);
    assert!(matches!(look, Look::Blind(_)), "{look:?}");
    let asked = query(&plan.steps[0], Freshness::Authoritative);
    assert_eq!(asked.versions, [version("1.0.0")]);
}
