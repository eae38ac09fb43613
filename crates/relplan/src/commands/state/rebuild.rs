//! `relplan state rebuild`: a new journal from what the registries show of the versions that the spec asks for.
//!
//! What cannot be rebuilt is why and by whom, and whether a plan was under way. A plan that was open in the lost journal
//! is stale against the new one: make a new plan, which adopts what the old one published by its bytes.

use relplan_model::{
    journal::Fact,
    observation::{Observation, Seen, VersionFacts},
    state::State,
};

use crate::{
    arguments::{PinnedPlace, Places, Planning, StatePlace},
    clock::SystemClock,
    commands::{
        Session,
        apply::run::{exit, random_name},
    },
    events::progress::Progress,
    exit::Exit,
    failure::Failure,
    planning::Ground,
    store::Opened,
    view::style::{count, harmless},
};

/// Runs it.
pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    place: &StatePlace,
) -> Result<Exit, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::of(Exit::Store, error);
    let lines = opened.store.load().await.map_err(|error| failed(&error))?;
    if !lines.is_empty() {
        let message = format!(
            "there is a journal in {} already, of {}",
            opened.store.location(),
            count(lines.len(), "entry", "entries")
        );
        let failure = Failure::new(Exit::Store, message);
        return Err(match State::replay(&lines) {
            Ok(_) => failure
                .hint("it is sound, so there is nothing to rebuild: what is published and not recorded is adopted by the next plan"),
            Err(_) => super::check::how_to_go_on(failure, &opened.place),
        });
    }
    let style = session.terminal.err;
    let places = Places {
        bundle: None,
        state: place.state.clone(),
    };
    let pinned = PinnedPlace::default();
    let ground = Ground::new(session, &places, &pinned, &session.surroundings, style).await?;
    let wishes = ground.wishes(&session.project, None, &Planning::default(), style)?;
    let observations = {
        let progress = Progress::new(session.terminal);
        ground.observe(&wishes, &progress).await
    };
    let unknown: Vec<String> = observations.iter().filter_map(unknown).collect();
    if !unknown.is_empty() {
        // L5: what could not be looked up is not absent, and a journal without it would say so.
        return Err(Failure::new(
            Exit::Unknown,
            "not everything could be looked up, so that nothing was written",
        )
        .details(unknown.concat())
        .hint("$ relplan state rebuild"));
    }
    let facts: Vec<Fact> = observations.iter().flat_map(facts).collect();
    if facts.is_empty() {
        let text = "The registries show none of the versions that the spec asks for, so there is nothing to record.";
        session.terminal.result(text);
        return Ok(Exit::Done);
    }
    let versions = facts
        .iter()
        .filter(|fact| matches!(fact, Fact::Resolvable { .. }))
        .count();
    let opening = (random_name()?, ground.read.spec.project.name.clone());
    relplan_apply::adopt(
        &*opened.store,
        &SystemClock,
        State::default(),
        opening,
        facts,
    )
    .await
    .map_err(|error| Failure::of(exit(error.exit()), &error))?;
    session.terminal.result(&format!(
        "A new journal in {} records {} that the registries show.",
        opened.store.location(),
        count(versions, "version", "versions")
    ));
    Ok(Exit::Done)
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

/// What is true of a package, as far as its registry shows digests for it.
fn facts(observation: &Observation) -> Vec<Fact> {
    let address = &observation.address;
    let Seen::Present(seen) = &observation.seen else {
        return Vec::new();
    };
    let mut facts = Vec::new();
    for (version, found) in &seen.versions {
        let VersionFacts {
            files,
            yanked,
            deprecated,
        } = found;
        for (file, shown) in files {
            facts.push(Fact::File {
                address: address.clone(),
                version: version.clone(),
                file: file.clone(),
                digests: shown.digests.clone(),
            });
        }
        facts.push(Fact::Resolvable {
            address: address.clone(),
            version: version.clone(),
        });
        if *yanked {
            facts.push(Fact::Yanked {
                address: address.clone(),
                version: version.clone(),
            });
        }
        if let Some(message) = deprecated {
            facts.push(Fact::Deprecated {
                address: address.clone(),
                version: version.clone(),
                message: message.clone(),
            });
        }
    }
    // Pointers to versions that nobody asks for are none of ours.
    let pointers = seen
        .pointers
        .iter()
        .filter(|(_, version)| seen.versions.contains_key(*version));
    facts.extend(pointers.map(|(pointer, version)| Fact::Pointer {
        address: address.clone(),
        pointer: pointer.clone(),
        version: Some(version.clone()),
    }));
    facts
}
