//! The person at the keyboard: plans, applies, applies again when told to, gives a plan up when it has come to a
//! conflict, and plans the next release. What she does is what the messages tell her to do.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures_util::future::{Either, join, select};
use relplan_apply::{ExitClass, Part};
use relplan_model::{
    address::{PointerName, Version},
    digest::{Digests, Sha256},
    plan::Plan,
    port::Clock as _,
};
use relplan_testkit::world::{
    Chance, Contents, Faults, Flaw, Ran, Registries, Upload, World, bytes_of, likeness,
};

use super::{
    laws::{self, Broken},
    machine::{self, Desk},
    project, runners,
    scenario::{Act, Moment, Mood, Package, Scenario},
    session::{self, End, Gathered, GivenUp},
    upheaval::{self, Upheavals},
};

/// How often a release is planned anew, and one plan applied again, before things must calm down, and before it is a
/// defect that they come to no end.
pub(crate) const PATIENCE: u64 = 8;
pub(crate) const DESPAIR: u64 = 24;

/// What a whole history came to.
pub(crate) struct Outcome {
    pub(crate) contents: BTreeMap<String, Contents>,
    /// Whether a journal was lost or a plan given up, so that pointers may rightly have been left alone.
    pub(crate) forgot: bool,
}

/// Lives through a scenario.
pub(crate) fn live(scenario: &Scenario, world: &World) -> Result<Outcome, Broken> {
    let mut operator = Operator {
        scenario,
        desk: Desk::new(
            "simulated",
            world.clone(),
            machine::place_of(machine::USUAL),
        ),
        upheavals: Upheavals::new(scenario),
        chance: Chance::new(scenario.seed ^ 0x5eed_0005),
        kills: 0,
        is_calm: true,
        forgot: false,
    };
    for round in 0..scenario.rounds() {
        operator.release(round)?;
    }
    Ok(Outcome {
        contents: world.contents(),
        forgot: operator.forgot,
    })
}

/// The world that a scenario begins in.
pub(crate) fn world_of(scenario: &Scenario, flaw: Option<Flaw>) -> Result<World, Broken> {
    let world = World::of(scenario.seed, project::targets()?, Faults::none())?;
    if let Some(flaw) = flaw {
        world.break_part(flaw);
    }
    Ok(world)
}

pub(crate) struct Operator<'s> {
    pub(crate) scenario: &'s Scenario,
    pub(crate) desk: Desk,
    pub(crate) upheavals: Upheavals,
    chance: Chance,
    kills: u64,
    is_calm: bool,
    pub(crate) forgot: bool,
}

/// What planning came to.
enum Planned {
    /// A new plan.
    Made(Box<Plan>),
    /// A plan that is open.
    Open(Box<Plan>),
    /// No plan: a look-up or the store failed, and the operator tries again later.
    No,
}

/// How one apply went.
enum Went {
    Ended(End),
    Killed,
    /// Killed, and the disk is gone.
    DiskLost,
}

/// How a plan ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    Done,
    GivenUp,
    /// Something happened to the journal, and planning begins again.
    Upset,
}

impl Operator<'_> {
    /// One release, until a plan has nothing left to do (law L12).
    fn release(&mut self, round: usize) -> Result<(), Broken> {
        let world = self.desk.world.clone();
        world.remark(|| format!("== release {round} =="));
        self.upheavals.begin(self.scenario, round);
        let names_it = self.scenario.policy_in == Some(round);
        self.desk.policy = names_it.then(upheaval::policy);
        for (act, package) in self.scenario.acts.get(round).cloned().unwrap_or_default() {
            self.by_hand(act, &self.scenario.packages[package], round)?;
        }
        let faults = self.scenario.faults.clone();
        self.is_calm = faults.budget == 0 && self.scenario.kills == 0;
        self.kills = self.scenario.kills;
        world.turn_to(faults);
        let mut was_done_calmly = false;
        let mut published = BTreeSet::new();
        for cycle in 0..DESPAIR {
            if cycle == PATIENCE {
                self.calm_down();
            }
            was_done_calmly &= !self.upset(Moment::Planning)?;
            let plan = match self.plan(round)? {
                Planned::Made(plan) => *plan,
                Planned::Open(plan) => {
                    was_done_calmly = false;
                    self.carry_out(*plan, false)?;
                    continue;
                }
                Planned::No => {
                    world.pass(30);
                    continue;
                }
            };
            if plan.has_steps() {
                if was_done_calmly && !laws::only_deprecates(&plan, &published) {
                    let first = &plan.steps[0].id;
                    let detail = format!("after everything was done, the next plan wants {first}");
                    return Err(Broken::new("L12", detail));
                }
                let is_calm = self.is_calm;
                published = laws::published(&plan);
                let ended = self.carry_out(plan, true)?;
                was_done_calmly = is_calm && ended == Ended::Done;
            } else if self.is_calm {
                laws::of_release(&world)?;
                if self.scenario.faults.budget == 0 {
                    laws::all_is_there(&world, self.scenario, round)?;
                }
                // Releases are some time apart.
                world.pass(3_600);
                return Ok(());
            } else {
                self.calm_down();
            }
        }
        Err(Broken::new("L4", "the release comes to no end"))
    }

    pub(crate) fn calm_down(&mut self) {
        let world = &self.desk.world;
        if !self.is_calm {
            world.remark(|| "from here on, nothing goes wrong".to_owned());
        }
        self.is_calm = true;
        world.calm();
        // Whatever is still on the wire lands.
        world.pass(600);
    }

    fn plan(&mut self, round: usize) -> Result<Planned, Broken> {
        let world = self.desk.world.clone();
        world.kill_at(None);
        let gathered = world.run(session::gather(&self.desk, self.scenario, round));
        let input = match gathered {
            Ran::Ended(Ok(Gathered::Input(input))) => input,
            Ran::Ended(Ok(Gathered::Refused(refusal, words))) => {
                self.put_right(&refusal, &words)?;
                return Ok(Planned::No);
            }
            Ran::Ended(Err(broken)) => return Err(broken),
            Ran::Ended(Ok(Gathered::Blind)) | Ran::Killed => return Ok(Planned::No),
        };
        if let Some(open) = &input.state.open {
            let kept = self.desk.machine.borrow().plans.get(&open.plan).cloned();
            let Some(plan) = kept else {
                // Its file is elsewhere: it is given up.
                let open = open.plan;
                self.abandon(open)?;
                return Ok(Planned::No);
            };
            world.remark(|| format!("the plan {} is open, and goes on", open.plan.short()));
            return Ok(Planned::Open(Box::new(plan)));
        }
        let plan = relplan_plan::plan(&input);
        laws::of_plan(&input, &plan)?;
        if self.chance.per_mille(200) {
            laws::of_planning(&input, &plan)?;
        }
        world.remark(|| {
            let steps: Vec<&str> = plan.steps.iter().map(|step| step.id.as_str()).collect();
            format!("planned: {}", steps.join(", "))
        });
        Ok(Planned::Made(Box::new(plan)))
    }

    /// Applies one plan until it has ended or has to be given up. Of one that was applied before, some artifacts may be
    /// needed no more.
    fn carry_out(&mut self, plan: Plan, is_new: bool) -> Result<Ended, Broken> {
        let desk = self.desk.turn_to_plan(plan);
        self.desk = desk;
        let world = self.desk.world.clone();
        if is_new && self.scenario.mood == Mood::Tampering && self.chance.per_mille(500) {
            self.tamper(&world)?;
        }
        let mut conflicts = 0;
        for run in 0..DESPAIR {
            if run == PATIENCE {
                self.calm_down();
            }
            if run > 0 && self.upset(Moment::Open)? {
                // What became of the plan, planning finds out.
                return Ok(Ended::Upset);
            }
            let went = self.apply(&world)?;
            laws::of_apply(&world)?;
            self.upheavals.check(&world)?;
            match went {
                Went::Killed => {}
                Went::DiskLost => return Ok(Ended::GivenUp),
                Went::Ended(end) => {
                    world.remark(|| format!("apply ends: {:?}: {}", end.exit, end.words));
                    if let Some(refusal) = &end.refusal {
                        self.put_right(refusal, &end.words)?;
                        return Ok(Ended::Upset);
                    }
                    match end.exit {
                        ExitClass::Done => return Ok(Ended::Done),
                        ExitClass::Conflict => conflicts += 1,
                        ExitClass::Stale => return self.give_up(&world),
                        ExitClass::Invalid => return Err(Broken::new("L2", end.words)),
                        _ => {}
                    }
                    if conflicts == 2 {
                        return self.give_up(&world);
                    }
                }
            }
            world.pass(1 + self.chance.below(60));
        }
        Err(Broken::new("L4", "applying the plan comes to no end"))
    }

    fn apply(&mut self, world: &World) -> Result<Went, Broken> {
        let dies = self.kills > 0 && self.chance.per_mille(700);
        let at = 1 + self.chance.below(200);
        world.kill_at(dies.then(|| world.calls() + at));
        let has_rivals = self.scenario.mood == Mood::Rivals && self.chance.per_mille(700);
        if has_rivals {
            world.expect_rivals();
        }
        let ran = if self.scenario.runners > 1 && self.chance.per_mille(800) {
            let how = (self.scenario.runners, has_rivals);
            runners::apply(&self.desk, how, &mut self.kills, &mut self.chance)
        } else if has_rivals {
            self.apply_twice(world)
        } else if let Some(upheaval) = self.upheavals.due(Moment::Applying) {
            self.apply_amid(upheaval)
        } else if self.upheavals.selects() {
            self.apply_selected()
        } else {
            world.run(session::apply(&self.desk, "first", Part::whole()))
        };
        world.expect_no_rivals();
        world.kill_at(None);
        match ran {
            Ran::Ended(end) => Ok(Went::Ended(end?)),
            Ran::Killed => {
                self.kills = self.kills.saturating_sub(1);
                if self.scenario.mood == Mood::DiskLost && self.chance.per_mille(500) {
                    world.lose_store();
                    self.lose_machine()?;
                    return Ok(Went::DiskLost);
                }
                Ok(Went::Killed)
            }
        }
    }

    /// Two appliers at once; the second comes a little later and may be killed alone.
    fn apply_twice(&mut self, world: &World) -> Ran<Result<End, Broken>> {
        let (clock, desk) = (world.clock(), self.desk.clone());
        let later = Duration::from_millis(self.chance.below(2_000));
        let life = Duration::from_millis(self.chance.below(20_000));
        let dies = self.kills > 0 && self.chance.per_mille(300);
        let second = async {
            clock.sleep(later).await;
            let apply = Box::pin(session::apply(&desk, "second", Part::whole()));
            if !dies {
                return Some(apply.await);
            }
            match select(apply, clock.sleep(life)).await {
                Either::Left((end, _)) => Some(end),
                Either::Right(_) => {
                    world.remark(|| "the second applier alone is killed".to_owned());
                    None
                }
            }
        };
        match world.run(join(session::apply(&desk, "first", Part::whole()), second)) {
            Ran::Killed => Ran::Killed,
            Ran::Ended((first, second)) => Ran::Ended(match second {
                Some(Ok(second)) if second.exit == ExitClass::Done => Ok(second),
                Some(Err(broken)) => Err(broken),
                _ => first,
            }),
        }
    }

    fn give_up(&mut self, world: &World) -> Result<Ended, Broken> {
        self.abandon(session::digest(world))?;
        Ok(Ended::GivenUp)
    }

    fn abandon(&mut self, plan: Sha256) -> Result<(), Broken> {
        self.forgot = true;
        let world = self.desk.world.clone();
        world.kill_at(None);
        for _ in 0..DESPAIR {
            match world.run(session::give_up(&self.desk, plan)) {
                Ran::Ended(Ok(GivenUp::Done)) => return Ok(()),
                Ran::Ended(Ok(GivenUp::Refused(refusal, words))) => {
                    return self.put_right(&refusal, &words);
                }
                Ran::Ended(Err(broken)) => return Err(broken),
                Ran::Ended(Ok(GivenUp::NotYet)) | Ran::Killed => world.pass(10),
            }
        }
        Err(Broken::new("L4", "the plan cannot be given up"))
    }

    /// Somebody alters an artifact: nothing may be sent, and putting it back puts everything right (law L3).
    fn tamper(&mut self, world: &World) -> Result<(), Broken> {
        let Some(artifact) = self.chance.one_of(&world.plan().artifacts).cloned() else {
            return Ok(());
        };
        world.remark(|| format!("somebody alters {}", artifact.file));
        world.alter(&artifact.file, b"something else");
        let before = world.uploads().len();
        world.kill_at(None);
        if let Ran::Ended(end) = world.run(session::apply(&self.desk, "first", Part::whole())) {
            let exit = end?.exit;
            let is_refused = matches!(exit, ExitClass::Invalid | ExitClass::Store);
            if !is_refused || world.uploads().len() != before {
                let detail = format!(
                    "{} was altered, and apply ended with {exit:?}",
                    artifact.file
                );
                return Err(Broken::new("L3", detail));
            }
        }
        world.alter(&artifact.file, &bytes_of(artifact.file.as_str()));
        Ok(())
    }

    fn by_hand(&self, act: Act, package: &Package, round: usize) -> Result<(), Broken> {
        let address = project::address(package, package.targets[0])?;
        let version = Version::new(package.version(round))?;
        let latest = PointerName::new("latest")?;
        let has_pointers = matches!(package.kind, likeness::NPM | likeness::OCI);
        self.desk
            .world
            .remark(|| format!("by hand, at {address}: {act:?}"));
        let mut uploads = Vec::new();
        for artifact in project::artifacts(package, round)? {
            let name = artifact.file.as_str();
            let bytes = match act {
                Act::PublishOther => bytes_of(&format!("another {name}")),
                _ => bytes_of(name),
            };
            uploads.push((Digests::of(&bytes), artifact));
        }
        let publish = |registries: &mut Registries, now: u64| {
            for (digests, artifact) in uploads {
                let upload = Upload {
                    file: registries.name_of(&address, &artifact),
                    address: address.clone(),
                    version: version.clone(),
                    ours: false,
                };
                registries.upload(upload, digests, now);
            }
            registries.change(&address, now, |contents| {
                // Whoever has the same bytes releases the same thing, and does all of it.
                if has_pointers && (act == Act::PublishSame || contents.pointers.is_empty()) {
                    contents.pointers.insert(latest.clone(), version.clone());
                }
            });
        };
        self.desk.world.by_hand(|registries, now| match act {
            Act::PublishSame | Act::PublishOther
                if package.is_new(round)
                    && registries
                        .now(&address)
                        .is_none_or(|contents| !contents.versions.contains_key(&version)) =>
            {
                publish(registries, now);
            }
            Act::MovePointer if has_pointers && registries.now(&address).is_some() => {
                registries.change(&address, now, |contents| {
                    let current = contents.pointers.get(&latest).cloned();
                    let other = contents
                        .versions
                        .keys()
                        .find(|one| Some(*one) != current.as_ref());
                    if let Some(other) = other.cloned() {
                        contents.pointers.insert(latest.clone(), other);
                    }
                });
            }
            Act::Yank if package.kind == likeness::CARGO && registries.now(&address).is_some() => {
                registries.change(&address, now, |contents| {
                    let last = contents.versions.keys().next_back().cloned();
                    contents.yanked.extend(last);
                });
            }
            _ => {}
        });
        Ok(())
    }
}
