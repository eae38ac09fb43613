//! What every state store must do, as one suite: a store passes it or is no store (laws L9 and L10).

#![expect(clippy::indexing_slicing, reason = "a suite fails by panicking")]

mod bulk;
mod races;

pub use races::race;

use relplan_model::{
    digest::Sha256,
    journal::{Entry, Record},
    port::{StateStore, StoreError},
    state::State,
    step::StepId,
    time::Timestamp,
};

/// Opens one more client of the same journal.
pub type Open = Box<dyn Fn() -> Box<dyn StateStore> + Send + Sync>;

/// Runs the suite. `fresh` makes a new, empty store and returns what opens clients of it.
///
/// # Panics
/// When the store breaks the contract.
pub fn store_contract(fresh: impl Fn() -> Open) {
    runtime().block_on(async {
        an_empty_store_has_no_lines(&fresh()).await;
        what_was_appended_is_read_back(&fresh()).await;
        l10_a_client_behind_the_head_loses_and_changes_nothing(&fresh()).await;
        l9_lines_that_do_not_follow_are_refused(&fresh()).await;
        bulk::many_lines_and_many_appends_are_read_back(&fresh()).await;
    });
    races::l10_of_clients_that_race_one_wins(&fresh());
    races::l10_of_clients_that_create_it_at_once_one_wins(&fresh);
    races::l10_of_clients_that_append_the_very_same_lines_one_wins(&fresh());
}

/// Entries that follow `head` and `seq`: a genesis if they are the first, then a claim, then intents of one step.
#[must_use]
pub fn chain(head: Sha256, seq: u64, count: u64, who: &str) -> Vec<Entry> {
    let mut prev = head;
    (seq..seq + count)
        .map(|seq| {
            let entry = Entry {
                seq,
                prev,
                at: Timestamp::from_unix(1_800_000_000 + i64::try_from(seq).unwrap_or_default()),
                record: record(seq, who),
            };
            prev = line_digest(&entry);
            entry
        })
        .collect()
}

/// The digest of an entry's line.
#[must_use]
pub fn line_digest(entry: &Entry) -> Sha256 {
    entry
        .to_line()
        .map_or(Sha256::ZERO, |line| Sha256::of(&line))
}

fn record(seq: u64, who: &str) -> Record {
    match seq {
        0 => Record::genesis("contract".to_owned(), "acme/contract".to_owned()),
        1 => Record::Claim {
            plan: Sha256::of(b"plan"),
            serial: 1,
            tool: "0.0.0".to_owned(),
            runner: who.to_owned(),
            run: None,
            targets: None,
            steps: None,
            not_after: None,
            approved: None,
        },
        _ => Record::Resumed {
            plan: Sha256::of(b"plan"),
            runner: format!("{who} {seq}"),
            run: None,
            targets: None,
            approved: None,
        },
    }
}

/// A step's id as it stands in journals, for tests that need one.
///
/// # Panics
/// Never: any text is the id of some step as far as reading goes.
#[must_use]
pub fn step_id(text: &str) -> StepId {
    match serde_json::from_value(serde_json::Value::String(text.to_owned())) {
        Ok(id) => id,
        Err(error) => unreachable!("a text is a step id: {error}"),
    }
}

async fn an_empty_store_has_no_lines(open: &Open) {
    let store = open();
    assert_eq!(load(&*store).await, Vec::<Vec<u8>>::new());
    assert!(matches!(store.torn().await, Ok(false)));
    assert!(
        !store.location().is_empty(),
        "people must be told where it is"
    );
    let appended = store.append(Sha256::ZERO, &[]).await;
    assert_eq!(
        appended.ok(),
        Some(Sha256::ZERO),
        "appending nothing succeeds"
    );
}

async fn what_was_appended_is_read_back(open: &Open) {
    let (writer, reader) = (open(), open());
    let first = chain(Sha256::ZERO, 0, 3, "a");
    let head = writer.append(Sha256::ZERO, &first).await.ok();
    assert_eq!(
        head,
        first.last().map(line_digest),
        "the answer is the head"
    );
    let head = head.unwrap_or(Sha256::ZERO);
    let second = chain(head, 3, 2, "a");
    assert!(writer.append(head, &second).await.is_ok());
    let lines = load(&*reader).await;
    let expected: Vec<Vec<u8>> = first
        .iter()
        .chain(&second)
        .filter_map(|entry| entry.to_line().ok())
        .collect();
    assert_eq!(lines, expected, "every byte, in order, for any client");
    let state = State::replay(&lines);
    assert!(
        matches!(&state, Ok(state) if state.length == 5),
        "{state:?}"
    );
}

async fn l10_a_client_behind_the_head_loses_and_changes_nothing(open: &Open) {
    let (ahead, behind) = (open(), open());
    let first = chain(Sha256::ZERO, 0, 1, "a");
    let head = line_digest(&first[0]);
    assert!(ahead.append(Sha256::ZERO, &first).await.is_ok());
    assert!(ahead.append(head, &chain(head, 1, 1, "a")).await.is_ok());
    let before = load(&*behind).await;
    for stale in [
        chain(Sha256::ZERO, 0, 1, "b"),
        chain(head, 1, 3, "b"),
        Vec::new(),
    ] {
        let expected = stale.first().map_or(head, |entry| entry.prev);
        match behind.append(expected, &stale).await {
            Err(StoreError::Conflict {
                expected: told,
                found,
            }) => {
                assert_eq!(told, expected);
                assert_eq!(Some(found), before.last().map(|line| Sha256::of(line)));
            }
            other => unreachable!("a stale head must be a conflict: {other:?}"),
        }
        assert_eq!(load(&*behind).await, before, "a conflict changes nothing");
    }
}

async fn l9_lines_that_do_not_follow_are_refused(open: &Open) {
    let store = open();
    let first = chain(Sha256::ZERO, 0, 2, "a");
    let head = line_digest(&first[1]);
    assert!(store.append(Sha256::ZERO, &first).await.is_ok());
    let good = chain(head, 2, 3, "a");
    let skipped = vec![good[0].clone(), good[2].clone()];
    let swapped = vec![good[1].clone(), good[0].clone(), good[2].clone()];
    let numbered = chain(head, 7, 1, "a");
    for entries in [skipped, swapped, numbered] {
        let answer = store.append(head, &entries).await;
        assert!(
            matches!(answer, Err(StoreError::Damaged { .. })),
            "{answer:?}"
        );
    }
    assert_eq!(load(&*store).await.len(), 2, "a refusal changes nothing");
    assert!(store.append(head, &good).await.is_ok());
}

async fn load(store: &dyn StateStore) -> Vec<Vec<u8>> {
    match store.load().await {
        Ok(lines) => lines,
        Err(error) => unreachable!("it could not be loaded: {error}"),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => unreachable!("no runtime: {error}"),
    }
}
