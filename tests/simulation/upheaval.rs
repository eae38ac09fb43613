//! What happens to the journal itself: it is set back, lost, moved, copied, kept twice, written by a later relplan. What
//! the person at the keyboard does about it is in `remedy.rs`.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use futures_util::future::join;
use relplan_apply::{ExitClass, Part};
use relplan_model::{
    address::TargetName,
    approval::PinnedPolicy,
    digest::Sha256,
    journal::{Entry, Record},
    plan::Plan,
    port::Clock as _,
};
use relplan_state::Place;
use relplan_testkit::world::{Chance, Ran, World};

use super::{
    laws::{self, Broken, hold},
    machine::{Desk, Read, USUAL, folder_of, place_of},
    one_journal,
    operator::{Operator, PATIENCE},
    remedy::{is_called_later, is_later, is_moved_to, joined, lines},
    scenario::{Moment, Scenario, Upheaval},
    session::{self, End, Gathered},
};

/// How many runs there were of some targets alone, and how many effects they sent.
static SELECTED: [AtomicU64; 2] = [AtomicU64::new(0), AtomicU64::new(0)];

/// What was counted over all seeds, in words.
pub(crate) fn counted() -> String {
    let [runs, effects] = SELECTED.each_ref().map(|one| one.load(Ordering::Relaxed));
    format!("{runs} runs of selected targets sent {effects} effects, all of them to those targets")
}

/// The policy of every project that has one.
pub(crate) fn policy() -> PinnedPolicy {
    PinnedPolicy {
        version: 1,
        digest: Sha256::of(b"a policy"),
    }
}

/// What is yet to happen, and what is left of what happened.
pub(crate) struct Upheavals {
    pub(crate) chance: Chance,
    pub(crate) round: usize,
    pub(crate) pending: Vec<(Upheaval, Moment)>,
    pub(crate) selects: bool,
    /// The folders in which journals are.
    pub(crate) folders: Vec<PathBuf>,
    /// The lines of journals before they were set back.
    pub(crate) were: BTreeSet<Sha256>,
    /// The journal before it was set back, if somebody has it.
    pub(crate) newer: Vec<u8>,
    /// Some lines of a journal that is lost.
    pub(crate) left: Vec<Vec<u8>>,
    /// Where a move began that has not ended.
    pub(crate) moving: Option<Place>,
    /// Where the other of two copies is.
    pub(crate) copy: Option<Place>,
    /// Where the journal was said to be elsewhere.
    pub(crate) came_from: Option<Place>,
}

impl Upheavals {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            chance: Chance::new(scenario.seed ^ 0x5eed_000a),
            round: 0,
            pending: Vec::new(),
            selects: scenario.selects,
            folders: vec![folder_of(&place_of(USUAL))],
            were: BTreeSet::new(),
            newer: Vec::new(),
            left: Vec::new(),
            moving: None,
            copy: None,
            came_from: None,
        }
    }

    /// A release begins.
    pub(crate) fn begin(&mut self, scenario: &Scenario, round: usize) {
        self.round = round;
        self.pending = scenario.upheavals.get(round).cloned().unwrap_or_default();
    }

    /// What happens now, if anything does.
    pub(crate) fn due(&mut self, moment: Moment) -> Option<Upheaval> {
        let is_due = |(_, when): &(Upheaval, Moment)| *when == moment;
        let at = self.pending.iter().position(is_due)?;
        let comes = self.chance.per_mille(500);
        comes.then(|| self.pending.remove(at).0)
    }

    /// Whether this run is one of some targets alone.
    pub(crate) fn selects(&mut self) -> bool {
        self.selects && self.chance.per_mille(300)
    }

    /// Looks at the journals in all places.
    pub(crate) fn check(&self, world: &World) -> Result<(), Broken> {
        match self.folders.len() {
            1 => Ok(()),
            _ => one_journal::check(world, &self.folders, &self.were),
        }
    }

    /// A place where nothing is yet.
    fn fresh(&mut self) -> Place {
        let place = place_of(format!("places/{}", self.folders.len()));
        self.folders.push(folder_of(&place));
        place
    }
}

impl Operator<'_> {
    /// Lets happen to the journal what is due. Whether anything did.
    pub(crate) fn upset(&mut self, moment: Moment) -> Result<bool, Broken> {
        let world = self.desk.world.clone();
        let Some(upheaval) = self.upheavals.due(moment) else {
            let swaps = self.upheavals.copy.is_some() && self.upheavals.chance.per_mille(300);
            if swaps {
                self.swap_copies();
            }
            return Ok(swaps);
        };
        world.remark(|| format!("to the journal happens: {upheaval:?}"));
        world.kill_at(None);
        match upheaval {
            Upheaval::SetBack => self.set_back(false),
            Upheaval::Lost => self.set_back(true),
            Upheaval::Moved => self.move_journal()?,
            Upheaval::Copied => self.copy()?,
            Upheaval::Second => self.second_machine()?,
            Upheaval::Later => self.later()?,
        }
        laws::of_apply(&world)?;
        self.upheavals.check(&world)?;
        Ok(true)
    }

    /// An older copy is put in the journal's place, or it is gone. It takes a while until anybody works with it again.
    fn set_back(&mut self, is_lost: bool) {
        let (world, folder) = (&self.desk.world, self.desk.folder());
        let chance = &mut self.upheavals.chance;
        let whole = lines(&world.journal(&folder));
        if whole.is_empty() {
            return;
        }
        let mut some = || usize::try_from(chance.below(whole.len() as u64)).unwrap_or_default();
        let (kept, left) = (some(), some());
        let kept = if is_lost { 0 } else { kept };
        world.remark(|| format!("{kept} of {} entries are left", whole.len()));
        self.upheavals.newer.clear();
        self.upheavals.left.clear();
        let digests = whole.iter().map(|line| Sha256::of(line));
        self.upheavals.were.extend(digests);
        if chance.per_mille(500) {
            self.upheavals.newer = joined(&whole);
        } else if chance.per_mille(500) {
            self.upheavals.left = whole[..left].to_vec();
        }
        world.put_journal(&folder, &joined(&whole[..kept]));
        world.pass(600);
    }

    /// Somebody moves the journal, and may be killed on the way. Somebody else has not heard of it.
    fn move_journal(&mut self) -> Result<(), Broken> {
        let from = self.desk.place.clone();
        let goal = self.desk.at(self.upheavals.fresh());
        let world = &self.desk.world;
        let dies = self.upheavals.chance.per_mille(500);
        let at = 1 + self.upheavals.chance.below(10);
        world.kill_at(dies.then(|| world.calls() + at));
        let ran = world.run(session::push(&goal, &from));
        world.kill_at(None);
        let is_done = match ran {
            Ran::Ended(done) => done?,
            Ran::Killed => false,
        };
        self.moved(&from, &goal, is_done)?;
        if self.upheavals.chance.per_mille(500) && is_moved_to(&self.desk, &goal.place) {
            self.go_to(goal.place);
        }
        Ok(())
    }

    /// What is true of a move that was begun; where it began nothing is done any more.
    fn moved(&mut self, from: &Place, goal: &Desk, is_done: bool) -> Result<(), Broken> {
        let old = self.desk.at(from.clone());
        if !is_moved_to(&old, &goal.place) {
            return Ok(());
        }
        self.upheavals.moving = (!is_done).then(|| from.clone());
        self.upheavals.copy = None;
        let world = &self.desk.world;
        if let Ran::Ended(read) = world.run(old.read(None))
            && let Read::Loaded(_) = read?
        {
            let detail = "a journal is gone by that was moved elsewhere";
            return Err(Broken::new("L10", detail));
        }
        let unaware = session::apply(&old, "unaware", Part::whole());
        if let Ran::Ended(end) = world.run(unaware) {
            let End { exit, words, .. } = end?;
            hold("L10", exit == ExitClass::Store, || {
                format!("where the journal was moved from, apply ends with {exit:?}: {words}")
            })?;
        }
        Ok(())
    }

    /// Somebody copies the journal, and may name the copy from now on.
    fn copy(&mut self) -> Result<(), Broken> {
        let world = self.desk.world.clone();
        let Ran::Ended(Ok(Read::Loaded(loaded))) = world.run(self.desk.read(None)) else {
            return Ok(());
        };
        let into = self.upheavals.fresh();
        if loaded.lines.is_empty()
            || world.run(session::pull(&self.desk, &into)) != Ran::Ended(true)
        {
            return Ok(());
        }
        self.upheavals.copy = Some(into);
        if self.upheavals.chance.per_mille(500) {
            self.swap_copies();
        }
        Ok(())
    }

    fn swap_copies(&mut self) {
        if let Some(other) = self.upheavals.copy.take() {
            self.upheavals.copy = Some(self.desk.place.clone());
            self.go_to(other);
        }
    }

    pub(crate) fn go_to(&mut self, place: Place) {
        self.desk
            .world
            .remark(|| format!("from here on, the journal is in {place}"));
        self.desk.place = place;
        self.desk.world.use_store_in(&self.desk.folder());
    }

    /// Somebody on another machine releases the same with a journal of their own, while a plan may be open here.
    fn second_machine(&mut self) -> Result<(), Broken> {
        let plan = self.desk.world.plan().clone();
        let place = self.upheavals.fresh();
        let name = format!("second in {place}");
        let mut second = Desk::new(name, self.desk.world.clone(), place);
        second.world.use_store_in(&second.folder());
        self.forgot = true;
        for _ in 0..PATIENCE {
            second.world.pass(20);
            let Some(next) = self.planned_by(&second)? else {
                continue;
            };
            if !next.has_steps() {
                break;
            }
            second = second.turn_to_plan(next);
            let world = second.world.clone();
            let ran = world.run(session::apply(&second, "second machine", Part::whole()));
            laws::of_apply(&world)?;
            if let Ran::Ended(end) = ran
                && end?.exit == ExitClass::Conflict
            {
                let plan = session::digest(&world);
                if let Ran::Ended(given_up) = world.run(session::give_up(&second, plan)) {
                    given_up?;
                }
            }
        }
        if plan.has_steps() && plan.base.lineage.is_some() {
            second = second.turn_to_plan(plan.clone());
            let apply = session::apply(&second, "second machine", Part::whole());
            if let Ran::Ended(end) = second.world.run(apply) {
                let exit = end?.exit;
                hold("L10", exit != ExitClass::Done, || {
                    "a plan of one journal was carried out by another".to_owned()
                })?;
            }
        }
        self.desk = self.desk.turn_to_plan(plan);
        self.desk.world.use_store_in(&self.desk.folder());
        Ok(())
    }

    fn planned_by(&self, desk: &Desk) -> Result<Option<Plan>, Broken> {
        let gathered = session::gather(desk, self.scenario, self.upheavals.round);
        let Ran::Ended(gathered) = desk.world.run(gathered) else {
            return Ok(None);
        };
        let Gathered::Input(input) = gathered? else {
            return Ok(None);
        };
        if let Some(open) = &input.state.open {
            return Ok(desk.machine.borrow().plans.get(&open.plan).cloned());
        }
        let plan = relplan_plan::plan(&input);
        laws::of_plan(&input, &plan)?;
        Ok(Some(plan))
    }

    /// A later relplan writes to the journal: nothing is done with it here, and it is not called damaged.
    fn later(&mut self) -> Result<(), Broken> {
        let (world, folder) = (self.desk.world.clone(), self.desk.folder());
        if !write_later(&world, &folder, &mut self.upheavals.chance) {
            return Ok(());
        }
        let before = world.journal(&folder);
        if let Ran::Ended(read) = world.run(self.desk.read(None)) {
            match read? {
                Read::Loaded(_) => {
                    let detail = "what a later relplan wrote is passed over";
                    return Err(Broken::new("L13", detail));
                }
                Read::Refused(_, words) => is_called_later(&words)?,
                Read::Blind => {}
            }
        }
        let apply = session::apply(&self.desk, "earlier", Part::whole());
        if let Ran::Ended(end) = world.run(apply) {
            end?;
        }
        let goal = self.desk.at(self.upheavals.fresh());
        let plan = session::digest(&world);
        if let Ran::Ended(pushed) = world.run(session::push(&goal, &self.desk.place)) {
            pushed?;
        }
        if let Ran::Ended(given_up) = world.run(session::give_up(&self.desk, plan)) {
            given_up?;
        }
        let rebuild = session::rebuild(&self.desk, self.scenario, self.upheavals.round, &[]);
        if let Ran::Ended(rebuilt) = world.run(rebuild) {
            rebuilt?;
        }
        hold("L13", world.journal(&folder) == before, || {
            "something was written behind what a later relplan wrote".to_owned()
        })?;
        self.upgrade();
        Ok(())
    }

    /// Applies a plan while something happens to the journal.
    pub(crate) fn apply_amid(&mut self, upheaval: Upheaval) -> Ran<Result<End, Broken>> {
        let (world, desk) = (self.desk.world.clone(), self.desk.clone());
        world.remark(|| format!("while the plan is applied, to the journal happens: {upheaval:?}"));
        let wait = Duration::from_millis(self.upheavals.chance.below(20_000));
        let apply = session::apply(&desk, "first", Part::whole());
        let clock = world.clock();
        if upheaval == Upheaval::Later {
            let folder = desk.folder();
            let chance = &mut self.upheavals.chance;
            let write = async {
                clock.sleep(wait).await;
                while !write_later(&world, &folder, chance) {
                    clock.sleep(Duration::from_millis(50)).await;
                }
            };
            let ran = world.run(join(apply, write));
            let whole = lines(&world.journal(&desk.folder()));
            let known = whole.iter().map_while(|line| Entry::from_line(line).ok());
            let known = known.take_while(|entry| !is_later(entry)).count();
            self.upgrade();
            return ended(ran, |end| {
                if end.exit == ExitClass::Store {
                    hold("L13", !end.words.contains("damaged"), || end.words.clone())?;
                }
                hold("L13", known + 1 >= whole.len(), || {
                    "something was written behind what a later relplan wrote".to_owned()
                })
            });
        }
        let goal = desk.at(self.upheavals.fresh());
        let push = async {
            clock.sleep(wait).await;
            for _ in 0..PATIENCE {
                if session::push(&goal, &desk.place).await? {
                    return Ok(true);
                }
                clock.sleep(Duration::from_secs(1)).await;
            }
            Ok::<_, Broken>(false)
        };
        let ran = world.run(join(apply, push));
        world.kill_at(None);
        let is_done = match &ran {
            Ran::Ended((_, Ok(done))) => *done,
            Ran::Ended((_, Err(broken))) => return Ran::Ended(Err(broken.clone())),
            Ran::Killed => false,
        };
        if let Err(broken) = self.moved(&desk.place, &goal, is_done) {
            return Ran::Ended(Err(broken));
        }
        ended(ran, |_| Ok(()))
    }

    /// Applies the steps of some targets alone: nothing else is written (law L13).
    pub(crate) fn apply_selected(&mut self) -> Ran<Result<End, Broken>> {
        let (world, folder) = (self.desk.world.clone(), self.desk.folder());
        let steps = world.plan().steps.iter();
        let all: BTreeSet<TargetName> = steps.map(|step| step.address.target.clone()).collect();
        let chance = &mut self.upheavals.chance;
        let mut some = all;
        some.retain(|_| chance.per_mille(500));
        world.remark(|| format!("these targets are selected: {some:?}"));
        let known = (world.sent().len(), lines(&world.journal(&folder)).len());
        let ran = world.run(session::apply_selected(&self.desk, some.clone()));
        let sent = world.sent().split_off(known.0);
        let counts = [1, sent.len() as u64];
        for (count, more) in SELECTED.iter().zip(counts) {
            count.fetch_add(more, Ordering::Relaxed);
        }
        let written = lines(&world.journal(&folder)).into_iter().skip(known.1);
        let recorded = written.filter_map(|line| match Entry::from_line(&line).ok()?.record {
            Record::Intent { step, .. } | Record::Receipt { step, .. } => Some(step),
            _ => None,
        });
        for step in sent.into_iter().chain(recorded) {
            let is_selected = some.iter().any(|name| step.target() == Some(name.as_str()));
            if !is_selected {
                let detail = format!("{step} was touched, and {some:?} were selected");
                return Ran::Ended(Err(Broken::new("L13", detail)));
            }
        }
        ran
    }
}

/// What an apply came to that ran beside something else, once it was looked at.
fn ended<T>(
    ran: Ran<(Result<End, Broken>, T)>,
    look: impl FnOnce(&End) -> Result<(), Broken>,
) -> Ran<Result<End, Broken>> {
    match ran {
        Ran::Ended((end, _)) => Ran::Ended(end.and_then(|end| look(&end).map(|()| end))),
        Ran::Killed => Ran::Killed,
    }
}

/// Appends what a later relplan writes: a record of a kind of its own, one with a member of its own, or a first line of a
/// later format. Whether nobody else was writing.
fn write_later(world: &World, folder: &Path, chance: &mut Chance) -> bool {
    let record = match (world.journal(folder).is_empty(), chance.per_mille(500)) {
        (true, _) => {
            r#"{"genesis":{"format":2,"lineage":"later","project":"acme/simulated"}}"#.to_owned()
        }
        (false, true) => r#"{"leased":{"needs":"9.0.0"}}"#.to_owned(),
        (false, false) => {
            r#"{"moved":{"needs":"9.0.0","to":"elsewhere","why":"it does"}}"#.to_owned()
        }
    };
    let now = world.clock().now();
    world.append_line(folder, |seq, prev| {
        format!(r#"{{"at":"{now}","prev":"{prev}","record":{record},"seq":{seq}}}"#).into_bytes()
    })
}
