//! Pointers, yanks and deprecations: what a kind can do is seen afterwards, what it cannot do is refused unasked.

use relplan_model::{
    address::{PointerName, Version},
    observation::{Facts, Seen},
    port::Outcome,
    step::Effect,
};

use super::{Held, Verdict, ensure};
use crate::subject::{Subject, Who, attempt, step, version};

async fn facts(subject: &Subject, name: &str, versions: &[&str]) -> Result<Facts, String> {
    match subject
        .look(&*subject.driver(Who::Owner), name, versions)
        .await
    {
        Seen::Present(facts) => Ok(facts),
        seen => Err(format!("{name} is {seen:?}")),
    }
}

/// Tries an effect that a kind says it does not have.
async fn refused_unasked(subject: &Subject, name: &str, effect: Effect) -> Verdict {
    subject.heal();
    let driver = subject.driver(Who::Owner);
    let outcome = attempt(&*driver, &step(name, "1.0.0", effect.clone()), None).await;
    ensure!(
        matches!(
            outcome,
            Outcome::Refused {
                credential: false,
                ..
            }
        ),
        "it says that it cannot {}, and: {outcome:?}",
        effect.verb()
    );
    ensure!(
        subject.accepted_writes() == 0,
        "something was written all the same"
    );
    Ok(Held::Cannot("says so, and refuses without asking"))
}

pub async fn pointers_move_when_asked(subject: &Subject) -> Verdict {
    let name = &subject.name("poin-ters");
    let driver = subject.driver(Who::Owner);
    let described = driver.describe().await.map_err(|finding| finding.message)?;
    let can = described.capabilities;
    let to = version("1.1.0");
    let point = |pointer: &PointerName, from: Option<&Version>| Effect::Point {
        pointer: pointer.clone(),
        from: from.cloned(),
        to: to.clone(),
    };
    let (Some(latest), Some(holding)) = (can.default_pointer, can.holding_pointer) else {
        subject.publish(name, "1.0.0").await?;
        let latest = PointerName::new("latest").unwrap();
        refused_unasked(
            subject,
            name,
            Effect::Unpoint {
                pointer: latest.clone(),
            },
        )
        .await?;
        return refused_unasked(subject, name, point(&latest, None)).await;
    };
    let first = version("1.0.0");
    for (at, pointer) in [("1.0.0", &latest), ("1.1.0", &holding)] {
        let packed = subject.pack(name, at, "first");
        let upload = subject.publish_step(&packed, Some(pointer.as_str()));
        let outcome = attempt(&*driver, &upload, Some(&packed)).await;
        ensure!(outcome == Outcome::Accepted, "{at}: {outcome:?}");
    }
    let before = facts(subject, name, &["1.1.0"]).await?;
    ensure!(
        before.pointers.get(&latest) == Some(&first) && before.current == Some(first.clone()),
        "an upload under another pointer moved {latest}: {:?}",
        before.pointers
    );
    let moved = step(name, "1.1.0", point(&latest, Some(&first)));
    let removed = step(
        name,
        "1.1.0",
        Effect::Unpoint {
            pointer: holding.clone(),
        },
    );
    for step in [&moved, &moved, &removed] {
        let outcome = attempt(&*driver, step, None).await;
        ensure!(outcome == Outcome::Accepted, "{}: {outcome:?}", step.id);
    }
    let after = facts(subject, name, &["1.1.0"]).await?;
    ensure!(
        after.pointers.get(&latest) == Some(&to) && !after.pointers.contains_key(&holding),
        "after moving {latest} and removing {holding}: {:?}",
        after.pointers
    );
    Ok(Held::Kept)
}

pub async fn versions_are_retired_when_asked(subject: &Subject) -> Verdict {
    let name = &subject.name("reti-red");
    subject.publish(name, "1.0.0").await?;
    let driver = subject.driver(Who::Owner);
    let described = driver.describe().await.map_err(|finding| finding.message)?;
    let can = described.capabilities;
    let yank = Effect::Yank {
        reason: "broken".to_owned(),
    };
    let deprecate = Effect::Deprecate {
        range: "1.0.0".to_owned(),
        versions: vec![version("1.0.0")],
        message: "use 2.0.0".to_owned(),
    };
    if !can.yank {
        refused_unasked(subject, name, yank.clone()).await?;
    }
    // The folder deprecates npm packages alone, and says so for each.
    let deprecates = can.deprecate && subject.ecosystem == "npm";
    if !deprecates {
        refused_unasked(subject, name, deprecate.clone()).await?;
    }
    let mut tried = Held::Cannot("says so, and refuses without asking");
    for (effect, can) in [(deprecate, deprecates), (yank, can.yank)] {
        if can {
            let step = step(name, "1.0.0", effect);
            let outcome = attempt(&*driver, &step, None).await;
            ensure!(outcome == Outcome::Accepted, "{}: {outcome:?}", step.id);
            tried = Held::Kept;
        }
    }
    let facts = facts(subject, name, &["1.0.0"]).await?;
    let seen = facts
        .versions
        .get(&version("1.0.0"))
        .cloned()
        .unwrap_or_default();
    ensure!(seen.yanked == can.yank, "yanked is {}", seen.yanked);
    ensure!(
        seen.deprecated.as_deref() == deprecates.then_some("use 2.0.0"),
        "the message is {:?}",
        seen.deprecated
    );
    Ok(tried)
}
