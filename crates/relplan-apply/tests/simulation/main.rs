//! Apply in simulated worlds: crashes everywhere, faults from seeds, rivals, and what is refused before anything
//! happens.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test fails by panicking, and tells its seed"
)]

mod admission;
mod adoption;
mod approvals;
mod batches;
mod crashes;
mod outcomes;
mod rivals;
mod runners;
mod scale;
mod seeds;
mod selections;
mod session;
mod shapes;
