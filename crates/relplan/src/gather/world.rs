//! The world: what the registries say, asked all at once.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use relplan_model::{
    event::Event,
    observation::{Observation, Query, Seen},
    port::{Drivers as _, EventSink},
};
use tokio::{task::JoinSet, time::interval};

use super::drivers::Built;

/// How many look-ups are under way at most: as many as the network's own limit lets through.
const UNDER_WAY: usize = 64;

/// How often it is told how far they have come.
const TELL: Duration = Duration::from_millis(100);

/// Queries that nobody has taken up yet, and how many are answered.
struct Work {
    queries: Mutex<std::vec::IntoIter<Query>>,
    done: AtomicU64,
}

/// Asks all queries side by side, on all processors; the network's own limits pace them. The answers are in order of
/// address.
///
/// Why one task for each processor: a task of its own for every query is woken across processors for every piece of an
/// answer, which costs more than reading the answer.
pub async fn observe(
    drivers: &Arc<Built>,
    queries: Vec<Query>,
    events: &dyn EventSink,
) -> Vec<Observation> {
    let total = queries.len() as u64;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let groups = processors.min(queries.len()).clamp(1, UNDER_WAY);
    let work = Arc::new(Work {
        queries: Mutex::new(queries.into_iter()),
        done: AtomicU64::new(0),
    });
    let mut asking = JoinSet::new();
    for _ in 0..groups {
        asking.spawn(ask(
            drivers.clone(),
            work.clone(),
            UNDER_WAY.div_ceil(groups),
        ));
    }
    let mut observations = Vec::new();
    let mut tell = interval(TELL);
    let told = || Event::Observing {
        done: work.done.load(Ordering::Relaxed),
        total,
    };
    // A task that was lost leaves no observations, and the planner takes missing ones for unknown (law L5).
    loop {
        tokio::select! {
            answers = asking.join_next() => match answers {
                Some(answers) => observations.extend(answers.into_iter().flatten()),
                None => break,
            },
            _ = tell.tick() => events.emit(told()),
        }
    }
    events.emit(told());
    observations.sort_by(|a, b| a.address.cmp(&b.address));
    observations
}

/// Takes up queries until there are no more.
async fn ask(drivers: Arc<Built>, work: Arc<Work>, under_way: usize) -> Vec<Observation> {
    let next = || {
        let mut queries = work.queries.lock().unwrap_or_else(PoisonError::into_inner);
        queries.next()
    };
    stream::iter(std::iter::from_fn(next))
        .map(|query| look(&drivers, &work, query))
        .buffer_unordered(under_way)
        .collect()
        .await
}

async fn look(drivers: &Built, work: &Work, query: Query) -> Observation {
    let observation = match drivers.driver(&query.address.target) {
        Some(driver) => driver.observe(&query).await,
        None => Observation {
            seen: Seen::Unknown {
                reason: "the spec has no such target".to_owned(),
            },
            address: query.address,
            evidence: Vec::new(),
        },
    };
    work.done.fetch_add(1, Ordering::Relaxed);
    observation
}
