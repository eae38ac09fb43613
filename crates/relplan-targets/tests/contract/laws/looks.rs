//! Looking: three values, and none of them guessed.

use std::{fs, os::unix::fs::symlink, path::Path, time::Duration};

use relplan_model::{
    observation::{Freshness, Seen},
    port::Outcome,
};
use relplan_testkit::proxy::{Fault, Reply, Rule};
use tokio::time::timeout;

use super::{Held, Verdict, ensure};
use crate::{
    subject::{Place, Subject, Who, look_as, version},
    subjects::document,
};

/// The longest that any look may take here, however busy the machine is.
const NEVER: Duration = Duration::from_secs(30);

const MAINTENANCE: &str =
    "<!DOCTYPE html><html><title>Maintenance</title><h1>We will be back</h1></html>";

/// What a registry may answer that is neither yes nor no.
fn harms() -> Vec<(String, Fault)> {
    let html = [("content-type", "text/html")];
    let json = [("content-type", "application/json")];
    let mut harms: Vec<(String, Fault)> = [
        ("a cut connection", Fault::CutBefore),
        ("a lost answer", Fault::LoseResponse),
        ("silence", Fault::HoldBefore),
        (
            "one byte now and then",
            Fault::Trickle(Duration::from_millis(200)),
        ),
        (
            "a maintenance page",
            Fault::Answer(Reply::new(200, &html, MAINTENANCE)),
        ),
        (
            "a login page",
            Fault::Answer(Reply::new(302, &[("location", "/login")], "")),
        ),
        ("nothing", Fault::Answer(Reply::new(200, &json, ""))),
        ("a list", Fault::Answer(Reply::new(200, &json, "[]"))),
        (
            "an error as 200",
            Fault::Answer(Reply::new(200, &json, r#"{"error":"down"}"#)),
        ),
        (
            "words",
            Fault::Answer(Reply::new(200, &[("content-type", "text/plain")], "OK")),
        ),
    ]
    .map(|(what, fault)| (what.to_owned(), fault))
    .to_vec();
    for status in [
        400, 401, 402, 403, 405, 408, 409, 418, 425, 429, 500, 502, 503, 504,
    ] {
        harms.push((format!("{status}"), Fault::RefuseBefore(status)));
    }
    harms
}

pub async fn only_a_proof_is_an_absence(subject: &Subject) -> Verdict {
    let name = &subject.name("abse-nce");
    subject.publish(name, "1.0.0").await?;
    if let Place::Folder(root) = &subject.place {
        return spoiled_documents_are_unknown(subject, &document(root, name), name).await;
    }
    for (what, fault) in harms() {
        subject.inject(Rule::always("GET", name, fault));
        let driver = subject.hasty(Who::Owner);
        let look = subject.look(&*driver, name, &["1.0.0"]);
        let seen = timeout(NEVER, look).await;
        subject.heal();
        let seen = seen.map_err(|_| format!("{what}: the look never ended"))?;
        ensure!(
            matches!(seen, Seen::Unknown { .. }),
            "{what} was taken for {seen:?}"
        );
    }
    Ok(Held::Kept)
}

/// What else may stand where a folder's document should be.
async fn spoiled_documents_are_unknown(subject: &Subject, document: &Path, name: &str) -> Verdict {
    let whole = fs::read(document).map_err(|error| format!("{}: {error}", document.display()))?;
    let aside = document.with_extension("aside");
    let link = |to: &Path| symlink(to, document).unwrap();
    let spoils: [(&str, &dyn Fn()); 5] = [
        ("half a document", &|| {
            fs::write(document, &whole[..whole.len() / 2]).unwrap()
        }),
        ("garbage", &|| {
            fs::write(document, b"\x00\xff<html>").unwrap()
        }),
        ("a folder", &|| fs::create_dir(document).unwrap()),
        ("a link out of the tree", &|| {
            link(Path::new("/etc/hostname"))
        }),
        ("a link in a circle", &|| link(document)),
    ];
    fs::rename(document, &aside).unwrap();
    for (what, spoil) in spoils {
        spoil();
        let seen = subject
            .look(&*subject.driver(Who::Owner), name, &["1.0.0"])
            .await;
        match document.is_dir() && !document.is_symlink() {
            true => fs::remove_dir(document).unwrap(),
            false => fs::remove_file(document).unwrap(),
        }
        ensure!(
            matches!(seen, Seen::Unknown { .. }),
            "{what} was taken for {seen:?}"
        );
    }
    fs::rename(&aside, document).unwrap();
    Ok(Held::Kept)
}

pub async fn the_protocols_own_answers_count(subject: &Subject) -> Verdict {
    let name = &subject.name("prot-ocol");
    let driver = subject.driver(Who::Owner);
    let seen = subject.look(&*driver, name, &["1.0.0"]).await;
    ensure!(seen == Seen::Absent, "a new name is {seen:?}");
    subject.publish(name, "1.0.0").await?;
    let seen = subject.look(&*driver, name, &["1.0.0", "2.0.0"]).await;
    let Seen::Present(facts) = &seen else {
        return Err(format!("after the upload the same driver sees {seen:?}"));
    };
    let there: Vec<_> = facts.versions.keys().collect();
    ensure!(
        there == [&version("1.0.0")],
        "the versions there are {there:?}"
    );
    Ok(Held::Kept)
}

pub async fn published_bytes_can_be_compared(subject: &Subject) -> Verdict {
    let described = subject.driver(Who::Owner).describe().await;
    let described = described.map_err(|finding| finding.message)?;
    let declared = &described.capabilities.digests;
    ensure!(
        declared.iter().any(|algorithm| algorithm.proves_sameness()),
        "it declares no digest that proves sameness: {declared:?}"
    );
    let packed = subject.publish(&subject.name("comp-are"), "1.0.0").await?;
    let facts = subject.shows(&packed).await?;
    let shown = facts
        .versions
        .values()
        .flat_map(|version| version.files.values())
        .flat_map(|file| file.digests.0.keys());
    let shown: Vec<_> = shown.collect();
    ensure!(
        declared
            .iter()
            .any(|algorithm| shown.contains(&algorithm) && algorithm.proves_sameness()),
        "it declares {declared:?} and shows {shown:?}"
    );
    Ok(Held::Kept)
}

pub async fn resolvable_is_what_clients_are_shown(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot("a folder has one side"));
    }
    let name = &subject.name("resol-vable");
    let packed = subject.pack(name, "1.0.0", "first");
    let driver = subject.driver(Who::Owner);
    let outcome = subject.upload(&*driver, &packed).await;
    ensure!(outcome == Outcome::Accepted, "{outcome:?}");
    // The read side is behind: what was accepted is not yet what clients get.
    subject.inject(Rule::always("GET", name, Fault::Answer(subject.absent)));
    let seen = look_as(&*driver, name, &["1.0.0"], Freshness::AsClients).await;
    subject.heal();
    ensure!(
        !matches!(seen, Seen::Present(_)),
        "clients are not shown it, and the driver says {seen:?}"
    );
    let seen = look_as(&*driver, name, &["1.0.0"], Freshness::AsClients).await;
    let is_there =
        matches!(&seen, Seen::Present(facts) if facts.versions.contains_key(&version("1.0.0")));
    ensure!(
        is_there,
        "clients are shown it, and the driver says {seen:?}"
    );
    Ok(Held::Kept)
}

pub async fn large_and_endless_answers_end(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot(
            "a folder's bounds are tested beside its driver",
        ));
    }
    let name = &subject.name("boun-ded");
    subject.publish(name, "1.0.0").await?;
    let large = " ".repeat(2 << 20);
    let faults = [
        ("two megabytes", Fault::Answer(Reply::new(200, &[], &large))),
        (
            "an answer without an end",
            Fault::Trickle(Duration::from_millis(100)),
        ),
        ("an answer that never begins", Fault::HoldBefore),
    ];
    for (what, fault) in faults {
        subject.inject(Rule::always("GET", name, fault));
        let driver = subject.hasty(Who::Owner);
        let seen = timeout(NEVER, subject.look(&*driver, name, &["1.0.0"])).await;
        subject.heal();
        match seen {
            Ok(Seen::Unknown { .. }) => {}
            Ok(seen) => return Err(format!("{what} was taken for {seen:?}")),
            Err(_) => return Err(format!("{what}: the look never ended")),
        }
    }
    subject.inject(subject.on_upload(Fault::HoldBefore));
    let packed = subject.pack(&subject.name("boun-ded"), "1.1.0", "first");
    let driver = subject.hasty(Who::Owner);
    let outcome = timeout(NEVER, subject.upload(&*driver, &packed)).await;
    subject.heal();
    match outcome {
        Ok(Outcome::Unknown { .. }) => Ok(Held::Kept),
        other => Err(format!("an upload that is never answered is {other:?}")),
    }
}
