//! What approvals are worth: tables of hostile cases, policies, rotations, and the word of stock tools.
#![expect(
    unreachable_pub,
    reason = "nothing outside of a test binary can reach anything"
)]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test stops where something is not as it should be"
)]

mod corpus;
mod hostile;
mod policies;
mod readers;
mod rotation;
mod scene;
mod stock;
mod vectors;
