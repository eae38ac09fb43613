//! The tests of the whole: the real binary, real servers, real clients.

mod architecture;
