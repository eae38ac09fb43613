//! The tests of the whole: the real binary, real servers, real clients.

#![expect(
    unreachable_pub,
    reason = "nothing outside of a test binary can reach anything"
)]

mod architecture;
mod command_line;
mod faults;
mod fixture;
mod kills;
mod quickstart;
mod refusals;
mod servers;
