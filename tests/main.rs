//! The tests of the whole: the real binary, real servers, real clients.

mod architecture;
mod command_line;
mod faults;
mod fixture;
mod kills;
mod quickstart;
mod refusals;
mod servers;
