//! Tests of the planner from outside: tables of text, laws over generated worlds, and the check against broken plans.

#[cfg(test)]
mod adoption;
#[cfg(test)]
mod apply;
#[cfg(test)]
mod breaches;
#[cfg(test)]
mod forged;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod render;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod world;
