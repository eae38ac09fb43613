//! The tests of the whole: the real binary, real servers, real clients.
#![expect(
    unreachable_pub,
    reason = "nothing outside of a test binary can reach anything"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops where something is not as it should be"
)]

mod adoption;
mod approvals;
mod architecture;
mod command_line;
mod comments;
mod contents;
mod endings;
mod faults;
mod fixture;
mod formats;
mod help;
mod hostile_answers;
mod hostile_archives;
mod hostile_credentials;
mod hostile_plans;
mod hostile_programs;
mod hostile_tree;
mod init;
mod interrupts;
mod jobs;
mod journal_ends;
mod keys;
mod kills;
mod one_journal;
mod pictures;
mod quickstart;
mod refusals;
mod renewed_journal;
mod review;
mod right_bytes;
mod right_place;
mod right_tarball;
mod runners;
mod schemas;
mod servers;
mod state_commands;
