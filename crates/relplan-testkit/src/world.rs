//! The simulated world: registries with faults, a clock, a store and an executor, all driven by one seed.
//!
//! A [`World`] lends the ports that planning and applying run on. Its executor polls one future, moves the clock only
//! when everything waits, and drops the future at any port call of choice, which is what a killed process is. Requests
//! that are on the wire then land all the same.
//!
//! Invariant: one seed is one history. The laws that an applier could break (L4, L7, L8, L9 and the plan's end) are
//! watched at every effect, and breaches are kept for the test to find.

mod chance;
mod clock;
pub mod contract;
mod disk;
mod driver;
mod faults;
mod flaw;
mod landing;
pub mod likeness;
mod plans;
mod platter;
mod registry;
mod store;
mod tale;
mod watch;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker},
};

use relplan_model::{
    address::{InvalidName, TargetName},
    digest::Sha256,
    event::Event,
    plan::Plan,
    port::{Clock, Drivers, EventSink, Publish, StateStore},
    step::StepId,
    target::Target,
    time::Timestamp,
};

pub use self::{
    chance::Chance,
    clock::SimClock,
    driver::SimDriver,
    faults::{Fault, Faults, Limit},
    flaw::Flaw,
    plans::{Row, plan_of},
    registry::{Contents, Registries, Upload, bytes_of},
    store::{Appended, SimStore},
    watch::Breach,
};
use self::{clock::Timers, landing::Landings, platter::Platter, tale::Tale, watch::Watch};

/// When every world begins.
pub const BEGINNING: i64 = 1_800_000_000;

/// The clock's milliseconds then: late enough that the past which a look may see is one in which the plan was made.
const START: u64 = 1_000_000_000;

/// How far a clock that jumps is off at most, in seconds: less than plans live, or nothing could ever be applied.
const MOST_SKEW: u64 = 3_600;

/// A simulated world. Clones share it.
#[derive(Clone)]
pub struct World {
    shared: Arc<Shared>,
    plan: Arc<Plan>,
    plan_bytes: Arc<[u8]>,
    drivers: Arc<BTreeMap<TargetName, SimDriver>>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ran<T> {
    /// By itself.
    Ended(T),
    /// It was killed at the port call that was asked for.
    Killed,
}

/// What all ports of a world share.
struct Shared(Mutex<Inner>);

/// Everything that changes.
struct Inner {
    now: u64,
    timers: Timers,
    chance: Chance,
    faults: Faults,
    registries: Registries,
    landings: Landings,
    limits: BTreeMap<TargetName, u64>,
    platter: Platter,
    /// The journals, by the folder that each is in.
    stores: BTreeMap<PathBuf, store::Lines>,
    /// The folder of the journal that the applier at work goes by.
    in_use: PathBuf,
    watch: Watch,
    events: Vec<Event>,
    tale: Tale,
    flaw: Option<Flaw>,
    /// By how many seconds the clock that people read is off.
    skew: i64,
    calls: u64,
    kill_at: Option<u64>,
    killed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl World {
    /// A world in which this plan may be applied: its artifacts are at hand, and its registries hold what the plan
    /// says that they held when it was made.
    #[must_use]
    pub fn new(seed: u64, plan: Plan, faults: Faults) -> Self {
        let plan = Arc::new(plan);
        let shared = Arc::new(Shared(Mutex::new(Inner {
            now: START,
            timers: Timers::default(),
            chance: Chance::new(seed),
            faults,
            registries: Registries::as_planned(&plan),
            landings: Landings::default(),
            limits: BTreeMap::new(),
            platter: Platter::default(),
            stores: BTreeMap::new(),
            in_use: PathBuf::from(store::FOLDER),
            watch: Watch::new(Arc::clone(&plan)),
            events: Vec::new(),
            tale: Tale::default(),
            flaw: None,
            skew: 0,
            calls: 0,
            kill_at: None,
            killed: false,
        })));
        Self::about(shared, plan)
    }

    /// A world of empty registries, before anything was planned.
    ///
    /// # Errors
    /// Never: no name is made up here.
    pub fn of(seed: u64, targets: Vec<Target>, faults: Faults) -> Result<Self, InvalidName> {
        let mut plan = plan_of(&[])?;
        plan.targets = targets;
        Ok(Self::new(seed, plan, faults))
    }

    /// The same world, about another plan whose artifacts are at hand.
    #[must_use]
    pub fn turn_to_plan(&self, plan: Plan) -> Self {
        let plan = Arc::new(plan);
        {
            let mut inner = self.shared.lock();
            inner.registries.pack(&plan.artifacts);
            let next = Watch::new(Arc::clone(&plan));
            let before = std::mem::replace(&mut inner.watch, next);
            inner.watch.inherit(before);
        }
        Self::about(Arc::clone(&self.shared), plan)
    }

    fn about(shared: Arc<Shared>, plan: Arc<Plan>) -> Self {
        let driver = |target: &Target| {
            let driver = SimDriver::new(Arc::clone(&shared), target.clone());
            (target.name.clone(), driver)
        };
        let drivers = plan.targets.iter().map(driver).collect();
        Self {
            plan_bytes: plan.to_bytes().unwrap_or_default().into(),
            shared,
            plan,
            drivers: Arc::new(drivers),
        }
    }

    /// The plan that this world is about.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan's bytes; none if it has no canonical form.
    #[must_use]
    pub fn plan_bytes(&self) -> &[u8] {
        &self.plan_bytes
    }

    /// Its clock.
    #[must_use]
    pub fn clock(&self) -> SimClock {
        SimClock(Arc::clone(&self.shared))
    }

    /// The store of the journal in use.
    #[must_use]
    pub fn store(&self) -> SimStore {
        let folder = self.shared.lock().in_use.clone();
        SimStore::new(Arc::clone(&self.shared), folder)
    }

    /// The store of a journal in this folder.
    #[must_use]
    pub fn store_in(&self, folder: &Path) -> SimStore {
        SimStore::new(Arc::clone(&self.shared), folder.to_owned())
    }

    /// Whoever is at work from here on goes by the journal in this folder.
    pub fn use_store_in(&self, folder: &Path) {
        self.shared.lock().in_use = folder.to_owned();
    }

    /// The bytes of the journal in a folder, as processes see them; none if there is none.
    #[must_use]
    pub fn journal(&self, folder: &Path) -> Vec<u8> {
        self.shared.lock().journal(folder).to_vec()
    }

    /// Somebody puts a whole journal in a folder, such as a copy from a backup, or takes it away, while nobody is at work.
    pub fn put_journal(&self, folder: &Path, journal: &[u8]) {
        self.shared.lock().put_journal(folder, journal);
    }

    /// The digests of the lines behind which the store in a folder said that all was durable.
    #[must_use]
    pub fn acknowledged(&self, folder: &Path) -> Vec<Sha256> {
        let inner = self.shared.lock();
        let lines = inner.stores.get(folder);
        lines
            .map(|lines| lines.acknowledged().to_vec())
            .unwrap_or_default()
    }

    /// Somebody appends a line to the journal in a folder, with a program of their own; it is given the line's number and the
    /// digest of the one before. Whether nobody else was writing.
    #[must_use]
    pub fn append_line(&self, folder: &Path, line: impl FnOnce(u64, Sha256) -> Vec<u8>) -> bool {
        self.shared.lock().append_line(folder, line)
    }

    /// The steps whose effects were sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<StepId> {
        self.shared.lock().watch.sent().to_vec()
    }

    /// Runs a future by the world's clock until it ends or is killed. Everything that it held is dropped then.
    ///
    /// # Panics
    /// When the future waits for something that can never come.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> Ran<T> {
        let woken = Arc::new(Woken(Mutex::new(true)));
        let waker = Waker::from(Arc::clone(&woken));
        let mut future = Box::pin(future);
        let mut context = Context::from_waker(&waker);
        self.shared.lock().killed = false;
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Ran::Ended(value);
            }
            if self.shared.lock().killed {
                return Ran::Killed;
            }
            if woken.take() {
                continue;
            }
            let moved = self.shared.lock().advance();
            assert!(moved, "everything waits, and for nothing");
        }
    }

    /// Kills the run at this port call, counted from 1 since the world began; `None`: never.
    pub fn kill_at(&self, call: Option<u64>) {
        self.shared.lock().kill_at = call;
    }

    /// Port calls since the world began.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.shared.lock().calls
    }

    /// What the registries hold once everything that is on the wire has landed.
    #[must_use]
    pub fn contents(&self) -> BTreeMap<String, Contents> {
        let mut inner = self.shared.lock();
        inner.land_everything();
        inner.registries.contents()
    }

    /// Every upload that had an effect, in order.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        self.shared.lock().registries.uploads().to_vec()
    }

    /// What the applier did against the laws.
    #[must_use]
    pub fn breaches(&self) -> Vec<Breach> {
        self.shared.lock().watch.breaches().to_vec()
    }

    /// Several appliers are about to run at once: what each may rest on cannot be told from one journal then, so that
    /// only the registries' contents are watched.
    pub fn expect_rivals(&self) {
        self.shared.lock().watch.expect_rivals();
    }

    /// Only one applier at a time from here on.
    pub fn expect_no_rivals(&self) {
        self.shared.lock().watch.expect_no_rivals();
    }

    /// Other faults from here on.
    pub fn turn_to(&self, faults: Faults) {
        let mut inner = self.shared.lock();
        inner.faults = faults;
        inner.platter.failure = None;
    }

    /// No more faults from here on.
    pub fn calm(&self) {
        self.turn_to(Faults::none());
    }

    /// What was told so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.shared.lock().events.clone()
    }

    /// Changes what an artifact's bytes are, as an attacker with access to the bundle would.
    pub fn alter(&self, file: &relplan_model::address::FileName, bytes: &[u8]) {
        self.shared.lock().registries.alter(file, bytes);
    }

    /// Somebody else does something at a registry, at once.
    pub fn by_hand(&self, change: impl FnOnce(&mut Registries, u64)) {
        let mut inner = self.shared.lock();
        let now = inner.now;
        change(&mut inner.registries, now);
    }

    /// Lets time pass.
    pub fn pass(&self, seconds: u64) {
        let mut inner = self.shared.lock();
        inner.now += seconds * 1000;
        inner.land_due();
    }

    /// The machine is gone with its disk: whatever its store held is lost.
    pub fn lose_store(&self) {
        let mut inner = self.shared.lock();
        inner.platter = Platter::default();
        inner.stores.clear();
        inner.tell(|| "the machine is gone, and its disk with the journal".to_owned());
    }

    /// Lines that the store said were durable and that are not there.
    #[must_use]
    pub fn lost_lines(&self) -> usize {
        let inner = self.shared.lock();
        inner.stores.values().map(store::Lines::lost).sum()
    }

    /// How much was appended to the store: calls, lines and bytes.
    #[must_use]
    pub fn appended(&self) -> Appended {
        let inner = self.shared.lock();
        let lines = inner.stores.get(&inner.in_use);
        lines.map(store::Lines::appended).unwrap_or_default()
    }

    /// Uploads that took the place of other bytes, where a registry lets them.
    #[must_use]
    pub fn overwritten(&self) -> Vec<Upload> {
        self.shared.lock().registries.overwritten().to_vec()
    }

    /// From here on some part of the world breaks its contract, as a faulty implementation of a port would.
    pub fn break_part(&self, flaw: Flaw) {
        self.shared.lock().flaw = Some(flaw);
    }

    /// Writes down what happens from here on, for people.
    pub fn tell(&self) {
        self.shared.lock().tale.begin();
    }

    /// Adds a remark to what is written down.
    pub fn remark(&self, remark: impl FnOnce() -> String) {
        self.shared.lock().tell(remark);
    }

    /// What happened, one line each, in order.
    #[must_use]
    pub fn tale(&self) -> Vec<String> {
        self.shared.lock().tale.lines().to_vec()
    }
}

impl Inner {
    fn timestamp(&self) -> Timestamp {
        let seconds = i64::try_from((self.now - START) / 1000).unwrap_or(i64::MAX);
        Timestamp::from_unix(BEGINNING).plus_seconds(seconds.saturating_add(self.skew))
    }

    /// The clock jumps now and then, forward or back, as clocks do that are set right.
    fn jump(&mut self) {
        let often = self.faults.clock_jumps;
        if !self.faults.strike(&mut self.chance, often) {
            return;
        }
        let by = i64::try_from(self.chance.below(2 * MOST_SKEW)).unwrap_or_default();
        self.skew = by - i64::try_from(MOST_SKEW).unwrap_or_default();
        let skew = self.skew;
        self.tell(|| format!("the clock jumps: it is off by {skew} s now"));
    }

    /// The end of a process: it is killed, or its machine goes dark and comes back.
    fn die(&mut self) {
        self.killed = true;
        if self.chance.per_mille(500) {
            self.tell(|| "the process is killed".to_owned());
            // What it did not sync is the next one's to sync, and that may fail where disks fail at all.
            let often = 5 * self.faults.store_failures;
            if self.faults.strike(&mut self.chance, often) {
                self.platter.failure = Some(platter::Failure::Sync);
            }
        } else {
            self.tell(|| "the power fails".to_owned());
            self.lose_power();
        }
    }

    /// Moves the clock to the next timer and wakes who waits for it.
    fn advance(&mut self) -> bool {
        let Some((at, waker)) = self.timers.pop() else {
            return false;
        };
        self.now = self.now.max(at);
        self.land_due();
        waker.wake();
        true
    }
}

impl Drivers for World {
    fn driver(&self, target: &TargetName) -> Option<&dyn Publish> {
        let driver = self.drivers.get(target)?;
        Some(driver)
    }
}

impl EventSink for World {
    fn emit(&self, event: Event) {
        let mut inner = self.shared.lock();
        inner.tell_event(&event);
        inner.events.push(event);
    }
}

/// Counts a port call; the one at which the run is to be killed never returns.
async fn call(shared: &Shared) {
    let is_last = {
        let mut inner = shared.lock();
        inner.calls += 1;
        inner.jump();
        if inner.kill_at == Some(inner.calls) {
            inner.die();
        }
        inner.killed
    };
    if is_last {
        std::future::pending::<()>().await;
    }
}

/// Lets some time pass, so that what runs side by side interleaves in another way for each seed.
async fn latency(shared: &Arc<Shared>) {
    let millis = {
        let mut inner = shared.lock();
        let most = inner.faults.latency_millis;
        inner.chance.below(most + 1)
    };
    if millis > 0 {
        SimClock(Arc::clone(shared))
            .sleep(std::time::Duration::from_millis(millis))
            .await;
    }
}

struct Woken(Mutex<bool>);

impl Woken {
    fn take(&self) -> bool {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }
}

/// The whole port set stands behind one type, so that it can be checked at compile time that it may cross threads.
const _: fn() = || {
    fn ports<T: Drivers + EventSink + Send + Sync>() {}
    fn store<T: StateStore>() {}
    ports::<World>();
    store::<SimStore>();
};
