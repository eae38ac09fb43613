//! `relplan state forget`: packages, or one version of one, are no longer looked after.

use std::collections::BTreeSet;

use relplan_model::{
    address::{Address, Version},
    journal::Record,
};

use super::{folded, nothing_is_open, record_all};
use crate::{commands::Session, exit::Exit, failure::Failure, store::Opened, view::style::count};

/// Runs it.
pub(super) async fn run(
    session: &Session,
    opened: &Opened,
    what: &str,
    project: Option<&str>,
) -> Result<Exit, Failure> {
    if what.contains(['*', '?']) {
        return matching(session, opened, what, project).await;
    }
    let (address, version) = read(what)?;
    let state = folded(session, opened, project).await?;
    nothing_is_open(session, &state)?;
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
    let record = Record::Forgotten {
        address: address.clone(),
        version: version.clone(),
        serial: state.serial + 1,
    };
    record_all(session, opened, &state, vec![record]).await?;
    session.terminal.result(&format!(
        "Forgot {what}. The registry was not touched; a plan that still asks for it adopts it again."
    ));
    Ok(Exit::Done)
}

/// Forgets all packages whose address matches a pattern.
async fn matching(
    session: &Session,
    opened: &Opened,
    pattern: &str,
    project: Option<&str>,
) -> Result<Exit, Failure> {
    let glob = globset::GlobBuilder::new(pattern)
        .build()
        .map_err(|error| {
            Failure::of(Exit::Usage, &error).while_doing(format!("{pattern:?} is no pattern"))
        })?;
    let matcher = glob.compile_matcher();
    let state = folded(session, opened, project).await?;
    nothing_is_open(session, &state)?;
    let known = state.releases.keys().chain(state.pointers.keys());
    let all: BTreeSet<&Address> = known
        .filter(|address| matcher.is_match(address.to_string()))
        .collect();
    if all.is_empty() {
        let message = format!("nothing that is recorded matches {pattern}");
        return Err(Failure::new(Exit::Usage, message)
            .hint("a pattern is held against whole addresses, such as npm:@acme/widget; `relplan state list` shows them"));
    }
    let forgotten = |(address, serial): (&&Address, u64)| Record::Forgotten {
        address: (*address).clone(),
        version: None,
        serial,
    };
    let records = all.iter().zip(state.serial + 1..).map(forgotten).collect();
    record_all(session, opened, &state, records).await?;
    let names: Vec<String> = all.iter().map(|address| format!("  {address}\n")).collect();
    session.terminal.result(&format!(
        "Forgot {}. The registries were not touched; a plan that still asks for them adopts them again.\n{}",
        count(all.len(), "package", "packages"),
        names.concat()
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
