//! `relplan state forget`: a package, or one version of it, is no longer looked after.

use relplan_model::{
    address::{Address, Version},
    journal::{Entry, Record},
    port::Clock as _,
};

use super::{folded, nothing_is_open};
use crate::{clock::SystemClock, commands::Session, exit::Exit, failure::Failure, store::Opened};

/// Runs it.
pub(super) async fn run(session: &Session, opened: &Opened, what: &str) -> Result<Exit, Failure> {
    let (address, version) = read(what)?;
    let state = folded(session, opened).await?;
    nothing_is_open(&state)?;
    let versions = state.releases.get(&address);
    let is_known = match &version {
        Some(version) => versions.is_some_and(|versions| versions.contains_key(version)),
        None => versions.is_some() || state.pointers.contains_key(&address),
    };
    if !is_known {
        let known: Vec<String> = state.releases.keys().map(ToString::to_string).collect();
        let meant = known
            .iter()
            .min_by_key(|known| strsim::damerau_levenshtein(known, &address.to_string()));
        let failure = Failure::new(Exit::Usage, format!("nothing is recorded of {what}"));
        return Err(match (meant, versions) {
            (_, Some(versions)) => {
                let versions: Vec<String> = versions.keys().map(ToString::to_string).collect();
                failure.hint(format!(
                    "the versions of {address} that are: {}",
                    versions.join(", ")
                ))
            }
            (Some(meant), None) => failure.hint(format!("did you mean {meant}?")),
            (None, None) => failure,
        });
    }
    let entry = Entry {
        seq: state.length,
        prev: state.head,
        at: SystemClock.now(),
        record: Record::Forgotten {
            address: address.clone(),
            version: version.clone(),
            serial: state.serial + 1,
        },
    };
    opened
        .store
        .append(state.head, &[entry])
        .await
        .map_err(|error| Failure::of(Exit::Store, &error))?;
    session.terminal.result(&format!(
        "Forgot {what}. The registry was not touched; a plan that still asks for it adopts it again."
    ));
    Ok(Exit::Done)
}

/// An address with a version behind the last `@`, if that is no scope's.
fn read(what: &str) -> Result<(Address, Option<Version>), Failure> {
    let (address, version) = match what.rsplit_once('@') {
        Some((address, version)) if !address.ends_with([':', '/']) && !version.contains('/') => {
            (address, Some(version))
        }
        _ => (what, None),
    };
    let failed = |error: &dyn std::error::Error| {
        Failure::of(Exit::Usage, error)
            .while_doing(format!("{what:?} is not the address of a package"))
            .hint("an address is a target and a package, such as npm:@acme/widget; `relplan state list` shows them")
    };
    let address = address.parse().map_err(|error| failed(&error))?;
    let version = match version {
        Some(version) => Some(version.parse().map_err(|error| failed(&error))?),
        None => None,
    };
    Ok((address, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_no_version() {
        for (text, address, version) in [
            ("npm:@acme/widget", "npm:@acme/widget", None),
            ("npm:@acme/widget@1.4.0", "npm:@acme/widget", Some("1.4.0")),
            ("crates-io:widget@2.0.0", "crates-io:widget", Some("2.0.0")),
        ] {
            let read = read(text).unwrap();
            assert_eq!(read.0.to_string(), address);
            assert_eq!(
                read.1.map(|version| version.to_string()).as_deref(),
                version
            );
        }
        assert!(read("widget").is_err());
    }
}
