//! The journal for people: one line an entry.

use relplan_approval::{record::Record as Approval, statement::Statement};
use relplan_model::{
    address::TargetName,
    approval::Approved,
    journal::{Entry, How, Record},
};

use super::style::harmless;

/// Renders one entry.
pub fn line(entry: &Entry) -> String {
    let text = match &entry.record {
        Record::Genesis {
            lineage,
            project,
            format: _,
            replaces,
            policy,
        } => {
            let names: Vec<&str> = replaces.iter().map(|one| one.lineage.as_str()).collect();
            let instead = match names.as_slice() {
                [] => String::new(),
                names => format!(", in the place of {}", names.join(", ")),
            };
            let under = policy.map_or_else(String::new, |pin| {
                format!(
                    ", under version {} of a policy ({})",
                    pin.version,
                    pin.digest.short()
                )
            });
            format!("genesis of {project}, lineage {lineage}{instead}{under}")
        }
        Record::Moved { to } => format!("moved to {to}"),
        Record::Renamed { what, serial } => format!("from serial {serial} on {what}"),
        Record::Claim {
            plan,
            serial,
            tool,
            runner,
            run: _,
            targets,
            steps: _,
            not_after: _,
            approved,
        } => {
            format!(
                "claim of plan {} as serial {serial} by relplan {tool} on {runner}{}{}",
                plan.short(),
                part(targets.as_ref()),
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
            run: _,
            targets,
            approved,
        } => format!(
            "resumed plan {} on {runner}{}{}",
            plan.short(),
            part(targets.as_ref()),
            allowed(approved.as_ref())
        ),
        Record::Left {
            plan,
            targets,
            run: _,
            reason,
        } => {
            let why = reason.as_ref().map(|reason| format!(": {reason}"));
            format!(
                "left plan {}{} undone{}",
                plan.short(),
                part(Some(targets)),
                why.unwrap_or_default()
            )
        }
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

/// For which targets, where it is not all of them.
fn part(targets: Option<&Vec<TargetName>>) -> String {
    let Some(targets) = targets else {
        return String::new();
    };
    let names: Vec<&str> = targets.iter().map(TargetName::as_str).collect();
    format!(", for {}", names.join(", "))
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
        let witness = witness(&one.record, entry).unwrap_or_default();
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

/// What a signed record says of the journal that its plan was made on. The line before a claim is the one that the plan
/// was made on, or the journal is not the one that was signed for.
fn witness(record: &str, entry: &Entry) -> Option<String> {
    let record = Approval::from_bytes(record.as_bytes()).ok()?;
    let base = Statement::from_text(&record.statement).ok()?.predicate.base;
    let is_claim = matches!(entry.record, Record::Claim { .. });
    if is_claim && base.serial > 0 && base.head != entry.prev {
        return Some(format!(
            ", WHICH CONTRADICTS THIS JOURNAL: it was signed on the head {}",
            base.head.short()
        ));
    }
    Some(match base.serial {
        0 => ", witness of an empty journal".to_owned(),
        serial => format!(
            ", witness of the journal up to {} (serial {serial})",
            base.head.short()
        ),
    })
}

#[cfg(test)]
mod tests {
    use relplan_approval::statement::{Decision, Predicate};
    use relplan_model::{
        approval::{ApprovalGrade, CountedApproval, PinnedPolicy},
        digest::Sha256,
        plan::Base,
        time::Timestamp,
    };

    use super::*;

    fn claim(signed_on: Sha256, prev: Sha256) -> Entry {
        let plan = Sha256::of(b"plan");
        let policy = PinnedPolicy {
            version: 1,
            digest: Sha256::of(b"policy"),
        };
        let predicate = Predicate {
            decision: Decision::Approve,
            principal: "alice@acme.example".to_owned(),
            audience: "acme".to_owned(),
            base: Base {
                lineage: Some("lineage".to_owned()),
                serial: 4,
                head: signed_on,
                store: None,
            },
            policy,
            issued: 1,
            expires: 2,
            nonce: "0".repeat(32),
            comment: None,
        };
        let text = Statement::of(plan, predicate).to_text().unwrap();
        let record = Approval::of(text, String::new()).to_bytes().unwrap();
        Entry {
            seq: 9,
            prev,
            at: Timestamp::from_unix(0),
            record: Record::Claim {
                plan,
                serial: 5,
                tool: "0.1.0".to_owned(),
                runner: "here".to_owned(),
                run: None,
                targets: None,
                steps: None,
                not_after: None,
                approved: Some(Approved {
                    policy,
                    approvals: vec![CountedApproval {
                        person: "alice@acme.example".to_owned(),
                        grade: ApprovalGrade::Signed,
                        digest: Sha256::of(&record),
                        record: String::from_utf8(record).unwrap(),
                    }],
                }),
            },
        }
    }

    #[test]
    fn approvers_are_witnesses_of_the_journal_before_them() {
        let head = Sha256::of(b"head");
        let text = approvals(&claim(head, head));
        assert!(text.contains("witness of the journal up to"), "{text}");
        // Somebody wrote another history under the same claim.
        let text = approvals(&claim(head, Sha256::of(b"another")));
        assert!(text.contains("CONTRADICTS"), "{text}");
    }
}
