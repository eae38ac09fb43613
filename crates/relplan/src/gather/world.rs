//! The world: what the registries say, asked all at once.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use relplan_model::{
    event::Event,
    observation::{Observation, Query},
    port::{Drivers as _, EventSink},
};

use super::drivers::Built;

/// Asks all queries side by side; the network's own limits pace them. The answers are in order of address.
pub async fn observe(
    drivers: &Built,
    queries: &[Query],
    events: &dyn EventSink,
) -> Vec<Observation> {
    let total = queries.len() as u64;
    let done = AtomicU64::new(0);
    let mut answers: FuturesUnordered<_> = queries
        .iter()
        .filter_map(|query| Some((query, drivers.driver(&query.address.target)?)))
        .map(|(query, driver)| {
            let done = &done;
            async move {
                let observation = driver.observe(query).await;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                events.emit(Event::Observing { done, total });
                observation
            }
        })
        .collect();
    let mut observations = Vec::with_capacity(queries.len());
    while let Some(observation) = answers.next().await {
        observations.push(observation);
    }
    observations.sort_by(|a, b| a.address.cmp(&b.address));
    observations
}
