//! The journal for people: one line an entry.

use relplan_approval::{record::Record as Approval, statement::Statement};
use relplan_model::{
    approval::Approved,
    journal::{Entry, How, Record},
};

use super::style::harmless;

/// Renders one entry.
pub fn line(entry: &Entry) -> String {
    let text = match &entry.record {
        Record::Genesis { lineage, project } => format!("genesis of {project}, lineage {lineage}"),
        Record::Claim {
            plan,
            serial,
            tool,
            runner,
            approved,
        } => {
            format!(
                "claim of plan {} as serial {serial} by relplan {tool} on {runner}{}",
                plan.short(),
                allowed(approved.as_ref())
            )
        }
        Record::Intent { step, attempt } => format!("intent {step}, attempt {attempt}"),
        Record::Receipt {
            step,
            how,
            facts: _,
        } => {
            let how = match how {
                How::Done => "done",
                How::FoundDone => "found done already",
                How::FoundAfterUnknown => "found done after an unknown outcome",
            };
            format!("receipt {step}, {how}")
        }
        Record::Unknown {
            step,
            attempt,
            reason,
        } => format!("unknown outcome of {step}, attempt {attempt}: {reason}"),
        Record::Resolved {
            step,
            outcome,
            detail,
        } => {
            format!(
                "resolved {step}: {}, {detail}",
                format!("{outcome:?}").to_lowercase()
            )
        }
        Record::Paused { step, instructions } => format!("paused at {step}: {instructions}"),
        Record::Resumed {
            plan,
            runner,
            approved,
        } => format!(
            "resumed plan {} on {runner}{}",
            plan.short(),
            allowed(approved.as_ref())
        ),
        Record::Closed { plan, serial } => {
            format!("closed plan {} as serial {serial}", plan.short())
        }
        Record::Abandoned {
            plan,
            serial,
            reason,
        } => {
            format!(
                "abandoned plan {} as serial {serial}: {reason}",
                plan.short()
            )
        }
        Record::Adopted { facts, serial } => {
            format!("adopted {} facts as serial {serial}", facts.len())
        }
        Record::Forgotten {
            address,
            version,
            serial,
        } => match version {
            Some(version) => format!("forgot {address}@{version} as serial {serial}"),
            None => format!("forgot {address} as serial {serial}"),
        },
    };
    format!("{:>6}  {}  {}", entry.seq, entry.at, harmless(&text))
}

fn allowed(approved: Option<&Approved>) -> String {
    let Some(approved) = approved else {
        return String::new();
    };
    let mut people: Vec<&str> = approved
        .approvals
        .iter()
        .map(|one| one.person.as_str())
        .collect();
    people.dedup();
    match people.as_slice() {
        [] => ", which the policy lets pass".to_owned(),
        people => format!(", approved by {}", people.join(", ")),
    }
}

/// Renders who allowed what an entry did; nothing for entries that nobody had to allow.
///
/// What a signature says of the journal before it is shown beside what the journal says: approvers are its witnesses.
pub fn approvals(entry: &Entry) -> String {
    let Some((plan, approved)) = crate::approvals::collect::approved(&entry.record) else {
        return String::new();
    };
    let verb = match entry.record {
        Record::Resumed { .. } => "resumed",
        _ => "claimed",
    };
    let mut text = format!(
        "{:>6}  {}  {verb} plan {} under policy version {} ({})\n",
        entry.seq,
        entry.at,
        plan.hex(),
        approved.policy.version,
        approved.policy.digest.short()
    );
    if approved.approvals.is_empty() {
        text.push_str("        the policy asks for nobody\n");
    }
    for one in &approved.approvals {
        let witness = witness(&one.record).unwrap_or_default();
        let line = format!(
            "        {} ({}), record {}{witness}",
            one.person,
            one.grade,
            one.digest.short()
        );
        text.push_str(&harmless(&line));
        text.push('\n');
    }
    text
}

/// What a signed record says of the journal that its plan was made on.
fn witness(record: &str) -> Option<String> {
    let record = Approval::from_bytes(record.as_bytes()).ok()?;
    let base = Statement::from_text(&record.statement).ok()?.predicate.base;
    Some(match base.serial {
        0 => ", witness of an empty journal".to_owned(),
        serial => format!(
            ", witness of the journal up to {} (serial {serial})",
            base.head.short()
        ),
    })
}
