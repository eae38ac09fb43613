//! The world: what the registries say, asked all at once.

use std::sync::Arc;

use relplan_model::{
    event::Event,
    observation::{Observation, Query, Seen},
    port::{Drivers as _, EventSink},
};
use tokio::task::JoinSet;

use super::drivers::Built;

/// Asks all queries side by side, on all processors; the network's own limits pace them. The answers are in order of
/// address.
pub async fn observe(
    drivers: &Arc<Built>,
    queries: Vec<Query>,
    events: &dyn EventSink,
) -> Vec<Observation> {
    let total = queries.len() as u64;
    let mut asked = JoinSet::new();
    for query in queries {
        let drivers = drivers.clone();
        asked.spawn(async move {
            match drivers.driver(&query.address.target) {
                Some(driver) => driver.observe(&query).await,
                None => Observation {
                    seen: Seen::Unknown {
                        reason: "the spec has no such target".to_owned(),
                    },
                    address: query.address,
                    evidence: Vec::new(),
                },
            }
        });
    }
    let mut observations = Vec::new();
    // A task that was lost leaves no observation, and the planner takes a missing one for unknown (law L5).
    while let Some(answer) = asked.join_next().await {
        observations.extend(answer.ok());
        let done = observations.len() as u64;
        events.emit(Event::Observing { done, total });
    }
    observations.sort_by(|a, b| a.address.cmp(&b.address));
    observations
}
