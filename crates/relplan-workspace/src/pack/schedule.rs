//! Which packers run, several of them side by side, and what becomes of their files.

use std::{collections::BTreeMap, sync::mpsc, thread};

use camino::{Utf8Path, Utf8PathBuf};
use relplan_model::{
    address::{PackageId, Version},
    bundle::Artifact,
};
use relplan_system::programs::ForeignCode;

use super::{
    Job, Options, PackError, PackEvent, Packer,
    artifact::{self, Made},
    cargo,
    git::Checkouts,
    npm, npm_builtin,
    order::Order,
    pep517, prebuilt, python_builtin,
    workshop::Workshop,
};
use crate::bundle::{Addition, Folder, Replace};

/// See [`super::run`].
pub(super) fn run(
    jobs: &[Job],
    out: &mut Folder,
    options: &Options,
    events: &dyn Fn(PackEvent),
) -> Result<Vec<Artifact>, PackError> {
    refuse_twins(jobs)?;
    let shop = Workshop::open(options, siblings(jobs, options))?;
    refuse_early(jobs, &shop)?;
    let checkouts = Checkouts::look(jobs, &shop);
    checkouts.refuse_made_up_versions(jobs)?;
    let calls = calls(jobs);
    let foreign = options.is_alone.then(ForeignCode::begin);
    let ran = run_calls(&calls, jobs, &shop, &checkouts, events);
    // Before anything else is done: what is left behind could change what was packed, or watch what follows.
    foreign.map_or(Ok(()), ForeignCode::end)?;
    let additions = ran?;
    let mut artifacts: Vec<_> = additions
        .iter()
        .map(|addition| addition.artifact.clone())
        .collect();
    artifacts.sort_by(|a, b| a.file.cmp(&b.file));
    let replace = match options.keeps_others {
        true => Replace::Allowed,
        false => Replace::Packages,
    };
    out.add(additions, replace)?;
    Ok(artifacts)
}

/// One call of a packer, for the crates of one Cargo workspace or for one package of another kind.
type Call<'a> = Vec<&'a Job>;

fn calls(jobs: &[Job]) -> Vec<Call<'_>> {
    let mut calls: Vec<Call<'_>> = Vec::new();
    let mut workspaces: BTreeMap<&Utf8Path, usize> = BTreeMap::new();
    for job in jobs {
        if job.packer == Packer::Cargo
            && let Some(call) = workspaces
                .get(job.workspace_root.as_path())
                .and_then(|index| calls.get_mut(*index))
        {
            call.push(job);
            continue;
        }
        if job.packer == Packer::Cargo {
            workspaces.insert(&job.workspace_root, calls.len());
        }
        calls.push(vec![job]);
    }
    calls
}

enum News {
    Event(PackEvent),
    Done(usize, Result<Vec<Addition>, PackError>),
}

fn run_calls(
    calls: &[Call<'_>],
    jobs: &[Job],
    shop: &Workshop<'_>,
    checkouts: &Checkouts,
    events: &dyn Fn(PackEvent),
) -> Result<Vec<Addition>, PackError> {
    let workers = match shop.options.parallel {
        0 => thread::available_parallelism().map_or(2, usize::from),
        some => some,
    };
    let order = Order::of(calls);
    let work = |news: mpsc::Sender<News>| {
        // A receiver that is gone means that the run is over.
        let tell = |event| drop(news.send(News::Event(event)));
        while let Some(index) = order.next() {
            // A call that is lost must not leave others waiting.
            let Some(call) = calls.get(index) else {
                order.ended(index, true);
                return;
            };
            let outcome = run_call(call, jobs, shop, checkouts, &tell);
            order.ended(index, outcome.is_err());
            drop(news.send(News::Done(index, outcome)));
        }
    };
    let mut outcomes = BTreeMap::new();
    thread::scope(|scope| {
        let (sender, news) = mpsc::channel();
        for _ in 0..workers.min(calls.len()) {
            let sender = sender.clone();
            scope.spawn(|| work(sender));
        }
        drop(sender);
        for one in news {
            match one {
                News::Event(event) => events(event),
                News::Done(index, outcome) => drop(outcomes.insert(index, outcome)),
            }
        }
    });
    let mut additions = Vec::new();
    for outcome in outcomes.into_values() {
        additions.extend(outcome?);
    }
    Ok(additions)
}

fn run_call(
    call: &[&Job],
    jobs: &[Job],
    shop: &Workshop<'_>,
    checkouts: &Checkouts,
    tell: &dyn Fn(PackEvent),
) -> Result<Vec<Addition>, PackError> {
    let Some(first) = call.first() else {
        return Ok(Vec::new());
    };
    for job in call {
        tell(PackEvent::Started {
            package: job.package.clone(),
        });
    }
    let say = |line| {
        tell(PackEvent::Output {
            package: first.package.clone(),
            line,
        });
    };
    let made: Vec<Made> = match &first.packer {
        Packer::Cargo => cargo::pack(call, shop, &say)?,
        Packer::Npm | Packer::Pnpm | Packer::Yarn => npm::pack(first, shop, &say)?,
        Packer::NpmBuiltin => npm_builtin::pack(first, shop)?,
        Packer::Pep517 => pep517::pack(first, shop, &say)?,
        Packer::PythonBuiltin => python_builtin::pack(first, shop)?,
        Packer::Prebuilt(globs) => prebuilt::collect(first, globs, jobs)?,
    };
    let mut additions = Vec::new();
    for job in call {
        let of_job: Vec<_> = artifact::describe(job, &made, checkouts)?;
        tell(PackEvent::Finished {
            package: job.package.clone(),
            files: of_job
                .iter()
                .map(|addition| addition.artifact.file.clone())
                .collect(),
        });
        additions.extend(of_job);
    }
    Ok(additions)
}

/// Whatever shows without running a packer is said before the first one starts, all at once.
fn refuse_early(jobs: &[Job], shop: &Workshop<'_>) -> Result<(), PackError> {
    let mut missing: BTreeMap<&str, PackError> = BTreeMap::new();
    for job in jobs {
        let tool = job.packer.word();
        if matches!(job.packer, Packer::Npm | Packer::Pnpm | Packer::Yarn)
            && !missing.contains_key(tool)
            && let Some(error) = npm::missing_manager(job, shop)
        {
            missing.insert(tool, error);
        }
    }
    let mut refused: Vec<PackError> = missing.into_values().collect();
    refused.extend(super::refusals(jobs, &shop.siblings));
    match refused.len() {
        0 | 1 => refused.pop().map_or(Ok(()), Err),
        _ => Err(PackError::Several(refused)),
    }
}

fn refuse_twins(jobs: &[Job]) -> Result<(), PackError> {
    let mut seen: BTreeMap<&PackageId, &Utf8PathBuf> = BTreeMap::new();
    for job in jobs {
        if let Some(first) = seen.insert(&job.package, &job.path) {
            return Err(PackError::Twice {
                package: job.package.clone(),
                first: first.clone(),
                second: job.path.clone(),
            });
        }
    }
    Ok(())
}

fn siblings(jobs: &[Job], options: &Options) -> BTreeMap<PackageId, Version> {
    let mut siblings = options.siblings.clone();
    for job in jobs {
        if let Some(version) = &job.version {
            siblings.insert(job.package.clone(), version.clone());
        }
    }
    siblings
}
