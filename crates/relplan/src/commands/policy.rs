//! `relplan policy`: check a policy, print its digest, and have a new one signed by those who may replace the old one.

use std::path::{Path, PathBuf};

use relplan_approval::{
    policy::Policy as Value,
    rotation::{self, NAMESPACE, Rotation, RotationError, RotationSignature},
};
use relplan_model::port::Clock as _;

use super::Session;
use crate::{
    approvals::{pin, sign},
    arguments::{Policy, Rotate},
    clock::SystemClock,
    exit::Exit,
    failure::Failure,
    memory::Memory,
    view::style::{count, harmless},
};

/// Runs it.
pub fn run(session: &Session, arguments: &Policy) -> Result<Exit, Failure> {
    match arguments {
        Policy::Check { file } => {
            let policy = pin::read(&usual(session, file.as_deref()), session.terminal.err)?;
            session.terminal.result(&summary(&policy)?);
            Ok(Exit::Done)
        }
        Policy::Digest { file } => {
            let policy = pin::read(&usual(session, file.as_deref()), session.terminal.err)?;
            session.terminal.result(&digest(&policy)?);
            Ok(Exit::Done)
        }
        Policy::Rotate(arguments) => rotate(session, arguments),
        Policy::Forget { project } => forget(session, project),
    }
}

/// This machine asks for the project's policy no more.
fn forget(session: &Session, project: &str) -> Result<Exit, Failure> {
    let memory = Memory::of(&session.surroundings);
    let Some(policy) = memory.known(project)?.and_then(|known| known.policy) else {
        let message = format!("this machine remembers no policy of {project:?}");
        let failure = Failure::new(Exit::Usage, message);
        let known = memory
            .all()
            .into_iter()
            .filter(|known| known.policy.is_some());
        let names: Vec<String> = known.map(|known| known.project).collect();
        return Err(match names.as_slice() {
            [] => failure.hint("it remembers none of any project"),
            names => failure.hint(format!("it remembers one of {}", names.join(", "))),
        });
    };
    memory.update(project, |known| known.policy = None)?;
    session.terminal.result(&format!(
        "This machine has forgotten version {} of the policy of {project} ({}). The journal {} in {} remembers it still.",
        policy.pin.version,
        policy.pin.digest.short(),
        policy.lineage,
        harmless(&policy.place)
    ));
    Ok(Exit::Done)
}

fn usual(session: &Session, file: Option<&Path>) -> PathBuf {
    file.map_or_else(
        || session.project.root.as_std_path().join(pin::USUAL),
        Path::to_path_buf,
    )
}

fn digest(policy: &Value) -> Result<String, Failure> {
    let pin = policy
        .pin()
        .map_err(|error| Failure::of(Exit::Internal, &error))?;
    Ok(pin.digest.to_string())
}

fn summary(policy: &Value) -> Result<String, Failure> {
    let keys: usize = policy.people.iter().map(|person| person.keys.len()).sum();
    Ok(format!(
        "The policy is sound: version {} for {}, {} with {}, {}.\n{}",
        policy.version,
        policy.project,
        count(policy.people.len(), "person", "people"),
        count(keys, "key", "keys"),
        count(policy.rules.len(), "rule", "rules"),
        digest(policy)?
    ))
}

/// Signs the step from one policy to the next, and tells who else must.
fn rotate(session: &Session, arguments: &Rotate) -> Result<Exit, Failure> {
    let style = session.terminal.err;
    let from = pin::read(&arguments.old, style)?;
    let to = pin::read(&arguments.new, style)?;
    let internal = |error: &dyn std::error::Error| Failure::of(Exit::Internal, error);
    let file = arguments.out.clone().unwrap_or_else(|| {
        pin::rotations_of(&arguments.new).join(format!("{}-to-{}.json", from.version, to.version))
    });
    let fresh = rotation::unsigned(&from, &to).map_err(|error| internal(&error))?;
    let limit = rotation::MAX_SIZE as u64;
    let mut rotation = match crate::files::read_found(&file, limit) {
        Ok(bytes) => Rotation::from_bytes(&bytes).map_err(|error| {
            Failure::of(Exit::Invalid, &error).while_doing(format!("cannot use {}", file.display()))
        })?,
        Err(error) if error.is_missing() => fresh.clone(),
        Err(error) => return Err(Failure::of(Exit::Invalid, &error)),
    };
    if (&rotation.from, &rotation.to) != (&fresh.from, &fresh.to) {
        let message = format!("{} is about other policies than these", file.display());
        return Err(Failure::new(Exit::Invalid, message)
            .hint("delete it if it is of an earlier draft: signatures are for one text alone"));
    }
    let verified = || rotation::verify(&rotation, &from, &to, SystemClock.now());
    // What no signature cures is said before anybody signs.
    if let Err(error) = verified()
        && !matches!(error, RotationError::Short { .. })
    {
        return Err(Failure::of(Exit::Invalid, &error));
    }
    if let Some(key) = &arguments.key {
        let text = rotation::statement(&from, &to).map_err(|error| internal(&error))?;
        let (armour, signed_by, _) = sign::sign(
            key,
            NAMESPACE,
            &text,
            session.terminal,
            &session.surroundings.programs(),
        )?;
        let owner = from.owner(&signed_by).or_else(|| to.owner(&signed_by));
        let Some((person, _)) = owner else {
            return Err(Failure::new(
                Exit::Approval,
                format!(
                    "the key {} belongs to nobody in either policy",
                    signed_by.fingerprint()
                ),
            ));
        };
        session.terminal.result(&format!(
            "Signed as {}: version {} follows version {}.",
            person.name, to.version, from.version
        ));
        rotation.signatures.push(RotationSignature {
            statement: text,
            signature: armour,
        });
        let bytes = rotation.to_bytes().map_err(|error| internal(&error))?;
        crate::files::write_whole(&file, &bytes)?;
        session
            .terminal
            .result(&format!("Written to {}.", file.display()));
    }
    match rotation::verify(&rotation, &from, &to, SystemClock.now()) {
        Ok(()) => {
            session.terminal.result(&format!(
                "The thresholds of both roots have signed: version {} may replace version {}.",
                to.version, from.version
            ));
            Ok(Exit::Done)
        }
        Err(error @ RotationError::Short { .. }) => {
            session.terminal.result(&format!("Not yet: {error}."));
            Ok(Exit::Approval)
        }
        Err(error) => Err(Failure::of(Exit::Invalid, &error)),
    }
}
