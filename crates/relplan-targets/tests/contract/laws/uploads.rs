//! Uploading: the planned bytes, once, and an answer that is believed only as far as it goes.

use std::time::Duration;

use relplan_model::{digest::Digests, observation::Seen, port::Outcome};
use relplan_testkit::proxy::{Fault, Reply};

use super::{Held, Verdict, ensure};
use crate::subject::{Bytes, Packed, Subject, Who, attempt};

pub async fn only_sealed_artifacts_leave(subject: &Subject) -> Verdict {
    let name = &subject.name("seal-ed");
    let good = subject.pack(name, "1.0.0", "first");
    let others = subject.pack(name, "1.0.0", "other");
    let with = |bytes: Option<Vec<u8>>| Packed {
        bytes: Bytes(bytes),
        ..good.clone()
    };
    // Another name and version inside, under the digests of just these bytes.
    let disguised = |inside: &Packed| {
        let mut packed = good.clone();
        packed.bytes = inside.bytes.clone();
        packed.artifact.size = inside.artifact.size;
        packed.artifact.digests = inside.artifact.digests.clone();
        packed
    };
    let whole = good.bytes.0.clone().unwrap_or_default();
    let mut flipped = whole.clone();
    if let Some(last) = flipped.last_mut() {
        *last ^= 1;
    }
    let junk = b"no archive at all".to_vec();
    let mut unreadable = with(Some(junk.clone()));
    unreadable.artifact.size = junk.len() as u64;
    unreadable.artifact.digests = Digests::of(&junk);
    let mut of_another_kind = good.clone();
    of_another_kind.artifact.kind = "gem".to_owned();
    let bad = [
        (
            "other bytes",
            Packed {
                bytes: others.bytes.clone(),
                ..good.clone()
            },
        ),
        ("one bit", with(Some(flipped))),
        (
            "half of them",
            with(Some(whole[..whole.len() / 2].to_vec())),
        ),
        ("more of them", with(Some([whole.clone(), whole].concat()))),
        ("none", with(None)),
        (
            "another name inside",
            disguised(&subject.pack(&subject.name("seal-other"), "1.0.0", "first")),
        ),
        (
            "another version inside",
            disguised(&subject.pack(name, "1.0.1", "first")),
        ),
        ("no archive", unreadable),
        ("a kind that it does not take", of_another_kind),
    ];
    subject.heal();
    let driver = subject.driver(Who::Owner);
    let step = subject.publish_step(&good, None);
    for (what, packed) in &bad {
        let outcome = attempt(&*driver, &step, Some(packed)).await;
        let is_refused = matches!(
            outcome,
            Outcome::Refused {
                credential: false,
                ..
            }
        );
        ensure!(is_refused, "{what}: {outcome:?}");
    }
    let foreign = subject.publish_step(
        &subject.pack(&subject.name("seal-other"), "1.0.0", "first"),
        None,
    );
    let outcome = attempt(&*driver, &foreign, Some(&good)).await;
    ensure!(
        matches!(outcome, Outcome::Refused { .. }),
        "another step's artifact: {outcome:?}"
    );
    let outcome = attempt(&*driver, &step, None).await;
    ensure!(
        matches!(outcome, Outcome::Refused { .. }),
        "no artifact: {outcome:?}"
    );
    ensure!(
        subject.accepted_writes() == 0,
        "the registry accepted a write"
    );
    for name in [name, &subject.name("seal-other")] {
        let seen = subject
            .look(&*subject.driver(Who::Owner), name, &["1.0.0"])
            .await;
        ensure!(seen == Seen::Absent, "{name} is {seen:?}");
    }
    // What is inside is read, not believed: the plan's version is not what comes out.
    let identity = driver.inspect(&bad[6].1.artifact, &bad[6].1.bytes).await;
    let planned = &good.artifact.version;
    ensure!(
        identity
            .as_ref()
            .is_ok_and(|inside| inside.version != *planned)
            || identity.is_err(),
        "the version inside is read as {identity:?}"
    );
    Ok(Held::Kept)
}

pub async fn a_lost_answer_is_unknown(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot("a folder gives no answers"));
    }
    // The registry took it, and the client hears something else.
    let mut faults = vec![("lost".to_owned(), Fault::LoseResponse)];
    for status in [408, 409, 500, 502, 503, 504] {
        faults.push((status.to_string(), Fault::AnswerAfter(status)));
    }
    for (index, (what, fault)) in faults.into_iter().enumerate() {
        let packed = subject.pack(&subject.name(&format!("lost-{index}x")), "1.0.0", "first");
        subject.inject(subject.on_upload(fault));
        let outcome = subject.upload(&*subject.driver(Who::Owner), &packed).await;
        subject.heal();
        ensure!(
            matches!(outcome, Outcome::Unknown { .. } | Outcome::Later { .. }),
            "{what} after the registry took it: {outcome:?}"
        );
        subject
            .shows(&packed)
            .await
            .map_err(|why| format!("{what}: {why}"))?;
        // Sending the very same again ends with the very same.
        subject.upload(&*subject.driver(Who::Owner), &packed).await;
        subject
            .shows(&packed)
            .await
            .map_err(|why| format!("{what}, twice: {why}"))?;
    }
    // The registry never took it.
    for (index, (what, fault)) in [
        ("cut", Fault::CutBefore),
        ("stalled", Fault::StallUpload { after: 64 }),
        ("500", Fault::RefuseBefore(500)),
        ("504", Fault::RefuseBefore(504)),
    ]
    .into_iter()
    .enumerate()
    {
        let name = subject.name(&format!("never-{index}x"));
        let packed = subject.pack(&name, "1.0.0", "first");
        subject.inject(subject.on_upload(fault));
        let outcome = subject.upload(&*subject.hasty(Who::Owner), &packed).await;
        subject.heal();
        ensure!(
            matches!(outcome, Outcome::Unknown { .. } | Outcome::Later { .. }),
            "{what} before the registry took it: {outcome:?}"
        );
        let seen = subject
            .look(&*subject.driver(Who::Owner), &name, &["1.0.0"])
            .await;
        ensure!(seen == Seen::Absent, "{what}: the registry has {seen:?}");
    }
    Ok(Held::Kept)
}

pub async fn a_second_upload_changes_nothing(subject: &Subject) -> Verdict {
    let packed = subject
        .publish(&subject.name("twice-over"), "1.0.0")
        .await?;
    let before = subject.shows(&packed).await?;
    subject.upload(&*subject.driver(Who::Owner), &packed).await;
    let after = subject.shows(&packed).await?;
    ensure!(before == after, "before: {before:?}, after: {after:?}");
    Ok(Held::Kept)
}

pub async fn other_bytes_are_refused(subject: &Subject) -> Verdict {
    let first = subject
        .publish(&subject.name("other-bytes"), "1.0.0")
        .await?;
    let second = subject.pack(&subject.name("other-bytes"), "1.0.0", "second");
    let outcome = subject.upload(&*subject.driver(Who::Owner), &second).await;
    ensure!(
        outcome != Outcome::Accepted,
        "a version was published twice"
    );
    subject.shows(&first).await?;
    let seen = subject.shows(&second).await;
    ensure!(
        seen.is_err(),
        "the other bytes are said to be there: {seen:?}"
    );
    Ok(Held::Kept)
}

pub async fn a_registry_may_ask_for_patience(subject: &Subject) -> Verdict {
    if subject.proxy().is_none() {
        return Ok(Held::Cannot("a folder asks for none"));
    }
    let packed = subject.pack(&subject.name("pati-ence"), "1.0.0", "first");
    let later = Reply::new(429, &[("retry-after", "7")], "slow down");
    subject.inject(subject.on_upload(Fault::Answer(later)));
    let outcome = subject.upload(&*subject.driver(Who::Owner), &packed).await;
    subject.heal();
    let Outcome::Later { wait, .. } = &outcome else {
        return Err(format!("429 with a time to wait is {outcome:?}"));
    };
    ensure!(
        (5..=7).contains(&wait.as_secs()),
        "asked for 7 s, and the driver says {wait:?}"
    );
    // A read that is asked to come back comes back by itself.
    subject.publish(&subject.name("pati-read"), "1.0.0").await?;
    let soon = Reply::new(429, &[("retry-after", "1")], "slow down");
    let rule = relplan_testkit::proxy::Rule::once("GET", "pati-read", Fault::Answer(soon));
    subject.inject(rule);
    let driver = subject.driver(Who::Owner);
    let name = &subject.name("pati-read");
    let look = subject.look(&*driver, name, &["1.0.0"]);
    let seen = tokio::time::timeout(Duration::from_secs(30), look).await;
    subject.heal();
    match seen {
        Ok(Seen::Present(_)) => Ok(Held::Kept),
        other => Err(format!(
            "a read that was asked to wait a second is {other:?}"
        )),
    }
}
