//! `relplan state rebuild`: a new journal from what the registries show, of the versions that the spec asks for and of
//! those that they show users today.
//!
//! What cannot be rebuilt is why and by whom, and whether a plan was under way. It is told before anything is written. A plan
//! that was open in the lost journal is stale against the new one: make a new plan, which adopts what the old one published by
//! its bytes.
//!
//! Invariant: a policy does not get lost with its journal. What this machine or the rest of the lost journal remembers is
//! asked for again, and is in force from the first line on; where nobody knows of one, that is told.

use relplan_apply::facts_of;
use relplan_model::{
    approval::PinnedPolicy,
    journal::Fact,
    observation::{Observation, Seen},
    plan::Base,
    port::{Clock as _, StoreError},
    state::{ReplayError, State},
};
use relplan_state::{Lost, Place};

use crate::{
    approvals::pin::{self, Remembered},
    arguments::{Planning, Rebuild},
    clock::SystemClock,
    commands::{
        Session,
        apply::run::{exit, random_name},
    },
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    journal::{kept_bases, unreadable},
    memory::Memory,
    next::Situation,
    planning::Ground,
    store::{self, Opened},
    view::style::{count, harmless},
};

/// Runs it.
pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    arguments: &Rebuild,
) -> Result<Exit, Failure> {
    is_free(session, opened).await?;
    let style = session.terminal.err;
    let state = arguments.place.state.as_deref();
    let ground = Ground::anew(session, state, &arguments.pinned, style).await?;
    let project = ground.read.spec.project.name.clone();
    let lost = lost(session, arguments, &project).await?;
    let policy = policy(session, arguments, &project, &lost)?;
    let wishes = ground.wishes(&session.project, None, &Planning::default(), style)?;
    let mut observations = {
        let progress = Progress::new(session.terminal);
        ground.observe(&wishes, &progress).await
    };
    {
        let progress = Progress::new(session.terminal);
        ground
            .observe_further(&wishes, &mut observations, &progress)
            .await;
    }
    let unknown: Vec<String> = observations.iter().filter_map(unknown).collect();
    if !unknown.is_empty() {
        // L5: what could not be looked up is not absent, and a journal without it would say so.
        return Err(Failure::new(
            Exit::Unknown,
            "not everything could be looked up, so that nothing was written",
        )
        .details(unknown.concat())
        .situation(Situation::again("when the registries answer again:", &[])));
    }
    let facts: Vec<Fact> = observations.iter().flat_map(facts_of).collect();
    session.terminal.remark(&told(&lost, policy));
    if session.terminal.interactive
        && !arguments.yes
        && !session.terminal.ask("Begin a new journal without these?")
    {
        session.terminal.remark("Nothing was written.\n");
        return Ok(Exit::Done);
    }
    let versions = facts
        .iter()
        .filter(|fact| matches!(fact, Fact::Resolvable { .. }))
        .count();
    let genesis = lost.genesis(random_name()?, project.clone(), policy);
    let begun = relplan_apply::begin(&*opened.store, &SystemClock, genesis, facts).await;
    let begun = begun.map_err(|error| Failure::of(exit(error.exit()), &error))?;
    let (now, here) = (SystemClock.now(), store::here(session, &opened.place));
    Memory::of(&session.surroundings).update(&project, |known| {
        known.journals.clear();
        known.reached(begun.base(), here, now);
        if let (Some(pin), Some(lineage)) = (policy, &begun.lineage) {
            let place = here.place.within(here.root).to_string();
            known.under(pin, lineage, &place, now);
        }
    })?;
    session.terminal.result(&format!(
        "A new journal in {} records {} that the registries show.",
        opened.store.location(),
        count(versions, "version", "versions")
    ));
    Ok(Exit::Done)
}

/// Nothing may be there.
async fn is_free(session: &Session, opened: &Opened) -> Result<(), Failure> {
    let lines = opened.store.load().await;
    let lines = lines.map_err(|error| unreadable(&error))?;
    if lines.is_empty() {
        return Ok(());
    }
    let message = format!(
        "there is a journal in {} already, of {}",
        opened.store.location(),
        count(lines.len(), "entry", "entries")
    );
    let failure = Failure::new(Exit::Store, message);
    Err(match State::replay(&lines) {
        Ok(_) => failure
            .hint("it is sound, so there is nothing to rebuild: what is published and not recorded is adopted by the next plan"),
        Err(error @ ReplayError::Later { .. }) => {
            unreadable(&relplan_state::unreadable(&*opened.store, &error))
        }
        Err(_) => super::check::how_to_go_on(session, failure, &opened.place),
    })
}

/// What this machine, the plans that were started here, and the rest of the lost journal know.
async fn lost(session: &Session, arguments: &Rebuild, project: &str) -> Result<Lost, Failure> {
    let mut lost = Lost::default();
    let known = Memory::of(&session.surroundings).known(project)?;
    for (lineage, journal) in known.into_iter().flat_map(|known| known.journals) {
        lost.add(Base {
            lineage: Some(lineage),
            serial: journal.serial,
            head: journal.head,
            store: None,
        });
    }
    for (_, base) in kept_bases(session) {
        lost.add(base);
    }
    if let Some(text) = &arguments.lost {
        let place = Place::parse(text).map_err(|error| {
            Failure::of(Exit::Usage, &error).while_doing("cannot use the place of --lost")
        })?;
        let lines = match store::at(session, place)?.store.load().await {
            Ok(lines) => lines,
            // Some stores find the damage themselves, and give out nothing.
            Err(error @ StoreError::Damaged { .. }) => {
                let text = format!("nothing can be read of it: {error}");
                let err = session.terminal.err;
                session
                    .terminal
                    .remark(&err.wrap("warning: ", "  ", &harmless(&text)));
                return Ok(lost);
            }
            Err(error) => return Err(unreadable(&error)),
        };
        if !lost.add_lines(&lines) {
            let message = format!("nothing can be read of a journal in {text}");
            return Err(Failure::new(Exit::Usage, message));
        }
    }
    Ok(lost)
}

/// The policy that is in force from the first line on; `None`: nobody knows of one.
fn policy(
    session: &Session,
    arguments: &Rebuild,
    project: &str,
    lost: &Lost,
) -> Result<Option<PinnedPolicy>, Failure> {
    let before = State {
        policy: lost.policy,
        ..State::default()
    };
    let remembered = Remembered::of(session, project, &before)?;
    let (surroundings, style) = (&session.surroundings, session.terminal.err);
    let places = pin::Places::new(&session.project, surroundings, &arguments.pinned, style);
    let pinned = places.pinned(remembered.as_ref(), SystemClock.now());
    let pinned = pinned.map_err(|failure| {
        let failure = failure.while_doing("nothing was written");
        let failure =
            failure.hint("the new journal must ask for the same approvals as the lost one");
        match &failure.situation {
            Some(Situation::PinPolicy { file: Some(_), .. }) => {
                failure.situation(Situation::PinPolicy {
                    words: "name the policy:",
                    file: Some(pin::USUAL),
                    forget: None,
                })
            }
            Some(_) | None => failure,
        }
    })?;
    Ok(pinned.map(|pinned| pinned.pin))
}

fn told(lost: &Lost, policy: Option<PinnedPolicy>) -> String {
    let mut text = "What the new journal cannot know:\n".to_owned();
    text.push_str("  who published what, when, under which plan, and who approved it\n");
    text.push_str("  versions that neither the spec nor a pointer of a registry names\n");
    match &lost.open {
        Some((plan, runner)) => text.push_str(&format!(
            "  what became of the steps of plan {}, which was open on {}\n",
            plan.short(),
            harmless(runner)
        )),
        None => text.push_str("  whether a plan was under way, and what became of its steps\n"),
    }
    for one in lost.journals() {
        text.push_str(&format!(
            "It takes the place of the journal {}, last known at serial {} with the head {}.\n",
            harmless(&one.lineage),
            one.serial,
            one.head
        ));
    }
    text.push_str(&match policy {
        Some(pin) => format!(
            "Releases need approval by version {} of the policy ({}).\n",
            pin.version,
            pin.digest.short()
        ),
        None => "No policy is known: releases need nobody's approval. If they did, name the policy with --policy.\n".to_owned(),
    });
    text
}

fn unknown(observation: &Observation) -> Option<String> {
    match &observation.seen {
        Seen::Unknown { reason } => Some(format!(
            "  {} could not be looked up: {}\n",
            observation.address,
            harmless(reason)
        )),
        Seen::Present(_) | Seen::Absent => None,
    }
}
