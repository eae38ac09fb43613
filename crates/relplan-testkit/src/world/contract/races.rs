//! Races: clients that append at the same time, and what they were told against what is there (law L10).

use relplan_model::{
    digest::Sha256,
    journal::Entry,
    port::{StateStore, StoreError},
    state::State,
};

use super::{Open, chain, line_digest, load, runtime};

/// Several clients try to append to the same head, over and over: every line that a client was told to be there is
/// there, and there are no others.
pub(super) fn l10_of_clients_that_race_one_wins(open: &Open) {
    const CLIENTS: u64 = 4;
    const WINS: u64 = 12;
    let mut won: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let racers: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || race(&*open(), WINS, &format!("client {client}"))))
            .collect();
        racers
            .into_iter()
            .filter_map(|racer| racer.join().ok())
            .flatten()
            .collect()
    });
    let lines = runtime().block_on(load(&*open()));
    assert!(State::replay(&lines).is_ok(), "the chain holds");
    assert_eq!(
        won.len() as u64,
        CLIENTS * WINS,
        "every racer came to its wins"
    );
    let mut there = lines;
    there.sort();
    won.sort();
    assert_eq!(there, won, "what was acknowledged is what is there");
}

/// Appends until it has won this often, and returns the lines that it was told are there.
///
/// # Panics
/// When the store fails other than by a conflict.
#[must_use]
pub fn race(store: &dyn StateStore, wins: u64, who: &str) -> Vec<Vec<u8>> {
    runtime().block_on(async {
        let mut won = Vec::new();
        while (won.len() as u64) < wins {
            let lines = load(store).await;
            let head = lines.last().map_or(Sha256::ZERO, |line| Sha256::of(line));
            let entries = chain(head, lines.len() as u64, 1, who);
            match store.append(head, &entries).await {
                Ok(_) => won.extend(entries.iter().filter_map(|entry| entry.to_line().ok())),
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => unreachable!("{error}"),
            }
        }
        won
    })
}

/// Two clients find nothing there and both begin the journal, over and over: each journal has one beginning.
pub(super) fn l10_of_clients_that_create_it_at_once_one_wins(fresh: &impl Fn() -> Open) {
    for round in 0..6 {
        let open = fresh();
        let attempts: Vec<Vec<Entry>> = (0..3)
            .map(|client| {
                let mut entries = chain(Sha256::ZERO, 0, 1 + client, "beginner");
                if let Some(first) = entries.first_mut() {
                    first.at = first.at.plus_seconds(round);
                }
                relink(entries)
            })
            .collect();
        one_wins(&open, Sha256::ZERO, &attempts);
    }
}

/// Two processes of one user on one host write the very same lines within one second: still one of them alone is told
/// that it was its append.
pub(super) fn l10_of_clients_that_append_the_very_same_lines_one_wins(open: &Open) {
    let mut head = Sha256::ZERO;
    for round in 0..8 {
        let same = chain(head, round * 2, 2, "the same");
        let attempts = vec![same.clone(), same.clone(), same.clone()];
        one_wins(open, head, &attempts);
        head = same.last().map_or(head, line_digest);
    }
}

/// Each of these is attempted by a client of its own at the same moment.
fn one_wins(open: &Open, head: Sha256, attempts: &[Vec<Entry>]) {
    let barrier = std::sync::Barrier::new(attempts.len());
    let won: Vec<&Vec<Entry>> = std::thread::scope(|scope| {
        let racers: Vec<_> = attempts
            .iter()
            .map(|entries| {
                let barrier = &barrier;
                scope.spawn(move || {
                    runtime().block_on(async {
                        let store = open();
                        // Connections and caches are made before the race.
                        load(&*store).await;
                        barrier.wait();
                        match store.append(head, entries).await {
                            Ok(_) => Some(entries),
                            Err(StoreError::Conflict { found, .. }) => {
                                assert_ne!(found, head, "a conflict with what was expected");
                                None
                            }
                            Err(error) => unreachable!("{error:?}"),
                        }
                    })
                })
            })
            .collect();
        racers
            .into_iter()
            .filter_map(|racer| racer.join().ok().flatten())
            .collect()
    });
    assert_eq!(won.len(), 1, "exactly one client is told that it won");
    let lines = runtime().block_on(load(&*open()));
    let winner = won
        .first()
        .map(|entries| entries.as_slice())
        .unwrap_or_default();
    let written: Vec<Vec<u8>> = winner
        .iter()
        .filter_map(|entry| entry.to_line().ok())
        .collect();
    assert!(lines.ends_with(&written), "what won is what is there");
    assert!(State::replay(&lines).is_ok(), "the chain holds");
}

/// Chains entries again that were changed.
fn relink(mut entries: Vec<Entry>) -> Vec<Entry> {
    let mut prev = Sha256::ZERO;
    for entry in &mut entries {
        entry.prev = prev;
        prev = line_digest(entry);
    }
    entries
}
