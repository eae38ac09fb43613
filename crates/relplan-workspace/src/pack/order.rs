//! Which call of a packer waits for which: dependencies are packed before dependents, since a package's build may read
//! what the build of another one made. Independent ones run side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use relplan_model::address::PackageId;

use super::Job;

/// The calls that are still to be made.
pub(super) struct Order {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

struct Waiting {
    /// For each call what it waits for.
    calls: Vec<Needs>,
    left: BTreeSet<usize>,
    running: BTreeSet<usize>,
    stopped: bool,
}

#[derive(Default)]
struct Needs {
    /// The calls of its dependencies.
    after: BTreeSet<usize>,
    /// Those of what it is built with.
    built_with: BTreeSet<usize>,
}

impl Order {
    /// The order of calls, each for one or more jobs.
    pub(super) fn of(calls: &[Vec<&Job>]) -> Self {
        let jobs = calls.iter().enumerate();
        let of_package: BTreeMap<&PackageId, usize> = jobs
            .flat_map(|(index, jobs)| jobs.iter().map(move |job| (&job.package, index)))
            .collect();
        let needs = |(own, jobs): (usize, &Vec<&Job>)| {
            let find = |packages: fn(&Job) -> &[PackageId]| {
                let packages = jobs.iter().flat_map(|job| packages(job));
                let calls = packages.filter_map(|package| of_package.get(package).copied());
                calls.filter(|call| *call != own).collect()
            };
            Needs {
                after: find(|job| &job.after),
                built_with: find(|job| &job.built_with),
            }
        };
        Self {
            waiting: Mutex::new(Waiting {
                calls: calls.iter().enumerate().map(needs).collect(),
                left: (0..calls.len()).collect(),
                running: BTreeSet::new(),
                stopped: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// The next call; waits until one may start. `None`: there are no more.
    pub(super) fn next(&self) -> Option<usize> {
        let mut waiting = self.waiting();
        loop {
            if waiting.stopped || waiting.left.is_empty() {
                return None;
            }
            if let Some(call) = waiting.ready() {
                waiting.left.remove(&call);
                waiting.running.insert(call);
                return Some(call);
            }
            let woken = self.changed.wait(waiting);
            waiting = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A call has ended; after a failure no other is started.
    pub(super) fn ended(&self, call: usize, failed: bool) {
        let mut waiting = self.waiting();
        waiting.running.remove(&call);
        waiting.stopped |= failed;
        self.changed.notify_all();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// The first call that waits for nothing. In a cycle, which nothing that runs will end, what a package is only built
    /// with counts for nothing first, and then the first call goes.
    fn ready(&self) -> Option<usize> {
        let ended = |call: &usize| !self.left.contains(call) && !self.running.contains(call);
        let needs = |call: &usize| self.calls.get(*call);
        let after = |call: &usize| needs(call).is_none_or(|needs| needs.after.iter().all(ended));
        let built_with =
            |call: &usize| needs(call).is_none_or(|needs| needs.built_with.iter().all(ended));
        let first = |fits: &dyn Fn(&usize) -> bool| self.left.iter().copied().find(|one| fits(one));
        let all = first(&|call| after(call) && built_with(call));
        match self.running.is_empty() {
            true => all.or_else(|| first(&after)).or_else(|| first(&|_| true)),
            false => all,
        }
    }
}

#[cfg(test)]
mod tests {
    use relplan_model::address::{Ecosystem, PackageName};

    use super::*;
    use crate::pack::Packer;

    fn id(name: &str) -> PackageId {
        PackageId {
            ecosystem: Ecosystem::new("npm").unwrap(),
            name: PackageName::new(name).unwrap(),
        }
    }

    /// `a: b c / d`: a depends on b and c, and is built with d.
    fn job(text: &str) -> Job {
        let (name, needs) = text.split_once(':').unwrap();
        let (after, built_with) = needs.split_once('/').unwrap_or((needs, ""));
        let ids = |names: &str| names.split_whitespace().map(id).collect();
        Job {
            package: id(name),
            version: None,
            root: "/x".into(),
            path: "/x".into(),
            workspace_root: "/x".into(),
            packer: Packer::Npm,
            version_from_history: false,
            after: ids(after),
            built_with: ids(built_with),
        }
    }

    /// The names in the order in which two workers take them, in rounds.
    fn rounds(jobs: &[&str]) -> String {
        let jobs: Vec<Job> = jobs.iter().map(|text| job(text)).collect();
        let calls: Vec<Vec<&Job>> = jobs.iter().map(|job| vec![job]).collect();
        let order = Order::of(&calls);
        let mut rounds = Vec::new();
        loop {
            let mut round = Vec::new();
            let ready = || order.waiting().ready();
            while let Some(call) = ready() {
                assert_eq!(order.next(), Some(call));
                round.push(call);
            }
            if round.is_empty() {
                assert_eq!(order.next(), None);
                return rounds.join(" | ");
            }
            let names: Vec<&str> = round
                .iter()
                .map(|call| jobs[*call].package.name.as_str())
                .collect();
            rounds.push(names.join(" "));
            round.into_iter().for_each(|call| order.ended(call, false));
        }
    }

    /// A3: what a build reads of another package is there and new.
    #[test]
    fn l16_dependencies_are_packed_before_dependents() {
        for (jobs, expected) in [
            (vec!["a:", "b:", "c:"], "a b c"),
            (vec!["a:b", "b:c", "c:"], "c | b | a"),
            (vec!["a:b c", "b:", "c:gone"], "b c | a"),
            (vec!["a:/b", "b:"], "b | a"),
            // A cycle through what is only built with: users' dependencies count first.
            (vec!["a:b", "b:/a"], "b | a"),
            // A cycle of dependencies ends somewhere.
            (vec!["a:b", "b:a", "c:a"], "a | b c"),
        ] {
            assert_eq!(rounds(&jobs), expected, "{jobs:?}");
        }
    }

    #[test]
    fn nothing_starts_after_a_failure() {
        let jobs = [job("a:"), job("b:a"), job("c:")];
        let calls: Vec<Vec<&Job>> = jobs.iter().map(|job| vec![job]).collect();
        let order = Order::of(&calls);
        let first = order.next().unwrap();
        order.ended(first, true);
        assert_eq!(order.next(), None);
    }
}
