//! What the binary does, on a world's ports: observe and plan, apply, move a journal, begin a new one.

use std::{collections::BTreeSet, time::Duration};

use relplan_apply::{
    AbandonError, Admission, ExitClass, Opening, Options, Part, Ports, Stop, abandon, admit, begin,
    claim, facts_of, walk,
};
use relplan_model::{
    address::TargetName,
    approval::{Approved, PinnedPolicy},
    digest::Sha256,
    journal::Fact,
    observation::{Freshness, Observation, Seen},
    plan::{Base, Plan},
    port::{Approvals, BoxFuture, Clock as _, Drivers as _, StateStore as _, StoreError, Withheld},
    state::State,
};
use relplan_plan::PlanInput;
use relplan_state::{Lost, Objection, Place, announce_move, transfer};
use relplan_testkit::world::World;

use super::{
    laws::{Broken, hold},
    machine::{Desk, Read, Refusal},
    project::{self, PROJECT},
    scenario::Scenario,
};

/// How one apply ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) exit: ExitClass,
    pub(crate) words: String,
    /// Why the journal was not gone by, if it was not.
    pub(crate) refusal: Option<Refusal>,
}

impl End {
    pub(crate) fn new(exit: ExitClass, words: impl Into<String>) -> Self {
        Self {
            exit,
            words: words.into(),
            refusal: None,
        }
    }

    fn early(exit: ExitClass, error: &dyn std::error::Error) -> Self {
        Self::new(exit, error.to_string())
    }
}

/// What is recorded; `None` if the store cannot be read just now, or is of a later relplan.
pub(crate) async fn recorded(desk: &Desk) -> Result<Option<State>, Broken> {
    let store = desk.world.store_in(&desk.folder());
    match relplan_state::load_state(&store).await {
        Ok(loaded) => Ok(Some(loaded.state)),
        Err(damage @ StoreError::Damaged { .. }) => {
            let detail = format!("the journal cannot be folded: {damage}");
            Err(Broken::new("L9", detail))
        }
        Err(_) => Ok(None),
    }
}

/// What gathering came to.
pub(crate) enum Gathered {
    Input(Box<PlanInput>),
    /// The store cannot be read just now.
    Blind,
    /// The journal is not gone by, with the words.
    Refused(Refusal, String),
}

/// Asks the registries and gathers the planner's input.
pub(crate) async fn gather(
    desk: &Desk,
    scenario: &Scenario,
    round: usize,
) -> Result<Gathered, Broken> {
    let state = match desk.read(None).await? {
        Read::Loaded(loaded) => loaded.state,
        Read::Blind => return Ok(Gathered::Blind),
        Read::Refused(refusal, words) => return Ok(Gathered::Refused(refusal, words)),
    };
    let observations = observe(&desk.world, scenario, round, &state).await?;
    let now = desk.world.clock().now();
    let input = project::input(scenario, round, now, state, observations)?;
    Ok(Gathered::Input(Box::new(input)))
}

async fn observe(
    world: &World,
    scenario: &Scenario,
    round: usize,
    state: &State,
) -> Result<Vec<Observation>, Broken> {
    let releases = project::releases(scenario, round)?;
    let mut observations = Vec::new();
    for query in relplan_plan::queries(&releases, state, Freshness::Revalidated) {
        observations.push(match world.driver(&query.address.target) {
            Some(driver) => driver.observe(&query).await,
            None => Observation {
                address: query.address.clone(),
                seen: Seen::Unknown {
                    reason: "no driver".to_owned(),
                },
                evidence: Vec::new(),
            },
        });
    }
    Ok(observations)
}

/// Nobody has to say anything, but under a policy that asks for nobody: approvals have a simulation of their own, beside
/// the walk.
struct Gate(Option<PinnedPolicy>);

impl Approvals for Gate {
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>> {
        let approved = self.0.map(|policy| Approved {
            policy,
            approvals: Vec::new(),
        });
        Box::pin(std::future::ready(Ok(approved)))
    }
}

/// What the binary does for `apply PLAN`, or for a part of it while other runs have the rest: load, admit, claim, walk.
pub(crate) async fn apply(desk: &Desk, runner: &str, part: Part) -> Result<End, Broken> {
    let options = Options {
        patience: Duration::from_secs(120),
        ..Options::default()
    };
    apply_as(desk, runner, part, &options).await
}

/// What the binary does for `apply PLAN --target … --at-once --wait 1s`, with nobody else at work.
pub(crate) async fn apply_selected(
    desk: &Desk,
    targets: BTreeSet<TargetName>,
) -> Result<End, Broken> {
    let options = Options {
        together: false,
        patience: Duration::from_secs(1),
        ..Options::default()
    };
    apply_as(desk, "selected", Part::of(targets), &options).await
}

async fn apply_as(desk: &Desk, runner: &str, part: Part, options: &Options) -> Result<End, Broken> {
    let world = &desk.world;
    let (store, clock) = (world.store_in(&desk.folder()), world.clock());
    let state = match desk.read(Some(world.plan())).await? {
        Read::Loaded(loaded) => loaded.state,
        Read::Blind => return Ok(End::new(ExitClass::Store, "the store cannot be read")),
        Read::Refused(refusal, words) => {
            return Ok(End {
                refusal: Some(refusal),
                ..End::new(ExitClass::Store, words)
            });
        }
    };
    let remembered = desk.machine.borrow().policy.or(state.policy);
    let gate = Gate(remembered.or(desk.policy));
    let ports = Ports {
        drivers: world,
        source: world,
        store: &store,
        clock: &clock,
        events: world,
        approvals: &gate,
    };
    let admission = Admission {
        part,
        bytes: world.plan_bytes(),
        now: clock.now(),
        state,
        drivers: world,
        source: world,
    };
    let admitted = match admit(admission).await {
        Ok(admitted) => admitted,
        Err(denied) => return Ok(End::early(denied.exit(), &denied)),
    };
    let opening = Opening {
        lineage: desk.name.clone(),
        tool: "0.0.0".to_owned(),
        runner: runner.to_owned(),
        run: format!("{runner} {}", world.calls()),
    };
    desk.machine
        .borrow_mut()
        .plans
        .insert(digest(world), world.plan().clone());
    let claimed = match claim(admitted, opening, &ports).await {
        Ok(claimed) => claimed,
        Err(error) => {
            if let relplan_apply::ClaimError::Store(error) = &error {
                is_no_damage(error)?;
            }
            return Ok(End::early(error.exit(), &error));
        }
    };
    desk.claimed(claimed.state())?;
    let report = walk(claimed, &ports, options, &Stop::new()).await;
    desk.reached(report.base.clone());
    if let Some(error) = &report.failure {
        is_no_damage(error)?;
    }
    Ok(End::new(report.exit, report.message()))
}

/// The disk keeps what was synced, and later formats are no damage: what does not fit was written, or was to be, by
/// somebody whose turn it was not.
fn is_no_damage(error: &StoreError) -> Result<(), Broken> {
    match error {
        StoreError::Damaged { .. } => Err(Broken::new("L10", error.to_string())),
        _ => Ok(()),
    }
}

/// What the binary does where a part is not admitted: tell the others.
pub(crate) async fn decline(desk: &Desk, part: Part) -> Result<End, Broken> {
    let judged = match desk.read(Some(desk.world.plan())).await? {
        Read::Loaded(loaded) => loaded.state,
        Read::Blind => return Ok(End::new(ExitClass::Store, "the store cannot be read")),
        Read::Refused(refusal, words) => {
            return Ok(End {
                refusal: Some(refusal),
                ..End::new(ExitClass::Store, words)
            });
        }
    };
    let (store, clock) = (desk.world.store_in(&desk.folder()), desk.world.clock());
    let manners = Duration::from_secs(30);
    let told = relplan_apply::decline(
        digest(&desk.world),
        (&part, "simulated"),
        (&store, &clock),
        (&judged, manners),
    )
    .await;
    if let Ok(Some(after)) = &told {
        desk.reached(after.base());
    }
    let is_told = told.map(|after| after.is_some());
    let words = format!("not admitted, and the others were told: {is_told:?}");
    Ok(End::new(ExitClass::Credential, words))
}

/// What giving a plan up came to.
pub(crate) enum GivenUp {
    /// It is given up now, or was not open.
    Done,
    NotYet,
    /// The journal is not gone by, with the words.
    Refused(Refusal, String),
}

/// What the binary does for `state abandon`.
pub(crate) async fn give_up(desk: &Desk, plan: Sha256) -> Result<GivenUp, Broken> {
    let state = match desk.read(None).await? {
        Read::Loaded(loaded) => loaded.state,
        Read::Blind => return Ok(GivenUp::NotYet),
        Read::Refused(refusal, words) => return Ok(GivenUp::Refused(refusal, words)),
    };
    let (store, clock) = (desk.world.store_in(&desk.folder()), desk.world.clock());
    let reason = "simulated".to_owned();
    Ok(match abandon(&store, &clock, state, (plan, reason)).await {
        Ok(after) => {
            desk.reached(after.base());
            GivenUp::Done
        }
        Err(AbandonError::NotOpen { .. }) => GivenUp::Done,
        Err(AbandonError::Store(
            StoreError::Conflict { .. }
            | StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::Later { .. },
        )) => GivenUp::NotYet,
    })
}

/// What the binary does for `state push --from`. Whether all of the journal is there now.
pub(crate) async fn push(desk: &Desk, from: &Place) -> Result<bool, Broken> {
    let source = desk.at(from.clone());
    let place = desk.place.to_string();
    match source.read(None).await? {
        // The same move goes on.
        Read::Refused(Refusal::Objection(Objection::Moved(moved)), _) if moved.to == place => {}
        Read::Loaded(_) => {}
        Read::Refused(..) | Read::Blind => return Ok(false),
    }
    let (from, to) = (
        desk.world.store_in(&source.folder()),
        desk.world.store_in(&desk.folder()),
    );
    let now = desk.world.clock().now();
    let Ok(loaded) = relplan_state::load_state(&from).await else {
        return Ok(false);
    };
    let Ok(state) = announce_move(&from, &to, &place, now).await else {
        return Ok(false);
    };
    desk.carries(&loaded, state.base());
    Ok(transfer(&from, &to).await.is_ok())
}

/// What the binary does for `state pull --into`.
pub(crate) async fn pull(desk: &Desk, into: &Place) -> bool {
    let copy = desk.at(into.clone());
    let from = desk.world.store_in(&desk.folder());
    let to = desk.world.store_in(&copy.folder());
    transfer(&from, &to).await.is_ok()
}

/// What the binary does for `state check --accept`. Whether the journal could be read.
pub(crate) async fn accept(desk: &Desk) -> Result<bool, Broken> {
    let state = recorded(desk).await?;
    if let Some(state) = &state {
        desk.accept(state);
    }
    Ok(state.is_some())
}

/// What the binary does for `state rebuild`, with `--lost` where lines are left. Whether there is a journal now.
pub(crate) async fn rebuild(
    desk: &Desk,
    scenario: &Scenario,
    round: usize,
    left: &[Vec<u8>],
) -> Result<bool, Broken> {
    let world = &desk.world;
    let (store, clock) = (world.store_in(&desk.folder()), world.clock());
    match store.load().await {
        Ok(lines) if lines.is_empty() => {}
        // A rebuild before was told of a failure once it had begun the journal.
        Ok(_) => return Ok(recorded(desk).await?.is_some()),
        Err(_) => return Ok(false),
    }
    let mut lost = Lost::default();
    let policy = {
        let machine = desk.machine.borrow();
        for (lineage, known) in &machine.journals {
            lost.add(Base {
                lineage: Some(lineage.clone()),
                serial: known.serial,
                head: known.head,
                store: None,
            });
        }
        for plan in machine.plans.values() {
            lost.add(plan.base.clone());
        }
        lost.add_lines(left);
        machine.policy.or(lost.policy)
    };
    let observations = observe(world, scenario, round, &State::default()).await?;
    let is_unknown = |one: &Observation| matches!(one.seen, Seen::Unknown { .. });
    if observations.iter().any(is_unknown) {
        return Ok(false);
    }
    let facts: Vec<Fact> = observations.iter().flat_map(facts_of).collect();
    let lineage = format!("rebuilt {}", world.calls());
    let genesis = lost.genesis(lineage, PROJECT.to_owned(), policy);
    let Ok(state) = begin(&store, &clock, genesis, facts).await else {
        return Ok(false);
    };
    hold("policy", state.policy == policy, || {
        format!(
            "{policy:?} was asked for, and the new journal goes by {:?}",
            state.policy
        )
    })?;
    desk.began(&state)?;
    Ok(true)
}

/// The digest of the plan that a world is about.
pub(crate) fn digest(world: &World) -> Sha256 {
    Plan::digest(world.plan_bytes())
}
