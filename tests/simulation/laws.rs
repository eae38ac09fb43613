//! The checkers: what must be true of a world whatever happened in it (laws L1 to L12), and where each is looked at.
//!
//! Those that can be told at the moment of an effect (L2, L4, L5, L7, L8, L9) the world watches itself; they come out
//! of [`World::breaches`]. The rest is looked at here, after every apply and at the end of every release.

use std::collections::{BTreeMap, BTreeSet};

use relplan_model::{
    address::{Address, FileName, InvalidName, Version},
    digest::{Comparison, Digests},
    journal::{Entry, How, Record},
    observation::Seen,
    plan::Plan,
    port::StateStore as _,
    state::State,
    step::{Effect, Step, StepId},
};
use relplan_plan::PlanInput;
use relplan_testkit::world::{Contents, Ran, World};

use super::{
    project,
    scenario::{Act, Package, Scenario},
};

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) law: &'static str,
    pub(crate) detail: String,
}

impl Broken {
    pub(crate) fn new(law: &'static str, detail: impl Into<String>) -> Self {
        Self {
            law,
            detail: detail.into(),
        }
    }
}

impl From<InvalidName> for Broken {
    fn from(error: InvalidName) -> Self {
        Self::new("scenario", error.to_string())
    }
}

pub(crate) fn hold(
    law: &'static str,
    holds: bool,
    detail: impl FnOnce() -> String,
) -> Result<(), Broken> {
    if holds {
        Ok(())
    } else {
        Err(Broken::new(law, detail()))
    }
}

/// L1, L11 and L13 of a plan: made again, written and read again.
pub(crate) fn of_planning(input: &PlanInput, plan: &Plan) -> Result<(), Broken> {
    let mut other = input.clone();
    other.observations.reverse();
    other.releases.reverse();
    other.targets.reverse();
    hold("L1", relplan_plan::plan(&other) == *plan, || {
        "the order of its input shows in the plan".to_owned()
    })?;
    let bytes = plan.to_bytes().unwrap_or_default();
    hold(
        "L13",
        Plan::from_bytes(&bytes).ok().as_ref() == Some(plan),
        || "the plan is not read back as it was written".to_owned(),
    )?;
    hold("L11", !holds_canary(&bytes), || {
        "the plan has an artifact's bytes in it".to_owned()
    })
}

/// L5 and L6 of a plan and what it was made from.
pub(crate) fn of_plan(input: &PlanInput, plan: &Plan) -> Result<(), Broken> {
    let violations = relplan_plan::check(plan);
    hold("L6", violations.is_empty(), || {
        format!("the plan's own check says {violations:?}")
    })?;
    for observation in &input.observations {
        let is_unknown = matches!(observation.seen, Seen::Unknown { .. });
        let touched = plan
            .steps
            .iter()
            .find(|step| step.address == observation.address);
        if let Some(step) = touched
            && is_unknown
        {
            let detail = format!(
                "{} is planned, and its package could not be looked up",
                step.id
            );
            return Err(Broken::new("L5", detail));
        }
    }
    Ok(())
}

/// What a plan publishes.
pub(crate) fn published(plan: &Plan) -> BTreeSet<(Address, Version)> {
    let publishes = |step: &&Step| matches!(step.effect, Effect::Publish(_));
    let at = |step: &Step| (step.address.clone(), step.version.clone());
    plan.steps.iter().filter(publishes).map(at).collect()
}

/// L12 knows one exception: only registries say which versions a range matches, and only of those that they have. What
/// a plan publishes into a range that the spec deprecates is deprecated by the plan after it.
pub(crate) fn only_deprecates(plan: &Plan, published: &BTreeSet<(Address, Version)>) -> bool {
    plan.steps.iter().all(|step| match &step.effect {
        Effect::Deprecate { versions, .. } => versions
            .iter()
            .all(|version| published.contains(&(step.address.clone(), version.clone()))),
        _ => false,
    })
}

/// What must be true after every apply, whether it ended or was killed.
pub(crate) fn of_apply(world: &World) -> Result<(), Broken> {
    if let Some(breach) = world.breaches().first() {
        return Err(Broken::new(
            breach.law,
            format!("{}: {}", breach.step, breach.detail),
        ));
    }
    let mut seen = BTreeSet::new();
    for upload in world.uploads() {
        let file = (upload.address.at(&upload.version), upload.file.clone());
        let words = format!("{} {} was uploaded twice with effect", file.0, file.1);
        hold("L4", seen.insert(file), || words)?;
    }
    if let Some(upload) = world.overwritten().iter().find(|upload| upload.ours) {
        let detail = format!(
            "{} had other bytes and was overwritten",
            upload.address.at(&upload.version)
        );
        return Err(Broken::new("L6", detail));
    }
    hold("L9", world.lost_lines() == 0, || {
        format!(
            "{} appends that were said to be durable are gone",
            world.lost_lines()
        )
    })?;
    let events = format!("{:?}", world.events().last());
    hold("L11", !holds_canary(events.as_bytes()), || events)
}

/// What must be true at the end of a release, when nothing is on the wire any more and nothing goes wrong.
pub(crate) fn of_release(world: &World) -> Result<(), Broken> {
    let contents = world.contents();
    let lines = lines(world);
    let state = State::replay(&lines).map_err(|error| Broken::new("L9", error.to_string()))?;
    hold("L4", state.open.is_none(), || {
        "a plan is still open".to_owned()
    })?;
    for (address, versions) in &state.releases {
        for (version, recorded) in versions {
            for (file, digests) in &recorded.files {
                let shown = shown(&contents, &address.to_string(), version, file);
                let same = shown.map(|shown| shown.compare(digests));
                hold("L6", same == Some(Comparison::Same), || {
                    format!("{address}@{version} {file} is recorded, and the registry has {same:?}")
                })?;
            }
        }
    }
    of_journal(&lines)
}

/// L9 and L11 of a journal: each effect that ended was announced before, a plan is closed only when every step that was
/// touched has ended well, and nothing secret is in it.
fn of_journal(lines: &[Vec<u8>]) -> Result<(), Broken> {
    let mut announced: BTreeSet<StepId> = BTreeSet::new();
    let mut unfinished: BTreeSet<StepId> = BTreeSet::new();
    for line in lines {
        hold("L11", !holds_canary(line), || {
            String::from_utf8_lossy(line).into_owned()
        })?;
        let Ok(entry) = Entry::from_line(line) else {
            return Err(Broken::new("L9", "a line cannot be read"));
        };
        match &entry.record {
            Record::Intent { step, .. } | Record::Resolved { step, .. } => {
                unfinished.insert(step.clone());
            }
            Record::Receipt { step, .. } => {
                unfinished.remove(step);
            }
            Record::Closed { .. } => hold("L9", unfinished.is_empty(), || {
                format!("a plan was closed, and {unfinished:?} had not ended well")
            })?,
            _ => {}
        }
        match entry.record {
            Record::Claim { .. } => {
                announced.clear();
                unfinished.clear();
            }
            Record::Intent { step, .. } => {
                announced.insert(step);
            }
            Record::Receipt {
                step,
                how: How::Done | How::FoundAfterUnknown,
                ..
            } if !step.as_str().starts_with("await ") => {
                hold("L9", announced.contains(&step), || {
                    format!("{step} has a receipt and no intent")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn lines(world: &World) -> Vec<Vec<u8>> {
    let store = world.store();
    match world.run(store.load()) {
        Ran::Ended(Ok(lines)) => lines,
        _ => Vec::new(),
    }
}

/// Artifacts stand for secrets here: nothing of what is in them has any business elsewhere.
fn holds_canary(bytes: &[u8]) -> bool {
    let canary = b"the bytes of";
    bytes.windows(canary.len()).any(|window| window == canary)
}

fn shown<'a>(
    contents: &'a BTreeMap<String, Contents>,
    address: &str,
    version: &Version,
    file: &FileName,
) -> Option<&'a Digests> {
    contents.get(address)?.versions.get(version)?.get(file)
}

/// L4 from the other side: after an undisturbed release, everything is there that nobody stood in the way of.
pub(crate) fn all_is_there(world: &World, scenario: &Scenario, round: usize) -> Result<(), Broken> {
    let contents = world.contents();
    for (number, package) in scenario.packages.iter().enumerate() {
        if is_in_the_way(scenario, number, round) {
            continue;
        }
        for target in &package.targets {
            let address = project::address(package, target)?.to_string();
            let version = Version::new(package.version(round))?;
            let files = contents
                .get(&address)
                .and_then(|contents| contents.versions.get(&version))
                .map_or(0, BTreeMap::len);
            hold("L4", files as u64 == package.files, || {
                format!(
                    "{address}@{version} should be there with {} files, and has {files}",
                    package.files
                )
            })?;
        }
    }
    Ok(())
}

/// Whether somebody published other bytes of what this needs.
fn is_in_the_way(scenario: &Scenario, number: usize, round: usize) -> bool {
    let package: &Package = &scenario.packages[number];
    let begin = (0..=round)
        .rev()
        .find(|round| package.is_new(*round))
        .unwrap_or_default();
    let acts = scenario.acts.get(begin).into_iter().flatten();
    let own = acts.filter(|(act, of)| *act == Act::PublishOther && *of == number);
    own.count() > 0
        || package
            .needs
            .iter()
            .any(|need| is_in_the_way(scenario, *need, round))
}

/// L4: a disturbed history ends as the undisturbed one. `only_files`: pointers are left out of it, where what was
/// known was lost on the way and the engine rightly leaves them alone.
pub(crate) fn same_end(
    expected: &BTreeMap<String, Contents>,
    found: &BTreeMap<String, Contents>,
    only_files: bool,
) -> Result<(), Broken> {
    for address in expected.keys().chain(found.keys()) {
        let (expected, found) = (expected.get(address), found.get(address));
        let same = if only_files {
            expected.map(|one| &one.versions) == found.map(|one| &one.versions)
        } else {
            expected == found
        };
        hold("L4", same, || {
            format!(
                "{address} should be {}, and is {}",
                summary(expected),
                summary(found)
            )
        })?;
    }
    Ok(())
}

fn summary(contents: Option<&Contents>) -> String {
    let Some(contents) = contents else {
        return "absent".to_owned();
    };
    let versions: Vec<String> = contents
        .versions
        .iter()
        .map(|(version, files)| format!("{version} ({} files)", files.len()))
        .collect();
    format!(
        "{versions:?} {:?} yanked {:?} deprecated {:?}",
        contents.pointers, contents.yanked, contents.deprecated
    )
}
