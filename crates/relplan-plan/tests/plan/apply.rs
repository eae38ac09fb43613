//! The effects of a plan on the world that it was made in, as if everything went well.
//!
//! State is taken from receipts through the model's own fold, so the planner's idea of what is recorded is the real one.

use std::collections::BTreeMap;

use relplan_model::{
    address::{Address, Version},
    digest::Sha256,
    journal::{Entry, Fact, How, Record},
    observation::{Facts, FileFacts, Observation, Seen},
    plan::Plan,
    state::State,
    step::{Effect, Phase, Step},
};
use relplan_plan::PlanInput;

/// The input of the next plan, made right after this one was applied.
pub(crate) fn perfectly(input: &PlanInput, plan: &Plan) -> PlanInput {
    let mut next = input.clone();
    // The state of a world is given, not folded; a journal of this one's own starts here.
    next.state.length = 1;
    let digest = Plan::digest(&plan.to_bytes().unwrap());
    record(
        &mut next.state,
        Record::Claim {
            plan: digest,
            serial: input.state.serial + 1,
            tool: plan.tool.clone(),
            runner: "test".to_owned(),
            run: None,
            targets: None,
            steps: None,
            not_after: None,
            approved: None,
        },
    );
    let mut looks: BTreeMap<Address, Observation> = next
        .observations
        .drain(..)
        .map(|look| (look.address.clone(), look))
        .collect();
    let mut last = Phase::Create;
    for step in &plan.steps {
        assert!(last <= step.phase, "{} comes after a later phase", step.id);
        last = step.phase;
        let facts = take_effect(
            plan,
            step,
            facts_of(input, looks.get_mut(&step.address).unwrap()),
        );
        record(
            &mut next.state,
            Record::Receipt {
                step: step.id.clone(),
                how: How::Done,
                facts,
            },
        );
    }
    record(
        &mut next.state,
        Record::Closed {
            plan: digest,
            serial: input.state.serial + 2,
        },
    );
    next.observations = looks.into_values().collect();
    next
}

fn record(state: &mut State, record: Record) {
    let entry = Entry {
        seq: state.length,
        prev: state.head,
        at: relplan_model::time::Timestamp::from_unix(0),
        record,
    };
    let line = Sha256::of(&entry.to_line().unwrap());
    state.fold(&entry, line).unwrap();
}

/// What the registry shows; a name that comes into being has no version yet that a range could match.
fn facts_of<'a>(input: &PlanInput, look: &'a mut Observation) -> &'a mut Facts {
    if look.seen == Seen::Absent {
        let mut facts = Facts::default();
        let wishes = input.releases.iter().flat_map(|release| &release.deprecate);
        facts
            .ranges
            .extend(wishes.map(|wish| (wish.range.clone(), Vec::new())));
        look.seen = Seen::Present(facts);
    }
    match &mut look.seen {
        Seen::Present(facts) => facts,
        _ => panic!("a step at {} rests on an unknown", look.address),
    }
}

/// Changes what the registry shows, and tells what a receipt would.
fn take_effect(plan: &Plan, step: &Step, shown: &mut Facts) -> Vec<Fact> {
    let Step {
        address,
        version,
        effect,
        ..
    } = step;
    let (address, version) = (address.clone(), version.clone());
    match effect {
        Effect::Publish(publish) => {
            let file = publish.artifact.clone().unwrap();
            let artifact = plan
                .artifacts
                .iter()
                .find(|artifact| artifact.file == file)
                .unwrap();
            let digests = artifact.digests.clone();
            let files = &mut shown.versions.entry(version.clone()).or_default().files;
            let before = files.insert(
                file.clone(),
                FileFacts {
                    digests: digests.clone(),
                    size: None,
                },
            );
            assert!(
                before.is_none(),
                "L6: {} goes over a file that is there",
                step.id
            );
            let mut facts = vec![Fact::File {
                address,
                version,
                file,
                digests,
            }];
            if let Some(pointer) = &publish.pointer {
                facts.push(point(shown, step, pointer, Some(&step.version)));
            }
            facts
        }
        Effect::Await => {
            assert!(
                shown.versions.contains_key(&version),
                "L7: {} waits in vain",
                step.id
            );
            vec![Fact::Resolvable { address, version }]
        }
        Effect::Point { pointer, from, to } => {
            assert_eq!(shown.pointers.get(pointer), from.as_ref(), "{}", step.id);
            vec![point(shown, step, pointer, Some(to))]
        }
        Effect::Unpoint { pointer } => vec![point(shown, step, pointer, None)],
        Effect::Yank { .. } => {
            shown.versions.get_mut(&version).unwrap().yanked = true;
            vec![Fact::Yanked { address, version }]
        }
        Effect::Deprecate {
            versions, message, ..
        } => versions
            .iter()
            .map(|version| {
                let facts = shown.versions.entry(version.clone()).or_default();
                facts.deprecated = Some(message.clone());
                Fact::Deprecated {
                    address: address.clone(),
                    version: version.clone(),
                    message: message.clone(),
                }
            })
            .collect(),
        Effect::Adopt { files, pointer } => {
            let digests = |file: &relplan_model::address::FileName| {
                plan.artifacts
                    .iter()
                    .find(|artifact| artifact.file == *file)
                    .unwrap()
                    .digests
                    .clone()
            };
            let known = files.iter().map(|file| Fact::File {
                address: address.clone(),
                version: version.clone(),
                file: file.clone(),
                digests: digests(file),
            });
            let pointers = pointer.iter().map(|pointer| Fact::Pointer {
                address: address.clone(),
                pointer: pointer.clone(),
                version: Some(version.clone()),
            });
            known.chain(pointers).collect()
        }
    }
}

fn point(
    shown: &mut Facts,
    step: &Step,
    pointer: &relplan_model::address::PointerName,
    to: Option<&Version>,
) -> Fact {
    match to {
        Some(to) => shown.pointers.insert(pointer.clone(), to.clone()),
        None => shown.pointers.remove(pointer),
    };
    Fact::Pointer {
        address: step.address.clone(),
        pointer: pointer.clone(),
        version: to.cloned(),
    }
}
