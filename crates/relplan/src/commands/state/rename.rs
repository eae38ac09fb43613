//! `relplan state mv`: a target, a package or the project has another name from now on. Registries are not touched.

use relplan_model::{
    address::{Address, TargetName},
    journal::{Record, Renaming},
    state::State,
};

use super::{nothing_is_open, record_all};
use crate::{
    arguments::Mv,
    commands::Session,
    exit::Exit,
    failure::Failure,
    journal::{self, Asked},
    memory::Memory,
    store::Opened,
    view::style::harmless,
};

/// Runs it.
pub(super) async fn run(session: &Session, opened: &Opened, mv: &Mv) -> Result<Exit, Failure> {
    // The spec may have the new name of the project already.
    let asked = Asked {
        project: mv.project.then_some(mv.from.as_str()),
        plan: None,
    };
    let state = journal::read(session, opened, asked).await?.state;
    nothing_is_open(session, &state)?;
    let what = meant(mv, &state)?;
    let record = Record::Renamed {
        what: what.clone(),
        serial: state.serial + 1,
    };
    record_all(session, opened, &state, vec![record]).await?;
    if let Renaming::Project { to } = &what {
        remember(session, &state, to)?;
    }
    session.terminal.result(&format!(
        "From now on {}. No registry was touched.",
        harmless(&what.to_string())
    ));
    Ok(Exit::Done)
}

fn meant(mv: &Mv, state: &State) -> Result<Renaming, Failure> {
    let Mv {
        place: _,
        project,
        from,
        to,
    } = mv;
    let nothing = || {
        Failure::new(Exit::Usage, format!("nothing is recorded of {from:?}"))
            .hint("`relplan state list` shows what is")
    };
    if *project {
        if state.lineage.is_none() {
            return Err(nothing());
        }
        return Ok(Renaming::Project { to: to.clone() });
    }
    let unusable = |text: &str, error: &dyn std::error::Error| {
        Failure::of(Exit::Usage, error)
            .while_doing(format!("{text:?} is neither a target nor a package at one"))
            .hint("name two targets (npm registry), or two packages (npm:@acme/widget npm:@acme/gadget)")
    };
    let mut known = state.releases.keys().chain(state.pointers.keys());
    if from.contains(':') {
        let address = |text: &String| text.parse().map_err(|error| unusable(text, &error));
        let (from, to): (Address, Address) = (address(from)?, address(to)?);
        return match known.any(|one| *one == from) {
            true => Ok(Renaming::Package { from, to }),
            false => Err(nothing()),
        };
    }
    let target = |text: &String| text.parse().map_err(|error| unusable(text, &error));
    let (from, to): (TargetName, TargetName) = (target(from)?, target(to)?);
    match known.any(|one| one.target == from) {
        true => Ok(Renaming::Target { from, to }),
        false => Err(nothing()),
    }
}

/// What this machine knows of the old name holds for the new one.
fn remember(session: &Session, state: &State, to: &str) -> Result<(), Failure> {
    let memory = Memory::of(&session.surroundings);
    let before = memory.known(&state.project)?;
    let Some(before) = before else {
        return Ok(());
    };
    memory.update(to, |known| {
        known.policy = known.policy.take().or(before.policy);
        for (lineage, journal) in before.journals {
            known.journals.entry(lineage).or_insert(journal);
        }
    })
}
