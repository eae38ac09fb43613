//! What the binary does, on a world's ports: observe and plan, and apply.

use std::time::Duration;

use relplan_apply::{
    AbandonError, Admission, ExitClass, Opening, Options, Part, Ports, Stop, abandon, admit, claim,
    walk,
};
use relplan_model::{
    approval::Approved,
    digest::Sha256,
    observation::{Freshness, Observation, Seen},
    plan::Plan,
    port::{Approvals, BoxFuture, Clock as _, Drivers as _, StateStore as _, StoreError, Withheld},
    state::State,
};
use relplan_plan::PlanInput;
use relplan_testkit::world::World;

use super::{laws::Broken, project, scenario::Scenario};

/// How one apply ended.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) exit: ExitClass,
    pub(crate) words: String,
}

impl End {
    fn early(exit: ExitClass, error: &dyn std::error::Error) -> Self {
        Self {
            exit,
            words: error.to_string(),
        }
    }
}

/// What is recorded; `None` if the store cannot be read just now.
pub(crate) async fn recorded(world: &World) -> Result<Option<State>, Broken> {
    let Ok(lines) = world.store().load().await else {
        return Ok(None);
    };
    let damaged = |error: &dyn std::error::Error| {
        Broken::new("L9", format!("the journal cannot be folded: {error}"))
    };
    State::replay(&lines)
        .map(Some)
        .map_err(|error| damaged(&error))
}

/// Asks the registries and gathers the planner's input; `None` if the store cannot be read just now.
pub(crate) async fn gather(
    world: &World,
    scenario: &Scenario,
    round: usize,
) -> Result<Option<PlanInput>, Broken> {
    let Some(state) = recorded(world).await? else {
        return Ok(None);
    };
    let releases = project::releases(scenario, round)?;
    let mut observations = Vec::new();
    for query in relplan_plan::queries(&releases, &state, Freshness::Revalidated) {
        observations.push(match world.driver(&query.address.target) {
            Some(driver) => relplan_model::port::Observe::observe(driver, &query).await,
            None => Observation {
                address: query.address.clone(),
                seen: Seen::Unknown {
                    reason: "no driver".to_owned(),
                },
                evidence: Vec::new(),
            },
        });
    }
    let now = world.clock().now();
    Ok(Some(project::input(
        scenario,
        round,
        now,
        state,
        observations,
    )?))
}

/// Nobody has to say anything: approvals have a simulation of their own, beside the walk.
struct Ungated;

impl Approvals for Ungated {
    fn approved(&self) -> BoxFuture<'_, Result<Option<Approved>, Withheld>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// What the binary does for `apply PLAN`, or for a part of it: load, admit, claim, walk.
pub(crate) async fn apply(world: &World, runner: &str, part: Part) -> Result<End, Broken> {
    let (store, clock) = (world.store(), world.clock());
    let ports = Ports {
        drivers: world,
        source: world,
        store: &store,
        clock: &clock,
        events: world,
        approvals: &Ungated,
    };
    let Some(state) = recorded(world).await? else {
        return Ok(End {
            exit: ExitClass::Store,
            words: "the store cannot be read".to_owned(),
        });
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
        lineage: "simulated".to_owned(),
        tool: "0.0.0".to_owned(),
        runner: runner.to_owned(),
        run: format!("{runner} {}", world.calls()),
    };
    let claimed = match claim(admitted, opening, &ports).await {
        Ok(claimed) => claimed,
        Err(error) => return Ok(End::early(error.exit(), &error)),
    };
    let options = Options {
        patience: Duration::from_secs(120),
        ..Options::default()
    };
    let report = walk(claimed, &ports, &options, &Stop::new()).await;
    if let Some(damage @ StoreError::Damaged { .. }) = &report.failure {
        // The disk keeps what was synced: what does not fit was written, or was to be, by somebody whose turn it was not.
        return Err(Broken::new("L10", damage.to_string()));
    }
    Ok(End {
        exit: report.exit,
        words: report.message(),
    })
}

/// What the binary does where a part is not admitted: tell the others.
pub(crate) async fn decline(world: &World, part: Part) -> Result<End, Broken> {
    let (store, clock) = (world.store(), world.clock());
    let manners = Duration::from_secs(30);
    let told = relplan_apply::decline(
        digest(world),
        (&part, "simulated"),
        (&store, &clock),
        manners,
    )
    .await;
    Ok(End {
        exit: ExitClass::Credential,
        words: format!("not admitted, and the others were told: {told:?}"),
    })
}

/// What the binary does for `state abandon PLAN`. Whether the plan is given up now, or was not open.
pub(crate) async fn give_up(world: &World, plan: Sha256) -> bool {
    let (store, clock) = (world.store(), world.clock());
    match abandon(&store, &clock, plan, "simulated".to_owned()).await {
        Ok(_) | Err(AbandonError::NotOpen { .. }) => true,
        Err(AbandonError::Store(
            StoreError::Conflict { .. }
            | StoreError::Io { .. }
            | StoreError::Damaged { .. }
            | StoreError::Later { .. },
        )) => false,
    }
}

/// The digest of the plan that a world is about.
pub(crate) fn digest(world: &World) -> Sha256 {
    Plan::digest(world.plan_bytes())
}
