//! `apply` without a plan: observe, pack what is missing, plan, show, ask.
//!
//! Packing comes before any credential is read (law L14): registries are first asked without, those that want one are
//! asked again when packing is over.

use std::{collections::BTreeSet, sync::Arc};

use relplan_model::{
    address::PackageId,
    bundle::Bundle,
    finding::{Finding, Severity},
    port::EventSink,
};

use super::{Chosen, Tally, ending, gate};
use relplan_targets::surroundings::Surroundings;

use crate::{
    approvals::pin::Remembered,
    arguments::Apply,
    commands::Session,
    events::{Fanout, WithProgress},
    exit::Exit,
    failure::Failure,
    gather::wishes::Wishes,
    next::Situation,
    packing,
    planning::{Ground, Made},
    view::{
        plan_text::{self, finding_text},
        verdict,
    },
};

/// What came of it.
pub(super) enum Choice {
    /// A plan to be carried out.
    Apply(Box<Chosen>),
    /// Nothing to do, or nobody said yes.
    Leave(Exit),
}

/// Makes a plan and asks.
pub(super) async fn choose(
    session: &Session,
    arguments: &Apply,
    events: &Arc<Fanout>,
    tally: &mut Tally,
) -> Result<Choice, Failure> {
    let sink: Arc<dyn EventSink> = Arc::new(WithProgress::new(events.clone(), session.terminal));
    let (made, remembered) = make(session, arguments, &sink).await?;
    drop(sink);
    events.emit(made.event());
    tally.plan = Some(made.digest);
    session.terminal.result(&plan_text::render(
        &made.plan,
        made.digest,
        session.terminal.out,
        false,
    ));
    if !made.plan.has_steps() {
        tally.message = verdict::verdict(&made.plan);
        let exit = made.exit();
        ending::leave(session, exit, tally);
        return Ok(Choice::Leave(exit));
    }
    refuse_errors(session, &made.plan.blocking_findings())?;
    if !made.plan.applicable {
        return Err(Failure::new(
            Exit::Invalid,
            "the plan cannot be applied, since not all of its artifacts are packed",
        ));
    }
    gate::needs_nobody(session, arguments, &made, remembered)?;
    if !arguments.yes {
        if !session.terminal.interactive {
            return Err(Failure::new(
                Exit::Usage,
                "there is nobody to ask, so nothing was applied",
            )
            .hint("say --yes to apply without being asked")
            .situation(Situation::Save));
        }
        if !session.terminal.ask("Apply this plan?") {
            tally.message = "nobody said yes".to_owned();
            session.terminal.remark("Nothing was applied.");
            return Ok(Choice::Leave(Exit::Done));
        }
    }
    let path = crate::commands::status::started_plan(&session.project, made.digest);
    crate::files::write_whole(&path, &made.bytes)?;
    Ok(Choice::Apply(Box::new(Chosen {
        bytes: made.bytes,
        plan: made.plan,
        given: false,
        file: None,
    })))
}

/// Ends the run before anything is packed or sent where something is wrong with the spec or a manifest (law L13).
fn refuse_errors(session: &Session, errors: &[&Finding]) -> Result<(), Failure> {
    if errors.is_empty() {
        return Ok(());
    }
    let style = session.terminal.err;
    let texts: Vec<String> = errors.iter().map(|one| finding_text(one, style)).collect();
    let message = match errors.len() {
        1 => "the plan has an error, and nothing was applied".to_owned(),
        count => format!("the plan has {count} errors, and nothing was applied"),
    };
    Err(Failure::new(Exit::Invalid, message).details(texts.concat()))
}

/// The plan, and the policy that is remembered of its project.
async fn make(
    session: &Session,
    arguments: &Apply,
    sink: &Arc<dyn EventSink>,
) -> Result<(Made, Option<Remembered>), Failure> {
    let style = session.terminal.err;
    let withheld = Surroundings {
        withheld: true,
        ..session.surroundings.clone()
    };
    let places = &arguments.places;
    let mut ground = Ground::new(session, places, &arguments.pinned, &withheld, style).await?;
    let (project, planning) = (&session.project, &arguments.planning);
    // A bundle that was named is taken as it is; our own holds what was packed some other day, and is packed anew.
    let given = match arguments.places.bundle {
        Some(_) => ground.folder()?.map(|folder| folder.bundle().clone()),
        None => None,
    };
    let mut wishes = ground.wishes(project, given.as_ref(), planning, style)?;
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let errors: Vec<&Finding> = wishes.findings.iter().filter(is_error).collect();
    refuse_errors(session, &errors)?;
    let mut packed: Option<Bundle> = given.clone();
    let unversioned = packing::unversioned(&ground, &wishes, &planning.selected)?;
    if !unversioned.is_empty() {
        packed = Some(pack(session, arguments, &ground, &wishes, &unversioned, sink).await?);
        wishes = ground.wishes(project, packed.as_ref(), planning, style)?;
    }
    let mut observations = ground.observe(&wishes, sink.as_ref()).await;
    let first = ground.plan(&wishes, observations.clone(), given.clone(), planning)?;
    // What was packed only to learn its version, and is published under it, is not held against what the registry has:
    // builds differ from one another. It is as with a version that the manifest tells, which is not packed then.
    let publishing = packing::missing(&first.plan, &wishes, given.as_ref());
    let missing: BTreeSet<PackageId> = publishing.difference(&unversioned).cloned().collect();
    if !missing.is_empty() {
        packed = Some(pack(session, arguments, &ground, &wishes, &missing, sink).await?);
    }
    ground.read_credentials(&session.surroundings).await?;
    ground
        .observe_unknown(&wishes, &mut observations, sink.as_ref())
        .await;
    // Of a bundle of our own only what was packed just now counts.
    let bundle = packed.map(|bundle| match arguments.places.bundle {
        Some(_) => bundle,
        None => Bundle::new(
            bundle
                .artifacts
                .into_iter()
                .filter(|artifact| publishing.contains(&artifact.package))
                .collect(),
        ),
    });
    let made = ground
        .plan_with_contents(&wishes, observations, bundle, planning, sink.as_ref())
        .await?;
    let project = &ground.read.spec.project.name;
    let remembered = Remembered::of(session, project, &ground.state)?;
    Ok((made, remembered))
}

async fn pack(
    session: &Session,
    arguments: &Apply,
    ground: &Ground,
    wishes: &Wishes,
    wanted: &BTreeSet<PackageId>,
    sink: &Arc<dyn EventSink>,
) -> Result<Bundle, Failure> {
    let jobs = packing::jobs(&session.project.root, &ground.read.spec, wishes, wanted)?;
    let siblings = packing::siblings(&wishes.packages);
    let run = packing::Run {
        siblings,
        bundle: ground.bundle.clone(),
        tree: session.surroundings.programs().roots().clone(),
        verify: false,
        offline: arguments.offline_pack,
        keeps_others: false,
    };
    let folder = packing::run(jobs, run, sink.clone()).await?;
    Ok(folder.bundle().clone())
}
