//! How commands end: what they print last is true, and what they say to do next works.

mod credentials;
mod races;
mod selection;
mod shelves;
mod waiting;
mod walk;
