//! The check finds each rule's breach in a plan that is otherwise as it should be.

use relplan_model::{
    address::Version,
    contents::{Basis, Entry},
    digest::{Algorithm, Sha256},
    observation::Seen,
    plan::{Action, Plan},
    step::{Effect, Publish, Step},
};
use relplan_plan::{Rule, check, plan};

use crate::world::{address, digests, pointer, world};

/// A plan with every kind of step and row.
pub(crate) fn whole() -> Plan {
    let made = plan(&world(
        "want npm:a 1.1.0
         want npm:b 1.1.0
         want npm:c 1.0.0
         want npm:d 1.0.0
         want npm:e 1.0.0
         want pypi:w 1.0.0
         yank crates:y 1.0.0 broken
         deprecate npm:a <1 old
         dep npm/b normal npm/a
         packed npm/a 1.1.0 a
         packed npm/b 1.1.0 b
         packed npm/c 1.0.0 c
         packed npm/d 1.0.0 d
         packed npm/e 1.0.0 e
         packed python/w 1.0.0 w
         packed python/w 1.0.0 s kind=sdist
         seen npm:a @latest=1.0.0
         seen npm:a 0.9.0 x
         seen npm:a range <1 0.9.0
         seen npm:b absent
         seen npm:c 1.0.0 c
         seen npm:c @latest=1.0.0
         seen npm:d unknown
         seen npm:e 1.0.0 e
         seen npm:e @latest=1.0.0
         seen pypi:w absent
         seen crates:y 1.0.0 y
         recorded npm:e 1.0.0 e
         contents npm:a a-1.1.0.tgz 1.0.0 changed=x added=y script=install:-:z
         contents npm:b b-1.1.0.tgz nothing added=x",
    ));
    assert_eq!(check(&made), []);
    made
}

pub(crate) fn step<'a>(plan: &'a mut Plan, id: &str) -> &'a mut Step {
    plan.steps
        .iter_mut()
        .find(|step| step.id.as_str() == id)
        .unwrap()
}

pub(crate) fn publish<'a>(plan: &'a mut Plan, id: &str) -> &'a mut Publish {
    match &mut step(plan, id).effect {
        Effect::Publish(publish) => publish,
        other => panic!("{other:?}"),
    }
}

fn seen<'a>(plan: &'a mut Plan, at: &str) -> &'a mut Seen {
    let looks = &mut plan.observations;
    &mut looks
        .iter_mut()
        .find(|look| look.address == address(at))
        .unwrap()
        .seen
}

fn facts<'a>(plan: &'a mut Plan, at: &str) -> &'a mut relplan_model::observation::Facts {
    match seen(plan, at) {
        Seen::Present(facts) => facts,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn drop_step(plan: &mut Plan, id: &str) {
    plan.steps.retain(|step| step.id.as_str() != id);
    for step in &mut plan.steps {
        step.needs.retain(|need| need.as_str() != id);
    }
    for change in &mut plan.changes {
        change.steps.retain(|step| step.as_str() != id);
    }
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// Breaks a plan, and expects that the rule is among those that the check finds broken.
#[track_caller]
pub(crate) fn breaks(rule: Rule, change: impl FnOnce(&mut Plan)) {
    let mut broken = whole();
    change(&mut broken);
    let found = check(&broken);
    assert!(
        found.iter().any(|one| one.rule == rule),
        "{rule:?} is not among {found:#?}"
    );
}

/// P2: what becomes part of somebody's words or script is a word.
#[test]
fn kinds_roles_and_codes_that_are_no_words() {
    for odd in ["", "npm\u{1b}[2J", "npm x", "Npm", "npm$(id)", "npm\nnpm"] {
        breaks(Rule::Words, |plan| plan.targets[0].kind = odd.to_owned());
        breaks(Rule::Words, |plan| {
            plan.targets[0].endpoints[0].role = odd.to_owned();
        });
        breaks(Rule::Words, |plan| {
            plan.changes[0].reasons[0].code = odd.to_owned();
        });
        breaks(Rule::Words, |plan| plan.findings[0].code = odd.to_owned());
    }
    breaks(Rule::Words, |plan| {
        plan.targets[0].endpoints[0].role = "registry @\u{202e}".to_owned();
    });
    breaks(Rule::Words, |plan| {
        plan.targets[0].endpoints[0].url.push('\u{9b}');
    });
    breaks(Rule::Words, |plan| {
        plan.targets[0].endpoints[0].source.push('\n');
    });
}

/// P3: the loud word is gone, and what gave reason for it is still there.
#[test]
fn a_finding_about_contents_that_was_dropped() {
    let due = |finding: &relplan_model::finding::Finding| {
        finding.code.ends_with("-script") || finding.code == "new-dependency"
    };
    assert!(whole().findings.iter().any(due));
    breaks(Rule::Findings, |plan| {
        plan.findings.retain(|finding| !due(finding));
    });
    breaks(Rule::Findings, |plan| {
        let finding = plan.findings.iter_mut().find(|finding| due(finding));
        finding.unwrap().message = "all is well".to_owned();
    });
}

#[test]
fn contents_of_nothing_that_is_uploaded_or_beyond_their_limits() {
    breaks(Rule::References, |plan| {
        plan.contents[0].address = address("npm:c")
    });
    breaks(Rule::Order, |plan| plan.contents.swap(0, 1));
    breaks(Rule::Order, |plan| plan.contents[0].entries.swap(0, 1));
    breaks(Rule::Contents, |plan| plan.contents[0].omitted = 1);
    breaks(Rule::Contents, |plan| plan.contents[0].notable_omitted = 1);
    breaks(Rule::Contents, |plan| {
        let one = plan.contents[0].entries[0].clone();
        plan.contents[0].entries = (0..501)
            .map(|number| Entry {
                path: format!("{number:04}"),
                ..one.clone()
            })
            .collect();
    });
    breaks(Rule::Contents, |plan| {
        plan.contents[0].basis = Basis::Unknown {
            reason: "nobody looked".to_owned(),
        }
    });
    breaks(Rule::Contents, |plan| {
        if let Basis::Published { digests, .. } = &mut plan.contents[0].basis {
            digests.0.remove(&Algorithm::Sha256);
        }
    });
}

#[test]
fn a_document_of_another_format_or_on_an_impossible_state() {
    breaks(Rule::Document, |plan| {
        plan.format = "relplan.plan/0".to_owned()
    });
    breaks(Rule::Document, |plan| plan.base.lineage = None);
    breaks(Rule::Document, |plan| plan.base.head = Sha256::ZERO);
    breaks(Rule::Lifetime, |plan| plan.not_after = plan.created);
}

#[test]
fn l1_lists_that_are_not_in_order_or_have_something_twice() {
    breaks(Rule::Order, |plan| plan.targets.reverse());
    breaks(Rule::Order, |plan| plan.artifacts.reverse());
    breaks(Rule::Order, |plan| plan.observations.reverse());
    breaks(Rule::Order, |plan| plan.changes.reverse());
    breaks(Rule::Order, |plan| plan.steps.swap(0, 1));
    breaks(Rule::Order, |plan| plan.costs.reverse());
    breaks(Rule::Order, |plan| {
        plan.findings.push(plan.findings[0].clone())
    });
    breaks(Rule::Order, |plan| plan.steps.push(plan.steps[0].clone()));
    breaks(Rule::Order, |plan| {
        plan.artifacts.insert(0, plan.artifacts[0].clone())
    });
    breaks(Rule::Order, |plan| {
        let wait = step(plan, "await pypi:w@1.0.0");
        wait.needs.reverse();
    });
}

#[test]
fn steps_whose_id_or_phase_is_not_that_of_their_content() {
    breaks(Rule::Identity, |plan| {
        step(plan, "publish npm:a@1.1.0").version = version("1.2.0")
    });
    breaks(Rule::Identity, |plan| {
        let point = step(plan, "point npm:a#latest 1.1.0");
        point.phase = relplan_model::step::Phase::Create;
    });
}

#[test]
fn l7_edges_to_nowhere_backwards_or_in_a_circle() {
    breaks(Rule::Edges, |plan| {
        plan.steps
            .retain(|step| step.id.as_str() != "await npm:a@1.1.0");
    });
    breaks(Rule::Edges, |plan| {
        let late = step(plan, "point npm:a#latest 1.1.0").id.clone();
        step(plan, "await npm:a@1.1.0").needs.push(late);
    });
    breaks(Rule::Acyclic, |plan| {
        let wait = step(plan, "await npm:b@1.1.0").id.clone();
        step(plan, "publish npm:a@1.1.0").needs.push(wait);
    });
    breaks(Rule::Waves, |plan| step(plan, "await npm:b@1.1.0").wave = 9);
    breaks(Rule::Waves, |plan| {
        step(plan, "point npm:a#latest 1.1.0").wave = 2
    });
}

#[test]
fn references_to_what_is_not_there_and_what_nothing_refers_to() {
    breaks(Rule::References, |plan| {
        plan.changes.retain(|row| row.address != address("npm:d"))
    });
    breaks(Rule::References, |plan| drop(plan.targets.remove(0)));
    breaks(Rule::References, |plan| {
        let mut other = plan.targets[0].clone();
        other.name = "zzz".parse().unwrap();
        plan.targets.push(other);
    });
    breaks(Rule::References, |plan| {
        drop_step(plan, "adopt npm:c@1.0.0")
    });
    breaks(Rule::References, |plan| {
        plan.steps
            .retain(|step| step.id.as_str() != "yank crates:y@1.0.0");
    });
}

#[test]
fn l5_decisions_about_the_unknown() {
    let unknown = || Seen::Unknown {
        reason: "it broke".to_owned(),
    };
    breaks(Rule::Unknown, |plan| *seen(plan, "npm:a") = unknown());
    breaks(Rule::Unknown, |plan| *seen(plan, "npm:e") = unknown());
    breaks(Rule::Unknown, |plan| {
        plan.observations
            .retain(|look| look.address != address("npm:b"))
    });
}

#[test]
fn l6_uploads_over_what_is_there() {
    breaks(Rule::Overwrite, |plan| {
        let shown = facts(plan, "npm:a")
            .versions
            .entry(version("1.1.0"))
            .or_default();
        shown
            .files
            .insert("other.tgz".parse().unwrap(), Default::default());
    });
    breaks(Rule::Overwrite, |plan| {
        publish(plan, "publish npm:a@1.1.0").first = true
    });
    breaks(Rule::Overwrite, |plan| {
        *seen(plan, "npm:b") = Seen::Present(Default::default())
    });
    breaks(Rule::Overwrite, |plan| {
        let pypi = plan
            .targets
            .iter_mut()
            .find(|target| target.name.as_str() == "pypi")
            .unwrap();
        pypi.capabilities.accepts.pop();
    });
}

#[test]
fn l3_artifacts_of_something_else() {
    breaks(Rule::Artifact, |plan| {
        publish(plan, "publish npm:a@1.1.0").artifact = Some("b-1.1.0.tgz".parse().unwrap());
    });
    breaks(Rule::Artifact, |plan| {
        plan.artifacts[0].version = version("9.9.9")
    });
    breaks(Rule::Artifact, |plan| {
        plan.artifacts[0].kind = "wheel".to_owned()
    });
    breaks(Rule::Artifact, |plan| {
        let artifact = plan
            .artifacts
            .iter_mut()
            .find(|one| one.file.as_str() == "c-1.0.0.tgz");
        artifact.unwrap().digests = digests("evil");
    });
    breaks(Rule::Artifact, |plan| {
        match &mut step(plan, "adopt npm:c@1.0.0").effect {
            Effect::Adopt { files, .. } => files.clear(),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn bytes_that_are_not_known_in_a_plan_that_says_so() {
    breaks(Rule::Applicable, |plan| {
        publish(plan, "publish npm:a@1.1.0").artifact = None
    });
    breaks(Rule::Applicable, |plan| plan.applicable = false);
}

#[test]
fn l7_uploads_that_nobody_waits_for() {
    breaks(Rule::Resolvable, |plan| {
        drop_step(plan, "await npm:a@1.1.0")
    });
    breaks(Rule::Resolvable, |plan| {
        step(plan, "await pypi:w@1.0.0").needs.truncate(1)
    });
    breaks(Rule::Resolvable, |plan| {
        step(plan, "publish npm:b@1.1.0").needs.clear()
    });
    breaks(Rule::Resolvable, |plan| {
        let siblings = &mut publish(plan, "publish npm:b@1.1.0").siblings;
        siblings.push("d".parse().unwrap());
    });
}

#[test]
fn l8_pointers_that_move_too_early_or_from_elsewhere() {
    breaks(Rule::Pointers, |plan| {
        publish(plan, "publish npm:a@1.1.0").pointer = Some(pointer("latest"));
    });
    breaks(Rule::Pointers, |plan| {
        drop_step(plan, "unpoint npm:a#relplan")
    });
    breaks(Rule::Pointers, |plan| {
        facts(plan, "npm:a")
            .pointers
            .insert(pointer("latest"), version("1.0.5"));
    });
    breaks(Rule::Pointers, |plan| {
        step(plan, "point npm:a#latest 1.1.0").needs.clear()
    });
    breaks(Rule::Pointers, |plan| {
        match &mut step(plan, "unpoint npm:a#relplan").effect {
            Effect::Unpoint { pointer: name } => *name = pointer("latest"),
            other => panic!("{other:?}"),
        }
    });
    breaks(Rule::Pointers, |plan| {
        facts(plan, "npm:c")
            .pointers
            .insert(pointer("latest"), version("1.0.5"));
    });
}

/// A pointer that moves back is told among the findings, whatever the row beside it says.
#[test]
fn l8_a_pointer_that_moves_back_in_silence() {
    breaks(Rule::Findings, |plan| {
        let facts = facts(plan, "npm:a");
        let before = facts.pointers[&pointer("latest")].clone();
        facts.order = vec![version("1.1.0"), before];
        let of_pointer = |change: &&mut relplan_model::plan::Change| {
            change.address == address("npm:a") && change.bump.is_some()
        };
        for change in plan.changes.iter_mut().filter(of_pointer) {
            change.bump = Some(relplan_model::plan::Bump::Backward);
        }
    });
}

#[test]
fn withdrawals_of_what_is_not_there_or_is_so_already() {
    breaks(Rule::Withdrawal, |plan| {
        facts(plan, "crates:y").versions.clear()
    });
    breaks(Rule::Withdrawal, |plan| {
        facts(plan, "crates:y")
            .versions
            .get_mut(&version("1.0.0"))
            .unwrap()
            .yanked = true;
    });
    breaks(Rule::Withdrawal, |plan| {
        plan.targets[0].capabilities.yank = false
    });
    breaks(Rule::Withdrawal, |plan| facts(plan, "npm:a").ranges.clear());
    breaks(Rule::Withdrawal, |plan| {
        match &mut step(plan, "deprecate npm:a <1").effect {
            Effect::Deprecate { versions, .. } => versions.clear(),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn rows_without_reason_and_rows_that_do_not_do_what_they_say() {
    breaks(Rule::Rows, |plan| plan.changes[0].reasons.clear());
    breaks(Rule::Rows, |plan| plan.changes[0].action = Action::Hold);
    breaks(Rule::Rows, |plan| plan.changes[0].steps.clear());
    breaks(Rule::Rows, |plan| {
        let keep = plan
            .changes
            .iter_mut()
            .find(|row| row.action == Action::Keep)
            .unwrap();
        keep.action = Action::Publish;
    });
    breaks(Rule::Rows, |plan| {
        let (ours, theirs) = (plan.changes[0].steps.clone(), plan.changes[1].steps.clone());
        plan.changes[0].steps = theirs;
        plan.changes[1].steps = ours;
    });
    breaks(Rule::Rows, |plan| {
        let yank = plan
            .changes
            .iter_mut()
            .find(|row| row.action == Action::Yank)
            .unwrap();
        yank.action = Action::Deprecate;
    });
}

#[test]
fn costs_that_do_not_add_up() {
    breaks(Rule::Costs, |plan| plan.costs[0].writes += 1);
    breaks(Rule::Costs, |plan| plan.costs[1].bytes += 1);
    breaks(Rule::Costs, |plan| drop(plan.costs.pop()));
}
