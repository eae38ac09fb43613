//! Who is at work on a plan: whether a run that the journal names is provably gone, or may still be alive.
//!
//! Correctness does not rest on any of this, but on compare-and-swap (law L10): a run that was taken over from finds out at
//! its next append. It is there so that nobody takes over from a colleague without knowing.
//!
//! A run is gone if it said so in the journal (`left`); if its file in the user's state folder is not locked any more, which
//! the system sees to however it ended; if this is a later attempt of its very CI run, which begins only when the earlier
//! one has ended; or if nothing was recorded of it for [`QUIET`].

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::PathBuf,
};

use relplan_apply::Part;
use relplan_model::{
    digest::Sha256,
    plan::Plan,
    state::{Open, Progress, State},
    time::Timestamp,
};

use crate::memory::Memory;

/// For how many seconds a run may record nothing before it counts as gone.
pub const QUIET: i64 = 600;

/// A run that may be at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AtWork {
    /// Where it runs.
    pub runner: String,
    /// When it was last heard of.
    pub heard: Timestamp,
    /// When the plan was claimed.
    pub since: Timestamp,
}

/// What shows that this run is alive, for as long as it is held.
#[derive(Debug)]
pub struct Alive(#[expect(dead_code, reason = "held for its lock")] Option<File>);

fn file(memory: &Memory, run: &str) -> Option<PathBuf> {
    // A run's name comes from the journal, which others write.
    let is_name = run.len() == 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let folder = memory.folder("runs").filter(|_| is_name)?;
    Some(folder.join(run))
}

/// Marks a run as alive, until what this returns is dropped or the process is gone.
pub fn mark(memory: &Memory, run: &str) -> Alive {
    let locked = || {
        let path = file(memory, run)?;
        std::fs::create_dir_all(path.parent()?).ok()?;
        let mut options = OpenOptions::new();
        let file = options
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .ok()?;
        file.try_lock().ok()?;
        Some(file)
    };
    // Where it cannot be marked, others go by the journal.
    Alive(locked())
}

/// Whether a run of this machine is alive; `None`: it was not of this machine, as far as one can tell.
fn is_alive(memory: &Memory, run: &str) -> Option<bool> {
    let file = File::open(file(memory, run)?).ok()?;
    match file.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

/// Who may still be at work on steps of this part of the open plan.
pub fn at_work(
    memory: &Memory,
    (plan, digest): (&Plan, Sha256),
    part: &Part,
    state: &State,
    (now, runner): (Timestamp, &str),
) -> Option<AtWork> {
    let open = state.open.as_ref().filter(|open| open.plan == digest)?;
    let may_be = |run: Option<&String>, at: &str, heard: Timestamp| {
        let alive = run.and_then(|run| is_alive(memory, run));
        alive
            .unwrap_or_else(|| !is_earlier_attempt(at, runner) && now.unix() - heard.unix() < QUIET)
    };
    let of = |runner: &str, heard| AtWork {
        runner: runner.to_owned(),
        heard,
        since: open.since,
    };
    if open.parts.is_empty() {
        let is_there = !open.left && may_be(open.run.as_ref(), &open.runner, open.heard);
        return is_there.then(|| of(&open.runner, open.heard));
    }
    let ours = |name| part.targets().is_none_or(|targets| targets.contains(name));
    let parts = open.parts.iter();
    parts
        .filter(|(name, held)| ours(name) && !held.left && has_undone(plan, open, name.as_str()))
        .filter_map(|(_, held)| Some((held.runner.as_ref()?, held)))
        .find(|(at, held)| may_be(held.run.as_ref(), at, held.heard))
        .map(|(at, held)| of(at, held.heard))
}

fn has_undone(plan: &Plan, open: &Open, target: &str) -> bool {
    let is_done = |progress: Option<&Progress>| matches!(progress, Some(Progress::Done(_)));
    plan.steps
        .iter()
        .any(|step| step.address.target.as_str() == target && !is_done(open.steps.get(&step.id)))
}

/// Whether a runner is an earlier attempt of the CI run that `now` is one of.
fn is_earlier_attempt(then: &str, now: &str) -> bool {
    let attempt = |runner: &str| {
        let (run, attempt) = runner.rsplit_once("/attempts/")?;
        Some((run.to_owned(), attempt.parse::<u64>().ok()?))
    };
    match (attempt(then), attempt(now)) {
        (Some((run, then)), Some((this, now))) => run == this && then < now,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_earlier_attempt_of_the_same_run_is_one() {
        let run = "https://git.example/acme/widgets/actions/runs/7/attempts/";
        let at = |number: u64| format!("{run}{number}");
        assert!(is_earlier_attempt(&at(1), &at(2)));
        assert!(!is_earlier_attempt(&at(2), &at(2)));
        assert!(!is_earlier_attempt(&at(1), "alice@host"));
        let other = at(2).replace("/7/", "/8/");
        assert!(!is_earlier_attempt(&at(1), &other));
    }
}
