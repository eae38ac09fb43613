//! Carrying out a plan: admission, claim, walk, report. Needs the plan, the bundle, the state and credentials; no spec
//! and no checkout (law L2).

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use relplan_apply::{Admission, Denied, ExitClass, Opening, Options, Ports, Standing};
use relplan_model::{
    approval::PinnedPolicy,
    digest::Sha256,
    finding::{Finding, FindingCode, Severity},
    plan::Plan,
    port::Clock as _,
    state::State,
};
use relplan_state::Place;
use relplan_targets::{http::Net, surroundings::Surroundings};
use relplan_workspace::bundle::Folder;

use super::{Chosen, Tally, ending, gate, part};
use crate::{
    arguments::Apply,
    clock::SystemClock,
    commands::Session,
    events::{Fanout, WithProgress},
    exit::Exit,
    failure::Failure,
    gather::drivers::Built,
    interrupt,
    journal::{self, Asked},
    memory::{Known, Memory},
    next::Situation,
    planning::exit_of,
    runs,
    store::{self, Opened},
    view::{plan_text::finding_text, report_text, style::harmless},
};

/// Carries out a plan.
pub(super) async fn run(
    session: &Session,
    arguments: &Apply,
    chosen: Chosen,
    events: &Arc<Fanout>,
    tally: &mut Tally,
) -> Result<Exit, Failure> {
    let digest = Plan::digest(&chosen.bytes);
    tally.plan = Some(digest);
    let started = SystemClock.now();
    let given = arguments.places.state.as_deref();
    let opened = store::of_plan(session, given, &chosen.plan)?;
    let part = part::of(session, arguments, &chosen, &opened)?;
    if let Some(warning) = store::warn_if_lost_with_the_runner(session, &opened) {
        let finding = Finding::new(FindingCode::StateOnRunner, Severity::Warning, None, warning);
        let style = session.terminal.err;
        session.terminal.remark(&finding_text(&finding, style));
    }
    let store = &opened.store;
    let asked = Asked {
        project: Some(&chosen.plan.project),
        plan: Some(&chosen.plan),
    };
    let loaded = journal::read(session, &opened, asked).await?;
    let journal = (&loaded.state, loaded.lines.as_slice());
    let keeper = gate::keeper(session, arguments, &chosen, journal, events.as_ref())?;
    let state = loaded.state;
    let known = state.clone();
    let Chosen { bytes, plan, .. } = chosen;
    let surroundings = surroundings(session, &plan);
    let net = Net::of(&surroundings);
    let drivers = Built::new(
        plan.targets
            .iter()
            .filter(|target| {
                part.targets()
                    .is_none_or(|names| names.contains(&target.name))
            })
            .map(|target| (&target.name, target.kind.as_str(), &target.settings)),
        &surroundings,
        &net,
    )?;
    let folder = bundle(session, arguments, &plan)
        .map_err(|failure| failure.situation(ending::without_bundle(&plan, digest, &known)))?;
    let admission = Admission {
        bytes: &bytes,
        now: started,
        part: part.clone(),
        state,
        drivers: &drivers,
        source: &folder,
    };
    let admitted = match relplan_apply::admit(admission).await {
        Ok(admitted) => admitted,
        Err(denied) => {
            let is_ours_alone = !denied.findings().is_empty();
            let others = plan.steps.iter().any(|step| !part.has(step));
            if is_ours_alone && others {
                let reason = denied.to_string();
                part::decline(session, (digest, &reason), &part, (&opened, &known)).await;
            }
            return Err(refused(&denied, session, &opened, &known));
        }
    };
    let nothing = if !plan.has_steps() {
        Some("Nothing to do: the plan has no steps.")
    } else if admitted.standing == Standing::Finished {
        tally.done = plan.steps.len() as u64;
        Some("Nothing to do: this plan has been applied before.")
    } else if !plan.steps.iter().any(|step| part.has(step)) {
        Some("Nothing to do: the plan has no steps of these targets.")
    } else {
        None
    };
    if let Some(text) = nothing {
        session.terminal.result(text);
        text.clone_into(&mut tally.message);
        let exit = exit_of(&plan);
        ending::leave(session, exit, tally);
        return Ok(exit);
    }
    let memory = Memory::of(&session.surroundings);
    let runner = runner(&session.surroundings);
    if !arguments.take_over {
        let here = (SystemClock.now(), runner.as_str());
        let state = &admitted.state;
        let other = runs::at_work(&memory, (&plan, digest), &part, state, here);
        if let Some(other) = other {
            return Err(at_work(digest, &other));
        }
    }
    keep(session, digest, &bytes)?;
    let opening = Opening {
        lineage: random_name()?,
        run: random_name()?,
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        runner,
    };
    let alive = runs::mark(&memory, &opening.run);
    let stop = interrupt::listen(session.terminal);
    let shown = WithProgress::new(events.clone(), session.terminal);
    let ports = Ports {
        drivers: &drivers,
        source: &folder,
        store: &**store,
        clock: &SystemClock,
        events: &shown,
        approvals: &keeper,
    };
    let claimed = relplan_apply::claim(admitted, opening, &ports)
        .await
        .map_err(|error| ending::not_claimed(session, &error, &known))?;
    keeper.claimed();
    remember(
        session,
        &plan,
        claimed.state(),
        keeper.policy(),
        &opened.place,
    );
    let usual = Options::default();
    let settle = Duration::from_secs(arguments.settle.0);
    let options = Options {
        parallelism: usize::from(arguments.parallelism),
        settle_lost: settle,
        settle_answered: usual.settle_answered.min(settle),
        patience: Duration::from_secs(arguments.wait.0),
        together: !arguments.at_once,
        ..usual
    };
    let report = relplan_apply::walk(claimed, &ports, &options, &stop).await;
    noted(session, &plan, |known| {
        let here = store::here(session, &opened.place);
        known.reached(report.base.clone(), here, SystemClock.now());
    });
    drop(shown);
    drop(alive);
    let seconds = SystemClock.now().unix().saturating_sub(started.unix());
    // What the plan held back is not done, however well the rest went.
    let exit = match report.exit {
        ExitClass::Done => exit_of(&plan),
        class => exit(class),
    };
    let next = ending::next(session, &plan, (&report, exit), &**store).await;
    let text = report_text::report(
        &plan,
        &report,
        (u64::try_from(seconds).unwrap_or(0), next.as_ref()),
        session.terminal.out,
    );
    session.terminal.result(&text);
    *tally = Tally {
        plan: Some(digest),
        done: report.done,
        failed: report.failed,
        unknown: report.unknown,
        skipped: report.skipped,
        message: report_text::verdict(&plan, &report),
        next: next.map(|next| next.printed()),
    };
    Ok(exit)
}

/// Has this machine remember under which policy the plan was started, and how far its journal had come by then.
fn remember(
    session: &Session,
    plan: &Plan,
    state: &State,
    policy: Option<PinnedPolicy>,
    place: &Place,
) {
    let (now, here) = (SystemClock.now(), store::here(session, place));
    noted(session, plan, |known| {
        known.reached(state.base(), here, now);
        if let (Some(pin), Some(lineage)) = (policy, &state.lineage) {
            let place = here.place.within(here.root).to_string();
            known.under(pin, lineage, &place, now);
        }
    });
}

/// Has this machine take note of something.
fn noted(session: &Session, plan: &Plan, change: impl FnOnce(&mut Known)) {
    let kept = Memory::of(&session.surroundings).update(&plan.project, change);
    // The release goes on: the journal remembers all of it too.
    if let Err(failure) = kept {
        session
            .terminal
            .remark(&format!("warning: {}\n", failure.message()));
    }
}

/// Somebody is at work on the same steps.
fn at_work(digest: Sha256, other: &runs::AtWork) -> Failure {
    let runs::AtWork {
        runner,
        heard,
        since,
    } = other;
    let message = format!(
        "the plan {} is being applied on {} since {since}, and was last heard of at {heard}",
        digest.short(),
        harmless(runner)
    );
    Failure::new(Exit::Open, message)
        .while_doing("nothing was done")
        .situation(Situation::AtWork)
}

/// The exit code of a class.
pub(in crate::commands) fn exit(class: ExitClass) -> Exit {
    match class {
        ExitClass::Done => Exit::Done,
        ExitClass::Conflict => Exit::Conflict,
        ExitClass::Approval => Exit::Approval,
        ExitClass::Stale => Exit::Stale,
        ExitClass::Busy => Exit::Open,
        ExitClass::Partial => Exit::Partial,
        ExitClass::Unknown => Exit::Unknown,
        ExitClass::Store => Exit::Store,
        ExitClass::Invalid => Exit::Invalid,
        ExitClass::Credential => Exit::Credential,
        ExitClass::Interrupted => Exit::Interrupted,
    }
}

fn refused(denied: &Denied, session: &Session, opened: &Opened, state: &State) -> Failure {
    let details: String = denied
        .findings()
        .iter()
        .map(|finding| finding_text(finding, session.terminal.err))
        .collect();
    let failure = Failure::of(exit(denied.exit()), denied).while_doing("nothing was published");
    let failure = if details.is_empty() {
        failure
    } else {
        failure.details(details)
    };
    let failure = match denied {
        Denied::Stale { planned, .. } => {
            let made = planned.store.clone();
            let made = made.unwrap_or_else(|| "a folder where it was made".to_owned());
            failure.hint(format!(
                "the plan is for the state in {}, and this is the state in {}",
                harmless(&made),
                opened.store.location()
            ))
        }
        _ => failure,
    };
    ending::denied(session, denied, state, failure)
}

/// While applying no driver sees the project's own files (law L14); what the plan found in them was reviewed with it.
fn surroundings(session: &Session, plan: &Plan) -> Surroundings {
    let approved: BTreeMap<_, _> = plan
        .targets
        .iter()
        .map(|target| (target.name.clone(), target.endpoints.clone()))
        .collect();
    Surroundings {
        project: None,
        approved,
        ..session.surroundings.clone()
    }
}

fn bundle(session: &Session, arguments: &Apply, plan: &Plan) -> Result<Folder, Failure> {
    let place = session.project.bundle(arguments.places.bundle.as_deref())?;
    let opened = if plan.artifacts.is_empty() {
        Folder::create_or_open(&place)
    } else {
        Folder::open(&place)
    };
    opened.map_err(|error| {
        Failure::of(Exit::Invalid, &error)
            .while_doing("nothing was published")
            .hint("a plan is applied with the bundle that it was made with; if that is elsewhere, name its folder with --bundle")
    })
}

/// Keeps the plan's bytes, so that a later `apply` without a plan can go on with it.
fn keep(session: &Session, digest: Sha256, bytes: &[u8]) -> Result<(), Failure> {
    let path = crate::commands::status::started_plan(&session.project, digest);
    if path.exists() {
        return Ok(());
    }
    // Without it nobody could go on after an interruption, so nothing is begun.
    crate::files::write_whole(&path, bytes).map_err(|failure| Failure {
        exit: Exit::Store,
        ..failure.while_doing("nothing was published")
    })
}

/// A name that nothing else ever has.
pub(in crate::commands) fn random_name() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            Exit::Internal,
            format!("the system gives no random bytes: {error}"),
        )
    })?;
    Ok(relplan_model::digest::hex(&bytes))
}

/// Where this runs, for people: the CI job's URL where there is one, else user and host.
fn runner(surroundings: &Surroundings) -> String {
    let var = |name| surroundings.var(name);
    if let (Some(server), Some(repository), Some(run)) = (
        var("GITHUB_SERVER_URL"),
        var("GITHUB_REPOSITORY"),
        var("GITHUB_RUN_ID"),
    ) {
        let attempt = var("GITHUB_RUN_ATTEMPT").map(|attempt| format!("/attempts/{attempt}"));
        let attempt = attempt.unwrap_or_default();
        return format!("{server}/{repository}/actions/runs/{run}{attempt}");
    }
    if let Some(url) = var("CI_JOB_URL").or_else(|| var("BUILD_URL")) {
        return url.split(['?', '#']).next().unwrap_or_default().to_owned();
    }
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    format!(
        "{}@{host}",
        var("USER").or_else(|| var("LOGNAME")).unwrap_or("somebody")
    )
}
