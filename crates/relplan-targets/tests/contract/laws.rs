//! The laws that every kind of target keeps, each as a function that says how one was broken.

mod looks;
mod pointers;
mod secrets;
mod uploads;

use std::{future::Future, pin::Pin};

use crate::subject::Subject;

/// A law was kept, or does not arise: the text says why this kind has no such thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    Kept,
    Cannot(&'static str),
}

/// How a law was kept; the error says how it was broken.
pub type Verdict = Result<Held, String>;

/// Fails a law unless a condition holds.
macro_rules! ensure {
    ($holds:expr, $($said:tt)+) => {
        if !$holds {
            return Err(format!($($said)+));
        }
    };
}
pub(crate) use ensure;

type Check = for<'s> fn(&'s Subject) -> Pin<Box<dyn Future<Output = Verdict> + 's>>;

/// A law and how it is tried.
pub struct Law {
    pub name: &'static str,
    pub check: Check,
}

macro_rules! laws {
    ($($path:path => $name:literal,)+) => {
        &[$(Law { name: $name, check: |subject| Box::pin($path(subject)) },)+]
    };
}

/// All laws, in order of their numbers.
pub const LAWS: &[Law] = laws![
    uploads::only_sealed_artifacts_leave => "L3 only the planned bytes leave",
    uploads::a_lost_answer_is_unknown => "L4 lost and false answers are unknown",
    uploads::a_second_upload_changes_nothing => "L4 a second upload changes nothing",
    looks::only_a_proof_is_an_absence => "L5 absent needs proof",
    looks::the_protocols_own_answers_count => "L5 yes and no are understood",
    uploads::other_bytes_are_refused => "L6 other bytes change nothing",
    looks::published_bytes_can_be_compared => "L6 published bytes can be compared",
    looks::resolvable_is_what_clients_are_shown => "L7 resolvable is what clients see",
    pointers::pointers_move_when_asked => "L8 pointers move when asked",
    pointers::versions_are_retired_when_asked => "L8 versions are retired when asked",
    secrets::credentials_are_tried_without_a_write => "L8 preflight writes nothing",
    secrets::no_secret_is_repeated => "L11 no secret is repeated",
    secrets::a_plan_sends_no_credential => "L14 a plan sends no credential",
    secrets::files_of_the_tree_change_no_target => "L14 the tree turns no upload",
    secrets::redirects_take_nothing_along => "L14 redirects take nothing along",
    uploads::a_registry_may_ask_for_patience => "§8 patience is kept",
    looks::large_and_endless_answers_end => "§8 answers are bounded",
];
