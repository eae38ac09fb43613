//! One contract for all kinds of target: every law over every kind, against the real server that it speaks to, behind a
//! proxy that loses and falsifies answers.
//!
//! A kind that has no such thing says why. Drivers that break one law each show that the suite would notice.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    unreachable_pub,
    reason = "a test stops where something is not as it should be, and prints its table"
)]

mod flawed;
mod laws;
mod made;
mod subject;
mod subjects;

use relplan_testkit::servers::Bench;
use tempfile::TempDir;

use crate::{
    flawed::FLAWS,
    laws::{Held, LAWS},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_keeps_every_law() {
    let folder = TempDir::new().unwrap();
    let bench = Bench::start(folder.path()).await.unwrap();
    let subjects = subjects::all(&bench);
    let kinds: Vec<&str> = relplan_targets::kinds::KINDS
        .iter()
        .map(|kind| kind.name)
        .collect();
    for kind in kinds {
        assert!(
            subjects.iter().any(|subject| subject.kind == kind),
            "{kind} has no row here"
        );
    }
    let mut broken = Vec::new();
    let mut table = format!("{:<40}", "law");
    for subject in &subjects {
        table += &format!("{:<11}", subject.kind);
    }
    let mut reasons = String::new();
    for law in LAWS {
        table += &format!("\n{:<40}", law.name);
        for subject in &subjects {
            let verdict = (law.check)(subject).await;
            subject.heal();
            table += &format!(
                "{:<11}",
                match &verdict {
                    Ok(Held::Kept) => "kept",
                    Ok(Held::Cannot(_)) => "–",
                    Err(_) => "BROKEN",
                }
            );
            match verdict {
                Ok(Held::Kept) => {}
                Ok(Held::Cannot(why)) => {
                    reasons += &format!("\n– {}, {}: {why}", subject.kind, law.name);
                }
                Err(how) => broken.push(format!("{}, {}: {how}", subject.kind, law.name)),
            }
        }
    }
    println!("{table}{reasons}");
    assert!(
        broken.is_empty(),
        "{}\n{}",
        broken.join("\n"),
        bench.condition()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_flaw_is_noticed_by_the_law_that_it_breaks() {
    let folder = TempDir::new().unwrap();
    let bench = Bench::start(folder.path()).await.unwrap();
    let mut unnoticed = Vec::new();
    for (flaw, broken) in FLAWS {
        // A server of its own each time: what a flawed driver left behind is nobody else's.
        let law = LAWS.iter().find(|law| law.name == *broken).unwrap();
        let mut subject = subjects::npm(&bench.npm, &bench.npm_token);
        subject.flaw = Some(*flaw);
        subject.suffix = format!("-{}", FLAWS.iter().position(|row| row.0 == *flaw).unwrap());
        let verdict = (law.check)(&subject).await;
        subject.heal();
        match verdict {
            Err(how) => println!("{flaw:?}: {broken}: {how}"),
            Ok(held) => unnoticed.push(format!("{flaw:?} is not noticed by {broken}: {held:?}")),
        }
    }
    assert!(unnoticed.is_empty(), "{}", unnoticed.join("\n"));
}
