//! The rim: what relplan does to the machine that a hostile tree would like to shape.
//!
//! Invariant (law L14): no other crate starts a program, and no other crate opens a file of the user's tree.
//! Why: five crates need the one or the other; where each does it by itself, each has to remember every rule.

pub mod programs;
pub mod tree;
