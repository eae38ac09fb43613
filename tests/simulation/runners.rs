//! Several runners that share a plan: each has the steps of some targets, comes when it comes, may be killed alone and
//! may come again.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::{Either, join_all, select};
use relplan_apply::{ExitClass, Part};
use relplan_model::{address::TargetName, port::Clock as _, state::Ended};
use relplan_testkit::world::{Chance, Ran, World};

use super::{
    laws::Broken,
    machine::Desk,
    session::{self, End},
};

/// Where all of them run, as far as the journal says it: the jobs of one CI run have one URL.
const JOB: &str = "ci";

/// What one runner is to live through.
struct Fate {
    name: String,
    targets: BTreeSet<TargetName>,
    comes_after: Duration,
    /// Whether it is not admitted this time, and says so.
    declines: bool,
    /// How long it lives, and how long after that it comes again, if it does.
    dies: Option<(Duration, Option<Duration>)>,
}

/// Applies a plan by so many runners at once. `kills` are taken from as runners are killed alone. With rivals, some of the
/// targets are given to two runners, of which the later one takes over.
pub(crate) fn apply(
    desk: &Desk,
    (runners, has_rivals): (u64, bool),
    kills: &mut u64,
    chance: &mut Chance,
) -> Ran<Result<End, Broken>> {
    let world = &desk.world;
    let mut fates = fates(world, runners, kills, chance);
    if has_rivals && let Some(fate) = chance.one_of(&fates) {
        // Often at the same moment, as when one job is started twice.
        let comes_after = if chance.per_mille(500) {
            fate.comes_after
        } else {
            Duration::from_millis(chance.below(20_000))
        };
        let again = Fate {
            name: format!("{} again", fate.name),
            targets: fate.targets.clone(),
            comes_after,
            declines: false,
            dies: None,
        };
        fates.push(again);
    }
    let anyone_dies = fates.iter().any(|fate| fate.dies.is_some());
    let all = async {
        let mut ends = Vec::new();
        for end in join_all(fates.iter().map(|fate| live(desk, fate))).await {
            ends.extend(end?);
        }
        let state = session::recorded(desk).await?;
        let is_closed =
            state.map(|state| state.ended.get(&session::digest(world)) == Some(&Ended::Closed));
        together(&ends, is_closed, anyone_dies)
    };
    world.run(all)
}

fn fates(world: &World, runners: u64, kills: &mut u64, chance: &mut Chance) -> Vec<Fate> {
    let targets: BTreeSet<&TargetName> = world
        .plan()
        .steps
        .iter()
        .map(|step| &step.address.target)
        .collect();
    let mut parts: BTreeMap<u64, BTreeSet<TargetName>> = BTreeMap::new();
    for (number, target) in (0..).zip(targets) {
        let part = parts.entry(number % runners).or_default();
        part.insert(target.clone());
    }
    let mut fate = |(number, targets): (u64, BTreeSet<TargetName>)| {
        let mut dies = None;
        if *kills > 0 && chance.per_mille(300) {
            *kills -= 1;
            let life = Duration::from_millis(chance.below(30_000));
            let again = Duration::from_millis(chance.below(60_000));
            dies = Some((life, chance.per_mille(600).then_some(again)));
        }
        Fate {
            name: format!("runner {number}"),
            targets,
            comes_after: Duration::from_millis(chance.below(20_000)),
            declines: chance.per_mille(50),
            dies,
        }
    };
    parts.into_iter().map(&mut fate).collect()
}

/// One runner's way; `None`: it was killed and did not come again.
async fn live(desk: &Desk, fate: &Fate) -> Result<Option<End>, Broken> {
    let world = &desk.world;
    let clock = world.clock();
    clock.sleep(fate.comes_after).await;
    let part = || Part::of(fate.targets.clone());
    if fate.declines {
        world.remark(|| format!("{} is not admitted", fate.name));
        return session::decline(desk, part()).await.map(Some);
    }
    let apply = Box::pin(session::apply(desk, JOB, part()));
    let Some((life, again)) = fate.dies else {
        return apply.await.map(Some);
    };
    if let Either::Left((end, _)) = select(apply, clock.sleep(life)).await {
        return end.map(Some);
    }
    world.remark(|| format!("{} is killed alone", fate.name));
    let Some(again) = again else {
        return Ok(None);
    };
    clock.sleep(again).await;
    session::apply(desk, JOB, part()).await.map(Some)
}

/// What all of them came to. If nobody died and all say that they are done, the plan has ended,
/// if the store can be asked.
fn together(ends: &[End], is_closed: Option<bool>, anyone_dies: bool) -> Result<End, Broken> {
    if is_closed == Some(true) {
        let words = "all runners together closed the plan";
        return Ok(End::new(ExitClass::Done, words));
    }
    let exit = ends
        .iter()
        .fold(ExitClass::Done, |exit, end| exit.graver(end.exit));
    if exit == ExitClass::Done && !anyone_dies && is_closed.is_some() {
        let detail = "every runner says that it is done, and nobody closed the plan";
        return Err(Broken::new("L4", detail));
    }
    let words: Vec<&str> = ends.iter().map(|end| end.words.as_str()).collect();
    let mut refusals = ends.iter().filter_map(|end| end.refusal.clone());
    Ok(End {
        refusal: refusals.next(),
        ..End::new(exit.graver(ExitClass::Partial), words.join(" | "))
    })
}
