//! Journals of some size: many lines at once, long lines, and many appends one after another.

use relplan_model::digest::Sha256;

use super::{Open, chain, line_digest, load};

/// More appends than any store keeps apart without joining them.
const APPENDS: u64 = 130;

pub(super) async fn many_lines_and_many_appends_are_read_back(open: &Open) {
    let store = open();
    let mut written = chain(Sha256::ZERO, 0, 2_000, "bulk");
    let mut head = written.last().map_or(Sha256::ZERO, line_digest);
    let appended = store.append(Sha256::ZERO, &written).await;
    assert_eq!(appended.ok(), Some(head), "2,000 lines at once");
    let long = chain(head, 2_000, 1, &"x".repeat(900_000));
    head = long.last().map_or(head, line_digest);
    let prev = long.first().map_or(head, |entry| entry.prev);
    assert!(store.append(prev, &long).await.is_ok(), "a long line");
    written.extend(long);
    for append in 0..APPENDS {
        let entries = chain(head, 2_001 + append, 1, "one");
        let appended = store.append(head, &entries).await;
        head = entries.last().map_or(head, line_digest);
        assert_eq!(appended.ok(), Some(head), "append {append}");
        written.extend(entries);
    }
    let expected: Vec<Vec<u8>> = written
        .iter()
        .filter_map(|entry| entry.to_line().ok())
        .collect();
    assert!(
        load(&*open()).await == expected,
        "a new client reads all of it"
    );
    assert!(load(&*store).await == expected, "and the one that wrote it");
    // A client that has just read it goes on where it ends.
    let next = open();
    load(&*next).await;
    let entries = chain(head, written.len() as u64, 1, "next");
    assert!(next.append(head, &entries).await.is_ok());
    assert_eq!(load(&*store).await.len(), expected.len() + 1);
}
