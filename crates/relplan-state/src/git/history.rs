//! A journal as a history of commits: each append is one commit that adds one file of lines to the tree of the one
//! before it.
//!
//! ```text
//! 000000/00/0000000000.jsonl     lines 0 and 1: the first append
//! 000000/00/0000000002.jsonl     line 2
//! ```
//!
//! Invariant: a file is named by the number of its first line, is never changed, and the files in order are the journal.
//!
//! Why files of their own: a commit then costs its own lines and three small trees, however long the journal is, and
//! a fetch of the newest commit alone brings the whole journal. Why folders: a tree names all that is in it, so that
//! one with all files would make each append dearer than the one before.

use relplan_model::{
    journal::{Entry, Record},
    text,
};

/// What the folders and files are told apart by.
pub(super) fn path(first: u64) -> String {
    format!(
        "{:06}/{:02}/{first:010}.jsonl",
        first / 10_000,
        first / 100 % 100
    )
}

/// The number of a file's first line, if it is one of the journal's.
pub(super) fn first_of(name: &str) -> Option<u64> {
    let number = name.rsplit('/').next()?.strip_suffix(".jsonl")?;
    let first = number.parse().ok()?;
    (path(first) == name).then_some(first)
}

/// The commands by which `git fast-import` makes the commit of one append.
pub(super) fn import(
    parent: Option<&str>,
    first: u64,
    lines: &[u8],
    message: &str,
    at: i64,
) -> Vec<u8> {
    let mut stream = format!(
        "commit refs/relplan/next\nmark :1\ncommitter relplan <relplan@localhost> {at} +0000\ndata {}\n{message}\n",
        message.len()
    )
    .into_bytes();
    if let Some(parent) = parent {
        stream.extend_from_slice(format!("from {parent}\n").as_bytes());
    }
    let file = format!("M 100644 inline {}\ndata {}\n", path(first), lines.len());
    stream.extend_from_slice(file.as_bytes());
    stream.extend_from_slice(lines);
    stream.extend_from_slice(b"\nget-mark :1\ndone\n");
    stream
}

/// What `git log` shows of an append. The nonce keeps two clients' commits of the same entries apart.
pub(super) fn message(entries: &[Entry], nonce: &str) -> String {
    let subject = match entries {
        [] => "nothing".to_owned(),
        [entry] => told(&entry.record),
        [first, rest @ ..] => {
            // A genesis says less than the claim that comes with it.
            let telling = match (&first.record, rest.first()) {
                (Record::Genesis { .. }, Some(next)) => &next.record,
                _ => &first.record,
            };
            format!("{} (of {} entries)", told(telling), entries.len())
        }
    };
    let plain: String = text::joined(&subject).chars().take(200).collect();
    format!("{plain}\n\nRelplan-Append: {nonce}\n")
}

fn told(record: &Record) -> String {
    match record {
        Record::Genesis { project, .. } => format!("genesis of {project}"),
        Record::Moved { to } => format!("moved to {to}"),
        Record::Renamed { what, .. } => format!("from now on {what}"),
        Record::Claim { plan, runner, .. } => format!("claim {} on {runner}", plan.short()),
        Record::Intent { step, .. } => format!("intent {step}"),
        Record::Receipt { step, .. } => format!("receipt {step}"),
        Record::Unknown { step, .. } => format!("unknown {step}"),
        Record::Resolved { step, .. } => format!("resolved {step}"),
        Record::Paused { step, .. } => format!("paused {step}"),
        Record::Resumed { plan, runner, .. } => format!("resumed {} on {runner}", plan.short()),
        Record::Left { plan, .. } => format!("left {}", plan.short()),
        Record::Closed { plan, .. } => format!("closed {}", plan.short()),
        Record::Abandoned { plan, .. } => format!("abandoned {}", plan.short()),
        Record::Adopted { facts, .. } => format!("adopted {} facts", facts.len()),
        Record::Forgotten { address, .. } => format!("forgot {address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_by_their_first_line_and_by_nothing_else() {
        for first in [0, 99, 100, 9_999, 10_000, 123_456_789, 12_345_678_901] {
            assert_eq!(first_of(&path(first)), Some(first));
        }
        for other in ["README", "000000/00/1.jsonl", "000000/01/0000000000.jsonl"] {
            assert_eq!(first_of(other), None);
        }
    }
}
