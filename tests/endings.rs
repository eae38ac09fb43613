//! How commands end: what they print last is true, and what they say to do next works.

mod credentials;
mod races;
mod selection;
pub mod shelves;
mod told;
mod waiting;
mod walk;
